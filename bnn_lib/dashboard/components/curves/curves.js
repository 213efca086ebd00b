// Regression over one feature: bands split into ignorance and noise, functions, and the density at a point.
// Everything here happens in the browser; only painted points go back to the server.

const GLIDE = 120; // ms from one frame to the next
const FUNCTION_EVERY = 450, SLOW_FUNCTION_EVERY = 1500; // ms between functions while they play

function createCurves(component) {
  const root = component.parentElement;
  const nodes = buildCurves(root);
  const state = {
    data: null, palette: null, view: "bands", chosen: false, draw: 0, playing: false, result: null, live: null, frame: null, scrub: null,
    painted: null, hover: null, cursor: null, pick: null, mark: null, hidden: { training: false, held: false, truth: false },
  };
  let shown = null, glide = 0, timer = 0, received = 0, decoded = null;
  let setTriggerValue = component.setTriggerValue;
  const painter = createCurvePainter(nodes.plot, nodes.strip, state);
  const brush = createBrush(nodes.tools, state, painter, "A click stays at a place, to read it",
    () => { if (state.data) { words(); paint(); } }, (message) => setTriggerValue("painted", message));

  // --- what to show -----------------------------------------------------------------------------------------
  const liveFrame = () => (state.frame && state.frame.data === state.data.key ? state.frame.curves : null);
  const running = () => state.live?.phase === "running" && liveFrame();
  function current() {
    // The last live frame stays until its own result is unpacked; an earlier result is not shown again.
    if (liveFrame() && (running() || state.live?.key !== state.result?.key)) return liveFrame();
    if (state.result && state.scrub !== null) return state.result.frames[state.scrub];
    return state.result?.final ?? null;
  }
  // The density is of the end of the fit, and of nothing else.
  const field = () => (state.result && current() === state.result.final ? state.result.field : null);
  const place = () => state.hover ?? state.cursor ?? state.pick;
  const paint = () => painter.paint(shown, field(), place());

  function blend(from, to, t) {
    const mix = (a, b) => Float32Array.from(b, (value, i) => a[i] + t * (value - a[i]));
    const each = (a, b) => b.map((row, i) => (a[i] ? mix(a[i], row) : row));
    return { ...to, mean: mix(from.mean, to.mean), outcome: each(from.outcome, to.outcome), fun: each(from.fun, to.fun),
      epistemic: mix(from.epistemic, to.epistemic), aleatoric: mix(from.aleatoric, to.aleatoric), draws: each(from.draws, to.draws) };
  }
  function refresh({ moving = false } = {}) {
    if (!state.data) return;
    const target = current(), from = shown;
    // Bands would fill what is empty between two branches.
    if (!state.chosen) state.view = field() && state.result.branches ? "density" : "bands";
    words();
    cancelAnimationFrame(glide);
    if (!moving || !target || !from || from.n !== target.n || reducedMotion.matches || document.hidden) {
      shown = target;
      return paint();
    }
    const start = performance.now();
    const step = (now) => {
      const t = Math.min(1, Math.max(0, (now - start) / GLIDE));
      shown = t === 1 ? target : blend(from, target, t);
      paint();
      if (t < 1) glide = requestAnimationFrame(step);
    };
    glide = requestAnimationFrame(step);
  }

  // --- words ------------------------------------------------------------------------------------------------
  function words() {
    const curves = current();
    if (state.view === "density" && !field() && curves) nodes.title.textContent = "Density: there when the fit has ended";
    else nodes.title.textContent = CURVE_VIEWS.find((view) => view.name === state.view).title;
    for (const view of CURVE_VIEWS) {
      nodes.buttons[view.name].setAttribute("aria-checked", String(view.name === state.view));
      nodes.buttons[view.name].tabIndex = view.name === state.view ? 0 : -1;
    }
    nodes.player.hidden = state.view !== "single" || !curves;
    if (!nodes.player.hidden) nodes.count.textContent = `${(state.draw % curves.draws.length) + 1} of ${curves.draws.length}`;
    nodes.notice.textContent = state.live?.notice ?? "";
    nodes.notice.hidden = !state.live?.notice;
    // Points that are being painted have to be seen, whatever the curves under them are of.
    nodes.stage.classList.toggle("dim", Boolean(state.live?.dim) && Boolean(curves) && !running() && !state.painted);
    nodes.toggles.truth.hidden = !state.data.truth;
    nodes.plot.setAttribute("aria-label", `${nodes.title.textContent}. ${state.data.names[1]} over ${state.data.names[0]}, ` +
      `${(state.painted ?? state.data.points).x.length} points. ${curves ? summary(curves) : "Nothing is fitted yet."} ` +
      (brush.painting() ? "Arrow keys move a cursor, Enter paints or removes a point." : "Arrow keys move along, Enter stays there."));
    nodes.strip.setAttribute("aria-label", curves ? summary(curves) : "Nothing is fitted yet.");
    readout();
  }
  function summary(curves) {
    let most = 0;
    for (let i = 0; i < curves.n; i++) if (curves.epistemic[i] > curves.epistemic[most]) most = i;
    return `Ignorance is largest at ${state.data.names[0]} ${number(curves.x[most])}: ${number(curves.epistemic[most])}.`;
  }
  const digits = () => { const span = state.data.extent[3] - state.data.extent[2]; return span >= 200 ? 0 : span >= 20 ? 1 : 2; };
  function readout() {
    const curves = current(), x = place();
    if (!curves) { nodes.where.textContent = nodes.sentence.textContent = ""; return; }
    if (x === null) {
      nodes.where.textContent = "";
      nodes.sentence.textContent = "Point at the plot to read one place; click to stay there.";
      return;
    }
    const at = (row) => along(curves, row, x);
    const [epistemic, aleatoric] = [at(curves.epistemic), at(curves.aleatoric)];
    const share = Math.round((100 * epistemic ** 2) / (epistemic ** 2 + aleatoric ** 2 || 1));
    const d = digits();
    nodes.where.textContent = `${state.data.names[0]} = ${number(x)}:`;
    const advice = share >= 50 ? "More data here would narrow it." : share >= 10 ? "More data here would help a little." : "More data here would change little.";
    nodes.sentence.textContent = `${state.data.names[1]} is ${number(at(curves.mean), d)} on average, and with 95 % probability between ` +
      `${number(at(curves.outcome[0]), d)} and ${number(at(curves.outcome[5]), d)}. Of that spread ${share} % is ignorance and ${100 - share} % noise. ${advice}`;
  }

  // --- what the user does -----------------------------------------------------------------------------------
  function choose(name, focus = false) {
    [state.view, state.chosen] = [name, true];
    if (name !== "single") play(false);
    else if (!reducedMotion.matches) play(true);
    if (focus) nodes.buttons[name].focus();
    refresh();
  }
  function nextFunction() {
    if (!current()) return play(false);
    state.draw += 1;
    words();
    paint();
  }
  function play(on) {
    state.playing = on;
    clearInterval(timer);
    if (on) timer = setInterval(nextFunction, reducedMotion.matches ? SLOW_FUNCTION_EVERY : FUNCTION_EVERY);
    nodes.play.setAttribute("aria-pressed", String(on));
    nodes.play.textContent = on ? "Pause" : "Play";
  }
  function look() { paint(); readout(); }
  for (const canvas of [nodes.plot, nodes.strip]) {
    canvas.addEventListener("pointermove", (event) => { if (state.data) { state.hover = painter.inside(event, canvas); look(); } });
    canvas.addEventListener("pointerleave", () => { state.hover = null; if (state.data) look(); });
    canvas.addEventListener("click", (event) => {
      if (!state.data) return;
      if (canvas === nodes.plot && brush.painting()) {
        const point = painter.pointAt(event);
        if (point) nodes.spoken.textContent = brush.put(point);
        return;
      }
      if (!current()) return;
      const x = painter.inside(event, canvas);
      if (x === null) return;
      state.pick = state.pick !== null && Math.abs(state.pick - x) < (state.data.extent[1] - state.data.extent[0]) / 100 ? null : x;
      state.cursor = null;
      look();
      nodes.spoken.textContent = nodes.readout.textContent;
    });
  }
  nodes.plot.addEventListener("keydown", (event) => {
    if (!state.data || !(current() || brush.painting())) return;
    if (brush.key(event)) return event.preventDefault();
    if (brush.painting()) return keyInPainting(event);
    const [x0, x1] = state.data.extent;
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) {
      const from = state.cursor ?? state.pick ?? (x0 + x1) / 2;
      state.cursor = Math.max(x0, Math.min(x1, from + move * (event.shiftKey ? 0.1 : 0.02) * (x1 - x0)));
    } else if (event.key === "Enter" || event.key === " ") { state.pick = state.cursor ?? state.pick; state.cursor = null; }
    else if (event.key === "Escape") state.cursor = state.pick = null;
    else return;
    event.preventDefault();
    look();
    nodes.spoken.textContent = nodes.readout.textContent;
  });
  function keyInPainting(event) {
    const { extent } = state.data;
    const next = stepped(event, state.mark ?? middle(extent), extent);
    if (next) {
      state.mark = next;
      state.cursor = current() ? next.x : null;
      nodes.spoken.textContent = `${state.data.names[0]} ${number(next.x)}, ${state.data.names[1]} ${number(next.y)}`;
    } else if (event.key === "Enter" || event.key === " ") nodes.spoken.textContent = brush.put(state.mark ?? middle(extent));
    else if (event.key === "Escape") state.mark = state.cursor = null;
    else return;
    event.preventDefault();
    look();
  }
  nodes.plot.addEventListener("blur", () => { if (state.mark) { state.mark = state.cursor = null; look(); } });
  nodes.views.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = CURVE_VIEWS.findIndex((view) => view.name === state.view);
    choose(CURVE_VIEWS[(at + by + CURVE_VIEWS.length) % CURVE_VIEWS.length].name, true);
  });
  for (const view of CURVE_VIEWS) nodes.buttons[view.name].addEventListener("click", () => choose(view.name));
  nodes.next.addEventListener("click", () => { play(false); nextFunction(); });
  nodes.play.addEventListener("click", () => play(!state.playing));
  for (const [kind, button] of Object.entries(nodes.toggles))
    button.addEventListener("click", () => {
      state.hidden[kind] = !state.hidden[kind];
      button.setAttribute("aria-pressed", String(!state.hidden[kind]));
      paint();
    });

  // --- what arrives -----------------------------------------------------------------------------------------
  const curvesOf = (rows) => readCurves(rows, spaced(state.data.extent[0], state.data.extent[1], rows.shape[1]));
  async function onLive(message) {
    const order = ++received;
    const rows = message.frame ? await unpackRows(message.frame) : null;
    if (order !== received) return;
    state.live = message;
    if (rows && state.data) {
      state.frame = { curves: curvesOf(rows), data: message.data };
      nodes.body.dataset.frames = String(Number(nodes.body.dataset.frames ?? 0) + 1);
    } else if (message.data !== state.frame?.data || message.key === null || message.key === state.result?.key) state.frame = null;
    refresh({ moving: Boolean(rows) });
  }
  async function onResult(result) {
    if (!result) {
      decoded = null;
      if (state.result) { state.result = state.frame = null; play(false); }
      return refresh();
    }
    if (decoded === result.key) return refresh();
    decoded = result.key;
    const [frames, final, density] = await Promise.all([result.frames && unpackRows(result.frames), unpackRows(result.final), unpack(result.density)]);
    if (decoded !== result.key) return;
    const snapshots = frames ? Array.from({ length: frames.shape[0] }, (_, i) => curvesOf(part(frames, i))) : [];
    const last = curvesOf(final);
    state.result = { key: result.key, branches: result.branches, frames: snapshots, final: last, field: { density, outcomes: result.outcomes, discrete: result.discrete, x: last.x } };
    state.scrub = LAST.scrub?.key === result.key ? LAST.scrub.index : null;
    state.frame = null;
    nodes.body.dataset.result = result.key;
    refresh();
  }
  const stop = [
    listen("live", onLive),
    listen("scrub", (message) => {
      if (!state.result || message.key !== decoded) return;
      state.scrub = message.index;
      refresh({ moving: true });
    }),
  ];
  const observer = new ResizeObserver(() => {
    const width = nodes.stage.clientWidth;
    if (painter.resize(width, Math.round(Math.max(240, Math.min(0.62 * width, 0.5 * window.innerHeight))))) paint();
  });
  observer.observe(nodes.stage);

  return {
    update(next) {
      const before = state.data?.key;
      setTriggerValue = next.setTriggerValue;
      state.data = next.data;
      if (!next.data.paint) state.mark = null;
      if (before !== undefined && before !== next.data.key && !next.data.paint) state.pick = state.cursor = null;
      if (state.frame && state.frame.data !== next.data.key) state.frame = null;
      const theme = themeOf(root.host ?? root);
      const chosen = next.data.palettes[theme];
      if (state.palette?.theme !== theme) state.palette = { theme, ...chosen, uncertaintyTable: tableOf(chosen.uncertainty) };
      nodes.style(state.palette);
      brush.update(next.data.paint);
      onResult(next.data.result);
    },
    destroy() {
      stop.forEach((end) => end());
      brush.destroy();
      observer.disconnect();
      clearInterval(timer);
      cancelAnimationFrame(glide);
    },
  };
}

export default function (component) {
  return mount(component, createCurves);
}
