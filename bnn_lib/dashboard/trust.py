"""Can I trust this? One plain answer in words, and what it rests on, which one may also see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.agreement import R_HAT_LIMIT
from bnn_lib.figures.calibration import Z95, pit_figure, reliability_figure
from bnn_lib.loo import GOOD_K

if TYPE_CHECKING:
    import plotly.graph_objects as go

SAID = 0.8  # how sure the model is in the example that the sentence gives
FEWEST = 5  # rows of a bin that may serve as the example
CURVE = ("confidence", "accuracy", "count")


def about_posterior(diagnostics: Mapping[str, Any]) -> str:
    """Return in a sentence or two how far the posterior itself may be trusted; empty if nothing is known."""
    k_hat, r_hat = (diagnostics.get(name) for name in ("k_hat", "r_hat"))
    if isinstance(k_hat, float):
        size = f"{k_hat:.2f}" if math.isfinite(k_hat) else "infinite"
        text = f"Pareto k-hat is {size} ({GOOD_K} or less is good)."
        if k_hat <= GOOD_K:
            return f"It is close to the posterior, as far as its own draws can tell: {text}"
        return (
            f"It is not the posterior: {text} Compare with NUTS before trusting how sure it is far from the data."
        )
    if isinstance(r_hat, float):
        text = f"The chains agree: R-hat is {r_hat:.3f}."
        if not r_hat <= R_HAT_LIMIT:
            text = (
                f"The chains disagree: R-hat is {r_hat:.2f} ({R_HAT_LIMIT} or less is good). Take more tuning "
                "steps and draws, or fewer units."
            )
        divergences = diagnostics.get("divergences", 0)
        if divergences:
            text += f" {divergences:,} divergences: they missed what is too sharply curved for them."
        return " ".join(filter(None, [text, _stuck(diagnostics)]))
    return ""


def example(calibration: Mapping[str, Any]) -> str:
    """Return the reliability curve's point next to 80 % in words; empty without one."""
    confidence, accuracy, count = (np.array(calibration.get(name, [])) for name in CURVE)
    usable = np.flatnonzero(count >= FEWEST)
    if not len(usable):
        return ""
    near = usable[np.argmin(np.abs(confidence[usable] - SAID))]
    return f"when it says {confidence[near]:.0%}, it is right {accuracy[near]:.0%} of the time".replace("%", " %")


def has_curve(calibration: Mapping[str, Any]) -> bool:
    """Whether there is anything for `calibration_figure` to show."""
    return "pit" in calibration or bool(calibration.get("count"))


def calibration_figure(calibration: Mapping[str, Any], theme: str = "light") -> go.Figure:
    """Return the reliability curve, or for numbers the histogram of the PIT."""
    if "pit" in calibration:
        title = "Where the truths lie in their predictions: flat is right"
        return pit_figure(np.array(calibration["pit"]), calibration["rows"], title, theme)
    said = example(calibration)
    title = said[:1].upper() + said[1:] if said else "How often it is right"
    confidence, accuracy, count = (np.array(calibration[name]) for name in CURVE)
    return reliability_figure(confidence, accuracy, count, title, theme)


def about_rows(calibration: Mapping[str, Any]) -> str:
    """Return in one sentence whether its probabilities hold on held-out rows; empty if that is not known."""
    if "coverage" in calibration:
        level, share = calibration["coverage"][-1]
        found = f"{share:.0%} of the truths lie in its {level:.0%} intervals".replace("%", " %")
        off = (share - level) / math.sqrt(level * (1 - level) / calibration["rows"])
    else:
        found = example(calibration)
        confidence, accuracy, count = (np.array(calibration.get(name, [])) for name in CURVE)
        if not found:
            return ""
        spread = math.sqrt(float((count * confidence * (1 - confidence)).sum())) or 1.0
        off = float((count * (accuracy - confidence)).sum()) / spread
    if off < -Z95:
        return f"On held-out rows it is too sure: {found}."
    return f"On held-out rows its {'doubt is larger than need be' if off > Z95 else 'certainty holds'}: {found}."


def sentence(scores: Mapping[str, Any], diagnostics: Mapping[str, Any]) -> str:
    """Return the answer in two sentences: on rows like the data, and beyond."""
    beyond = about_posterior(diagnostics) or (
        "Whether it knows what it does not know cannot be told from itself alone: compare it with NUTS."
    )
    return " ".join(filter(None, [about_rows(scores.get("calibration", {})), beyond]))


