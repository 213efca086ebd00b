"""What one fit may cost a host: estimated before it is queued, so that no link can take the machine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bnn_lib.datasets.load import entry_of
from bnn_lib.errors import InvalidExperiment
from bnn_lib.inference import METHODS
from bnn_lib.inference.requirements import check_method
from bnn_lib.structure import Structure

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.engine.settings import EngineSettings
    from bnn_lib.experiment import DataSpec, Experiment

# Measured on one core of an AMD EPYC: four layers of 128 tanh units on 95,000 rows take 0.68 s a step.
OPERATIONS_PER_SECOND = 2.3e10
OPERATIONS_PER_ACTIVATION = 10  # in products of two numbers, about
PASSES = 3  # forward, and about twice that backward
STEP_OVERHEAD = 1.2e-5  # seconds, however small the network
BYTES_PER_ACTIVATION = 6  # XLA's own account of such a step, divided by its activations

LEAPFROGS = 1023  # of one NUTS trajectory at the most
USUAL_LEAPFROGS = 250
LONGEST_STEP = 0.35  # seconds: Stop is looked at between steps, and promises half a second
# Of NUTS draws, at a fit's end: 15.0 and 14.7 with 1,000 and 2,000 draws of 8 chains of 3,901 parameters.
DRAW_COPIES = 15
WAYS = "Fewer rows, units or Monte Carlo samples, or a smaller batch, bring it there."
FEWER_DRAWS = "Fewer draws, chains or units bring it there."


@dataclass(frozen=True)
class DataShape:
    """What a fit's cost depends on of its data.

    Attributes
    ----------
    task : {"classification", "regression"}
    n_features, n_classes : int
        Columns; classes, 0 for regression.
    n_train : float
        Training rows.
    """

    task: str
    n_features: int
    n_classes: int
    n_train: float
    is_count: bool = False  # of no matter here: a count costs what other numbers do

    @classmethod
    def of(cls, data: DataSpec, dataset: Dataset | None = None) -> DataShape:
        """Return the shape of a data set, or of what `data` names if there is none."""
        if dataset is not None:
            return cls(dataset.task, dataset.n_features, dataset.n_classes, len(dataset.X_train))
        entry = entry_of(data)
        rows = (entry.fixed_rows or data.n) * (1 - data.test_fraction)
        return cls(entry.task, len(data.features or entry.default_features), entry.n_classes, rows)


def check_affordable(
    experiment: Experiment, fit_seconds: float, dataset: Dataset | None = None, fit_bytes: float = 2e9
) -> None:
    """Refuse a fit that would take too long, too much memory, or could not be stopped in time.

    Parameters
    ----------
    experiment : Experiment
    fit_seconds : float
        How long a fit may take on one core.
    dataset : Dataset, optional
        That takes the place of the experiment's own.
    fit_bytes : float
        How much memory a fit may take.

    Raises
    ------
    InvalidExperiment
        Saying what it would take, what is allowed, and what to change; or that the likelihood does not fit
        the target.
    """
    inference, shape = experiment.inference, DataShape.of(experiment.data, dataset)
    structure = Structure.of(experiment, shape)
    check_method(inference, structure.sizes, structure.n_parameters)
    seconds, size = step_cost(experiment, shape)
    if inference.method == "nuts" and seconds * LEAPFROGS > LONGEST_STEP:
        raise InvalidExperiment(
            f"One NUTS trajectory could take {seconds * LEAPFROGS:.1f} s; allowed: {LONGEST_STEP} s, so that it "
            "can be stopped. Fewer rows or units bring it there; SGHMC takes any number of rows."
        )
    for what, needed, ways in (
        ("One step of this fit", size, WAYS),
        ("The draws that this fit keeps", draws_size(experiment, shape), FEWER_DRAWS),
    ):
        if needed > fit_bytes:
            raise InvalidExperiment(
                f"{what} would take {_size(needed)} of memory; allowed here: {_size(fit_bytes)}. {ways}"
            )
    if seconds > LONGEST_STEP:
        raise InvalidExperiment(
            f"One step of this fit would take {seconds:.1f} s; allowed: {LONGEST_STEP} s, so that it can be "
            f"stopped. {WAYS}"
        )
    each = USUAL_LEAPFROGS * inference.chains if inference.method == "nuts" else 1
    total = inference.total_steps * each * seconds
    if total > fit_seconds:
        raise InvalidExperiment(
            f"This fit would take about {total / 60:,.0f} minutes; allowed here: {fit_seconds / 60:,.0f}. "
            f"{WAYS} So do fewer steps."
        )


def check_limits(experiment: Experiment, settings: EngineSettings, dataset: Dataset | None = None) -> None:
    """Refuse a fit that is larger than the host allows, or that `check_affordable` refuses.

    Raises
    ------
    InvalidExperiment
        Saying what there is too much of, and how much is allowed.
    """
    shape = DataShape.of(experiment.data, dataset)
    structure = Structure.of(experiment, shape)
    biases = sum(structure.sizes[1:]) if structure.bias else 0
    for name, value, limit in (
        ("weights and biases", structure.n_weights + biases, settings.max_weights),
        ("training rows", shape.n_train, settings.max_rows),
        ("steps", experiment.inference.total_steps, settings.max_steps),
    ):
        if value > limit:
            raise InvalidExperiment(f"This fit has {value:,.0f} {name}; allowed here: {limit:,}.")
    check_affordable(experiment, settings.fit_seconds, dataset, settings.fit_bytes)


def step_cost(experiment: Experiment, shape: DataShape) -> tuple[float, float]:
    """Estimate one step's seconds on one core, and its memory in bytes."""
    inference, rows = experiment.inference, shape.n_train
    entry = METHODS[inference.method]
    used = entry.fields
    chosen = [getattr(inference, name) for name in ("mc_samples", "particles", "members") if name in used]
    rows = min(rows, inference.batch_size or rows) * entry.copies * math.prod(chosen)
    structure = Structure.of(experiment, shape)
    units = sum(structure.sizes[1:])
    operations = PASSES * rows * (structure.n_weights + OPERATIONS_PER_ACTIVATION * units)
    return STEP_OVERHEAD + operations / OPERATIONS_PER_SECOND, BYTES_PER_ACTIVATION * rows * units


def draws_size(experiment: Experiment, shape: DataShape) -> float:
    """Estimate the bytes that a fit's draws take; only those of NUTS are as many as one asks for."""
    inference = experiment.inference
    if inference.method != "nuts":
        return 0
    return 4 * DRAW_COPIES * inference.chains * inference.draws * Structure.of(experiment, shape).n_parameters


def _size(count: float) -> str:
    return f"{count / 1e9:.3g} GB" if count >= 1e9 else f"{count / 1e6:.3g} MB"
