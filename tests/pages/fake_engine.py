"""An engine for page tests: the client's interface, and results made of synthetic arrays at once.

A fit goes one stage further each time it is looked at, so that tests need no clock.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from bnn_lib.datasets import DATASETS, Dataset, load_dataset
from bnn_lib.engine import (
    Answer,
    EngineSettings,
    EngineStatus,
    Grid,
    JobView,
    Load,
    LoggedError,
    MapFrame,
    Maps,
    Operations,
    Picture,
    Question,
    QueueFull,
    Rows,
    Units,
    make_grid,
)
from bnn_lib.engine.desk import Desk
from bnn_lib.engine.views import Frame, view_for
from bnn_lib.errors import InvalidExperiment
from bnn_lib.experiment import Experiment
from bnn_lib.held_out import judge
from bnn_lib.predictive import Prediction
from tests.pages.fake_answers import make_answer

SNAPSHOTS, LOOKS = 12, 4


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)


def _entropy(p: np.ndarray) -> np.ndarray:
    return -(p * np.log(np.clip(p, 1e-12, 1))).sum(axis=-1)


def _samples(dataset: Dataset, points: np.ndarray, share: float, count: int, seed: int = 0) -> np.ndarray:
    """Class probabilities (count, points, C): nearest class wins, and doubt grows with the distance from data."""
    random = np.random.default_rng(seed)
    z = (points - dataset.X_train.mean(axis=0)) / dataset.X_train.std(axis=0)
    rows = (dataset.X_train - dataset.X_train.mean(axis=0)) / dataset.X_train.std(axis=0)
    distance = np.stack(
        [
            np.sort(((z[:, None] - rows[dataset.y_train == c][None, :60]) ** 2).sum(axis=-1), axis=1)[:, :8].mean(
                axis=1
            )
            for c in range(dataset.n_classes)
        ],
        axis=-1,
    )
    spread = 0.4 + np.minimum(3, distance.min(axis=-1, keepdims=True))
    slope = random.normal(size=(count, 2, dataset.n_classes))
    logits = -2.2 * share * np.sqrt(distance)[None] + spread * np.einsum("nd,sdc->snc", z, slope) * 0.6
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(p / p.sum(axis=-1, keepdims=True))


def make_frame(dataset: Dataset, grid: Grid, step: int, share: float = 1.0) -> MapFrame:
    p = _samples(dataset, grid.points(), share, 30)
    g = len(grid.x)
    mean = p.mean(axis=0)
    top = math.log(dataset.n_classes)
    total, aleatoric = _entropy(mean) / top, _entropy(p).mean(axis=0) / top
    shown = mean[:, 1:] if dataset.n_classes == 2 else mean
    maps = [_bytes(values.reshape(g, g)) for values in (total, aleatoric, total - aleatoric)]
    return MapFrame(step, _bytes(shown.T.reshape(-1, g, g)), *maps)


def make_elbo(steps: int) -> np.ndarray:
    random = np.random.default_rng(0)
    s = np.arange(1, steps + 1)
    return (-120 - 900 / (1 + s / 60) + random.normal(size=steps) * (4 + 200 / (1 + s / 50))).astype(np.float32)


@dataclass(frozen=True)
class FakePosterior:
    dataset: Dataset

    def predict(self, X: np.ndarray, n_draws: int, seed: int) -> Prediction:
        return Prediction(_samples(self.dataset, X, 1.0, n_draws, seed))


@dataclass(frozen=True)
class FakeNumbers:
    """Planes through the data's mean, less sure of themselves the further from it, and noise."""

    dataset: Dataset
    structure: Any = field(default_factory=lambda: SimpleNamespace(sizes=(1, 1)))

    def predict(self, X: np.ndarray, n_draws: int, seed: int) -> Prediction:
        random, rows = np.random.default_rng(seed), self.dataset
        z = (X - rows.X_train.mean(axis=0)) / rows.X_train.std(axis=0)
        mean = rows.y_train.mean() + 0.5 * rows.y_train.std() * (random.normal(size=(n_draws, z.shape[1])) @ z.T)
        return Prediction.normal(mean.astype(np.float32), np.full(n_draws, 0.2 * rows.y_train.std()))


def make_number_frame(dataset: Dataset, step: int) -> Frame:
    view = view_for(dataset.task, dataset.n_features)
    return view.frame(FakeNumbers(dataset), view.place(dataset), step)


