"""A server in a thread of this process, on a free port of the loopback interface."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

import uvicorn

from packaging_targets.adapters.http.listening import config_of


class Server:
    """Runs an ASGI application while it is entered: `with Server(make_app(host)) as server: ask(server.url)`."""

    def __init__(self, app: Any, **options: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._server = uvicorn.Server(config_of(app, "127.0.0.1", self.port, **options))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        end = time.monotonic() + 10
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            assert time.monotonic() < end, "the server did not start in time"
            time.sleep(0.002)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, once requests that are under way are answered."""
        if self._thread.ident is None or not self._thread.is_alive():
            return
        self._server.should_exit = True
        self._thread.join(15)
        self._socket.close()
        assert not self._thread.is_alive(), "the server did not stop"

    def connect(self, timeout: float = 5) -> socket.socket:
        """Open a connection, for bytes that no client would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def raw(self, data: bytes, timeout: float = 5) -> bytes:
        """Send bytes, and return all that comes until the server closes, or nothing comes for `timeout` seconds."""
        with self.connect(timeout) as connection:
            connection.sendall(data)
            return received(connection)


def received(connection: socket.socket) -> bytes:
    """Return all that comes on a connection until its other end closes it, or nothing comes in its time."""
    found = b""
    try:
        while piece := connection.recv(1 << 16):
            found += piece
    except (TimeoutError, ConnectionResetError):
        pass
    return found
