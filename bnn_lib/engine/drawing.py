"""Posterior -> `Picture`: what a worker computes for the page; what is drawn is `bnn_lib.engine.views`'s."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.engine.picture import Picture, Rows, Units
from bnn_lib.engine.views.base import SEED, Frame, Place, View, affordable_draws, as_bytes, blocks
from bnn_lib.errors import InvalidData
from bnn_lib.inference import METHODS

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.posterior import Posterior

UNIT_DRAWS = 50
LOO_ROWS, LOO_DRAWS = 500, 500  # a row takes a third of a millisecond
ROW_DRAWS = 100
ROWS_KEPT = 100  # held-out rows of which single numbers are kept: half the least sure, half the most


def build_picture(
    posterior: Posterior,
    dataset: Dataset,
    view: type[View],
    frames: Sequence[Frame],
    *,
    step: int,
    stopped_at: int | None = None,
) -> Picture:
    """Compute all that the page shows of a fit that has ended.

    The scores of the baselines are left to be filled in: they are no matter of the posterior.
    """
    from bnn_lib.held_out import judge
    from bnn_lib.metrics import evaluate
    from bnn_lib.networks import Networks

    sizes = posterior.structure.sizes
    tested, trained = (affordable_draws(sizes, len(X)) for X in (dataset.X_test, dataset.X_train))
    held_out = judge(posterior, dataset, n_draws=tested)
    place = view.place(dataset)
    return Picture(
        experiment_json=posterior.experiment.to_json(),
        view=view.finish(posterior, place, frames, step),
        objective=np.asarray(posterior.objective, np.float32),
        units=_units(posterior, view.unit_place(place)),
        weights={
            name: (np.asarray(mean, np.float32), np.asarray(sd, np.float32))
            for name, (mean, sd) in posterior.weight_summary().items()
        },
        rows=_rows(posterior, dataset.X_test),
        scores={
            "held-out": held_out.scores,
            "training": dict(evaluate(posterior, dataset, split="train", n_draws=trained)),
            "calibration": held_out.calibration,
            "loo": _loo(posterior, dataset),
            "baselines": {},
        },
        diagnostics=dict(posterior.diagnostics),
        held_out=held_out.summary,
        networks=Networks.of(posterior).to_bytes(),
        stopped_at=stopped_at,
    )


def _loo(posterior: Posterior, dataset: Dataset) -> dict[str, float]:
    """Leave-one-out, where it takes but a fifth of a second and the method has draws enough of a posterior."""
    from bnn_lib.diagnostics import loo

    method = METHODS[posterior.experiment.inference.method]
    if method.kind == "optimisation" or len(dataset.X_train) > LOO_ROWS:
        return {}
    try:
        return loo(posterior, dataset, n_draws=LOO_DRAWS)
    except InvalidData:  # a few particles, or a chain stopped early: known from the draws alone
        return {}


def _units(posterior: Posterior, place: Place | None) -> tuple[Units, ...]:
    if place is None:
        return ()
    units = []
    for layer in posterior.unit_activations(place.points(), n_draws=UNIT_DRAWS, seed=SEED):
        values = np.asarray(layer, np.float32).reshape(-1, *place.shape)
        low, high = float(values.min()), float(values.max())
        units.append(Units(as_bytes((values - low) / (high - low or 1.0)), low, high))
    return tuple(units)


def _rows(posterior: Posterior, X: np.ndarray) -> Rows:
    """Order held-out rows by how sure the fit is of them, and keep both ends."""
    parts: list[tuple[Any, ...]] = []
    for block in blocks(X):
        prediction = posterior.predict(block, n_draws=ROW_DRAWS, seed=SEED)
        parts.append((prediction.total, prediction.epistemic, prediction.mean.reshape(len(block), -1)))
    total, epistemic, mean = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(-total, kind="stable")
    if len(order) > ROWS_KEPT:
        order = np.concatenate([order[: ROWS_KEPT // 2], order[-ROWS_KEPT // 2 :]])
    return Rows(order.astype(np.int32), *(values[order].astype(np.float32) for values in (total, epistemic, mean)))
