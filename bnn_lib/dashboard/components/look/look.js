// Asks for its part of the page again, so long after each answer as the answer says, and only while nothing else is
// asked: a server that has much to do is asked less, and no question comes in just as a run of the page ends.

const PATIENCE = 15; // seconds for an answer, which may be lost, before it is asked for once more
const SOON = 0.05; // and until it is seen whether the page still runs

function pageRuns() {
  const state = document.querySelector("[data-test-script-state]")?.dataset.testScriptState;
  return state === "running" || state === "rerunRequested";
}

export default function (component) {
  return mount(component, () => {
    let timer = null;
    return {
      update({ data, setTriggerValue }) {
        const ask = () => {
          after(PATIENCE, ask);
          setTriggerValue("due", data.number);
        };
        const after = (seconds, then) => {
          clearTimeout(timer);
          timer = setTimeout(then, 1000 * seconds);
        };
        const until = performance.now() + 1000 * PATIENCE;
        const askOnceFree = () => {
          if (pageRuns() && performance.now() < until) after(SOON, askOnceFree);
          else ask();
        };
        clearTimeout(timer);
        if (data.every !== null) after(data.every, askOnceFree);
      },
      destroy() { clearTimeout(timer); },
    };
  });
}
