"""The priors page's controls and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from bnn_lib.activations import ACTIVATIONS
from bnn_lib.dashboard import components, links, pace, prior_payload, prior_state, state
from bnn_lib.dashboard.prior_density import density_html
from bnn_lib.dashboard.prior_state import Functions
from bnn_lib.dashboard.session import Session, open_session
from bnn_lib.dashboard.widgets import bind, registered, tie, toggle
from bnn_lib.engine import Answer, AnswerView
from bnn_lib.experiment import Experiment
from bnn_lib.experiment_text import NONE, write_text
from bnn_lib.priors import PRIORS, SCALINGS

WIDTHS = (1, 2, 3, 5, 8, 12, 20, 32, 50, 64, 100, 128)
SCALES = (0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 30.0)
DEPTHS = (0, 1, 2, 3, 4)
WAIT = 0.3  # seconds that a run waits for an answer before it shows the functions before and asks again
EVERY = 0.2
ASKED, LAST = "prior_asked", "prior_last"
TITLES = {
    "number": "Functions drawn from the prior, before any data",
    "class": "Probabilities of a class drawn from the prior, before any data",
}


# --- controls -----------------------------------------------------------------------------------------------


def _depth_chosen(depth: int) -> None:
    hidden = state.load().network.hidden
    if depth in DEPTHS:
        width = hidden[-1] if hidden else 5
        state.change({"network.hidden": (*hidden, *[width] * depth)[:depth]})


def _width_chosen(width: int) -> None:
    state.change({"network.hidden": (width,) * len(state.load().network.hidden)})


def _slide(
    label: str, dotted: str, value: object, usual: Sequence[float], help_text: str, *, none: str | None = None
) -> None:
    """Offer usual values on a slider, with whatever a link brought among them."""
    if links.hides(dotted):
        return
    numbers = sorted({*usual, *([value] if isinstance(value, float) else [])})
    options = [NONE] * bool(none) + [write_text(number) for number in numbers]
    st.select_slider(
        label,
        options,
        format_func=lambda text: none if text == NONE and none else text,
        help=help_text,
        **bind(dotted, write_text(value)),
    )


def network_controls(experiment: Experiment) -> None:
    """Depth, width, activation and biases."""
    hidden = experiment.network.hidden
    if not links.hides("network.hidden"):
        _shape_controls(hidden)
    registered(experiment, "network.activation", "Activation", ACTIVATIONS)
    toggle(experiment, "network.bias", "Biases", "Give every unit an offset of its own.")


def _shape_controls(hidden: Sequence[int]) -> None:
    st.segmented_control(
        "Hidden layers", DEPTHS, required=True, width="stretch", **tie("w.depth", len(hidden), _depth_chosen)
    )
    if hidden:
        options = sorted({*WIDTHS, hidden[0]})
        mixed = f" Now {write_text(hidden)}." if len(set(hidden)) > 1 else ""
        st.select_slider(
            "Width",
            options,
            help=f"Units of every hidden layer.{mixed}",
            **tie("w.width", hidden[0], _width_chosen),
        )


def prior_controls(experiment: Experiment) -> None:
    """Scale, scaling and family, and the scale of biases where there are any."""
    prior = experiment.prior
    _slide("Scale", "prior.scale", prior.scale, SCALES, "How large the prior expects weights to be.")
    registered(experiment, "prior.scaling", "Scaling", SCALINGS)
    registered(experiment, "prior.family", "Weights", PRIORS)
    if not links.hides("prior.family"):
        st.html(density_html(experiment))
    help_text = "How large the prior expects biases to be: they say where along the input units switch."
    if experiment.network.bias:
        _slide("Bias scale", "prior.bias_scale", prior.bias_scale, SCALES, help_text, none="as the weights")


def _functions_chosen(name: str, value: Any) -> None:
    prior_state.choose(**{name: value})


def function_controls(functions: Functions) -> None:
    """What is drawn: how many inputs, a number or a class, and other draws."""
    choices: dict[str, Mapping[Any, str]] = {"inputs": prior_state.INPUTS, "output": prior_state.OUTPUTS}
    for name, labels in choices.items():
        if links.hides(name):
            continue
        st.segmented_control(
            "Functions of" if name == "inputs" else "giving",
            list(labels),
            format_func=labels.__getitem__,
            **tie(f"w.{name}", getattr(functions, name), partial(_functions_chosen, name)),
            required=True,
            label_visibility="collapsed",
        )
    st.button(
        "New draws",
        key="draw_again",
        icon=":material/casino:",
        on_click=prior_state.draw_again,
        help="Other networks from the same prior.",
    )


def preset_buttons() -> None:
    """One click each."""
    for label in prior_state.PRESETS:
        st.button(label, key=f"preset_{label}", type="tertiary", on_click=prior_state.preset, args=(label,))


# --- pictures -----------------------------------------------------------------------------------------------


def show_functions(session: Session, experiment: Experiment, functions: Functions) -> None:
    """Show the functions; if they are not there at once, those before stay until they are."""
    question = prior_state.question(experiment, functions)
    asked: Answer | None = st.session_state.get(ASKED)
    if asked is None or asked.key != question.key:
        asked = st.session_state[ASKED] = session.engine.ask(question, session.id)
    ended = asked.wait(WAIT).ended
    pace.look(_functions, session, asked, functions, ended, settings=(state.STATE, prior_state.CHOSEN))


def _functions(session: Session, asked: Answer, functions: Functions, had_ended: bool) -> float | None:
    open_session()
    view = asked.view()
    if view.phase == "replaced":  # by another question of this tab, which has been let go since
        st.session_state[ASKED] = None
        st.rerun()
    if view.ended and not had_ended:
        st.rerun()
    if view.arrays is not None:
        st.session_state[LAST] = (asked.key, functions, view.arrays)
    key, of, arrays = st.session_state.get(LAST, (None, functions, None))
    if (of.inputs, of.output) != (functions.inputs, functions.output):
        key, arrays = None, None  # of another kind: not to be shown in its place
    content = _content(key or "", functions, arrays)
    content["notice"] = _notice(session, view)
    components.show("fields" if functions.inputs == 2 else "functions", content)
    if view.phase == "failed":
        st.button("Try again", key="ask_again", icon=":material/refresh:", on_click=_ask_again)
    if view.arrays is not None and "kernels" in view.arrays:
        _show_kernels(view.arrays)
    return None if had_ended else EVERY


def last(functions: Functions) -> Mapping[str, Any] | None:
    """Return what was drawn last, if it is of this kind."""
    _, of, arrays = st.session_state.get(LAST, (None, functions, None))
    return arrays if (of.inputs, of.output) == (functions.inputs, functions.output) else None


def _ask_again() -> None:
    st.session_state[ASKED] = None


def _content(key: str, functions: Functions, arrays: Any) -> dict[str, Any]:
    build = prior_payload.fields_data if functions.inputs == 2 else prior_payload.functions_data
    return build(arrays, key, functions.output, *prior_state.RANGE, TITLES[functions.output])


def _notice(session: Session, view: AnswerView) -> str | None:
    if view.phase == "failed":
        return view.message or "These functions could not be drawn; the server's log says why."
    if view.ended:
        return None
    return session.engine.status.message or "Drawing…"


def _show_kernels(arrays: Any) -> None:
    """Show the covariance beside that of the limit, and how far it is."""
    share = float(arrays["kernel_distance"])
    with st.container(key="kernels_of_limit", gap="xsmall"):
        st.markdown("## Covariance of the function's values at two inputs")
        st.markdown(
            f"A network of this width is **{100 * share:.0f} %** from the Gaussian process that wide ones become.",
            help="Root mean squared distance of single networks' kernels from the limit's, over its norm.",
        )
        components.show("kernels", prior_payload.kernels_data(arrays))
