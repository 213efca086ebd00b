from __future__ import annotations

import base64
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.dashboard.prior_payload import fields_data, functions_data, nice_bound, pack16, shown_range
from tests.dashboard.test_payload import unpack
from tests.pages.fake_answers import make_functions


def arrays(**values: object) -> dict[str, np.ndarray]:
    from bnn_lib.experiment import Experiment

    usual = {"experiment": Experiment().to_json(), "inputs": 1, "output": "number", "seed": 0}
    return make_functions({**usual, "low": -3.0, "high": 3.0, "size": 41, **values})


@given(st.floats(1e-6, 1e12))
def test_axes_are_round_and_not_too_large(value: float):
    bound = nice_bound(value)
    assert value * (1 - 1e-9) <= bound <= 2 * value
    mantissa = bound / 10 ** math.floor(math.log10(bound) + 1e-9)
    assert min(abs(mantissa - nice) for nice in (1, 1.5, 2, 3, 5, 7, 10)) < 1e-6


def test_numbers_survive_16_bits():
    values = np.linspace(-2, 2, 1001).reshape(7, 143)
    packed = pack16(values, -2.0, 2.0)
    codes = np.frombuffer(base64.b64decode(packed["data"]), "<u2").reshape(packed["shape"])
    np.testing.assert_allclose(-2 + codes / 65535 * 4, values, atol=4 / 65535)
    cut = pack16(np.array([-np.inf, 9.0]), -2.0, 2.0)
    assert np.frombuffer(base64.b64decode(cut["data"]), "<u2").tolist() == [0, 65535]


def test_an_axis_shows_most_functions_and_where_data_lies():
    small, large = arrays(), arrays()
    large["bands"] = 100 * large["bands"]
    assert shown_range(small, "number")[1] >= 3
    _, top = shown_range(large, "number")
    inside = np.abs(large["bands"][[0, -1]]).max(axis=0) <= top
    assert inside.mean() >= 0.9
    assert shown_range(large, "class") == (0.0, 1.0)


def test_uncertainties_add_up_in_what_is_sent():
    found = arrays(output="class")
    content = functions_data(found, "k", "class", -3.0, 3.0, "T")
    total = np.add(content["aleatoric"], content["epistemic"])
    np.testing.assert_allclose(total, found["total"], rtol=1e-3)
    assert (content["top"], content["unit"], content["home"]) == (math.log(2), "nats", False)


def test_maps_are_rows_from_the_lowest_second_input_on():
    found = arrays(inputs=2, size=8)
    content = fields_data(found, "k", "number", -3.0, 3.0, "T")
    maps, (low, high) = unpack(content["samples"]), shown_range(found, "number")
    wanted = np.clip(found["samples"].reshape(-1, 8, 8), low, high)
    np.testing.assert_allclose(low + maps / 255 * (high - low), wanted, atol=(high - low) / 255)
