"""How far a posterior may be trusted: what is computed once a fit has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib import programs
from bnn_lib.errors import InvalidData
from bnn_lib.inference import METHODS
from bnn_lib.loo import MAX_ROWS, MIN_DRAWS, pointwise_log_likelihood, psis_k_hat, rhat_and_ess
from bnn_lib.loo import loo as psis_loo
from bnn_lib.metrics import BLOCK_PREDICTIONS
from bnn_lib.model import model_data
from bnn_lib.posterior import Posterior, predict_at
from bnn_lib.programs import DRAW_BLOCK
from bnn_lib.runs import chunk_key

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset

WEIGHTED_DRAWS = 1000  # of the approximation, for k-hat
FUNCTION_POINTS = 50  # inputs at which chains are compared
FEWEST_DRAWS = 20  # of a chain
FEWEST_MOVES = 0.05  # share of draws that differ from the one before
LOW_QUANTILE = 0.05  # of the log density
SEED = 1  # other draws than those of predictions, whose default is 0


def assess(posterior: Posterior, dataset: Dataset) -> Posterior:
    """Return the posterior with its diagnostics completed.

    Parameters
    ----------
    posterior : Posterior
    dataset : Dataset
        That it was fitted to.

    Returns
    -------
    Posterior
        For an approximation with a density, with ``k_hat`` (Yao et al. 2018), ``elbo_mean`` and ``elbo_se``, the
        ELBO's Monte Carlo estimate and its standard error. For Laplace, with ``k_hat_linear``, too, that of
        the model which predicts, whose network is linear: low, it does not tell how far from linear the network
        is. For NUTS, with ``r_hat`` and ``ess``, the worst over function values at held-out inputs (weights are
        not identifiable), ``divergences``, ``leapfrogs``, ``chains`` and ``draws`` of each,
        ``divergences_by_chain``, and ``stuck_chains`` (see `stuck_chains`).
    """
    method = posterior.experiment.inference.method
    found = _of_chains(posterior, dataset) if method == "nuts" else _of_weights(posterior, dataset)
    return replace(posterior, diagnostics={**posterior.diagnostics, **found})


def loo(posterior: Posterior, dataset: Dataset, n_draws: int = 1000, seed: int = SEED) -> dict[str, float]:
    """Estimate how well each training row is predicted by a fit to all the others, by PSIS (`bnn_lib.loo.loo`).

    Parameters
    ----------
    posterior : Posterior
        Of a method whose draws stand for a posterior.
    dataset : Dataset
        That it was fitted to; 5,000 training rows at most.
    n_draws, seed : int

    Returns
    -------
    dict
        ``elpd_loo`` and its standard error ``se`` in nats, ``p_loo``, ``k_hat_max`` and ``k_hat_bad``.

    Raises
    ------
    InvalidData
        If the method gives no draws of a posterior, fewer than 100 of them differ, or the rows are too many.
    """
    entry = METHODS[posterior.experiment.inference.method]
    if entry.kind == "optimisation":
        raise InvalidData(
            f"LOO reweights draws of a posterior, and {entry.label} gives none; allowed: variational and sampling "
            "methods. Score it on held-out rows instead (bnn.evaluate)."
        )
    if len(dataset.y_train) > MAX_ROWS:
        raise InvalidData(f"There are {len(dataset.y_train):,} training rows; allowed for LOO: {MAX_ROWS:,}.")
    different = len({position.tobytes() for position in posterior.positions(n_draws, seed)})
    if different < MIN_DRAWS <= n_draws:
        raise InvalidData(
            f"Of {n_draws:,} draws of {entry.label} {different:,} differ; allowed for LOO: at least {MIN_DRAWS}, "
            "as it judges its weights by their tail. Score it on held-out rows instead (bnn.evaluate)."
        )
    prediction = posterior.predict(dataset.X_train, n_draws=n_draws, seed=seed)
    return psis_loo(pointwise_log_likelihood(prediction, dataset.y_train))


def _of_weights(posterior: Posterior, dataset: Dataset) -> dict[str, float]:
    key = chunk_key(posterior.experiment, posterior.structure, len(dataset.X_train))
    program = programs.weights_program(key)
    if program is None:
        return {}
    inputs = model_data(posterior.experiment, dataset)
    blocks = [
        program.run(np.uint32(SEED), np.int32(block), posterior.state, inputs)
        for block in range(WEIGHTED_DRAWS // DRAW_BLOCK)
    ]
    log_weights, log_likelihood = (np.concatenate(parts).astype("float64") for parts in zip(*blocks, strict=True))
    found = {}
    if posterior.linear_about is not None:
        # The network made linear is another model, whose posterior is what Laplace approximates.
        found["k_hat_linear"] = _k_hat(log_weights + _log_likelihood(posterior, dataset))
    log_weights += log_likelihood
    found["k_hat"] = _k_hat(log_weights)
    if METHODS[posterior.experiment.inference.method].has_elbo and np.isfinite(log_weights).all():
        found["elbo_mean"] = float(log_weights.mean())
        found["elbo_se"] = float(log_weights.std(ddof=1) / np.sqrt(len(log_weights)))
    return found


def _k_hat(log_weights: np.ndarray) -> float:
    usable = log_weights[~np.isnan(log_weights)]
    if len(usable) < len(log_weights) or not np.isfinite(usable).any():
        return float("inf")
    return psis_k_hat(log_weights)


def _log_likelihood(posterior: Posterior, dataset: Dataset) -> np.ndarray:
    """Return the log likelihood of all rows by what the draws predict, (WEIGHTED_DRAWS,)."""
    total = np.zeros(WEIGHTED_DRAWS)
    rows = np.arange(len(dataset.y_train))
    for block in np.array_split(rows, -(-len(rows) * WEIGHTED_DRAWS // BLOCK_PREDICTIONS)):
        prediction = posterior.predict(dataset.X_train[block], n_draws=WEIGHTED_DRAWS, seed=SEED)
        total += pointwise_log_likelihood(prediction, dataset.y_train[block]).sum(axis=1)
    return total


def stuck_chains(draws: np.ndarray, log_density: np.ndarray) -> list[int]:
    """Return the chains, counted from 0, that do not sample what the others do.

    A chain is stuck if nearly all of its draws repeat the one before, or if even its best log density is below
    the 5 % quantile of at least half of the other chains.

    Parameters
    ----------
    draws : ndarray of shape (chains, n, D)
    log_density : ndarray of shape (chains, n)
        Of each draw.
    """
    moves = np.any(np.diff(draws, axis=1) != 0, axis=2).mean(axis=1)
    low, best = np.quantile(log_density, LOW_QUANTILE, axis=1), log_density.max(axis=1)
    chains = range(len(draws))
    below = [len(draws) > 1 and best[c] < np.median(np.delete(low, c)) for c in chains]
    return [c for c in chains if moves[c] < FEWEST_MOVES or below[c]]


def _of_chains(posterior: Posterior, dataset: Dataset) -> dict[str, Any]:
    kept = posterior.chains
    assert kept is not None
    chains, draws, size = kept.positions.shape
    leapfrogs = int(np.sum(posterior.state.leapfrogs))
    found: dict[str, Any] = {"chains": chains, "draws": draws, "leapfrogs": leapfrogs}
    if draws < FEWEST_DRAWS:
        return found
    divergent = kept.divergent.sum(axis=1)
    found["divergences"], found["divergences_by_chain"] = int(divergent.sum()), divergent.tolist()
    found["stuck_chains"] = stuck_chains(kept.positions, kept.log_density)
    X, flat = dataset.X_test[:FUNCTION_POINTS], kept.positions.reshape(-1, size)
    prediction = predict_at(flat, X, posterior.experiment, posterior.structure, posterior.schema)
    values = prediction.samples
    if prediction.is_classification:
        values = values[:, :, 1:] if values.shape[2] == 2 else values
    r_hat, ess = rhat_and_ess(values.reshape(chains, draws, -1))
    return found | {"r_hat": r_hat, "ess": ess}
