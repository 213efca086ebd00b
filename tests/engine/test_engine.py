"""The engine on a real cluster, with fits that do as they are told: what sessions see, and faults."""

from __future__ import annotations

import errno
import itertools
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from bnn_lib.datasets import Dataset
from bnn_lib.datasets.dataset_bytes import dataset_from_bytes
from bnn_lib.engine import Answer, AnswerView, Engine, EngineSettings, Job, Question
from bnn_lib.engine.cluster import LocalProcess
from bnn_lib.engine.jobs import RUN_AGAIN
from bnn_lib.engine.local import DASK_SETTINGS
from bnn_lib.engine.runner import UNANSWERED
from bnn_lib.experiment import DataSpec
from tests.engine.fakes import FOLDER, TEST, experiment, scripted_answer, scripted_fit, scripted_prepare
from tests.engine.waiting import PATIENCE, alive, wait_for, wait_until

pytestmark = pytest.mark.slow
Make = Callable[..., Engine]
Tell = Callable[..., None]


TEST_NUMBERS = itertools.count(1)
SCRIPTED: dict[str, Any] = {
    "fit_task": scripted_fit,
    "prepare_task": scripted_prepare,
    "ask_task": scripted_answer,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which workers find the test that runs."""
    folder = tmp_path_factory.mktemp("tests")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER, str(folder))
        yield folder


@pytest.fixture
def told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tell]:
    """Tell fits something: "go-3" lets the fit of seed 3 end."""
    monkeypatch.setenv(TEST, str(next(TEST_NUMBERS)))
    (folder / "current").write_text(str(tmp_path))

    def tell(*words: str) -> None:
        for word in words:
            (tmp_path / word).touch()

    yield tell
    tell("go-all")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> EngineSettings:
    folder = tmp_path_factory.mktemp("engine")
    return EngineSettings(
        threads=2,
        store=folder / "results",
        compile_cache=folder / "compiled",
        grace_seconds=0.2,
        preload="tests.engine.fakes",
    )


@pytest.fixture(scope="module")
def shared_engine(folder: Path, settings: EngineSettings) -> Iterator[Engine]:
    engine = Engine(settings, **SCRIPTED)
    yield engine
    engine.close()


@pytest.fixture
def engine(shared_engine: Engine, told: Tell) -> Iterator[Engine]:
    """An engine that is ready and has nothing to do."""
    wait_for(lambda: shared_engine.status.phase == "ready")
    yield shared_engine
    told("go-all")
    wait_for(lambda: not shared_engine._board._pending and not shared_engine._board._sent)


@pytest.fixture
def make_engine(told: Tell, settings: EngineSettings, tmp_path: Path) -> Iterator[Make]:
    """Make an engine for one test, with a store of its own."""
    engines = []

    def make(**changes: object) -> Engine:
        warm = changes.pop("warm", ())
        changed = replace(settings, **{"store": tmp_path / "results", **changes})
        engine = Engine(changed, warm=warm, **SCRIPTED)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.close()


def runs(tmp_path: Path, seed: int) -> list[int]:
    """Process ids of the workers that began the fit of this seed."""
    log = tmp_path / f"runs-{seed}"
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def worker_of(tmp_path: Path, seed: int) -> int:
    """Process id of the worker that began it first (it says that it began before it leaves its note)."""
    return wait_for(lambda: runs(tmp_path, seed))[0]


def test_it_starts_in_the_background_and_fits(make_engine: Make, told: Tell, tmp_path: Path):
    engine = make_engine()
    assert engine.status.phase == "starting"
    assert engine.status.message
    job = engine.submit(experiment(0), "a")
    assert job.view().phase == "waiting"
    view = wait_until(job, "running")
    assert engine.status.phase == "ready"
    assert (engine.status.message, engine.status.workers, engine.status.threads) == (None, 1, 2)
    view = wait_for(lambda: (v := job.view()).frame and v.steps_per_second and v)
    assert 0 < view.step <= view.total == 1000
    assert view.seconds_left is not None
    assert len(view.elbo) == len(view.elbo_steps) > 0
    assert (np.diff(view.elbo_steps) > 0).all()
    assert view.elbo_steps[-1] == view.step
    told("go-0")
    view = wait_until(job, "finished")
    assert view.picture is not None
    assert view.picture.experiment_json == experiment(0).to_json()
    assert engine.result(job.key) is view.picture
    assert engine.result("0" * 32) is None
    assert len(runs(tmp_path, 0)) == 1


def test_sessions_share_a_fit_and_its_result(engine: Engine, told: Tell, tmp_path: Path):
    one = engine.submit(experiment(0), "a")
    wait_until(one, "running")
    two = engine.submit(experiment(0), "b")
    assert two.view().phase == "running"
    told("go-0")
    assert wait_until(one, "finished").picture is wait_until(two, "finished").picture
    third = engine.submit(experiment(0), "c")
    assert third.view().phase == "finished"
    assert len(runs(tmp_path, 0)) == 1


def test_many_sessions_at_once_share_one_fit(engine: Engine, told: Tell, tmp_path: Path):
    jobs: list[Job] = []
    barrier = threading.Barrier(20)

    def ask(number: int) -> None:
        barrier.wait()
        jobs.append(engine.submit(experiment(0), f"session {number}"))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told("go-0")
    assert len({id(wait_until(job, "finished").picture) for job in jobs}) == 1
    assert len(runs(tmp_path, 0)) == 1


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


def test_results_of_a_sessions_own_data_reach_no_disk(
    engine: Engine, told: Tell, tmp_path: Path, settings: EngineSettings
):
    own = Dataset.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20.0))
    before = set(settings.store.glob("*"))
    job = engine.submit(experiment(0), "a", own)
    told("go-0")
    picture = wait_until(job, "finished").picture
    assert dataset_from_bytes((tmp_path / "handed-over").read_bytes()) == own
    assert engine.result(job.key) is picture
    assert set(settings.store.glob("*")) == before
    assert engine.result(experiment(0).key) is None
    engine.leave("a")
    wait_for(lambda: engine.result(job.key) is None)


@pytest.mark.parametrize("damage", [b"", b"noise" * 1000, None], ids=["empty", "noise", "cut short"])
def test_a_damaged_result_is_computed_anew(make_engine: Make, told: Tell, tmp_path: Path, damage: bytes | None):
    first = make_engine()
    told("go-0")
    key = wait_and_key(first)
    first.close()
    (file,) = (tmp_path / "results").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    second = make_engine()
    assert second.result(key) is None
    wait_until(second.submit(experiment(0), "a"), "finished")
    assert len(runs(tmp_path, 0)) == 2
    assert file.read_bytes() == whole


def wait_and_key(engine: Engine) -> str:
    job = engine.submit(experiment(0), "a")
    wait_until(job, "finished")
    return job.key


def test_whoever_waits_knows_the_place_in_the_queue(engine: Engine, told: Tell, tmp_path: Path):
    jobs = [engine.submit(experiment(seed), "a") for seed in range(5)]
    for job in jobs[:2]:
        wait_until(job, "running")
    assert [(job.view().phase, job.view().position) for job in jobs[2:]] == [
        ("queued", 1),
        ("queued", 2),
        ("queued", 3),
    ]
    engine.stop(jobs[3], "a")
    assert jobs[3].view().phase == "stopped"
    assert jobs[4].view().position == 2
    told("go-0")
    wait_until(jobs[2], "running")
    assert wait_until(jobs[4], "queued").position == 1
    told("go-1", "go-2", "go-4")
    for job in (jobs[0], jobs[1], jobs[2], jobs[4]):
        wait_until(job, "finished")
    assert runs(tmp_path, 3) == []  # stopped while it waited: it never ran


def test_stop_is_seen_at_once_and_keeps_what_there_is(make_engine: Make, told: Tell, tmp_path: Path):
    engine = make_engine()
    job = engine.submit(experiment(0), "a")
    wait_for(lambda: job.view().frame)
    engine.stop(job, "a")
    assert job.view().phase == "stopped"
    assert job.view().frame is not None
    picture = wait_for(lambda: job.view().picture)
    assert picture.stopped_at == job.view().step > 0
    assert engine.result(job.key) is None  # a part is not the result
    assert not list((tmp_path / "results").glob("*"))
    again = engine.submit(experiment(0), "a")
    assert job.view().phase == "stopped"
    wait_until(again, "running")
    told("go-0")
    assert wait_until(again, "finished").picture.stopped_at is None
    assert len(runs(tmp_path, 0)) == 2


def test_a_fit_goes_on_while_another_session_wants_it(engine: Engine, told: Tell, tmp_path: Path):
    one, two = engine.submit(experiment(0), "a"), engine.submit(experiment(0), "b")
    wait_until(two, "running")
    engine.stop(one, "a")
    assert one.view().phase == "stopped"
    step = two.view().step
    wait_for(lambda: two.view().step > step)
    told("go-0")
    wait_until(two, "finished")
    assert one.view().phase == "stopped"
    assert len(runs(tmp_path, 0)) == 1


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


def test_a_fit_that_fails_says_why(engine: Engine, told: Tell, caplog: pytest.LogCaptureFixture):
    told("refuse-0", "break-1", "go-2")
    refused, broken, good = (engine.submit(experiment(seed), "a") for seed in range(3))
    assert wait_until(refused, "failed").message == "The rows are all the same."
    message = wait_until(broken, "failed").message
    assert message == "The fit failed unexpectedly (RuntimeError); the server's log says more."
    assert "a secret detail" in caplog.text
    assert "Traceback" in caplog.text
    wait_until(good, "finished")
    told("go-0")  # it is tried again when somebody asks again, and is told the same
    assert wait_until(engine.submit(experiment(0), "b"), "failed").message == "The rows are all the same."


def test_logs_name_no_session(engine: Engine, told: Tell, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    told("go-0")
    wait_until(engine.submit(experiment(0), "a-session-that-is-secret"), "finished")
    assert experiment(0).key in caplog.text
    assert "secret" not in caplog.text


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


def test_closing_ends_everything(make_engine: Make, told: Tell, tmp_path: Path):
    engine = make_engine()
    running, waiting = engine.submit(experiment(0), "a"), engine.submit(experiment(1), "a")
    wait_until(running, "running")
    local, worker = engine._runner._local, worker_of(tmp_path, 0)
    assert local is not None
    engine.close()
    assert not alive(local.pid)
    wait_for(lambda: not alive(worker))
    for job in (running, waiting):
        assert (job.view().phase, job.view().message) == ("failed", "The app is shutting down.")
    assert engine.status.phase == "down"
    assert not engine._runner._thread.is_alive()
    engine.close()  # again: nothing
    with pytest.raises(RuntimeError, match="closed"):
        engine.submit(experiment(2), "a")


def test_closing_while_it_starts(make_engine: Make):
    engine = make_engine()
    engine.close()
    assert engine.status.phase == "down"
    assert engine._runner._local is None


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


def test_two_engines_on_one_store(make_engine: Make, told: Tell, tmp_path: Path):
    one, two = make_engine(), make_engine()
    told("go-0", "go-1")
    wait_until(one.submit(experiment(0), "a"), "finished")
    assert two.submit(experiment(0), "b").view().phase == "finished"
    both = [engine.submit(experiment(1), "c") for engine in (one, two)]  # at once: each computes it
    for job in both:
        wait_until(job, "finished")
    assert len(list((tmp_path / "results").iterdir())) == 2


@pytest.fixture
def scheduler(settings: EngineSettings, told: Tell) -> Iterator[str]:
    """Somebody else's scheduler, with a worker."""
    local = LocalProcess(replace(settings, threads=1))
    yield local.address()
    local.close()


def test_a_scheduler_that_somebody_else_runs(make_engine: Make, told: Tell, scheduler: str, tmp_path: Path):
    engine = make_engine(scheduler=scheduler)
    job = engine.submit(experiment(0), "a")
    wait_until(job, "running")
    engine.close()
    # The scheduler lives on, and the fit that nobody waits for has ended: its thread is free.
    other = make_engine(scheduler=scheduler)
    told("go-1")
    wait_until(other.submit(experiment(1), "a"), "finished")
    assert len(runs(tmp_path, 0)) == 1


def test_engines_share_a_fit_on_a_shared_scheduler(make_engine: Make, told: Tell, scheduler: str, tmp_path: Path):
    one, two = (make_engine(scheduler=scheduler, store=tmp_path / name) for name in ("one", "two"))
    job = one.submit(experiment(0), "a")
    wait_until(job, "running")
    other = two.submit(experiment(0), "b")
    wait_for(lambda: other.view().step)
    assert len(runs(tmp_path, 0)) == 1
    one.stop(job, "a")
    wait_for(lambda: len(runs(tmp_path, 0)) == 2)  # the other engine still wants it
    told("go-0")
    assert wait_until(other, "finished").picture.stopped_at is None
    assert job.view().phase == "stopped"


def test_a_scheduler_that_is_not_there(make_engine: Make, monkeypatch: pytest.MonkeyPatch):
    for module in ("cluster", "runner"):
        monkeypatch.setattr(f"bnn_lib.engine.{module}.CONNECT_SECONDS", 1)
    engine = make_engine(scheduler="tcp://127.0.0.1:9")
    job = engine.submit(experiment(0), "a")
    wait_for(lambda: engine.status.phase == "down")
    assert job.view().phase == "waiting"
    engine.stop(job, "a")
    assert job.view().phase == "stopped"


def test_preparing_is_done_once_for_each_structure(make_engine: Make, told: Tell, tmp_path: Path):
    engine = make_engine()
    wait_for(lambda: engine.status.phase == "ready")
    engine.prepare(experiment(0))
    wait_for((tmp_path / "prepared-0").exists)
    engine.prepare(experiment(1))  # the same structure: another seed
    engine.prepare(experiment(2).model_copy(update={"data": DataSpec(n=200)}))
    wait_for((tmp_path / "prepared-2").exists)
    assert not (tmp_path / "prepared-1").exists()
    told("go-3")
    wait_until(engine.submit(experiment(3), "a"), "finished")


def test_a_warm_result_is_computed_without_a_session(make_engine: Make, told: Tell, tmp_path: Path):
    told("go-0")
    engine = make_engine(warm=[experiment(0)])
    wait_for(lambda: engine.result(experiment(0).key))
    engine.close()
    again = make_engine(warm=[experiment(0)])
    assert again.result(experiment(0).key) is not None
    assert again.submit(experiment(0), "a").view().phase == "finished"
    assert len(runs(tmp_path, 0)) == 1


def test_everything_that_was_started_listens_on_loopback_only(engine: Engine):
    """Dask has no password: who reaches a scheduler's or a worker's port can run code as its user."""
    local = engine._runner._local
    assert local is not None
    process = psutil.Process(local.pid)
    family = [process, *process.children(recursive=True)]
    sockets = [connection for member in family for connection in member.net_connections("inet")]
    listening = [socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN]
    assert len(listening) >= 3  # scheduler, nanny and worker
    assert set(listening) == {"127.0.0.1"}


def test_the_worker_runs_under_our_settings(engine: Engine):
    wait_for(lambda: engine.status.phase == "ready")
    cluster = engine._runner._cluster
    assert cluster is not None
    names = list(DASK_SETTINGS)

    def settings_and_environment() -> tuple[list[object], str]:
        import dask

        return [dask.config.get(name) for name in names], os.environ["XLA_FLAGS"]

    for answer in (
        *cluster.client.run(settings_and_environment).values(),
        cluster.client.run_on_scheduler(settings_and_environment),
    ):
        assert list(answer[0]) == list(DASK_SETTINGS.values())
        assert "--xla_cpu_multi_thread_eigen=false" in answer[1]
    (address,) = cluster.workers()
    assert address.startswith("tcp://127.0.0.1:")


def test_progress_does_not_pile_up(engine: Engine, told: Tell):
    job = engine.submit(experiment(0, steps=1_000_000), "a")
    wait_for(lambda: job.view().step)
    first, began = job.view().version, time.monotonic()
    wait_for(lambda: job.view().version > first + 4)
    elapsed = time.monotonic() - began
    assert elapsed > 0.5  # at most about five a second; slower is never wrong
    told("go-0")
    wait_until(job, "finished")
    cluster = engine._runner._cluster
    assert cluster is not None
    kept = cluster.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.get_events("bnn-progress")))
    assert kept <= DASK_SETTINGS["distributed.admin.low-level-log-length"]


