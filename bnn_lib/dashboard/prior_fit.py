"""Fitting from the priors page: which data suits its functions, the fit, and the posterior beside the prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from bnn_lib.dashboard import (
    asked,
    components,
    data,
    pace,
    prior_payload,
    prior_state,
    prior_view,
    regression,
    share,
    state,
    views,
)
from bnn_lib.dashboard.live import progress_text
from bnn_lib.dashboard.notices import FAILED, Failure, plain, show_failure
from bnn_lib.dashboard.prior_state import Functions
from bnn_lib.dashboard.session import Session, open_session
from bnn_lib.dashboard.side_by_side import FONT
from bnn_lib.dashboard.widgets import tie
from bnn_lib.datasets import DATASETS
from bnn_lib.engine import Answer, Job, Picture, Question
from bnn_lib.engine.limits import DataShape
from bnn_lib.errors import InvalidExperiment
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec
from bnn_lib.figures.weights import weights_figure
from bnn_lib.inference import METHODS
from bnn_lib.structure import Structure

FIT = "prior_fit"
MOST_BY_NUTS = 500  # weights


@dataclass
class Fitted:
    """A fit of this page: its job or why it was not taken, and the question about its posterior."""

    experiment: Experiment
    job: Job | None = None
    failure: Failure | None = None
    answer: Answer | None = None


def suiting(functions: Functions) -> list[str]:
    """Return the data sets that functions of this kind can be fitted to."""
    task = "regression" if functions.output == "number" else "classification"
    return [
        name
        for name, entry in DATASETS.items()
        if entry.task == task
        and len(entry.default_features) == functions.inputs
        and entry.n_classes in (0, 2)
        and name != "counts"
        and not entry.painted
    ]


def to_fit(experiment: Experiment, functions: Functions) -> Experiment | None:
    """Return the experiment with data that suits, and its likelihood chosen by it; None if no data does."""
    names = suiting(functions)
    if not names:
        return None
    usual = Experiment()
    changes: dict[str, object] = {"likelihood": usual.likelihood}
    if experiment.data.name not in names:
        entry = DATASETS[names[0]]
        changes["data"] = DataSpec(name=names[0], n=entry.default_n, noise=entry.default_noise)
    wanted = experiment.model_copy(update=changes)
    if wanted.inference == usual.inference:
        return wanted.model_copy(update={"inference": method_for(wanted)})
    return wanted


def method_for(experiment: Experiment) -> InferenceSpec:
    """Return how to fit: by NUTS while that takes seconds, as mean-field ADVI stays too close to this prior."""
    if Structure.of(experiment, DataShape.of(experiment.data)).n_weights > MOST_BY_NUTS:
        return experiment.inference
    return regression.QUICK_NUTS


def _chosen(name: str) -> None:
    if name in DATASETS:
        entry = DATASETS[name]
        state.change({"data.name": name, "data.n": entry.default_n, "data.noise": entry.default_noise})


def _fit(session: Session) -> None:
    wanted = to_fit(*prior_state.load())
    if wanted is None:
        return
    _stop(session)
    try:
        st.session_state[FIT] = Fitted(wanted, session.engine.submit(wanted, session.id))
    except InvalidExperiment as error:
        st.session_state[FIT] = Fitted(wanted, failure=Failure.of(error))


def _stop(session: Session) -> None:
    fitted: Fitted | None = st.session_state.get(FIT)
    if fitted is not None and fitted.job is not None:
        session.engine.stop(fitted.job, session.id)


def show_fit(session: Session, experiment: Experiment, functions: Functions) -> None:
    """Offer data and a fit; show how it goes."""
    wanted = to_fit(experiment, functions)
    if wanted is None:
        return
    with st.container(key="prior_fit", gap="small"):
        st.markdown("## Fit this")
        names = suiting(functions)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.selectbox(
                "Data", names, format_func=lambda name: DATASETS[name].label,
                help=DATASETS[wanted.data.name].help, width=180, **tie("w.prior_data", wanted.data.name, _chosen),
            )  # fmt: skip
            method = METHODS[wanted.inference.method]
            st.button(
                f"Fit by {method.label}", key="prior_fit_button", type="primary", icon=":material/play_arrow:",
                help=method.help, on_click=asked.ask, args=(partial(_fit, session),),
            )  # fmt: skip
            fitted: Fitted | None = st.session_state.get(FIT)
            idle = fitted is None or fitted.job is None or fitted.job.view().ended  # of earlier settings, too
            st.button(
                "Stop", key="prior_stop", icon=":material/stop:", on_click=_stop, args=(session,), disabled=idle
            )
        if fitted is None or fitted.experiment != wanted:
            return
        if fitted.failure:
            show_failure(fitted.failure, "prior_again", partial(_fit, session))
            return
        was_ended = _ended(fitted)
        if was_ended:
            _link_to_its_page(fitted)
        pace.look(_follow, session, fitted, functions, was_ended, settings=(state.STATE, prior_state.CHOSEN))


def _link_to_its_page(fitted: Fitted) -> None:
    """Lead to where the finished fit has scores, history and files."""
    if fitted.job is not None and fitted.job.view().picture is not None:
        share.link_to_page(fitted.experiment, "Its scores, and all to take away")


def _ended(fitted: Fitted) -> bool:
    """Whether there is nothing more to wait for."""
    if fitted.job is None:
        return True
    view = fitted.job.view()
    return view.ended and (view.picture is None or (fitted.answer is not None and fitted.answer.view().ended))


def _follow(session: Session, fitted: Fitted, functions: Functions, was_ended: bool) -> float | None:
    open_session()
    assert fitted.job is not None
    view = fitted.job.view()
    if view.picture is not None and fitted.answer is None:
        fitted.answer = session.engine.ask(_question(view.picture, functions), session.id)
    if not was_ended and _ended(fitted):
        st.rerun()
    failure = (view.message or FAILED) if view.phase == "failed" else None
    failure = failure or (fitted.answer.view().message if fitted.answer else None)
    if failure:
        st.error(plain(failure), icon=":material/error:")
    elif not was_ended:
        share, text = progress_text(view)
        st.progress(share, text=plain(text))
    return None if was_ended else pace.between_looks(session.engine, view)


def _question(picture: Picture, functions: Functions) -> Question:
    low, high = prior_state.RANGE
    values = {"low": low, "high": high, "size": prior_state.SIZES[functions.inputs]}
    return Question("posterior", values, {"networks": picture.networks})


def posterior(experiment: Experiment, functions: Functions) -> Fitted | None:
    """Return the fit of these settings if its posterior can be shown."""
    fitted: Fitted | None = st.session_state.get(FIT)
    if fitted is None or fitted.experiment != to_fit(experiment, functions) or fitted.answer is None:
        return None
    return fitted if fitted.answer.view().arrays is not None else None


def show_posterior(fitted: Fitted, functions: Functions) -> None:
    """Show functions drawn from the posterior, on the prior's axes."""
    assert fitted.answer is not None
    arrays, prior = fitted.answer.view().arrays, prior_view.last(functions)
    build = prior_payload.fields_data if functions.inputs == 2 else prior_payload.functions_data
    title = f"And after it has seen {DATASETS[fitted.experiment.data.name].label}"
    content = build(
        arrays, fitted.answer.key, functions.output, *prior_state.RANGE, title, on_axes_of=prior or arrays
    )
    if functions.inputs == 1:
        content["points"] = prior_payload.points_data(data.load(fitted.experiment.data))
    components.show("fields" if functions.inputs == 2 else "functions", content, key="posterior_functions")


def show_weights(fitted: Fitted) -> None:
    """Show densities of weights, layer by layer."""
    assert fitted.answer is not None
    arrays = fitted.answer.view().arrays or {}
    layers = [
        (arrays[f"edges{i}"], arrays[f"prior{i}"], arrays[f"posterior{i}"])
        for i in range(1, len(fitted.experiment.network.hidden) + 2)
    ]
    figure = weights_figure(layers, views.theme())
    figure.update_layout(font_family=FONT)
    st.plotly_chart(figure, key="weights", theme=None, config={"displayModeBar": False})
