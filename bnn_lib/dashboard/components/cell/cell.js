// One small map of the compare page. What all cells share (colours, points, extent) one of them, the legend, says
// to the others, so that what is sent several times a second stays small.
const PIXELS = 180;

function createLegend({ parentElement: root }) {
  const body = element("div", { class: "legend" });
  root.append(body);
  return {
    update({ data }) {
      const palette = data.palettes[themeOf(root.host ?? root)];
      const names = data.kind === "probability" ? data.classes : data.ends;
      body.replaceChildren();
      if (data.kind === "probability" && names.length > 2)
        body.append(...names.map((name, c) => {
          const label = element("span", { text: `${GLYPHS[data.markers[c]]} ${name}` });
          label.style.color = palette.classes[c];
          return label;
        }));
      else {
        const bar = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
        const image = new ImageData(256, 1);
        new Uint32Array(image.data.buffer).set(tableOf(data.kind === "probability" ? palette.probability : palette.uncertainty));
        bar.getContext("2d").putImageData(image, 0, 0);
        body.append(element("span", { text: names[0] }), bar, element("span", { text: names[1] }));
      }
      say(`compared${data.group ?? ""}`, { points: data.points, extent: data.extent, markers: data.markers, palettes: data.palettes });
    },
  };
}

function createCell({ parentElement: root, data: { group = "" } }) {
  const canvas = element("canvas", { role: "img" });
  const body = element("div", { class: "cell" }, canvas);
  root.append(body);
  const picture = element("canvas", { width: PIXELS, height: PIXELS });
  let base = null, content = null, fields = null, size = 0, asked = 0;
  function draw() {
    const side = body.clientWidth;
    if (!base || !content || !side) return;
    const palette = base.palettes[themeOf(root.host ?? root)];
    const context = fit(canvas, side, side);
    context.fillStyle = palette.neutral;
    context.fillRect(0, 0, side, side);
    if (fields) {
      const big = fields.map((field) => enlarge(field, size, PIXELS));
      const image = big.length > 1
        ? mixImage(big, PIXELS, palette.areas.map(channels), channels(palette.neutral))
        : colourImage(big[0], PIXELS, tableOf(content.kind === "probability" ? palette.probability : palette.uncertainty));
      picture.getContext("2d").putImageData(image, 0, 0);
      context.imageSmoothingQuality = "high";
      context.drawImage(picture, 0, 0, side, side);
    }
    points(context, side, palette);
    if (fields) body.dataset.painted = content.step;
  }
  function points(context, side, palette) {
    const [x0, x1, y0, y1] = base.extent;
    const { x, y, label, held } = base.points;
    const radius = Math.max(1.3, side / 160) * Math.max(0.75, Math.min(1.3, Math.sqrt(400 / x.length)));
    for (let i = 0; i < x.length; i++) {
      if (held[i]) continue;
      markerPath(context, base.markers[label[i]], ((x[i] - x0) / (x1 - x0)) * side, ((y1 - y[i]) / (y1 - y0)) * side, radius);
      context.lineWidth = 0.8;
      context.strokeStyle = palette.halo;
      context.stroke();
      context.fillStyle = palette.classes[label[i]];
      context.fill();
    }
  }
  const deaf = listen(`compared${group}`, (detail) => { base = detail; draw(); });
  const observer = new ResizeObserver(draw);
  observer.observe(body);
  return {
    async update({ data }) {
      content = data;
      canvas.setAttribute("aria-label", data.alt);
      const mine = ++asked;
      const array = data.map ? await unpack(data.map) : null;
      if (mine !== asked) return;
      size = array ? array.shape[1] : 0;
      fields = array ? Array.from({ length: array.shape[0] }, (_, i) => part(array, i).values) : null;
      draw();
    },
    destroy() { observer.disconnect(); deaf(); },
  };
}

export default function (component) {
  return mount(component, component.data.legend ? createLegend : createCell);
}
