from __future__ import annotations

import re

import numpy as np
import pytest

import bnn_lib as bnn
from bnn_lib.dashboard.prior_density import REACH, TOP, density_html
from bnn_lib.dashboard.views import relevance_text
from bnn_lib.priors import PRIORS, SCALINGS, weight_density


def heights(prior: bnn.PriorSpec) -> np.ndarray:
    """Return the drawn densities, from the left to the right."""
    corners = re.findall(r"([\d.]+)% ([\d.]+)%", density_html(bnn.Experiment(prior=prior)))[1:-1]
    across, down = np.array(corners, dtype=float).T
    np.testing.assert_allclose(across, np.linspace(0, 100, len(across)), atol=0.05)
    return (100 - down) / 100


@pytest.mark.parametrize("family", PRIORS)
@pytest.mark.parametrize("scaling", SCALINGS)
def test_every_prior_is_drawn_on_the_same_axes(family: str, scaling: str) -> None:
    drawn = heights(bnn.PriorSpec(family=family, scaling=scaling, scale=2.0))
    density = weight_density(family, scaling, 2.0, 5, np.linspace(-REACH, REACH, len(drawn)))
    np.testing.assert_allclose(drawn, 0.03 + 0.97 * np.minimum(density / TOP, 1), atol=2e-3)


def test_features_are_named_in_the_order_of_what_they_matter_and_escaped() -> None:
    text = relevance_text(["*a*", "b"], np.array([0.1, 1.25]), np.array([0.05, 0.5]))
    assert text.index("b 1.25 ± 0.50") < text.index("0.10 ± 0.05")
    assert "\\*a\\*" in text
    many = relevance_text([f"x{i}" for i in range(12)], np.arange(12.0), np.ones(12))
    assert "and 4 that matter less" in many
