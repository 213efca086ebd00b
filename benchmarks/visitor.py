"""A browser's half of Streamlit's protocol: real sessions over a websocket, without a browser.

What a browser does by itself is done here, too: it asks for a part of the page again once that is due, keeps large
messages that the server then sends as references, and sends the states of all widgets with each message.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

SECONDS = 60.0  # for one answer
TRIGGERS = ("trigger_value", "json_trigger_value", "string_trigger_value")  # sent once, never again
LOOK_PATIENCE = 15.0  # for an answer to a look, as in `look.js`
KEPT_RUNS = 2  # of the page, for which a browser keeps a large message
WHOLE_PAGE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR)
T = TypeVar("T")


class Visitor:
    """One session, for as long as its context lasts.

    Parameters
    ----------
    port : int
    query : str
        Of the address, without its question mark.
    page : str
        URL path of the page; "" is the default one.
    seconds : float
        To wait for one answer.
    """

    def __init__(self, port: int, query: str = "", page: str = "", seconds: float = SECONDS) -> None:
        self._host = f"127.0.0.1:{port}"
        self.query, self.page, self._seconds = query, page, seconds
        self.deltas: dict[tuple[int, ...], Delta] = {}
        self.states: dict[str, WidgetState] = {}
        self._runs = 0
        self._kept: dict[str, tuple[Delta, int]] = {}  # large messages by hash, with the run that used each
        self.looks: dict[str, float] = {}  # fragment -> when it is due again
        self._asked = float("-inf")  # when what has no answer yet was asked

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        connection = connect(
            f"ws://{self._host}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            origin=f"http://{self._host}",  # type: ignore[arg-type]
            max_size=None,
            compression=None,
            open_timeout=self._seconds,
        )
        self._socket = self._stack.enter_context(connection)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stack.close()

    # What a browser sends

    def send(self, message: BackMsg | bytes) -> None:
        """Send a message, or anything."""
        content = message.SerializeToString() if isinstance(message, BackMsg) else message
        self._socket.send(content)

    def ask(self, states: Sequence[WidgetState] = (), fragment: str = "") -> None:
        """Have the page, or a fragment of it, run with these states of its widgets."""
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.page_name = self.query, self.page
        rerun.fragment_id = fragment
        rerun.widget_states.widgets.extend(({**self.states, **{state.id: state for state in states}}).values())
        rerun.cached_message_hashes.extend(self._kept)
        self._asked = time.monotonic()
        self.send(message)

    def run(self, states: Sequence[WidgetState] = ()) -> list[Delta]:
        """Have the page run with these states of its widgets; what it sent until it had finished."""
        self.ask(states)
        deltas = []
        for received in self._receive():
            if received.WhichOneof("type") == "delta":
                deltas.append(received.delta)
            elif received.WhichOneof("type") == "script_finished":
                return deltas
        raise AssertionError("the server closed the connection")

    def set(self, key: str, **value: Any) -> float:
        """Change the widget of this key, e.g. ``string_value="relu"``; seconds until the page has answered."""
        began, state = time.perf_counter(), WidgetState(id=self.widget(key), **value)
        self.ask([state])
        if state.WhichOneof("value") not in TRIGGERS:
            self.states[state.id] = state
        self.wait(lambda finished: finished in WHOLE_PAGE or None)
        return time.perf_counter() - began

    def click(self, key: str) -> float:
        """Press the button of this key; seconds until the page has answered."""
        return self.set(key, trigger_value=True)

    # What it receives

    def wait(self, ask: Callable[[int | None], T | None], seconds: float | None = None) -> T:
        """Receive, and ask for fragments when they are due, until the answer is not None; return it.

        Parameters
        ----------
        ask : callable
            Called whenever a run of the page or a fragment has finished, with how it has (`ForwardMsg`).
        seconds : float, optional
            Default: for one answer.

        Raises
        ------
        TimeoutError
        """
        patience = self._seconds if seconds is None else seconds
        until = time.monotonic() + patience
        while (now := time.monotonic()) < until:
            free = self._asked + LOOK_PATIENCE
            for fragment, due in list(self.looks.items()):
                if max(due, free) <= now:
                    self.looks[fragment] = now + LOOK_PATIENCE
                    self.ask(fragment=fragment)
                    free = now + LOOK_PATIENCE  # one question at a time
            due = min([until, *(max(due, free) for due in self.looks.values())])
            try:
                received = self._take(max(0.0, due - now))
            except TimeoutError:
                continue
            if received.WhichOneof("type") == "script_finished":
                answer = ask(received.script_finished)
                if answer is not None:
                    return answer
        raise TimeoutError(f"no answer within {patience:.0f} s")

    def closed(self) -> bool:
        """Whether the server ends the connection."""
        try:
            for _ in self._receive():
                pass
        except TimeoutError:
            return False
        return True

    def widgets(self) -> dict[str, str]:
        """Kind of each widget on the page, by its id."""
        found = {}
        for delta in self.deltas.values():
            kind = delta.new_element.WhichOneof("type")
            widget = getattr(delta.new_element, kind) if kind else None
            if isinstance(widget, Message) and getattr(widget, "id", ""):
                found[widget.id] = str(kind)
        return found

    def widget(self, key: str) -> str:
        """Id of the widget with this key."""
        (found,) = (widget for widget in self.widgets() if widget.endswith(f"-{key}"))
        return found

    def component(self, name: str) -> dict[str, Any] | None:
        """What the component of this name was told last, if it is on the page."""
        for delta in self.deltas.values():
            if delta.new_element.bidi_component.component_name.endswith(f"bnn_{name}"):
                told: dict[str, Any] = json.loads(delta.new_element.bidi_component.json)
                return told
        return None

    def alerts(self) -> list[str]:
        """Text of each warning and error on the page."""
        return [d.new_element.alert.body for d in self.deltas.values() if d.new_element.HasField("alert")]

    def _receive(self) -> Iterator[ForwardMsg]:
        while True:
            try:
                yield self._take(self._seconds)
            except ConnectionClosed:
                return

    def _take(self, seconds: float) -> ForwardMsg:
        """Receive one message, and do with it what a browser does."""
        message = ForwardMsg()
        message.ParseFromString(self._socket.recv(seconds))  # type: ignore[arg-type]
        if message.WhichOneof("type") == "ref_hash":
            delta, _ = self._kept[message.ref_hash]
            self._kept[message.ref_hash] = delta, self._runs
            message.delta.CopyFrom(delta)
        kind = message.WhichOneof("type")
        if kind == "delta":
            self.deltas[tuple(message.metadata.delta_path)] = message.delta
            if message.metadata.cacheable:
                self._kept[message.hash] = message.delta, self._runs
            self._note_look(message.delta)
        elif kind == "new_session" and not message.metadata.run.fragment_ids:
            self.deltas.clear()
            self.looks.clear()
        if kind == "script_finished":
            self._asked = float("-inf")
        if kind == "script_finished" and message.script_finished in WHOLE_PAGE:
            self._runs += 1
            self._kept = {
                k: (delta, run) for k, (delta, run) in self._kept.items() if self._runs - run <= KEPT_RUNS
            }
        if kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        return message

    def _note_look(self, delta: Delta) -> None:
        """Note when a part of the page is due again, as `look.js` does."""
        component = delta.new_element.bidi_component
        if component.component_name.endswith("bnn_look"):
            every = json.loads(component.json)["every"]
            self.looks.pop(delta.fragment_id, None)
            if every is not None:
                self.looks[delta.fragment_id] = time.monotonic() + every


def texts(deltas: Sequence[Delta]) -> str:
    """Everything that is written on the page, exceptions too."""
    return "\n".join(str(delta) for delta in deltas)


def exceptions(deltas: Sequence[Delta]) -> list[str]:
    """Each exception on the page."""
    return [str(delta.new_element.exception) for delta in deltas if delta.new_element.HasField("exception")]
