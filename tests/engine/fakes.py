"""Fits that do as files in a folder tell them, so that tests need not wait by the clock.

The environment variable BNN_TEST_FOLDER names a folder whose file "current" names the folder of the test that
runs. Files there are named by what a fit is told, a hyphen and its seed. A fit goes on, reporting, until there is
"go-<seed>", or "go-all".
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np

from bnn_lib.agreement import PredictiveSummary
from bnn_lib.engine.arrays import to_bytes
from bnn_lib.engine.picture import Picture, Rows, Units
from bnn_lib.engine.questions import Reply
from bnn_lib.engine.tasks import Outcome, Reporter, run_guarded
from bnn_lib.engine.views import Grid, MapFrame, Maps
from bnn_lib.errors import InvalidData
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec

FOLDER = "BNN_TEST_FOLDER"
TEST = "BNN_TEST_NUMBER"  # different for each test, so that experiments of different tests differ too
CHUNK = 10


def dask_setup(worker: object) -> None:
    """Nothing to load: these fits are made of NumPy."""


def experiment(seed: int, steps: int = 1000) -> Experiment:
    data = DataSpec(seed=int(os.environ.get(TEST, "0")))
    return Experiment(data=data, inference=InferenceSpec(seed=seed, steps=steps))


def current_folder() -> Path:
    return Path((Path(os.environ[FOLDER]) / "current").read_text())


def make_frame(step: int, size: int = 8, k: int = 1, seed: int = 0) -> MapFrame:
    values = np.random.default_rng(seed + step).integers(0, 256, (k + 3, size, size), dtype=np.uint8)
    return MapFrame.of_array(step, values)


def make_summary(rng: np.random.Generator, classes: int = 2, n: int = 12) -> PredictiveSummary:
    p = rng.dirichlet(np.ones(classes), n).astype(np.float32)
    total, epistemic = rng.uniform(size=(2, n)).astype(np.float32)
    return PredictiveSummary(p, total, epistemic, is_classification=True)


def make_picture(
    seed: int = 0, steps: int = 50, k: int = 1, stopped_at: int | None = None, experiment_json: str = "{}"
) -> Picture:
    rng = np.random.default_rng(seed)
    return Picture(
        experiment_json=experiment_json,
        view=Maps(
            frames=tuple(make_frame(step, 8, k, seed) for step in (1, 5, steps)),
            final=make_frame(steps, 10, k, seed),
            grid=Grid(np.linspace(-1, 2, 10), np.linspace(-3, 4, 10)),
            draws=rng.integers(0, 256, (6, k, 7, 7), dtype=np.uint8),
        ),
        objective=rng.normal(size=steps).astype(np.float32),
        rows=make_rows(rng),
        networks=b"networks",
        units=(Units(rng.integers(0, 256, (5, 4, 4), dtype=np.uint8), -0.5, 1.5),),
        weights={"W1": (rng.normal(size=(5, 2)).astype(np.float32), np.ones((5, 2), np.float32))},
        scores={"held-out": {"accuracy": 0.9}, "training": {"accuracy": 1.0}, "baselines": {}},
        diagnostics={"seconds": 0.25, "k_hat": None},
        held_out=make_summary(rng, max(2, k)),
        stopped_at=stopped_at,
    )


def make_rows(rng: np.random.Generator, count: int = 5, columns: int = 2) -> Rows:
    numbers = rng.uniform(size=(2 + columns, count)).astype(np.float32)
    return Rows(np.arange(count, dtype=np.int32), numbers[0], numbers[1], numbers[2:].T)


def scripted_fit(experiment_json: str, handed_over: bytes | None = None) -> Outcome:
    if handed_over is not None:
        (current_folder() / "handed-over").write_bytes(handed_over)
    return run_guarded(experiment_json, _scripted)


def _scripted(this: Experiment, reporter: Reporter) -> Outcome:
    seed, total = this.inference.seed, this.inference.steps
    folder = current_folder()

    def told(word: str) -> bool:
        return (folder / f"{word}-{seed}").exists()

    with (folder / f"runs-{seed}").open("a") as log:
        log.write(f"{os.getpid()}\n")
    if told("die-always"):
        os.kill(os.getpid(), signal.SIGKILL)
    if told("refuse"):
        raise InvalidData("The rows are all the same.")
    if told("break"):
        raise RuntimeError("a secret detail")
    step, elbo = 0, []
    while not told("go") and not _all_go(folder):
        step = min(step + CHUNK, total)
        elbo.append(np.linspace(-100, -50, CHUNK, dtype=np.float32))
        reporter.add(step, elbo[-1])
        if reporter.stop_asked() and not told("deaf"):
            picture = make_picture(seed, step, stopped_at=step, experiment_json=this.to_json())
            return {"outcome": "stopped", "picture": picture.to_bytes()}
        if reporter.due:
            reporter.send(step, make_frame(step))
        if told("die"):
            (folder / f"die-{seed}").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
    picture = make_picture(seed, total, experiment_json=this.to_json())
    return {"outcome": "finished", "picture": picture.to_bytes()}


def scripted_prepare(experiment_json: str, handed_over: bytes | None = None) -> None:
    this = Experiment.from_json(experiment_json)
    with (current_folder() / f"prepared-{this.inference.seed}").open("a") as log:
        log.write("once\n")


def scripted_answer(name: str, values_json: str, files: dict[str, bytes]) -> Reply:
    """Answer 2 x: once there is "answer-x" if the question is to "wait"; "die" kills the worker."""
    values, folder = json.loads(values_json), current_folder()
    with (folder / f"asked-{values['x']}").open("a") as log:
        log.write(f"{os.getpid()}\n")
    if values.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if values.get("fail"):
        return {"arrays": None, "message": "The rows are all the same.", "detail": ""}
    while values.get("wait") and not (folder / f"answer-{values['x']}").exists() and not _all_go(folder):
        time.sleep(0.01)
    return {"arrays": to_bytes({"twice": np.array(2 * values["x"])})}


def _all_go(folder: Path) -> bool:
    return (folder / "go-all").exists()
