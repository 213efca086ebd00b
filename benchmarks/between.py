"""The standard deviation of the function between two clusters of data, for every method.

The in-between uncertainty of Foong et al. (2019, 2020): two clusters on a line in the plane, one layer of 50 relu
units, the noise (0.1) known. Mean-field is as sure midway between the clusters as among the data; exact inference
is not. The profile along the line is that of the function's standard deviation, the noise left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.common import be_a_worker, print_machine, print_table

be_a_worker()

import numpy as np  # noqa: E402

import bnn_lib as bnn  # noqa: E402
from benchmarks.methods import add_methods, inference, timed_fit, verdict  # noqa: E402

TARGET = 10.0  # times as unsure as mean-field, midway
DIRECTION = np.array([[1.0, 1.0]]) / np.sqrt(2)
CLUSTER = float(np.sqrt(2))  # from the middle: at (-1, -1) and at (1, 1)
PLACES = (-2.5, -1.8, -1.4, -1.0, -0.5, 0.0, 0.5, 1.0, 1.4, 1.8, 2.5)  # on the line
MIDWAY = PLACES.index(0.0)
NOISE = 0.1
OPTIMISED: Mapping[str, object] = MappingProxyType({"steps": 20_000, "schedule": "cosine"})
SETTINGS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "nuts": {"chains": 4, "tune": 1000, "draws": 1000},
    }
)


def main() -> int:
    """Print the profile; return 1 if the target is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_methods(parser)
    options = parser.parse_args()
    print_machine()
    dataset = two_clusters()
    print(f"Standard deviation of the function along the line; data at {-CLUSTER:.1f} and {CLUSTER:.1f}.\n")
    profiles, totals, rows = {}, {}, []
    for name in options.methods:
        experiment = bnn.Experiment(
            network=bnn.NetworkSpec(hidden=(50,), activation="relu"),
            prior=bnn.PriorSpec(scale=4.0, scaling="fan_in", bias_scale=1.0),
            likelihood=bnn.LikelihoodSpec(noise=NOISE),
            inference=inference(name, SETTINGS.get(name, OPTIMISED), quick=options.quick),
        )
        fitted, seconds = timed_fit(experiment, dataset)
        if isinstance(fitted, str):
            print(f"{name}: {fitted}\n")
            continue
        line = np.array(PLACES)[:, None] * DIRECTION
        prediction = fitted.predict(line, n_draws=2000)
        profiles[name], totals[name] = np.sqrt(prediction.epistemic), np.sqrt(prediction.total)
        rows.append((name, *(f"{sd:.3f}" for sd in profiles[name]), seconds, verdict([fitted])))
    print_table(("", *(f"{place:g}" for place in PLACES), "seconds", ""), rows)
    missing = [name for name in ("nuts", "advi") if name not in profiles]
    if missing:
        print(f"\nThe target needs nuts and advi; there is no fit by {' nor '.join(missing)}.")
        # One that was not asked for is no miss; one that failed is.
        return int(any(name in options.methods for name in missing) and not options.quick)
    ratio, of_functions = (float(sds["nuts"][MIDWAY] / sds["advi"][MIDWAY]) for sds in (totals, profiles))
    met = ratio >= TARGET
    print(f"\nTarget: midway, nuts is at least {TARGET:g} times as unsure as advi: {ratio:.1f}, ", end="")
    print("met." if met else "missed.")
    print(f"That is of the predictive sd, noise and all; of the function's alone: {of_functions:.1f}.")
    return int(not met and not options.quick)


def two_clusters() -> bnn.Dataset:
    """Forty rows in each of two clusters on the diagonal; the target is a wave along it."""
    rng = np.random.default_rng(0)
    t = CLUSTER * np.repeat([-1.0, 1.0], 40) + 0.1 * rng.normal(size=80)
    X, y = t[:, None] * DIRECTION, np.sin(3 * t) + NOISE * rng.normal(size=80)
    return bnn.Dataset.from_arrays(X, y, X_test=X[:4], y_test=y[:4], standardize=False)


if __name__ == "__main__":
    sys.exit(main())
