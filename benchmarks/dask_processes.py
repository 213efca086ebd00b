"""A Dask scheduler and its workers as processes on loopback, by the commands of docs/hosting-cluster.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.app_server import ROOT, start
from bnn_lib.engine.threads import FIT, fits_of

DASK = str(Path(sys.executable).parent / "dask")
SETTINGS = {
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0",
    "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "false",
    "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "[]",
    "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]",
    "DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": "50",
    "DASK_LOGGING__DISTRIBUTED": "warning",
    "PYTHONPATH": str(ROOT),
}


def start_scheduler(port: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start a scheduler; its log is in `folder`."""
    command = [DASK, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    return start([*command, "--dashboard-address", "127.0.0.1:0"], folder / "scheduler.log", SETTINGS)


def start_worker(
    port: int, folder: Path, threads: int = 2, preload: str = "bnn_lib.engine.preload", *, declares: bool = True
) -> subprocess.Popen[bytes]:
    """Start a worker of the scheduler at that port; unless it `declares` them, nobody told it of fits."""
    command = [DASK, "worker", f"tcp://127.0.0.1:{port}", "--nthreads", str(threads), "--memory-limit", "0"]
    command += ["--resources", f"{FIT}={fits_of(threads)}"] if declares else []
    command += ["--no-dashboard", "--local-directory", str(folder / "dask"), "--preload", preload]
    return start(command, folder / "worker.log", SETTINGS)
