// Drawing curves on two canvases that share the x axis: the plot, and below it what the spread is made of.

const PLOT = { left: 46, right: 12, top: 10, bottom: 20 };
const STRIP = { height: 84, top: 18, bottom: 34 };
const BANDS = 3; // 50, 80 and 95 %
const NOISE_ALPHA = [0.2, 0.2, 0.22], IGNORANCE_ALPHA = [0.26, 0.26, 0.3]; // from the widest in

// Rows of a frame, in payload.py's order: mean, 6 quantiles of outcomes, 6 of functions, two sds, single functions.
function readCurves(rows, x) {
  const [count, n] = rows.shape;
  const row = (i) => rows.values.subarray(i * n, (i + 1) * n);
  const some = (from, to) => Array.from({ length: to - from }, (_, i) => row(from + i));
  return { n, x, mean: row(0), outcome: some(1, 7), fun: some(7, 13), epistemic: row(13), aleatoric: row(14), draws: some(15, count) };
}
function spaced(from, to, n) {
  return Float64Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));
}
// The value of a row at x, between its points.
function along(curves, values, x) {
  const at = ((x - curves.x[0]) / (curves.x[curves.n - 1] - curves.x[0])) * (curves.n - 1);
  const i = Math.max(0, Math.min(curves.n - 2, Math.floor(at)));
  const t = Math.max(0, Math.min(1, at - i));
  return values[i] + t * (values[i + 1] - values[i]);
}