def test_a_version_changes_with_what_is_seen(engine: Engine, told: Tell):
    job = engine.submit(experiment(0), "a")
    seen: dict[int, tuple[object, ...]] = {}

    def watch() -> bool:
        view = job.view()
        shown = (view.phase, view.position, view.step, view.message, view.picture, view.frame, len(view.elbo))
        assert seen.setdefault(view.version, shown) == shown
        if view.step:
            told("go-0")
        return view.ended

    wait_for(watch)
    assert len(seen) >= 3


def question(x: int, **values: object) -> Question:
    return Question("predict", {"x": x, "test": os.environ[TEST], **values})


def answered(answer: Answer) -> AnswerView:
    view = answer.wait(PATIENCE)
    assert view.phase == "answered", view
    return view


def test_questions_are_answered_beside_fits_on_all_threads(engine: Engine, told: Tell, tmp_path: Path):
    fits = [engine.submit(experiment(seed), "a") for seed in range(3)]
    for job in fits[:2]:
        wait_until(job, "running")
    for x in (1, 2):
        arrays = answered(engine.ask(question(x), "a")).arrays
        assert arrays is not None
        assert arrays["twice"] == 2 * x
    assert [job.view().phase for job in fits] == ["running", "running", "queued"]
    assert answered(engine.ask(question(1), "b")).arrays is not None
    assert len((tmp_path / "asked-1").read_text().split()) == 1  # the answer was kept


