"""What the engine knows, without a cluster: who wants what, what is next, what a page sees."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bnn_lib.engine.board import ENDED_KEPT, Board
from bnn_lib.engine.events import EngineStatus
from bnn_lib.engine.jobs import Fit, JobView, kept_steps
from bnn_lib.experiment import DataSpec, Experiment, NetworkSpec
from tests.engine.fakes import experiment, make_picture
from tests.engine.on_board import NOT_YET, READY, Clock, phases, progress, running, send_all, started


def test_a_fit_from_beginning_to_end(board: Board):
    board.set_status(NOT_YET)
    fit = board.add(experiment(0), "a", None)
    assert phases(board, [fit]) == [("waiting", None)]
    assert board.take_next(0) is None
    board.set_status(READY)
    assert phases(board, [fit]) == [("queued", 1)]
    assert board.take_next(0) is fit
    assert fit.dask_key == fit.key == experiment(0).key
    assert phases(board, [fit]) == [("queued", 1)]  # sent, and not begun
    board.progress(started(fit))
    assert phases(board, [fit]) == [("running", None)]
    board.progress(progress(fit, 200))
    board.progress(progress(fit, 400))
    view = board.view(fit, "a")
    assert (view.step, view.total, view.steps_per_second, view.seconds_left) == (400, 1000, 100, 6)
    np.testing.assert_array_equal(view.elbo_steps, [199, 200, 399, 400])
    np.testing.assert_array_equal(view.elbo, [-200, -200, -400, -400])
    assert view.frame is not None
    assert view.frame.step == 400
    assert (view.picture, view.message, view.ended) == (None, None, False)
    picture = make_picture(steps=1000)
    board.end(fit, "finished", picture)
    view = board.view(fit, "a")
    assert (view.phase, view.step, view.picture, view.frame, view.ended) == (
        ("finished", 1000, picture, picture.final, True)
    )
    assert len(view.elbo) == len(view.elbo_steps)
    assert board.finished(fit.key) is picture
    assert board.sent(fit.dask_key) is None


def test_every_change_and_only_a_change_has_a_new_version(board: Board):
    seen: list[int] = []

    def changed(fit: Fit) -> bool:
        version = board.view(fit, "a").version
        assert version == board.view(fit, "a").version
        assert version not in seen[:-1]
        seen.append(version)
        return len(seen) < 2 or seen[-1] != seen[-2]

    board.set_status(NOT_YET)
    other = board.add(experiment(1), "b", None)
    fit = board.add(experiment(0), "a", None)
    assert changed(fit)
    board.set_status(READY)
    assert changed(fit)
    assert not changed(fit)
    board.stop(other, "b")  # moves up in the queue
    assert changed(fit)
    assert board.take_next(0) is fit
    board.progress(started(fit))
    assert changed(fit)
    board.progress(progress(fit, 2))
    assert changed(fit)
    board.add(experiment(2), "b", None)
    assert not changed(fit)
    board.worker_lost([fit.dask_key])
    assert changed(fit)
    board.end(fit, "failed", message="Because.")
    assert changed(fit)
    assert not changed(fit)


def test_versions_of_two_fits_never_meet(board: Board):
    fits = [board.add(experiment(seed), "a", None) for seed in range(5)]
    assert len({board.view(fit, "a").version for fit in fits}) == 5


def test_identical_requests_share_a_fit(board: Board):
    fit = board.add(experiment(0), "a", None)
    assert board.add(experiment(0), "b", None) is fit
    assert board.join(fit.key, "c") is fit
    assert board.join("0" * 32, "c") is None
    assert send_all(board) == [fit]


def test_a_stored_result_is_finished_at_once(board: Board):
    picture = make_picture()
    fit = board.add(experiment(0), "a", picture)
    assert board.view(fit, "a").phase == "finished"
    assert board.join(fit.key, "b") is fit
    assert board.take_next(0) is None


def test_positions_follow_the_order_of_asking(board: Board):
    fits = [board.add(experiment(seed), "a", None) for seed in range(5)]
    for fit in send_all(board):
        board.progress(started(fit))
    queue = [("running", None), ("running", None), ("queued", 1), ("queued", 2), ("queued", 3)]
    assert phases(board, fits) == queue
    board.stop(fits[3], "a")
    assert phases(board, fits)[2:] == [("queued", 1), ("stopped", None), ("queued", 2)]
    board.end(fits[0], "finished", make_picture())
    assert send_all(board) == [fits[2]]
    assert phases(board, fits)[4] == ("queued", 2)  # fits[2] is sent and has not begun
    board.progress(started(fits[2]))
    assert phases(board, fits)[4] == ("queued", 1)


def test_background_fits_come_last_and_are_not_in_the_way(board: Board):
    board.set_status(EngineStatus("ready", None, 1, threads=1))
    background = board.add(experiment(0), None, None)
    fit = board.add(experiment(1), "a", None)
    assert phases(board, [fit]) == [("queued", 1)]
    assert board.take_next(0) is fit
    assert board.take_next(0) is None
    board.end(fit, "finished", make_picture())
    assert board.take_next(0) is background
    assert not background.abandoned  # nobody wants it, and still it goes on


def test_a_background_fit_that_somebody_wants_goes_first(board: Board):
    fits = [board.add(experiment(seed), None, None) for seed in range(2)]
    assert board.add(experiment(1), "a", None) is fits[1]
    assert board.take_next(0) is fits[1]


def test_it_ends_only_when_no_session_wants_it(board: Board):
    fit = running(board, session="a")
    board.join(fit.key, "b")
    board.progress(progress(fit, 10))
    assert board.stop(fit, "a") is None
    board.progress(progress(fit, 20))
    (one, two) = (board.view(fit, "a"), board.view(fit, "b"))
    assert (one.phase, one.step, two.phase, two.step) == ("stopped", 10, "running", 20)
    assert one.ended
    assert one.frame is not None
    assert one.frame.step == 10
    assert board.stop(fit, "a") is None  # again: nothing
    assert board.stop(fit, "b") == fit.dask_key
    assert board.view(fit, "b").phase == "stopped"  # at once, before the worker knows
    assert board.view(fit, "b").picture is None
    assert not board.view(fit, "b").ended  # its part is still to come
    picture = make_picture(steps=30, stopped_at=30)
    before = board.view(fit, "b").version
    board.end(fit, "stopped", picture)
    view = board.view(fit, "b")
    assert (view.phase, view.picture, view.step, view.ended) == ("stopped", picture, 30, True)
    assert view.version != before
    assert board.finished(fit.key) is None


def test_whoever_stopped_watching_may_come_back(board: Board):
    fit = running(board, session="a")
    board.join(fit.key, "b")
    board.stop(fit, "a")
    assert board.join(fit.key, "a") is fit
    assert board.view(fit, "a").phase == "running"


def test_a_fit_that_is_being_stopped_is_not_shared(board: Board):
    fit = running(board)
    board.stop(fit, "a")
    again = board.add(experiment(0), "b", None)
    assert again is not fit
    assert board.take_next(0) is again
    assert again.dask_key == f"{fit.key}-1"
    board.end(fit, "stopped", None)
    assert board.view(again, "b").phase == "queued"
    board.end(again, "failed", message="No.")
    third = board.add(experiment(0), "b", None)  # what failed may be tried again
    assert board.take_next(0) is third
    assert third.dask_key == f"{fit.key}-2"


def test_stopping_what_has_ended_changes_nothing(board: Board):
    fit = running(board)
    board.end(fit, "finished", make_picture())
    version = board.view(fit, "a").version
    assert board.stop(fit, "a") is None
    assert board.view(fit, "a").version == version
    assert board.view(fit, "a").phase == "finished"


def test_a_session_that_leaves_has_time_to_come_back(board: Board, clock: Clock):
    fit, other = running(board, 0, "a"), running(board, 1, "b")
    waiting = board.add(experiment(2), "a", None)
    board.leave("a")
    clock.now = 19
    assert board.end_grace_times() == ([], [])
    board.touch("a")
    clock.now = 100
    assert board.end_grace_times() == ([], [])
    board.leave("a")
    clock.now = 121
    assert board.end_grace_times() == (["a"], [fit.dask_key])
    assert board.end_grace_times() == ([], [])
    assert phases(board, [waiting]) == [("stopped", None)]
    assert board.view(other, "b").phase == "running"
    assert fit.abandoned


def test_a_session_that_leaves_lets_others_go_on(board: Board, clock: Clock):
    fit = running(board, 0, "a")
    board.join(fit.key, "b")
    board.leave("a")
    clock.now = 21
    assert board.end_grace_times() == (["a"], [])
    assert board.view(fit, "b").phase == "running"


def test_closing_fails_what_has_not_ended(board: Board):
    done = running(board, 2)
    board.end(done, "finished", make_picture())
    one, two = running(board, 0), board.add(experiment(1), "a", None)
    board.fail_all("Closed.")
    assert [board.view(fit, "a").message for fit in (one, two, done)] == ["Closed.", "Closed.", None]
    assert phases(board, [one, two, done]) == [("failed", None), ("failed", None), ("finished", None)]


def test_memory_is_bounded(board: Board):
    unfinished = running(board, 9999)
    for seed in range(10 * ENDED_KEPT):
        board.add(experiment(seed), "a", make_picture(steps=2))
        board.want_structure(Experiment(data=DataSpec(n=100 + seed)))
        board.take_wanted()
    assert len(board._fits) == ENDED_KEPT + 1
    assert board.sent(unfinished.dask_key) is unfinished
    assert not board._leaving


def test_preparing_waits_until_nothing_else_is_to_be_done(board: Board):
    wide = Experiment(network=NetworkSpec(hidden=(9,)))
    fit = running(board)
    board.want_structure(Experiment(network=NetworkSpec(hidden=(8,))))
    board.want_structure(wide)
    assert board.take_wanted() is None
    board.end(fit, "finished", make_picture())
    assert board.take_wanted() == (wide.to_json(),)
    assert board.take_wanted() is None
    board.want_structure(wide)
    assert board.take_wanted() is None  # it is compiled
    board.want_structure(experiment(0).model_copy(update={"data": DataSpec(seed=5, noise=0.5)}))
    assert board.take_wanted() is None  # as is what a finished fit has used
    board.set_status(NOT_YET)
    board.set_status(READY)
    board.want_structure(wide)
    assert board.take_wanted() == (wide.to_json(),)  # the new worker has compiled nothing


ACTIONS = ("submit", "stop", "leave", "touch", "take", "start", "step", "finish", "lose", "die", "apart", "tick")


@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 3), st.sampled_from("abc")), max_size=60))
def test_whatever_happens_views_make_sense(actions: list[tuple[str, int, str]]):
    """Any order of events: no fit is in two places, none is forgotten, and every view is whole."""
    clock = Clock()
    board = Board(READY, grace_seconds=5, clock=clock)
    held: list[tuple[Fit, str]] = []
    ended: dict[Fit, JobView] = {}
    for action, number, session in actions:
        sent = list(board._sent.values())
        one = sent[number % len(sent)] if sent else None
        if action == "submit":
            held.append((board.add(experiment(number), session, None), session))
        elif action == "stop" and held:
            board.stop(*held[number % len(held)])
        elif action == "leave":
            board.leave(session)
        elif action == "touch":
            board.touch(session)
        elif action == "take":
            board.take_next(0)
        elif action == "tick":
            clock.now += 2
            board.end_grace_times()
        elif one is not None:
            if action == "start":
                board.progress(started(one, f"run{number}"))
            elif action == "step":
                board.progress(progress(one, 10 * number + 2, "run0"))
            elif action == "finish":
                board.end(one, "stopped" if one.abandoned else "finished", make_picture(steps=3))
            elif action == "lose":
                board.worker_lost([one.dask_key])
            elif action == "die":
                board.run_again(one, alone=one.had_company)
            elif action == "apart":
                board.run_apart(one)
        assert len(board._sent) <= 2
        for fit, who in held:
            view = board.view(fit, who)
            places = (fit in board._pending) + (fit in board._sent.values()) + fit.ended
            assert places == 1
            assert (view.position is not None) == (view.phase == "queued")
            assert (view.message is not None) or view.phase != "failed"
            assert len(view.elbo) == len(view.elbo_steps)
            if view.phase == "finished":
                assert view.picture is not None
            if fit.ended:
                before = ended.setdefault(fit, view)
                assert before.phase in (view.phase, "stopped")


def test_the_live_elbo_keeps_the_beginning_and_a_bounded_number_of_points():
    assert len(kept_steps(1, 1_000_000, 1_000_000)) <= 2200
    np.testing.assert_array_equal(kept_steps(1, 200, 1_000_000), np.arange(1, 201))
    np.testing.assert_array_equal(kept_steps(1, 50, 50), np.arange(1, 51))
    whole = kept_steps(1, 20_000, 20_000)
    parts = [kept_steps(first, first + 999, 20_000) for first in range(1, 20_000, 1000)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
