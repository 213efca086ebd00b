// Painting of the map on its canvas: colours, level lines, points, cross-hairs and axes. It reads `state`, which
// map.js keeps, and changes nothing in it.

const WIDE = 280; // pixels across which a field is computed; the canvas scales that smoothly
const MARGIN = { left: 40, right: 8, top: 8, bottom: 34 };

function createPainter(plot, state) {
  const picture = element("canvas");
  picture.width = picture.height = WIDE;
  let size = { width: 0, height: 0 }, painted = 0;
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
    if (target.only !== undefined) return colourImage(big[0], WIDE, tintTable(channels(palette.neutral), channels(palette.areas[target.only])));
    if (big.length > 1) return mixImage(big, WIDE, palette.areas.map(channels), channels(palette.neutral));
    return colourImage(big[0], WIDE, target.diverging ? palette.probabilityTable : palette.uncertaintyTable);
  }
  function boundaries(target) {
    const big = target.contour.map((field) => enlarge(settled(field, target.size), target.size, WIDE));
    if (big.length <= 1) return big.map((field) => levelLine(field, WIDE, 127.5));
    return leads(big).map((lead) => levelLine(lead, WIDE, 0));
  }
  // `marks` are the cross-hairs: [{point, strong}, ...].
  function paint(target, marks) {
    if (!state.data || !size.width) return;
    const context = fit(plot, size.width, size.height);
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
    for (const { point, strong } of marks) crosshair(context, toPixel(point.x, point.y), state.palette, strong);
    context.restore();
    axes(context);
    plot.parentElement.dataset.painted = String(++painted);
  }
  // Hundreds of outlined markers take longer to draw than the map under them: they are drawn once and kept.
  const layer = element("canvas");
  let layerFor = null;
  function pointLayer() {
    const wanted = [state.painted ?? state.data.points, state.palette, size.width, size.height, state.hidden.training, state.hidden.held];
    if (!layerFor || wanted.some((value, i) => value !== layerFor[i])) {
      layerFor = wanted;
      const context = fit(layer, size.width, size.height);
      context.clearRect(0, 0, size.width, size.height);
      points(context);
    }
    return layer;
  }
  function points(context) {
    const { x, y, label, held } = state.painted ?? state.data.points;
    const palette = state.palette;
    const radius = Math.max(2.2, Math.min(4.2, plotWidth() / 150)) * Math.max(0.75, Math.min(1.3, Math.sqrt(700 / x.length)));
    context.lineWidth = 1.1;
    context.strokeStyle = palette.text;
    context.beginPath();
    for (const [a, b] of state.data.ood) {
      const [px, py] = toPixel(a, b);
      context.moveTo(px - 2.5, py - 2.5);
      context.lineTo(px + 2.5, py + 2.5);
      context.moveTo(px - 2.5, py + 2.5);
      context.lineTo(px + 2.5, py - 2.5);
    }
    context.stroke();
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
  function axes(context) {
    const [x0, x1, y0, y1] = state.data.extent;
    const palette = state.palette;
    const bottom = size.height - MARGIN.bottom;
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.strokeRect(MARGIN.left + 0.5, MARGIN.top + 0.5, plotWidth() - 1, plotHeight() - 1);
    context.fillStyle = palette.muted;
    context.font = fontOf(plot, 11);
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
    context.font = fontOf(plot, 12, 600);
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
  // The small pictures of the views, unsmoothed.
  function thumbnail(canvas, target) {
    const palette = state.palette;
    canvas.width = canvas.height = target.size;
    const image = target.only !== undefined
      ? colourImage(target.fields[0], target.size, tintTable(channels(palette.neutral), channels(palette.areas[target.only])))
      : target.fields.length > 1
      ? mixImage(target.fields, target.size, palette.areas.map(channels), channels(palette.neutral))
      : colourImage(target.fields[0], target.size, target.diverging ? palette.probabilityTable : palette.uncertaintyTable);
    canvas.getContext("2d").putImageData(image, 0, 0);
  }
  // The data's point under the pointer, null outside the axes.
  function inside(event) {
    const box = plot.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    if (px < MARGIN.left || px > size.width - MARGIN.right || py < MARGIN.top || py > size.height - MARGIN.bottom) return null;
    return toData(px, py);
  }
  // True if that is a new size.
  function resize(width, height) {
    if (!width || (width === size.width && height === size.height)) return false;
    size = { width, height };
    return true;
  }
  return { paint, thumbnail, inside, resize, toPixel };
}
