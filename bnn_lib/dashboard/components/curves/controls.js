// What is around the curves, as elements without a life.

const CURVE_VIEWS = [
  { name: "bands", label: "Bands", title: "What it predicts, and how sure it is" },
  { name: "functions", label: "Functions", title: "Functions drawn from the posterior: each could be the truth" },
  { name: "single", label: "One by one", title: "One function at a time, drawn from the posterior" },
  { name: "density", label: "Density", title: "How probable each outcome is" },
];

function buildCurves(root) {
  const buttons = {}, toggles = {};
  const views = element("div", { class: "views", role: "radiogroup", "aria-label": "What is drawn" });
  for (const view of CURVE_VIEWS) {
    buttons[view.name] = element("button", { type: "button", role: "radio", "data-view": view.name, text: view.label });
    views.append(buttons[view.name]);
  }
  const title = element("h2", { class: "title" });
  const plot = element("canvas", { class: "plot", tabindex: "0", role: "application", "aria-roledescription": "plot" });
  const notice = element("div", { class: "notice", hidden: "" });
  const count = element("span", { class: "count" });
  const play = element("button", { type: "button", "aria-pressed": "false", text: "Play" });
  const next = element("button", { type: "button", text: "Next" });
  const player = element("div", { class: "player", hidden: "" }, count, next, play);
  const stage = element("div", { class: "stage" }, plot, notice, player);
  const tools = buildTools();
  const strip = element("canvas", { class: "strip", role: "img" });
  const key = (kind, text, hint) => element("span", { class: `key ${kind}`, title: hint }, element("i", { "aria-hidden": "true" }), text);
  const keys = element("div", { class: "keys" },
    key("ignorance", "ignorance: where the curve may be", "Bands that hold the function itself with 50, 80 and 95 % probability. More data would narrow them."),
    key("noise", "noise: where points fall around it", "Bands that hold a new point with 50, 80 and 95 % probability: ignorance and noise together."),
    key("mean", "mean", "Mean of the prediction"));
  for (const [kind, label] of [["training", "training"], ["held", "held out"], ["truth", "truth"]]) {
    toggles[kind] = element("button", { type: "button", class: `toggle ${kind}`, "aria-pressed": "true", title: `Show or hide: ${label}` },
      element("i", { "aria-hidden": "true" }), element("span", { text: label }));
    keys.append(toggles[kind]);
  }
  const where = element("b", { class: "where" });
  const sentence = element("span", { class: "sentence" });
  const readout = element("p", { class: "readout" }, where, " ", sentence);
  const spoken = element("div", { class: "spoken", "aria-live": "polite" });
  const body = element("section", { class: "curves", "aria-label": "Curve of the prediction" },
    element("div", { class: "head" }, title, views), tools.body, stage, strip, keys, readout, spoken);
  root.append(body);
  const style = (palette) => {
    for (const name of ["text", "muted", "line", "surface", "accent", "neutral", "doubt"]) body.style.setProperty(`--${name}`, palette[name]);
    body.style.setProperty("--truth", palette.classes[1]);
  };
  return { body, title, tools, views, buttons, toggles, plot, stage, notice, player, count, play, next, strip, where, sentence, readout, spoken, style };
}
