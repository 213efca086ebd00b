"""The library's own fits, through the engine and a worker of its own."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bnn_lib.datasets import Dataset
from bnn_lib.engine import Curves, Engine, EngineSettings, Job, Picture, Question, Surfaces, fit_key
from bnn_lib.engine.arrays import to_bytes
from bnn_lib.errors import InvalidExperiment
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec, LikelihoodSpec, NetworkSpec
from tests.engine.waiting import wait_for, wait_until

pytestmark = pytest.mark.slow

SMALL = Experiment(data=DataSpec(n=200), inference=InferenceSpec(steps=300))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> EngineSettings:
    folder = tmp_path_factory.mktemp("engine")
    return EngineSettings(threads=2, store=folder / "results", compile_cache=folder / "compiled")


@pytest.fixture(scope="module")
def engine(settings: EngineSettings) -> Iterator[Engine]:
    engine = Engine(settings)
    yield engine
    engine.close()


def fitted(engine: Engine, experiment: Experiment) -> Picture:
    picture = wait_until(engine.submit(experiment, "a"), "finished").picture
    assert picture is not None
    return picture


def test_a_fit_becomes_a_picture(engine: Engine):
    picture = fitted(engine, SMALL)
    assert Experiment.from_json(picture.experiment_json) == SMALL
    steps = [frame.step for frame in picture.frames]
    assert steps[0] == 1
    assert steps[-1] == 300
    assert 20 <= len(steps) <= 30
    assert {frame.probability.shape for frame in picture.frames} == {(1, 50, 50)}
    assert (picture.final.step, picture.final.probability.shape) == (300, (1, 100, 100))
    assert picture.view.draws.shape == (100, 1, 50, 50)
    assert picture.objective.shape == (300,)
    assert np.isfinite(picture.objective).all()
    assert [unit.values.shape for unit in picture.units] == [(5, 20, 20), (5, 20, 20)]
    assert {name: mean.shape for name, (mean, _) in picture.weights.items()} == {
        "W1": (5, 2), "b1": (5,), "W2": (5, 5), "b2": (5,), "W3": (1, 5), "b3": (1,),
    }  # fmt: skip
    assert all((sd > 0).all() for _, sd in picture.weights.values())
    assert picture.scores["held-out"]["accuracy"] > 0.6
    assert picture.scores["training"]["nll"] < 0.7
    assert picture.scores["baselines"]["random_forest"]["test"]["accuracy"] > 0.8
    assert picture.diagnostics["steps"] == 300
    assert picture.stopped_at is None
    # The single networks are draws from what the mean map averages.
    mean_of_draws = picture.view.draws[:, 0].mean(0) / 255
    last = picture.frames[-1].probabilities()[0]
    assert np.abs(mean_of_draws - last).mean() < 0.1


def test_three_classes(engine: Engine):
    iris = Experiment(data=DataSpec(name="iris"), inference=InferenceSpec(steps=50))
    picture = fitted(engine, iris)
    assert picture.final.probability.shape == (3, 100, 100)
    assert picture.view.draws.shape == (100, 3, 50, 50)
    np.testing.assert_allclose(picture.final.probabilities().sum(0), 1, atol=3 / 255)


def rows(n_features: int) -> Dataset:
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (60, n_features))
    return Dataset.from_arrays(X, 3 * X[:, 0] + 10 + 0.1 * rng.normal(size=60), test_fraction=0.25)


def test_data_that_a_session_hands_over(engine: Engine, settings: EngineSettings):
    data, straight = rows(1), SMALL.model_copy(update={"network": NetworkSpec(hidden=())})
    straight = straight.model_copy(update={"inference": InferenceSpec(steps=3000, learning_rate=0.03)})
    before = {path.name for path in settings.store.glob("*")}
    job = engine.submit(straight, "a", data)
    assert job.key == fit_key(straight, data) != straight.key
    picture = wait_until(job, "finished").picture
    view = picture.view_as(Curves)
    np.testing.assert_allclose(view.final.mean, 3 * view.line.x + 10, atol=0.2)
    assert view.final.aleatoric_sd == pytest.approx(0.1, rel=0.5)
    assert picture.scores["held-out"]["rmse"] < 0.2
    assert engine.result(job.key) is picture
    assert {path.name for path in settings.store.glob("*")} == before
    # A worker can be asked more of it: by the draws that the picture was made of.
    files = {"networks": picture.networks, "rows": to_bytes({"X": view.line.points()})}
    asked = engine.ask(Question("predict", {"intervals": [0.95]}, files), "a")
    found = wait_for(lambda: asked.view().arrays)
    np.testing.assert_allclose(found["mean"], view.final.mean, rtol=1e-5)
    np.testing.assert_allclose(found["intervals"][:, 0], view.final.band(0.95).T, rtol=1e-4)


def test_surfaces_and_many_features(engine: Engine):
    two, five = rows(2), rows(5)
    jobs = [engine.submit(SMALL, "a", data) for data in (two, five)]
    surfaces, scores = (wait_until(job, "finished").picture for job in jobs)
    assert surfaces.view_as(Surfaces).final.mean.shape == (100, 100)
    assert (scores.view.name, scores.units) == ("bare", ())
    assert scores.scores["held-out"]["rmse"] > 0
    assert len(scores.rows.index) == len(five.X_test)


def test_a_network_without_hidden_layers(engine: Engine):
    linear = SMALL.model_copy(update={"network": NetworkSpec(hidden=())})
    picture = fitted(engine, linear)
    assert picture.units == ()
    assert set(picture.weights) == {"W1", "b1"}


def test_progress_streams_and_a_stopped_fit_keeps_its_part(engine: Engine):
    long = SMALL.model_copy(update={"inference": InferenceSpec(steps=1_000_000)})
    job = engine.submit(long, "a")
    view = wait_for(lambda: (v := job.view()).frame and v.step > 200 and v)
    assert view.phase == "running"
    assert view.frame.probability.shape == (1, 50, 50)
    assert len(view.elbo) >= 200
    assert view.steps_per_second > 0
    engine.stop(job, "a")
    assert job.view().phase == "stopped"
    picture = wait_for(lambda: job.view().picture)
    assert 200 < picture.stopped_at == len(picture.objective) == picture.final.step < 1_000_000
    assert all(frame.step <= picture.stopped_at for frame in picture.frames)
    assert engine.result(job.key) is None


def test_what_cannot_be_fitted_is_said_in_the_librarys_words(engine: Engine):
    with pytest.raises(InvalidExperiment, match=r"^likelihood\.family is 'gaussian'"):
        engine.submit(SMALL.model_copy(update={"likelihood": LikelihoodSpec(family="gaussian")}), "a")


def test_preparing_compiles(engine: Engine, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    other = SMALL.model_copy(update={"network": NetworkSpec(hidden=(3,))})
    engine.prepare(other)
    runner = engine._runner
    wait_for(lambda: runner._preparing)
    wait_for(lambda: runner._preparing is None)
    assert "preparing failed" not in caplog.text
    fitted(engine, other)


def test_several_sessions_fit_side_by_side(engine: Engine):
    jobs: list[Job] = []
    for seed in range(1, 7):
        inference = InferenceSpec(steps=200, seed=seed)
        jobs.append(engine.submit(SMALL.model_copy(update={"inference": inference}), f"session {seed}"))
    pictures = [wait_until(job, "finished").picture for job in jobs]
    finals = {picture.final.probability.tobytes() for picture in pictures if picture is not None}
    assert len(finals) == 6


def test_the_same_experiment_gives_the_same_picture_elsewhere(
    engine: Engine, settings: EngineSettings, tmp_path: Path
):
    here = fitted(engine, SMALL)
    other = Engine(replace(settings, store=tmp_path / "results", threads=1))
    try:
        there = fitted(other, SMALL)
    finally:
        other.close()
    assert there is not here
    np.testing.assert_array_equal(there.objective, here.objective)
    np.testing.assert_array_equal(there.view.draws, here.view.draws)
    np.testing.assert_array_equal(there.final.epistemic, here.final.epistemic)


LIGHT = """
import sys, time
from pathlib import Path
from bnn_lib.engine import Engine, EngineSettings
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec
engine = Engine(EngineSettings(threads=1, store=Path(sys.argv[1]), compile_cache=Path(sys.argv[2])))
job = engine.submit(Experiment(data=DataSpec(n=200), inference=InferenceSpec(steps=20)), "a")
while not job.view().ended:
    time.sleep(0.05)
assert job.view().phase == "finished", job.view().message
engine.close()
print(*(name for name in ("pymc", "pytensor", "jax", "blackjax", "sklearn") if name in sys.modules))
"""


def test_the_web_process_stays_light_through_a_fit(settings: EngineSettings, tmp_path: Path, root: Path):
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", LIGHT, str(tmp_path), str(settings.compile_cache)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout.strip()) == (0, ""), run.stderr
