// Choose a data set by its picture: a radio group, so that the arrow keys move and one tab stop leads in.

function createChooser(component) {
  const root = component.parentElement;
  const group = element("div", { class: "groups", role: "radiogroup", "aria-label": "Data set" });
  root.append(group);
  let data = null, chosen = null, setTriggerValue = component.setTriggerValue, buttons = [], drawn = null;

  function choose(name, focus) {
    if (name === chosen) return;
    chosen = name;
    mark(focus);
    setTriggerValue("name", name); // each choice counts, also of what was chosen before
  }
  function mark(focus) {
    for (const button of buttons) {
      const on = button.dataset.name === chosen;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
      if (on && focus) button.focus();
    }
  }
  function draw() {
    const theme = themeOf(root.host ?? root);
    // A button that is replaced between press and release never hears of the click.
    if (theme === drawn) return mark(false);
    drawn = theme;
    const palette = data.palettes[theme];
    for (const name of ["text", "muted", "line", "surface", "accent", "neutral"]) group.style.setProperty(`--${name}`, palette[name]);
    const focused = buttons.some((button) => button === root.activeElement);
    buttons = data.options.map((option) => {
      const canvas = element("canvas", { "aria-hidden": "true" });
      const context = fit(canvas, 46, 46);
      option.points.forEach(([x, y, c]) => {
        markerPath(context, data.markers[c], 4 + 0.38 * x, 42 - 0.38 * y, 1.9);
        context.fillStyle = palette.classes[c];
        context.fill();
      });
      if (!option.points.length) plus(context, palette);
      return element("button", { type: "button", role: "radio", "data-name": option.name, title: option.help,
        onclick: () => choose(option.name, true) }, canvas, element("span", { text: option.label }));
    });
    const names = [...new Set(data.options.map((option) => option.group))];
    group.replaceChildren(...names.map((name) =>
      element("div", { class: "group" }, ...buttons.filter((_, i) => data.options[i].group === name))));
    mark(focused);
  }
  // The picture of points that are yet to be painted.
  function plus(context, palette) {
    context.strokeStyle = palette.muted;
    context.lineWidth = 1.5;
    context.setLineDash([3, 3]);
    context.strokeRect(5, 5, 36, 36);
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(23, 15);
    context.lineTo(23, 31);
    context.moveTo(15, 23);
    context.lineTo(31, 23);
    context.stroke();
  }
  group.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = data.options.findIndex((option) => option.name === chosen);
    choose(data.options[(at + by + data.options.length) % data.options.length].name, true);
  });
  return {
    update(next) {
      data = next.data;
      setTriggerValue = next.setTriggerValue;
      chosen = data.chosen;
      draw();
    },
  };
}

export default function (component) {
  return mount(component, createChooser);
}
