"""How good it is on rows that it has not seen: one table, beside what a practitioner would try first."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bnn_lib.agreement import R_HAT_LIMIT
from bnn_lib.dashboard.trust import about_posterior
from bnn_lib.loo import GOOD_K

CLASS_METRICS = (
    ("accuracy", "Accuracy", "share of rows whose most likely class is right", True),
    ("nll", "NLL", "negative log-likelihood, nats a row: punishes confident mistakes", False),
    ("brier", "Brier", "mean squared error of the probabilities", False),
    ("ece", "ECE", "expected calibration error: how far stated probabilities are from what happens", False),
)
NUMBER_METRICS = (
    ("rmse", "RMSE", "root of the mean squared error, in the target's units", False),
    ("nll", "NLL", "negative log-likelihood, nats a row: punishes confident mistakes", False),
    ("crps", "CRPS", "how far predictive distributions are from what happened, in the target's units", False),
    ("coverage_95", "In 95 % band", "share of rows within their 95 % band: as near to 95 % as can be", None),
)
CLASS_HEADLINE = (("accuracy", "Right on held-out rows"), ("nll", "NLL, nats a row"))
NUMBER_HEADLINE = (("rmse", "Held-out RMSE"), ("coverage_95", "In their 95 % band"))
SHARES = ("accuracy", "coverage_95")
UNITS = ("rmse", "crps")  # in the target's units, which may be of any size
BASELINES: Mapping[str, str] = MappingProxyType(
    {
        "logistic_regression": "Logistic regression",
        "ridge": "Ridge regression",
        "random_forest": "Random forest",
        "gaussian_process": "Gaussian process",
    }
)
ARROWS = MappingProxyType({True: "↑", False: "↓", None: ""})
Metrics = tuple[tuple[str, str, str, bool | None], ...]
NOTHING: Mapping[str, Any] = MappingProxyType({})
Scores = Mapping[str, Mapping[str, Mapping[str, float]]]


def _metrics(scores: Mapping[str, Any]) -> Metrics:
    """Return the columns: name, label, help, and whether more is better (None: neither)."""
    return NUMBER_METRICS if "rmse" in scores.get("held-out", {}) else CLASS_METRICS


def rows_of(scores: Mapping[str, Any]) -> dict[str, dict[str, Mapping[str, float]]]:
    """Return model -> {"test": scores, "train": scores} from a picture's scores."""
    rows = {"network": {"test": scores.get("held-out", {}), "train": scores.get("training", {})}}
    for name, both in scores.get("baselines", {}).items():
        rows[name] = {"test": both.get("test", {}), "train": both.get("train", {})}
    return rows


def scores_table(
    scores: Mapping[str, Any],
    unfinished: bool = False,
    stale: bool = False,
    label: str = "This network",
    others: Mapping[str, Mapping[str, Any]] = NOTHING,
) -> str:
    """Return the table as HTML; the best held-out value of a column is bold.

    Parameters
    ----------
    scores : mapping
        Of a `Picture`.
    unfinished : bool
        Whether the fit was stopped.
    stale : bool
        Whether the settings have changed since.
    label : str
        What the network is called.
    others : mapping of str to mapping
        Label -> scores of other fits to the same data, shown below it.
    """
    rows, metrics = rows_of(scores), _metrics(scores)
    names = {"network": label}
    for other, its_scores in others.items():
        names[other], rows[other] = other, rows_of(its_scores)["network"]
    names |= BASELINES
    head = "".join(
        f'<th scope="col" title="{html.escape(help_text)}">{label} <small>{ARROWS[up]}</small></th>'
        for _, label, help_text, up in metrics
    )
    body = []
    for name, shown in names.items():
        if name not in rows:
            continue
        cells = "".join(_cell(rows, name, metric, up) for metric, _, _, up in metrics)
        note = " <small>(stopped early)</small>" if unfinished and name == "network" else ""
        body.append(f'<tr><th scope="row">{html.escape(shown)}{note}</th>{cells}</tr>')
    return (
        f'<table class="bnn-scores{" bnn-stale" if stale else ""}"><caption>How good on rows it has not seen '
        "<small>(and, in grey, on those it was fitted to)</small></caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )


def _cell(rows: Mapping[str, Mapping[str, Mapping[str, float]]], name: str, metric: str, up: bool | None) -> str:
    held, training = (_number(rows[name][part].get(metric)) for part in ("test", "train"))
    values = [value for row in rows.values() if (value := _number(row["test"].get(metric))) is not None]
    best = up is not None and held is not None and values and held == (max(values) if up else min(values))
    text = _text(held, metric)
    strong = f"<b>{text}</b>" if best else text
    return f'<td>{strong} <span class="train">{_text(training, metric)}</span></td>'


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _text(value: float | None, metric: str) -> str:
    if value is None:
        return "–"
    if metric in UNITS:
        return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"
    return f"{100 * value:.1f} %" if metric in SHARES else f"{value:.3f}"


def headline(scores: Mapping[str, Any], stale: bool = False, diagnostics: Mapping[str, Any] = NOTHING) -> str:
    """Return the numbers to see first, as HTML: right how often, sure how rightly, and trusted how far."""
    held = scores.get("held-out", {})
    shown = NUMBER_HEADLINE if "rmse" in held else CLASS_HEADLINE
    numbers = "".join(
        f"<div><dt>{label}</dt><dd>{_text(_number(held.get(name)), name)}</dd></div>" for name, label in shown
    )
    return f'<dl class="bnn-verdict{" bnn-stale" if stale else ""}">{numbers}{_trust(diagnostics)}</dl>'


def _trust(diagnostics: Mapping[str, Any]) -> str:
    """One more number of the headline: Pareto's k-hat of an approximation, or R-hat of chains."""
    for name, label, good in (
        ("k_hat", f"k-hat, good to {GOOD_K}", GOOD_K),
        ("r_hat", f"R-hat, good to {R_HAT_LIMIT}", R_HAT_LIMIT),
    ):
        value = diagnostics.get(name)
        if isinstance(value, float):
            text = f"{value:.2f}" if math.isfinite(value) else "∞"
            mark = "" if value <= good else " <small>✗</small>"
            title = html.escape(about_posterior(diagnostics))
            return f'<div title="{title}"><dt>{label}</dt><dd>{text}{mark}</dd></div>'
    return ""