def test_a_slider_asks_what_it_began_with_and_what_it_ends_at(engine: Engine, told: Tell, tmp_path: Path):
    for seed in range(2):
        wait_until(engine.submit(experiment(seed), "a"), "running")
    first = engine.ask(question(0, wait=True), "a")
    wait_for(lambda: first.view().phase == "running")
    passed = [engine.ask(question(x), "a") for x in range(1, 9)]
    other = engine.ask(question(20), "a", slot="another widget")
    told("answer-0")
    for answer in (first, passed[-1], other):
        answered(answer)
    assert {answer.view().phase for answer in passed[:-1]} == {"replaced"}
    assert not (tmp_path / "asked-3").exists()


def test_a_question_that_fails_says_why(engine: Engine, told: Tell):
    view = engine.ask(question(1, fail=True), "a").wait(PATIENCE)
    assert (view.phase, view.message, view.arrays) == ("failed", "The rows are all the same.", None)


def test_a_question_that_kills_workers_fails_and_no_fit(make_engine: Make, told: Tell, tmp_path: Path):
    engine = make_engine()
    job = engine.submit(experiment(0), "a")
    wait_until(job, "running")
    view = engine.ask(question(1, die=True), "a").wait(PATIENCE)
    assert (view.phase, view.message) == ("failed", UNANSWERED)
    answered(engine.ask(question(2), "a"))
    told("go-0")
    wait_until(job, "finished")


def test_a_question_asked_before_the_engine_is_ready(make_engine: Make, told: Tell):
    engine = make_engine()
    answer = engine.ask(question(1), "a")
    assert not answer.view().ended
    answered(answer)
    engine.close()
    with pytest.raises(RuntimeError, match="closed"):
        engine.ask(question(2), "a")
