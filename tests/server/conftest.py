"""The app as it is served, without a browser in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.app_server import Server, serve

NOBODY = "tcp://127.0.0.1:9"  # a scheduler that is not there: a server without a worker is cheap


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app without anything that fits."""
    with serve(tmp_path_factory.mktemp("server"), {"BNN_SCHEDULER": NOBODY}) as server:
        yield server