def make_number_picture(experiment: Experiment, stopped_at: int | None = None) -> Picture:
    dataset = load_dataset(experiment.data)
    posterior, view = FakeNumbers(dataset), view_for(dataset.task, dataset.n_features)
    done = stopped_at or experiment.inference.total_steps
    place, held_out = view.place(dataset), judge(posterior, dataset, n_draws=20)
    frames = [make_number_frame(dataset, step) for step in (1, done)]
    widths = [dataset.n_features, *experiment.network.hidden, 1]
    shapes = {f"W{layer + 1}": (widths[layer + 1], widths[layer]) for layer in range(len(widths) - 1)}
    units = [
        Units(np.zeros((width, *[20] * dataset.n_features), np.uint8), -1.0, 1.0)
        for width in experiment.network.hidden
    ]
    scores = {"rmse": 0.21, "nll": 0.31, "crps": 0.12, "coverage_95": 0.94}
    worse = {"rmse": 0.42, "nll": 0.71, "crps": 0.24, "coverage_95": 0.91}
    return Picture(
        experiment_json=experiment.to_json(),
        view=view.finish(posterior, place, frames, done),
        objective=make_elbo(done),
        units=tuple(units),
        weights={name: (np.ones(shape, np.float32), np.ones(shape, np.float32)) for name, shape in shapes.items()},
        rows=Rows(np.zeros(1, np.int32), *np.zeros((2, 1), np.float32), np.zeros((1, 1), np.float32)),
        scores={
            "held-out": scores,
            "training": scores,
            "calibration": held_out.calibration,
            "loo": {},
            "baselines": {name: {"test": worse, "train": worse} for name in ("ridge", "gaussian_process")},
        },
        diagnostics={
            "seconds": 0.5,
            "steps_per_second": 40_000.0,
            **{"r_hat": 1.01, "ess": 300.0, "chains": 2, "draws": 200, "divergences": 0, "stuck_chains": []},
        },
        held_out=held_out.summary,
        stopped_at=stopped_at,
    )


def make_picture(experiment: Experiment, stopped_at: int | None = None) -> Picture:
    if DATASETS[experiment.data.name].task == "regression":
        return make_number_picture(experiment, stopped_at)
    dataset = load_dataset(experiment.data)
    grid = make_grid(dataset, 40)
    done = stopped_at or experiment.inference.steps
    steps = np.unique(np.rint(np.geomspace(1, done, SNAPSHOTS)).astype(int))
    small = grid.resized(24)
    frames = tuple(make_frame(dataset, small, int(step), (i + 1) / len(steps)) for i, step in enumerate(steps))
    draws = _samples(dataset, small.points(), 1.0, 20, seed=1)
    draws = draws[..., 1:] if dataset.n_classes == 2 else draws
    outputs = 1 if dataset.n_classes == 2 else dataset.n_classes
    widths = [2, *experiment.network.hidden, outputs]
    random = np.random.default_rng(3)
    weights: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for layer in range(len(widths) - 1):
        shape = (widths[layer + 1], widths[layer])
        mean = random.normal(size=shape).astype(np.float32)
        weights[f"W{layer + 1}"] = (mean, np.abs(random.normal(size=shape)).astype(np.float32) * 0.6)
    z = grid.resized(20).points()
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    units = tuple(
        Units(
            _bytes(
                0.5 + 0.5 * np.tanh(random.normal(size=(width, 2)) @ z.T + random.normal(size=(width, 1)))
            ).reshape(-1, 20, 20),
            -1.0,
            1.0,
        )
        for width in experiment.network.hidden
    )
    held_out = judge(FakePosterior(dataset), dataset, n_draws=20)
    good = {"accuracy": 0.954, "nll": 0.121, "brier": 0.069, "ece": 0.021, "auroc": 0.99}
    worse = {"accuracy": 0.872, "nll": 0.301, "brier": 0.19, "ece": 0.034, "auroc": 0.95}
    return Picture(
        experiment_json=experiment.to_json(),
        view=Maps(
            frames=frames,
            final=make_frame(dataset, grid, done),
            grid=grid,
            draws=_bytes(draws).transpose(0, 2, 1).reshape(20, -1, 24, 24),
        ),
        objective=make_elbo(done),
        rows=Rows(np.zeros(1, np.int32), *np.zeros((2, 1), np.float32), np.zeros((1, outputs), np.float32)),
        units=units,
        weights=weights,
        scores={
            "held-out": good,
            "training": {name: value * 1.01 for name, value in good.items()},
            "calibration": held_out.calibration,
            "loo": {"elpd_loo": -61.2, "se": 7.4, "p_loo": 9.1, "k_hat_max": 0.55, "k_hat_bad": 0.0},
            "baselines": {
                "logistic_regression": {"test": worse, "train": worse},
                "random_forest": {"test": {**good, "nll": 0.21}, "train": {**good, "accuracy": 1.0}},
            },
        },
        diagnostics={"seconds": 0.5, "steps_per_second": 40_000.0},
        held_out=held_out.summary,
        stopped_at=stopped_at,
    )


