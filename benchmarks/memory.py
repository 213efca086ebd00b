"""Memory of web process and worker after ten and after fifty fits of the same structures, through the engine."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import psutil  # comes with distributed

from benchmarks.common import arguments, print_machine, print_table
from bnn_lib.datasets import DATASETS
from bnn_lib.engine import Engine, EngineSettings
from bnn_lib.experiment import DataSpec, Experiment, InferenceSpec, NetworkSpec


def experiments(count: int) -> list[Experiment]:
    """Return different fits of ten structures, over and over with new seeds."""
    names = [name for name in DATASETS if DATASETS[name].n_classes == 2][:5]
    found = []
    for i in range(count):
        network = NetworkSpec(hidden=(5, 5) if i % 2 else (8,))
        data = DataSpec(name=names[(i // 2) % len(names)], seed=i // 10)
        found.append(Experiment(data=data, network=network, inference=InferenceSpec(steps=5_000, seed=i)))
    return found


def megabytes() -> tuple[float, float]:
    """Return the resident memory of this process and of the largest of its descendants, the worker."""
    own = psutil.Process()
    workers = [child.memory_info().rss for child in own.children(recursive=True)]
    return own.memory_info().rss / 1e6, max(workers, default=0) / 1e6


def main() -> None:
    """Print the table."""
    quick = arguments(__doc__ or "").quick
    marks = (2, 4) if quick else (10, 50)
    print_machine()
    with tempfile.TemporaryDirectory() as folder:
        settings = EngineSettings(store=Path(folder) / "results", compile_cache=Path(folder) / "compiled")
        engine = Engine(settings)
        rows, before = [], None
        for number, experiment in enumerate(experiments(marks[-1]), 1):
            job = engine.submit(experiment, f"session {number % 3}")
            while not job.view().ended:
                time.sleep(0.05)
            if job.view().phase != "finished":
                raise SystemExit(f"fit {number} ended as {job.view().phase}: {job.view().message}")
            if number in marks:
                web, worker = megabytes()
                growth = "" if before is None else f"{100 * (worker / before[1] - 1):+.1f} %"
                own = "" if before is None else f"{100 * (web / before[0] - 1):+.1f} %"
                before = web, worker
                rows.append((number, web, own, worker, growth))
        engine.close()
    print_table(("fits", "web process, MB", "growth", "worker, MB", "growth"), rows)


if __name__ == "__main__":
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "warning")
    main()
