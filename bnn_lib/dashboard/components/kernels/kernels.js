// Covariances of a function's values at pairs of inputs, side by side on one scale.

const PIXELS = 160;

function createKernels(component) {
  const root = component.parentElement;
  const body = element("section", { class: "kernels" });
  root.append(body);
  const figures = [0, 1, 2].map(() => {
    const [caption, canvas] = [element("figcaption"), element("canvas", { role: "img", width: PIXELS, height: PIXELS })];
    body.append(element("figure", {}, caption, canvas));
    return { caption, canvas };
  });
  const ramp = element("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const [low, high] = [element("span"), element("span")];
  body.append(element("div", { class: "legend" }, low, ramp, high));
  let asked = 0;
  return {
    async update({ data }) {
      const palette = data.palettes[themeOf(root.host ?? root)], table = tableOf(palette.probability);
      for (const name of ["text", "muted"]) body.style.setProperty(`--${name}`, palette[name]);
      const mine = ++asked;
      const kernels = await unpack(data.kernels);
      if (mine !== asked) return;
      figures.forEach(({ caption, canvas }, i) => {
        caption.textContent = data.titles[i];
        canvas.setAttribute("aria-label", data.alts[i]);
        const image = colourImage(enlarge(part(kernels, i).values, kernels.shape[1], PIXELS), PIXELS, table);
        canvas.getContext("2d").putImageData(image, 0, 0);
      });
      const bar = new ImageData(256, 1);
      new Uint32Array(bar.data.buffer).set(table);
      ramp.getContext("2d").putImageData(bar, 0, 0);
      low.textContent = number(-data.top, 1);
      high.textContent = `${number(data.top, 1)} covariance`;
    },
    destroy() {},
  };
}

export default function (component) {
  return mount(component, createKernels);
}
