from __future__ import annotations

import base64
import json
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from bnn_lib.dashboard import payload
from bnn_lib.dashboard.inspector import read_point
from bnn_lib.datasets import load_dataset
from bnn_lib.engine import make_grid
from bnn_lib.experiment import DataSpec, Experiment, NetworkSpec
from tests.pages.fake_engine import make_picture


def unpack(packed: dict) -> np.ndarray:
    """What shared.js does."""
    content = zlib.decompress(base64.b64decode(packed["data"]))
    differences = np.frombuffer(content, np.uint8).reshape(packed["shape"])
    return np.cumsum(differences, axis=-1, dtype=np.uint8)


@given(arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, max_side=6), elements=st.integers(0, 255)))
def test_pack_and_back(values: np.ndarray):
    np.testing.assert_array_equal(unpack(json.loads(json.dumps(payload.pack(values)))), values)


def test_a_smooth_map_gets_small():
    x = np.linspace(0, 4, 100)
    values = np.rint(127 + 120 * np.sin(x[:, None] + np.cos(x))).astype(np.uint8)
    assert len(payload.pack(values)["data"]) < 0.5 * values.size


def test_what_is_sent_is_the_picture():
    experiment = Experiment(data=DataSpec(n=100), network=NetworkSpec(hidden=(12, 3)))
    picture, dataset = make_picture(experiment), load_dataset(experiment.data)
    sent = payload.map_result("k", picture.view)
    np.testing.assert_array_equal(unpack(sent["final"])[0], picture.final.probability[0])
    np.testing.assert_array_equal(unpack(sent["final"])[3], picture.final.epistemic)
    np.testing.assert_array_equal(unpack(sent["frames"])[2, 1], picture.frames[2].total)
    np.testing.assert_array_equal(unpack(sent["draws"]), picture.view.draws)
    assert payload.elbo_result("k", picture)["steps"] == [frame.step for frame in picture.frames]
    network = payload.network_data(experiment, dataset, picture, "k")
    assert [(len(layer["shown"]), layer["more"]) for layer in network["hidden"]] == [(8, 4), (3, 0)]
    shown = network["hidden"][0]["shown"]
    second = network["result"]["weights"][1]
    np.testing.assert_allclose(second["mean"], picture.weights["W2"][0][:, shown], atol=1e-3)
    hidden = [unit for unit in range(12) if unit not in shown]
    out = np.abs(picture.weights["W2"][0]).sum(axis=0)
    assert out[shown].min() >= out[hidden].max()
    assert [len(layer) for layer in network["result"]["tiles"]] == [8, 3]


def test_the_middle_of_a_tile_is_zero_activation():
    experiment = Experiment(data=DataSpec(n=100), network=NetworkSpec(hidden=(2,)))
    picture, dataset = make_picture(experiment), load_dataset(experiment.data)
    tile = unpack(payload.network_data(experiment, dataset, picture, "k")["result"]["tiles"][0][0])
    activation = picture.units[0].activations()[0]
    assert np.all((tile > 128) <= (activation > 0))
    assert np.all((tile < 127) <= (activation < 0))


def test_many_rows_are_thinned_alike_each_time():
    dataset = load_dataset(DataSpec(n=5000))
    data = payload.map_data(dataset, make_grid(dataset), "k")
    assert len(data["points"]["x"]) == payload.MOST_POINTS
    assert "1,500 of 5,000" in data["note"]
    assert data == payload.map_data(dataset, make_grid(dataset), "k")
    assert {0, 1} == set(data["points"]["held"]) == set(data["points"]["label"])


def test_both_themes_have_whole_tables():
    for colours in payload.palette_data().values():
        assert (
            len(base64.b64decode(colours["probability"])) == len(base64.b64decode(colours["uncertainty"])) == 768
        )


def test_dots_say_what_the_networks_say():
    experiment = Experiment(data=DataSpec(name="iris"))
    reading = read_point(make_picture(experiment).view, 1.4, 0.2)
    data = payload.dots_data(reading, load_dataset(experiment.data))
    shown = data["colours"][1]
    assert shown == int(np.argmax(reading.probability))
    assert data["colours"][0] != shown
    assert len(data["position"]) == len(data["height"]) == 20
    assert ["setosa", "versicolor", "virginica"][shown] in data["label"]
    assert data["alt"].startswith(f"{sum(p > 0.5 for p in data['position'])} of 20 networks")
