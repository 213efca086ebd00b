"""Draws of a posterior in ArviZ's own container, with names for their dims, and as NetCDF.

ArviZ is imported inside functions: it takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Dims = dict[str, list[str]]


@dataclass(frozen=True, eq=False)
class Observed:
    """The training rows of a fit.

    Attributes
    ----------
    X : ndarray of shape (n, d)
    y : ndarray of shape (n,)
        Class codes, or targets in their own units.
    log_likelihood : ndarray of shape (chains, S, n), optional
        Of each draw and row, in nats and in the target's own units.
    """

    X: np.ndarray
    y: np.ndarray
    log_likelihood: np.ndarray | None = None


def inference_data(
    draws: Mapping[str, np.ndarray],
    feature_names: tuple[str, ...],
    attributes: Mapping[str, str],
    observed: Observed | None = None,
    statistics: Mapping[str, np.ndarray] | None = None,
) -> Any:
    """Return ``InferenceData``, or from ArviZ 1 on a ``DataTree``.

    Parameters
    ----------
    draws : mapping
        Parameter name -> (chains, S, ...).
    feature_names : tuple of str
    attributes : mapping of str to str
        Of the posterior.
    observed : Observed, optional
        Becomes the groups ``observed_data``, ``constant_data`` and ``log_likelihood``.
    statistics : mapping, optional
        Name -> (chains, S); becomes the group ``sample_stats``.
    """
    import arviz as az

    groups: dict[str, Any] = {"posterior": dict(draws)}
    if statistics:
        groups["sample_stats"] = dict(statistics)
    dims, coords = _dims(draws), {"feature": list(feature_names)}
    if observed is not None:
        groups["observed_data"], groups["constant_data"] = {"y": observed.y}, {"X": observed.X}
        dims |= {"y": ["row"], "X": ["row", "feature"]}
        coords["row"] = np.arange(len(observed.y))  # type: ignore[assignment]
        if observed.log_likelihood is not None:
            groups["log_likelihood"] = {"y": observed.log_likelihood}
    if az.__version__.startswith("0."):
        data = az.from_dict(**groups, dims=dims, coords=coords)
        data.posterior.attrs.update(attributes)
        return data
    return az.from_dict(groups, dims=dims, coords=coords, attrs={"posterior": dict(attributes)})


def netcdf_bytes(data: Any) -> bytes:
    """Return ArviZ's container as the content of a NetCDF file.

    It is made in memory: a visitor's own rows are never on the host's disk.
    """
    import dask
    import xarray as xr

    tree = data if isinstance(data, xr.DataTree) else xr.DataTree.from_dict({n: data[n] for n in data.groups()})
    # On one of Dask's workers xarray would ask the scheduler for a lock by the file's name, which this has not.
    with dask.config.set(scheduler="threads"):
        return bytes(tree.to_netcdf(None, engine="h5netcdf"))


def _dims(draws: Mapping[str, np.ndarray]) -> Dims:
    """Weights have a row for each unit and a column for each input; layers are named as in a PyMC script."""
    count = sum(name[0] == "W" for name in draws)
    layers = ["feature", *(f"hidden_{layer}" for layer in range(1, count)), "output"]
    dims: Dims = {}
    for name, values in draws.items():
        if name[0] in "Wb":
            layer = int(name[1:])
            dims[name] = [layers[layer], layers[layer - 1]][: values.ndim - 2]
        elif values.ndim == 3:  # scales, one for each feature
            dims[name] = ["feature"]
    return dims
