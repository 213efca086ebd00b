"""Networks drawn from a posterior, with all that it takes to predict by them: a posterior to send about.

A fit's own state differs from method to method, and that of NUTS is large. Its draws serve every later question,
and are the same ones that the fit's own predictions were made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib import archive
from bnn_lib.datasets.dataset import Scaling
from bnn_lib.errors import InvalidData
from bnn_lib.experiment import Experiment
from bnn_lib.inference.base import stride
from bnn_lib.posterior import arviz_of, chain_statistics, predict_at
from bnn_lib.schema import Schema
from bnn_lib.structure import Structure

if TYPE_CHECKING:
    from bnn_lib.datasets import Dataset
    from bnn_lib.posterior import Posterior
    from bnn_lib.predictive import Prediction

WHAT = "a set of networks"
MOST_DRAWS, FEWEST_DRAWS = 500, 50
USUAL_BYTES = 2_000_000  # of the positions; more only for the fewest draws of a very large network


@dataclass(frozen=True, eq=False)
class Networks:
    """Draws of a posterior.

    Attributes
    ----------
    experiment : Experiment
    schema : Schema
    positions : ndarray of shape (S, D), float32
        Flat, unconstrained parameters of each network.
    linear_about : ndarray of shape (D,), optional
        As of the posterior.
    chains : int
        Network i is of chain i modulo so many, and came as its draw number ``times[i // chains]``.
    times : ndarray of int, shape (k,), optional
        None: as they are. Beyond the k-th of each chain there may be some more, fewer than there are chains.
    statistics : mapping
        Name in ArviZ -> (chains, k): of the draws of each chain, in the order in which they came.
    """

    experiment: Experiment
    schema: Schema
    positions: np.ndarray
    linear_about: np.ndarray | None = None
    chains: int = 1
    times: np.ndarray | None = None
    statistics: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, posterior: Posterior) -> Networks:
        """Draw 500 networks, or fewer (50 at the least) of a large one."""
        size = posterior.positions(1).shape[1]
        n_draws = int(np.clip(USUAL_BYTES // (4 * size), FEWEST_DRAWS, MOST_DRAWS))
        kept, in_chains = posterior.chains, dict[str, Any]()
        if kept is not None:
            chains, n = kept.log_density.shape
            n_draws = min(n_draws, chains * n)
            times = np.arange(n_draws // chains) * stride(n) % n  # as `in_turn` takes them
            statistics = chain_statistics(kept.at(np.sort(times)))
            in_chains = {"chains": chains, "times": times, "statistics": statistics}
        positions = np.asarray(posterior.positions(n_draws), np.float32)
        return cls(posterior.experiment, posterior.schema, positions, posterior.linear_about, **in_chains)

    @cached_property
    def structure(self) -> Structure:
        """Of the model."""
        return Structure.of(self.experiment, self.schema)

    def predict(self, X: Any, n_draws: int | None = None) -> Prediction:
        """Return the predictive distribution at inputs `X` (n, d), in the data's original units.

        `n_draws` takes so many of the networks, the first ones; default: all.
        """
        return predict_at(
            self.positions[:n_draws], X, self.experiment, self.structure, self.schema, self.linear_about
        )

    def to_arviz(self, dataset: Dataset | None = None) -> Any:
        """Return all of them, chains as chains, as ArviZ's own container; see `Posterior.to_arviz`."""
        positions = self.positions[None]
        if self.times is not None:
            k = len(self.times)
            turns = self.positions[: k * self.chains].reshape(k, self.chains, -1)
            positions = turns[np.argsort(self.times)].swapaxes(0, 1)
        return arviz_of(
            positions, self.experiment, self.structure, self.schema, self.linear_about, dataset, self.statistics
        )

    def to_bytes(self) -> bytes:
        """Return the networks as bytes that `from_bytes` reads."""
        scaling = {field.name: getattr(self.schema.scaling, field.name) for field in fields(Scaling)}
        header = {"experiment": self.experiment.to_json(), "scaling": scaling, "chains": self.chains}
        about = self.positions[:0] if self.linear_about is None else self.linear_about[None]
        arrays = {"positions": self.positions, "linear_about": about, **self.statistics}
        if self.times is not None:
            arrays["times"] = self.times
        return archive.pack(header | self.schema.header(), arrays)

    @classmethod
    def from_bytes(cls, content: bytes) -> Networks:
        """Read what `to_bytes` wrote.

        Raises
        ------
        InvalidData
            If the content is damaged or something else.
        """
        header, arrays = archive.unpack(content, WHAT)
        try:
            scaling = header["scaling"]
            x_mean, x_scale = (np.asarray(scaling[name], np.float64) for name in ("x_mean", "x_scale"))
            scaling = Scaling(x_mean, x_scale, float(scaling["y_mean"]), float(scaling["y_scale"]))
            schema = Schema.of_header(header, scaling)
            experiment, positions = Experiment.from_json(header["experiment"]), arrays.pop("positions")
            about, times = arrays.pop("linear_about"), arrays.pop("times", None)
            chains = int(header.get("chains", 1))  # which older versions do not say
            k = len(positions if times is None else times)
        except archive.FOREIGN as error:
            raise InvalidData(f"This is not {WHAT} ({type(error).__name__}).") from error
        if positions.dtype != np.float32 or positions.ndim != 2 or not np.isfinite(positions).all():
            raise InvalidData(f"This is not {WHAT}: its draws are {positions.dtype} of shape {positions.shape}.")
        if about.dtype != np.float32 or about.shape[1:] != positions.shape[1:] or not np.isfinite(about).all():
            raise InvalidData(f"This is not {WHAT}: it is linear about {about.dtype} of shape {about.shape}.")
        fits = chains > 0 and k * chains <= len(positions)
        if not fits or any(values.shape != (chains, k) for values in arrays.values()):
            raise InvalidData(f"This is not {WHAT}: its draws are not of the chains that it names.")
        return cls(experiment, schema, positions, about[0] if len(about) else None, chains, times, arrays)
