"""The rows behind the page, loaded once for all sessions."""

from __future__ import annotations

import streamlit as st

from bnn_lib.datasets import DATASETS, Dataset, load_dataset
from bnn_lib.errors import InvalidData
from bnn_lib.experiment import DataSpec, Experiment
from bnn_lib.likelihoods import LIKELIHOODS

KEPT = 32

# What the playground and the compare page draw: classes over two features.
MAPPED = tuple(
    name
    for name, entry in DATASETS.items()
    if entry.task == "classification" and entry.n_features == 2 and not entry.painted
)
PLAYED = (*MAPPED, "painted")
# And what the regression page draws: a number over one feature, or two.
CURVED = tuple(name for name, entry in DATASETS.items() if entry.task == "regression" and not entry.painted)
PLAYED_CURVES = (*CURVED, "painted_curve")
CURVED_ONCE = tuple(name for name in CURVED if DATASETS[name].n_features == 1)


def page_of(name: str) -> str:
    """Return the page that shows one fit of a data set: the playground, or the regression page."""
    return "regression" if name in PLAYED_CURVES else "playground"


def fresh(name: str) -> dict[str, object]:
    """Return the changes that choose a data set, with the noise and rows that show it well."""
    entry = DATASETS[name]
    changes: dict[str, object] = {"data.name": name}
    if entry.fixed_rows is None:
        changes["data.noise"] = entry.default_noise
        if entry.task == "regression":
            changes["data.n"] = entry.default_n
    return changes


def chosen(name: str, before: Experiment) -> dict[str, object]:
    """Return the changes that choose a data set in place of another: what was for that one does not stay."""
    changes, family = fresh(name), before.likelihood.family
    left = DATASETS[before.data.name]
    if left.suggestion is not None or (family != "auto" and LIKELIHOODS[family].counts):
        changes["likelihood.family"] = "auto"
    if left.painted and not DATASETS[name].painted:
        changes["data.test_fraction"] = DATASETS[name].default_test_fraction
    return changes


def same_kind_of_painting(one: DataSpec, other: DataSpec) -> bool:
    """Whether both are points painted on the same page."""
    return one.name == other.name and DATASETS[one.name].painted


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _load(spec_json: str) -> Dataset:
    return load_dataset(DataSpec.model_validate_json(spec_json))


def load(spec: DataSpec) -> Dataset:
    """Return the data set.

    Raises
    ------
    InvalidData
        If it cannot be split as asked for.
    """
    return _load(spec.model_dump_json())


def find(spec: DataSpec) -> tuple[Dataset | None, str]:
    """Return the data set; or, of points that are too few to be one yet, None and what to paint next.

    Raises
    ------
    InvalidData
        If it cannot be split as asked for.
    """
    if not DATASETS[spec.name].painted:
        return load(spec), ""
    try:
        return load(spec), ""
    except InvalidData as error:
        return None, str(error)
