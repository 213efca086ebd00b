"""What a server takes: processor time and memory, of its web process and of all that it started."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import psutil

from benchmarks.app_server import Server


@dataclass(frozen=True)
class Usage:
    """Processor seconds so far: of the web process, of what it started, of this process; and the clock."""

    web: float
    workers: float
    ours: float
    clock: float

    @classmethod
    def of(cls, server: Server) -> Usage:
        """Ask the system."""
        web = psutil.Process(server.pid)
        workers = sum(map(processor_seconds, web.children(recursive=True)))
        return cls(processor_seconds(web), workers, processor_seconds(psutil.Process()), time.perf_counter())

    def __sub__(self, other: Usage) -> Usage:
        """Return what was used between two moments."""
        pairs = ((getattr(self, n), getattr(other, n)) for n in ("web", "workers", "ours", "clock"))
        return Usage(*(a - b for a, b in pairs))


def processor_seconds(process: psutil.Process) -> float:
    """Return what a process has used so far, for itself and for the system."""
    times = process.cpu_times()
    return times.user + times.system


class Memory(threading.Thread):
    """Looks at a server's memory every second."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server, self.web, self.all = server, 0.0, 0.0
        self._ended = threading.Event()

    def run(self) -> None:
        """Keep the largest of each."""
        while not self._ended.wait(1.0):
            web, everything = self.server.memory()
            self.web, self.all = max(self.web, web), max(self.all, everything)

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()
        self.join()
