// Functions of one input drawn from the prior: lines with their bands, one after the other brought forward; beside
// them the values at one input, below them how the uncertainty splits. New draws grow out of those before them.

const MORPH = 450; // ms from one set of functions to the next, and from one that is brought forward to the next
const STAY = 1100; // ms that a function stays in front
const FAINT = 40; // lines
const [LEFT, RIGHT, TOP, STRIP, BINS] = [46, 96, 8, 74, 41];
const BELOW = 330; // pixels of the first screen for what is above and below the plot

function unpack16({ data, shape, range: [low, high] }) {
  const bytes = fromBase64(data);
  const codes = new Uint16Array(bytes.buffer, 0, bytes.length / 2);
  return { shape, values: Float32Array.from(codes, (c) => low + (c / 65535) * (high - low)) };
}

function createFunctions(component) {
  const root = component.parentElement;
  const title = element("h2");
  const pause = element("button", { type: "button" });
  const plot = element("canvas", { class: "plot", tabindex: "0", role: "img" });
  const notice = element("div", { class: "notice", role: "status", hidden: "" });
  const says = element("p", { class: "says" });
  const body = element("section", { class: "functions" }, element("div", { class: "head" }, title, pause), plot, says, notice);
  root.append(body);
  let data = null, palette = null, key = null, from = null, to = null, shown = null, width = 0;
  let started = 0, frame = 0, timer = 0, front = 0, before = 0, share = 1, cursor = 0.7, playing = !reducedMotion.matches;

  const ease = (t) => (t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);
  const mix = (a, b, t) => a.map((v, i) => v + t * (b[i] - v));
  function state(content) {
    const { values, shape } = unpack16(content.samples);
    return { values, count: shape[0], n: shape[1], bands: content.bands, range: content.range, split: [content.aleatoric, content.epistemic],
      top: content.top };
  }
  function blend(a, b, t) {
    if (t >= 1 || !a || a.values.length !== b.values.length || a.n !== b.n) return b;
    return { ...b, values: between(a.values, b.values, t), range: mix(a.range, b.range, t), top: a.top + t * (b.top - a.top),
      bands: b.bands.map((band, i) => mix(a.bands[i], band, t)), split: b.split.map((part, i) => mix(a.split[i], part, t)) };
  }
  const still = () => reducedMotion.matches || document.hidden;
  function animate(now) {
    const t = Math.min(1, (now - started) / MORPH);
    shown = blend(from, to, ease(t));
    share = Math.min(1, share + 0.06);
    draw();
    frame = t < 1 || share < 1 ? requestAnimationFrame(animate) : 0;
  }
  function next() {
    clearTimeout(timer);
    if (!playing || !to) return;
    timer = setTimeout(() => {
      if (!document.hidden) {
        before = front;
        front = (front + 1) % to.count;
        share = still() ? 1 : 0;
        if (!frame) frame = requestAnimationFrame(animate);
      }
      next();
    }, STAY);
  }
  function play(on) {
    playing = on;
    pause.textContent = on ? "Pause" : "Play";
    pause.setAttribute("aria-label", on ? "Pause: stop bringing one function after the other forward" : "Play: bring one function after the other forward");
    next();
  }
  pause.addEventListener("click", () => play(!playing));

  // As tall as leaves what is below it on the first screen.
  const height = () => Math.max(330, Math.min(Math.round(width * 0.62), window.innerHeight - BELOW));
  function draw() {
    if (!data || !width) return;
    const tall = height(), context = fit(plot, width, tall);
    context.clearRect(0, 0, width, tall);
    context.font = fontOf(plot, 11);
    const right = width - RIGHT, floor = tall - STRIP - 40;
    const [x0, x1] = data.x;
    const range = shown ? shown.range : [-3, 3];
    const toX = (x) => LEFT + ((x - x0) / (x1 - x0)) * (right - LEFT);
    const toY = (y) => floor - ((y - range[0]) / (range[1] - range[0])) * (floor - TOP);
    axes(context, toX, toY, right, floor, range);
    if (!shown) return homeLabel(context, toX, toY);
    context.save();
    context.beginPath();
    context.rect(LEFT, TOP, right - LEFT, floor - TOP);
    context.clip();
    const across = (i) => LEFT + (i / (shown.n - 1)) * (right - LEFT);
    for (const [low, high, alpha] of [[0, 4, 0.1], [1, 3, 0.14]]) {
      context.beginPath();
      shown.bands[low].forEach((y, i) => context.lineTo(across(i), toY(y)));
      for (let i = shown.n - 1; i >= 0; i--) context.lineTo(across(i), toY(shown.bands[high][i]));
      context.globalAlpha = alpha;
      context.fillStyle = palette.accent;
      context.fill();
    }
    const line = (value) => {
      context.beginPath();
      for (let i = 0; i < shown.n; i++) context.lineTo(across(i), toY(value(i)));
      context.stroke();
    };
    context.strokeStyle = palette.accent;
    context.lineWidth = 1;
    context.globalAlpha = 0.38;
    for (let s = 0; s < Math.min(FAINT, shown.count); s++) line((i) => shown.values[s * shown.n + i]);
    context.globalAlpha = 1;
    const t = ease(share);
    context.strokeStyle = palette.classes[1];
    context.lineWidth = 2.6;
    const leading = (i) => (1 - t) * shown.values[before * shown.n + i] + t * shown.values[front * shown.n + i];
    line(leading);
    if (data.points) {
      context.fillStyle = palette.text;
      context.globalAlpha = 0.75;
      data.points.x.forEach((x, i) => {
        markerPath(context, "circle", toX(x), toY(data.points.y[i]), 2.4);
        context.fill();
      });
    }
    context.restore();
    homeLabel(context, toX, toY);
    values(context, toX, toY, right, floor, range, leading);
    strip(context, across, right, tall);
  }
  function axes(context, toX, toY, right, floor, range) {
    context.strokeStyle = palette.line;
    context.fillStyle = palette.muted;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const tick of ticks(range[0], range[1], 6)) {
      const y = Math.round(toY(tick.value)) + 0.5;
      context.globalAlpha = 0.55;
      context.beginPath();
      context.moveTo(LEFT, y);
      context.lineTo(right, y);
      context.stroke();
      context.globalAlpha = 1;
      context.fillText(tick.label, LEFT - 6, y);
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const tick of ticks(data.x[0], data.x[1], 6)) context.fillText(tick.label, toX(tick.value), floor + 5);
    context.fillText(data.input, (LEFT + right) / 2, floor + 20);
    if (!data.home) return;
    // Where standardised data is: two standard deviations each way.
    const [a, b, c, d] = [toX(-2), toX(2), toY(2), toY(-2)];
    context.setLineDash([4, 4]);
    context.strokeStyle = palette.muted;
    context.strokeRect(a, c, b - a, d - c);
    context.setLineDash([]);
  }
  // Over the curves, on a halo, so that it can be read wherever they are.
  function homeLabel(context, toX, toY) {
    const [left, top] = [toX(-2), toY(2)];
    if (!data.home || toY(-2) - top < 26) return;
    context.save();
    context.textAlign = "left";
    context.textBaseline = "top";
    context.lineJoin = "round";
    context.lineWidth = 4;
    context.strokeStyle = palette.surface;
    context.fillStyle = palette.muted;
    context.strokeText("where data lies", left + 5, top + 4);
    context.fillText("where data lies", left + 5, top + 4);
    context.restore();
  }
  // The values of all functions at the cursor, as a histogram standing on the right.
  function values(context, toX, toY, right, floor, range, leading) {
    const at = Math.round(cursor * (shown.n - 1));
    const x = toX(data.x[0] + (at / (shown.n - 1)) * (data.x[1] - data.x[0]));
    context.strokeStyle = palette.text;
    context.lineWidth = 1;
    context.globalAlpha = 0.7;
    context.beginPath();
    context.moveTo(x, TOP);
    context.lineTo(x, floor);
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = palette.classes[1];
    markerPath(context, "circle", x, Math.max(TOP, Math.min(floor, toY(leading(at)))), 4.5);
    context.fill();
    const counts = new Array(BINS).fill(0);
    let beyond = 0;
    for (let s = 0; s < shown.count; s++) {
      const bin = Math.floor(((shown.values[s * shown.n + at] - range[0]) / (range[1] - range[0])) * BINS);
      const inside = Math.max(0, Math.min(BINS - 1, bin));
      if (bin < 0 || bin > BINS) beyond += 1;
      counts[inside] += 1;
    }
    const most = Math.max(...counts), step = (floor - TOP) / BINS;
    context.fillStyle = palette.accent;
    context.globalAlpha = 0.75;
    counts.forEach((count, bin) => context.fillRect(right + 8, floor - (bin + 1) * step + 0.5, (count / most) * (RIGHT - 14), step - 1));
    context.globalAlpha = 1;
    context.fillStyle = palette.muted;
    context.textAlign = "left";
    context.textBaseline = "top";
    const value = data.x[0] + (at / (shown.n - 1)) * (data.x[1] - data.x[0]);
    context.fillText(`at x = ${number(value, 1)}`, right + 8, floor + 5);
    sentence(value, at, beyond);
  }
  function sentence(x, at, beyond) {
    const digits = Math.max(...shown.bands.map((band) => Math.abs(band[at]))) < 10 ? 2 : 0;
    const [low, lower, , upper, high] = to.bands.map((band) => number(band[at], digits));
    const split = data.unit === "nats"
      ? `total ${number(to.split[0][at] + to.split[1][at])} nats, of which ${number(to.split[1][at])} epistemic.`
      : `the networks disagree by ±${number(Math.sqrt(to.split[1][at]), digits)}, the noise adds ±${number(Math.sqrt(to.split[0][at]))}.`;
    says.textContent = `At x = ${number(x, 1)}, half of the functions are between ${lower} and ${upper}, 95 % between ${low} and ${high}; ${split}` +
      (beyond ? ` ${beyond} of ${shown.count} are beyond the axis.` : "");
  }
  function strip(context, across, right, tall) {
    const bottom = tall - 4, top = bottom - STRIP + 26;
    const toY = (v) => bottom - (v / shown.top) * (bottom - top);
    let floor = new Array(shown.n).fill(0);
    [[palette.muted, 0.45], [palette.doubt, 0.9]].forEach(([colour, alpha], part) => {
      const ceiling = floor.map((v, i) => v + shown.split[part][i]);
      context.beginPath();
      floor.forEach((v, i) => context.lineTo(across(i), toY(v)));
      for (let i = shown.n - 1; i >= 0; i--) context.lineTo(across(i), toY(ceiling[i]));
      context.fillStyle = colour;
      context.globalAlpha = alpha;
      context.fill();
      floor = ceiling;
    });
    context.globalAlpha = 1;
    context.textBaseline = "bottom";
    context.textAlign = "left";
    const [noise, ignorance] = ["aleatoric (noise)", "epistemic (networks disagree)"];
    context.fillStyle = palette.text;
    context.fillText(`Total ${data.unit === "nats" ? "entropy" : "variance"} =`, LEFT, top - 6);
    let x = LEFT + context.measureText(`Total ${data.unit === "nats" ? "entropy" : "variance"} =  `).width;
    [[palette.muted, noise], [palette.doubt, ignorance]].forEach(([colour, text], part) => {
      context.fillStyle = colour;
      context.fillRect(x, top - 16, 9, 9);
      context.fillStyle = palette.text;
      context.fillText(text + (part ? "" : "  +"), x + 13, top - 6);
      x += 13 + context.measureText(`${text}  +  `).width;
    });
    context.fillStyle = palette.muted;
    context.textBaseline = "middle";
    context.textAlign = "right";
    context.fillText(shown.top < 10 ? number(shown.top, shown.top < 2 ? 2 : 0) : String(Math.round(shown.top)), LEFT - 6, top + 4);
    context.fillText("0", LEFT - 6, bottom - 4);
    context.textAlign = "left";
    context.fillText(data.unit, right + 8, top + 4);
  }

  function move(event) {
    const box = plot.getBoundingClientRect();
    cursor = Math.max(0, Math.min(1, (event.clientX - box.left - LEFT) / (width - LEFT - RIGHT)));
    draw();
  }
  plot.addEventListener("pointermove", move);
  plot.addEventListener("pointerdown", move);
  plot.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    cursor = Math.max(0, Math.min(1, cursor + by));
    draw();
  });
  const observer = new ResizeObserver(() => { width = body.clientWidth; draw(); });
  observer.observe(body);
  play(playing);
  return {
    update(now) {
      data = now.data;
      palette = data.palettes[themeOf(root.host ?? root)];
      for (const name of ["text", "muted", "line", "surface", "accent"]) body.style.setProperty(`--${name}`, palette[name]);
      title.textContent = data.title;
      plot.setAttribute("aria-label", data.alt);
      notice.textContent = data.notice ?? "";
      notice.hidden = !data.notice;
      plot.classList.toggle("dim", Boolean(data.notice));
      if (data.samples && data.key !== key) {
        key = data.key;
        from = shown;
        to = state(data);
        front %= to.count;
        before %= to.count;
        started = performance.now();
        shown = still() || !from ? to : from;
        cancelAnimationFrame(frame);
        frame = still() ? 0 : requestAnimationFrame(animate);
        next();
        body.dataset.shown = key;
        body.dataset.at = String(Math.round(performance.timeOrigin + started));
      }
      draw();
    },
    destroy() {
      observer.disconnect();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    },
  };
}

export default function (component) {
  return mount(component, createFunctions);
}
