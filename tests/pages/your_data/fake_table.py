"""An engine for tests of "Your data": fits that end after a few looks, and answers of a model that is known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bnn_lib.datasets import Dataset
from bnn_lib.engine import AnswerView, Bare, JobView, Picture, Question, Rows
from bnn_lib.engine.arrays import from_bytes
from bnn_lib.engine.views.bare import BareFrame
from bnn_lib.experiment import Experiment
from bnn_lib.held_out import judge
from bnn_lib.predictive import Prediction
from tests.pages.fake_engine import FakeEngine, FakeJob, make_elbo


@dataclass(frozen=True)
class Linear:
    """The sum of the standardised features, as a number or as the log odds of the last class, with known doubt."""

    dataset: Dataset

    def predict(self, X: np.ndarray, n_draws: int = 50, seed: int = 0) -> Prediction:
        scaling = self.dataset.scaling
        z = ((X - scaling.x_mean) / scaling.x_scale).sum(axis=1) / self.dataset.n_features
        draws = z + np.random.default_rng(seed).normal(0, 0.2, (n_draws, 1))
        if self.dataset.task == "regression":
            mean, scale = self.dataset.y_train.mean(), self.dataset.y_train.std()
            return Prediction.normal(mean + scale * draws, np.full((n_draws, 1), scale / 2))
        p = 1 / (1 + np.exp(-draws))
        others = np.repeat(
            ((1 - p) / (self.dataset.n_classes - 1))[..., None], self.dataset.n_classes - 1, axis=-1
        )
        return Prediction(np.concatenate([others, p[..., None]], axis=-1))


def make_table_picture(experiment: Experiment, dataset: Dataset, stopped_at: int | None = None) -> Picture:
    model = Linear(dataset)
    held_out = judge(model, dataset, n_draws=20)
    prediction = model.predict(dataset.X_test)
    order = np.argsort(-prediction.total, kind="stable")
    mean = prediction.mean.reshape(len(order), -1)
    numbers = (prediction.total, prediction.epistemic, mean)
    baselines = (
        ("ridge", "random_forest") if dataset.task == "regression" else ("logistic_regression", "random_forest")
    )
    return Picture(
        experiment_json=experiment.to_json(),
        view=Bare((), BareFrame(stopped_at or experiment.inference.total_steps)),
        objective=make_elbo(200),
        units=(),
        weights=_relevance(dataset) if experiment.prior.scaling == "ard" else {},
        rows=Rows(order.astype(np.int32), *(values[order].astype(np.float32) for values in numbers)),
        scores={
            "held-out": held_out.scores,
            "training": held_out.scores,
            "calibration": held_out.calibration,
            "loo": {},
            "baselines": {name: {"test": held_out.scores, "train": held_out.scores} for name in baselines},
        },
        diagnostics={"seconds": 0.5, "k_hat": 2.0},
        held_out=held_out.summary,
        networks=b"networks",
        stopped_at=stopped_at,
    )


def _relevance(dataset: Dataset) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The later a feature, the more it matters."""
    scale = np.arange(1.0, dataset.n_features + 1, dtype=np.float32)
    return {"scale1": (scale, scale / 10)}


@dataclass(frozen=True)
class FakeAnswer:
    seen: AnswerView

    def view(self) -> AnswerView:
        return self.seen

    def wait(self, seconds: float) -> AnswerView:
        return self.seen


@dataclass(eq=False)
class TableEngine(FakeEngine):
    """Fits of data handed over; `silent` is why no question is answered."""

    datasets: list[Dataset] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    silent: str | None = None

    def submit(self, experiment: Experiment, session_id: str, dataset: Dataset | None = None) -> FakeJob:
        job = super().submit(experiment, session_id)
        if dataset is not None:
            self.datasets.append(dataset)
        return job

    def view_of(self, job: FakeJob) -> JobView:
        if not self.datasets:
            return super().view_of(job)
        job.looks += 1
        total = job.experiment.inference.total_steps
        empty: Any = np.empty(0, np.float32)
        steps = np.arange(1, 51, dtype=np.int32)
        view = JobView(
            "running", None, total // 2, total, 9e3, 1.0, make_elbo(50), steps, None, None, None, job.looks
        )
        if self.fails:
            return replace(view, phase="failed", elbo=empty, message=self.fails)
        if job.stopped:
            picture = make_table_picture(job.experiment, self.datasets[-1], total // 2)
            return replace(view, phase="stopped", picture=picture)
        if self.stays or job.looks < 2:
            return view
        picture = make_table_picture(job.experiment, self.datasets[-1])
        return replace(view, phase="finished", step=total, picture=picture)

    def ask(self, question: Question, session_id: str, slot: str | None = None) -> FakeAnswer:
        self.asked.append(question)
        if self.silent:
            return FakeAnswer(AnswerView("failed", None, self.silent))
        X = from_bytes(question.files["rows"])["X"]
        prediction = Linear(self.datasets[-1]).predict(X)
        arrays = {name: getattr(prediction, name) for name in ("mean", "total", "aleatoric", "epistemic")}
        arrays["quantiles"] = np.quantile(prediction.samples, question.values["quantiles"], axis=0).swapaxes(0, 1)
        if self.datasets[-1].task == "regression":
            arrays["intervals"] = prediction.interval(0.95)[:, None]
        return FakeAnswer(AnswerView("answered", arrays))
