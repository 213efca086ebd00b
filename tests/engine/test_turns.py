"""Sessions share the workers: whose fit begins, and how many may wait."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.datasets import Dataset
from bnn_lib.datasets.dataset_bytes import dataset_to_bytes
from bnn_lib.engine import EngineStatus, QueueFull
from bnn_lib.engine.board import Board
from bnn_lib.engine.jobs import Fit
from bnn_lib.engine.turns import Room
from bnn_lib.errors import InvalidExperiment
from tests.engine.fakes import experiment, make_picture


def ready(threads: int, room: Room | None = None) -> Board:
    return Board(EngineStatus("ready", None, 1, threads), grace_seconds=0, clock=lambda: 0.0, room=room)


def begin_all(board: Board) -> list[Fit]:
    begun = []
    while (fit := board.take_next(0)) is not None:
        begun.append(fit)
    return begun


def test_a_session_leaves_a_thread_to_the_others_that_are_here():
    board = ready(threads=4)
    board.touch("a")
    board.touch("b")
    for seed in range(6):
        board.add(experiment(seed), "a", None)
    assert len(begin_all(board)) == 3
    late = board.add(experiment(10), "b", None)
    assert begin_all(board) == [late]  # at once


def test_a_session_alone_has_all_threads():
    board = ready(threads=4)
    board.touch("a")
    board.touch("b")
    for seed in range(6):
        board.add(experiment(seed), "a", None)
    assert len(begin_all(board)) == 3
    board.leave("b")
    board.end_grace_times()
    assert len(begin_all(board)) == 1


def test_one_thread_goes_round():
    board = ready(threads=1)
    for session in ("a", "b"):
        board.touch(session)
        for seed in range(3):
            board.add(experiment(seed + 10 * (session == "b")), session, None)
    order = []
    while fits := begin_all(board):
        (fit,) = fits
        order += fit.sessions
        board.end(fit, "finished", make_picture())
    assert order == ["a", "b"] * 3


requests = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 30)), max_size=40)


@given(st.integers(1, 5), requests)
def test_a_thread_goes_to_whoever_has_fewest_and_everything_ends(threads: int, asked: list[tuple[str, int]]):
    board = ready(threads, Room(queue=100, session=100))
    for session in "abcd":
        board.touch(session)
    for session, seed in asked:
        board.add(experiment(seed), session, None)
    running: list[Fit] = []
    ended = 0

    def fewest(fit: Fit) -> int:
        return min(sum(session in other.sessions for other in running) for session in fit.sessions)

    while True:
        while (fit := board.take_next(0)) is not None:
            assert all(fewest(fit) <= fewest(other) for other in board._pending)
            assert fewest(fit) < max(1, threads - 1)  # others are here, and a thread is left to them
            running.append(fit)
        if not running:
            break
        board.end(running.pop(0), "finished", make_picture())
        ended += 1
    assert ended == len({seed for _, seed in asked})
    assert board._pending == []


def test_a_full_queue_is_said_and_takes_fits_again():
    board = ready(threads=1, room=Room(queue=2, session=100))
    board.add(experiment(0), "a", None)
    begun = begin_all(board)
    for seed in (1, 2):
        board.add(experiment(seed), f"session {seed}", None)
    with pytest.raises(QueueFull, match=r"The queue is full: 2 fits are waiting\. Try again in a minute\."):
        board.add(experiment(3), "b", None)
    assert board.add(experiment(1), "b", None).sessions == {"session 1", "b"}  # sharing takes no room
    assert board.add(experiment(4), "b", make_picture()).ended  # nor does what is stored
    board.end(begun[0], "finished", make_picture())
    begin_all(board)
    board.add(experiment(3), "b", None)


def test_a_session_may_not_fill_the_queue():
    board = ready(threads=1, room=Room(queue=100, session=6))
    fits = [board.add(experiment(seed), "a", None) for seed in range(6)]  # what the compare page takes
    begin_all(board)
    with pytest.raises(QueueFull, match=r"6 fits of this tab are waiting or running; allowed: 6\."):
        board.add(experiment(6), "a", None)
    board.add(experiment(6), "b", None)
    board.stop(fits[5], "a")
    board.add(experiment(7), "a", None)


def test_tables_that_wait_may_not_fill_the_memory():
    tables = [Dataset.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20.0) + i) for i in range(4)]
    size = len(dataset_to_bytes(tables[0]))
    board = ready(threads=1, room=Room(own_bytes=int(2.5 * size)))
    for number, table in enumerate(tables[:2]):
        board.add(experiment(0), f"session {number}", None, table)
    (begun,) = begin_all(board)  # what is being fitted counts, too
    with pytest.raises(QueueFull, match=r"The data that wait to be fitted take .* Try again in a minute"):
        board.add(experiment(0), "c", None, tables[2])
    board.add(experiment(0), "c", None)  # which hands nothing over
    board.add(experiment(0), "c", None, tables[1])  # shared
    board.end(begun, "finished", make_picture())
    board.add(experiment(0), "c", None, tables[2])


def test_one_table_alone_may_be_larger():
    board = ready(threads=1, room=Room(own_bytes=10))
    board.add(experiment(0), "a", None, Dataset.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20.0)))


def test_what_pages_say_of_a_refused_fit_they_say_of_this():
    assert issubclass(QueueFull, InvalidExperiment)
    assert QueueFull("Full.").problems[0].message == "Full."
