// The network itself: each unit as a small map of its posterior mean, each weight as a line.
// Thickness is the mean's size, hue its sign; dashes and fading say that the posterior has not settled it.

const TILE_EDGE = 2;

function createNetwork(component) {
  const root = component.parentElement;
  const svg = svgElement("svg", { role: "group" });
  const note = element("p", { class: "note" });
  const list = element("div", { class: "aloud" }); // the lines of the picture, for who cannot see or point at them
  const body = element("section", { class: "network", "aria-label": "The network" }, element("div", { class: "stage" }, svg), note, list);
  root.append(body);
  const stage = body.firstChild;
  let data = null, palette = null, table = null, units = null, decoded = null, width = 0;

  function picture(values, size) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    canvas.getContext("2d").putImageData(colourImage(values, size, table), 0, 0);
    return canvas.toDataURL();
  }
  function ramp(across) {
    const size = 16, values = new Uint8Array(size * size);
    for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) values[y * size + x] = Math.round(((across ? x : y) / (size - 1)) * 255);
    return { values, size };
  }
  // Columns: inputs, hidden layers, outputs; each a list of {name, tile, more}.
  function columns() {
    const known = data.result && decoded === data.result.key ? units : null;
    return [
      data.inputs.map((name, i) => ({ name, tile: data.inputs.length === 2 ? ramp(i === 0) : null })),
      ...data.hidden.map((layer, l) => layer.shown.map((unit, i) => {
        const array = known?.[l] ? part(known[l], i) : null;
        return { name: `Layer ${l + 1}, unit ${unit + 1}`, tile: array ? { values: array.values, size: array.shape[0] } : null, from: [l, i] };
      })),
      data.outputs.map((name) => ({ name, tile: null, output: true })),
    ];
  }
  function draw() {
    if (!data || !width) return;
    svg.replaceChildren();
    const all = columns();
    const most = Math.max(...all.map((column) => column.length));
    const gap = width / all.length;
    const room = Math.max(214, Math.min(330, 0.32 * window.innerHeight - 16));
    const tile = Math.max(18, Math.min(52, Math.floor(room / most) - 8, gap - 24));
    const pitch = Math.min(tile + 18, Math.max(tile + 6, room / most));
    // Inputs and outputs have their names under them, so they stand further apart.
    const apart = all.map((column, c) => Math.max(pitch, c === 0 || c === all.length - 1 ? tile + (column.length > 5 ? 17 : 24) : 0));
    const height = Math.max(room - 20, ...all.map((column, c) => column.length * apart[c] + 34));
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    const middle = (height - 22) / 2;
    const place = all.map((column, c) => column.map((_, i) => [gap * (c + 0.5), middle + (i - (column.length - 1) / 2) * apart[c]]));
    const edges = svgElement("g"), tiles = svgElement("g");
    svg.append(edges, tiles);
    for (let c = 0; c + 1 < all.length; c++) {
      const weights = data.result?.weights?.[c];
      const top = weights ? Math.max(1e-9, ...weights.mean.flat().map(Math.abs)) : 1;
      all[c + 1].forEach((to, j) => all[c].forEach((from, i) => {
        const [x0, y0] = place[c][i], [x1, y1] = place[c + 1][j];
        const [a, b] = [x0 + tile / 2, x1 - tile / 2], bend = (b - a) * 0.45;
        const path = svgElement("path", { d: `M${a},${y0}C${a + bend},${y0} ${b - bend},${y1} ${b},${y1}`, fill: "none", class: "edge" });
        const mean = weights?.mean[j]?.[i], sd = weights?.sd[j]?.[i];
        if (mean === undefined) path.setAttribute("style", `stroke:${palette.line};stroke-width:1`);
        else {
          const doubt = sd / (Math.abs(mean) + 1e-9); // above 1 even the sign is open
          const colour = mean < 0 ? palette.areas[0] : palette.areas[1];
          const fade = Math.max(0.22, Math.min(1, 1.15 - 0.55 * doubt));
          path.setAttribute("style", `stroke:${colour};stroke-width:${(0.7 + 5.3 * (Math.abs(mean) / top)).toFixed(2)};stroke-opacity:${fade.toFixed(2)}` +
            (doubt > 1 ? ";stroke-dasharray:2 4" : doubt > 0.5 ? ";stroke-dasharray:7 4" : ""));
          path.append(titled(`${from.name} to ${to.name}: ${number(mean)} ± ${number(sd)}`));
        }
        edges.append(path);
      }));
    }
    all.forEach((column, c) => {
      column.forEach((unit, i) => {
        const [x, y] = place[c][i];
        const group = svgElement("g", { class: "unit", transform: `translate(${x - tile / 2},${y - tile / 2})` });
        group.append(svgElement("rect", { width: tile, height: tile, rx: unit.output ? tile / 2 : 5,
          style: `fill:${unit.output ? palette.surface : palette.neutral};stroke:${unit.output ? palette.text : palette.line};stroke-width:${unit.output ? 1.6 : 1}` }));
        if (unit.tile) {
          const clip = `inset(${TILE_EDGE}px round 4px)`;
          group.append(svgElement("image", { href: picture(unit.tile.values, unit.tile.size), width: tile, height: tile, preserveAspectRatio: "none", style: `clip-path:${clip}` }));
        }
        group.append(titled(unit.name));
        if (unit.from && unit.tile) {
          group.classList.add("live");
          const tell = () => say("unit", { tile: data.result.tiles[unit.from[0]][unit.from[1]], title: `${unit.name}: its posterior mean activation` });
          group.addEventListener("pointerenter", tell);
          group.addEventListener("pointerleave", () => say("unit", null));
          group.setAttribute("tabindex", "0");
          group.setAttribute("role", "img");
          group.setAttribute("aria-label", unit.name);
          group.addEventListener("focus", tell);
          group.addEventListener("blur", () => say("unit", null));
        }
        tiles.append(group);
        if (c === 0 || unit.output) tiles.append(label(unit.name, x, y + tile / 2 + 12, gap - 4));
      });
      const layer = data.hidden[c - 1];
      if (layer && layer.more) tiles.append(label(`+${layer.more} more`, gap * (c + 0.5), height - 6, gap));
    });
    const count = data.hidden.length;
    svg.setAttribute("aria-label", `Network with ${data.inputs.length} inputs, ${count} hidden layer${count === 1 ? "" : "s"}` +
      `${count ? ` of ${data.hidden.map((layer) => layer.shown.length + layer.more).join(", ")} units` : ""} and ${data.outputs.length} output${data.outputs.length === 1 ? "" : "s"}.`);
    list.replaceChildren(...(data.result?.weights ?? []).map((weights, c) => weightTable(weights, all[c], all[c + 1], c)));
    note.replaceChildren(...(data.result
      ? [key("thick"), "large", key("minus"), "negative", key("plus"), "positive", key("dash"), "uncertain, even in sign"]
      : ["Fit to see what each unit learns."]));
  }
  function weightTable({ mean, sd }, from, to, c) {
    const cell = (tag, text, scope) => element(tag, { text, scope });
    return element("table", {},
      element("caption", { text: `Weights into ${c + 1 < data.hidden.length + 1 ? `hidden layer ${c + 1}` : "the output"}: posterior mean ± standard deviation` }),
      element("thead", {}, element("tr", {}, element("td"), ...from.map((unit) => cell("th", unit.name, "col")))),
      element("tbody", {}, ...to.map((unit, j) => element("tr", {}, cell("th", unit.name, "row"),
        ...from.map((_, i) => cell("td", `${number(mean[j][i])} ± ${number(sd[j][i])}`))))));
  }
  function key(kind) {
    const style = { thick: [palette.muted, 5, ""], minus: [palette.areas[0], 3, ""], plus: [palette.areas[1], 3, ""], dash: [palette.muted, 2, "2 4"] }[kind];
    const icon = svgElement("svg", { viewBox: "0 0 22 8", class: "key", "aria-hidden": "true" });
    icon.append(svgElement("path", { d: "M1 4H21", style: `stroke:${style[0]};stroke-width:${style[1]};stroke-dasharray:${style[2]}` }));
    return icon;
  }
  function titled(text) {
    const node = svgElement("title");
    node.textContent = text;
    return node;
  }
  function label(text, x, y, room) {
    const most = Math.max(4, Math.floor(room / 6.2));
    const node = svgElement("text", { x, y, "text-anchor": "middle", class: "label" });
    node.textContent = text.length > most ? `${text.slice(0, most - 1)}…` : text;
    if (text.length > most) node.append(titled(text));
    return node;
  }
  const observer = new ResizeObserver(() => {
    if (stage.clientWidth && stage.clientWidth !== width) { width = stage.clientWidth; draw(); }
  });
  observer.observe(stage);

  return {
    async update(next) {
      data = next.data;
      palette = data.palettes[themeOf(root.host ?? root)];
      table = tableOf(palette.probability);
      for (const name of ["text", "muted", "line", "surface", "accent", "neutral"]) body.style.setProperty(`--${name}`, palette[name]);
      draw();
      if (!data.result || decoded === data.result.key) return;
      const key = data.result.key;
      const arrays = await Promise.all(data.result.tiles.map(async (layer) => {
        const tiles = await Promise.all(layer.map(unpack));
        return { shape: [tiles.length, ...(tiles[0]?.shape ?? [])], values: Uint8Array.from(tiles.flatMap((t) => [...t.values])) };
      }));
      if (data.result?.key !== key) return;
      units = arrays;
      decoded = key;
      draw();
    },
    destroy() { observer.disconnect(); },
  };
}

export default function (component) {
  return mount(component, createNetwork);
}
