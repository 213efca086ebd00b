// Put in front of every component's script: decoding, colours, drawing helpers, and the line between components.
// A component's function runs anew at each change of its data or of the theme, on the same parent element.

const SVG = "http://www.w3.org/2000/svg";
const reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

// Components talk through events on the document; what was said last is kept for those that arrive later.
const LAST = (window.__bnnPlayground ??= {});
function say(name, detail) {
  LAST[name] = detail;
  document.dispatchEvent(new CustomEvent(`bnn:${name}`, { detail }));
}
function listen(name, handler) {
  const wrapped = (event) => handler(event.detail);
  document.addEventListener(`bnn:${name}`, wrapped);
  if (LAST[name] !== undefined) handler(LAST[name]);
  return () => document.removeEventListener(`bnn:${name}`, wrapped);
}

// One instance a parent element: `create` at the first call, `update` at every call but those that were overtaken.
// Streamlit (1.67) may make an older call after a newer one, while the script is being loaded; it then ends the older
// one at once, before any timer. Else it ends a call only when the component leaves the page.
const instances = new WeakMap();
function mount(component, create) {
  const parent = component.parentElement;
  let ended = false;
  setTimeout(() => {
    if (ended) return;
    if (!instances.has(parent)) instances.set(parent, create(component));
    instances.get(parent).update(component);
  });
  return () => {
    ended = true;
    setTimeout(() => {
      if (parent.isConnected) return;
      instances.get(parent)?.destroy?.();
      instances.delete(parent);
    });
  };
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}
function svgElement(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// --- arrays -------------------------------------------------------------------------------------------------
function fromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
// {shape, data}: uint8, each row stored as differences between neighbours, deflated, base64 (payload.py packs it).
async function unpack(packed) {
  const stream = new Blob([fromBase64(packed.data)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const values = new Uint8Array(await new Response(stream).arrayBuffer());
  const width = packed.shape[packed.shape.length - 1];
  for (let i = 0; i < values.length; i++) if (i % width) values[i] += values[i - 1];
  return { shape: packed.shape, values };
}
// {shape, low, high, data}: each row 16-bit numbers between its own low and high, packed likewise -> Float32Array.
async function unpackRows(packed) {
  const stream = new Blob([fromBase64(packed.data)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const whole = new Uint16Array(await new Response(stream).arrayBuffer());
  const width = packed.shape[packed.shape.length - 1];
  const values = new Float32Array(whole.length);
  for (let row = 0, i = 0; i < whole.length; row++) {
    const [low, unit] = [packed.low[row], (packed.high[row] - packed.low[row]) / 65535];
    for (let k = 0, at = 0; k < width; k++, i++) {
      at = (at + whole[i]) & 65535;
      values[i] = low + unit * at;
    }
  }
  return { shape: packed.shape, values };
}
function part(array, ...index) {
  let { shape, values } = array;
  for (const i of index) {
    const size = values.length / shape[0];
    values = values.subarray(i * size, (i + 1) * size);
    shape = shape.slice(1);
  }
  return { shape, values };
}

// --- theme --------------------------------------------------------------------------------------------------
function themeOf(node) {
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(node).getPropertyValue("--st-background-color").trim() || "#ffffff";
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(probe.fillStyle.slice(i, i + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
}
function fontOf(node, size, weight = 400) {
  const family = getComputedStyle(node).getPropertyValue("--st-font").trim() || "sans-serif";
  return `${weight} ${size}px ${family}`;
}
function channels(colour) {
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
}

// --- canvas -------------------------------------------------------------------------------------------------
// A class's shape as a character, for words beside the picture.
const GLYPHS = { circle: "●", square: "■", triangle: "▲", diamond: "◆", cross: "✚" };

function fit(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++)
    found.push({ value: i * step, label: (i * step + 0).toFixed(digits).replace("-", "−") });
  return found;
}
function number(value, digits = 2) {
  return value.toFixed(digits).replace("-", "−");
}
// Marker shapes tell the classes apart without colour; areas are about equal.
function markerPath(context, shape, x, y, r) {
  context.beginPath();
  if (shape === "square") context.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r);
  else if (shape === "triangle") {
    context.moveTo(x, y - 1.25 * r);
    context.lineTo(x + 1.15 * r, y + 0.85 * r);
    context.lineTo(x - 1.15 * r, y + 0.85 * r);
    context.closePath();
  } else if (shape === "diamond") {
    context.moveTo(x, y - 1.3 * r);
    context.lineTo(x + 1.3 * r, y);
    context.lineTo(x, y + 1.3 * r);
    context.lineTo(x - 1.3 * r, y);
    context.closePath();
  } else if (shape === "cross") {
    const [a, b] = [1.25 * r, 0.45 * r]; // half of its length, and of an arm's width
    const corners = [[-b, -a], [b, -a], [b, -b], [a, -b], [a, b], [b, b], [b, a], [-b, a], [-b, b], [-a, b], [-a, -b], [-b, -b]];
    corners.forEach(([dx, dy], i) => (i ? context.lineTo(x + dx, y + dy) : context.moveTo(x + dx, y + dy)));
    context.closePath();
  } else context.arc(x, y, r, 0, 2 * Math.PI);
}
