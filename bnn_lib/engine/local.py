"""The engine's own scheduler and worker, as one process: ``python -m bnn_lib.engine.local``.

It prints its address as one line of JSON and then lives exactly as long as its standard input is open. The
web process holds the other end, so however that ends, nothing is left running.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from bnn_lib.engine.environment import set_worker_environment
from bnn_lib.engine.threads import FIT, fits_of

LOOPBACK = "127.0.0.1"
CLOSE_SECONDS = 3.0  # then this process exits at once, and the worker with it
MOST_FAILED_STARTS = 2  # in a row; then this process ends and the engine says so

DASK_SETTINGS = {
    # A fit whose worker dies is run once more. Only running fits are on a worker, so no other is blamed.
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # Progress events carry frames, and Dask keeps the last ones of each topic: not a thousand.
    "distributed.admin.low-level-log-length": 50,
    "distributed.admin.log-length": 200,
    "distributed.admin.system-monitor.log-length": 60,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.worker.profile.enabled": False,
    # Compiling may hold the interpreter for seconds; that is no reason to warn, or to give a worker up.
    "distributed.admin.tick.limit": "30s",
    "distributed.scheduler.worker-ttl": "5 minutes",
    "distributed.comm.timeouts.connect": "60s",
    "distributed.comm.timeouts.tcp": "120s",
}


def main(arguments: list[str] | None = None) -> int:
    """Run until standard input closes; return the exit code."""
    parser = argparse.ArgumentParser(description="Scheduler and worker for fits, on this machine only.")
    parser.add_argument("--threads", type=int, required=True, help="tasks at a time")
    parser.add_argument("--compile-cache", help="folder of compiled functions")
    parser.add_argument("--preload", default="bnn_lib.engine.preload", help="module that the worker imports")
    options = parser.parse_args(arguments)
    set_worker_environment(os.environ, options.compile_cache)
    os.environ.setdefault("DASK_LOGGING__DISTRIBUTED", "warning")
    # The engine reads one line; whatever else is printed, by the worker too, goes where errors go.
    announce = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the web process, which then closes our input
    asyncio.run(_serve(options.threads, options.preload, announce))
    return 0


async def _serve(threads: int, preload: str, announce: TextIO) -> None:
    import dask
    from distributed import Nanny, Scheduler
    from distributed.diagnostics.plugin import SchedulerPlugin

    class Seen(SchedulerPlugin):
        """Counts the workers that the scheduler has come to know."""

        count = 0

        def add_worker(self, scheduler: Any, worker: str) -> None:
            self.count += 1

    dask.config.set(DASK_SETTINGS)
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()
    threading.Thread(target=_wait_for_end_of_input, args=(loop, closed), daemon=True).start()
    loop.add_signal_handler(signal.SIGTERM, closed.set)

    scheduler = Scheduler(
        host=LOOPBACK, port=0, dashboard=False, dashboard_address=f"{LOOPBACK}:0", idle_timeout=None
    )
    seen = Seen()
    scheduler.add_plugin(seen)
    nannies: list[Nanny] = []  # the one that lives, if any

    def make_nanny() -> Nanny:
        nannies[:] = [
            Nanny(
                scheduler.address,
                nthreads=threads,
                resources={FIT: fits_of(threads)},
                host=LOOPBACK,
                dashboard=False,
                memory_limit=None,
                preload=[preload],
                config=dask.config.config,
            )
        ]
        return nannies[0]

    async with scheduler:
        print(json.dumps({"address": scheduler.address, "pid": os.getpid()}), file=announce, flush=True)
        keeping = asyncio.ensure_future(_keep_worker(make_nanny, lambda: seen.count, closed))
        ending = asyncio.ensure_future(closed.wait())
        await asyncio.wait({keeping, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not closed.is_set():
            # A worker that cannot start ends this process; the engine says so and tries again.
            keeping.result()
        # The worker has nothing to save, and ends by itself when this process does.
        threading.Timer(CLOSE_SECONDS, os._exit, (0,)).start()
        for nanny in nannies:
            await nanny.close(timeout=CLOSE_SECONDS / 3)
    os._exit(0)


async def _keep_worker(
    make_nanny: Callable[[], Any], workers_seen: Callable[[], int], closed: asyncio.Event
) -> None:
    """Keep a worker running. A nanny replaces one that dies, but gives up on one that dies while it starts.

    That may be the doing of a fit: a worker gets one as soon as the scheduler knows it.
    """
    failed_starts = 0
    while not closed.is_set():
        before = workers_seen()
        error: Exception | None = None
        try:
            nanny = make_nanny()
            await nanny
            await nanny.finished()
        except Exception as caught:  # whatever the worker met while starting; it is in the log already
            error = caught
        failed_starts = 0 if workers_seen() > before else failed_starts + 1
        if failed_starts == MOST_FAILED_STARTS:
            raise RuntimeError("The worker does not start.") from error


def _wait_for_end_of_input(loop: asyncio.AbstractEventLoop, closed: asyncio.Event) -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError as error:  # there is no standard input, so nobody holds it
        print(f"bnn_lib.engine.local ends: its standard input cannot be read ({error}).", file=sys.stderr)
    # The loop may be busy or stuck, which must not keep this process alive.
    timer = threading.Timer(2 * CLOSE_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()
    loop.call_soon_threadsafe(closed.set)


if __name__ == "__main__":
    sys.exit(main())
