"""The compare page's parts: the problem's settings, the grid of cells that fills live, and the table."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from bnn_lib.dashboard import compare, compare_cells, compare_numbers, controls, data, links, pace, state
from bnn_lib.dashboard.live import duration, progress_text, speed
from bnn_lib.dashboard.notices import plain, show_failure
from bnn_lib.dashboard.session import Session, open_session
from bnn_lib.dashboard.widgets import bind, more, presets, tie
from bnn_lib.datasets import DATASETS
from bnn_lib.datasets.load import entry_of
from bnn_lib.experiment import Experiment
from bnn_lib.inference import METHODS

EVERY = 0.4  # seconds between two looks at running fits, unless many look
WAS_BUSY = "compare_was_busy"


# --- settings -----------------------------------------------------------------------------------------------


def _of_dataset(name: str) -> dict[str, object]:
    return data.chosen(name, st.session_state[state.STATE]) if name in DATASETS else {}


def data_controls(experiment: Experiment) -> None:
    """Data set; folded away: rows and noise."""
    entry = entry_of(experiment.data)
    name = experiment.data.name
    painted = [name] if DATASETS[name].painted else []  # where there is something painted
    if not links.hides("data.name"):
        st.selectbox(
            "Data set",
            [*data.MAPPED, *data.CURVED_ONCE, *painted],
            format_func=lambda name: DATASETS[name].label,
            help=entry.help,
            width=150,
            **bind("data.name", name, read=_of_dataset),
        )
    if entry.fixed_rows is None:
        with more("data"):
            presets(experiment, "data.n", "Rows", controls.ROWS, "All rows, training and held out.")
            presets(experiment, "data.noise", "Noise", (0.0, 0.1, 0.2, 0.3, 0.5), entry.noise_help)


def effort_controls(experiment: Experiment) -> None:
    """How long each method may take: steps for most, tuning and draws for NUTS."""
    presets(experiment, "inference.steps", "Steps", controls.STEPS, "Of each method but NUTS.", width=104)
    presets(experiment, "inference.tune", "NUTS tuning", controls.DRAWS, "Steps that adapt a chain.", width=110)
    presets(experiment, "inference.draws", "NUTS draws", controls.DRAWS, "Kept of each chain.", width=110)


def method_choice() -> None:
    """Choose two to six methods."""
    if links.hides(compare.FIELD):
        return
    known = compare.offered()
    st.multiselect(
        f"Methods ({compare.FEWEST} to {compare.MOST})",
        known,
        format_func=lambda name: METHODS[name].label,
        max_selections=compare.MOST,
        **tie("w.methods", list(st.session_state[compare.CHOSEN]), compare.choose),
    )


# --- grid ---------------------------------------------------------------------------------------------------


def live(session: Session) -> None:
    """Show the grid, again and again while anything runs."""
    st.session_state[WAS_BUSY] = compare.busy()
    pace.look(_grid, session, settings=(state.STATE, compare.CHOSEN))


def _every(session: Session) -> float:
    seen = [view for run in compare.runs().values() if (view := run.view()) and not view.ended]
    return pace.between_looks(session.engine, *seen, least=EVERY)


def _grid(session: Session) -> float | None:
    open_session()  # the tab is there; after a lost connection, again
    if st.session_state[WAS_BUSY] and not compare.busy():
        st.session_state[WAS_BUSY] = False
        st.rerun()
    experiment: Experiment = st.session_state[state.STATE]
    found = compare.entries(session, experiment, st.session_state[compare.CHOSEN])
    preset = compare.current_preset(experiment, st.session_state[compare.CHOSEN])
    kinds, kind = compare_cells.kinds(experiment), None
    if preset and not links.current().lesson:  # which says it, too
        st.markdown(plain(preset.look))
    if kinds:
        if st.session_state.get(compare.SHOWN) not in kinds:
            st.session_state[compare.SHOWN] = preset.kind if preset else kinds[0]
        kind = st.session_state[compare.SHOWN]
    if kinds and not links.hides(compare.MAP):
        kind = st.segmented_control(
            "Map",
            kinds,
            format_func=compare_cells.NAMES.__getitem__,
            **tie("w.map", kind, compare.show_map),
            required=True,
            label_visibility="collapsed",
        )
    compare_cells.show_legend(experiment, kind)
    nuts, about_distances = compare_numbers.reference(found)
    with st.container(key="compare_cells"):
        for entry in found:
            with st.container(key=f"compare_cell_{entry.method}", gap="xsmall"):
                label = METHODS[entry.method].label
                st.markdown(f"**{plain(label)}**", help=METHODS[entry.method].help)
                frame = entry.picture.final if entry.picture else entry.view.frame if entry.view else None
                compare_cells.show_cell(entry.method, frame, kind, label)
                if entry.failure:
                    again = partial(compare.again, session, entry.method)
                    show_failure(entry.failure, f"compare_again_{entry.method}", again)
                else:
                    far = compare_numbers.distances(entry.picture, nuts) if entry.picture and nuts else {}
                    st.html(facts(entry, far))
    st.caption(plain(about_distances))
    return _every(session) if compare.busy() else None


def facts(entry: compare.Entry, far: Mapping[str, float]) -> str:
    """Return the lines under a cell, as HTML; `far` as of `compare_numbers.distances`, empty if not known."""
    if entry.picture is None:
        text = progress_text(entry.view)[1] if entry.view else "Not fitted with these settings yet."
        return f'<p class="bnn-facts">{html.escape(text)}</p>'
    picture = entry.picture
    seconds = compare_numbers.number(picture.diagnostics, "seconds")
    rate, unit = compare_numbers.speed_of(entry)
    held = picture.scores.get("held-out", {})
    accuracy, nll = (compare_numbers.number(held, name) for name in ("accuracy", "nll"))
    apart, ignorance = (
        compare_numbers.number(far, f"{name}, map") for name in ("total_variation", "epistemic_ratio")
    )
    rows = {
        "time": "–" if seconds is None else duration(seconds),
        "speed": "–" if rate is None else f"{speed(rate)} {unit}",
    }
    if "rmse" in held:
        rmse, coverage = (compare_numbers.number(held, name) for name in ("rmse", "coverage_95"))
        rows["RMSE"] = "–" if rmse is None else f"{rmse:.3f}"
        rows["in 95 % band"] = "–" if coverage is None else f"{100 * coverage:.0f} %"
        apart = compare_numbers.number(far, "wasserstein, rows")
    else:
        rows["accuracy"] = "–" if accuracy is None else f"{100 * accuracy:.1f} %"
    rows["NLL"] = "–" if nll is None else f"{nll:.3f}"
    rows["check"] = compare_numbers.reliability(picture.diagnostics)
    if entry.method == compare_numbers.REFERENCE:
        rows["from NUTS"] = "it is the reference" if far else "–"
    else:
        of = " (Wasserstein)" if "rmse" in held else " in total variation"
        rows["from NUTS"] = "–" if apart is None else f"{apart:.3f}{of}"
        rows["ignorance"] = "–" if ignorance is None else f"{ignorance:.2f} × that of NUTS"
    note = f"<p>Stopped at step {picture.stopped_at:,}: unfinished.</p>" if picture.stopped_at is not None else ""
    body = "".join(f"<dt>{name}</dt><dd>{html.escape(text)}</dd>" for name, text in rows.items())
    return f'<div class="bnn-facts">{note}<dl>{body}</dl></div>'


# --- table --------------------------------------------------------------------------------------------------


def show_table(session: Session, experiment: Experiment, methods: tuple[str, ...]) -> None:
    """Show all numbers of what is finished, to sort and to take away."""
    found = [e for e in compare.entries(session, experiment, methods) if e.picture is not None]
    if not found:
        return
    rows = compare_numbers.table(found)
    shown = compare_numbers.used(rows)
    st.dataframe(
        [{column.name: row[column.name] for column in shown} for row in rows],
        hide_index=True,
        key="compare_table",
        column_config=column_config(shown),
        placeholder="–",
    )
    st.caption("Scores are of held-out rows. Distances: on held-out rows, and over the whole plot.")
    st.download_button(
        "Download as CSV",
        compare_numbers.to_csv(rows),
        "comparison.csv",
        "text/csv",
        icon=":material/download:",
        key="compare_csv",
    )


def column_config(columns: Sequence[compare_numbers.Column]) -> dict[str, Any]:
    """Return how columns of numbers are shown."""
    return {
        column.name: st.column_config.NumberColumn(format=column.form, help=column.help, pinned=False)
        if column.form
        else st.column_config.TextColumn(
            help=column.help, pinned=column.name == "Method", width=150 if column.name == "Method" else None
        )
        for column in columns
    }
