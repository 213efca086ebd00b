// The ELBO over the steps, on a logarithmic axis, and the playhead that tells the map which snapshot to show.

const PAD = { left: 46, right: 10, top: 8, bottom: 20 };
const HEIGHT = 132;

function createElbo(component) {
  const root = component.parentElement;
  const canvas = element("canvas", { class: "curve", role: "img" });
  const slider = element("input", { type: "range", min: "0", max: "0", step: "1", value: "0", "aria-label": "Step to show on the map" });
  const play = element("button", { type: "button", class: "play", "aria-label": "Replay the fit", title: "Replay the fit" });
  const now = element("output", { class: "now" });
  const stage = element("div", { class: "stage" }, canvas);
  const title = element("h2", { text: "How the fit climbed" });
  const unit = element("span", { class: "unit", text: "ELBO, nats" });
  const body = element("section", { class: "elbo", "aria-label": "Evidence lower bound" },
    element("div", { class: "head" }, title, unit), stage, element("div", { class: "scrub" }, play, slider), now);
  root.append(body);
  const icons = {
    play: svgElement("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svgElement("path", { d: "M4 2.5v11l9-5.5z" })),
    pause: svgElement("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svgElement("path", { d: "M3.5 2.5h3.2v11H3.5zM9.3 2.5h3.2v11H9.3z" })),
  };
  play.append(icons.play);

  let data = null, palette = null, live = null, index = 0, timer = 0, width = 0, seen = 0, mayReplay = false, key = null;
  const name = () => data?.label ?? "ELBO";
  const running = () => live?.phase === "running" && live.elbo;
  const curve = () => (running() ? live.elbo : data?.result?.elbo ?? live?.elbo ?? null);
  const total = () => (running() ? live.total : data?.result?.total ?? data?.total ?? 1);
  const snapshots = () => (running() ? null : data?.result?.steps ?? null);
  const toX = (step) => PAD.left + (Math.log(Math.max(1, step)) / Math.log(Math.max(2, total()))) * (width - PAD.left - PAD.right);

  function draw() {
    if (!data || !width) return;
    unit.textContent = `${name()}, nats`;
    const context = fit(canvas, width, HEIGHT);
    context.clearRect(0, 0, width, HEIGHT);
    const bottom = HEIGHT - PAD.bottom;
    context.font = fontOf(canvas, 10.5);
    context.fillStyle = palette.muted;
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.textAlign = "center";
    context.textBaseline = "top";
    for (let step = 1; step <= total(); step *= 10) {
      const x = toX(step);
      context.beginPath();
      context.moveTo(x, PAD.top);
      context.lineTo(x, bottom);
      context.globalAlpha = 0.6;
      context.stroke();
      context.globalAlpha = 1;
      const text = step >= 1e6 ? `${step / 1e6}M` : step >= 1000 ? `${step / 1000}k` : String(step);
      if (x + 12 < width) context.fillText(step === 1 ? "step 1" : text, Math.max(x, PAD.left + (step === 1 ? 6 : 0)), bottom + 5);
    }
    const series = curve();
    if (!series || !series.step.length) return;
    const [low, high] = series.range;
    const toY = (v) => bottom - ((v - low) / (high - low || 1)) * (bottom - PAD.top);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const tick of ticks(low, high, 3)) context.fillText(tick.label, PAD.left - 6, toY(tick.value));
    context.save();
    context.beginPath();
    context.rect(PAD.left, PAD.top - 4, width - PAD.left - PAD.right + 2, bottom - PAD.top + 4);
    context.clip();
    const line = (values, stroke, weight, alpha) => {
      context.beginPath();
      series.step.forEach((step, i) => (i ? context.lineTo(toX(step), toY(values[i])) : context.moveTo(toX(step), toY(values[i]))));
      context.strokeStyle = stroke;
      context.lineWidth = weight;
      context.globalAlpha = alpha;
      context.lineJoin = "round";
      context.stroke();
      context.globalAlpha = 1;
    };
    line(series.raw, palette.muted, 1, 0.45);
    line(series.smooth, palette.accent, 2, 1);
    context.restore();
    const at = playhead();
    if (at) {
      const [x, y] = [toX(at.step), Math.min(bottom, toY(at.elbo))];
      context.strokeStyle = palette.text;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x, PAD.top);
      context.lineTo(x, bottom);
      context.stroke();
      context.beginPath();
      context.arc(x, y, 4, 0, 2 * Math.PI);
      context.fillStyle = palette.accent;
      context.strokeStyle = palette.surface;
      context.lineWidth = 2;
      context.fill();
      context.stroke();
    }
  }
  function playhead() {
    const series = curve(), steps = snapshots();
    if (!series || !series.step.length) return null;
    // The last place is the end of the fit itself, which a stopped one may reach between two snapshots.
    const step = steps && index < steps.length - 1 ? steps[index] : series.step[series.step.length - 1];
    let i = series.step.findIndex((s) => s >= step);
    if (i < 0) i = series.step.length - 1;
    return { step, elbo: series.smooth[i] };
  }
  function words() {
    const at = playhead(), steps = snapshots();
    slider.disabled = play.disabled = !steps || steps.length < 2;
    now.textContent = at ? `step ${at.step.toLocaleString("en")}, ${name()} ${number(at.elbo, 1)} nats` : "";
    slider.setAttribute("aria-valuetext", now.textContent || "nothing fitted yet");
    const series = curve();
    canvas.setAttribute("aria-label", !series || !series.step.length ? `No ${name()} yet`
      : `${name()} over ${total().toLocaleString("en")} steps on a logarithmic axis, from ${number(series.smooth[0], 0)} to ${number(series.smooth[series.smooth.length - 1], 1)} nats`);
    const share = steps && steps.length > 1 ? index / (steps.length - 1) : 1;
    slider.style.setProperty("--share", `${100 * share}%`);
  }
  function show(next, tell = true) {
    const steps = snapshots();
    if (!steps) return;
    index = Math.max(0, Math.min(steps.length - 1, next));
    slider.value = String(index);
    if (tell) say("scrub", { key: data.result.key, index: index === steps.length - 1 ? null : index });
    draw();
    words();
  }
  function pause() {
    clearInterval(timer);
    timer = 0;
    play.replaceChildren(icons.play);
    play.setAttribute("aria-label", "Replay the fit");
  }
  function start() {
    const steps = snapshots();
    if (!steps) return;
    if (index >= steps.length - 1) show(0);
    play.replaceChildren(icons.pause);
    play.setAttribute("aria-label", "Pause the replay");
    timer = setInterval(() => {
      show(index + 1);
      if (!snapshots() || index >= snapshots().length - 1) pause();
    }, reducedMotion.matches ? 900 : 120);
  }
  slider.addEventListener("input", () => { pause(); show(Number(slider.value)); });
  play.addEventListener("click", () => (timer ? pause() : start()));
  const seek = (event) => {
    const steps = snapshots();
    if (!steps) return;
    const x = event.clientX - canvas.getBoundingClientRect().left;
    let best = 0;
    steps.forEach((step, i) => { if (Math.abs(toX(step) - x) < Math.abs(toX(steps[best]) - x)) best = i; });
    pause();
    show(best);
  };
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); seek(event); });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });

  const stop = listen("live", (message) => {
    if (message.phase === "running") {
      if (live?.phase !== "running") { pause(); seen = 0; }
      if (message.frame) seen += 1;
      mayReplay = true;
    }
    live = message;
    draw();
    words();
  });
  const observer = new ResizeObserver(() => { width = stage.clientWidth; draw(); });
  observer.observe(stage);

  return {
    update(next) {
      data = next.data;
      body.classList.toggle("plain", Boolean(data.plain)); // nothing to scrub through
      palette = data.palettes[themeOf(root.host ?? root)];
      for (const name of ["text", "muted", "line", "surface", "accent", "neutral"]) body.style.setProperty(`--${name}`, palette[name]);
      const steps = snapshots();
      slider.max = String(steps ? steps.length - 1 : 0);
      if (data.result?.key !== key) {
        pause();
        key = data.result?.key ?? null;
        if (steps) show(steps.length - 1);
        // A fit that ended before anyone could watch is shown once more, unless motion is unwanted.
        if (steps && mayReplay && !data.result.stopped && seen < 15 && !reducedMotion.matches && !document.hidden) start();
        mayReplay = false;
      }
      draw();
      words();
    },
    destroy() { stop(); observer.disconnect(); pause(); },
  };
}

export default function (component) {
  return mount(component, createElbo);
}
