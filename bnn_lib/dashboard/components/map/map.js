// The map: where the network is sure, where it is not, and whether that is noise or ignorance.
// Everything here happens in the browser; only a picked point goes back to the server.

const TWEEN = 110; // ms from one frame to the next, in steps of TWEEN_STEP: the fit may share this machine's cores
const TWEEN_STEP = 35;
const DRAW_EVERY = 450; // ms between networks while they play

function createMap(component) {
  const root = component.parentElement;
  const nodes = buildMap(root, component.data.titles);
  const state = {
    view: "probability", only: null, painted: null, data: null, palette: null, result: null, live: null, frame: null, scrub: null, unit: null,
    draw: 0, playing: false, pick: null, pickFor: undefined, cursor: null, hover: null, hidden: { training: false, held: false },
  };
  let shown = null; // what is on the canvas: {name, size, fields: [Float32Array, ...], contour: [...]}
  let tween = 0, drawTimer = 0, received = 0, pointedAt = 0, decoded = null;
  let setTriggerValue = component.setTriggerValue;
  const painter = createPainter(nodes.plot, state);
  const brush = createBrush(nodes.tools, state, painter, "A click asks what single networks say there",
    () => { if (state.data) paint(); }, (message) => setTriggerValue("painted", message));
  function paint() {
    const marks = [];
    if (state.data && (current() || brush.painting())) {
      if (state.pick && current()) marks.push({ point: state.pick, strong: true });
      if (state.cursor) marks.push({ point: state.cursor, strong: false });
    }
    painter.paint(shown, marks);
  }

  // --- which fields to show ---------------------------------------------------------------------------------
  // A live map counts only over the points that it is of: messages and data come by separate ways.
  const liveFrame = () => (state.frame && state.frame.data === state.data.key ? state.frame : null);
  const live = () => state.live?.phase === "running" && liveFrame();
  function current() {
    // The last live frame stays until its own result is unpacked; an earlier result is not shown again.
    if (liveFrame() && (live() || state.live?.key !== state.result?.key)) return liveFrame();
    if (state.result && state.scrub !== null) return part(state.result.frames, state.scrub);
    return state.result?.final ?? null;
  }
  const canDraw = () => Boolean(state.result?.draws) && !live();
  function fieldsOf(view) {
    if (state.unit) return { fields: [state.unit.values], size: state.unit.shape[1], contour: [], diverging: true };
    const array = current();
    if (!array) return null;
    const channelsIn = array.shape[0], grid = array.shape[1], classes = channelsIn - 3;
    const get = (i) => part(array, i).values;
    let contour = Array.from({ length: classes }, (_, i) => get(i));
    if (view === "network") {
      if (!canDraw()) return null;
      const draw = part(state.result.draws, state.draw % state.result.draws.shape[0]);
      contour = Array.from({ length: draw.shape[0] }, (_, i) => part(draw, i).values);
      return { fields: contour, size: draw.shape[1], contour, diverging: true };
    }
    if (view === "probability" && state.only !== null && state.only < contour.length && contour.length > 1) {
      const one = [contour[state.only]];
      return { fields: one, size: grid, contour: one, diverging: true, only: state.only };
    }
    if (view === "probability") return { fields: contour, size: grid, contour, diverging: true };
    return { fields: [get(classes + ["total", "aleatoric", "epistemic"].indexOf(view))], size: grid, contour };
  }

  function thumbnails() {
    for (const view of VIEWS) {
      const target = fieldsOf(view.name);
      const canvas = nodes.thumbs[view.name];
      canvas.parentElement.classList.toggle("empty", !target);
      if (target && !state.unit) painter.thumbnail(canvas, target);
    }
  }

  // Show what is current; a moving map glides unless motion is unwanted.
  function refresh({ glide = false } = {}) {
    if (!state.data) return;
    let target = fieldsOf(state.view);
    if (!target && state.view === "network" && current()) target = fieldsOf("probability");
    if (!state.unit) thumbnails();
    words();
    cancelAnimationFrame(tween);
    const from = shown;
    const same = from && target && from.size === target.size && from.fields.length === target.fields.length &&
      from.contour.length === target.contour.length && from.only === target.only;
    if (!target || !glide || !same || reducedMotion.matches || document.hidden) {
      shown = target;
      paint();
      return;
    }
    const start = performance.now();
    let last = -Infinity;
    const step = (now) => {
      const t = Math.min(1, Math.max(0, (now - start) / TWEEN));
      if (t < 1 && now - last < TWEEN_STEP) {
        tween = requestAnimationFrame(step);
        return;
      }
      last = now;
      shown = t === 1 ? target : {
        ...target,
        fields: target.fields.map((field, i) => between(from.fields[i], field, t)),
        contour: target.contour.map((field, i) => between(from.contour[i], field, t)),
      };
      paint();
      if (t < 1) tween = requestAnimationFrame(step);
    };
    tween = requestAnimationFrame(step);
  }

  // --- words, legend and read-out ---------------------------------------------------------------------------
  function words() {
    const waiting = state.view === "network" && !canDraw();
    nodes.title.textContent = state.unit ? state.unit.title : waiting ? "One network: there when the fit has ended"
      : onlyOne() ? `Probability of ${state.data.classes[state.only]}; the line is one half` : state.data.titles[state.view];
    nodes.draws.hidden = state.view !== "network" || waiting;
    if (!nodes.draws.hidden) nodes.drawCount.textContent = `${state.draw + 1} of ${state.result.draws.shape[0]}`;
    for (const v of VIEWS) {
      const button = nodes.buttons[v.name];
      button.setAttribute("aria-checked", String(v.name === state.view));
      button.tabIndex = v.name === state.view ? 0 : -1;
    }
    const has = Boolean(current());
    // Points that are being painted have to be seen, whatever the map under them is of.
    nodes.stage.classList.toggle("dim", Boolean(state.live?.dim) && has && !live() && !state.painted);
    const notice = state.live?.notice ?? "";
    nodes.notice.textContent = notice;
    nodes.notice.hidden = !notice;
    nodes.plot.setAttribute("aria-label",
      `${nodes.title.textContent}. Map over ${state.data.names.join(" and ")} with ${(state.painted ?? state.data.points).x.length} points. ` +
      `${summary()} Arrow keys move a cursor, Enter ${brush.painting() ? "paints or removes a point" : "picks the point under it"}.`);
    legend();
    readout();
  }
  // Of many classes one may be asked for, by its name under the map.
  const onlyOne = () => state.view === "probability" && state.only !== null && state.only < state.data.classes.length && state.data.classes.length > 2;
  function askFor(code) {
    state.only = state.only === code ? null : code;
    refresh();
  }
  function summary() {
    const target = fieldsOf(state.view);
    if (!target) return "Nothing is fitted yet.";
    if (target.diverging) return `The line is where two classes are equally likely.`;
    const field = target.fields[0];
    let sum = 0, top = 0;
    for (const v of field) { sum += v; top = Math.max(top, v); }
    const unit = Math.log(state.data.classes.length) / 255;
    return `Mean ${number((sum / field.length) * unit)}, highest ${number(top * unit)} of at most ${number(255 * unit)} nats.`;
  }
  function legend() {
    const palette = state.palette, classes = state.data.classes;
    const many = classes.length > 2;
    const diverging = Boolean(state.unit) || state.view === "probability" || state.view === "network";
    const context = fit(nodes.barCanvas, nodes.bar.clientWidth || 200, 10);
    const width = nodes.bar.clientWidth || 200;
    if (diverging && many && !state.unit) {
      classes.forEach((_, c) => {
        const ramp = context.createLinearGradient((c * width) / classes.length, 0, ((c + 1) * width) / classes.length - 4, 0);
        ramp.addColorStop(0, palette.neutral);
        ramp.addColorStop(1, palette.areas[c]);
        context.fillStyle = ramp;
        context.fillRect((c * width) / classes.length, 0, width / classes.length - 4, 10);
      });
      const asked = onlyOne() ? state.only : null;
      nodes.barLabels.replaceChildren(...classes.map((name, c) => state.view === "probability"
        ? element("button", { type: "button", class: "third", "aria-pressed": String(c === asked), title: `Probability of ${name} alone`, onclick: () => askFor(c) }, ...named(c))
        : element("span", { class: "third" }, ...named(c))));
    } else {
      const table = diverging ? palette.probabilityTable : palette.uncertaintyTable;
      for (let i = 0; i < width; i++) {
        const v = table[Math.round((i / (width - 1)) * 255)];
        context.fillStyle = `rgb(${v & 255},${(v >> 8) & 255},${(v >> 16) & 255})`;
        context.fillRect(i, 0, 1.5, 10);
      }
      const top = Math.log(classes.length);
      const labels = state.unit ? ["low", "activation", "high"]
        : diverging ? [["0  ", ...named(0)], `probability of ${classes[1]}`, [...named(1), "  1"]]
        : ["0", "nats", `${number(top)} = ln ${classes.length}`];
      nodes.barLabels.replaceChildren(...labels.map((parts) => element("span", {}, ...[parts].flat())));
    }
    const at = state.hover ?? state.cursor ?? state.pick;
    const values = at && !state.unit ? valuesAt(at) : null;
    const position = !values ? null : !diverging ? values[state.view] / Math.log(classes.length) : many ? null : (values.one ?? values.p)[0];
    nodes.needle.hidden = position === null;
    if (position !== null) nodes.needle.style.left = `${100 * Math.max(0, Math.min(1, position))}%`;
  }
  // A class's marker and name.
  function named(code) {
    const glyph = element("i", { text: GLYPHS[state.data.markers[code]], "aria-hidden": "true" });
    glyph.style.color = state.palette.classes[code];
    return [glyph, ` ${state.data.classes[code]}`];
  }
  function valuesAt(point) {
    const array = current();
    if (!array) return null;
    const classes = array.shape[0] - 3;
    const [x0, x1, y0, y1] = state.data.extent;
    const [across, up] = [(point.x - x0) / (x1 - x0), (point.y - y0) / (y1 - y0)];
    const at = (field) => bilinear(field.values, field.shape[1], across, up) / 255;
    const top = Math.log(state.data.classes.length);
    const [total, aleatoric, epistemic] = [0, 1, 2].map((i) => top * at(part(array, classes + i)));
    const p = Array.from({ length: classes }, (_, i) => at(part(array, i)));
    // A single network's maps have a grid of their own.
    const draw = state.view === "network" && canDraw() ? part(state.result.draws, state.draw) : null;
    const one = draw && p.map((_, i) => at(part(draw, i)));
    return { p, total, aleatoric, epistemic, one };
  }
  function readout() {
    const point = state.hover ?? state.cursor ?? state.pick;
    const values = point ? valuesAt(point) : null;
    const where = nodes.where, numbers = nodes.numbers;
    if (!point || !values) {
      where.textContent = current() ? "Point at the map for numbers; click to look closer." : "";
      numbers.replaceChildren();
      nodes.split.hidden = true;
      return;
    }
    where.textContent = `${state.data.names[0]} ${number(point.x)}, ${state.data.names[1]} ${number(point.y)}`;
    const classes = state.data.classes;
    const stated = (p) => (classes.length === 2 ? [`P(${classes[1]}) ${number(p[0])}`] : classes.map((name, c) => `P(${name}) ${number(p[c])}`)).join("  ");
    if (values.one) {
      numbers.replaceChildren(element("b", { text: stated(values.one) }), element("span", { text: `by this network; mean of all: ${stated(values.p)}` }));
      nodes.split.hidden = true;
      return;
    }
    const aleatoric = Math.min(values.aleatoric, values.total);
    const epistemic = Math.max(0, Math.round(100 * values.total) - Math.round(100 * aleatoric)) / 100;
    numbers.replaceChildren(
      element("b", { text: stated(values.p) }),
      element("span", { text: `doubt ${number(values.total)} = ${number(aleatoric)} noise + ${number(epistemic)} ignorance, nats` }),
    );
    const top = Math.log(classes.length);
    nodes.split.hidden = false;
    nodes.splitNoise.style.width = `${(100 * aleatoric) / top}%`;
    nodes.splitIgnorance.style.width = `${(100 * Math.max(0, values.total - aleatoric)) / top}%`;
  }

  // --- what the user does -----------------------------------------------------------------------------------
  function choose(name, focus = false) {
    state.view = name;
    if (name !== "network") play(false);
    if (focus) nodes.buttons[name].focus();
    refresh();
  }
  function nextDraw() {
    if (!canDraw()) return play(false);
    state.draw = (state.draw + 1) % state.result.draws.shape[0];
    refresh({ glide: false });
  }
  function play(on) {
    state.playing = on;
    clearInterval(drawTimer);
    if (on) drawTimer = setInterval(nextDraw, DRAW_EVERY);
    nodes.play.setAttribute("aria-pressed", String(on));
    nodes.play.textContent = on ? "Pause" : "Play";
  }
  function pick(point) {
    state.pick = point;
    state.cursor = null;
    paint();
    legend();
    readout();
    nodes.spoken.textContent = `Picked: ${nodes.where.textContent}. ${nodes.numbers.textContent}`;
    setTriggerValue("pick", [Number(point.x.toPrecision(6)), Number(point.y.toPrecision(6))]);
  }
  nodes.plot.addEventListener("pointermove", (event) => {
    if (!state.data) return;
    state.hover = painter.inside(event);
    legend();
    readout();
  });
  nodes.plot.addEventListener("pointerleave", () => {
    state.hover = null;
    if (state.data) { legend(); readout(); }
  });
  nodes.plot.addEventListener("click", (event) => {
    const point = state.data && (brush.painting() || current()) ? painter.inside(event) : null;
    if (point && brush.painting()) nodes.spoken.textContent = brush.put(point);
    else if (point) pick(point);
  });
  nodes.plot.addEventListener("keydown", (event) => {
    if (!state.data || !(current() || brush.painting())) return;
    if (brush.key(event)) return event.preventDefault();
    const { extent } = state.data;
    const next = stepped(event, state.cursor ?? state.pick ?? middle(extent), extent);
    if (next) {
      state.cursor = next;
      paint();
      legend();
      readout();
      nodes.spoken.textContent = `${nodes.where.textContent}: ${nodes.numbers.textContent}`;
    } else if ((event.key === "Enter" || event.key === " ") && brush.painting()) {
      nodes.spoken.textContent = brush.put(state.cursor ?? middle(extent));
    } else if ((event.key === "Enter" || event.key === " ") && (state.cursor || state.pick)) pick(state.cursor ?? state.pick);
    else if (event.key === "Escape") { state.cursor = null; paint(); readout(); }
    else return;
    event.preventDefault();
  });
  nodes.plot.addEventListener("blur", () => { if (state.cursor) { state.cursor = null; paint(); } });
  nodes.views.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = VIEWS.findIndex((v) => v.name === state.view);
    choose(VIEWS[(at + by + VIEWS.length) % VIEWS.length].name, true);
  });
  for (const view of VIEWS) nodes.buttons[view.name].addEventListener("click", () => choose(view.name));
  nodes.next.addEventListener("click", () => { play(false); nextDraw(); });
  nodes.play.addEventListener("click", () => play(!state.playing));
  for (const kind of ["training", "held"])
    nodes.toggles[kind].addEventListener("click", () => {
      state.hidden[kind] = !state.hidden[kind];
      nodes.toggles[kind].setAttribute("aria-pressed", String(!state.hidden[kind]));
      paint();
    });

  // --- what arrives -----------------------------------------------------------------------------------------
  async function onLive(message) {
    const order = ++received;
    const frame = message.frame ? await unpack(message.frame) : null;
    if (order !== received) return;
    const wasRunning = state.live?.phase === "running";
    state.live = message;
    if (frame) state.frame = { ...frame, data: message.data };
    else if (message.data !== state.frame?.data || message.key === null || message.key === state.result?.key) state.frame = null;
    if (message.pick_for !== state.pickFor) {
      state.pickFor = message.pick_for;
      state.pick = message.pick ? { x: message.pick[0], y: message.pick[1] } : null;
    }
    if (message.phase === "running" && !wasRunning) play(false);
    refresh({ glide: Boolean(frame) });
  }
  async function onResult(result) {
    if (!result) {
      decoded = null;
      if (state.result) { state.result = null; state.frame = null; play(false); }
      return refresh();
    }
    if (decoded === result.key) return refresh();
    decoded = result.key;
    const [frames, final, draws] = await Promise.all([result.frames && unpack(result.frames), unpack(result.final), unpack(result.draws)]);
    if (decoded !== result.key) return;
    state.result = { key: result.key, frames, final, draws };
    state.scrub = LAST.scrub?.key === result.key ? LAST.scrub.index : null;
    state.draw = 0;
    state.frame = null;
    refresh();
  }
  const stop = [
    listen("live", onLive),
    listen("scrub", (message) => {
      if (!state.result || message.key !== decoded) return;
      state.scrub = message.index;
      refresh({ glide: true });
    }),
    listen("unit", async (message) => {
      const order = ++pointedAt;
      const tile = message ? await unpack(message.tile) : null;
      if (order !== pointedAt) return; // the pointer has gone on meanwhile
      state.unit = tile ? { ...tile, shape: [1, ...tile.shape], title: message.title } : null;
      refresh();
    }),
  ];
  const observer = new ResizeObserver(() => {
    const width = nodes.stage.clientWidth;
    const height = Math.round(Math.max(250, Math.min(width, window.innerHeight * 0.62)));
    if (painter.resize(width, height)) {
      paint();
      if (state.data) legend();
    }
  });
  observer.observe(nodes.stage);

  return {
    update(next) {
      setTriggerValue = next.setTriggerValue;
      state.data = next.data;
      if (state.frame && state.frame.data !== next.data.key) state.frame = null;
      const theme = themeOf(root.host ?? root);
      const chosen = next.data.palettes[theme];
      if (state.palette?.theme !== theme) state.palette = { theme, ...chosen, probabilityTable: tableOf(chosen.probability), uncertaintyTable: tableOf(chosen.uncertainty) };
      nodes.style(state.palette);
      nodes.ood.hidden = !next.data.ood.length;
      brush.update(next.data.paint);
      nodes.toggles.training.querySelector(".many").textContent = next.data.note ?? "";
      onResult(next.data.result);
    },
    destroy() {
      stop.forEach((end) => end());
      brush.destroy();
      observer.disconnect();
      clearInterval(drawTimer);
      cancelAnimationFrame(tween);
    },
  };
}

export default function (component) {
  return mount(component, createMap);
}
