// Functions of two inputs drawn from the prior: a grid of small maps, what they say together, and the values of all
// of them at a point that is clicked. New draws grow out of those before them.

const [MORPH, MANY, PIXELS, BARS, TALL] = [450, 12, 84, 20, 116];

function createFields(component) {
  const root = component.parentElement;
  const maps = element("div", { class: "maps", role: "group" });
  const sums = element("div", { class: "sums" });
  const bars = element("canvas", { role: "img" });
  const ramp = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const [low, high] = [element("span"), element("span")];
  const [title, heading, pointed] = [element("h2"), element("h2", { text: "What all of them say together" }), element("h2")];
  const notice = element("div", { class: "notice", role: "status", hidden: "" });
  const says = element("p", { class: "says" });
  const lefthand = element("div", {}, title, maps, element("div", { class: "legend" }, low, ramp, high));
  const righthand = element("div", {}, heading, sums, pointed, bars, says);
  const body = element("section", { class: "fields" }, element("div", { class: "both" }, lefthand, righthand), notice);
  root.append(body);
  const picture = element("canvas", { width: PIXELS, height: PIXELS });
  let data = null, palette = null, key = null, asked = 0, from = null, to = null, started = 0, frame = 0, pick = [0.72, 0.66];

  function canvasFor(parent, label) {
    const canvas = element("canvas", { tabindex: "0", role: "img", "aria-label": label });
    const choose = (across, up) => {
      pick = [across, up].map((v) => Math.max(0, Math.min(1, v)));
      draw(1);
    };
    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      choose((event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height);
    });
    canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!by) return;
      event.preventDefault();
      choose(pick[0] + by[0] / 27, pick[1] + by[1] / 27);
    });
    parent.append(canvas);
    return canvas;
  }
  const drawn = Array.from({ length: MANY }, (_, i) => canvasFor(maps, `Function ${i + 1}; click to choose a point`));
  const summed = ["mean", "total", "aleatoric", "epistemic"].map((name) => {
    const figure = element("figure");
    const canvas = canvasFor(figure, name);
    const caption = element("figcaption");
    figure.append(caption);
    sums.append(figure);
    return { name, canvas, caption };
  });

  function paint(canvas, values, size, table) {
    const side = canvas.clientWidth || 80, context = fit(canvas, side, side);
    canvas.style.width = canvas.style.height = "";
    picture.getContext("2d").putImageData(colourImage(enlarge(values, size, PIXELS), PIXELS, table), 0, 0);
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, side, side);
    context.lineWidth = 3;
    for (const colour of [palette.halo, palette.text]) {
      context.strokeStyle = colour;
      markerPath(context, "circle", pick[0] * side, (1 - pick[1]) * side, Math.max(3.5, side / 22));
      context.stroke();
      context.lineWidth = 1.4;
    }
  }
  function draw(t) {
    if (!to || !palette) return;
    const same = from && from.samples.values.length === to.samples.values.length;
    const glide = (a, b) => (t < 1 && same ? between(a, b, t) : b);
    const [colours, doubts] = [tableOf(palette.probability), tableOf(palette.uncertainty)];
    const size = to.size;
    drawn.forEach((canvas, s) => paint(canvas, glide(from && part(from.samples, s).values, part(to.samples, s).values), size, colours));
    summed.forEach(({ canvas }, i) =>
      paint(canvas, glide(from && part(from.sums, i).values, part(to.sums, i).values), size, i ? doubts : colours));
    if (t >= 1) point();
  }
  function point() {
    const size = to.size, count = to.samples.shape[0];
    const at = Array.from({ length: count }, (_, s) => bilinear(part(to.samples, s).values, size, pick[0], pick[1]) / 255);
    const counts = new Array(BARS).fill(0);
    for (const v of at) counts[Math.max(0, Math.min(BARS - 1, Math.floor(v * BARS)))] += 1;
    const wide = bars.parentElement.clientWidth, context = fit(bars, wide, TALL), floor = TALL - 18, most = Math.max(...counts);
    context.clearRect(0, 0, wide, TALL);
    const table = tableOf(palette.probability);
    counts.forEach((c, i) => {
      const v = table[Math.round(((i + 0.5) / BARS) * 255)];
      context.fillStyle = `rgb(${v & 255},${(v >> 8) & 255},${(v >> 16) & 255})`;
      context.strokeStyle = palette.muted;
      const [x, y, w, h] = [1 + (i / BARS) * (wide - 2), floor - (c / most) * (floor - 4), (wide - 2) / BARS - 2, (c / most) * (floor - 4)];
      context.fillRect(x, y, w, h);
      if (h > 1) context.strokeRect(x, y, w, h);
    });
    context.font = fontOf(bars, 11);
    context.fillStyle = palette.muted;
    context.textBaseline = "bottom";
    const { low: bottom, high: top, unit } = data.scale;
    [[bottom, 0, "left"], [(bottom + top) / 2, wide / 2, "center"], [top, wide, "right"]].forEach(([v, x, align]) => {
      context.textAlign = align;
      context.fillText(number(v, top < 5 ? 1 : 0), x, TALL);
    });
    const place = pick.map((v) => number(data.x[0] + v * (data.x[1] - data.x[0]), 1)).join(", ");
    pointed.textContent = `${unit} at (${place}), by ${count} networks`;
    const ends = at.filter((v) => v < 0.05 || v > 0.95).length, middle = at.reduce((a, b) => a + b, 0) / count;
    says.textContent = data.kind === "class"
      ? `${Math.round((100 * ends) / count)} % of the networks are sure (below 0.05 or above 0.95); together they say ${number(middle)}.`
      : `Together they say ${number(bottom + middle * (top - bottom))}.`;
    bars.setAttribute("aria-label", `${pointed.textContent}. ${says.textContent}`);
  }
  function animate(now) {
    const t = Math.min(1, (now - started) / MORPH);
    draw(t * t * (3 - 2 * t));
    frame = t < 1 ? requestAnimationFrame(animate) : 0;
  }
  const observer = new ResizeObserver(() => draw(1));
  observer.observe(body);
  return {
    async update(now) {
      data = now.data;
      palette = data.palettes[themeOf(root.host ?? root)];
      for (const name of ["text", "muted", "line", "surface", "accent"]) body.style.setProperty(`--${name}`, palette[name]);
      title.textContent = data.title;
      notice.textContent = data.notice ?? "";
      notice.hidden = !data.notice;
      body.classList.toggle("dim", Boolean(data.notice));
      if (!data.samples || data.key === key) return draw(1);
      const mine = ++asked;
      const [samples, parts] = await Promise.all([unpack(data.samples), unpack(data.sums)]);
      if (mine !== asked) return;
      key = data.key;
      from = to;
      to = { samples, sums: parts, size: samples.shape[1] };
      summed.forEach(({ name, caption, canvas }) => {
        caption.textContent = data.captions[name];
        canvas.setAttribute("aria-label", data.captions[name]);
      });
      const bar = new ImageData(256, 1);
      new Uint32Array(bar.data.buffer).set(tableOf(palette.probability));
      ramp.getContext("2d").putImageData(bar, 0, 0);
      low.textContent = number(data.scale.low, data.scale.high < 5 ? 1 : 0);
      high.textContent = `${number(data.scale.high, data.scale.high < 5 ? 1 : 0)} ${data.scale.unit.toLowerCase()}`;
      cancelAnimationFrame(frame);
      started = performance.now();
      if (!from || reducedMotion.matches || document.hidden) draw(1);
      else frame = requestAnimationFrame(animate);
      body.dataset.shown = key;
      body.dataset.at = String(Math.round(performance.timeOrigin + started));
    },
    destroy() {
      observer.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}

export default function (component) {
  return mount(component, createFields);
}
