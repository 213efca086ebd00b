"""What the regression page's plots are told."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.dashboard import payload, regression
from bnn_lib.dashboard.data import CURVED
from bnn_lib.datasets import DATASETS, load_dataset
from bnn_lib.experiment import DataSpec, Experiment, LikelihoodSpec
from bnn_lib.likelihoods import LIKELIHOODS
from tests.pages.fake_engine import make_picture


def unpack_rows(packed: dict[str, Any]) -> np.ndarray:
    """Read as the browser does (shared.js)."""
    shape = packed["shape"]
    whole = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), "<u2").reshape(-1, shape[-1])
    steps = np.cumsum(whole, axis=1, dtype=np.uint16)
    low, high = (np.array(packed[name])[:, None] for name in ("low", "high"))
    return (low + steps * (high - low) / 65535).reshape(shape)


@given(st.integers(1, 4), st.integers(1, 30), st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
def test_floats_come_back_as_exactly_as_16_bits_allow(rows: int, n: int, scale: float, shift: float):
    values = (scale * np.random.default_rng(n).normal(size=(2, rows, n)) + shift).astype(np.float32)
    back = unpack_rows(payload.pack(values))
    width = np.ptp(values.astype(float), axis=-1, keepdims=True)
    assert (np.abs(back - values) <= width / 65535 + 1e-6 * np.abs(values)).all()


def test_what_is_no_number_does_not_spoil_the_rest():
    values = np.array([[0, np.nan, np.inf, -np.inf], [1, 2, 3, 4]], np.float32)
    packed = payload.pack(values)
    assert np.isfinite(packed["low"] + packed["high"]).all()
    np.testing.assert_allclose(unpack_rows(packed)[1], [1, 2, 3, 4], atol=1e-4)


@pytest.mark.parametrize("name", CURVED)
def test_every_data_set_has_its_plot_and_its_result(name: str):
    entry = DATASETS[name]
    experiment = Experiment(data=DataSpec(name=name, n=entry.default_n, noise=entry.default_noise))
    dataset, picture = load_dataset(experiment.data), make_picture(experiment)
    component, content = regression.seen(dataset, name, "k")
    assert component == ("curves" if dataset.n_features == 1 else "surfaces")
    x0, x1, y0, y1 = content["extent"]
    points = content["points"]
    assert x0 < min(points["x"]) < max(points["x"]) < x1
    assert y0 < min(points["y"]) < max(points["y"]) < y1
    assert sum(points["held"]) == len(dataset.X_test)
    result = regression.result_of("k", picture)
    if component == "curves":
        final = unpack_rows(result["final"])
        np.testing.assert_allclose(final[0], picture.final.mean, atol=1e-3 * np.ptp(picture.final.mean))
        assert len(result["outcomes"]) == result["density"]["shape"][0]
        assert not result["branches"]
        assert content["truth"] is not None
        assert len(content["truth"]["branches"][0]) == len(content["truth"]["x"])


def test_a_mixture_is_shown_by_its_density():
    data, mixture = DataSpec(name="bimodal", n=60), LikelihoodSpec(family="mixture")
    picture = make_picture(Experiment(data=data, likelihood=mixture))
    assert regression.result_of("k", picture)["branches"]


def test_stretches_without_rows_are_found():
    x = np.array([0.0, 0.05, 0.1, 1.0, 1.05])
    assert regression.empty_ranges(x, -1, 2) == [[-1, 0], [0.1, 1.0], [1.05, 2]]
    assert regression.empty_ranges(np.full(4, 3.0), 2, 4) == [[2, 3], [3, 4]]
    # Of a few rows that lie evenly none is missing.
    assert regression.empty_ranges(np.arange(5.0), -1, 5) == [[-1, 0], [4, 5]]


def test_the_page_adapts_what_it_cannot_show():
    assert regression.for_curves(Experiment()) == (regression.START, [])
    assert regression.for_curves(regression.START) == (regression.START, [])
    kept = Experiment(data=DataSpec(name="counts"), likelihood=LikelihoodSpec(family="poisson"))
    assert regression.for_curves(kept) == (kept, [])
    adapted, problems = regression.for_curves(Experiment(data=DataSpec(name="iris")))
    assert adapted.data.name == "gap"
    assert [problem.field for problem in problems] == ["data.name"]
    for family, entry in LIKELIHOODS.items():
        odd = Experiment(data=DataSpec(name="gap"), likelihood=LikelihoodSpec(family=family))
        adapted, problems = regression.for_curves(odd)
        assert (adapted.likelihood.family == family) == (entry.task == "regression") == (not problems)