def details(scores: Mapping[str, Any], diagnostics: Mapping[str, Any], rows: int) -> list[tuple[str, str]]:
    """Return what the sentence rests on: heading and text of each part that is known.

    Parameters
    ----------
    scores, diagnostics : mapping
        Of a `Picture`.
    rows : int
        Training rows, of which LOO is a sum.
    """
    calibration = scores.get("calibration", {})
    parts = {
        "Brier score": _brier(calibration.get("brier")),
        "Sharpness": _sharpness(calibration),
        "Far from all data": _far(calibration.get("ood_auroc")),
        "Each training row left out": _loo(scores.get("loo") or {}, rows),
        "Chains": _chains(diagnostics),
        "ELBO": _elbo(diagnostics),
    }
    return [(heading, text) for heading, text in parts.items() if text]


def _brier(parts: Mapping[str, float] | None) -> str:
    if not parts:
        return ""
    return (
        f"{parts['brier']:.3f}: {parts['uncertainty']:.3f} from the mix of classes alone, less "
        f"{parts['resolution']:.3f} for telling rows apart, plus {parts['reliability']:.3f} for saying other "
        f"probabilities than what happens ({parts['within_bins']:+.3f} is lost in binning)."
    )


def _sharpness(calibration: Mapping[str, Any]) -> str:
    if "sharpness" not in calibration:
        return ""
    shares = ", ".join(f"{share:.0%} in its {level:.0%} intervals" for level, share in calibration["coverage"])
    width = f"95% intervals are {calibration['sharpness']:.3g} wide on average"
    return f"{width}. Of the truths lie {shares}.".replace("%", " %")


def _far(auroc: float | None) -> str:
    if auroc is None or not math.isfinite(auroc):
        return ""
    judged = "it knows when it is far out" if auroc >= 0.9 else "it often does not notice"
    judged = "it is surer there than among the data" if auroc < 0.5 else judged
    return (
        f"A point unlike the data meets more ignorance than a held-out row in {100 * auroc:.0f} % of pairs (AUROC "
        f"of epistemic uncertainty; 50 % is chance): {judged}."
    )


def _loo(found: Mapping[str, float], rows: int) -> str:
    if not found:
        return ""
    bad = found["k_hat_bad"]
    trust = (
        f"{100 * bad:.0f} % of the rows have a k-hat above {GOOD_K}, so take it with caution"
        if bad
        else f"every row's k-hat is {found['k_hat_max']:.2f} or less, so the estimate holds"
    )
    return (
        f"{found['elpd_loo'] / rows:.3f} ± {found['se'] / rows:.3f} nats a row (PSIS-LOO), as if the network had "
        f"{found['p_loo']:.0f} parameters; {trust}."
    )


def _chains(diagnostics: Mapping[str, Any]) -> str:
    if "ess" not in diagnostics:
        return ""
    by_chain = diagnostics.get("divergences_by_chain", ())
    shares = f" ({', '.join(f'{count:,}' for count in by_chain)} by chain)" if any(by_chain) else ""
    text = (
        f"{diagnostics['chains']} chains of {diagnostics['draws']:,} draws, worth {diagnostics['ess']:,.0f} "
        f"independent ones; {diagnostics['divergences']:,} divergences{shares}. R-hat and effective draws are "
        "the worst over predictions at held-out rows: weights are not identifiable (units can change places), so "
        "chains need not agree on them."
    )
    return " ".join(filter(None, [_stuck(diagnostics), text]))


def _stuck(diagnostics: Mapping[str, Any]) -> str:
    """Name the chains that do not sample what the others do, counted from 1; empty if all do."""
    names = [str(chain + 1) for chain in diagnostics.get("stuck_chains", ())]
    if not names:
        return ""
    which = f"Chain {names[0]}" if len(names) == 1 else f"Chains {', '.join(names[:-1])} and {names[-1]}"
    return f"{which} got stuck: {'its' if len(names) == 1 else 'their'} draws are not the posterior's."


def _elbo(diagnostics: Mapping[str, Any]) -> str:
    if "elbo_mean" not in diagnostics:
        return ""
    bound = f"{diagnostics['elbo_mean']:,.1f} ± {diagnostics['elbo_se']:.1f} nats"
    return f"{bound}, a lower bound on the log evidence."
