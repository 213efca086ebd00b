// Painting: the points are kept here and seen at once; the server hears of each change, all points each time. What it
// answers to an older message than the last is let pass.

const REACH = 10; // pixels within which a click meets a point that is there
const QUIET = 150; // ms after a message: the clicks in it go as one
const MOST_UNDO = 200;

function buildTools() {
  const classes = element("div", { class: "brushes", role: "radiogroup", "aria-label": "What a click does" });
  const button = (text, title) => element("button", { type: "button", class: "tool", text, title });
  const undo = button("Undo", "Take back the last change (Ctrl+Z)");
  const clear = button("Clear", "Remove all points");
  const start = button("", "");
  const count = element("span", { class: "count", "aria-live": "polite" });
  const body = element("div", { class: "tools", hidden: "" }, classes, undo, clear, start, count);
  return { body, classes, undo, clear, start, count };
}

// The cursor's next place if the key is an arrow, else null; with shift a longer step.
function stepped(event, at, [x0, x1, y0, y1]) {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!move) return null;
  const by = event.shiftKey ? 0.1 : 0.02;
  return {
    x: Math.max(x0, Math.min(x1, at.x + move[0] * by * (x1 - x0))),
    y: Math.max(y0, Math.min(y1, at.y + move[1] * by * (y1 - y0))),
  };
}
const middle = ([x0, x1, y0, y1]) => ({ x: (x0 + x1) / 2, y: (y0 + y1) / 2 });

// `inspect` says what a click does that does not paint, `moved` is called whenever the points are others, `send` with a message for the server. What is painted is kept
// outside the component, which the page may build anew at any time: nothing is lost then, nor the class in hand; for
// each painted data set by itself.
function createBrush(tools, state, painter, inspect, moved, send) {
  let kept = { points: [] };
  let paint = null, timer = 0, sentAt = -QUIET;
  const INSPECT = -1;

  function show() {
    state.painted = paint && { x: kept.points.map((p) => p[0]), y: kept.points.map((p) => p[1]), label: kept.points.map((p) => p[2]), held: kept.points.map((p) => p[3]) };
    tools.body.hidden = !paint;
    if (paint) {
      brushes();
      tools.undo.disabled = !kept.past.length;
      tools.clear.disabled = !kept.points.length;
      tools.count.textContent = `${kept.points.length} point${kept.points.length === 1 ? "" : "s"}`;
      tools.start.textContent = paint.start;
      tools.start.title = `${paint.startHelp}; what is painted now goes`;
    }
    moved();
  }
  const pointOf = (code) => (paint.classes.length ? `point of ${paint.classes[code]}` : "point"); // of a curve there are no classes
  // The classes in use and one more, and looking without painting.
  function brushes() {
    const used = kept.points.reduce((most, point) => Math.max(most, point[2]), 0) + 1;
    const offered = Math.max(1, Math.min(paint.classes.length, Math.max(2, used + 1, kept.brush + 1)));
    const wanted = [...Array(offered).keys(), INSPECT];
    if (tools.classes.children.length !== wanted.length)
      tools.classes.replaceChildren(...wanted.map((code) => {
        const glyph = code === INSPECT ? "" : GLYPHS[state.data.markers[code]];
        const label = code === INSPECT ? "Inspect" : paint.classes.length ? String(code) : "Paint";
        const title = code === INSPECT ? inspect : `A click paints a ${pointOf(code)} (key ${code + 1})`;
        return element("button", { type: "button", role: "radio", class: "tool", "data-code": code, title, "aria-label": paint.classes[code] ?? label,
          onclick: () => choose(code) }, element("i", { text: glyph, "aria-hidden": "true" }), element("span", { text: code === INSPECT ? label : ` ${label}` }));
      }));
    for (const button of tools.classes.children) {
      const code = Number(button.dataset.code);
      button.setAttribute("aria-checked", String(code === kept.brush));
      button.tabIndex = code === kept.brush ? 0 : -1;
      if (code !== INSPECT) button.firstChild.style.color = state.palette.classes[code];
    }
  }
  function choose(code, focus = false) {
    kept.brush = code;
    brushes();
    if (focus) tools.classes.querySelector(`[data-code="${code}"]`).focus();
  }
  function become(next) {
    kept.past = [...kept.past.slice(-MOST_UNDO), kept.points];
    kept.points = next;
    tell();
  }
  function tell() {
    kept.revision += 1;
    kept.unsent = true;
    show();
    sendSoon();
  }
  function sendSoon() {
    clearTimeout(timer);
    timer = setTimeout(sendNow, Math.max(0, sentAt + QUIET - performance.now()));
  }
  function sendNow() {
    clearTimeout(timer);
    if (!paint || !kept.unsent) return;
    kept.unsent = false;
    sentAt = performance.now();
    send({ points: kept.points.map((point) => point.slice(0, 3)), revision: kept.revision });
  }
  // Whatever is pressed next may leave this data set or this page: the server hears of the points before that.
  const leaving = new AbortController();
  for (const [target, event] of [[document, "pointerdown"], [document, "visibilitychange"], [window, "pagehide"]])
    target.addEventListener(event, sendNow, { capture: true, signal: leaving.signal });
  function undo() {
    if (!kept.past.length) return;
    kept.points = kept.past.pop();
    tell();
  }
  // A point where there is none, and away with the one that is there. Says what was done.
  function put({ x, y }) {
    const [px, py] = painter.toPixel(x, y);
    let nearest = -1, distance = REACH;
    kept.points.forEach((point, i) => {
      const [qx, qy] = painter.toPixel(point[0], point[1]);
      const d = Math.hypot(qx - px, qy - py);
      if (d < distance) { nearest = i; distance = d; }
    });
    if (nearest >= 0) {
      become(kept.points.filter((_, i) => i !== nearest));
      return "Removed: point.";
    }
    if (kept.points.length >= paint.most) return `No more than ${paint.most} points.`;
    become([...kept.points, [x, y, kept.brush, 0]]);
    return `Added: ${pointOf(kept.brush)}.`;
  }
  tools.undo.addEventListener("click", undo);
  tools.clear.addEventListener("click", () => become([]));
  tools.start.addEventListener("click", () => {
    clearTimeout(timer);
    kept.unsent = false;
    send({ start: true });
  });
  tools.classes.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const codes = [...tools.classes.children].map((button) => Number(button.dataset.code));
    choose(codes[(codes.indexOf(kept.brush) + by + codes.length) % codes.length], true);
  });
  return {
    painting: () => Boolean(paint) && kept.brush !== INSPECT,
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
      if (paint) kept = (LAST.brushes ??= {})[paint.name] ??= { points: [], past: [], revision: 0, brush: 0, unsent: false };
      if (paint && paint.revision >= kept.revision) {
        clearTimeout(timer);
        if (paint.revision !== kept.revision) kept.past = []; // not from here: another beginning, or another file
        Object.assign(kept, { revision: paint.revision, points: paint.points, unsent: false });
      } else if (paint && kept.unsent) sendSoon();
      show();
    },
    destroy() {
      clearTimeout(timer);
      leaving.abort();
    },
  };
}
