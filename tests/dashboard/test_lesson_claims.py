"""What a lesson says is to be seen is so, by the fits that its buttons make."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from bnn_lib.agreement import agreement
from bnn_lib.dashboard.compare import read_methods, with_method
from bnn_lib.dashboard.lesson_file import OURS, SetUp, files_of, read_files
from bnn_lib.dashboard.presets import PRESETS
from bnn_lib.dashboard.state import replaced
from bnn_lib.datasets import Dataset, load_dataset
from bnn_lib.engine import make_grid
from bnn_lib.experiment import Experiment
from bnn_lib.fitting import fit
from bnn_lib.metrics import evaluate
from bnn_lib.posterior import Posterior
from bnn_lib.prior import prior_predictive

LESSONS = read_files(*files_of([OURS])).by_name
LN2 = np.log(2)
LINE = np.linspace(-3, 3, 61)[:, None]
# What the slow tests below do not look at: its steps are presets of the compare page, which tests/dashboard/
# test_presets.py looks at.
ELSEWHERE = {"between-two-clusters"}


def set_up(lesson: str, step: int) -> SetUp:
    return LESSONS[lesson].steps[step - 1].set_up


@cache
def fitted(experiment: Experiment) -> tuple[Dataset, Posterior, dict[str, float]]:
    dataset = load_dataset(experiment.data)
    posterior = fit(experiment, dataset)
    return dataset, posterior, dict(evaluate(posterior, dataset))


def seen(lesson: str, step: int, method: str | None = None, **changes: object):
    experiment = set_up(lesson, step).experiment
    experiment = with_method(experiment, method) if method else experiment
    return fitted(replaced(experiment, {name.replace("__", "."): value for name, value in changes.items()}))


@cache
def on_map(posterior: Posterior, dataset: Dataset):
    points = make_grid(dataset, 60).points()
    return points, posterior.predict(points)


def distance(points: np.ndarray, dataset: Dataset) -> np.ndarray:
    """From the nearest training point, in standardised units."""
    scale = dataset.X_train.std(axis=0)
    return np.array([np.linalg.norm((dataset.X_train - point) / scale, axis=1).min() for point in points])


def end(posterior: Posterior) -> float:
    elbo = np.asarray(posterior.elbo)
    return float(elbo[-len(elbo) // 10 :].mean())


def scatter(posterior: Posterior) -> float:
    elbo = np.asarray(posterior.elbo)
    return float(elbo[-len(elbo) // 10 :].std())


def test_every_lesson_has_its_test():
    names = {name.removeprefix("test_lesson_").replace("_", "-") for name in globals() if "test_lesson_" in name}
    assert set(LESSONS) == names | ELSEWHERE


def test_between_two_clusters_shows_the_presets():
    presets = list(PRESETS.values())[:2]
    for number, preset in enumerate(presets, start=1):
        button = set_up("between-two-clusters", number)
        assert button.experiment == preset.experiment
        assert read_methods(button.query["methods"]) == preset.methods
        assert button.query["map"] == preset.kind


@pytest.mark.slow
def test_lesson_point_to_posterior():
    lesson = "point-to-posterior"
    dataset, one, scores = seen(lesson, 1)
    _, prediction = on_map(one, dataset)
    assert prediction.epistemic.max() < 1e-6
    assert prediction.aleatoric.max() > 0.5
    assert scores["accuracy"] == pytest.approx(0.96, abs=0.01)
    dataset, many, posterior_scores = seen(lesson, 2)
    points, prediction = on_map(many, dataset)
    at_the_points = many.predict(dataset.X_train).epistemic.mean()
    assert prediction.epistemic[distance(points, dataset) > 0.5].mean() > 1.8 * at_the_points
    assert posterior_scores["accuracy"] == pytest.approx(scores["accuracy"], abs=0.01)
    few, fewer, few_scores = seen(lesson, 3)
    assert len(few.X_train) == 50
    ratio = on_map(fewer, few)[1].epistemic.mean() / prediction.epistemic.mean()
    assert 3 < ratio < 4.5
    assert few_scores["accuracy"] < scores["accuracy"] - 0.05


@pytest.mark.slow
def test_lesson_what_the_elbo_says():
    lesson = "what-the-elbo-says"
    _, mean_field, scores = seen(lesson, 1)
    elbo = np.asarray(mean_field.elbo)
    assert abs(elbo[-4000:-2000].mean() - elbo[-2000:].mean()) < scatter(mean_field) / 2
    assert mean_field.diagnostics["k_hat"] > 1
    assert end(mean_field) == pytest.approx(-131, abs=3)
    _, full, _ = seen(lesson, 2)
    assert end(full) == pytest.approx(-107, abs=3)
    assert full.diagnostics["k_hat"] > 0.7
    few, fewer, few_scores = seen(lesson, 3)
    assert len(few.X_train) == 100
    assert end(fewer) == pytest.approx(-57, abs=2)
    assert few_scores["accuracy"] == pytest.approx(0.84, abs=0.02)
    assert scores["accuracy"] == pytest.approx(0.96, abs=0.01)


@pytest.mark.slow
def test_lesson_aleatoric_and_epistemic():
    lesson = "aleatoric-and-epistemic"
    dataset, noisy, _ = seen(lesson, 1)
    quiet_data, quiet, _ = seen(lesson, 1, data__noise=0.2)
    loud, calm = noisy.predict(dataset.X_test), quiet.predict(quiet_data.X_test)
    assert loud.aleatoric.mean() > 2 * calm.aleatoric.mean()
    assert abs(loud.epistemic.mean() - calm.epistemic.mean()) < 0.02
    few_data, few, _ = seen(lesson, 2)
    many_data, many, _ = seen(lesson, 2, data__n=5000)
    assert len(few_data.X_train) == 50
    before, after = few.predict(few_data.X_test), many.predict(many_data.X_test)
    assert after.epistemic.mean() < 0.1 * before.epistemic.mean()
    assert after.aleatoric.mean() > 0.7 * before.aleatoric.mean()
    rows, constant, _ = seen(lesson, 3)
    inside = (rows.y_test > (band := constant.predict(rows.X_test).interval(0.95))[:, 0]) & (
        rows.y_test < band[:, 1]
    )
    left, right = (
        (rows.X_test[:, 0] < np.quantile(rows.X_test, 1 / 3)),
        (rows.X_test[:, 0] > np.quantile(rows.X_test, 2 / 3)),
    )
    assert inside[left].mean() > 0.99
    assert inside[right].mean() < 0.92
    width = np.diff(band, axis=1)[:, 0]
    assert width.max() < 2 * width.min()
    _, varying, _ = seen(lesson, 3, likelihood__family="heteroscedastic")
    noise = np.sqrt(varying.predict(rows.X_test).aleatoric)
    assert noise[right].mean() > 3 * noise[left].mean()


@pytest.mark.slow
def test_lesson_blind_to_ignorance():
    lesson = "blind-to-ignorance"
    dataset, posterior, _ = seen(lesson, 1)
    points, prediction = on_map(posterior, dataset)
    p = prediction.mean[:, 1]
    line = np.abs(p - 0.5) < 0.06
    far = distance(points[line], dataset)
    assert np.sqrt(p * (1 - p))[line].min() > 0.49  # the article's map, all along the line
    ignorance = prediction.epistemic[line]
    assert ignorance[far > 0.8].mean() > 3 * ignorance[far < 0.15].mean()
    dataset, wrong, _ = seen(lesson, 2)
    prediction = wrong.predict(dataset.X_train)
    p = prediction.mean[:, 1]
    assert np.sqrt(p * (1 - p)).mean() == pytest.approx(0.46, abs=0.03)
    assert prediction.epistemic.mean() < 0.03 * LN2
    assert prediction.aleatoric.mean() > 0.8 * LN2


@pytest.mark.slow
def test_lesson_the_prior_is_a_choice():
    lesson = "the-prior-is-a-choice"
    plane = np.column_stack([LINE[:, 0], np.zeros(len(LINE))])
    wide, narrow = (
        prior_predictive(set_up(lesson, step).experiment, plane, n_draws=400, seed=0).samples[..., 1]
        for step in (1, 2)
    )
    assert ((wide < 0.05) | (wide > 0.95)).mean() > 0.8
    assert ((narrow > 0.2) & (narrow < 0.8)).mean() > 0.9
    _, _, scores = seen(lesson, 3)
    assert scores["nll"] == pytest.approx(LN2, abs=0.005)
    _, _, scores = seen(lesson, 3, prior__scale=1.0)
    assert scores["nll"] == pytest.approx(0.11, abs=0.01)


@pytest.mark.slow
def test_lesson_mini_batches():
    lesson = "mini-batches"
    dataset, whole, scores = seen(lesson, 1)
    assert len(dataset.X_train) == 5000
    _, batches, batch_scores = seen(lesson, 2)
    assert batch_scores["accuracy"] == pytest.approx(scores["accuracy"], abs=0.01)
    assert batch_scores["nll"] == pytest.approx(scores["nll"], abs=0.01)
    assert end(batches) == pytest.approx(end(whole), rel=0.1)
    assert scatter(batches) > 10 * scatter(whole)


@pytest.mark.slow
def test_lesson_nuts_as_referee():
    lesson = "nuts-as-referee"
    dataset, nuts, nuts_scores = seen(lesson, 1, "nuts")
    assert nuts.diagnostics["r_hat"] < 1.05
    _, advi, scores = seen(lesson, 1, "advi")
    points, sampled = on_map(nuts, dataset)
    fast = on_map(advi, dataset)[1]
    assert fast.epistemic.mean() < 0.8 * sampled.epistemic.mean()
    away = distance(points, dataset) > 0.5
    assert fast.epistemic[away].mean() < 0.6 * sampled.epistemic[away].mean()
    assert scores["accuracy"] < nuts_scores["accuracy"] - 0.05
    _, short, short_scores = seen(lesson, 2)
    assert short.diagnostics["r_hat"] > 1.5
    assert short_scores["accuracy"] > 0.95
    dataset, linear, _ = seen(lesson, 3, "nuts")
    for method in ("advi", "fullrank_advi"):
        posterior = seen(lesson, 3, method)[1]
        for points in (dataset.X_test, make_grid(dataset, 60).points()):
            far = agreement(posterior.predict(points), linear.predict(points))
            assert far["total_variation"] < 0.01


@pytest.mark.slow
def test_lesson_how_wide():
    lesson = "how-wide"
    nll = {width: seen(lesson, 1, network__hidden=(width,))[2]["nll"] for width in (1, 2, 3)}
    assert nll[1] == pytest.approx(0.29, abs=0.01)
    assert nll[2] == pytest.approx(nll[1], abs=0.02)
    assert nll[3] == pytest.approx(0.12, abs=0.01)
    _, wide, scores = seen(lesson, 2)
    assert end(wide) == pytest.approx(-155, abs=4)
    assert end(seen(lesson, 1, network__hidden=(3,))[1]) == pytest.approx(-115, abs=3)
    assert scores["nll"] == pytest.approx(nll[3], abs=0.01)
    drawn = set_up(lesson, 3).experiment
    spread = {}
    for scaling in ("none", "fan_in"):
        for width in (4, 64):
            changes = {"network.hidden": (width,), "prior.scaling": scaling, "data.name": "gap"}
            samples = prior_predictive(replaced(drawn, changes), LINE, n_draws=400, seed=0).samples
            spread[scaling, width] = samples.std(axis=0).mean()
    assert 3 < spread["none", 64] / spread["none", 4] < 4
    assert spread["fan_in", 64] / spread["fan_in", 4] == pytest.approx(1, abs=0.15)
