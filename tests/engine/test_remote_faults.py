"""Faults of a scheduler that somebody else runs, of its workers, and of the network in between."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.app_server import free_port
from benchmarks.dask_processes import start_scheduler, start_worker
from tests.engine.fakes import experiment
from tests.engine.network import Wire
from tests.engine.waiting import Make, Tell, runs, wait_for, wait_until, worker_of

pytestmark = pytest.mark.slow


class Remote:
    """A scheduler at a fixed port and one worker, which a test may kill and start anew."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, **worker: Any) -> None:
        self._processes.append(start_scheduler(self.port, self.folder))
        self._processes.append(start_worker(self.port, self.folder, preload="tests.engine.fakes", **worker))

    def kill_scheduler(self) -> None:
        scheduler, worker = self._processes[-2:]
        scheduler.kill()
        scheduler.wait()
        worker.wait(120)  # a worker that has lost its scheduler ends by itself; whoever hosts it starts it anew

    def end(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def idle_remote(told: Tell, tmp_path: Path) -> Iterator[Remote]:
    remote = Remote(tmp_path)
    with ExitStack() as stack:
        stack.callback(remote.end)
        yield remote


@pytest.fixture
def remote(idle_remote: Remote) -> Remote:
    idle_remote.start()
    return idle_remote


@pytest.fixture
def wire(remote: Remote) -> Iterator[Wire]:
    wire = Wire(remote.port)
    yield wire
    wire.close()


def test_workers_that_nobody_told_of_fits(make_engine: Make, told: Tell, idle_remote: Remote):
    idle_remote.start(threads=3, declares=False)
    engine = make_engine(scheduler=f"tcp://127.0.0.1:{idle_remote.port}")
    jobs = [engine.submit(experiment(seed), "a") for seed in range(3)]
    for job in jobs[:2]:
        wait_until(job, "running")
    assert (engine.status.workers, engine.status.threads) == (1, 2)
    assert jobs[2].view().phase == "queued"
    told("go-all")
    for job in jobs:
        wait_until(job, "finished")


def test_a_scheduler_that_is_killed_and_started_again(make_engine: Make, told: Tell, remote: Remote):
    engine = make_engine(scheduler=f"tcp://127.0.0.1:{remote.port}")
    told("go-0")
    finished, running, waiting = (engine.submit(experiment(seed), "a") for seed in range(3))
    wait_until(finished, "finished")
    wait_until(running, "running")
    remote.kill_scheduler()
    wait_for(lambda: engine.status.phase == "down")
    assert engine.status.message
    for job in (running, waiting):
        assert job.view().phase == "waiting"
    assert engine.result(finished.key) is not None
    told("go-1", "go-2")
    remote.start()
    for job in (running, waiting):
        wait_until(job, "finished")
    assert engine.status.phase == "ready"
    assert len(runs(remote.folder, 0)) == 1


def test_a_network_that_is_cut_and_mended(make_engine: Make, told: Tell, remote: Remote, wire: Wire):
    engine = make_engine(scheduler=f"tcp://127.0.0.1:{wire.port}")
    told("go-0")
    finished, running = (engine.submit(experiment(seed), "a") for seed in range(2))
    wait_until(finished, "finished")
    wait_until(running, "running")
    wire.cut()
    wait_for(lambda: engine.status.phase == "down")
    assert running.view().phase == "waiting"
    asked_meanwhile = engine.submit(experiment(2), "b")
    assert engine.submit(experiment(0), "b").view().phase == "finished"
    wire.mend()
    told("go-1", "go-2")
    for job in (running, asked_meanwhile):
        wait_until(job, "finished")


def test_a_network_that_stands_still_for_a_while(make_engine: Make, told: Tell, remote: Remote, wire: Wire):
    engine = make_engine(scheduler=f"tcp://127.0.0.1:{wire.port}")
    job = engine.submit(experiment(0), "a")
    wait_for(lambda: job.view().step)
    wire.freeze()
    told("go-0")
    time.sleep(3)  # the worker ends the fit, and nobody hears of it
    assert job.view().phase == "running"
    wire.thaw()
    wait_until(job, "finished")
    assert len(runs(remote.folder, 0)) == 1


def test_a_worker_that_stands_still_for_a_while(make_engine: Make, told: Tell, remote: Remote):
    engine = make_engine(scheduler=f"tcp://127.0.0.1:{remote.port}")
    running, waiting = (engine.submit(experiment(seed), "a") for seed in range(2))
    wait_for(lambda: running.view().step)
    worker = worker_of(remote.folder, 0)
    os.kill(worker, signal.SIGSTOP)
    try:
        time.sleep(5)
        assert running.view().phase == "running"
        assert waiting.view().phase == "queued"
        told("go-0", "go-1")
    finally:
        os.kill(worker, signal.SIGCONT)
    for job in (running, waiting):
        wait_until(job, "finished")
    assert len(runs(remote.folder, 0)) == 1
