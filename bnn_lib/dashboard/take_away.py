"""Take away: a result as code, data, figures and a report. Nothing is built before its button is pressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from bnn_lib.dashboard import compare, data, run, share, table, table_predict, take_files
from bnn_lib.dashboard.notices import plain
from bnn_lib.dashboard.session import Session
from bnn_lib.dashboard.take_figures import Draw, Taken, figures
from bnn_lib.dashboard.take_files import File
from bnn_lib.datasets import DATASETS
from bnn_lib.engine import Maps, Picture
from bnn_lib.experiment import Experiment
from bnn_lib.exports.script import script_remarks
from bnn_lib.exports.script_data import comes_with_rows, needs_rows
from bnn_lib.figures.effects import effects_figure
from bnn_lib.inference import METHODS

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from streamlit.delta_generator import DeltaGenerator

FIGURE, METHOD = "take.figure", "take.method"
MOST_EFFECTS = 9  # features in one figure


def show(session: Session, result: run.Shown) -> None:
    """Offer a result of the playground or the regression page."""
    if folded := _unfolded():
        with folded:
            pick = st.session_state.get(run.PICK) if isinstance(result.picture.view, Maps) else None
            taken = _of_page(result.experiment, result.picture, result.experiment.to_query())
            _offer(session, replace(taken, pick=(float(pick[0]), float(pick[1]))) if pick else taken)


def show_compared(session: Session, experiment: Experiment, methods: Sequence[str]) -> None:
    """Offer one of the compared results."""
    found = {e.method: e.picture for e in compare.entries(session, experiment, methods) if e.picture is not None}
    if not found:
        return
    if folded := _unfolded():
        with folded:
            names = list(found)
            if st.session_state.get(METHOD) not in names:
                st.session_state[METHOD] = names[0]
            chosen = st.selectbox("Of", names, format_func=lambda n: METHODS[n].label, key=METHOD, width=260)
            picture = found[chosen]
            query = experiment.to_query() | compare.own_fields()
            _offer(session, _of_page(compare.with_method(experiment, chosen), picture, query))


def show_table(session: Session, result: table.Result) -> None:
    """Offer a fit to a visitor's own table: its rows are in what they download, and nowhere else."""
    if folded := _unfolded():
        with folded:
            encoding = result.data.encoding
            taken = Taken(
                result.experiment, result.picture, result.data.dataset, own=True, target=encoding.target,
                more={"Each feature by itself": _effects(session, result)},
            )  # fmt: skip
            _offer(session, taken)


def _unfolded() -> DeltaGenerator | None:
    """Show the expander; return it once it is open."""
    folded = st.expander("Take away", icon=":material/download:", key="take_away", on_change="rerun")
    return folded if folded.open else None


def _of_page(experiment: Experiment, picture: Picture, query: Mapping[str, str]) -> Taken:
    return Taken(
        experiment,
        picture,
        data.load(experiment.data),
        link=share.address_of(query),
        target=DATASETS[experiment.data.name].target_name,
    )


def _offer(session: Session, taken: Taken) -> None:
    spec = None if taken.own else taken.experiment.data
    with_rows = comes_with_rows(taken.dataset) and needs_rows(taken.dataset, spec)
    given = taken.dataset if taken.own else None
    code, values, drawn = st.columns(3, gap="large")
    with code:
        st.markdown("**To run again**")
        _buttons(take_files.code_files(taken, with_rows))
        for remark in script_remarks(taken.experiment, given):
            st.caption(plain(remark))
        st.markdown("**To print**")
        _buttons([take_files.report_file(session, taken)])
    with values:
        st.markdown("**As data**")
        _buttons(take_files.data_files(session, taken))
    names = list(figures(taken))
    if names:
        with drawn:
            st.markdown("**As pictures**")
            if st.session_state.get(FIGURE) not in names:
                st.session_state[FIGURE] = names[0]
            name = st.selectbox("Figure", names, key=FIGURE, label_visibility="collapsed")
            _buttons([*take_files.figure_files(session, taken, name), take_files.all_figures_file(session, taken)])


def _buttons(files: Sequence[File]) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        for file in files:
            st.download_button(
                file.label,
                file.content,
                file_name=file.name,
                mime=file.mime,
                help=file.help,
                on_click="ignore",
                icon=":material/download:",
                key=f"take.{file.label}",
            )


def _effects(session: Session, result: table.Result) -> Draw:
    picture, table_data = result.picture, result.data
    shown, target = table_predict.shown_output(table_data.encoding, st.session_state.get(table.CLASS))

    def draw() -> go.Figure:
        swept = table_predict.sweep(table_data.encoding, table_data.dataset)
        asked = table_predict.question(picture, swept.X, table_data.dataset.task)
        answer = take_files.ask(session, "effects", asked)
        found = table_predict.effects(swept, answer, table_data, shown)
        return effects_figure(found[:MOST_EFFECTS], target, "What each feature does by itself")

    return draw
