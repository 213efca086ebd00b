"""The app as it is served, in a process of its own on loopback: started with an empty store, and ended again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, END_SECONDS = 500, 60


@dataclass(frozen=True)
class Server:
    """A web server that runs.

    Attributes
    ----------
    port, pid : int
        `pid` is 0 where it is no matter.
    log_file : Path
        What it writes.
    """

    port: int
    log_file: Path
    pid: int = 0

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self.log_file.read_text(errors="replace")

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of what is there."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")

    def memory(self) -> tuple[float, float]:
        """Resident megabytes of the web process, and of it and all its descendants together."""
        web = psutil.Process(self.pid)
        sizes = []
        for process in (web, *web.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                sizes.append(process.memory_info().rss / 1e6)
        return sizes[0], sum(sizes)


def free_port() -> int:
    """Return a port on loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, as Ctrl-C does, and wait until it has."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    process.kill()
    process.wait()


def start(command: Sequence[str], log: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a process of the project, with these variables added to the environment."""
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command), cwd=ROOT, env={**os.environ, **settings}, stdout=output, stderr=subprocess.STDOUT
        )


def web_command(port: int) -> list[str]:
    """Return the command that serves the app on loopback."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    return [*command, "--server.address", "127.0.0.1"]


@contextmanager
def serve(folder: Path, settings: Mapping[str, str], port: int | None = None) -> Iterator[Server]:
    """Serve the app for as long as the context lasts; its store, unless `settings` name one, is in `folder`."""
    port, log = port or free_port(), folder / "log"
    places = {"BNN_STORE": str(folder / "store"), "BNN_COMPILE_CACHE": str(folder / "compiled")}
    with ExitStack() as running:
        process = start(web_command(port), log, {**places, "BNN_OPERATIONS": "off", **settings})
        running.callback(end, process)
        server = Server(port, log, process.pid)
        wait_until_healthy(server, process)
        yield server


def wait_until_healthy(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Wait until it answers."""
    _wait(server, process, "/_stcore/health", "healthy")


def wait_until_ready(server: Server, process: subprocess.Popen[bytes] | None = None) -> int:
    """Wait until fits run; return how many workers there are."""
    return int(json.loads(_wait(server, process, "/ready", "ready"))["workers"])


def _wait(server: Server, process: subprocess.Popen[bytes] | None, path: str, what: str) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process is None or process.poll() is None, server.log
        with contextlib.suppress(OSError):
            status, text = server.get(path)
            if status == 200:
                return text
        time.sleep(0.1)
    raise AssertionError(f"not {what} after {START_SECONDS} s:\n{server.log}")
