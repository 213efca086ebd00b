"""The engine on a real cluster, with fits that do as they are told: what sessions see."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from distributed import Event

from bnn_lib.datasets import Dataset
from bnn_lib.datasets.dataset_bytes import dataset_from_bytes
from bnn_lib.engine import Engine, EngineSettings, Job
from bnn_lib.engine.board import MOST_LOSSES
from bnn_lib.engine.client import RESULTS_VERSION
from bnn_lib.engine.local import DASK_SETTINGS
from bnn_lib.engine.shipped import shipped_path
from bnn_lib.experiment import DataSpec
from tests.engine.fakes import experiment
from tests.engine.waiting import Make, Tell, alive, runs, wait_for, wait_until, worker_of

pytestmark = pytest.mark.slow


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


def test_two_engines_on_one_store(make_engine: Make, told: Tell, tmp_path: Path):
    one, two = make_engine(), make_engine()
    told("go-0", "go-1")
    wait_until(one.submit(experiment(0), "a"), "finished")
    assert two.submit(experiment(0), "b").view().phase == "finished"
    both = [engine.submit(experiment(1), "c") for engine in (one, two)]  # at once: each computes it
    for job in both:
        wait_until(job, "finished")
    assert len(list((tmp_path / "results").iterdir())) == 2


def test_a_scheduler_that_somebody_else_runs(make_engine: Make, told: Tell, scheduler: str, tmp_path: Path):
    engine = make_engine(scheduler=scheduler)
    engine.submit(experiment(0), "a")
    wait_for(lambda: runs(tmp_path, 0))
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


def test_another_engines_stops_are_no_faults(make_engine: Make, told: Tell, wide_scheduler: str, tmp_path: Path):
    one, two = (make_engine(scheduler=wide_scheduler, store=tmp_path / name) for name in ("one", "two"))
    other = two.submit(experiment(0), "b")
    wait_until(other, "running")
    messages = set()
    for _ in range(MOST_LOSSES + 1):
        job = one.submit(experiment(0), "a")
        wait_for(lambda job=job: job.view().step)
        one.stop(job, "a")
        wait_for(lambda job=job: messages.add(other.view().message) or job.view().settled)
    wait_until(other, "running")
    told("go-0")
    wait_until(other, "finished")
    assert messages == {None}


def test_a_stop_that_comes_too_late_stops_no_later_fit(
    make_engine: Make, told: Tell, scheduler: str, tmp_path: Path
):
    engine = make_engine(scheduler=scheduler)
    told("deaf-0")  # as if it ended before it looked
    job = engine.submit(experiment(0), "a")
    wait_for(lambda: runs(tmp_path, 0))  # it has begun: before that, every fit looks once
    engine.stop(job, "a")
    cluster = engine._runner._cluster
    assert cluster is not None
    stop = Event(job.key, cluster.client)
    wait_for(stop.is_set)
    told("go-0")
    wait_for(lambda: engine.result(job.key))
    assert not stop.is_set()
    later = make_engine(scheduler=scheduler, store=tmp_path / "another").submit(experiment(0), "b")
    wait_until(later, "finished")
    assert len(runs(tmp_path, 0)) == 2


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


def test_what_comes_with_the_app_is_there_before_any_worker(make_engine: Make, told: Tell, tmp_path: Path):
    told("go-0")
    first = make_engine()
    wait_until(first.submit(experiment(0), "a"), "finished")
    picture = first.result(experiment(0).key)
    assert picture is not None
    key, folder = experiment(0).key, tmp_path / "shipped"
    folder.mkdir()
    shipped_path(folder, key, RESULTS_VERSION).write_bytes(picture.to_bytes())
    engine = make_engine(store=tmp_path / "another", shipped=folder, warm=[experiment(0)])
    assert engine.status.phase != "ready"
    assert engine.submit(experiment(0), "a").view().phase == "finished"
    assert len(runs(tmp_path, 0)) == 1
    # A damaged one is as good as none: it is computed.
    shipped_path(folder, key, RESULTS_VERSION).write_bytes(b"noise")
    again = make_engine(store=tmp_path / "a third", shipped=folder)
    wait_until(again.submit(experiment(0), "a"), "finished")
    assert len(runs(tmp_path, 0)) == 2


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
