"""A mixture density network (Bishop 1994): K normal distributions, which can say "either here or there"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bnn_lib.likelihoods.base import SMALLEST_SD, Likelihood, bounded, in_target_units

if TYPE_CHECKING:
    from bnn_lib.conditionals import Conditional

OUTPUTS = 3  # of the network for each component: logit of its weight, mean, and noise before the softplus
NODES = 10  # of Gauss-Hermite quadrature, for each component


def _observe(pm: Any, output: Any, y: Any, noise: Any) -> Any:
    logits, means, sds = _thirds(output)
    # Bounded, so that no weight is rounded to 0, whose logarithm has no gradient.
    weights = pm.math.softmax(bounded(pm.math, logits), axis=0)
    return pm.NormalMixture("y", w=weights.T, mu=means.T, sigma=pm.math.log1pexp(sds).T + SMALLEST_SD, observed=y)


def _components(jax: Any, output: Any) -> tuple[Any, Any, Any]:
    """Weights, means and standard deviations, each (K, ...)."""
    logits, means, sds = _thirds(output)
    return jax.nn.softmax(bounded(jax.numpy, logits), axis=0), means, jax.nn.softplus(sds) + SMALLEST_SD


def _predict(jax: Any, output: Any) -> dict[str, Any]:
    weights, means, sds = _components(jax, output)
    return {"weights": weights.T, "means": means.T, "sds": sds.T}


def _curvature(jax: Any, output: Any, noise: Any) -> Any:
    """Return E[g g^T] over targets from the mixture itself, g the gradient of the log density: no closed form."""
    from numpy.polynomial.hermite_e import hermegauss

    jnp = jax.numpy

    def log_density(output: Any, y: Any) -> Any:
        weights, means, sds = _components(jax, output)
        return jax.scipy.special.logsumexp(jnp.log(weights) + jax.scipy.stats.norm.logpdf(y, means, sds))

    weights, means, sds = (each[:, None] for each in _components(jax, output))
    nodes, shares = hermegauss(NODES)
    targets = means + sds * nodes.astype("float32")
    weights = weights * (shares / shares.sum()).astype("float32")
    gradients = jax.vmap(jax.grad(log_density), (None, 0))(output, targets.reshape(-1))
    return gradients.T @ (weights.reshape(-1, 1) * gradients)


def _conditional(outputs: Any, noise: Any, y_mean: float, y_scale: float) -> Conditional:
    import numpy as np

    from bnn_lib.conditionals import Mixture

    weights, means, sds = (np.moveaxis(outputs[name], -1, 0) for name in ("weights", "means", "sds"))
    weights = weights.astype("float64")
    # To 1 in 64 bits, too: in 32 they miss it by 10^-7, and their mean would by that much of the target's own.
    return Mixture(weights / weights.sum(axis=0), in_target_units(means, y_mean, y_scale), sds * y_scale)


def _thirds(output: Any) -> tuple[Any, Any, Any]:
    # The number of outputs is known when the model is built, but not to the graph.
    count = output.type.shape[0] if hasattr(output, "type") else output.shape[0]
    size = count // OUTPUTS
    return output[:size], output[size : 2 * size], output[2 * size :]


MIXTURE = Likelihood(
    label="mixture of Gaussians",
    help="Several normal distributions at once: either here or there, as likely as the network says.",
    task="regression",
    n_outputs=lambda n_classes, components: OUTPUTS * components,
    output_names=lambda components: [
        f"{part} {k}" for part in ("weight", "mean", "sd") for k in range(1, components + 1)
    ],
    observe=_observe,
    predict=_predict,
    curvature=_curvature,
    conditional=_conditional,
)
