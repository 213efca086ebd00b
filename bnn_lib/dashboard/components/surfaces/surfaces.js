// Regression over two features: the mean, what is not known of it, and the noise, as three maps that share one cursor.

const PANELS = [
  { name: "mean", title: "Mean", about: "what it predicts" },
  { name: "epistemic", title: "Ignorance", about: "sd of the mean, for want of data" },
  { name: "aleatoric", title: "Noise", about: "sd of points around it" },
];
const WIDE = 160; // pixels that a surface is drawn with

function createSurfaces({ parentElement: root }) {
  const title = element("h2", { class: "title", text: "What it predicts, what it does not know, and what is noise" });
  const axes = element("span", { class: "axes" });
  const readout = element("p", { class: "readout", "aria-live": "polite" });
  const notice = element("div", { class: "notice", hidden: "" });
  const panels = PANELS.map((panel) => {
    const canvas = element("canvas", { class: "plot", role: "img" });
    const bar = element("canvas", { class: "bar", "aria-hidden": "true" });
    const [low, high] = [element("span"), element("span")];
    const box = element("figure", {}, element("figcaption", {}, element("b", { text: panel.title }), ` ${panel.about}`), canvas,
      element("div", { class: "scale" }, low, bar, high));
    return { ...panel, canvas, bar, low, high, box };
  });
  const stage = element("div", { class: "stage" }, ...panels.map((panel) => panel.box), notice);
  const body = element("section", { class: "surfaces", "aria-label": "Surfaces of the prediction" }, element("div", { class: "head" }, title, axes), stage, readout);
  root.append(body);
  let data = null, palette = null, result = null, live = null, frame = null, scrub = null, decoded = null, received = 0, at = null;

  const liveFrame = () => (frame && frame.data === data.key ? frame.array : null);
  const running = () => live?.phase === "running" && liveFrame();
  function current() {
    if (liveFrame() && (running() || live?.key !== result?.key)) return liveFrame();
    if (result && scrub !== null) return part(result.frames, scrub);
    return result?.final ?? null;
  }
  const table = (panel) => (panel.name === "mean" ? palette.probabilityTable : palette.uncertaintyTable);
  const digits = () => { const span = data.range[1] - data.range[0]; return span >= 100 ? 0 : span >= 10 ? 1 : 2; };
  function paint() {
    const array = current();
    for (const [i, panel] of panels.entries()) {
      const side = panel.box.clientWidth;
      if (!side) continue;
      const context = fit(panel.canvas, side, side);
      context.fillStyle = palette.neutral;
      context.fillRect(0, 0, side, side);
      if (array) {
        const field = part(array, i);
        const image = document.createElement("canvas");
        image.width = image.height = WIDE;
        image.getContext("2d").putImageData(colourImage(enlarge(field.values, field.shape[0], WIDE), WIDE, table(panel)), 0, 0);
        context.imageSmoothingQuality = "high";
        context.drawImage(image, 0, 0, side, side);
      }
      points(context, side, panel);
      if (at) {
        context.strokeStyle = palette.text;
        context.setLineDash([3, 3]);
        context.beginPath();
        context.moveTo(at.across * side, 0); context.lineTo(at.across * side, side);
        context.moveTo(0, (1 - at.up) * side); context.lineTo(side, (1 - at.up) * side);
        context.stroke();
        context.setLineDash([]);
      }
      const wide = panel.bar.clientWidth || 60;
      const ramp = fit(panel.bar, wide, 8);
      for (let x = 0; x < wide; x++) {
        const v = table(panel)[Math.round((x / (wide - 1)) * 255)];
        ramp.fillStyle = `rgb(${v & 255},${(v >> 8) & 255},${(v >> 16) & 255})`;
        ramp.fillRect(x, 0, 1.5, 8);
      }
      panel.low.textContent = panel.name === "mean" ? number(data.range[0], digits()) : "0";
      panel.high.textContent = panel.name === "mean" ? number(data.range[1], digits()) : `${number(data.top, digits())} or more`;
      panel.canvas.setAttribute("aria-label", `${panel.title}, ${panel.about}, over ${data.names.join(" and ")}${array ? "" : ": nothing is fitted yet"}`);
    }
    body.dataset.painted = array ? "yes" : "no";
    words();
  }
  // Points carry their target as a colour on the mean's own scale; elsewhere they only say where data are.
  function points(context, side, panel) {
    const [x0, x1, y0, y1] = data.extent;
    const { x, y, value, held } = data.points;
    const radius = Math.max(1.4, Math.min(3.2, 3.6 - x.length / 400));
    for (let i = 0; i < x.length; i++) {
      if (held[i]) continue;
      context.beginPath();
      context.arc(((x[i] - x0) / (x1 - x0)) * side, ((y1 - y[i]) / (y1 - y0)) * side, radius, 0, 2 * Math.PI);
      const share = Math.max(0, Math.min(1, (value[i] - data.range[0]) / (data.range[1] - data.range[0])));
      const v = palette.probabilityTable[Math.round(255 * share)];
      context.fillStyle = panel.name === "mean" ? `rgb(${v & 255},${(v >> 8) & 255},${(v >> 16) & 255})` : palette.surface;
      context.globalAlpha = panel.name === "mean" ? 1 : 0.75;
      context.fill();
      context.globalAlpha = 1;
      context.lineWidth = 0.8;
      context.strokeStyle = palette.contour;
      context.stroke();
    }
  }
  function words() {
    notice.textContent = live?.notice ?? "";
    notice.hidden = !live?.notice;
    stage.classList.toggle("dim", Boolean(live?.dim) && Boolean(current()) && !running());
    const array = current();
    if (!array) { readout.textContent = ""; return; }
    if (!at) { readout.textContent = "Point at a surface to read one place; colours beyond a scale's end are its last."; return; }
    const [x0, x1, y0, y1] = data.extent;
    const value = (i) => { const field = part(array, i); return bilinear(field.values, field.shape[0], at.across, at.up) / 255; };
    const mean = data.range[0] + value(0) * (data.range[1] - data.range[0]);
    const [epistemic, aleatoric] = [1, 2].map((i) => value(i) * data.top);
    const share = Math.round((100 * epistemic ** 2) / (epistemic ** 2 + aleatoric ** 2 || 1));
    readout.textContent = `${data.names[0]} ${number(x0 + at.across * (x1 - x0))}, ${data.names[1]} ${number(y0 + at.up * (y1 - y0))}: ` +
      `${data.target} is ${number(mean, digits())}, give or take ${number(Math.hypot(epistemic, aleatoric), digits())} (one sd). ` +
      `Of that spread ${share} % is ignorance and ${100 - share} % noise.`;
  }
  for (const panel of panels) {
    panel.canvas.addEventListener("pointermove", (event) => {
      const box = panel.canvas.getBoundingClientRect();
      at = { across: (event.clientX - box.left) / box.width, up: 1 - (event.clientY - box.top) / box.height };
      if (data) paint();
    });
    panel.canvas.addEventListener("pointerleave", () => { at = null; if (data) paint(); });
  }
  async function onLive(message) {
    const order = ++received;
    const array = message.frame ? await unpack(message.frame) : null;
    if (order !== received) return;
    live = message;
    if (array) frame = { array, data: message.data };
    else if (message.data !== frame?.data || message.key === null || message.key === result?.key) frame = null;
    if (data) paint();
  }
  async function onResult(next) {
    if (!next) {
      decoded = null;
      if (result) result = frame = null;
      return paint();
    }
    if (decoded === next.key) return paint();
    decoded = next.key;
    const [frames, final] = await Promise.all([next.frames && unpack(next.frames), unpack(next.final)]);
    if (decoded !== next.key) return;
    result = { key: next.key, frames, final };
    scrub = LAST.scrub?.key === next.key ? LAST.scrub.index : null;
    frame = null;
    paint();
  }
  const stop = [
    listen("live", onLive),
    listen("scrub", (message) => {
      if (!result || message.key !== decoded) return;
      scrub = message.index;
      paint();
    }),
  ];
  const observer = new ResizeObserver(() => { if (data) paint(); });
  observer.observe(stage);
  return {
    update(next) {
      data = next.data;
      if (frame && frame.data !== data.key) frame = null;
      const theme = themeOf(root.host ?? root);
      const chosen = data.palettes[theme];
      if (palette?.theme !== theme) palette = { theme, ...chosen, probabilityTable: tableOf(chosen.probability), uncertaintyTable: tableOf(chosen.uncertainty) };
      for (const name of ["text", "muted", "line", "surface", "accent"]) body.style.setProperty(`--${name}`, palette[name]);
      axes.textContent = `${data.names[0]} across, ${data.names[1]} up`;
      onResult(data.result);
    },
    destroy() { stop.forEach((end) => end()); observer.disconnect(); },
  };
}

export default function (component) {
  return mount(component, createSurfaces);
}
