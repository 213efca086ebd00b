"""Maps show what the posterior says, where it says it."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from bnn_lib import diagnostics
from bnn_lib.datasets import Dataset, Scaling
from bnn_lib.engine.drawing import LOO_DRAWS, ROWS_KEPT, build_picture
from bnn_lib.engine.picture import Picture
from bnn_lib.engine.views import Bare, Curves, Grid, Maps, Surfaces, make_grid, read_frame, view_for
from bnn_lib.engine.views.base import DRAW_STEP, FINAL_DRAWS, affordable_draws
from bnn_lib.engine.views.curves import LEVELS, TAILS, make_line
from bnn_lib.engine.views.maps import map_frame
from bnn_lib.experiment import Experiment, InferenceSpec
from bnn_lib.predictive import Prediction
from bnn_lib.schema import Schema

SCALING = Scaling(np.zeros(2), np.ones(2), 0.0, 1.0)


class Told:
    """A posterior of given networks: logits (draw, class) linear in x and y."""

    def __init__(self, n_classes: int = 2, spread: float = 1.0) -> None:
        self.experiment = Experiment()
        self.structure = SimpleNamespace(sizes=(2, 5, 1 if n_classes == 2 else n_classes))
        self.objective = np.linspace(-9, -1, 40, dtype=np.float32)
        self.diagnostics = {"steps": 40}
        self.n_classes, self.spread = n_classes, spread
        self.schema = Schema("classification", ("x1", "x2"), ("a", "b", "c")[:n_classes], SCALING)
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

    linear_about = None
    chains = None

    def positions(self, n_draws: int, seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).normal(size=(n_draws, 30))

    def weight_summary(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        return {"W1": (np.zeros((5, 2)), np.ones((5, 2)))}


def dataset(n_classes: int = 2, copies: int = 1) -> Dataset:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    y = np.arange(40) % n_classes
    rows = np.repeat(X[:20], copies, axis=0), np.repeat(y[:20], copies)
    return Dataset.from_arrays(*rows, "classification", X_test=X[20:], y_test=y[20:])


GRID = Grid(np.linspace(-2, 2, 60), np.linspace(-1, 1, 60))


def test_columns_are_x_and_rows_are_y():
    frame = map_frame(Told(spread=0.0), GRID, 7)
    assert frame.step == 7
    right = frame.probabilities()[0]
    expected = 1 / (1 + np.exp(-3 * GRID.x))
    np.testing.assert_allclose(right, np.tile(expected, (60, 1)), atol=1 / 255)
    layer = build_picture(Told(), dataset(), Maps, [], step=1).units[0]
    np.testing.assert_allclose(
        layer.activations()[1], np.tile(make_grid(dataset(), 20).y[:, None], (1, 20)), atol=0.02
    )


def test_uncertainties_add_up_and_know_noise_from_ignorance():
    sure, unsure = map_frame(Told(spread=0.0), GRID, 1), map_frame(Told(spread=2.0), GRID, 1)
    for frame in (sure, unsure):
        total = frame.total.astype(int) - frame.aleatoric - frame.epistemic
        assert np.abs(total).max() <= 2  # of 255: each is rounded
    assert sure.epistemic.max() == 0
    assert unsure.epistemic.max() > 50
    on_the_edge = sure.nats("total")[:, 29:31]
    np.testing.assert_allclose(on_the_edge, math.log(2), atol=0.01)


def test_three_classes():
    frame = map_frame(Told(n_classes=3), GRID, 1)
    assert frame.probability.shape == (3, 60, 60)
    np.testing.assert_allclose(frame.probabilities().sum(0), 1, atol=3 / 255)
    assert frame.n_classes == 3


def test_points_are_predicted_in_bounded_blocks_of_the_same_draws():
    posterior = Told()
    map_frame(posterior, Grid(np.linspace(-1, 1, 100), np.linspace(-1, 1, 100)), 1, n_draws=50)
    assert posterior.asked == [(2500, 50)] * 4


def test_a_picture_holds_everything_and_survives_being_stored():
    posterior, data = Told(n_classes=3), dataset(3)
    grid = make_grid(data)
    frames = [Maps.frame(posterior, grid, step) for step in (1, 2, 40)]
    picture = build_picture(posterior, data, Maps, frames, step=40, stopped_at=40)
    back = Picture.from_bytes(picture.to_bytes())
    assert [frame.step for frame in back.frames] == [1, 2, 40]
    assert back.final.total.shape == (100, 100)
    assert back.view.draws.shape == (100, 3, 50, 50)
    assert [unit.values.shape for unit in back.units] == [(5, 20, 20)]
    assert len(back.view.draw_grid.x) == len(back.frames[0].total) == 50
    assert set(back.scores) == {"held-out", "training", "calibration", "loo", "baselines"}
    assert back.held_out.values.shape == (len(data.X_test), 3)
    assert sum(back.scores["calibration"]["count"]) == len(data.X_test)
    assert 0 <= back.scores["held-out"]["accuracy"] <= 1
    assert back.stopped_at == 40
    np.testing.assert_array_equal(back.objective, posterior.objective)
    single = posterior.predict(grid.resized(50).points(), 100, 0).samples[3, :, 2].reshape(50, 50)
    np.testing.assert_allclose(back.view.draws[3, 2] / 255, single, atol=1 / 255)


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


@pytest.mark.parametrize(
    ("task", "n_features", "view"),
    [
        ("classification", 2, Maps),
        ("regression", 1, Curves),
        ("regression", 2, Surfaces),
        ("regression", 3, Bare),
        ("classification", 1, Bare),
        ("classification", 64, Bare),
    ],
)
def test_the_data_choose_the_view(task: str, n_features: int, view: type):
    assert view_for(task, n_features) is view


class Sloped(Told):
    """Lines and planes through 0 whose slopes are normal with the given spread, and noise of 0.5."""

    def __init__(self, n_features: int, spread: float = 1.0) -> None:
        super().__init__(spread=spread)
        self.structure = SimpleNamespace(sizes=(n_features, 5, 1))
        names = tuple(f"x{i + 1}" for i in range(n_features))
        scaling = Scaling(np.zeros(n_features), np.ones(n_features), 0.0, 1.0)
        self.schema = Schema("regression", names, (), scaling)

    def predict(self, X: np.ndarray, n_draws: int, seed: int) -> Prediction:
        slopes = 1.0 + self.spread * np.random.default_rng(seed).normal(size=(n_draws, X.shape[1]))
        mean = (slopes @ X.T).astype(np.float32)
        return Prediction.normal(mean, np.full(n_draws, 0.5))

    def unit_activations(self, X: np.ndarray, n_draws: int, seed: int) -> list[np.ndarray]:
        return [np.stack([X[:, 0], -X[:, -1]])]


def numbers(n_features: int, rows: int = 40) -> Dataset:
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (rows, n_features))
    return Dataset.from_arrays(X, X.sum(1) + 0.5 * rng.normal(size=rows), test_fraction=0.5, standardize=False)


def test_a_picture_of_counts_has_no_room_for_what_cannot_be():
    counts = np.random.default_rng(0).poisson(3, 50).astype(float)
    X = np.arange(50.0)[:, None]
    low, high = (getattr(make_line(Dataset.from_arrays(X, counts)), end) for end in ("low", "high"))
    assert -0.05 * high < low < 0
    assert make_line(Dataset.from_arrays(X, counts + 0.5)).low < -0.2 * high


def test_curves_are_the_closed_form():
    data = numbers(1)
    line = make_line(data)
    frames = [Curves.frame(Sloped(1), line, step) for step in (1, 9)]
    picture = build_picture(Sloped(1), data, Curves, frames, step=9)
    back = Picture.from_bytes(picture.to_bytes()).view_as(Curves)
    x, final = back.line.x, back.final
    assert x[0] < data.X_train.min() < data.X_train.max() < x[-1]
    np.testing.assert_allclose(final.aleatoric_sd, 0.5, rtol=1e-6)
    np.testing.assert_allclose(final.epistemic_sd, np.abs(x), rtol=0.1, atol=1e-6)
    np.testing.assert_allclose(final.total_sd, np.sqrt(0.25 + final.epistemic_sd**2), rtol=1e-5)
    np.testing.assert_allclose(final.mean, x, atol=0.15 * np.abs(x).max())
    for level, z in zip(LEVELS, (0.6745, 1.2816, 1.96), strict=True):
        low, high = final.band(level)
        np.testing.assert_allclose(high - low, 2 * z * final.total_sd, rtol=0.12)
    # Where the curve may be is within where outcomes may be, and both are in order.
    for quantiles in (final.outcome, final.function):
        assert (np.diff(quantiles, axis=0) >= -1e-5).all()
        assert len(quantiles) == len(TAILS)
    inner, outer = final.function[-1] - final.function[0], final.outcome[-1] - final.outcome[0]
    assert (inner < outer).all()
    np.testing.assert_allclose(final.draws, final.draws[:, :1] / x[0] * x, atol=1e-4)
    for one, other in zip(back.frames, frames, strict=True):
        np.testing.assert_array_equal(one.array(), other.array())


def test_the_density_at_a_point_is_that_of_the_prediction():
    data = numbers(1)
    posterior = Sloped(1)
    view = build_picture(posterior, data, Curves, [], step=1).view
    column = 100
    density = view.density[:, column] / 255 * view.peak[column]
    inside = density.sum() * (view.outcomes[1] - view.outcomes[0])
    assert inside == pytest.approx(1, abs=0.02)
    mean = (density * view.outcomes).sum() / density.sum()
    assert mean == pytest.approx(view.final.mean[column], abs=0.05)


def test_a_live_frame_is_small_and_comes_back():
    frame = Curves.frame(Sloped(1), make_line(numbers(1)), 3)
    content = frame.to_bytes()
    assert len(content) < 8_000
    back = read_frame(content)
    assert back.step == 3
    np.testing.assert_array_equal(back.array(), frame.array())
    np.testing.assert_array_equal(back.function, frame.function)


def test_surfaces_know_noise_from_ignorance():
    data = numbers(2)
    frames = [Surfaces.frame(Sloped(2), Surfaces.place(data), 1)]
    picture = build_picture(Sloped(2), data, Surfaces, frames, step=5)
    view = Picture.from_bytes(picture.to_bytes()).view_as(Surfaces)
    plane, final = view.plane, view.final
    xx, yy = np.meshgrid(plane.grid.x, plane.grid.y)
    sd = final.epistemic / 255 * plane.top
    seen = final.epistemic < 255
    np.testing.assert_allclose(sd[seen], np.hypot(xx, yy)[seen], rtol=0.12, atol=0.05)
    np.testing.assert_allclose(final.aleatoric / 255 * plane.top, 0.5, atol=0.01)
    mean = plane.low + final.mean / 255 * (plane.high - plane.low)
    inside = (final.mean > 0) & (final.mean < 255)
    np.testing.assert_allclose(mean[inside], (xx + yy)[inside], atol=0.4)
    assert view.draws.shape == (50, 50, 50)
    assert picture.units[0].values.shape == (2, 20, 20)
    back = read_frame(frames[0].to_bytes())
    np.testing.assert_array_equal(back.array(), frames[0].array())


def test_many_features_have_scores_and_no_view():
    posterior, data = Sloped(5), numbers(5)
    frames = [Bare.frame(posterior, Bare.place(data), step) for step in (1, 4)]
    assert read_frame(frames[1].to_bytes()) == frames[1]
    back = Picture.from_bytes(build_picture(posterior, data, Bare, frames, step=4).to_bytes())
    assert ([frame.step for frame in back.frames], back.final.step, back.units) == ([1, 4], 4, ())
    assert back.scores["held-out"]["rmse"] > 0
    with pytest.raises(TypeError, match="This fit is seen as bare, not as maps"):
        back.view_as(Maps)


@pytest.mark.parametrize("rows", [40, 1000])
def test_held_out_rows_are_ordered_by_how_sure_the_fit_is_of_them(rows: int):
    posterior, data = Sloped(1), numbers(1, rows)
    kept = build_picture(posterior, data, Curves, [], step=1).rows
    total = posterior.predict(data.X_test, 100, 0).total
    assert len(kept.index) == min(len(total), ROWS_KEPT)
    np.testing.assert_allclose(kept.total, total[kept.index], rtol=1e-5)
    assert (np.diff(kept.total) <= 0).all()
    assert (kept.total[0], kept.total[-1]) == pytest.approx((total.max(), total.min()), rel=1e-5)


def test_leave_one_out_is_of_draws_and_few_rows():
    posterior, data = Told(), dataset()
    found = build_picture(posterior, data, Maps, [], step=1).scores["loo"]
    assert found == diagnostics.loo(posterior, data, n_draws=LOO_DRAWS)
    posterior.experiment = Experiment(inference=InferenceSpec(method="map"))
    assert build_picture(posterior, data, Maps, [], step=1).scores["loo"] == {}
    assert build_picture(Told(), dataset(copies=26), Maps, [], step=1).scores["loo"] == {}
    few = Told()
    few.positions = lambda n_draws, seed=0: np.eye(20, 30)[np.arange(n_draws) % 20]  # type: ignore[method-assign]
    assert build_picture(few, data, Maps, [], step=1).scores["loo"] == {}
