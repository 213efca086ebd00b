"""What a worker answers of a posterior beside its prior: its functions over the same inputs, and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bnn_lib.engine.prior_functions import LEVELS, axes
from bnn_lib.errors import InvalidData
from bnn_lib.priors import weight_density

DRAWS = 200
WEIGHT_DRAWS = 400
BINS = 60
REACH = 0.995  # share of the prior's and the posterior's weights, whichever is wider, that is shown


def posterior_functions(values: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """Evaluate networks of a posterior over a range of standardised inputs, in units of the standardised target.

    Files: ``networks``, as a `Picture` has them. Values: ``low``, ``high`` and ``size`` as for the prior. The
    answer has ``samples``, ``bands``, ``mean``, ``total``, ``aleatoric`` and ``epistemic`` as for the prior, and
    for each layer l of weights ``edges{l}`` (m + 1,), ``prior{l}`` and ``posterior{l}`` (m,): densities of its
    weights between the edges, the posterior's by draws.
    """
    from bnn_lib.networks import Networks

    networks = Networks.from_bytes(files["networks"])
    schema, scaling = networks.schema, networks.schema.scaling
    if schema.n_features not in (1, 2) or schema.n_classes > 2:
        raise InvalidData(
            f"This is a fit of {schema.n_features} features and {schema.n_classes} classes; allowed: one or two "
            "features, and a number or two classes."
        )
    X = axes(schema.n_features, values).T.astype("float64") * scaling.x_scale + scaling.x_mean
    prediction = networks.predict(X, DRAWS)
    parts = {name: getattr(prediction, name) for name in ("total", "aleatoric", "epistemic")}
    if prediction.is_classification:
        samples, mean = prediction.samples[..., 1], prediction.mean[..., 1]
    else:
        samples = (prediction.samples - scaling.y_mean) / scaling.y_scale
        mean = (prediction.mean - scaling.y_mean) / scaling.y_scale
        parts = {name: value / scaling.y_scale**2 for name, value in parts.items()}
    bands = np.quantile(samples, LEVELS, axis=0)
    return {"samples": np.asarray(samples, "float32"), "bands": bands, "mean": mean, **parts, **_weights(networks)}


def _weights(networks: Any) -> dict[str, np.ndarray]:
    """Densities of each layer's weights, of the prior and of the posterior, over the same bins."""
    from bnn_lib.model import placeholder_data, scales
    from bnn_lib.posterior import parameters_of
    from bnn_lib.prior import draw_networks

    prior = networks.experiment.prior
    experiment, structure, schema = networks.experiment, networks.structure, networks.schema
    data = placeholder_data(structure, 1) | scales(experiment, structure.likelihood, schema.scaling)
    drawn = draw_networks(structure, data, WEIGHT_DRAWS, 0).parameters
    posterior = parameters_of(networks.positions[:WEIGHT_DRAWS], experiment, structure, schema)
    found = {}
    for layer in range(1, len(structure.sizes)):
        both = [np.ravel(draws[f"W{layer}"]) for draws in (drawn, posterior)]
        end = max(float(np.quantile(np.abs(weights), REACH)) for weights in both)
        edges = np.linspace(-end, end, BINS + 1)
        found[f"edges{layer}"] = edges
        counts, _ = np.histogram(both[1], edges)
        found[f"posterior{layer}"] = counts / (both[1].size * np.diff(edges))
        middle, fan_in = (edges[:-1] + edges[1:]) / 2, structure.sizes[layer - 1]
        found[f"prior{layer}"] = weight_density(prior.family, prior.scaling, prior.scale, fan_in, middle)
    return found
