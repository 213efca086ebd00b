"""Scores of fits of a table beside scikit-learn's usual models, as HTML."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bnn_lib.inference import METHODS


@dataclass(frozen=True)
class Metric:
    """One column: where its number is, what it means, and which way is better (0: neither)."""

    name: str
    label: str
    help: str
    better: int
    percent: bool = False


METRICS: Mapping[str, tuple[Metric, ...]] = MappingProxyType(
    {
        "regression": (
            Metric("rmse", "RMSE", "root of the mean squared error, in the target's units", -1),
            Metric("nll", "NLL", "negative log-likelihood, nats a row: punishes confident mistakes", -1),
            Metric("crps", "CRPS", "error of the whole predictive distribution, in the target's units", -1),
            Metric(
                "coverage_95", "In 95 % interval", "share of rows in their 95 % interval: should be 95 %", 0, True
            ),
        ),
        "classification": (
            Metric("accuracy", "Accuracy", "share of rows whose most likely class is right", 1, True),
            Metric("nll", "NLL", "negative log-likelihood, nats a row: punishes confident mistakes", -1),
            Metric("brier", "Brier", "mean squared error of the probabilities", -1),
            Metric("ece", "ECE", "how far stated probabilities are from what happens, on average", -1),
        ),
    }
)
BASELINES: Mapping[str, str] = MappingProxyType(
    {
        "logistic_regression": "Logistic regression",
        "ridge": "Ridge regression",
        "random_forest": "Random forest",
        "gaussian_process": "Gaussian process",
    }
)
Rows = list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]  # label, held-out scores, training scores


def rows_of(fits: Sequence[tuple[str, Mapping[str, Any], bool]]) -> Rows:
    """Return one row a fit and a baseline, in this order.

    Parameters
    ----------
    fits : sequence of (method, scores of its picture, whether it was stopped)
    """
    rows: Rows = []
    for method, scores, stopped in fits:
        note = " (stopped early)" if stopped else ""
        label = f"This network, {METHODS[method].label}{note}"
        rows.append((label, scores.get("held-out", {}), scores.get("training", {})))
    baselines = fits[0][1].get("baselines", {}) if fits else {}
    for name, both in baselines.items():
        rows.append((BASELINES.get(name, name), both.get("test", {}), both.get("train", {})))
    return rows


def scores_table(rows: Rows, task: str) -> str:
    """Return the table as HTML; the best held-out value of a column is bold."""
    metrics = METRICS[task]
    arrows = {1: " <small>↑</small>", -1: " <small>↓</small>", 0: ""}
    head = "".join(
        f'<th scope="col" title="{html.escape(m.help)}">{m.label}{arrows[m.better]}</th>' for m in metrics
    )
    body = []
    for label, held, train in rows:
        cells = "".join(_cell(rows, held, train, metric) for metric in metrics)
        body.append(f'<tr><th scope="row">{html.escape(label)}</th>{cells}</tr>')
    return (
        '<table class="bnn-scores"><caption>How good on held-out rows <small>(and, in grey, on those it was '
        f"fitted to)</small></caption><thead><tr><td></td>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def headline(scores: Mapping[str, Any], task: str, target: str) -> str:
    """Return the numbers to see first, as HTML."""
    held = scores.get("held-out", {})
    if task == "regression":
        parts = [(f"Off by, in units of {target}", "rmse", False), ("In their 95 % interval", "coverage_95", True)]
    else:
        parts = [("Right on held-out rows", "accuracy", True)]
    parts.append(("NLL, nats a row", "nll", False))
    return (
        '<dl class="bnn-verdict">'
        + "".join(
            f"<div><dt>{html.escape(label)}</dt><dd>{text(held.get(name), percent)}</dd></div>"
            for label, name, percent in parts
        )
        + "</dl>"
    )


def text(value: object, percent: bool = False) -> str:
    """Write a score, a dash if there is none."""
    number = _number(value)
    if number is None:
        return "–"
    return f"{100 * number:.1f} %" if percent else f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def _cell(rows: Rows, held: Mapping[str, Any], train: Mapping[str, Any], metric: Metric) -> str:
    value = _number(held.get(metric.name))
    values = [v for _, scores, _ in rows if (v := _number(scores.get(metric.name))) is not None]
    best = value is not None and metric.better and value == (max(values) if metric.better > 0 else min(values))
    shown = text(value, metric.percent)
    strong = f"<b>{shown}</b>" if best else shown
    return f'<td>{strong} <span class="train">{text(train.get(metric.name), metric.percent)}</span></td>'


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