function createCurvePainter(plot, strip, state) {
  let size = { width: 0, height: 0 };
  const inner = () => size.width - PLOT.left - PLOT.right;
  const toX = (x) => PLOT.left + ((x - state.data.extent[0]) / (state.data.extent[1] - state.data.extent[0])) * inner();
  const toY = (y) => PLOT.top + ((state.data.extent[3] - y) / (state.data.extent[3] - state.data.extent[2])) * (size.height - PLOT.top - PLOT.bottom);
  const toPixel = (x, y) => [toX(x), toY(y)];
  const fromX = (px) => state.data.extent[0] + ((px - PLOT.left) / inner()) * (state.data.extent[1] - state.data.extent[0]);

  function line(context, xs, ys, y = toY) {
    context.beginPath();
    for (let i = 0; i < xs.length; i++) i ? context.lineTo(toX(xs[i]), y(ys[i])) : context.moveTo(toX(xs[i]), y(ys[i]));
  }
  function between(context, xs, low, high, y = toY) {
    line(context, xs, high, y);
    for (let i = xs.length - 1; i >= 0; i--) context.lineTo(toX(xs[i]), y(low[i]));
    context.closePath();
  }
  // Where there are no training rows: hatched, so that it is seen without colour.
  function emptiness(context, top, bottom) {
    const { palette } = state;
    for (const [from, to] of state.data.empty) {
      const [a, b] = [Math.max(PLOT.left, toX(from)), Math.min(size.width - PLOT.right, toX(to))];
      if (b - a < 2) continue;
      context.save();
      context.beginPath();
      context.rect(a, top, b - a, bottom - top);
      context.clip();
      context.strokeStyle = palette.line;
      context.globalAlpha = 0.55;
      context.lineWidth = 1;
      context.beginPath();
      for (let x = a - (bottom - top); x < b; x += 9) { context.moveTo(x, bottom); context.lineTo(x + (bottom - top), top); }
      context.stroke();
      context.restore();
    }
  }
  function bands(context, curves, alpha = 1) {
    const { palette } = state;
    for (const [rows, colour, alphas] of [[curves.outcome, palette.muted, NOISE_ALPHA], [curves.fun, palette.doubt, IGNORANCE_ALPHA]])
      for (let b = 0; b < BANDS; b++) {
        between(context, curves.x, rows[b], rows[rows.length - 1 - b]);
        context.fillStyle = colour;
        context.globalAlpha = alpha * alphas[b];
        context.fill();
      }
    context.globalAlpha = 1;
  }
  function meanLine(context, curves, alpha = 1) {
    line(context, curves.x, curves.mean);
    context.globalAlpha = alpha;
    context.strokeStyle = state.palette.surface;
    context.lineWidth = 4;
    context.stroke();
    context.strokeStyle = state.palette.text;
    context.lineWidth = 2;
    context.stroke();
    context.globalAlpha = 1;
  }
  function functions(context, curves, chosen, alpha) {
    context.strokeStyle = state.palette.doubt;
    context.lineJoin = "round";
    for (const i of chosen) {
      line(context, curves.x, curves.draws[i]);
      context.globalAlpha = alpha;
      context.stroke();
    }
    context.globalAlpha = 1;
  }
  function density(context, field) {
    const { values, shape } = field.density;
    const [m, n] = shape;
    const image = new ImageData(n, m);
    const pixels = new Uint32Array(image.data.buffer);
    for (let row = 0; row < m; row++)
      for (let i = 0; i < n; i++) pixels[(m - 1 - row) * n + i] = state.palette.uncertaintyTable[values[row * n + i]];
    const small = document.createElement("canvas");
    [small.width, small.height] = [n, m];
    small.getContext("2d").putImageData(image, 0, 0);
    const [low, high] = [field.outcomes[0], field.outcomes[m - 1]];
    const half = m > 1 ? (high - low) / (m - 1) / 2 : 0.5;
    context.imageSmoothingQuality = "high";
    context.drawImage(small, PLOT.left, toY(high + half), inner(), toY(low - half) - toY(high + half));
  }
  function points(context) {
    const { palette, data } = state;
    const { x, y, held } = state.painted ?? data.points;
    const radius = Math.max(1.8, Math.min(4, 4.4 - x.length / 400));
    for (const kind of [1, 0]) {
      if (state.hidden[kind ? "held" : "training"]) continue;
      for (let i = 0; i < x.length; i++) {
        if (held[i] !== kind) continue;
        context.beginPath();
        context.arc(toX(x[i]), toY(y[i]), radius, 0, 2 * Math.PI);
        context.fillStyle = kind ? palette.surface : palette.classes[0];
        context.strokeStyle = kind ? palette.classes[0] : palette.halo;
        context.lineWidth = kind ? 1.2 : 0.8;
        context.globalAlpha = kind ? 0.75 : 1;
        context.fill();
        context.stroke();
      }
    }
    context.globalAlpha = 1;
  }
  function truth(context) {
    if (state.hidden.truth || !state.data.truth) return;
    const { x, branches } = state.data.truth;
    context.strokeStyle = state.palette.classes[1];
    context.lineWidth = 1.6;
    context.setLineDash([2, 4]);
    for (const branch of branches) { line(context, x, branch); context.stroke(); }
    context.setLineDash([]);
  }
  function axes(context) {
    const { palette, data } = state;
    const [x0, x1, y0, y1] = data.extent;
    const bottom = size.height - PLOT.bottom;
    context.font = fontOf(plot, 11);
    context.fillStyle = palette.muted;
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const tick of ticks(y0, y1, size.height / 60)) {
      const y = Math.round(toY(tick.value)) + 0.5;
      if (y < PLOT.top || y > bottom) continue;
      context.globalAlpha = 0.6;
      context.beginPath(); context.moveTo(PLOT.left, y); context.lineTo(size.width - PLOT.right, y); context.stroke();
      context.globalAlpha = 1;
      context.fillText(tick.label, PLOT.left - 7, y);
    }
    context.save();
    context.translate(11, PLOT.top + (bottom - PLOT.top) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(data.names[1], 0, 0);
    context.restore();
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const [from, to] of data.empty) {
      const [a, b] = [Math.max(x0, from), Math.min(x1, to)];
      if (toX(b) - toX(a) > 56) context.fillText("no data", toX((a + b) / 2), bottom + 4);
    }
  }
  // The predictive density at x, as a shape that stands on its line.
  function slice(context, curves, field, x) {
    const { palette } = state;
    context.strokeStyle = palette.text;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath(); context.moveTo(toX(x), PLOT.top); context.lineTo(toX(x), size.height - PLOT.bottom); context.stroke();
    context.setLineDash([]);
    if (!field) return;
    const [m, n] = field.density.shape;
    const column = Math.max(0, Math.min(n - 1, Math.round(((x - field.x[0]) / (field.x[field.x.length - 1] - field.x[0])) * (n - 1))));
    const room = Math.min(110, inner() / 4), side = toX(x) + room > size.width - PLOT.right ? -1 : 1;
    context.beginPath();
    if (field.discrete)
      for (let row = 0; row < m; row++) {
        const y = toY(field.outcomes[row]), wide = (side * room * field.density.values[row * n + column]) / 255;
        context.rect(toX(x), y - 1.5, wide, 3);
      }
    else {
      context.moveTo(toX(x), toY(field.outcomes[0]));
      for (let row = 0; row < m; row++) context.lineTo(toX(x) + (side * room * field.density.values[row * n + column]) / 255, toY(field.outcomes[row]));
      context.lineTo(toX(x), toY(field.outcomes[m - 1]));
    }
    context.fillStyle = palette.accent;
    context.globalAlpha = 0.3;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = palette.accent;
    context.lineWidth = 1.5;
    context.stroke();
    context.beginPath();
    context.arc(toX(x), toY(along(curves, curves.mean, x)), 4, 0, 2 * Math.PI);
    context.fillStyle = palette.text;
    context.fill();
  }
  function paintPlot(curves, field, at) {
    const context = fit(plot, size.width, size.height);
    context.clearRect(0, 0, size.width, size.height);
    const bottom = size.height - PLOT.bottom;
    const { view, palette } = state;
    axes(context);
    context.save();
    context.beginPath();
    context.rect(PLOT.left, PLOT.top, inner(), bottom - PLOT.top);
    context.clip();
    if (curves && view === "density" && field) density(context, field);
    emptiness(context, PLOT.top, bottom);
    if (curves && view === "bands") bands(context, curves);
    if (curves && view === "functions") {
      bands(context, curves, 0.35);
      context.lineWidth = 1.1;
      functions(context, curves, curves.draws.keys(), curves.draws.length > 30 ? 0.35 : 0.7);
    }
    if (curves && view === "single") {
      bands(context, curves, 0.35);
      const now = state.draw % curves.draws.length;
      context.lineWidth = 1.2;
      functions(context, curves, [1, 2, 3].map((back) => (now - back + curves.draws.length) % curves.draws.length), 0.18);
      context.lineWidth = 2.6;
      functions(context, curves, [now], 1);
    }
    truth(context);
    if (curves) meanLine(context, curves, view === "bands" || view === "density" ? 1 : 0.35);
    points(context);
    if (curves && at !== null) slice(context, curves, field, at);
    if (state.mark) crosshair(context, toPixel(state.mark.x, state.mark.y), palette, false);
    context.restore();
  }
  // Height: standard deviation of a new point. Of its square, that share is ignorance which the lower part shows.
  function paintStrip(curves, at) {
    const { palette, data } = state;
    const context = fit(strip, size.width, STRIP.height);
    context.clearRect(0, 0, size.width, STRIP.height);
    const bottom = STRIP.height - STRIP.bottom;
    emptiness(context, STRIP.top, bottom);
    context.font = fontOf(strip, 11);
    context.fillStyle = palette.muted;
    context.textBaseline = "top";
    context.textAlign = "left";
    context.fillText("Spread of a new point (one sd): how much is ignorance, how much noise", PLOT.left, 2);
    const [x0, x1, y0, y1] = data.extent;
    context.strokeStyle = palette.line;
    context.beginPath(); context.moveTo(PLOT.left, bottom + 0.5); context.lineTo(size.width - PLOT.right, bottom + 0.5); context.stroke();
    context.textAlign = "center";
    for (const tick of ticks(x0, x1, size.width / 80)) context.fillText(tick.label, toX(tick.value), bottom + 4);
    context.fillText(data.names[0], PLOT.left + inner() / 2, bottom + 19);
    if (!curves) return;
    const total = curves.x.map ? Float64Array.from(curves.x, (_, i) => Math.hypot(curves.epistemic[i], curves.aleatoric[i])) : [];
    const share = Float64Array.from(total, (sd, i) => (sd ? curves.epistemic[i] ** 2 / sd : 0));
    const top = Math.min(Math.max(...total), (y1 - y0) / 2) || 1;
    const toSpread = (sd) => bottom - (Math.min(sd, top) / top) * (bottom - STRIP.top);
    const zero = new Float64Array(curves.n);
    for (const [low, high, colour, alpha] of [[share, total, palette.muted, 0.4], [zero, share, palette.doubt, 0.8]]) {
      between(context, curves.x, low, high, toSpread);
      context.fillStyle = colour;
      context.globalAlpha = alpha;
      context.fill();
    }
    context.globalAlpha = 1;
    context.fillStyle = palette.muted;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(number(top, top < 10 ? 2 : 0), PLOT.left - 7, STRIP.top + 3);
    context.fillText("0", PLOT.left - 7, bottom - 3);
    if (at !== null) {
      context.strokeStyle = palette.text;
      context.setLineDash([3, 3]);
      context.beginPath(); context.moveTo(toX(at), STRIP.top); context.lineTo(toX(at), bottom); context.stroke();
      context.setLineDash([]);
    }
  }
  return {
    paint(curves, field, at) {
      if (!state.data || !state.palette || !size.width) return;
      paintPlot(curves, field, at);
      paintStrip(curves, at);
      plot.dataset.painted = curves ? "yes" : "no";
    },
    // The x under the pointer, null outside the axes.
    inside(event, canvas) {
      const px = event.clientX - canvas.getBoundingClientRect().left;
      return px < PLOT.left || px > size.width - PLOT.right ? null : fromX(px);
    },
    // The point under the pointer on the plot, null outside the axes.
    pointAt(event) {
      const py = event.clientY - plot.getBoundingClientRect().top, height = size.height - PLOT.top - PLOT.bottom;
      const x = this.inside(event, plot), [, , y0, y1] = state.data.extent;
      return x === null || py < PLOT.top || py > PLOT.top + height ? null : { x, y: y1 - ((py - PLOT.top) / height) * (y1 - y0) };
    },
    toPixel,
    resize(width, height) {
      if (!width || (width === size.width && height === size.height)) return false;
      size = { width, height };
      return true;
    },
  };
}
