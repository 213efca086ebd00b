// What is around the map: the five views, the legend, the toggles and the read-out, as elements without a life.
// Their titles come with the data: Plotly's figures of the same maps have them too.

const VIEWS = [
  { name: "probability", label: "Probability" },
  { name: "total", label: "Total" },
  { name: "aleatoric", label: "Aleatoric" },
  { name: "epistemic", label: "Epistemic" },
  { name: "network", label: "One network" },
];
// What each view is, for whoever asks.
const MEANINGS = [
  ["Probability", "the mean over networks drawn from the posterior; the line is where two classes are equally likely."],
  ["Total", "entropy of that mean, in nats: 0 is certainty, ln C an even guess among C classes."],
  ["Aleatoric", "mean entropy of the single networks: the noise that they all see."],
  ["Epistemic", "the rest, total minus aleatoric: how much the networks disagree, for want of data."],
  ["One network", "what one of them says: each could be the truth."],
];

function buildMap(root, titles) {
  const thumbs = {}, buttons = {}, toggles = {};
  const views = element("div", { class: "views", role: "radiogroup", "aria-label": "What the map shows" });
  for (const view of VIEWS) {
    thumbs[view.name] = element("canvas", { "aria-hidden": "true" });
    buttons[view.name] = element("button", { type: "button", role: "radio", class: "view", "data-view": view.name, title: titles[view.name] },
      element("span", { class: "frame" }, thumbs[view.name]), element("span", { text: view.label }));
    views.append(buttons[view.name]);
  }
  const title = element("h2", { class: "title" });
  const meanings = element("dl", { class: "meanings", hidden: "", id: "meanings" });
  for (const [name, text] of MEANINGS) meanings.append(element("dt", { text: name }), element("dd", { text }));
  const ask = element("button", { type: "button", class: "ask", text: "?", "aria-label": "What the five views mean", "aria-expanded": "false",
    "aria-controls": "meanings" });
  const explain = (on) => {
    meanings.hidden = !on;
    ask.setAttribute("aria-expanded", String(on));
  };
  ask.addEventListener("click", () => explain(meanings.hidden));
  const plot = element("canvas", { class: "plot", tabindex: "0", role: "application", "aria-roledescription": "map" });
  const notice = element("div", { class: "notice", hidden: "" });
  const drawCount = element("span", { class: "count" });
  const next = element("button", { type: "button", text: "Next draw" });
  const play = element("button", { type: "button", text: "Play", "aria-pressed": "false" });
  const draws = element("div", { class: "draws", hidden: "" }, drawCount, next, play);
  const stage = element("div", { class: "stage" }, plot, notice, draws, meanings);
  const barCanvas = element("canvas", { "aria-hidden": "true" });
  const needle = element("i", { class: "needle", hidden: "" });
  const barLabels = element("div", { class: "labels" });
  const bar = element("div", { class: "bar" }, element("div", { class: "ramp" }, barCanvas, needle), barLabels);
  const icon = (filled) => {
    const svg = svgElement("svg", { viewBox: "0 0 26 12", "aria-hidden": "true", class: filled ? "solid" : "hollow" });
    svg.append(svgElement("circle", { cx: 6, cy: 6, r: 4, class: "a" }), svgElement("rect", { x: 16, y: 2.2, width: 7.6, height: 7.6, class: "b" }));
    return svg;
  };
  for (const [kind, label] of [["training", "training"], ["held", "held out"]])
    toggles[kind] = element("button", { type: "button", "aria-pressed": "true", class: "toggle", title: `Show or hide the ${label} points` },
      icon(kind === "training"), element("span", { text: label }), element("span", { class: "many" }));
  const where = element("span", { class: "where" });
  const numbers = element("span", { class: "numbers" });
  const splitNoise = element("i", { class: "noise" });
  const splitIgnorance = element("i", { class: "ignorance" });
  const split = element("span", { class: "split", hidden: "", "aria-hidden": "true" }, splitNoise, splitIgnorance);
  const spoken = element("div", { class: "spoken", "aria-live": "polite" });
  const tools = buildTools();
  const ood = element("span", { class: "ood", text: "× out of distribution", title: "Points that no fit sees: it should be unsure of them", hidden: "" });
  const body = element("section", { class: "map", "aria-label": "Map of the prediction" },
    element("div", { class: "head" }, title, ask),
    tools.body,
    element("div", { class: "middle" }, stage, views),
    element("div", { class: "under" }, bar, element("div", { class: "toggles" }, toggles.training, toggles.held, ood)),
    element("div", { class: "readout" }, where, numbers, split), spoken);
  body.addEventListener("keydown", (event) => { if (event.key === "Escape") explain(false); });
  root.append(body);
  const style = (palette) => {
    for (const name of ["text", "muted", "line", "surface", "accent", "halo", "neutral", "doubt"]) body.style.setProperty(`--${name}`, palette[name]);
    body.style.setProperty("--class0", palette.classes[0]);
    body.style.setProperty("--class1", palette.classes[1]);
  };
  return { title, tools, ood, plot, stage, notice, draws, drawCount, next, play, views, thumbs, buttons, bar, barCanvas, barLabels, needle,
    toggles, where, numbers, split, splitNoise, splitIgnorance, spoken, style };
}
