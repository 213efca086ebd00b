"""A board that is told what workers would tell it, by a clock that stands until it is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bnn_lib.engine.board import Board
from bnn_lib.engine.events import EngineStatus
from bnn_lib.engine.jobs import Fit
from tests.engine.fakes import experiment, make_frame

READY = EngineStatus("ready", None, workers=1, threads=2)
NOT_YET = EngineStatus("starting", "Wait.")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def send_all(board: Board) -> list[Fit]:
    sent = []
    while (fit := board.take_next(0)) is not None:
        sent.append(fit)
    return sent


def started(fit: Fit, run: str = "r") -> dict[str, Any]:
    return {"kind": "started", "key": fit.dask_key, "run": run}


def progress(fit: Fit, step: int, run: str = "r", frame: bool = True) -> Mapping[str, Any]:
    return {
        "kind": "progress",
        "key": fit.dask_key,
        "run": run,
        "step": step,
        "rate": 100.0,
        "elbo": np.full(2, -step, np.float32).tobytes(),
        "elbo_steps": np.array([step - 1, step], np.int32).tobytes(),
        "frame": make_frame(step).to_bytes() if frame else b"",
    }


def running(board: Board, seed: int = 0, session: str = "a") -> Fit:
    fit = board.add(experiment(seed), session, None)
    assert board.take_next(0) is fit
    board.progress(started(fit))
    return fit


def phases(board: Board, fits: list[Fit], session: str = "a") -> list[tuple[str, int | None]]:
    return [(view.phase, view.position) for view in (board.view(fit, session) for fit in fits)]
