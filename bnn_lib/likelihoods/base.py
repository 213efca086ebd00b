"""What every likelihood looks like: how it meets the target, what it predicts, how sharply it judges."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bnn_lib.conditionals import Conditional

# Before a logarithm a probability is raised to this, as scikit-learn's log_loss does: one that was rounded to 0
# says "very unlikely", not "impossible".
SMALLEST_PROBABILITY = sys.float_info.epsilon
SMALLEST_SD = 1e-3  # of noise that the network gives, in units of the standardised target
LARGEST_LOG = 15.0  # beyond it, a logarithm that the network gives grows like a logarithm itself


@dataclass(frozen=True, kw_only=True)
class Likelihood:
    """An observation model. It receives `pymc` and `jax` as arguments, so that importing it costs nothing.

    Attributes
    ----------
    label, help : str
        Name and one sentence for a user.
    task : {"classification", "regression"}
        The targets it is for.
    n_outputs : callable
        ``n_outputs(n_classes, components)`` gives the number of the network's output units.
    observe : callable
        ``observe(pm, output, y, noise)`` adds the observed variable ``y`` to the model in context, where
        `output` has shape (n_outputs, n).
    predict : callable
        ``predict(jax, output)`` gives what an output says, by name, each (n, ...): for classification ``p``, the
        (n, C) class probabilities; otherwise what `conditional` takes.
    curvature : callable
        ``curvature(jax, output, noise)`` gives the Fisher information of one row with respect to its
        (n_outputs,) output, (n_outputs, n_outputs). For exponential families in their natural parameter it is
        minus the Hessian of the log likelihood; for the others it is what keeps the generalised Gauss-Newton
        matrix positive semidefinite (Martens 2020, section 9).
    conditional : callable or None
        Regression: ``conditional(outputs, noise, y_mean, y_scale)`` gives what each draw says of the target in
        its own units, with `outputs` as of `predict`, stacked over draws, and `noise` of shape (S,).
    output_names : callable
        ``output_names(components)`` names the outputs of a number's network, for a diagram.
    noise_help : str
        What ``LikelihoodSpec.noise`` means here; empty where it has no meaning.
    counts : bool
        Whether targets are whole numbers from 0 on: they are not standardised, and the network's output is the
        logarithm of the rate relative to the mean of the training targets.
    """

    label: str
    help: str
    task: Literal["classification", "regression"]
    n_outputs: Callable[[int, int], int]
    observe: Callable[[Any, Any, Any, Any], Any]
    predict: Callable[[Any, Any], dict[str, Any]]
    curvature: Callable[[Any, Any, Any], Any]
    conditional: Callable[[Any, Any, float, float], Conditional] | None = None
    output_names: Callable[[int], list[str]] = lambda components: ["y"]
    noise_help: str = ""
    counts: bool = False

    @property
    def has_noise(self) -> bool:
        """Whether it has a noise parameter, known or learned."""
        return bool(self.noise_help)


def bounded(xp: Any, x: Any) -> Any:
    """Return x where it is within `LARGEST_LOG` of 0, and beyond that its logarithm's growth.

    So the exponential of any x is a 32-bit number, neither 0 nor infinite, and its gradient never vanishes.

    Parameters
    ----------
    xp : module
        `jax.numpy` or `pymc.math`.
    x : array
    """
    above, below = xp.maximum(x - LARGEST_LOG, 0.0), xp.maximum(-x - LARGEST_LOG, 0.0)
    inner = xp.minimum(xp.maximum(x, -LARGEST_LOG), LARGEST_LOG)
    return inner + xp.log(1.0 + above) - xp.log(1.0 + below)


def in_target_units(values: Any, y_mean: float, y_scale: float) -> Any:
    """Return standardised means in the target's own units, in 64 bits: 32 hold no noise of 1 around 10^8."""
    return values.astype("float64") * y_scale + y_mean


def one_output(n_classes: int, components: int) -> int:
    """Return 1: the network says one thing of each input."""
    return 1
