"""What the engine makes of processes that die, disks that fill, files that rot, and pages that go."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bnn_lib.engine import Engine
from bnn_lib.engine.jobs import RUN_AGAIN
from tests.engine.fakes import experiment
from tests.engine.waiting import Make, Tell, alive, runs, wait_for, wait_until, worker_of

pytestmark = pytest.mark.slow


def test_results_survive_a_restart(make_engine: Make, told: Tell, tmp_path: Path):
    first = make_engine()
    told("go-0")
    wait_until(first.submit(experiment(0), "a"), "finished")
    first.close()
    second = make_engine()
    job = second.submit(experiment(0), "a")
    assert job.view().phase == "finished"  # at once: before the engine has started
    assert second.status.phase == "starting"
    assert second.result(job.key) is not None
    assert len(runs(tmp_path, 0)) == 1


@pytest.mark.parametrize("damage", [b"", b"noise" * 1000, None], ids=["empty", "noise", "cut short"])
def test_a_damaged_result_is_reported_and_computed_anew(
    make_engine: Make, told: Tell, tmp_path: Path, damage: bytes | None
):
    first = make_engine()
    told("go-0")
    key = wait_and_key(first)
    first.close()
    (file,) = (tmp_path / "results").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    second = make_engine()
    assert second.result(key) is None
    assert [error.text.split(" bytes=")[0] for error in second.operations().errors] == [
        f"result damaged, removed key={key}"
    ]
    wait_until(second.submit(experiment(0), "a"), "finished")
    assert len(runs(tmp_path, 0)) == 2
    assert file.read_bytes() == whole


def wait_and_key(engine: Engine) -> str:
    job = engine.submit(experiment(0), "a")
    wait_until(job, "finished")
    return job.key


def test_a_fit_is_stopped_when_its_page_has_gone(engine: Engine, told: Tell):
    job, other = engine.submit(experiment(0), "a"), engine.submit(experiment(1), "b")
    wait_until(job, "running")
    engine.leave("a")
    wait_until(job, "stopped")
    assert not other.view().ended
    told("go-1")
    wait_until(other, "finished")


def test_a_page_that_comes_back_in_time_loses_nothing(make_engine: Make, told: Tell):
    engine = make_engine(grace_seconds=3600)
    job = engine.submit(experiment(0), "a")
    wait_until(job, "running")
    engine.leave("a")
    engine.touch("a")
    told("go-0")
    wait_until(job, "finished")


def test_a_worker_that_dies_costs_one_run(make_engine: Make, told: Tell, tmp_path: Path):
    engine = make_engine()
    jobs = [engine.submit(experiment(seed), f"session {seed}") for seed in range(3)]
    for seed in range(2):
        worker_of(tmp_path, seed)
    told("die-0")  # the fit kills its worker, another fit runs beside it, and one waits
    for job in jobs[:2]:
        wait_for(lambda job=job: job.view().message == RUN_AGAIN)
        assert job.view().phase in ("waiting", "queued", "running")
    assert jobs[2].view().message is None
    told("go-0", "go-1", "go-2")
    for job in jobs:
        assert wait_until(job, "finished").message is None
    assert [len(set(runs(tmp_path, seed))) for seed in range(3)] == [2, 2, 1]
    assert engine.status.phase == "ready"


def test_a_worker_killed_from_outside(make_engine: Make, told: Tell, tmp_path: Path):
    engine = make_engine()
    job = engine.submit(experiment(0), "a")
    wait_until(job, "running")
    os.kill(worker_of(tmp_path, 0), signal.SIGKILL)
    wait_for(lambda: len(runs(tmp_path, 0)) == 2)
    told("go-0")
    wait_until(job, "finished")


def test_a_fit_that_always_kills_its_worker_fails_and_no_other(make_engine: Make, told: Tell, tmp_path: Path):
    engine = make_engine()
    told("die-always-0")
    bystander = engine.submit(experiment(1), "b")
    wait_until(bystander, "running")
    waiting = engine.submit(experiment(2), "c")
    told("go-2")
    job = engine.submit(experiment(0), "a")
    wait_for(lambda: len(runs(tmp_path, 0)) == 2)
    told("go-1")
    message = wait_until(job, "failed").message
    assert message is not None
    assert message.startswith("The process that ran this fit ended unexpectedly each time")
    wait_until(bystander, "finished")
    wait_until(waiting, "finished")
    # As it came, once more, and the same alone; more if a worker died before it had quite begun.
    assert 4 <= len(runs(tmp_path, 0)) <= 8


def test_the_local_process_dies_and_is_replaced(make_engine: Make, told: Tell, tmp_path: Path):
    engine = make_engine()
    job = engine.submit(experiment(0), "a")
    wait_until(job, "running")
    local = engine._runner._local
    assert local is not None
    worker = worker_of(tmp_path, 0)
    os.kill(local.pid, signal.SIGKILL)
    wait_for(lambda: engine.status.phase == "down")
    assert engine.status.message
    wait_for(lambda: len(runs(tmp_path, 0)) == 2)
    told("go-0")
    wait_until(job, "finished")
    assert not alive(worker)


WEB = """
import signal, sys, time
from pathlib import Path
from bnn_lib.engine import Engine, EngineSettings
from tests.engine.fakes import experiment, scripted_fit
# Whoever runs the tests in the background may have had it ignored, which is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)
folder = Path(sys.argv[1])
settings = EngineSettings(threads=1, store=folder / "r", compile_cache=folder / "c", preload="tests.engine.fakes")
engine = Engine(settings, fit_task=scripted_fit)
job = engine.submit(experiment(0), "a")
while not job.view().step:
    time.sleep(0.01)
