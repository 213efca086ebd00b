"""Pictures and frames: written and read back unchanged, or refused."""

from __future__ import annotations

import contextlib
import io
import json
import math
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.datasets import Dataset
from bnn_lib.engine.picture import MAGIC, Picture, Units
from bnn_lib.engine.sealed import seal
from bnn_lib.engine.views import Grid, MapFrame, make_grid, read_frame
from bnn_lib.errors import InvalidData
from tests.engine.fakes import make_frame, make_picture

CONTENT = make_picture(k=3).to_bytes()


def same_frame(a: MapFrame, b: MapFrame) -> bool:
    names = ("probability", "total", "aleatoric", "epistemic")
    return a.step == b.step and all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("stopped_at", [None, 40])
def test_a_picture_comes_back(k: int, stopped_at: int | None):
    picture = make_picture(k=k, stopped_at=stopped_at, experiment_json='{"x": "ä"}')
    back = Picture.from_bytes(picture.to_bytes())
    assert back.experiment_json == picture.experiment_json
    assert back.stopped_at == stopped_at
    assert back.scores == picture.scores
    assert back.diagnostics == picture.diagnostics
    assert back.networks == picture.networks
    for name in ("x", "y"):
        np.testing.assert_array_equal(getattr(back.view.grid, name), getattr(picture.view.grid, name))
    for name in ("index", "total", "epistemic", "mean"):
        np.testing.assert_array_equal(getattr(back.rows, name), getattr(picture.rows, name))
    assert all(same_frame(a, b) for a, b in zip(back.frames, picture.frames, strict=True))
    assert same_frame(back.final, picture.final)
    np.testing.assert_array_equal(back.view.draws, picture.view.draws)
    np.testing.assert_array_equal(back.objective, picture.objective)
    (unit,), (before,) = back.units, picture.units
    np.testing.assert_array_equal(unit.values, before.values)
    assert (unit.low, unit.high) == (before.low, before.high)
    assert list(back.weights) == ["W1"]
    assert back.held_out.is_classification
    for name in ("values", "total", "epistemic"):
        np.testing.assert_array_equal(getattr(back.held_out, name), getattr(picture.held_out, name))
    for a, b in zip(back.weights["W1"], picture.weights["W1"], strict=True):
        np.testing.assert_array_equal(a, b)


def test_numbers_of_numpy_and_without_end_are_kept():
    picture = make_picture()
    picture.diagnostics.update(k_hat=np.float32(0.5), r_hat=float("inf"), worst=np.array([1, 2]), nothing=None)
    back = Picture.from_bytes(picture.to_bytes()).diagnostics
    assert (back["k_hat"], back["r_hat"], back["worst"], back["nothing"]) == (0.5, math.inf, [1, 2], None)


def test_a_method_without_elbo_and_a_network_without_hidden_layers():
    picture = make_picture()
    view = replace(picture.view, frames=())
    without = replace(picture, objective=np.empty(0, np.float32), units=(), view=view, weights={}, networks=b"")
    back = Picture.from_bytes(without.to_bytes())
    assert (len(back.objective), back.units, back.frames, back.weights, back.networks) == (0, (), (), {}, b"")


@given(st.binary(max_size=300))
def test_noise_is_refused(content: bytes):
    for candidate in (content, MAGIC + content):
        with pytest.raises(InvalidData):
            Picture.from_bytes(candidate)


@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused(position: int, change: int):
    damaged = bytearray(CONTENT)
    damaged[position] ^= change
    with pytest.raises(InvalidData):
        Picture.from_bytes(bytes(damaged))


@given(st.integers(0, len(CONTENT) - 1))
def test_a_picture_cut_short_is_refused(length: int):
    with pytest.raises(InvalidData):
        Picture.from_bytes(CONTENT[:length])


def refused(payload: bytes) -> bool:
    """Whether sealed content of another kind is refused, or is a picture after all."""
    try:
        Picture.from_bytes(seal(MAGIC, payload))
    except InvalidData:
        return True
    return False


@given(st.binary(max_size=300))
def test_sealed_noise_is_refused(payload: bytes):
    assert refused(payload)
    assert refused(zlib.compress(payload))


PLAIN = zlib.decompress(CONTENT[len(MAGIC) + 32 :])


