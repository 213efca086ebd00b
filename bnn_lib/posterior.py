"""A fitted posterior: draws, predictions, and the file it is kept in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO

import jax
import numpy as np

from bnn_lib import posterior_file, programs
from bnn_lib.cores import on_all_cores
from bnn_lib.datasets.checks import read_seed, read_whole
from bnn_lib.datasets.dataset import Scaling
from bnn_lib.errors import InvalidData
from bnn_lib.experiment import Experiment
from bnn_lib.inference import METHODS
from bnn_lib.inference.base import Chains, StepSettings
from bnn_lib.inference_data import Observed, inference_data
from bnn_lib.likelihoods import LIKELIHOODS
from bnn_lib.loo import pointwise_log_likelihood
from bnn_lib.model import placeholder_data, scales, standardized_rows
from bnn_lib.predictive import Prediction
from bnn_lib.programs import DRAW_BLOCK, ROW_BLOCK
from bnn_lib.schema import Schema
from bnn_lib.structure import Structure

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset

MAX_DRAWS = 100_000
MOST_LIKELIHOODS = 1_000_000  # draws times training rows whose log likelihoods go to ArviZ
SHARED_BLOCKS = 8  # of draws: from so many on they are worth waiting for other threads
STATIC_FIELDS = tuple(field.name for field in fields(StepSettings))  # that a method is compiled for


@dataclass(frozen=True, eq=False)
class Posterior:
    """The approximate posterior of an experiment, as it is after some steps.

    Attributes
    ----------
    experiment : Experiment
    structure : Structure
    schema : Schema
    state : pytree of arrays
        The method's own.
    objective : ndarray of shape (steps,), float32
        What each step reports, in nats: the ELBO that it estimated or, for a method without one, the log
        density of parameters and targets; of several chains, particles or members the mean.
    diagnostics : mapping
        ``steps``, ``seconds``, ``steps_per_second``, ``compile_seconds``, ``n_parameters``, ``stopped_early``.
    """

    experiment: Experiment
    structure: Structure
    schema: Schema
    state: Any
    objective: np.ndarray
    diagnostics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def elbo(self) -> np.ndarray:
        """The ELBO that each step estimated, (steps,) in nats; empty for a method that has none."""
        has_elbo = METHODS[self.experiment.inference.method].has_elbo
        return self.objective if has_elbo else self.objective[:0]

    def draws(self, n_draws: int = 1000, seed: int = 0) -> dict[str, np.ndarray]:
        r"""Draw parameters from the posterior.

        Parameters
        ----------
        n_draws : int
            The first draws of a larger request are the same.
        seed : int
            Of no matter to a method that has but a few positions to give and goes through them in order.

        Returns
        -------
        dict
            Parameter name -> (n_draws, \*shape): weights ``W1``, ... of shape (fan_out, fan_in), biases ``b1``,
            ..., learned scales ``scale1``, ... and ``noise``, in units of the standardised data.
        """
        return parameters_of(self.positions(n_draws, seed), self.experiment, self.structure, self.schema)

    def predict(self, X: Any, n_draws: int = 500, seed: int = 0) -> Prediction:
        """Return the predictive distribution at inputs `X`.

        Parameters
        ----------
        X : array of shape (n, d)
            In the data's original units.
        n_draws : int
            One set of draws serves all inputs.
        seed : int

        Raises
        ------
        InvalidData
            If X is not a finite matrix with the data set's features.
        """
        return predict_at(
            self.positions(n_draws, seed), X, self.experiment, self.structure, self.schema, self.linear_about
        )

    def unit_activations(self, X: Any, n_draws: int = 50, seed: int = 0) -> list[np.ndarray]:
        """Return the posterior mean activation of every hidden unit at inputs `X`: (units, n) for each layer."""
        positions = self.positions(n_draws, seed)
        return _forward(positions, X, self.experiment, self.structure, self.schema, self.linear_about)[1]

    def weight_summary(self, n_draws: int = 500, seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return posterior mean and standard deviation of each weight and bias, as they act in the network.

        With automatic relevance determination those of the features' scales, ``scale1``, are among them.
        """
        draws = self.draws(n_draws, seed)
        ard = self.experiment.prior.scaling == "ard"
        return {
            name: (d.mean(0), d.std(0))
            for name, d in draws.items()
            if name[0] in "Wb" or (ard and name == "scale1")
        }

    def relevance(self, n_draws: int = 500, seed: int = 0) -> dict[str, tuple[float, float, float]]:
        """Return how large each input feature's weights may be: its scale under automatic relevance determination.

        Returns
        -------
        dict
            Feature name -> posterior mean, and bounds of the central 95 % interval, of the prior scale of its
            weights into the first layer. Features enter standardised, so that scales compare.

        Raises
        ------
        InvalidData
            If the prior has no such scales.
        """
        if self.experiment.prior.scaling != "ard":
            raise InvalidData(
                f"prior.scaling is {self.experiment.prior.scaling!r}, which has no scale for each feature; "
                "allowed: 'ard'."
            )
        scales = self.draws(n_draws, seed)["scale1"].astype("float64")
        values = zip(scales.mean(axis=0), *np.quantile(scales, [0.025, 0.975], axis=0), strict=True)
        return {
            name: (float(mean), float(low), float(high))
            for name, (mean, low, high) in zip(self.schema.feature_names, values, strict=True)
        }

    def to_arviz(self, n_draws: int = 1000, seed: int = 0, *, dataset: Dataset | None = None) -> Any:
        """Return draws as ArviZ's own container: ``InferenceData``, or a ``DataTree`` from ArviZ 1 on.

        Parameters
        ----------
        n_draws, seed : int
            Of NUTS so many draws in all, evenly out of its chains as they came, which stay chains.
        dataset : Dataset, optional
            That it was fitted to: its training rows, and the log likelihood of each, go in, too.
        """
        n_draws, chains = read_whole(n_draws, "n_draws", 1, MAX_DRAWS), self.chains
        if chains is None:
            positions, statistics = self.positions(n_draws, seed)[None], {}
        else:
            count, n = chains.log_density.shape
            each = min(n, max(1, n_draws // count))
            chains = chains.at(np.arange(each) * n // each)
            positions, statistics = chains.positions, chain_statistics(chains)
        return arviz_of(
            positions, self.experiment, self.structure, self.schema, self.linear_about, dataset, statistics
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write the posterior to one file (a NumPy archive without pickles) that `load_posterior` reads."""
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(self.state)]
        header = {
            "experiment": self.experiment.to_json(),
            "diagnostics": dict(self.diagnostics),
            **self.schema.header(),
        }
        scaling = self.schema.scaling
        arrays = {"x_mean": scaling.x_mean, "x_scale": scaling.x_scale, "objective": self.objective}
        arrays["y_scaling"] = np.array([scaling.y_mean, scaling.y_scale])
        posterior_file.write(path, header, arrays, leaves)

    @property
    def chains(self) -> Chains | None:
        """Its draws as they came; None of a method that has no such chains, and as long as these only tune."""
        find = getattr(METHODS[self.experiment.inference.method].load(), "chains", None)
        chains: Chains | None = None if find is None else find(self.state, self._settings)
        return None if chains is None or not chains.log_density.size else chains

    @property
    def linear_about(self) -> np.ndarray | None:
        """The position (D,) at which predictions take the network to be linear; None: they take it as it is.

        It is the method's to say: see `bnn_lib.inference.laplace`.
        """
        find = getattr(METHODS[self.experiment.inference.method].load(), "linear_about", None)
        return None if find is None else np.asarray(find(self.state))

    @cached_property
    def _settings(self) -> StepSettings:
        return step_settings(self.experiment)

    def positions(self, n_draws: int, seed: int = 0) -> np.ndarray:
        """Return draws as flat, unconstrained positions, (n_draws, D)."""
        n_draws, seed = read_whole(n_draws, "n_draws", 1, MAX_DRAWS), read_seed(seed, "seed")
        run = programs.sample_program(self.structure, self.experiment.inference.method, self._settings).run
        with jax.enable_x64(False):
            state = jax.device_put(self.state)  # once, and not for each block: that of NUTS may be large
        blocks = range(-(-n_draws // DRAW_BLOCK))
        return np.concatenate([run(np.uint32(seed), np.int32(block), state) for block in blocks])[:n_draws]


def step_settings(experiment: Experiment) -> StepSettings:
    """Return what of the experiment a step is compiled for."""
    inference = experiment.inference
    relevant = METHODS[inference.method].fields
    used = {name: getattr(inference, name) for name in STATIC_FIELDS if name in relevant}
    return StepSettings(**used)


def predict_at(
    positions: np.ndarray,
    X: Any,
    experiment: Experiment,
    structure: Structure,
    schema: Schema,
    linear_about: np.ndarray | None = None,
) -> Prediction:
    """Return the predictive distribution at inputs X (n, d) of the networks at flat positions (S, D).

    With `linear_about` (D,) the network is replaced by its linearisation at that position.
    """
    outputs, _ = _forward(positions, X, experiment, structure, schema, linear_about)
    likelihood = LIKELIHOODS[structure.likelihood]
    if likelihood.conditional is None:
        return Prediction(outputs["p"])
    noise = np.full(len(positions), experiment.likelihood.noise or 1.0)
    if structure.learned_noise:
        noise = parameters_of(positions, experiment, structure, schema)["noise"].astype("float64")
    scaling = schema.scaling
    return Prediction.of(likelihood.conditional(outputs, noise, scaling.y_mean, scaling.y_scale))


def parameters_of(
    positions: np.ndarray, experiment: Experiment, structure: Structure, schema: Schema
) -> dict[str, np.ndarray]:
    """Return the parameters, by name, of the networks at flat positions (S, D)."""
    run, inputs = programs.parameters_program(structure).run, _inputs(experiment, structure, schema, rows=1)
    blocks = [run(block, inputs) for block in _draw_blocks(positions)]
    return {
        name: np.concatenate([np.asarray(block[name]) for block in blocks])[: len(positions)] for name in blocks[0]
    }


def arviz_of(
    positions: np.ndarray,
    experiment: Experiment,
    structure: Structure,
    schema: Schema,
    linear_about: np.ndarray | None = None,
    dataset: Dataset | None = None,
    statistics: Mapping[str, np.ndarray] | None = None,
) -> Any:
    """Return the networks at flat positions (chains, S, D) as ArviZ's own container; see `Posterior.to_arviz`.

    `statistics` are those of each draw, (chains, S), by ArviZ's names.
    """
    chains, flat = positions.shape[:2], positions.reshape(-1, positions.shape[2])
    observed = None
    if dataset is not None:
        likelihoods = None
        if len(flat) * len(dataset.X_train) <= MOST_LIKELIHOODS:
            said = predict_at(flat, dataset.X_train, experiment, structure, schema, linear_about)
            likelihoods = pointwise_log_likelihood(said, dataset.y_train).reshape(*chains, -1)
        observed = Observed(dataset.X_train, dataset.y_train, likelihoods)
    draws = {
        name: values.reshape(*chains, *values.shape[1:])
        for name, values in parameters_of(flat, experiment, structure, schema).items()
    }
    attributes = {"experiment": experiment.to_json(), "inference_library": "bnn_lib"}
    return inference_data(draws, schema.feature_names, attributes, observed, statistics)


def chain_statistics(chains: Chains) -> dict[str, np.ndarray]:
    """Return what is known of each draw, by ArviZ's names."""
    return {"diverging": chains.divergent, "lp": chains.log_density}


def _forward(
    positions: np.ndarray,
    X: Any,
    experiment: Experiment,
    structure: Structure,
    schema: Schema,
    linear_about: np.ndarray | None,
) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """What the likelihood predicts, each (S, n, ...), and activations (units, n) of each layer, averaged."""
    rows = standardized_rows(_checked(X, schema), schema.scaling)
    program = programs.forward_program if linear_about is None else programs.linearised_program
    run, about = program(structure).run, () if linear_about is None else (linear_about,)
    inputs = _inputs(experiment, structure, schema, ROW_BLOCK)
    blocks = list(_draw_blocks(positions))

    def of_block(i: int) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
        predicted, means = run(blocks[i], inputs, *about)
        # As NumPy's arrays, so that the thread waits for JAX, which returns before it is done.
        return {name: np.asarray(value) for name, value in predicted.items()}, [np.asarray(m) for m in means]

    predictions: dict[str, list[np.ndarray]] = {}
    hidden = []
    for first in range(0, rows.shape[1], ROW_BLOCK):
        block = rows[:, first : first + ROW_BLOCK]
        kept = block.shape[1]
        inputs["X"] = np.pad(block, ((0, 0), (0, ROW_BLOCK - kept)))
        many = len(blocks) >= SHARED_BLOCKS
        results = on_all_cores(of_block, len(blocks)) if many else [of_block(i) for i in range(len(blocks))]
        for name in results[0][0]:
            of_draws = [outputs[name][:, :kept] for outputs, _ in results]
            predictions.setdefault(name, []).append(np.concatenate(of_draws)[: len(positions)])
        layers = zip(*(means for _, means in results), strict=True)
        hidden.append([np.mean([mean[:, :kept] for mean in layer], axis=0) for layer in layers])
    merged = [np.concatenate(layer, axis=1) for layer in zip(*hidden, strict=True)]
    return {name: np.concatenate(parts, axis=1) for name, parts in predictions.items()}, merged


def _inputs(experiment: Experiment, structure: Structure, schema: Schema, rows: int) -> dict[str, np.ndarray]:
    """The model's data with this experiment's scales, and room for `rows` rows."""
    return placeholder_data(structure, rows) | scales(experiment, structure.likelihood, schema.scaling)


def _draw_blocks(positions: np.ndarray) -> Iterator[np.ndarray]:
    """Blocks of DRAW_BLOCK positions; the last is filled up by going round, so that its mean stays a mean."""
    for first in range(0, len(positions), DRAW_BLOCK):
        yield np.take(positions, np.arange(first, first + DRAW_BLOCK), axis=0, mode="wrap")


def _checked(X: Any, schema: Schema) -> np.ndarray:
    try:
        X = np.asarray(X, dtype="float64")
    except (TypeError, ValueError) as error:
        raise InvalidData(f"X is not an array of numbers: {error}.") from None
    d = schema.n_features
    if X.ndim != 2 or X.shape[1] != d or len(X) == 0:
        raise InvalidData(f"X has shape {X.shape}; allowed: (n, {d}), a column for each of the features.")
    if not np.isfinite(X).all():
        raise InvalidData("X has entries that are NaN or infinite; allowed: finite numbers.")
    return X


def load_posterior(path: str | PathLike[str] | BinaryIO) -> Posterior:
    """Read what `Posterior.save` wrote, from a path or an open file; nothing is ever unpickled.

    Raises
    ------
    InvalidData
        If the file is not such a file, is damaged, or holds something else.
    """
    header, arrays, leaves = posterior_file.read(path)
    path = posterior_file.name_of(path)
    try:
        experiment = Experiment.from_json(header["experiment"])
        y_mean, y_scale = arrays["y_scaling"]
        scaling = Scaling(arrays["x_mean"], arrays["x_scale"], float(y_mean), float(y_scale))
        schema = Schema.of_header(header, scaling)
        structure = Structure.of(experiment, schema)
        objective, diagnostics = arrays["objective"], dict(header["diagnostics"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidData(f"{path} does not describe a posterior of this version: {error}") from None
    method = METHODS[experiment.inference.method].load()
    size = programs.network_functions(structure).size
    template = programs.state_template(method, size, step_settings(experiment))
    wanted = jax.tree.leaves(template)
    found = [*leaves, arrays["x_mean"], arrays["x_scale"]]
    shapes = [
        *((leaf.shape, leaf.dtype) for leaf in wanted),
        *2 * [((schema.n_features,), np.dtype("float64"))],
    ]
    if [(leaf.shape, leaf.dtype) for leaf in found] != shapes or objective.ndim != 1:
        raise InvalidData(f"{path} does not hold the posterior that it describes: its arrays have other shapes.")
    if any(np.isnan(leaf).any() for leaf in found):
        raise InvalidData(f"{path} holds a posterior with entries that are NaN.")
    state = jax.tree.unflatten(jax.tree.structure(template), leaves)
    return Posterior(experiment, structure, schema, state, objective, diagnostics)
