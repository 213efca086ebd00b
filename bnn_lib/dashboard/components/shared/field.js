// Fields of numbers 0..255 on a square grid: smooth enlargement, colour, and level lines.

// Catmull-Rom weights that take `size` nodes to `wide` pixels, the first and last nodes at the edges.
const cubicCache = new Map();
function cubic(size, wide) {
  const name = `${size}:${wide}`;
  if (!cubicCache.has(name)) {
    const weights = new Float32Array(4 * wide);
    const nodes = new Int32Array(4 * wide);
    for (let i = 0; i < wide; i++) {
      const at = (i * (size - 1)) / (wide - 1);
      const first = Math.min(Math.floor(at), size - 2);
      const t = at - first;
      const w = [-0.5 * t + t * t - 0.5 * t ** 3, 1 - 2.5 * t * t + 1.5 * t ** 3,
        0.5 * t + 2 * t * t - 1.5 * t ** 3, -0.5 * t * t + 0.5 * t ** 3];
      for (let k = 0; k < 4; k++) {
        weights[4 * i + k] = w[k];
        nodes[4 * i + k] = Math.max(0, Math.min(size - 1, first - 1 + k));
      }
    }
    cubicCache.set(name, { weights, nodes });
  }
  return cubicCache.get(name);
}
// (size, size) -> (wide, wide), row 0 the lowest y; float values.
function enlarge(values, size, wide) {
  const { weights, nodes } = cubic(size, wide);
  const across = new Float32Array(size * wide);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < wide; x++) {
      const k = 4 * x;
      const row = y * size;
      across[y * wide + x] = weights[k] * values[row + nodes[k]] + weights[k + 1] * values[row + nodes[k + 1]] +
        weights[k + 2] * values[row + nodes[k + 2]] + weights[k + 3] * values[row + nodes[k + 3]];
    }
  const out = new Float32Array(wide * wide);
  for (let y = 0; y < wide; y++) {
    const k = 4 * y;
    const [a, b, c, d] = [0, 1, 2, 3].map((i) => nodes[k + i] * wide);
    const [wa, wb, wc, wd] = [weights[k], weights[k + 1], weights[k + 2], weights[k + 3]];
    for (let x = 0; x < wide; x++)
      out[y * wide + x] = wa * across[a + x] + wb * across[b + x] + wc * across[c + x] + wd * across[d + x];
  }
  return out;
}
// Colour (wide, wide) values by a table of 256 colours into an image, y upwards.
function colourImage(values, wide, table) {
  const image = new ImageData(wide, wide);
  const pixels = new Uint32Array(image.data.buffer);
  for (let y = 0; y < wide; y++) {
    const target = (wide - 1 - y) * wide;
    for (let x = 0; x < wide; x++) {
      const v = values[y * wide + x];
      pixels[target + x] = table[v < 0 ? 0 : v > 255 ? 255 : (v + 0.5) | 0];
    }
  }
  return image;
}
// Three classes and more: the colour of the most likely class, faded to neutral where it is no more likely than the
// others. Colours are not mixed: a mixture of two classes would look like a third.
function mixImage(fields, wide, colours, neutral) {
  const image = new ImageData(wide, wide);
  const count = fields.length;
  for (let y = 0; y < wide; y++)
    for (let x = 0; x < wide; x++) {
      const at = y * wide + x;
      let sum = 0, top = 0, first = 0;
      for (let c = 0; c < count; c++) {
        const v = Math.max(0, fields[c][at]);
        sum += v;
        if (v > top) { top = v; first = c; }
      }
      const sure = Math.max(0, Math.min(1, (top / (sum || 1) - 1 / count) / (1 - 1 / count)));
      const to = 4 * ((wide - 1 - y) * wide + x);
      for (let k = 0; k < 3; k++) image.data[to + k] = neutral[k] + sure * (colours[first][k] - neutral[k]);
      image.data[to + 3] = 255;
    }
  return image;
}
function tableOf(base64) {
  const bytes = fromBase64(base64);
  const table = new Uint32Array(bytes.length / 3);
  for (let i = 0; i < table.length; i++)
    table[i] = (255 << 24) | (bytes[3 * i + 2] << 16) | (bytes[3 * i + 1] << 8) | bytes[3 * i];
  return table;
}
// From one colour to another in 256 steps.
function tintTable(from, to) {
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const [r, g, b] = from.map((v, k) => Math.round(v + (i / 255) * (to[k] - v)));
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}
// For each of several fields how far it is above the largest of the others.
function leads(fields) {
  const count = fields.length, length = fields[0].length;
  const out = fields.map(() => new Float32Array(length));
  for (let i = 0; i < length; i++) {
    let first = -Infinity, second = -Infinity, best = 0;
    for (let c = 0; c < count; c++) {
      const v = fields[c][i];
      if (v > first) { second = first; first = v; best = c; }
      else if (v > second) second = v;
    }
    for (let c = 0; c < count; c++) out[c][i] = fields[c][i] - (c === best ? second : first);
  }
  return out;
}
// From one field to another, `share` 0..1 of the way.
function between(from, to, share) {
  const out = new Float32Array(to.length);
  for (let i = 0; i < out.length; i++) out[i] = from[i] + share * (to[i] - from[i]);
  return out;
}
// The value at a place, 0..1 across and up; outside the edge counts.
function bilinear(values, size, across, up) {
  const fx = Math.max(0, Math.min(1, across)) * (size - 1), fy = Math.max(0, Math.min(1, up)) * (size - 1);
  const ix = Math.min(size - 2, Math.floor(fx)), iy = Math.min(size - 2, Math.floor(fy));
  const tx = fx - ix, ty = fy - iy, k = iy * size + ix;
  return (1 - ty) * ((1 - tx) * values[k] + tx * values[k + 1]) + ty * ((1 - tx) * values[k + size] + tx * values[k + size + 1]);
}
// Bytes make stairs where a field is nearly flat, and its level line would shake: smooth it there, and only there.
const NEAR = 3;
const KERNEL = Float32Array.from({ length: (2 * NEAR + 1) ** 2 }, (_, i) => {
  const [dx, dy] = [(i % (2 * NEAR + 1)) - NEAR, Math.floor(i / (2 * NEAR + 1)) - NEAR];
  return Math.exp(-0.25 * (dx * dx + dy * dy));
});
function settled(values, size) {
  const out = Float32Array.from(values);
  for (let y = 1; y + 1 < size; y++)
    for (let x = 1; x + 1 < size; x++) {
      const i = y * size + x;
      const v = values[i];
      const slope = Math.max(Math.abs(values[i - 1] - v), Math.abs(values[i + 1] - v), Math.abs(values[i - size] - v), Math.abs(values[i + size] - v));
      if (slope > 6) continue;
      let sum = 0, count = 0;
      const [left, right] = [Math.max(0, x - NEAR), Math.min(size - 1, x + NEAR)];
      for (let row = Math.max(0, y - NEAR); row <= Math.min(size - 1, y + NEAR); row++) {
        const kernelRow = (row - y + NEAR) * (2 * NEAR + 1) + NEAR - x;
        for (let column = left; column <= right; column++) {
          const weight = KERNEL[kernelRow + column];
          sum += weight * values[row * size + column];
          count += weight;
        }
      }
      out[i] += (1 - slope / 6) * (sum / count - values[i]);
    }
  return out;
}
// Marching squares: line segments [x0, y0, x1, y1, ...] in pixels of the field where it crosses `level`.
function levelLine(values, wide, level, stride = 2) {
  const lines = [];
  const cross = (a, b) => (level - a) / (b - a);
  for (let y = 0; y + stride < wide; y += stride)
    for (let x = 0; x + stride < wide; x += stride) {
      const a = values[y * wide + x], b = values[y * wide + x + stride];
      const c = values[(y + stride) * wide + x + stride], d = values[(y + stride) * wide + x];
      const kind = (a > level) | ((b > level) << 1) | ((c > level) << 2) | ((d > level) << 3);
      if (kind === 0 || kind === 15) continue;
      const bottom = () => [x + stride * cross(a, b), y];
      const right = () => [x + stride, y + stride * cross(b, c)];
      const top = () => [x + stride * cross(d, c), y + stride];
      const left = () => [x, y + stride * cross(a, d)];
      const join = (p, q) => lines.push(...p(), ...q());
      if (kind === 1 || kind === 14) join(left, bottom);
      else if (kind === 2 || kind === 13) join(bottom, right);
      else if (kind === 3 || kind === 12) join(left, right);
      else if (kind === 4 || kind === 11) join(right, top);
      else if (kind === 6 || kind === 9) join(bottom, top);
      else if (kind === 7 || kind === 8) join(left, top);
      else if ((a + b + c + d) / 4 > level === (kind === 5)) { join(left, top); join(bottom, right); }
      else { join(left, bottom); join(right, top); }
    }
  return lines;
}

// A place that is looked at, over whatever is below.
function crosshair(context, [px, py], palette, strong) {
  for (const [width, stroke] of [[strong ? 5 : 3.5, palette.halo], [strong ? 2.2 : 1.2, palette.text]]) {
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
}
