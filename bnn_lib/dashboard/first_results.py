"""Computes the results that come with the app, those of the pages' first experiments: ``make first-results``."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from bnn_lib.dashboard import regression
from bnn_lib.dashboard.session import SHIPPED
from bnn_lib.engine import Engine, EngineSettings
from bnn_lib.engine.client import RESULTS_VERSION
from bnn_lib.engine.shipped import shipped_path
from bnn_lib.experiment import Experiment

FIRST = (Experiment(), regression.START)


def compute(experiments: Iterable[Experiment], folder: Path) -> None:
    """Fit each experiment, and keep what its page shows in `folder`, in place of all that was there."""
    with tempfile.TemporaryDirectory() as store:
        engine = Engine(EngineSettings.from_environment(os.environ | {"BNN_STORE": store}))
        try:
            found = {experiment.key: _result(engine, experiment) for experiment in experiments}
        finally:
            engine.close()
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.picture"):
        old.unlink()
    for key, content in found.items():
        shipped_path(folder, key, RESULTS_VERSION).write_bytes(content)


def _result(engine: Engine, experiment: Experiment) -> bytes:
    job = engine.submit(experiment, "first results")
    while not (view := job.view()).ended:
        time.sleep(0.1)
    if view.picture is None:
        raise RuntimeError(f"No result of {experiment.to_query()}: {view.message}")
    return view.picture.to_bytes()


if __name__ == "__main__":
    compute(FIRST, SHIPPED)
