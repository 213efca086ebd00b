// The map: where the network is sure, where it is not, and whether that is noise or ignorance.
// Everything here happens in the browser; only a picked point goes back to the server.

const VIEWS = [
  { name: "probability", label: "Probability", title: "Which class, and how likely" },
  { name: "total", label: "Total", title: "How much doubt there is in all" },
  { name: "aleatoric", label: "Aleatoric", title: "Doubt from noise: more data would not remove it" },
  { name: "epistemic", label: "Epistemic", title: "Doubt from ignorance: more data would remove it" },
  { name: "network", label: "One network", title: "One network drawn from the posterior" },
];
// What each view is, for whoever asks.
const MEANINGS = [
  ["Probability", "the mean over networks drawn from the posterior; the line is where two classes are equally likely."],
  ["Total", "entropy of that mean, in nats: 0 is certainty, ln C an even guess among C classes."],
  ["Aleatoric", "mean entropy of the single networks: the noise that they all see."],
  ["Epistemic", "the rest, total minus aleatoric: how much the networks disagree, for want of data."],
  ["One network", "what one of them says: each could be the truth."],
];
const WIDE = 280; // pixels across which a field is computed; the canvas scales that smoothly
const MARGIN = { left: 40, right: 8, top: 8, bottom: 34 };
const TWEEN = 110; // ms from one frame to the next, in steps of TWEEN_STEP: the fit may share this machine's cores
const TWEEN_STEP = 35;
const DRAW_EVERY = 450; // ms between networks while they play

