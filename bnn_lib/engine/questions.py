"""Short questions to a worker, beside fits: named computations on plain data. One entry here is a new one.

A question names its computation and carries JSON values and bytes; its answer is arrays. Nothing that a user sent
is unpickled or evaluated on the way. PyMC and JAX are imported on the worker alone.
"""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn_lib.engine.arrays import from_bytes, to_bytes
from bnn_lib.engine.posterior_functions import posterior_functions
from bnn_lib.engine.prior_functions import prior_functions
from bnn_lib.engine.views.base import affordable_draws
from bnn_lib.errors import FitFailed, InvalidData, InvalidExperiment, shown

if TYPE_CHECKING:
    from bnn_lib.networks import Networks

Values = Mapping[str, Any]
Files = Mapping[str, bytes]
Answerer = Callable[[Values, Files], Mapping[str, np.ndarray]]
# "arrays" (bytes or None); if it failed "message" and "detail", the traceback for the log.
Reply = dict[str, Any]
AskTask = Callable[[str, str, dict[str, bytes]], Reply]

PREDICTED_AT_ONCE = 2500  # rows


@dataclass(frozen=True, eq=False)
class Question:
    """What to compute, as plain data.

    Attributes
    ----------
    name : str
        One of `QUESTIONS`.
    values : mapping
        JSON values, without NaN.
    files : mapping of str to bytes
        What is no JSON: arrays by `arrays.to_bytes`, networks drawn from a posterior.
    """

    name: str
    values: Values = field(default_factory=dict)
    files: Files = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in QUESTIONS:
            raise ValueError(f"name is {shown(self.name)}; allowed: {', '.join(QUESTIONS)}.")

    @property
    def is_private(self) -> bool:
        """Whether it may hold rows or names of a visitor's own: settings alone are the same for everyone."""
        return bool(self.files)

    @cached_property
    def values_json(self) -> str:
        """The values as JSON, the same for equal values."""
        return json.dumps(dict(self.values), sort_keys=True, allow_nan=False)

    @cached_property
    def key(self) -> str:
        """Hash of the content: equal questions have equal answers."""
        digest = hashlib.sha256(f"{self.name}\n{self.values_json}\n".encode())
        for name, content in sorted(self.files.items()):
            digest.update(f"{name} {len(content)}\n".encode())
            digest.update(content)
        return digest.hexdigest()[:32]


def answer(name: str, values_json: str, files: dict[str, bytes]) -> Reply:
    """Answer on a worker; what goes wrong comes back as a sentence, with its traceback for the log."""
    try:
        arrays = QUESTIONS[name](json.loads(values_json), files)
        return {"arrays": to_bytes(arrays)}
    except (InvalidExperiment, InvalidData, FitFailed) as error:
        return {"arrays": None, "message": str(error), "detail": ""}
    except Exception as error:  # whatever XLA or PyTensor raises is told to the session and logged
        message = f"This could not be computed ({type(error).__name__}); the server's log says more."
        return {"arrays": None, "message": message, "detail": traceback.format_exc()}


def _predict(values: Values, files: Files) -> dict[str, np.ndarray]:
    """Predict at new inputs.

    Files: ``networks``, as a `Picture` has them, and ``rows``, with an array ``X`` (n, d) in the data's own
    units. Values: ``n_draws`` (at most; wide networks get fewer), ``quantiles``, a list of those to give of what
    single networks predict, and for regression ``intervals``, a list of probabilities. The answer is that of a
    `Prediction`: ``mean`` (n, C) or (n,), ``total``, ``aleatoric``, ``epistemic`` (n,), ``quantiles``
    (n, number of them) or (n, number, C), and ``intervals`` (n, number of intervals, 2).
    """
    networks = _networks(files["networks"])
    X = from_bytes(files["rows"])["X"]
    affordable = affordable_draws(networks.structure.sizes, len(X), PREDICTED_AT_ONCE)
    n_draws = min(values.get("n_draws", affordable), affordable)
    levels = [float(level) for level in values.get("intervals", ())]
    shares = [float(share) for share in values.get("quantiles", ())]
    parts: dict[str, list[np.ndarray]] = {}
    for first in range(0, len(X), PREDICTED_AT_ONCE):
        rows = X[first : first + PREDICTED_AT_ONCE]
        prediction = networks.predict(rows, n_draws)
        for name in ("mean", "total", "aleatoric", "epistemic"):
            parts.setdefault(name, []).append(getattr(prediction, name))
        if shares:
            over_networks = np.quantile(prediction.samples, shares, axis=0)
            parts.setdefault("quantiles", []).append(np.moveaxis(over_networks, 0, 1))
        if levels:
            parts.setdefault("intervals", []).append(np.stack([prediction.interval(p) for p in levels], axis=1))
    return {name: np.concatenate(part) for name, part in parts.items()}


def _netcdf(values: Values, files: Files) -> dict[str, np.ndarray]:
    """Write the draws of a posterior as a NetCDF file.

    Files: ``networks``, as a `Picture` has them, and ``dataset``, by `dataset_to_bytes`, where the fit is not of
    its experiment's own data. The answer has the file's bytes as ``netcdf``.
    """
    from bnn_lib.datasets import load_dataset
    from bnn_lib.datasets.dataset_bytes import dataset_from_bytes
    from bnn_lib.inference_data import netcdf_bytes

    networks = _networks(files["networks"])
    given = files.get("dataset")
    dataset = load_dataset(networks.experiment.data) if given is None else dataset_from_bytes(given)
    return {"netcdf": np.frombuffer(netcdf_bytes(networks.to_arviz(dataset)), np.uint8)}


def _images(values: Values, files: Files) -> dict[str, np.ndarray]:
    """Draw figures as files.

    Files: ``figures``, a JSON list. Values: ``formats``, of "png" and "svg". The answer has the bytes of
    each file, the first figure's as ``0.png``.
    """
    import plotly.graph_objects as go

    from bnn_lib.exports.images import figure_image

    figures = [go.Figure(figure) for figure in json.loads(files["figures"])]
    return {
        f"{place}.{kind}": np.frombuffer(figure_image(figure, kind), np.uint8)
        for place, figure in enumerate(figures)
        for kind in values["formats"]
    }


def _networks(content: bytes) -> Networks:
    from bnn_lib.networks import Networks

    # Not kept for the next question, as they may be of a visitor's own data: reading them takes 8 ms.
    return Networks.from_bytes(content)


QUESTIONS: Mapping[str, Answerer] = MappingProxyType(
    {
        "predict": _predict,
        "prior": prior_functions,
        "posterior": posterior_functions,
        "netcdf": _netcdf,
        "images": _images,
    }
)