print(engine._runner._local.pid, flush=True)
if sys.argv[2] == "wait":
    time.sleep(3600)
"""


@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM", "SIGINT", "exit"])
def test_no_process_is_left_when_the_web_process_ends(told: Tell, tmp_path: Path, root: Path, end: str):
    # In a process group of its own, so that SIGINT reaches all of it as Ctrl-C in a terminal does.
    web = subprocess.Popen(
        [sys.executable, "-c", WEB, str(tmp_path), "exit" if end == "exit" else "wait"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert web.stdout is not None
    try:
        with web.stdout:
            local = int(web.stdout.readline())
        worker = worker_of(tmp_path, 0)
        if end != "exit":
            assert alive(local)
            assert alive(worker)
            os.killpg(web.pid, getattr(signal, end))
        web.wait(120)
    finally:
        web.kill()
        web.wait()
    wait_for(lambda: not alive(local) and not alive(worker), "processes to end")


def test_a_worker_that_cannot_start_is_said(make_engine: Make, capfd: pytest.CaptureFixture):
    engine = make_engine(preload="bnn_lib.there_is_no_such_module")
    wait_for(lambda: engine.status.phase == "down")
    assert engine.status.message == "The fitting engine cannot be reached; trying again."
    job = engine.submit(experiment(0), "a")
    assert job.view().phase == "waiting"
    assert "there_is_no_such_module" in capfd.readouterr().err  # in the server's log


def test_a_store_that_cannot_be_written(make_engine: Make, told: Tell, tmp_path: Path):
    (tmp_path / "file").write_text("")
    engine = make_engine(store=tmp_path / "file" / "results")
    told("go-0")
    job = engine.submit(experiment(0), "a")
    picture = wait_until(job, "finished").picture
    assert engine.status.warning is not None
    assert engine.status.warning.startswith("Results cannot be saved on the server")
    assert engine.result(job.key) is picture
    seen = engine.operations()
    assert seen.store_bytes == 0
    assert seen.errors
    assert not any(str(tmp_path) in error.text for error in seen.errors)


def test_a_full_disk(make_engine: Make, told: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    engine = make_engine()
    told("go-0", "go-1")
    first = engine.submit(experiment(0), "a")
    wait_until(first, "finished")

    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        second = engine.submit(experiment(1), "a")
        assert wait_until(second, "finished").picture is not None
    assert "No space left on device" in str(engine.status.warning)
    assert engine.result(first.key) is not None
    assert engine.result(second.key) is not None


def test_a_scheduler_that_is_not_there(make_engine: Make, monkeypatch: pytest.MonkeyPatch):
    for module in ("cluster", "runner"):
        monkeypatch.setattr(f"bnn_lib.engine.{module}.CONNECT_SECONDS", 1)
    engine = make_engine(scheduler="tcp://127.0.0.1:9")
    job = engine.submit(experiment(0), "a")
    wait_for(lambda: engine.status.phase == "down")
    assert job.view().phase == "waiting"
    engine.stop(job, "a")
    assert job.view().phase == "stopped"


def test_a_clock_that_jumps(make_engine: Make, told: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By a week, and back by two: nothing is timed by the clock on the wall."""
    engine, week, right = make_engine(grace_seconds=3600), 7 * 86_400, time.time
    first, second = (engine.submit(experiment(seed), session) for seed, session in ((0, "a"), (1, "b")))
    wait_until(first, "running")
    engine.leave("b")
    monkeypatch.setattr(time, "time", lambda: right() + week)
    told("go-0")
    wait_until(first, "finished")
    assert not second.view().ended  # its grace time goes on
    monkeypatch.setattr(time, "time", lambda: right() - week)
    told("go-1")
    wait_until(second, "finished")
    assert len(list((tmp_path / "results").iterdir())) == 2
    assert engine.status.phase == "ready"
    engine.close()
    again = make_engine()
    for seed in range(2):
        assert again.submit(experiment(seed), "a").view().phase == "finished"