function createMap(component) {
  const root = component.parentElement;
  const nodes = build(root);
  const state = {
    view: "probability", data: null, palette: null, result: null, live: null, frame: null, scrub: null, unit: null,
    draw: 0, playing: false, pick: null, pickFor: undefined, cursor: null, hover: null, hidden: { training: false, held: false },
  };
  let shown = null; // what is on the canvas: {name, size, fields: [Float32Array, ...], contour: [...]}
  let tween = 0, drawTimer = 0, received = 0, decoded = null, painted = 0, size = { width: 0, height: 0 };
  let setStateValue = component.setStateValue;

  // --- which fields to show ---------------------------------------------------------------------------------
  const live = () => state.live?.phase === "running" && state.frame;
  function current() {
    // The last live frame stays until its own result is unpacked; an earlier result is not shown again.
    if (state.frame && (live() || state.live?.key !== state.result?.key)) return state.frame;
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
    if (view === "probability") return { fields: contour, size: grid, contour, diverging: true };
    return { fields: [get(classes + ["total", "aleatoric", "epistemic"].indexOf(view))], size: grid, contour };
  }

  // --- painting ---------------------------------------------------------------------------------------------
  const picture = element("canvas");
  picture.width = picture.height = WIDE;
  function toPixel(x, y) {
    const [x0, x1, y0, y1] = state.data.extent;
    return [MARGIN.left + ((x - x0) / (x1 - x0)) * plotWidth(), MARGIN.top + ((y1 - y) / (y1 - y0)) * plotHeight()];
  }
  function toData(px, py) {
    const [x0, x1, y0, y1] = state.data.extent;
    return { x: x0 + ((px - MARGIN.left) / plotWidth()) * (x1 - x0), y: y1 - ((py - MARGIN.top) / plotHeight()) * (y1 - y0) };
  }
  const plotWidth = () => size.width - MARGIN.left - MARGIN.right;
  const plotHeight = () => size.height - MARGIN.top - MARGIN.bottom;

  function colour(target) {
    const big = target.fields.map((field) => enlarge(field, target.size, WIDE));
    const palette = state.palette;
    if (big.length > 1) return mixImage(big, WIDE, palette.areas.map(channels), channels(palette.neutral));
    return colourImage(big[0], WIDE, target.diverging ? palette.probabilityTable : palette.uncertaintyTable);
  }
  function boundaries(target) {
    const big = target.contour.map((field) => enlarge(settled(field, target.size), target.size, WIDE));
    if (big.length <= 1) return big.map((field) => levelLine(field, WIDE, 127.5));
    return big.map((field, c) => {
      const lead = field.map((v, i) => v - Math.max(...big.map((other, k) => (k === c ? -1 : other[i]))));
      return levelLine(lead, WIDE, 0);
    });
  }
  function paint(target = shown) {
    if (!state.data || !size.width) return;
    const context = fit(nodes.plot, size.width, size.height);
    const palette = state.palette;
    context.clearRect(0, 0, size.width, size.height);
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top, plotWidth(), plotHeight());
    context.fillStyle = palette.neutral;
    context.fill();
    context.clip();
    if (target) {
      picture.getContext("2d").putImageData(colour(target), 0, 0);
      context.imageSmoothingQuality = "high";
      context.drawImage(picture, MARGIN.left, MARGIN.top, plotWidth(), plotHeight());
      context.strokeStyle = palette.contour;
      context.lineWidth = 1.4;
      context.lineCap = "round";
      for (const lines of boundaries(target)) {
        context.beginPath();
        const [sx, sy] = [plotWidth() / (WIDE - 1), plotHeight() / (WIDE - 1)];
        for (let i = 0; i < lines.length; i += 4) {
          context.moveTo(MARGIN.left + lines[i] * sx, size.height - MARGIN.bottom - lines[i + 1] * sy);
          context.lineTo(MARGIN.left + lines[i + 2] * sx, size.height - MARGIN.bottom - lines[i + 3] * sy);
        }
        context.stroke();
      }
    }
    if (!state.unit) context.drawImage(pointLayer(), 0, 0, size.width, size.height);
    crosshair(context);
    context.restore();
    axes(context);
    nodes.stage.dataset.painted = String(++painted);
  }
  // Hundreds of outlined markers take longer to draw than the map under them: they are drawn once and kept.
  const layer = element("canvas");
  let layerFor = null;
  function pointLayer() {
    const wanted = [state.data.points, state.palette, size.width, size.height, state.hidden.training, state.hidden.held];
    if (!layerFor || wanted.some((value, i) => value !== layerFor[i])) {
      layerFor = wanted;
      const context = fit(layer, size.width, size.height);
      context.clearRect(0, 0, size.width, size.height);
      points(context);
    }
    return layer;
  }
  function points(context) {
    const { x, y, label, held } = state.data.points;
    const palette = state.palette;
    const radius = Math.max(2.2, Math.min(4.2, plotWidth() / 150)) * Math.max(0.75, Math.min(1.3, Math.sqrt(700 / x.length)));
    for (const isHeld of [1, 0]) {
      if (state.hidden[isHeld ? "held" : "training"]) continue;
      for (let i = 0; i < x.length; i++) {
        if (held[i] !== isHeld) continue;
        const [px, py] = toPixel(x[i], y[i]);
        markerPath(context, state.data.markers[label[i]], px, py, isHeld ? radius * 0.95 : radius);
        if (isHeld) {
          context.lineWidth = 2.6;
          context.strokeStyle = `${palette.halo}99`;
          context.stroke();
          context.lineWidth = 1.3;
          context.strokeStyle = palette.classes[label[i]];
          context.stroke();
        } else {
          context.lineWidth = 1.3;
          context.strokeStyle = palette.halo;
          context.stroke();
          context.fillStyle = palette.classes[label[i]];
          context.fill();
        }
      }
    }
  }
  function crosshair(context) {
    const mark = (point, strong) => {
      const [px, py] = toPixel(point.x, point.y);
      for (const [width, stroke] of [[strong ? 5 : 3.5, state.palette.halo], [strong ? 2.2 : 1.2, state.palette.text]]) {
        context.lineWidth = width;
        context.strokeStyle = stroke;
        context.beginPath();
        context.arc(px, py, 9, 0, 2 * Math.PI);
        for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
          context.moveTo(px + 6 * dx, py + 6 * dy);
          context.lineTo(px + 14 * dx, py + 14 * dy);
        }
        context.stroke();
      }
    };
    if (!current()) return;
    if (state.pick) mark(state.pick, true);
    if (state.cursor) mark(state.cursor, false);
  }
  function axes(context) {
    const [x0, x1, y0, y1] = state.data.extent;
    const palette = state.palette;
    const bottom = size.height - MARGIN.bottom;
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.strokeRect(MARGIN.left + 0.5, MARGIN.top + 0.5, plotWidth() - 1, plotHeight() - 1);
    context.fillStyle = palette.muted;
    context.font = fontOf(nodes.plot, 11);
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const tick of ticks(x0, x1, Math.max(3, plotWidth() / 80))) {
      const [px] = toPixel(tick.value, y0);
      if (px < MARGIN.left + 8 || px > size.width - MARGIN.right - 8) continue;
      context.fillText(tick.label, px, bottom + 5);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const tick of ticks(y0, y1, Math.max(3, plotHeight() / 70))) {
      const [, py] = toPixel(x0, tick.value);
      if (py < MARGIN.top + 6 || py > bottom - 6) continue;
      context.fillText(tick.label, MARGIN.left - 5, py);
    }
    context.font = fontOf(nodes.plot, 12, 600);
    context.fillStyle = palette.text;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.fillText(state.data.names[0], MARGIN.left + plotWidth() / 2, size.height - 1);
    context.save();
    context.translate(1, MARGIN.top + plotHeight() / 2);
    context.rotate(-Math.PI / 2);
    context.textBaseline = "top";
    context.fillText(state.data.names[1], 0, 0);
    context.restore();
  }
  function thumbnails() {
    for (const view of VIEWS) {
      const target = fieldsOf(view.name);
      const canvas = nodes.thumbs[view.name];
      canvas.parentElement.classList.toggle("empty", !target);
      if (!target || state.unit) continue;
      canvas.width = canvas.height = target.size;
      const palette = state.palette;
      const image = target.fields.length > 1
        ? mixImage(target.fields, target.size, palette.areas.map(channels), channels(palette.neutral))
        : colourImage(target.fields[0], target.size, target.diverging ? palette.probabilityTable : palette.uncertaintyTable);
      canvas.getContext("2d").putImageData(image, 0, 0);
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
      from.contour.length === target.contour.length;
    if (!target || !glide || !same || reducedMotion.matches || document.hidden) {
      shown = target;
      paint();
      return;
    }
    const start = performance.now();
    const mix = (a, b, t) => Float32Array.from(b, (v, i) => a[i] + t * (v - a[i]));
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
        fields: target.fields.map((field, i) => mix(from.fields[i], field, t)),
        contour: target.contour.map((field, i) => mix(from.contour[i], field, t)),
      };
      paint();
      if (t < 1) tween = requestAnimationFrame(step);
    };
    tween = requestAnimationFrame(step);
  }

  // --- words, legend and read-out ---------------------------------------------------------------------------
  function words() {
    const view = VIEWS.find((v) => v.name === state.view);
    const waiting = state.view === "network" && !canDraw();
    nodes.title.textContent = state.unit ? state.unit.title : waiting ? "One network: there when the fit has ended" : view.title;
    nodes.draws.hidden = state.view !== "network" || waiting;
    if (!nodes.draws.hidden) nodes.drawCount.textContent = `${state.draw + 1} of ${state.result.draws.shape[0]}`;
    for (const v of VIEWS) {
      const button = nodes.buttons[v.name];
      button.setAttribute("aria-checked", String(v.name === state.view));
      button.tabIndex = v.name === state.view ? 0 : -1;
    }
    const has = Boolean(current());
    nodes.stage.classList.toggle("dim", Boolean(state.live?.dim) && has && !live());
    const notice = state.live?.notice ?? "";
    nodes.notice.textContent = notice;
    nodes.notice.hidden = !notice;
    nodes.plot.setAttribute("aria-label",
      `${nodes.title.textContent}. Map over ${state.data.names.join(" and ")} with ${state.data.points.x.length} points. ` +
      `${summary()} Arrow keys move a cursor, Enter picks the point under it.`);
    legend();
    readout();
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
      nodes.barLabels.replaceChildren(...classes.map((_, c) => element("span", { class: "third" }, ...named(c))));
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
    const position = !values ? null : !diverging ? values[state.view] / Math.log(classes.length) : many ? null : values.p[0];
    nodes.needle.hidden = position === null;
    if (position !== null) nodes.needle.style.left = `${100 * Math.max(0, Math.min(1, position))}%`;
  }
  // A class's marker and name.
  function named(code) {
    const glyph = element("i", { text: { circle: "●", square: "■", triangle: "▲", diamond: "◆" }[state.data.markers[code]], "aria-hidden": "true" });
    glyph.style.color = state.palette.classes[code];
    return [glyph, ` ${state.data.classes[code]}`];
  }
  function valuesAt(point) {
    const array = current();
    if (!array) return null;
    const grid = array.shape[1], classes = array.shape[0] - 3;
    const [x0, x1, y0, y1] = state.data.extent;
    const fx = Math.max(0, Math.min(grid - 1.001, ((point.x - x0) / (x1 - x0)) * (grid - 1)));
    const fy = Math.max(0, Math.min(grid - 1.001, ((point.y - y0) / (y1 - y0)) * (grid - 1)));
    const [ix, iy] = [Math.floor(fx), Math.floor(fy)], [tx, ty] = [fx - ix, fy - iy];
    const at = ({ values }) => {
      const k = iy * grid + ix;
      return ((1 - ty) * ((1 - tx) * values[k] + tx * values[k + 1]) +
        ty * ((1 - tx) * values[k + grid] + tx * values[k + grid + 1])) / 255;
    };
    const top = Math.log(state.data.classes.length);
    const [total, aleatoric, epistemic] = [0, 1, 2].map((i) => top * at(part(array, classes + i)));
    let p = Array.from({ length: classes }, (_, i) => at(part(array, i)));
    let one = null;
    if (state.view === "network" && canDraw()) {
      const draw = part(state.result.draws, state.draw);
      if (draw.shape[1] === grid) one = at(part(draw, 0));
    }
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
    const list = classes.length === 2 ? [`P(${classes[1]}) ${number(values.p[0])}`]
      : classes.map((name, c) => `P(${name}) ${number(values.p[c])}`);
    const aleatoric = Math.min(values.aleatoric, values.total);
    const epistemic = Math.max(0, Math.round(100 * values.total) - Math.round(100 * aleatoric)) / 100;
    numbers.replaceChildren(
      element("b", { text: list.join("  ") }),
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
    setStateValue("pick", [Number(point.x.toPrecision(6)), Number(point.y.toPrecision(6))]);
  }
  function inside(event) {
    const box = nodes.plot.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    if (px < MARGIN.left || px > size.width - MARGIN.right || py < MARGIN.top || py > size.height - MARGIN.bottom) return null;
    return toData(px, py);
  }
  nodes.plot.addEventListener("pointermove", (event) => {
    if (!state.data) return;
    state.hover = inside(event);
    legend();
    readout();
  });
  nodes.plot.addEventListener("pointerleave", () => {
    state.hover = null;
    if (state.data) { legend(); readout(); }
  });
  nodes.plot.addEventListener("click", (event) => {
    const point = state.data && current() ? inside(event) : null;
    if (point) pick(point);
  });
  nodes.plot.addEventListener("keydown", (event) => {
    if (!state.data || !current()) return;
    const [x0, x1, y0, y1] = state.data.extent;
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (move) {
      const by = event.shiftKey ? 0.1 : 0.02;
      const at = state.cursor ?? state.pick ?? { x: (x0 + x1) / 2, y: (y0 + y1) / 2 };
      state.cursor = {
        x: Math.max(x0, Math.min(x1, at.x + move[0] * by * (x1 - x0))),
        y: Math.max(y0, Math.min(y1, at.y + move[1] * by * (y1 - y0))),
      };
      paint();
      legend();
      readout();
      nodes.spoken.textContent = `${nodes.where.textContent}: ${nodes.numbers.textContent}`;
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
    if (frame) state.frame = frame;
    else if (message.key === null || message.key === state.result?.key) state.frame = null;
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
      const tile = message ? await unpack(message.tile) : null;
      state.unit = tile ? { ...tile, shape: [1, ...tile.shape], title: message.title } : null;
      refresh();
    }),
  ];
  const observer = new ResizeObserver(() => {
    const width = nodes.stage.clientWidth;
    const height = Math.round(Math.max(250, Math.min(width, window.innerHeight * 0.62)));
    if (width && (width !== size.width || height !== size.height)) {
      size = { width, height };
      paint();
      if (state.data) legend();
    }
  });
  observer.observe(nodes.stage);

  return {
    update(next) {
      setStateValue = next.setStateValue;
      state.data = next.data;
      const theme = themeOf(root.host ?? root);
      const chosen = next.data.palettes[theme];
      if (state.palette?.theme !== theme) state.palette = { theme, ...chosen, probabilityTable: tableOf(chosen.probability), uncertaintyTable: tableOf(chosen.uncertainty) };
      nodes.style(state.palette);
      nodes.toggles.training.querySelector(".many").textContent = next.data.note ?? "";
      onResult(next.data.result);
    },
    destroy() {
      stop.forEach((end) => end());
      observer.disconnect();
      clearInterval(drawTimer);
      cancelAnimationFrame(tween);
    },
  };
}

