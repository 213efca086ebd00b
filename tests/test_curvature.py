from __future__ import annotations

import jax
import numpy as np
import pytest

import bnn_lib as bnn
from bnn_lib import programs
from bnn_lib.curvature import precision_root
from bnn_lib.likelihoods import LIKELIHOODS
from bnn_lib.model import model_data
from bnn_lib.structure import Structure
from tests.cases import small


@pytest.mark.parametrize("name", ["moons", "blobs"])
@pytest.mark.parametrize("scaling", ["none", "learned"])
def test_without_hidden_units_it_is_the_exact_hessian(name: str, scaling: str) -> None:
    # A generalised linear model has no second derivatives of its own, unless its scale is a parameter too.
    experiment = small(name, network=bnn.NetworkSpec(hidden=()), prior=bnn.PriorSpec(scaling=scaling))
    dataset = bnn.load_dataset(experiment.data)
    structure = Structure.of(experiment, dataset)
    density = programs.density(structure, len(dataset.X_train))
    functions, likelihood = programs.network_functions(structure), LIKELIHOODS[structure.likelihood]
    inputs = model_data(experiment, dataset)
    position = np.random.default_rng(0).normal(0, 0.3, density.size).astype("float32")
    root = np.asarray(precision_root(position, inputs, density, functions, likelihood, diagonal=False))
    np.testing.assert_array_equal(root, np.tril(root))
    full = root.astype("float64") @ root.T
    exact = -np.asarray(jax.hessian(lambda at: density(at, inputs))(position))
    weights = [where for parameter, (where, _) in density.layout.items() if not parameter.startswith("scale")]
    kept = np.concatenate([np.arange(where.start, where.stop) for where in weights])
    np.testing.assert_allclose(full[np.ix_(kept, kept)], exact[np.ix_(kept, kept)], rtol=1e-3, atol=2e-3)
    alone = np.asarray(precision_root(position, inputs, density, functions, likelihood, diagonal=True))
    np.testing.assert_allclose(alone**2, np.diag(full), rtol=1e-4, atol=1e-3)
    assert np.linalg.eigvalsh(full).min() > 0
