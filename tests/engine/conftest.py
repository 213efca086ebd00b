"""An engine on a real cluster, with fits that do as they are told."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bnn_lib.engine import Engine, EngineSettings
from bnn_lib.engine.board import Board
from bnn_lib.engine.cluster import LocalProcess
from tests.engine.fakes import FOLDER, TEST, scripted_answer, scripted_fit, scripted_prepare
from tests.engine.on_board import READY, Clock
from tests.engine.waiting import Make, Tell, wait_for

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
        given = {name: changes.pop(name) for name in ("warm", "shipped") if name in changes}
        changed = replace(settings, **{"store": tmp_path / "results", **changes})
        engine = Engine(changed, **given, **SCRIPTED)  # type: ignore[arg-type]
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def scheduler(settings: EngineSettings, told: Tell) -> Iterator[str]:
    """Somebody else's scheduler, with a worker."""
    yield from run_scheduler(replace(settings, threads=1))


@pytest.fixture
def wide_scheduler(settings: EngineSettings, told: Tell) -> Iterator[str]:
    """One whose worker runs two fits at a time."""
    yield from run_scheduler(settings)


def run_scheduler(settings: EngineSettings) -> Iterator[str]:
    local = LocalProcess(settings)
    yield local.address()
    local.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board(clock: Clock) -> Board:
    return Board(READY, grace_seconds=20, clock=clock)
