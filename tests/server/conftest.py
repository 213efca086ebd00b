"""The app as it is served, without a browser in front of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

START_SECONDS, END_SECONDS = 500, 60
NOBODY = "tcp://127.0.0.1:9"  # a scheduler that is not there: a server without a worker is cheap


@dataclass(frozen=True)
class Server:
    """A web server that runs.

    `log` is what it has written so far.
    """

    port: int
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of what is there."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, as Ctrl-C does; a test that waits for that in vain does not fail by it."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app without anything that fits."""
    folder = tmp_path_factory.mktemp("server")
    server = Server(free_port(), folder / "log")
    settings = {"BNN_SCHEDULER": NOBODY, "BNN_STORE": str(folder / "store"), "BNN_OPERATIONS": "off"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(server.port)]
    with server.log_file.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--server.address", "127.0.0.1"],
            cwd=root,
            env={**os.environ, **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_healthy(server, process)
        yield server
    finally:
        end(process)


def wait_until_healthy(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, server.log
        try:
            if server.get("/_stcore/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"not healthy after {START_SECONDS} s:\n{server.log}")
