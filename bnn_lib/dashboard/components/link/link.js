// Copies an address: the one it is given, else the page's own.
function createLink(component) {
  const said = element("span", { "aria-live": "polite" });
  const button = element("button", { type: "button", text: "Copy link", title: "Whoever opens the link sees this page as it is" });
  component.parentElement.append(element("div", { class: "link" }, button, said));
  let timer = 0, address = null;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(address ?? window.location.href);
      said.textContent = "copied";
    } catch {
      said.textContent = address ? "copy it from above" : "copy it from the address bar";
    }
    clearTimeout(timer);
    timer = setTimeout(() => { said.textContent = ""; }, 2500);
  });
  return { update({ data }) { address = data.address ?? null; }, destroy() { clearTimeout(timer); } };
}

export default function (component) {
  return mount(component, createLink);
}
