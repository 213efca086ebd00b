"""How good it is on rows that it has not seen: one table, beside what a practitioner would try first."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

METRICS = (
    ("accuracy", "Accuracy", "share of rows whose most likely class is right", True),
    ("nll", "NLL", "negative log-likelihood, nats a row: punishes confident mistakes", False),
    ("brier", "Brier", "mean squared error of the probabilities", False),
    ("ece", "ECE", "expected calibration error: how far stated probabilities are from what happens", False),
)
ROWS = (
    ("network", "This network"),
    ("logistic_regression", "Logistic regression"),
    ("random_forest", "Random forest"),
)
NOTHING: Mapping[str, Any] = MappingProxyType({})
GOOD_K_HAT, GOOD_R_HAT = 0.7, 1.1
Scores = Mapping[str, Mapping[str, Mapping[str, float]]]


def rows_of(scores: Mapping[str, Any]) -> dict[str, dict[str, Mapping[str, float]]]:
    """Return model -> {"test": scores, "train": scores} from a picture's scores."""
    rows = {"network": {"test": scores.get("held-out", {}), "train": scores.get("training", {})}}
    for name, both in scores.get("baselines", {}).items():
        rows[name] = {"test": both.get("test", {}), "train": both.get("train", {})}
    return rows


def scores_table(scores: Mapping[str, Any], unfinished: bool = False, stale: bool = False) -> str:
    """Return the table as HTML; the best held-out value of a column is bold.

    Parameters
    ----------
    scores : mapping
        Of a `Picture`.
    unfinished : bool
        Whether the fit was stopped.
    stale : bool
        Whether the settings have changed since.
    """
    rows = rows_of(scores)
    head = "".join(
        f'<th scope="col" title="{html.escape(help_text)}">{label} <small>{"↑" if up else "↓"}</small></th>'
        for _, label, help_text, up in METRICS
    )
    body = []
    for name, label in ROWS:
        if name not in rows:
            continue
        cells = "".join(_cell(rows, name, metric, up) for metric, _, _, up in METRICS)
        note = " <small>(stopped early)</small>" if unfinished and name == "network" else ""
        body.append(f'<tr><th scope="row">{html.escape(label)}{note}</th>{cells}</tr>')
    return (
        f'<table class="bnn-scores{" bnn-stale" if stale else ""}"><caption>How good on rows it has not seen '
        "<small>(and, in grey, on those it was fitted to)</small></caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )


def _cell(rows: Mapping[str, Mapping[str, Mapping[str, float]]], name: str, metric: str, up: bool) -> str:
    held, training = (_number(rows[name][part].get(metric)) for part in ("test", "train"))
    values = [value for row in rows.values() if (value := _number(row["test"].get(metric))) is not None]
    best = held is not None and values and held == (max(values) if up else min(values))
    text = _text(held, metric)
    strong = f"<b>{text}</b>" if best else text
    return f'<td>{strong} <span class="train">{_text(training, metric)}</span></td>'


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _text(value: float | None, metric: str) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if metric == "accuracy" else f"{value:.3f}"


def verdict(diagnostics: Mapping[str, Any]) -> str:
    """Return in a sentence or two how far the posterior itself may be trusted, as far as is known."""
    k_hat, r_hat = (diagnostics.get(name) for name in ("k_hat", "r_hat"))
    if isinstance(k_hat, float):
        text = f"Pareto k-hat {k_hat:.2f}" if math.isfinite(k_hat) else "Pareto k-hat is infinite"
        if k_hat <= GOOD_K_HAT:
            return f"{text} (0.7 or less is good): close to the posterior, as far as its own draws can tell."
        return f"{text} (0.7 or less is good): not the posterior; compare with NUTS before trusting its certainty."
    if isinstance(r_hat, float):
        text = (
            f"R-hat {r_hat:.3f} and {diagnostics['ess']:,.0f} effective draws of the predictions (weights have no "
            f"unique value), {diagnostics['divergences']:,} divergences"
        )
        if r_hat > GOOD_R_HAT:
            return f"{text}. The chains disagree: take more tuning steps and draws, or fewer units."
        if diagnostics["divergences"]:
            return f"{text}. The chains agree, but missed what is too sharply curved for them."
        return f"{text}: the chains agree."
    return ""


def headline(scores: Mapping[str, Any], stale: bool = False, diagnostics: Mapping[str, Any] = NOTHING) -> str:
    """Return the numbers to see first, as HTML: right how often, sure how rightly, and trusted how far."""
    held = scores.get("held-out", {})
    accuracy, nll = _number(held.get("accuracy")), _number(held.get("nll"))
    return (
        f'<dl class="bnn-verdict{" bnn-stale" if stale else ""}">'
        f"<div><dt>Right on held-out rows</dt><dd>{_text(accuracy, 'accuracy')}</dd></div>"
        f"<div><dt>NLL, nats a row</dt><dd>{_text(nll, 'nll')}</dd></div>{_trust(diagnostics)}</dl>"
    )


def _trust(diagnostics: Mapping[str, Any]) -> str:
    """One more number of the headline: Pareto's k-hat of an approximation, or R-hat of chains."""
    for name, label, good in (
        ("k_hat", "k-hat, good to 0.7", GOOD_K_HAT),
        ("r_hat", "R-hat, good to 1.1", GOOD_R_HAT),
    ):
        value = diagnostics.get(name)
        if isinstance(value, float):
            text = f"{value:.2f}" if math.isfinite(value) else "∞"
            mark = "" if value <= good else " <small>✗</small>"
            title = html.escape(verdict(diagnostics))
            return f'<div title="{title}"><dt>{label}</dt><dd>{text}{mark}</dd></div>'
    return ""
