"""What is measured of compared methods: speed, scores, reliability, and how far each is from NUTS."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bnn_lib.agreement import R_HAT_LIMIT, PredictiveSummary, agreement_of_summaries, check_reference
from bnn_lib.dashboard.compare import Entry
from bnn_lib.datasets.csv_download import to_csv_bytes
from bnn_lib.engine import CurveFrame, Curves, MapFrame, Maps, Picture
from bnn_lib.errors import InvalidData
from bnn_lib.inference import METHODS
from bnn_lib.loo import GOOD_K

REFERENCE = "nuts"


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Attributes
    ----------
    name, help : str
        Its heading, and what the number means.
    form : str or None
        Of Streamlit's NumberColumn; None for text.
    is_of_one : bool
        Whether it is shown of results that are not compared as methods, too.
    """

    name: str
    help: str
    form: str | None = None
    is_of_one: bool = False


COLUMNS = (
    Column("Method", "Way to infer."),
    Column("Seconds", "Of the fit, without compiling.", "%.1f", True),
    Column("Speed", "Steps, or leapfrog steps of NUTS, in a second.", "localized"),
    Column("Speed counts", "What is counted."),
    Column("Accuracy", "Share of held-out rows whose most likely class is right.", "percent", True),
    Column("NLL", "Negative log-likelihood of held-out rows, nats a row; lower is better.", "%.3f", True),
    Column("Brier", "Mean squared error of the probabilities on held-out rows; lower is better.", "%.3f", True),
    Column("ECE", "Expected calibration error on held-out rows; 0 is best.", "%.3f", True),
    Column("RMSE", "Root of the mean squared error on held-out rows, in the target's units.", "%.3f", True),
    Column(
        "CRPS", "How far predictive distributions are from what happened, in the target's units.", "%.3f", True
    ),
    Column("In 95 % band", "Share of held-out rows within their 95 % band.", "percent", True),
    Column(
        "OOD AUROC",
        "How well ignorance tells held-out rows from points far from all data: 1 is best, 0.5 is chance.",
        "%.3f",
        True,
    ),
    Column("k-hat", "Pareto's k of the approximation: 0.7 or less is good.", "%.2f", True),
    Column("R-hat", "Of the chains' predictions: 1.1 or less is good.", "%.3f", True),
    Column("TV, rows", "Total variation from NUTS on held-out rows: 0 is the same, 1 the opposite.", "%.3f"),
    Column("TV, map", "Total variation from NUTS over the whole map.", "%.3f"),
    Column("W2, rows", "2-Wasserstein distance from NUTS on held-out rows, in the target's units.", "%.3f"),
    Column("Spread, rows", "Predictive sd over NUTS's on held-out rows: below 1 is too sure.", "%.2f"),
    Column("Spread, plot", "Predictive sd over NUTS's along the whole plot: below 1 is too sure.", "%.2f"),
    Column("Agreement, rows", "Share of held-out rows with the same most likely class as NUTS.", "percent"),
    Column("Agreement, map", "Share of the map with the same most likely class as NUTS.", "percent"),
    Column("Ignorance, rows", "Epistemic uncertainty over NUTS's, on held-out rows: below 1 is too sure.", "%.2f"),
    Column(
        "Ignorance, map", "Epistemic uncertainty over NUTS's, over the whole map: below 1 is too sure.", "%.2f"
    ),
    Column("NLL − NUTS", "NLL less that of NUTS, nats a row: above 0 is worse.", "%.3f"),
)