@dataclass(eq=False)
class FakeJob:
    engine: FakeEngine
    experiment: Experiment
    looks: int = 0
    stopped: bool = False
    version: int = 0

    @property
    def key(self) -> str:
        return self.experiment.key

    def view(self) -> JobView:
        return self.engine.view_of(self)


@dataclass(eq=False)
class FakeEngine:
    """What the pages use of an engine.

    `stays` keeps every fit in a phase; `fails` makes every fit fail with that message; with `shared` others go
    on with a fit that is stopped, so that nothing is kept of it; `refuses` is why no fit is taken at all,
    and it is `full` if that passes.
    Questions are answered at once, unless it is `silent`, or `unable`: the sentence that is said then.
    """

    phase: Any = "ready"
    stays: str | None = None
    fails: str | None = None
    refuses: str | None = None
    full: bool = False
    silent: bool = False
    unable: str | None = None
    shared: bool = False
    errors: tuple[LoggedError, ...] = ()
    settings: EngineSettings = field(default_factory=EngineSettings)
    results: dict[str, Picture] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    submitted: list[Experiment] = field(default_factory=list)
    prepared: list[Experiment] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    desk: Desk = field(default_factory=Desk)
    _versions: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def status(self) -> EngineStatus:
        message = (
            None if self.phase == "ready" else "The fitting engine is starting; this takes about fifteen seconds."
        )
        return EngineStatus(self.phase, message, 1, 2)

    def submit(self, experiment: Experiment, session_id: str) -> FakeJob:
        if self.refuses:
            raise (QueueFull if self.full else InvalidExperiment)(self.refuses)
        self.submitted.append(experiment)
        return FakeJob(self, experiment)

    def stop(self, job: FakeJob, session_id: str) -> None:
        self.calls.append(("stop", session_id))
        job.stopped = True

    def load(self) -> Load:
        return Load(3, 1, 2, {"finished": 40, "failed": 1}, 7.5, watching=1, waiting=2)

    def operations(self) -> Operations:
        workers = {"tcp://127.0.0.1:1": 900_000_000, "tcp://127.0.0.1:2": 850_000_000}
        return Operations(self.status, self.load(), 12_345_678, 500_000_000, workers, self.errors)

    def touch(self, session_id: str) -> None:
        pass

    def leave(self, session_id: str) -> None:
        self.calls.append(("leave", session_id))

    def result(self, key: str) -> Picture | None:
        return self.results.get(key)

    def prepare(self, experiment: Experiment) -> None:
        self.prepared.append(experiment)

    def ask(self, question: Question, session_id: str, slot: str | None = None) -> Answer:
        self.asked.append(question)
        answer = self.desk.ask(question, session_id, slot or question.name)
        if not self.silent:
            self.answer_all()
        return answer

    def answer_all(self) -> None:
        while (asked := self.desk.take_next(1)) is not None:
            if self.unable:
                self.desk.failed(asked.dask_key, self.unable)
            elif asked.question is not None:
                self.desk.answered(asked.dask_key, make_answer(asked.question))

    def close(self) -> None:
        self.calls.append(("close", ""))

    def view_of(self, job: FakeJob) -> JobView:
        job.looks += 1
        total = job.experiment.inference.total_steps
        step = min(total, total * job.looks // LOOKS)
        empty = np.empty(0, np.float32)
        view = JobView(
            "queued",
            2,
            0,
            total,
            None,
            None,
            empty,
            empty.astype(np.int32),
            None,
            None,
            None,
            next(self._versions),
        )
        if self.fails:
            return replace(view, phase="failed", position=None, message=self.fails)
        if job.stopped:
            step = max(1, step // 2)
            if self.shared:
                return replace(self._running(job, view, step), phase="stopped", seconds_left=None)
            picture = make_picture(job.experiment, stopped_at=step)
            return replace(view, phase="stopped", position=None, step=step, picture=picture)
        if self.stays in ("waiting", "queued"):
            return replace(view, phase=self.stays)
        if step == total and self.stays is None:
            picture = self.results.setdefault(job.key, make_picture(job.experiment))
            return replace(view, phase="finished", position=None, step=total, picture=picture)
        return self._running(job, view, max(1, min(step, total // 2)))

    def _running(self, job: FakeJob, view: JobView, step: int) -> JobView:
        total = view.total
        dataset = load_dataset(job.experiment.data)
        return replace(
            view,
            phase="running",
            position=None,
            step=step,
            steps_per_second=48_000.0,
            seconds_left=(total - step) / 48_000,
            elbo=make_elbo(step),
            elbo_steps=np.arange(1, step + 1, dtype=np.int32),
            frame=make_number_frame(dataset, step)
            if dataset.task == "regression"
            else make_frame(dataset, make_grid(dataset, 24), step, step / total),
        )
