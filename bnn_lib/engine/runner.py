"""The engine's thread: keeps a cluster, sends it what the board has next, and takes in what comes back.

Whatever may wait happens here: starting, asking the scheduler, fetching a result, writing it to disk.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from bnn_lib.engine.arrays import from_bytes
from bnn_lib.engine.board import KILLED, Board
from bnn_lib.engine.cluster import CALL_SECONDS, Cluster, ClusterLost, LocalProcess, ResultLost
from bnn_lib.engine.desk import Desk
from bnn_lib.engine.events import EngineStatus, frames_only
from bnn_lib.engine.jobs import Fit
from bnn_lib.engine.picture import Picture
from bnn_lib.engine.questions import AskTask
from bnn_lib.engine.settings import EngineSettings
from bnn_lib.engine.store import ResultStore
from bnn_lib.engine.tasks import TOPIC, FitTask, PrepareTask
from bnn_lib.errors import InvalidData

if TYPE_CHECKING:
    from distributed import Future

logger = logging.getLogger(__name__)

TURN_SECONDS = 0.25  # the longest time between two looks at timers and at the connection
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # between two attempts to start
CONNECT_SECONDS = 60.0
MEASURE_SECONDS = 5.0  # between two looks at the workers' memory
CLOSE_SECONDS = 20.0

STARTING = EngineStatus("starting", "The fitting engine is starting; this takes about fifteen seconds.")
RESTARTING = EngineStatus("starting", "The fitting process ended unexpectedly and is being started again.")
WORKERLESS = EngineStatus("starting", "The scheduler has no workers yet.")
UNREACHABLE = EngineStatus("down", "The fitting engine cannot be reached; trying again.")
CLOSED = EngineStatus("down", "The app is shutting down.")
UNANSWERED = "The process that should answer ended unexpectedly; the question may need too much memory."
MISUNDERSTOOD = "The fit's result could not be read; the server's log says more."


class Runner:
    """Runs a board's fits and a desk's questions on a cluster.

    Parameters
    ----------
    settings : EngineSettings
    board : Board
    desk : Desk
    store : ResultStore
    fit_task, prepare_task, ask_task : callable
        What runs on a worker.
    """

    def __init__(
        self,
        settings: EngineSettings,
        board: Board,
        desk: Desk,
        store: ResultStore,
        fit_task: FitTask,
        prepare_task: PrepareTask,
        ask_task: AskTask,
    ) -> None:
        self._settings, self._board, self._desk, self._store = settings, board, desk, store
        self._fit_task, self._prepare_task, self._ask_task = fit_task, prepare_task, ask_task
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._local_lock = threading.Lock()
        self._local: LocalProcess | None = None  # guarded by its lock: whoever closes us asks it to end
        # This thread's own:
        self._cluster: Cluster | None = None
        self._futures: dict[str, Future] = {}
        self._stopping: set[str] = set()  # Dask keys whose event we have set
        self._preparing: str | None = None
        self._was_ready = False
        self._measured = float("-inf")  # when
        self._worker_bytes: Mapping[str, int] = {}
        self._thread = threading.Thread(target=self._run, name="bnn-engine", daemon=True)
        self._thread.start()

    # From any thread

    def wake(self) -> None:
        """Look at the board now."""
        self._inbox.put(_nothing)

    def stop_tasks(self, dask_keys: Iterable[str]) -> None:
        """Tell workers to stop these fits."""
        for dask_key in dask_keys:
            self._inbox.put(partial(self._stop_task, dask_key))

    @property
    def closing(self) -> bool:
        """Whether `close` was called."""
        return self._closing.is_set()

    def close(self) -> None:
        """End the cluster, and everything that was started with it."""
        self._closing.set()
        with self._local_lock:
            if self._local is not None:
                self._local.ask_to_end()
        self.wake()
        self._thread.join(CLOSE_SECONDS)

    @property
    def worker_bytes(self) -> Mapping[str, int]:
        """Memory of each worker process by its address, as of a few seconds ago; nothing unless it is shown."""
        return self._worker_bytes

    # This thread

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self.closing:
            try:
                self._live()
            except (ClusterLost, OSError) as error:  # Dask's timeouts and broken connections are OSErrors
                if not self.closing:
                    logger.warning("engine without cluster, again in %.0f s: %s", pause, error)
            except Exception:  # a fault of ours must not leave the page without an engine: begin anew, loudly
                logger.exception("engine failed, again in %.0f s", pause)
            pause = FIRST_PAUSE if self._was_ready else min(LONGEST_PAUSE, 2 * pause)
            until = time.monotonic() + pause
            while not self.closing and time.monotonic() < until:
                self._turn()
        self._board.set_status(CLOSED)
        assert CLOSED.message is not None
        self._board.fail_all(CLOSED.message)
        self._desk.fail_all(CLOSED.message)

    def _live(self) -> None:
        """Connect, and work until the cluster is lost or we are closed."""
        self._was_ready = False
        try:
            self._connect()
            while not self.closing:
                self._turn()
                self._was_ready |= self._board.status.phase == "ready"
        finally:
            self._disconnect()

    def _turn(self) -> None:
        """Deal with one message, and with what is due."""
        with contextlib.suppress(queue.Empty):
            self._inbox.get(timeout=TURN_SECONDS)()
        gone, to_stop = self._board.end_grace_times()
        self.stop_tasks(to_stop)
        self._desk.leave(gone)
        self._desk.end_late(self._board.status.phase == "ready")
        if self._cluster is None:
            return
        if not self._cluster.alive:
            raise ClusterLost("The scheduler is gone.")
        if self._settings.operations and time.monotonic() - self._measured > MEASURE_SECONDS:
            self._worker_bytes, self._measured = self._cluster.memory(), time.monotonic()
        besides = int(self._preparing is not None)
        while self._desk.waiting and (asked := self._desk.take_next(self._board.room_for_questions(besides))):
            question = asked.question
            assert question is not None  # it has not ended
            arguments = (question.name, question.values_json, dict(question.files))
            self._send(asked.dask_key, self._ask_task, *arguments, priority=10, is_fit=False)
        while (fit := self._board.take_next(besides, self._desk.running)) is not None:
            self._send(fit.dask_key, self._fit_task, *fit.arguments)
        if self._preparing is None and (wanted := self._board.take_wanted()) is not None:
            self._preparing = f"prepare-{uuid.uuid4().hex}"
            self._send(self._preparing, self._prepare_task, *wanted, priority=-10)

    def _connect(self) -> None:
        address, local = self._settings.scheduler, None
        if address is None:
            with self._local_lock:
                if self.closing:
                    return
                local = self._local = LocalProcess(self._settings)
            address = local.address()
        logger.info("engine connects address=%s local_pid=%s", address, local.pid if local else None)
        end = time.monotonic() + CONNECT_SECONDS
        while self._cluster is None and not self.closing:
            try:
                self._cluster = Cluster(address, self._on_event, local)
            except OSError:  # it may be busy starting
                if time.monotonic() > end:
                    raise
        self._refresh_workers()

    def _disconnect(self) -> None:
        """Let go of a cluster; what it was running will be run again by the next."""
        if not self.closing:
            self._board.set_status(UNREACHABLE)
            self._board.run_all_again()
            self._desk.ask_all_again()
        if self._cluster is not None:
            self._cluster.close()
        elif self._local is not None:
            self._local.close()
        with self._local_lock:
            self._local = None
        self._cluster, self._preparing, self._worker_bytes = None, None, {}
        self._futures.clear()
        self._stopping.clear()

    def _refresh_workers(self) -> None:
        if self._cluster is None:
            return
        workers = self._cluster.workers()
        if workers:
            status = EngineStatus("ready", None, len(workers), sum(workers.values()))
        elif self._settings.scheduler is not None:
            status = WORKERLESS
        else:
            status = STARTING if self._board.status in (STARTING, UNREACHABLE) else RESTARTING
        self._board.set_status(status)

    def _send(
        self, dask_key: str, task: Callable[..., Any], *arguments: Any, priority: int = 0, is_fit: bool = True
    ) -> None:
        assert self._cluster is not None
        future = self._cluster.submit(task, *arguments, key=dask_key, priority=priority, is_fit=is_fit)
        self._futures[dask_key] = future
        future.add_done_callback(lambda future: self._inbox.put(partial(self._on_done, dask_key, future)))

    def _stop_task(self, dask_key: str) -> None:
        fit = self._board.sent(dask_key)
        if self._cluster is not None and fit is not None and fit.abandoned:
            self._stopping.add(dask_key)
            self._cluster.set_event(dask_key)

    def _on_event(self, topic: str, message: Any) -> None:
        """Take in what workers and the scheduler tell; on Dask's thread."""
        try:
            if topic == TOPIC:
                self._board.progress(message)
            elif message["action"] == "add-worker":
                self._inbox.put(self._refresh_workers)
            elif message["action"] == "remove-worker":
                self._board.worker_lost(message["processing-tasks"])
                self._inbox.put(self._refresh_workers)
        except (KeyError, TypeError, ValueError) as error:  # whoever shares the scheduler may send anything
            logger.warning("event not understood topic=%s error=%r", topic, error)

    def _on_done(self, dask_key: str, future: Future) -> None:
        """Take in how a task ended."""
        if self._cluster is None or self._futures.get(dask_key) is not future:
            return  # of a cluster that is gone: its fits are waiting again already
        if not self._cluster.alive:
            raise ClusterLost("The scheduler is gone.")
        del self._futures[dask_key]
        if self._desk.is_running(dask_key):
            self._take_answer(dask_key, future)
            return
        if dask_key == self._preparing:
            self._preparing = None
            if future.status != "finished":
                logger.warning("preparing failed status=%s", future.status)
            return
        fit = self._board.sent(dask_key)
        assert fit is not None  # it leaves the board here, or with the whole cluster
        if dask_key in self._stopping:  # even if it ended before it saw that: it would stop the next by this key
            self._stopping.remove(dask_key)
            self._cluster.clear_event(dask_key)
        if future.status == "finished":
            try:
                self._take_result(fit, self._cluster.result(future))
            except ResultLost as error:
                logger.warning("result lost key=%s error=%s", fit.key, error)
                self._board.run_again(fit)
        elif future.status == "error":
            self._take_error(fit, future.exception(timeout=CALL_SECONDS))
        else:  # "cancelled" or "lost"
            self._board.run_again(fit)

    def _take_result(self, fit: Fit, outcome: Any) -> None:
        assert self._cluster is not None
        state, content, message = outcome["outcome"], outcome["picture"], outcome.get("message")
        try:
            picture = None if content is None else Picture.from_bytes(content)
        except InvalidData as error:
            logger.error("result refused key=%s error=%s", fit.key, error)
            state, picture, message = "failed", None, MISUNDERSTOOD
        if state == "failed":
            detail = outcome.get("detail")  # a traceback, unless it is the request that was wrong
            level = logging.ERROR if detail else logging.INFO
            if fit.private:  # what is said of a visitor's own data may quote it, and so is for the visitor alone
                logger.log(level, "fit failed key=%s\n%s", fit.key, frames_only(detail or ""))
            else:
                logger.log(level, "fit failed key=%s message=%s\n%s", fit.key, message, detail or "")
        elif state == "finished" and content is not None and not fit.private:
            self._store.put(fit.key, content)
        elif state == "stopped" and not fit.abandoned:
            # Another engine on this scheduler stopped the fit that it shared with us, and may be gone by now.
            self._cluster.clear_event(fit.dask_key)
            self._board.run_apart(fit)
            return
        self._board.end(fit, state, picture, message)

    def _take_answer(self, dask_key: str, future: Future) -> None:
        assert self._cluster is not None
        if future.status == "error":
            error = future.exception(timeout=CALL_SECONDS)
            logger.error("question not answered key=%s error=%r", dask_key, error)
            self._desk.failed(dask_key, UNANSWERED)
            return
        try:
            reply = self._cluster.result(future)
            if reply["arrays"] is not None:
                self._desk.answered(dask_key, from_bytes(reply["arrays"]))
                return
        except ResultLost as error:
            logger.warning("answer lost key=%s error=%s", dask_key, error)
            self._desk.ask_again(dask_key)
            return
        except InvalidData as error:
            reply = {"message": "The answer could not be read; the server's log says more.", "detail": error}
        if reply["detail"]:
            detail = frames_only(str(reply["detail"]))  # what an error says may quote a visitor's data
            logger.error("question failed key=%s message=%s\n%s", dask_key, reply["message"], detail)
        self._desk.failed(dask_key, reply["message"])

    def _take_error(self, fit: Fit, error: BaseException | None) -> None:
        from distributed.scheduler import KilledWorker

        logger.error("fit not run key=%s error=%r", fit.key, error)
        if not isinstance(error, KilledWorker):
            message = f"The fit could not be run ({type(error).__name__}); the server's log says more."
            self._board.end(fit, "failed", message=message)
        elif fit.had_company and not fit.alone:
            # Either it or one that ran beside it: each is tried once more, alone.
            self._board.run_again(fit, alone=True)
        else:
            self._board.end(fit, "failed", message=KILLED)


def _nothing() -> None:
    """Wake the engine's thread."""
