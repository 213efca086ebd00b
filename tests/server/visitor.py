"""A browser's half of Streamlit's protocol, so that a test can send what no browser would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

SECONDS = 60.0  # for one answer


class Visitor:
    """One session, for as long as its context lasts.

    Parameters
    ----------
    port : int
    query : str
        Of the address, without its question mark.
    page : str
        URL path of the page; "" is the default one.
    """

    def __init__(self, port: int, query: str = "", page: str = "") -> None:
        self._host = f"127.0.0.1:{port}"
        self.query, self.page = query, page
        self.deltas: dict[tuple[int, ...], Delta] = {}

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        connection = connect(
            f"ws://{self._host}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            origin=f"http://{self._host}",  # type: ignore[arg-type]
            max_size=None,
        )
        self._socket = self._stack.enter_context(connection)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stack.close()

    def send(self, message: BackMsg | bytes) -> None:
        content = message.SerializeToString() if isinstance(message, BackMsg) else message
        self._socket.send(content)

    def run(self, states: Sequence[WidgetState] = ()) -> list[Delta]:
        """Have the page run with these states of its widgets; what it sent until it had finished."""
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = self.page
        message.rerun_script.widget_states.widgets.extend(states)
        self.send(message)
        deltas = []
        for received in self._receive():
            if received.WhichOneof("type") == "delta":
                deltas.append(received.delta)
                self.deltas[tuple(received.metadata.delta_path)] = received.delta
            elif received.WhichOneof("type") == "script_finished":
                return deltas
        raise AssertionError("the server closed the connection")

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

    def _receive(self) -> Iterator[ForwardMsg]:
        while True:
            try:
                content = self._socket.recv(SECONDS)
            except ConnectionClosed:
                return
            message = ForwardMsg()
            message.ParseFromString(content)  # type: ignore[arg-type]
            yield message


def texts(deltas: Sequence[Delta]) -> str:
    """Everything that is written on the page, exceptions too."""
    return "\n".join(str(delta) for delta in deltas)


def exceptions(deltas: Sequence[Delta]) -> list[str]:
    return [str(delta.new_element.exception) for delta in deltas if delta.new_element.HasField("exception")]
