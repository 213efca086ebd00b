"""What the benchmarks of quality share: the methods to run, their settings, and what a fit says of itself."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence

import bnn_lib as bnn
from bnn_lib.inference import METHODS

LEFT_OUT = ("pymc",)  # the same approximation as advi, by pm.fit, and minutes to compile
LAST = ("nuts",)  # takes longest
VERDICTS = (("r_hat", "R-hat {:.2f}"), ("divergences", "{:,} divergent"), ("k_hat", "k-hat {:.2f}"))


def add_methods(parser: argparse.ArgumentParser) -> None:
    """Add ``--methods`` and ``--quick``."""
    names = sorted((name for name in METHODS if name not in LEFT_OUT), key=lambda name: name in LAST)
    parser.add_argument(
        "--methods", nargs="+", choices=[*METHODS], default=names, metavar="METHOD", help=", ".join(METHODS)
    )
    parser.add_argument("--quick", action="store_true", help="short fits: the figures mean little")


def inference(name: str, settings: Mapping[str, object], *, quick: bool = False) -> bnn.InferenceSpec:
    """Return the settings of a method; with `quick` a fit takes a moment."""
    short = {"steps": 200, "tune": 50, "draws": 50, "chains": 2} if quick else {}
    known = bnn.InferenceSpec.model_fields
    return bnn.InferenceSpec(
        method=name, **{field: value for field, value in (settings | short).items() if field in known}
    )


def timed_fit(experiment: bnn.Experiment, dataset: bnn.Dataset) -> tuple[bnn.Posterior | str, float]:
    """Return the posterior, or why there is none, and the seconds by the clock, compilation included."""
    began = time.perf_counter()
    try:
        fitted: bnn.Posterior | str = bnn.fit(experiment, dataset)
    except (bnn.InvalidExperiment, bnn.InvalidData, bnn.FitFailed) as error:
        fitted = str(error)
    return fitted, time.perf_counter() - began


def verdict(posteriors: Sequence[bnn.Posterior]) -> str:
    """Say what the fits say of themselves: the worst R-hat, k-hat and number of divergences."""
    worst = []
    for name, text in VERDICTS:
        values = [float(p.diagnostics[name]) for p in posteriors if p.diagnostics.get(name) is not None]
        if values:
            worst.append(text.format(int(max(values)) if name == "divergences" else max(values)))
    return ", ".join(worst)
