// Says to the other components what the fit is doing. It shows nothing itself: the part of the page that is
// polled several times a second stays small, and the map is never rebuilt.
export default function (component) {
  return mount(component, () => ({ update({ data }) { say("live", data); } }));
}
