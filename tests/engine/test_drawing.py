"""Maps show what the posterior says, where it says it."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from bnn_lib import diagnostics
from bnn_lib.engine.drawing import (
    DRAW_STEP,
    FINAL_DRAWS,
    LOO_DRAWS,
    affordable_draws,
    build_frame,
    build_picture,
    check_drawable,
)
from bnn_lib.engine.picture import Grid, Picture, make_grid
from bnn_lib.errors import InvalidData
from bnn_lib.experiment import Experiment, InferenceSpec
from bnn_lib.predictive import Prediction


class Told:
    """A posterior of given networks: logits (draw, class) linear in x and y."""

    def __init__(self, n_classes: int = 2, spread: float = 1.0) -> None:
        self.experiment = Experiment()
        self.structure = SimpleNamespace(sizes=(2, 5, 1 if n_classes == 2 else n_classes))
        self.objective = np.linspace(-9, -1, 40, dtype=np.float32)
        self.diagnostics = {"steps": 40}
        self.n_classes, self.spread = n_classes, spread
        self.asked: list[tuple[int, int]] = []

    def predict(self, X: np.ndarray, n_draws: int, seed: int) -> Prediction:
        self.asked.append((len(X), n_draws))
        rng = np.random.default_rng(seed)
        slopes = np.zeros((n_draws, 2, self.n_classes))
        slopes[:, 0, 1:] = 3.0  # classes other than the first are to the right
        slopes += self.spread * rng.normal(size=slopes.shape)
        logits = np.einsum("nd,sdc->snc", X, slopes)
        p = np.exp(logits - logits.max(-1, keepdims=True))
        return Prediction((p / p.sum(-1, keepdims=True)).astype(np.float32))

    def unit_activations(self, X: np.ndarray, n_draws: int, seed: int) -> list[np.ndarray]:
        return [np.stack([X[:, 0], X[:, 1], 0 * X[:, 0], X[:, 0], X[:, 1]])]

    def weight_summary(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        return {"W1": (np.zeros((5, 2)), np.ones((5, 2)))}


def dataset(n_classes: int = 2) -> SimpleNamespace:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    y = np.arange(40) % n_classes
    return SimpleNamespace(
        X_train=X[:20], y_train=y[:20], X_test=X[20:], y_test=y[20:],
        n_features=2, n_classes=n_classes, task="classification",
    )  # fmt: skip


GRID = Grid(np.linspace(-2, 2, 60), np.linspace(-1, 1, 60))


def test_columns_are_x_and_rows_are_y():
    frame = build_frame(Told(spread=0.0), GRID, 7)
    assert frame.step == 7
    right = frame.probabilities()[0]
    expected = 1 / (1 + np.exp(-3 * GRID.x))
    np.testing.assert_allclose(right, np.tile(expected, (60, 1)), atol=1 / 255)
    layer = build_picture(Told(), dataset(), GRID, [], step=1).units[0]
    np.testing.assert_allclose(layer.activations()[1], np.tile(GRID.resized(20).y[:, None], (1, 20)), atol=0.02)


def test_uncertainties_add_up_and_know_noise_from_ignorance():
    sure, unsure = build_frame(Told(spread=0.0), GRID, 1), build_frame(Told(spread=2.0), GRID, 1)
    for frame in (sure, unsure):
        total = frame.total.astype(int) - frame.aleatoric - frame.epistemic
        assert np.abs(total).max() <= 2  # of 255: each is rounded
    assert sure.epistemic.max() == 0
    assert unsure.epistemic.max() > 50
    on_the_edge = sure.nats("total")[:, 29:31]
    np.testing.assert_allclose(on_the_edge, math.log(2), atol=0.01)


def test_three_classes():
    frame = build_frame(Told(n_classes=3), GRID, 1)
    assert frame.probability.shape == (3, 60, 60)
    np.testing.assert_allclose(frame.probabilities().sum(0), 1, atol=3 / 255)
    assert frame.n_classes == 3


def test_points_are_predicted_in_bounded_blocks_of_the_same_draws():
    posterior = Told()
    build_frame(posterior, Grid(np.linspace(-1, 1, 100), np.linspace(-1, 1, 100)), 1, n_draws=50)
    assert posterior.asked == [(2500, 50)] * 4


def test_a_picture_holds_everything_and_survives_being_stored():
    posterior, data = Told(n_classes=3), dataset(3)
    grid = make_grid(data)
    frames = [build_frame(posterior, grid.resized(50), step) for step in (1, 2, 40)]
    picture = build_picture(posterior, data, grid, frames, step=40, stopped_at=40)
    back = Picture.from_bytes(picture.to_bytes())
    assert [frame.step for frame in back.frames] == [1, 2, 40]
    assert back.final.total.shape == (100, 100)
    assert back.draws.shape == (100, 3, 50, 50)
    assert [unit.values.shape for unit in back.units] == [(5, 20, 20)]
    assert len(back.frame_grid.x) == len(back.draw_grid.x) == 50
    assert set(back.scores) == {"held-out", "training", "calibration", "loo", "baselines"}
    assert back.held_out.values.shape == (len(data.X_test), 3)
    assert sum(back.scores["calibration"]["count"]) == len(data.X_test)
    assert 0 <= back.scores["held-out"]["accuracy"] <= 1
    assert back.stopped_at == 40
    np.testing.assert_array_equal(back.elbo, posterior.objective)
    single = posterior.predict(grid.resized(50).points(), 100, 0).samples[3, :, 2].reshape(50, 50)
    np.testing.assert_allclose(back.draws[3, 2] / 255, single, atol=1 / 255)


def test_wide_networks_and_many_rows_get_fewer_draws():
    assert affordable_draws((2, 5, 5, 1), 10_000) == FINAL_DRAWS
    assert affordable_draws((2, 32, 32, 1), 10_000) == FINAL_DRAWS
    assert affordable_draws((2, 128, 128, 128, 128, 1), 10_000) == 100
    assert affordable_draws((2, 5, 1), 95_000) * 95_000 * 2 * 4 <= 64e6
    for rows in (1, 1000, 100_000):
        for sizes in ((2, 1), (2, 7, 3), (2, *[128] * 4, 10)):
            draws = affordable_draws(sizes, rows)
            assert DRAW_STEP <= draws <= FINAL_DRAWS
            assert draws % DRAW_STEP == 0


@pytest.mark.parametrize("change", [{"task": "regression"}, {"n_features": 3}])
def test_what_has_no_map_is_refused(change: dict[str, object]):
    with pytest.raises(InvalidData, match="A map shows classification on two features"):
        check_drawable(SimpleNamespace(**{**dataset().__dict__, **change}))


def test_leave_one_out_is_of_draws_and_few_rows():
    posterior, data = Told(), dataset()
    found = build_picture(posterior, data, GRID, [], step=1).scores["loo"]
    assert found == diagnostics.loo(posterior, data, n_draws=LOO_DRAWS)
    posterior.experiment = Experiment(inference=InferenceSpec(method="map"))
    assert build_picture(posterior, data, GRID, [], step=1).scores["loo"] == {}
    posterior, many = Told(), dataset()
    many.X_train, many.y_train = np.repeat(data.X_train, 26, axis=0), np.repeat(data.y_train, 26)
    assert build_picture(posterior, many, GRID, [], step=1).scores["loo"] == {}
