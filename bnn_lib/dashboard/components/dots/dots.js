// A quantile dot plot: twenty dots, each a twentieth of the networks, along the probability that they state.

const [HIGH, AXIS] = [148, 34]; // pixels: all, and what the axis takes of them

function createDots(component) {
  const root = component.parentElement;
  const canvas = element("canvas", { role: "img" });
  const body = element("div", { class: "dots" }, canvas);
  root.append(body);
  let data = null, palette = null, width = 0;

  function draw() {
    if (!data || !width) return;
    const context = fit(canvas, width, HIGH);
    const [left, right, floor] = [8, width - 8, HIGH - AXIS];
    const x = (p) => left + p * (right - left);
    const tallest = Math.max(8, ...data.height);
    const pitch = Math.min((right - left) / data.columns, (floor - 4) / tallest);
    const radius = Math.max(1.6, Math.min(6, 0.43 * pitch));
    context.clearRect(0, 0, width, HIGH);
    context.strokeStyle = palette.line;
    context.beginPath();
    context.moveTo(left, floor + 0.5);
    context.lineTo(right, floor + 0.5);
    context.stroke();
    context.strokeStyle = palette.muted;
    context.setLineDash([2, 3]);
    context.beginPath();
    context.moveTo(x(0.5), 2);
    context.lineTo(x(0.5), floor);
    context.stroke();
    context.setLineDash([]);
    data.position.forEach((p, i) => {
      const code = p > 0.5 ? 1 : 0;
      markerPath(context, data.markers[code], x(p), floor - pitch * (data.height[i] - 0.5) - 1, radius);
      context.fillStyle = palette.classes[data.colours[code]];
      context.fill();
    });
    context.fillStyle = palette.muted;
    context.font = fontOf(canvas, 11);
    context.textBaseline = "top";
    for (const [p, text, align] of [[0, "0", "left"], [0.5, "0.5", "center"], [1, "1", "right"]]) {
      context.textAlign = align;
      context.fillText(text, x(p), floor + 5);
    }
    context.textAlign = "center";
    context.fillText(data.label, x(0.5), floor + 19);
  }
  const observer = new ResizeObserver(() => { width = body.clientWidth; draw(); });
  observer.observe(body);
  return {
    update(next) {
      data = next.data;
      palette = data.palettes[themeOf(root.host ?? root)];
      canvas.setAttribute("aria-label", data.alt);
      draw();
    },
    destroy() { observer.disconnect(); },
  };
}

export default function (component) {
  return mount(component, createDots);
}
