// Painting: the points are kept here and seen at once; the server hears of them a moment later, all of them each
// time. What it answers to an older message than the last is let pass.

const REACH = 10; // pixels within which a click meets a point that is there
const SEND_AFTER = 150; // ms: quick clicks go as one message
const MOST_UNDO = 200;

function buildTools() {
  const classes = element("div", { class: "brushes", role: "radiogroup", "aria-label": "What a click on the map does" });
  const button = (text, title) => element("button", { type: "button", class: "tool", text, title });
  const undo = button("Undo", "Take back the last change (Ctrl+Z on the map)");
  const clear = button("Clear", "Remove all points");
  const start = button("", "");
  const count = element("span", { class: "count", "aria-live": "polite" });
  const body = element("div", { class: "tools", hidden: "" }, classes, undo, clear, start, count);
  return { body, classes, undo, clear, start, count };
}

// `moved` is called whenever the points are others, `send` with a message for the server.
function createBrush(tools, state, painter, moved, send) {
  let paint = null, points = [], past = [], revision = 0, brush = 0, timer = 0;
  const INSPECT = -1;

  function show() {
    state.painted = paint && { x: points.map((p) => p[0]), y: points.map((p) => p[1]), label: points.map((p) => p[2]), held: points.map((p) => p[3]) };
    tools.body.hidden = !paint;
    if (paint) {
      brushes();
      tools.undo.disabled = !past.length;
      tools.clear.disabled = !points.length;
      tools.count.textContent = `${points.length} point${points.length === 1 ? "" : "s"}`;
      tools.start.textContent = paint.start;
      tools.start.title = `${paint.startHelp}; what is painted now goes`;
    }
    moved();
  }
  // The classes in use and one more, and looking without painting.
  function brushes() {
    const used = points.reduce((most, point) => Math.max(most, point[2]), 0) + 1;
    const offered = Math.min(paint.classes.length, Math.max(2, used + 1, brush + 1));
    const wanted = [...Array(offered).keys(), INSPECT];
    if (tools.classes.children.length !== wanted.length)
      tools.classes.replaceChildren(...wanted.map((code) => {
        const glyph = code === INSPECT ? "" : GLYPHS[state.data.markers[code]];
        const label = code === INSPECT ? "Inspect" : String(code);
        const title = code === INSPECT ? "A click asks what single networks say there" : `A click paints a point of ${paint.classes[code]} (key ${code + 1})`;
        return element("button", { type: "button", role: "radio", class: "tool", "data-code": code, title, "aria-label": code === INSPECT ? label : paint.classes[code],
          onclick: () => choose(code) }, element("i", { text: glyph, "aria-hidden": "true" }), element("span", { text: code === INSPECT ? label : ` ${label}` }));
      }));
    for (const button of tools.classes.children) {
      const code = Number(button.dataset.code);
      button.setAttribute("aria-checked", String(code === brush));
      button.tabIndex = code === brush ? 0 : -1;
      if (code !== INSPECT) button.firstChild.style.color = state.palette.classes[code];
    }
  }
  function choose(code, focus = false) {
    brush = code;
    brushes();
    if (focus) tools.classes.querySelector(`[data-code="${code}"]`).focus();
  }
  function become(next) {
    past = [...past.slice(-MOST_UNDO), points];
    points = next;
    tell();
  }
  function tell() {
    revision += 1;
    show();
    clearTimeout(timer);
    timer = setTimeout(() => send({ points: points.map((point) => point.slice(0, 3)), revision }), SEND_AFTER);
  }
  function undo() {
    if (!past.length) return;
    points = past.pop();
    tell();
  }
  // A point where there is none, and away with the one that is there. Says what was done.
  function put({ x, y }) {
    const [px, py] = painter.toPixel(x, y);
    let nearest = -1, distance = REACH;
    points.forEach((point, i) => {
      const [qx, qy] = painter.toPixel(point[0], point[1]);
      const d = Math.hypot(qx - px, qy - py);
      if (d < distance) { nearest = i; distance = d; }
    });
    if (nearest >= 0) {
      become(points.filter((_, i) => i !== nearest));
      return "Point removed.";
    }
    if (points.length >= paint.most) return `No more than ${paint.most} points.`;
    become([...points, [x, y, brush, 0]]);
    return `Point of ${paint.classes[brush]} added.`;
  }
  tools.undo.addEventListener("click", undo);
  tools.clear.addEventListener("click", () => become([]));
  tools.start.addEventListener("click", () => {
    clearTimeout(timer);
    send({ start: true });
  });
  tools.classes.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const codes = [...tools.classes.children].map((button) => Number(button.dataset.code));
    choose(codes[(codes.indexOf(brush) + by + codes.length) % codes.length], true);
  });
  return {
    painting: () => Boolean(paint) && brush !== INSPECT,
    put,
    // True if the key was meant for the brush.
    key(event) {
      if (!paint) return false;
      if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) undo();
      else if (/^[1-5]$/.test(event.key) && Number(event.key) <= tools.classes.children.length - 1) choose(Number(event.key) - 1);
      else return false;
      return true;
    },
    update(next) {
      paint = next;
      if (paint && paint.revision >= revision) {
        clearTimeout(timer);
        if (paint.revision !== revision) past = []; // not from here: another beginning, or another file
        revision = paint.revision;
        points = paint.points;
      }
      show();
    },
    destroy: () => clearTimeout(timer),
  };
}
