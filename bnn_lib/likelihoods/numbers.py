"""Likelihoods of numbers with one peak: normal noise, known, learned or given by the network, and Student's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bnn_lib.likelihoods.base import SMALLEST_SD, Likelihood, in_target_units, one_output

if TYPE_CHECKING:
    from bnn_lib.conditionals import Conditional

# Fixed: below 2 there is no variance to split, and a few outliers hardly tell it from the scale, whose likelihood
# has no bound as it falls to 0 (Fernandez & Steel 1999). 4 is the usual robust choice (Gelman et al. 2013,
# section 17.2).
DEGREES_OF_FREEDOM = 4.0


def _gaussian(outputs: Any, noise: Any, y_mean: float, y_scale: float) -> Conditional:
    from bnn_lib.conditionals import normal

    return normal(in_target_units(outputs["mean"], y_mean, y_scale), noise * y_scale)


def _student_t(outputs: Any, noise: Any, y_mean: float, y_scale: float) -> Conditional:
    from bnn_lib.conditionals import student_t

    return student_t(in_target_units(outputs["mean"], y_mean, y_scale), noise * y_scale, DEGREES_OF_FREEDOM)


def _heteroscedastic(outputs: Any, noise: Any, y_mean: float, y_scale: float) -> Conditional:
    from bnn_lib.conditionals import normal

    return normal(in_target_units(outputs["mean"], y_mean, y_scale), outputs["sd"] * y_scale)


def _observe_heteroscedastic(pm: Any, output: Any, y: Any, noise: Any) -> Any:
    # Softplus, not the exponential: an output of 100 is then noise of 100, and not of 10^43.
    return pm.Normal("y", mu=output[0], sigma=pm.math.log1pexp(output[1]) + SMALLEST_SD, observed=y)


def _heteroscedastic_curvature(jax: Any, output: Any, noise: Any) -> Any:
    # Of mean and standard deviation it is diag(1, 2) / sd^2; the latter's output comes through the softplus.
    sd, slope = jax.nn.softplus(output[1]) + SMALLEST_SD, jax.nn.sigmoid(output[1])
    return jax.numpy.diag(jax.numpy.stack([sd**-2, 2 * (slope / sd) ** 2]))


GAUSSIAN = Likelihood(
    label="Gaussian",
    help="A number with normally distributed noise of constant size.",
    task="regression",
    n_outputs=one_output,
    observe=lambda pm, output, y, noise: pm.Normal("y", mu=output[0], sigma=noise, observed=y),
    predict=lambda jax, output: {"mean": output[0]},
    curvature=lambda jax, output, noise: jax.numpy.full((1, 1), noise**-2.0),
    conditional=_gaussian,
    noise_help="Standard deviation of the noise, where the target's own is 1.",
)

HETEROSCEDASTIC = Likelihood(
    label="Gaussian, noise by input",
    help="A number with normal noise whose size the network gives too: quiet here, loud there.",
    task="regression",
    n_outputs=lambda n_classes, components: 2,
    output_names=lambda components: ["mean", "sd"],
    observe=_observe_heteroscedastic,
    predict=lambda jax, output: {"mean": output[0], "sd": jax.nn.softplus(output[1]) + SMALLEST_SD},
    curvature=_heteroscedastic_curvature,
    conditional=_heteroscedastic,
)

STUDENT_T = Likelihood(
    label="Student t",
    help="A number with heavy-tailed noise (4 degrees of freedom): a few outliers do not bend the curve.",
    task="regression",
    n_outputs=one_output,
    observe=lambda pm, output, y, noise: pm.StudentT(
        "y", nu=DEGREES_OF_FREEDOM, mu=output[0], sigma=noise, observed=y
    ),
    predict=lambda jax, output: {"mean": output[0]},
    # Its log density is not concave; the expectation is (Lange, Little & Taylor 1989).
    curvature=lambda jax, output, noise: jax.numpy.full(
        (1, 1), (DEGREES_OF_FREEDOM + 1) / (DEGREES_OF_FREEDOM + 3) * noise**-2.0
    ),
    conditional=_student_t,
    noise_help="Scale of the noise, where the target's standard deviation is 1; its own is 1.4 times that.",
)
