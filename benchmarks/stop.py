"""How soon Stop is obeyed: for every method of the app, soon after its first progress and in mid-fit.

A page says "stopped" at once. What is measured is the worker: until it has left the fit, and the picture of what
there is has come. Drawing that picture is part of it, and a compilation cannot be interrupted, so every structure
is compiled before, by a fit that is not measured.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import bnn_lib as bnn
from benchmarks.common import arguments, print_machine, print_table
from bnn_lib.engine import Engine, EngineSettings
from bnn_lib.inference import METHODS

OPTIONS = arguments(__doc__ or "")
TARGET = 0.5  # seconds until the fit is left
LONG = {"steps": 1_000_000, "tune": 5000, "draws": 5000}
SHORT = {"steps": 500, "tune": 100, "draws": 100}
PATIENCE = 300.0
SESSION = "benchmark"


def main() -> None:
    """Print the table."""
    print_machine()
    rows = []
    with tempfile.TemporaryDirectory() as store:
        engine = Engine(replace(EngineSettings.from_environment(), store=Path(store), fit_seconds=36_000))
        try:
            for name, entry in METHODS.items():
                if name == "pymc" or (OPTIONS.quick and name not in ("advi", "nuts")):
                    continue
                rows.append((entry.label, *_measure(engine, name), f"<= {TARGET}"))
        finally:
            engine.close()
    print("\nSeconds from Stop until the worker has left the fit and its picture is there; two moons, 2-5-5-1.\n")
    print_table(("", "after first progress", "a second later", "target"), rows)


def _measure(engine: Engine, method: str) -> list[float]:
    """Return the seconds of each stage."""
    compiled = engine.submit(_experiment(method, SHORT, seed=0), SESSION)
    _until(lambda: compiled.view().ended)
    return [_stopped(engine, _experiment(method, LONG, seed), wait) for seed, wait in ((1, 0.0), (2, 1.0))]


def _stopped(engine: Engine, experiment: bnn.Experiment, wait: float) -> float:
    job = engine.submit(experiment, SESSION)
    _until(lambda: job.view().step > 0)
    time.sleep(wait)
    began = time.perf_counter()
    engine.stop(job, SESSION)
    _until(lambda: job.view().ended)
    return time.perf_counter() - began


def _experiment(method: str, effort: dict[str, int], seed: int) -> bnn.Experiment:
    fields = {name: value for name, value in effort.items() if name in METHODS[method].fields}
    return bnn.Experiment(inference=bnn.InferenceSpec(method=method, seed=seed, **fields))  # type: ignore[arg-type]


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not so after {PATIENCE:g} s.")
        time.sleep(0.005)


if __name__ == "__main__":
    main()
