"""Every method where the answer is known: linear regression, and a normal mean far from where the fit starts.

Linear regression with known noise has a normal posterior. Full-rank and low-rank ADVI (of full rank), Laplace and
NUTS have to match its mean and covariance; mean-field ADVI its mean, and the variances 1 / diag(precision), which
are too small where columns are correlated. What is no posterior (map, ensemble) is printed for comparison.

A normal mean: the network without layers and with every input 0 is its bias alone, so y ~ N(b, noise^2) with
b ~ N(0, scale^2). The fit starts at 0 and the answer is 8.02, forty posterior standard deviations away.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from benchmarks.common import be_a_worker, print_machine, print_table

be_a_worker()

import numpy as np  # noqa: E402

import bnn_lib as bnn  # noqa: E402
from benchmarks.methods import add_methods, inference, timed_fit, verdict  # noqa: E402

N_DRAWS = 4000
ANSWER = 8.02  # posterior mean of the far one
EXACT = ("fullrank_advi", "lowrank_advi", "laplace", "nuts", "pymc")
VARIATIONAL = ("advi", "fullrank_advi", "lowrank_advi", "laplace", "svgd")
MEAN_TOLERANCE, SD_TOLERANCE = 0.15, 0.1  # of the exact sds; Monte Carlo error of the draws included
SETTINGS: Mapping[str, object] = MappingProxyType(
    {"steps": 10_000, "learning_rate": 0.01, "schedule": "cosine", "mc_samples": 10, "rank": 3, "particles": 100}
)


@dataclass(frozen=True)
class Case:
    """A model whose posterior of (weights, bias) is normal and known."""

    experiment: bnn.Experiment
    dataset: bnn.Dataset
    mean: np.ndarray
    covariance: np.ndarray


def main() -> int:
    """Print both tables; return 1 if a method misses what it has to match."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_methods(parser)
    options = parser.parse_args()
    print_machine()
    missed = linear_table(options) + far_table(options)
    return int(missed > 0 and not options.quick)


def linear_regression(rows: int = 40, noise: float = 0.5, scale: float = 1.5) -> Case:
    """Two correlated columns and a bias; prior and noise are normal and known."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(rows, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]]) + 0.5
    return make_case(X, X @ [1.0, -2.0] + 0.3 + noise * rng.normal(size=rows), noise, scale)


def far_mean(rows: int = 25, noise: float = 1.0, scale: float = 20.0) -> Case:
    """A bias alone, its prior at 0 and its posterior's mean at `ANSWER`, with sd 0.2."""
    y = noise * np.random.default_rng(2).normal(size=rows)
    wanted = ANSWER * (1 + noise**2 / (rows * scale**2))  # the prior draws the mean a little to 0
    return make_case(np.zeros((rows, 1)), y - y.mean() + wanted, noise, scale)


def make_case(X: np.ndarray, y: np.ndarray, noise: float, scale: float) -> Case:
    """Work out the exact posterior."""
    X = X.astype("float32").astype("float64")
    design = np.column_stack([X, np.ones(len(X))])
    covariance = np.linalg.inv(design.T @ design / noise**2 + np.eye(design.shape[1]) / scale**2)
    experiment = bnn.Experiment(
        network=bnn.NetworkSpec(hidden=()),
        prior=bnn.PriorSpec(scale=scale, bias_scale=None),
        likelihood=bnn.LikelihoodSpec(noise=noise),
    )
    dataset = bnn.Dataset.from_arrays(X, y, X_test=X[:5], y_test=y[:5], task="regression", standardize=False)
    return Case(experiment, dataset, covariance @ design.T @ y / noise**2, covariance)


def fit_case(
    case: Case, method: str, quick: bool, **changes: object
) -> tuple[np.ndarray, bnn.Posterior, float] | str:
    """Return draws of (weights, bias), (S, d + 1), the posterior and the seconds; or why there is none."""
    spec = inference(method, {**SETTINGS, **changes}, quick=quick)
    fitted, seconds = timed_fit(case.experiment.model_copy(update={"inference": spec}), case.dataset)
    if isinstance(fitted, str):
        return fitted
    draws = fitted.draws(N_DRAWS)
    return np.concatenate([draws["W1"][:, 0], draws["b1"]], axis=1).astype("float64"), fitted, seconds


def linear_table(options: argparse.Namespace) -> int:
    """Print the errors of mean, sds and covariance; return how many methods miss."""
    case = linear_regression()
    sd = np.sqrt(np.diag(case.covariance))
    too_small = 1 / np.sqrt(np.diag(np.linalg.inv(case.covariance)))
    print("\nBayesian linear regression: error of the mean and of the covariance in exact sds, ratio of the sds;")
    print(f"mean-field's ratios, by theory, are {in_a_row(too_small / sd)}.\n")
    rows: list[tuple[object, ...]] = []
    missed = 0
    for method in options.methods:
        result = fit_case(case, method, options.quick)
        judged = method == "advi" or method in EXACT
        if isinstance(result, str):
            print(f"{method}: {result}\n")
            missed += judged
            continue
        draws, fitted, seconds = result
        mean_error = float(np.max(np.abs(draws.mean(0) - case.mean) / sd))
        ratios = draws.std(0) / sd
        covariance_error = float(np.max(np.abs(np.cov(draws.T) - case.covariance) / np.outer(sd, sd)))
        wanted = too_small / sd if method == "advi" else np.ones_like(sd)
        met = mean_error < MEAN_TOLERANCE and bool(np.all(np.abs(ratios / wanted - 1) < SD_TOLERANCE))
        if method in EXACT:
            met = met and covariance_error < 2 * SD_TOLERANCE
        missed += judged and not met
        said = ("met" if met else "MISSED") if judged else ""
        rows.append((method, mean_error, in_a_row(ratios), covariance_error, seconds, said, verdict([fitted])))
    print_table(("", "mean", "sds / exact", "covariance", "seconds", "target", ""), rows)
    return missed


def far_table(options: argparse.Namespace) -> int:
    """Print where the fits end that have far to go; return how many do not get there."""
    case = far_mean()
    mean, sd = float(case.mean[-1]), float(case.covariance[-1, -1] ** 0.5)
    print(f"\nA normal mean, started at 0: the answer is {mean:.2f} with sd {sd:.2f}.\n")
    rows: list[tuple[object, ...]] = []
    missed = 0
    for method in options.methods:
        result = fit_case(case, method, options.quick)
        judged = method in VARIATIONAL or method in EXACT
        if isinstance(result, str):
            missed += judged
            print(f"{method}: {result}\n")
            continue
        draws, _, seconds = result
        found, spread = float(draws[:, -1].mean()), float(draws[:, -1].std())
        met = abs(found - mean) < MEAN_TOLERANCE * sd
        missed += judged and not met
        rows.append(
            (method, f"{found:.3f}", f"{spread:.3f}", seconds, ("met" if met else "MISSED") if judged else "")
        )
    print_table(("", "mean", "sd", "seconds", "target"), rows)
    return missed


def in_a_row(values: np.ndarray) -> str:
    """Write numbers beside one another."""
    return " ".join(f"{value:.2f}" for value in values)


if __name__ == "__main__":
    sys.exit(main())
