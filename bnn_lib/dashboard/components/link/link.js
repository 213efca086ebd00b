// Copies the page's address, which holds every setting.
function createLink(component) {
  const said = element("span", { "aria-live": "polite" });
  const button = element("button", { type: "button", text: "Copy link", title: "The link holds every setting; whoever opens it sees the same result" });
  component.parentElement.append(element("div", { class: "link" }, button, said));
  let timer = 0;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(window.location.href);
      said.textContent = "copied";
    } catch {
      said.textContent = "copy it from the address bar";
    }
    clearTimeout(timer);
    timer = setTimeout(() => { said.textContent = ""; }, 2500);
  });
  return { update() {}, destroy() { clearTimeout(timer); } };
}

export default function (component) {
  return mount(component, createLink);
}