@given(st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_sealed_content_that_others_changed_never_breaks_us(changes: list[tuple[int, int]]):
    damaged = bytearray(PLAIN)
    for position, value in changes:
        damaged[position] = value
    refused(zlib.compress(bytes(damaged), 0))  # either is fine: nothing but InvalidData is raised


def arrays_of_a_picture() -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(PLAIN), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def packed(arrays: dict[str, np.ndarray], allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=allow_pickle, **arrays)
    return zlib.compress(buffer.getvalue(), 0)


@pytest.mark.parametrize("name", sorted(arrays_of_a_picture()))
@pytest.mark.parametrize(
    "other",
    [
        None,
        np.zeros(0, np.uint8),
        np.zeros((2, 2)),
        np.array("text"),
        np.zeros((5, 3, 4), np.uint8),
        np.uint8(1),
    ],
    ids=["missing", "empty", "float", "text", "oblong", "scalar"],
)
def test_an_array_of_another_kind_is_refused(name: str, other: object):
    arrays = arrays_of_a_picture()
    del arrays[name]
    if other is not None:
        arrays[name] = np.asarray(other)
    may_be_empty = name in ("objective", "networks") and other is not None and np.size(other) == 0
    same_kind = other is not None and name == "networks" and np.asarray(other).dtype == np.uint8
    assert refused(packed(arrays)) or may_be_empty or (same_kind and np.ndim(other) == 1)


@pytest.mark.parametrize("meta", [[], {}, None, {"frames": 7}, "[" * 100_000])
def test_other_metadata_is_refused(meta: object):
    text = meta if isinstance(meta, str) else json.dumps(meta)
    assert refused(packed({**arrays_of_a_picture(), "header": np.frombuffer(text.encode(), np.uint8)}))


def test_pickled_objects_are_not_loaded():
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("it was unpickled",))

    trap = np.empty(1, object)
    trap[0] = Trap()
    assert refused(packed({**arrays_of_a_picture(), "view.draws": trap}, allow_pickle=True))


def test_a_bomb_is_refused():
    assert refused(zlib.compress(bytes(300_000_000), 9))


@given(st.integers(0, 2**40), st.integers(1, 12), st.integers(1, 4))
def test_a_frame_comes_back(step: int, size: int, k: int):
    frame = make_frame(step % 1000, size, k)
    frame = MapFrame.of_array(step, frame.array())
    assert same_frame(read_frame(frame.to_bytes()), frame)


@given(st.binary(max_size=100))
def test_a_frame_is_refused_or_read(content: bytes):
    with contextlib.suppress(InvalidData):
        assert MapFrame.from_bytes(MapFrame.tag + content).total.ndim == 2


def test_a_frame_in_physical_units():
    values = np.full((1, 2, 2), 255, np.uint8)
    frame = MapFrame(1, values, values[0], values[0], values[0])
    assert frame.probabilities().max() == pytest.approx(1)
    assert frame.nats("total") == pytest.approx(np.full((2, 2), math.log(2)))
    three = MapFrame(1, np.repeat(values, 3, axis=0), values[0], values[0], values[0])
    assert three.nats("epistemic").max() == pytest.approx(math.log(3))
    with pytest.raises(ValueError, match="uncertainty is 'doubt'; allowed: total, aleatoric, epistemic"):
        frame.nats("doubt")


def test_units_in_their_own_range():
    unit = Units(np.array([[[0, 255]]], np.uint8), low=-0.5, high=1.5)
    np.testing.assert_allclose(unit.activations(), [[[-0.5, 1.5]]])


def test_grid_points_run_row_by_row():
    grid = Grid(np.array([0.0, 1.0, 2.0]), np.array([10.0, 20.0]))
    np.testing.assert_array_equal(grid.points(), [[0, 10], [1, 10], [2, 10], [0, 20], [1, 20], [2, 20]])


def data(*columns: list[float]) -> Dataset:
    rows = np.array(columns, float).T
    return Dataset.from_arrays(rows[:2], [0, 1], X_test=rows[2:], y_test=[0])


def test_a_grid_covers_the_data_and_a_margin():
    grid = make_grid(data([0, 1, 4], [10, 30, 20]), size=11)
    assert (grid.x[0], grid.x[-1], grid.y[0], grid.y[-1]) == (-1, 5, 5, 35)
    assert len(grid.x) == len(grid.y) == 11
    coarse = grid.resized(5)
    assert (coarse.x[0], coarse.x[-1], len(coarse.y)) == (-1, 5, 5)


def test_a_grid_over_a_constant_column():
    grid = make_grid(data([3, 3, 3], [0, 1, 2]))
    assert (grid.x[0], grid.x[-1]) == (2, 4)


def test_a_grid_needs_two_features():
    with pytest.raises(InvalidData, match="needs two features, and this data has 3"):
        make_grid(data([1, 2, 3], [1, 2, 3], [1, 2, 3]))
