"""The connection to Dask: our own local process, or a scheduler that somebody else runs."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnn_lib.engine.settings import EngineSettings
from bnn_lib.engine.tasks import TOPIC
from bnn_lib.engine.threads import FIT, QUESTION_THREADS, fits_by_worker

if TYPE_CHECKING:
    from distributed import Client, Future

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5  # so long a client also tries to find a lost scheduler again
CALL_SECONDS = 10  # for one question to the scheduler
CLIENT_CLOSE_SECONDS = 2
LOCAL_ENDS_SECONDS = 8


class ClusterLost(Exception):
    """There is no connection to a scheduler (any more)."""


class ResultLost(Exception):
    """A task ended, but its result went with its worker."""


class LocalProcess:
    """`bnn_lib.engine.local` as a child process, which ends when its standard input is closed."""

    def __init__(self, settings: EngineSettings) -> None:
        project = str(Path(__file__).resolve().parents[2])
        path = [project, *filter(None, [os.environ.get("PYTHONPATH")])]
        threads = settings.threads + QUESTION_THREADS
        command = [sys.executable, "-m", "bnn_lib.engine.local", "--threads", str(threads)]
        command += ["--compile-cache", str(settings.compile_cache), "--preload", settings.preload]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
            # In a session of its own: Ctrl-C in a terminal is for the web process alone.
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def address(self) -> str:
        """Wait for the scheduler's address.

        Raises
        ------
        ClusterLost
            If the process ends before it has one.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ClusterLost(f"The fitting process ended with code {self._process.wait()} while starting.")
        return str(json.loads(line)["address"])

    @property
    def alive(self) -> bool:
        """Whether it is running."""
        return self._process.poll() is None

    def ask_to_end(self) -> None:
        """Close its standard input; it ends soon after."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            logger.debug("the local process had ended already")

    def close(self) -> None:
        """End it and wait until it is gone."""
        self.ask_to_end()
        try:
            self._process.wait(LOCAL_ENDS_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("local process does not end, killed pid=%d", self._process.pid)
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Cluster:
    """A connected Dask client.

    Parameters
    ----------
    address : str
    on_event : callable
        ``on_event(topic, message)`` for progress and for workers that come and go; called on Dask's thread.
    local : LocalProcess or None
        Ours to end.
    """

    def __init__(
        self, address: str, on_event: Callable[[str, Any], None], local: LocalProcess | None = None
    ) -> None:
        import dask
        from distributed import Client

        # A session's own data may be larger than what Dask warns of; how large, the page has said already.
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"})
        self._local = local
        self._declared = False  # whether workers declare how many fits they run
        self.client: Client = Client(
            address, timeout=CONNECT_SECONDS, set_as_default=False, name="bnn-engine", heartbeat_interval=5000
        )
        for topic in (TOPIC, "all"):
            self.client.subscribe_topic(topic, lambda event, topic=topic: on_event(topic, event[1]))

    @property
    def alive(self) -> bool:
        """Whether the scheduler can be reached."""
        # A client that has lost its scheduler forgets its futures even if it finds it again: begin anew.
        return self.client.status == "running" and (self._local is None or self._local.alive)

    def workers(self) -> dict[str, int]:
        """Return how many fits each worker runs at a time, whoever sends them, by its address."""
        fits, self._declared = fits_by_worker(self._ask("identity", n_workers=-1)["workers"])
        return fits

    def memory(self) -> dict[str, int]:
        """Return bytes of memory by worker address, as each told the scheduler last."""
        workers: Mapping[str, Any] = self._ask("identity", n_workers=-1)["workers"]
        return {address: int(worker["metrics"].get("memory", 0)) for address, worker in workers.items()}

    def submit(
        self, task: Callable[..., Any], *arguments: Any, key: str, priority: int = 0, is_fit: bool = True
    ) -> Future:
        """Send a task; does not wait. One that `is_fit` leaves questions their threads."""
        resources = {FIT: 1} if is_fit and self._declared else None
        return self.client.submit(
            task, *arguments, key=key, priority=priority, resources=resources, pure=False, fifo_timeout="0 ms"
        )

    def set_event(self, name: str) -> None:
        """Set the event that a running task looks at."""
        self._ask("event_set", name=name)

    def clear_event(self, name: str) -> None:
        """Forget an event."""
        self._ask("event_clear", name=name)

    def result(self, future: Future) -> Any:
        """Fetch a result that is there.

        Raises
        ------
        ResultLost
            If it is there no more.
        """
        from distributed import CancelledError, KilledWorker

        try:
            return future.result(timeout=CALL_SECONDS)
        except (CancelledError, KilledWorker, TimeoutError) as error:
            raise ResultLost(type(error).__name__) from error

    def close(self) -> None:
        """Disconnect, and end what was started."""
        try:
            if self.alive:
                for topic in (TOPIC, "all"):
                    self.client.unsubscribe_topic(topic)
                self.client.close(timeout=CLIENT_CLOSE_SECONDS)
        except (TimeoutError, OSError) as error:
            logger.warning("client not closed: %r", error)
        finally:
            if self.client.status != "closed":
                threading.Thread(target=_outlive, args=(self.client,), daemon=True).start()
            if self._local is not None:
                self._local.close()

    def _ask(self, question: str, **arguments: Any) -> Any:
        scheduler = self.client.scheduler
        if scheduler is None or not self.alive:
            raise ClusterLost("The scheduler is gone.")
        return self.client.sync(getattr(scheduler, question), callback_timeout=CALL_SECONDS, **arguments)


def _outlive(client: Client) -> None:
    """Keep a client that has lost its scheduler until it gives up: closing it, or losing it, would block."""
    while client.status != "closed":
        time.sleep(1.0)
