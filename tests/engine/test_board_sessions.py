"""Data that sessions hand over, whose results go with them; and the turns that sessions take."""

from __future__ import annotations

import numpy as np

from bnn_lib.datasets import Dataset
from bnn_lib.datasets.dataset_bytes import dataset_from_bytes
from bnn_lib.engine.board import PRIVATE_KEPT, Board
from bnn_lib.engine.jobs import Fit
from bnn_lib.engine.structure import fit_key
from tests.engine.fakes import experiment, make_picture
from tests.engine.on_board import Clock, running, send_all

OWN = Dataset.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20.0))


def finished_private(board: Board, seed: int, session: str = "a") -> Fit:
    fit = board.add(experiment(seed), session, None, OWN)
    assert board.take_next(0) is fit
    board.end(fit, "finished", make_picture(seed))
    return fit


def test_data_handed_over_go_to_the_worker_and_no_further(board: Board):
    fit = board.add(experiment(0), "a", None, OWN)
    assert fit.key == fit_key(experiment(0), OWN)
    assert fit is not board.add(experiment(0), "a", None)
    experiment_json, content = fit.arguments
    assert (experiment_json, dataset_from_bytes(content)) == (experiment(0).to_json(), OWN)
    board.end(fit, "finished", make_picture(0))
    assert fit.arguments == (experiment(0).to_json(),)


def test_results_of_data_handed_over_go_with_the_last_session_that_asked(board: Board, clock: Clock):
    fit = finished_private(board, 0)
    assert board.join(fit.key, "b") is fit
    for session, is_kept in (("a", True), ("b", False)):
        board.leave(session)
        clock.now += 21
        board.end_grace_times()
        assert (board.finished(fit.key) is not None) == is_kept


def test_a_session_that_comes_back_keeps_its_results(board: Board, clock: Clock):
    fit = finished_private(board, 0)
    board.leave("a")
    clock.now += 10
    board.touch("a")
    clock.now += 20
    board.end_grace_times()
    assert board.finished(fit.key) is fit.picture


def test_results_of_data_handed_over_are_bounded_and_do_not_push_others_out(board: Board):
    other = running(board, seed=99)
    board.end(other, "finished", make_picture(0))
    fits = [finished_private(board, seed) for seed in range(PRIVATE_KEPT + 3)]
    kept = [board.finished(fit.key) is not None for fit in fits]
    assert kept == [False] * 3 + [True] * PRIVATE_KEPT
    assert board.finished(other.key) is not None


def test_sessions_take_turns(board: Board):
    mine = [board.add(experiment(seed), "a", None) for seed in range(6)]
    assert send_all(board) == mine[:2]
    theirs = [board.add(experiment(seed), "b", None) for seed in range(10, 16)]
    # Two each, and from then on by turns.
    order = [theirs[0], theirs[1], theirs[2], mine[2], theirs[3], mine[3], theirs[4], mine[4], theirs[5], mine[5]]
    places = {board.view(fit, "a" if fit in mine else "b").position: fit for fit in [*mine[2:], *theirs]}
    # What has been sent and not begun is first in the queue.
    assert [places[place] for place in range(3, 13)] == order
    board.end(mine[0], "finished", make_picture())
    assert board.take_next(0) is theirs[0]
    board.end(mine[1], "finished", make_picture())
    assert board.take_next(0) is mine[2]


def test_a_shared_fit_has_the_place_of_whoever_was_served_least(board: Board):
    for seed in range(5):
        shared = board.add(experiment(seed), "a", None)
    send_all(board)
    assert board.view(shared, "a").position == 5
    board.join(shared.key, "b")
    assert board.view(shared, "b").position == 3


def test_one_session_is_served_in_the_order_in_which_it_asked(board: Board):
    fits = [board.add(experiment(seed), "a", None) for seed in range(5)]
    assert send_all(board) == fits[:2]
    for done, following in zip(fits[:3], fits[2:], strict=True):
        board.end(done, "finished", make_picture())
        assert board.take_next(0) is following
