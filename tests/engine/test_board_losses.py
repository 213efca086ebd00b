"""What the engine makes of fits that lose their worker, and tells apart from those that somebody stops."""

from __future__ import annotations

import numpy as np

from bnn_lib.engine.board import MOST_LOSSES, Board
from bnn_lib.engine.events import EngineStatus
from bnn_lib.engine.jobs import RUN_AGAIN
from tests.engine.fakes import experiment, make_picture
from tests.engine.on_board import NOT_YET, READY, Clock, progress, running, send_all, started


def test_a_fit_whose_worker_dies_says_so(board: Board):
    fit = running(board)
    board.progress(progress(fit, 50))
    board.worker_lost([fit.dask_key, "something-else"])
    view = board.view(fit, "a")
    assert (view.phase, view.position, view.message) == ("queued", 1, RUN_AGAIN)
    assert view.frame is not None  # the last maps stay on the page
    board.progress(started(fit, "r2"))
    assert board.view(fit, "a").message == RUN_AGAIN
    board.progress(progress(fit, 2, "r2"))
    view = board.view(fit, "a")
    assert (view.phase, view.step, view.message) == ("running", 2, None)
    np.testing.assert_array_equal(view.elbo_steps, [1, 2])  # of this run alone


def test_late_news_of_a_dead_run_begin_nothing_anew(board: Board):
    fit = running(board)
    board.end(fit, "finished", make_picture())
    version = fit.version
    board.progress(progress(fit, 50))
    assert fit.version == version


def test_a_fit_that_loses_every_worker_fails(board: Board):
    fit = board.add(experiment(0), "a", None)
    for _ in range(MOST_LOSSES):
        assert board.take_next(0) is fit
        board.run_again(fit)
        assert board.view(fit, "a").phase == "queued"
    assert board.take_next(0) is fit
    board.run_again(fit)
    view = board.view(fit, "a")
    assert view.phase == "failed"
    assert view.message is not None


def test_a_fit_that_another_engine_stops_has_lost_nothing(board: Board):
    fit = running(board)
    asked_later = board.add(experiment(1), "b", None)
    for _ in range(MOST_LOSSES + 1):
        shared = fit.dask_key
        board.run_apart(fit)
        assert (board.view(fit, "a").phase, board.view(fit, "a").message) == ("queued", None)
        assert board.take_next(1) is fit  # before what has not begun
        assert fit.dask_key != shared
        board.progress(started(fit))
    assert board.view(fit, "a").phase == "running"
    assert board.view(asked_later, "b").phase == "queued"


def test_what_another_engine_stops_it_cannot_stop_again(clock: Clock):
    one, other = (Board(READY, grace_seconds=20, clock=clock) for _ in range(2))
    fits = [running(board) for board in (one, other)]
    assert fits[0].dask_key == fits[1].dask_key
    one.end(fits[0], "stopped")
    other.run_apart(fits[1])
    again = running(one)
    assert other.take_next(0) is fits[1]
    assert fits[1].dask_key != again.dask_key


def test_stops_of_a_fit_do_not_count_against_the_next(board: Board):
    for _ in range(2 * MOST_LOSSES + 1):
        board.end(running(board), "stopped")
    fit = running(board)
    board.run_again(fit)
    assert board.view(fit, "a").phase == "queued"


def test_a_fit_under_suspicion_runs_alone(board: Board):
    board.set_status(EngineStatus("ready", None, 1, threads=3))
    suspect, bystander = running(board, 0), running(board, 1)
    assert suspect.had_company
    assert bystander.had_company
    board.run_again(suspect, alone=True)
    other = board.add(experiment(2), "b", None)
    assert board.take_next(0) is None  # the bystander first, then the suspect alone
    board.end(bystander, "finished", make_picture())
    assert board.take_next(running_besides=1) is None
    assert board.take_next(0) is suspect
    assert board.take_next(0) is None
    board.end(suspect, "finished", make_picture())
    assert board.take_next(0) is other


def test_a_lone_fit_has_had_no_company(board: Board):
    assert not running(board).had_company


def test_a_lost_cluster_costs_no_fit(board: Board):
    fits = [board.add(experiment(seed), "a", None) for seed in range(4)]
    sent = send_all(board)
    board.set_status(NOT_YET)
    board.run_all_again()
    assert all(view.phase == "waiting" for view in (board.view(fit, "a") for fit in fits))
    board.set_status(READY)
    assert send_all(board) == sent == fits[:2]  # in their order, before the others


def test_a_stopped_fit_is_not_run_again(board: Board):
    fit = running(board)
    board.stop(fit, "a")
    board.run_again(fit)
    assert board.view(fit, "a").phase == "stopped"
    assert board.take_next(0) is None
