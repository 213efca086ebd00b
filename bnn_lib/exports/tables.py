"""Scores, curves and maps of a fit as frames; `bnn_lib.datasets.csv_download` writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.datasets.csv_file import unique_names

if TYPE_CHECKING:
    import pandas as pd

UNCERTAINTIES = ("total", "aleatoric", "epistemic")


def scores_frame(scores: Mapping[str, Any], label: str, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return a row for each model and part of the rows.

    Parameters
    ----------
    scores : mapping
        "held-out", "training" and "baselines", as of a picture of a fit.
    label : str
        What the network is called.
    labels : mapping of str to str
        What the usual models are called, by their names.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for part in ("held-out", "training"):
        rows.append({"model": label, "rows": part, **scores.get(part, {})})
    for name, both in scores.get("baselines", {}).items():
        for part, key in (("held-out", "test"), ("training", "train")):
            rows.append({"model": labels.get(name, name), "rows": part, **both.get(key, {})})
    return pd.DataFrame(rows)


def inputs_frame(X: np.ndarray, feature_names: Sequence[str], columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return inputs (n, d), and beside them what is said of each.

    Columns of the same name are told apart, as a user's features may be called anything.
    """
    import pandas as pd

    names = unique_names([*feature_names, *columns])
    return pd.DataFrame(dict(zip(names, [*X.T, *columns.values()], strict=True)))


def prediction_columns(
    answer: Mapping[str, np.ndarray], class_names: Sequence[str], intervals: Sequence[float] = ()
) -> dict[str, np.ndarray]:
    """Return what was predicted at n inputs as columns with their units.

    Parameters
    ----------
    answer : mapping
        ``mean`` (n, C) or (n,), ``total``, ``aleatoric`` and ``epistemic`` (n,), and ``intervals`` (n, k, 2).
    class_names : sequence of str
        Empty for regression.
    intervals : sequence of float
        Probabilities of the intervals.
    """
    mean = answer["mean"]
    if class_names:
        found = {f"P({name})": mean[:, code] for code, name in enumerate(class_names)}
        return found | {f"{name}, nats": answer[name] for name in UNCERTAINTIES}
    found = {"mean": mean}
    for place, probability in enumerate(intervals):
        for side, end in enumerate(("lower", "upper")):
            found[f"{end} {100 * probability:g} %"] = answer["intervals"][:, place, side]
    return found | {f"{name} variance": answer[name] for name in UNCERTAINTIES}