function build(root) {
  const thumbs = {}, buttons = {}, toggles = {};
  const views = element("div", { class: "views", role: "radiogroup", "aria-label": "What the map shows" });
  for (const view of VIEWS) {
    thumbs[view.name] = element("canvas", { "aria-hidden": "true" });
    buttons[view.name] = element("button", { type: "button", role: "radio", class: "view", "data-view": view.name, title: view.title },
      element("span", { class: "frame" }, thumbs[view.name]), element("span", { text: view.label }));
    views.append(buttons[view.name]);
  }
  const title = element("h2", { class: "title" });
  const meanings = element("dl", { class: "meanings", hidden: "", id: "meanings" });
  for (const [name, text] of MEANINGS) meanings.append(element("dt", { text: name }), element("dd", { text }));
  const ask = element("button", { type: "button", class: "ask", text: "?", "aria-label": "What the five views mean", "aria-expanded": "false",
    "aria-controls": "meanings" });
  const explain = (on) => {
    meanings.hidden = !on;
    ask.setAttribute("aria-expanded", String(on));
  };
  ask.addEventListener("click", () => explain(meanings.hidden));
  const plot = element("canvas", { class: "plot", tabindex: "0", role: "application", "aria-roledescription": "map" });
  const notice = element("div", { class: "notice", hidden: "" });
  const drawCount = element("span", { class: "count" });
  const next = element("button", { type: "button", text: "Next draw" });
  const play = element("button", { type: "button", text: "Play", "aria-pressed": "false" });
  const draws = element("div", { class: "draws", hidden: "" }, drawCount, next, play);
  const stage = element("div", { class: "stage" }, plot, notice, draws, meanings);
  const barCanvas = element("canvas", { "aria-hidden": "true" });
  const needle = element("i", { class: "needle", hidden: "" });
  const barLabels = element("div", { class: "labels" });
  const bar = element("div", { class: "bar" }, element("div", { class: "ramp" }, barCanvas, needle), barLabels);
  const icon = (filled) => {
    const svg = svgElement("svg", { viewBox: "0 0 26 12", "aria-hidden": "true", class: filled ? "solid" : "hollow" });
    svg.append(svgElement("circle", { cx: 6, cy: 6, r: 4, class: "a" }), svgElement("rect", { x: 16, y: 2.2, width: 7.6, height: 7.6, class: "b" }));
    return svg;
  };
  for (const [kind, label] of [["training", "training"], ["held", "held out"]])
    toggles[kind] = element("button", { type: "button", "aria-pressed": "true", class: "toggle", title: `Show or hide the ${label} points` },
      icon(kind === "training"), element("span", { text: label }), element("span", { class: "many" }));
  const where = element("span", { class: "where" });
  const numbers = element("span", { class: "numbers" });
  const splitNoise = element("i", { class: "noise" });
  const splitIgnorance = element("i", { class: "ignorance" });
  const split = element("span", { class: "split", hidden: "", "aria-hidden": "true" }, splitNoise, splitIgnorance);
  const spoken = element("div", { class: "spoken", "aria-live": "polite" });
  const body = element("section", { class: "map", "aria-label": "Map of the prediction" },
    element("div", { class: "head" }, title, ask),
    element("div", { class: "middle" }, stage, views),
    element("div", { class: "under" }, bar, element("div", { class: "toggles" }, toggles.training, toggles.held)),
    element("div", { class: "readout" }, where, numbers, split), spoken);
  body.addEventListener("keydown", (event) => { if (event.key === "Escape") explain(false); });
  root.append(body);
  const style = (palette) => {
    for (const name of ["text", "muted", "line", "surface", "accent", "halo", "neutral", "doubt"]) body.style.setProperty(`--${name}`, palette[name]);
    body.style.setProperty("--class0", palette.classes[0]);
    body.style.setProperty("--class1", palette.classes[1]);
  };
  return { title, plot, stage, notice, draws, drawCount, next, play, views, thumbs, buttons, bar, barCanvas, barLabels, needle,
    toggles, where, numbers, split, splitNoise, splitIgnorance, spoken, style };
}

export default function (component) {
  return mount(component, createMap);
}
