// One method's curve on the compare page. What all cells share (points, ranges, colours) one of them, the legend,
// says to the others, so that what is sent several times a second stays small.
const WIDE = 1.25; // width over height

function createCurveLegend({ parentElement: root }) {
  const key = (kind, text) => element("span", { class: `key ${kind}` }, element("i", { "aria-hidden": "true" }), text);
  const body = element("div", { class: "legend" },
    key("ignorance", "ignorance: where the curve may be"), key("noise", "noise: where points fall around it"), key("truth", "truth"));
  root.append(body);
  return {
    update({ data }) {
      const palette = data.palettes[themeOf(root.host ?? root)];
      for (const name of ["muted", "doubt"]) body.style.setProperty(`--${name}`, palette[name]);
      body.style.setProperty("--truth", palette.classes[1]);
      body.querySelector(".truth").hidden = !data.truth;
      say(`comparedCurves${data.group ?? ""}`, data);
    },
  };
}

function createCurveCell({ parentElement: root, data: { group = "" } }) {
  const canvas = element("canvas", { role: "img" });
  const body = element("div", { class: "cell" }, canvas);
  root.append(body);
  const state = { data: null, palette: null, view: "bands", draw: 0, hidden: { training: false, held: true, truth: false } };
  const painter = createCurvePainter(canvas, element("canvas"), state); // the strip is not shown: its scale differs
  let rows = null, content = null, asked = 0;
  function draw() {
    const side = body.clientWidth;
    if (!state.data || !content || !side) return;
    const theme = themeOf(root.host ?? root);
    if (state.palette?.theme !== theme) state.palette = { theme, ...state.data.palettes[theme] };
    painter.resize(side, Math.round(side / WIDE));
    const [x0, x1] = state.data.extent;
    painter.paint(rows && readCurves(rows, spaced(x0, x1, rows.shape[1])), null, null);
    if (rows) body.dataset.painted = content.step;
  }
  const deaf = listen(`comparedCurves${group}`, (detail) => { state.data = detail; state.palette = null; draw(); });
  const observer = new ResizeObserver(draw);
  observer.observe(body);
  return {
    async update({ data }) {
      content = data;
      canvas.setAttribute("aria-label", data.alt);
      const mine = ++asked;
      const found = data.rows ? await unpackRows(data.rows) : null;
      if (mine !== asked) return;
      rows = found;
      draw();
    },
    destroy() { observer.disconnect(); deaf(); },
  };
}

export default function (component) {
  return mount(component, component.data.legend ? createCurveLegend : createCurveCell);
}
