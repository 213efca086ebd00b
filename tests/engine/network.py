"""The network between a web process and its scheduler, as a proxy: it can be cut, and it can stand still."""

from __future__ import annotations

import contextlib
import socket
import threading


class Wire:
    """A TCP proxy on loopback.

    Parameters
    ----------
    target : int
        Port that it leads to.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._whole, self._flows = threading.Event(), threading.Event()
        self._whole.set()
        self._flows.set()
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads.append(threading.Thread(target=self._accept, daemon=True))
        self._threads[0].start()

    def cut(self) -> None:
        """End all connections; new ones are refused."""
        self._whole.clear()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Take connections again."""
        self._whole.set()

    def freeze(self) -> None:
        """Let nothing through, and tell nobody."""
        self._flows.clear()

    def thaw(self) -> None:
        """Let everything through that was held up."""
        self._flows.set()

    def close(self) -> None:
        """End it."""
        self.thaw()
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # or its thread would wait on
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                if not self._whole.is_set():
                    raise ConnectionRefusedError
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            self._ends += [near, far]
            self._threads.append(threading.Thread(target=self._join, args=(near, far), daemon=True))
            self._threads[-1].start()

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        with near, far:
            back = threading.Thread(target=self._carry, args=(far, near), daemon=True)
            back.start()
            self._carry(near, far)
            back.join()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(1 << 16):
                self._flows.wait()
                sink.sendall(content)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
