"""The page's pictures: the map, the network, the ELBO and the point that was picked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from bnn_lib.dashboard import components, data, inspector, links, painting, payload, run, scores
from bnn_lib.dashboard.notices import plain
from bnn_lib.datasets import DATASETS, Dataset
from bnn_lib.datasets.load import entry_of, painting_of
from bnn_lib.engine import Maps, Picture, make_grid
from bnn_lib.experiment import DataSpec, Experiment
from bnn_lib.figures.palettes import PALETTES
from bnn_lib.inference import METHODS

STYLE = Path(__file__).parent / "style.css"
NO_DATA_COLUMN = (
    ":is(.st-key-main, .st-key-regression_main) > [data-testid=stLayoutWrapper] > .stHorizontalBlock > "
    ".stColumn:first-child { display: none; }"
)
FAR = 1e9  # no point of a map is further out
MOST_FEATURES = 8  # that are named
KEPT = 32  # packed data sets and results kept for all sessions


@st.cache_resource(show_spinner=False)
def _style(theme: str) -> str:
    colours = f":root {{ --bnn-muted: {PALETTES[theme].muted}; --bnn-accent: {PALETTES[theme].accent}; }}"
    return f"<style>{colours}\n{STYLE.read_text(encoding='utf-8')}</style>"


def theme() -> str:
    """Return the visitor's theme, "light" or "dark"."""
    return "dark" if st.context.theme.type == "dark" else "light"


def inject_style() -> None:
    """Set the page's own spacing and sizes."""
    st.html(_style(theme()))
    if links.hides("data"):  # the column beside the picture is its alone
        st.html(f"<style>{NO_DATA_COLUMN}</style>")


def result_for(experiment: Experiment) -> run.Shown | None:
    """Return the result on the page if it is of the page's data; other settings may differ.

    While somebody paints, the map of the points before stays under the new ones, as long as it is a map of the
    same classes and window.
    """
    shown = run.shown()
    if shown is None:
        return None
    mine, theirs = experiment.data, shown.experiment.data
    return shown if mine == theirs or _same_canvas(mine, theirs) else None


def _same_canvas(one: DataSpec, other: DataSpec) -> bool:
    if not data.same_kind_of_painting(one, other):
        return False
    same_window = painting_of(one).window == painting_of(other).window
    return same_window and entry_of(one).class_names == entry_of(other).class_names


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _map_data(spec_json: str) -> dict[str, Any]:
    spec = DataSpec.model_validate_json(spec_json)
    dataset = data.load(spec)
    return payload.map_data(dataset, make_grid(dataset), payload.data_key(spec))


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _map_result(key: str, _picture: Picture) -> dict[str, Any]:
    return payload.map_result(key, _picture.view_as(Maps))


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _elbo_result(key: str, _picture: Picture) -> dict[str, Any]:
    return payload.elbo_result(key, _picture)


def _picked() -> None:
    # Anyone can send anything: two numbers it must be, and no whole number that is too large for a float.
    pick = st.session_state["map"].get("pick")
    if isinstance(pick, list) and len(pick) == 2 and all(type(v) in (int, float) and abs(v) < FAR for v in pick):
        st.session_state[run.PICK] = [float(v) for v in pick]


def show_map(experiment: Experiment, dataset: Dataset | None, result: run.Shown | None) -> None:
    """Show the large map, over the data's points; `dataset` is None as long as too few are painted."""
    spec = experiment.data
    if DATASETS[spec.name].painted:
        content = payload.painted_map_data(entry_of(spec), painting_of(spec), payload.data_key(spec))
        content["paint"] = painting.paint_data(spec, dataset)
    else:
        content = {**_map_data(spec.model_dump_json()), "paint": None}
    content["result"] = _map_result(result.key, result.picture) if result else None
    painted = partial(painting.changed, "map")
    components.show("map", content, on_pick_change=_picked, on_painted_change=painted)


def show_network(experiment: Experiment, dataset: Dataset | None, result: run.Shown | None) -> None:
    """Show the network as it is set; with weights if the result has the same structure."""
    fits = result is not None and result.experiment.network == experiment.network
    fits = fits and result.experiment.likelihood == experiment.likelihood  # type: ignore[union-attr]
    picture = result.picture if fits and result else None
    named = dataset or entry_of(experiment.data)
    components.show("network", payload.network_data(experiment, named, picture, result.key if result else ""))
    if picture is not None and "scale1" in picture.weights:
        st.caption(relevance_text(named.feature_names, *picture.weights["scale1"]))


def relevance_text(names: Sequence[str], mean: np.ndarray, sd: np.ndarray) -> str:
    """Say which features matter, most first, by the inferred scales (d,) of their weights."""
    order = np.argsort(-mean, kind="stable")
    listed = ", ".join(f"{plain(names[i])} {mean[i]:.2f} ± {sd[i]:.2f}" for i in order[:MOST_FEATURES])
    rest = f", and {len(order) - MOST_FEATURES} that matter less" if len(order) > MOST_FEATURES else ""
    return f"Which features matter (scale of their weights, mean ± sd): {listed}{rest}."


def show_elbo(experiment: Experiment, result: run.Shown | None) -> None:
    """Show the ELBO with its playhead."""
    content: dict[str, Any] = {
        "palettes": payload.palette_data(),
        "total": experiment.inference.total_steps,
        "label": objective_label(experiment),
        "result": None,
    }
    if result is not None and len(result.picture.objective):
        content["result"] = _elbo_result(result.key, result.picture)
        if run.active() is None:
            content["label"] = objective_label(result.experiment)
    components.show("elbo", content)


def objective_label(experiment: Experiment) -> str:
    """Return what the curve beside the map shows."""
    return METHODS[experiment.inference.method].objective_label


def place_pick(dataset: Dataset | None, result: run.Shown | None) -> None:
    """Pick, on data that is new to the page, the point on which the networks disagree most."""
    if dataset is None or result is None:
        return
    wanted = result.experiment.data.model_dump_json()
    if st.session_state.get(run.PICK_FOR) != wanted:
        st.session_state[run.PICK_FOR] = wanted
        maps = result.picture.view_as(Maps)
        st.session_state[run.PICK] = list(inspector.most_ignorant_point(maps, dataset.X_train))


def show_verdict(experiment: Experiment, result: run.Shown | None) -> None:
    """Show in one glance how good the result is."""
    if result is not None:
        st.html(
            scores.headline(result.picture.scores, result.experiment != experiment, result.picture.diagnostics),
            width="content",
        )


def show_scores(experiment: Experiment, result: run.Shown) -> None:
    """Show the table of scores."""
    unfinished, stale = result.picture.stopped_at is not None, result.experiment != experiment
    st.html(scores.scores_table(result.picture.scores, unfinished, stale))
    method = METHODS[result.experiment.inference.method]
    st.caption(f"{method.label}: {method.help}")


def show_point(experiment: Experiment, result: run.Shown | None) -> None:
    """Show what single networks say at the point that was picked; at first the one they disagree on most."""
    with st.container(key="point", gap="xsmall"):
        st.markdown("## What single networks say")
        pick, entry = st.session_state.get(run.PICK), entry_of(experiment.data)
        if result is None or pick is None:
            st.caption("Fit, then click the map.")
            return
        x, y = pick
        reading = inspector.read_point(result.picture.view_as(Maps), x, y)
        sentence = inspector.describe(reading, entry.class_names)
        components.show("dots", payload.dots_data(reading, entry))
        st.markdown(plain(sentence))
