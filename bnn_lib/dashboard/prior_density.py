"""The prior's density, drawn small beside its control: every family on the same axes, so that they compare."""

from __future__ import annotations

import functools

import numpy as np

from bnn_lib.datasets import DATASETS
from bnn_lib.experiment import Experiment
from bnn_lib.priors import PRIORS, weight_density

REACH = 5.0  # weights from -5 to 5
TOP = 0.8  # density per unit of weight; a spike that is higher is cut off
POINTS = 121
WIDTH, HEIGHT = 84, 34  # pixels


def density_html(experiment: Experiment, features: int | None = None) -> str:
    """Return the density of a weight of the output, as a shape in the text's own colour.

    The network has this many `features`; None: those of the experiment's own data.
    """
    prior, network = experiment.prior, experiment.network
    fan_in = network.hidden[-1] if network.hidden else features or _features(experiment)
    outline = _outline(prior.family, prior.scaling, prior.scale, fan_in)
    label = (
        f"Prior density of an output weight, {PRIORS[prior.family].label}, from -{REACH:g} to {REACH:g}; "
        f"the top is {TOP:g}"
    )
    return (
        f'<div class="bnn-density" role="img" aria-label="{label}" title="{label}" '
        f'style="width:{WIDTH}px;height:{HEIGHT}px">'
        f'<div style="height:100%;background:currentColor;opacity:0.55;clip-path:polygon({outline})"></div></div>'
    )


def _features(experiment: Experiment) -> int:
    return len(experiment.data.features or DATASETS[experiment.data.name].default_features)


@functools.lru_cache(maxsize=256)
def _outline(family: str, scaling: str, scale: float, fan_in: int) -> str:
    """Return the corners of the area under the density, in per cent of width and height."""
    x = np.linspace(-REACH, REACH, POINTS)
    height = np.minimum(weight_density(family, scaling, scale, fan_in, x) / TOP, 1.0)
    # A line of its own height at least, where the density is nearly 0.
    corners = zip(np.linspace(0, 100, POINTS), 100 - 97 * height - 3, strict=True)
    return ",".join(["0% 100%", *(f"{across:.1f}% {down:.1f}%" for across, down in corners), "100% 100%"])