def used(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return the columns in which any row has something."""
    return [column for column in COLUMNS if any(row[column.name] is not None for row in rows)]


def number(values: Mapping[str, Any], name: str) -> float | None:
    """Return a finite number, None if it is not there."""
    value = values.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def summary_of_map(frame: MapFrame) -> PredictiveSummary:
    """Return a map's predictions as they are compared: at every point of the grid."""
    p = frame.probabilities()
    p = np.concatenate([1 - p, p]) if len(p) == 1 else p
    total, epistemic = (frame.nats(name).ravel() for name in ("total", "epistemic"))
    return PredictiveSummary(p.reshape(len(p), -1).T, total, epistemic, is_classification=True)


def along_the_curve(one: CurveFrame, nuts: CurveFrame) -> dict[str, float]:
    """Return, over the whole plot, the geometric mean ratio of predictive sds, and the ratio of mean ignorance."""
    if one.mean.shape != nuts.mean.shape:
        raise InvalidData("The curves are not along the same line.")
    ratios = np.log(one.total_sd.astype(float) / nuts.total_sd)
    ignorance = [float(np.mean(np.square(each.epistemic_sd, dtype=float))) for each in (one, nuts)]
    ratio = ignorance[0] / ignorance[1] if ignorance[1] > 0 else math.nan
    return {"sd_ratio": float(np.exp(ratios.mean())), "epistemic_ratio": ratio}


def distances(one: Picture, nuts: Picture) -> dict[str, float]:
    """Return how far one result is from another of the same problem.

    Returns
    -------
    dict
        ``rows`` and ``map`` (the whole plot), each with what `bnn_lib.agreement` finds there, as "total_variation,
        rows"; and ``nll_difference``. Empty if the two are not of the same rows and classes.
    """
    try:
        places = {"rows": agreement_of_summaries(one.held_out, nuts.held_out)}
        if isinstance(one.view, Curves) and isinstance(nuts.view, Curves):
            places["map"] = along_the_curve(one.view.final, nuts.view.final)
        else:
            summaries = (summary_of_map(each.view_as(Maps).final) for each in (one, nuts))
            places["map"] = agreement_of_summaries(*summaries)
    except InvalidData:
        return {}
    found = {f"{name}, {place}": value for place, values in places.items() for name, value in values.items()}
    mine, theirs = (number(each.scores.get("held-out", {}), "nll") for each in (one, nuts))
    if mine is not None and theirs is not None:
        found["nll_difference"] = mine - theirs
    return found


def reference(found: Iterable[Entry]) -> tuple[Picture | None, str]:
    """Return NUTS's result, and how far to trust it; None, and why not, if distances from it mean nothing."""
    nuts = next((entry for entry in found if entry.method == REFERENCE), None)
    if nuts is None:
        return None, "No distances: NUTS, which they are measured from, is not chosen."
    if nuts.picture is None and nuts.view is None and nuts.failure is None:
        return (
            None,
            "No distances yet: NUTS, which they are measured from, has not been fitted with these settings.",
        )
    if nuts.picture is None or nuts.picture.stopped_at is not None:
        return None, "No distances: NUTS has not finished."
    diagnostics = nuts.picture.diagnostics
    try:
        check_reference(diagnostics)
    except InvalidData as error:
        return None, f"No distances from NUTS. {error}"
    return nuts.picture, f"Distances are from NUTS, whose chains agree: R-hat {diagnostics['r_hat']:.3f}."


def reliability(diagnostics: Mapping[str, Any]) -> str:
    """Return k-hat or R-hat with one plain word, "–" where the method has neither."""
    for name, label, good in (("k_hat", "k-hat", GOOD_K), ("r_hat", "R-hat", R_HAT_LIMIT)):
        value = diagnostics.get(name)
        if isinstance(value, int | float):
            return f"{label} {value:.2f}, {'reliable' if value <= good else 'not reliable'}"
    return "–"


def speed_of(entry: Entry) -> tuple[float | None, str]:
    """Return a rate and what it counts."""
    if entry.picture is None:
        return (entry.view.steps_per_second if entry.view else None), "steps/s"
    values = entry.picture.diagnostics
    leapfrogs, seconds = number(values, "leapfrogs"), number(values, "seconds")
    if leapfrogs and seconds:
        return leapfrogs / seconds, "leapfrogs/s"
    return number(values, "steps_per_second"), "steps/s"


def table(found: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return one row of plain numbers a method, under the names of `COLUMNS`."""
    nuts, _ = reference(found)
    rows = []
    for entry in found:
        picture = entry.picture
        values = picture.diagnostics if picture else {}
        held, calibration = (
            picture.scores.get(part, {}) if picture else {} for part in ("held-out", "calibration")
        )
        rate, unit = speed_of(entry)
        far = distances(picture, nuts) if picture and nuts and picture is not nuts else {}
        row = (
            METHODS[entry.method].label,
            number(values, "seconds"),
            None if rate is None else round(rate),
            unit,
            *(number(held, name) for name in ("accuracy", "nll", "brier", "ece", "rmse", "crps", "coverage_95")),
            number(calibration, "ood_auroc"),
            *(number(values, name) for name in ("k_hat", "r_hat")),
            *(number(far, f"total_variation, {place}") for place in ("rows", "map")),
            number(far, "wasserstein, rows"),
            *(number(far, f"sd_ratio, {place}") for place in ("rows", "map")),
            *(number(far, f"agreement, {place}") for place in ("rows", "map")),
            *(number(far, f"epistemic_ratio, {place}") for place in ("rows", "map")),
            number(far, "nll_difference"),
        )
        rows.append(dict(zip((column.name for column in COLUMNS), row, strict=True)))
    return rows


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write the table as CSV."""
    return to_csv_bytes(pd.DataFrame(rows))
