"""What every inference method looks like: settings in; init, step and sample as pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class StepSettings:
    """What is fixed when a step is compiled.

    Attributes
    ----------
    mc_samples : int
        Draws that estimate one step's ELBO.
    schedule : {"constant", "cosine"}
        Of the learning rate.
    """

    mc_samples: int
    schedule: str


@dataclass(frozen=True)
class StepRates:
    """What may change without compiling again: numbers, traced.

    Attributes
    ----------
    learning_rate : float
    total_steps : float
        Where the cosine schedule reaches zero.
    """

    learning_rate: Any
    total_steps: Any


LogDensityFunction = Callable[[Any], Any]  # flat position (D,) -> scalar


class Method(Protocol):
    """An inference method. All functions are pure, and `init` and `step` can be compiled."""

    def init(self, start: Any, settings: StepSettings) -> Any:
        """Return the state (a pytree of arrays) that starts at the flat position `start`, (D,)."""
        ...

    def step(
        self, key: Any, state: Any, log_density: LogDensityFunction, settings: StepSettings, rates: StepRates
    ) -> tuple[Any, Any]:
        """Return the state after one step, and the ELBO that the step estimated (a scalar)."""
        ...

    def sample(self, key: Any, state: Any, n_draws: int) -> Any:
        """Return draws of the approximate posterior: flat positions, (n_draws, D)."""
        ...
