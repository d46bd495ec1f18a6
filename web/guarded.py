"""gunicorn's threaded worker, made patient without paying for it: a slow sender holds no thread.

As it comes, a thread reads a request's head from the socket and waits for it without end, so that as many slow senders
as there are threads stop the service. Here a connection gets its thread when the whole head has arrived; until then it
costs one socket, for `HEAD_S` at most. A body that comes too slowly is cut off, and so is a reader that takes nothing.
An answer that goes on for hours (`web.live_stream`) gives its thread back and keeps its connection.
"""

from __future__ import annotations

import contextlib
import socket
import time
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from web.wires import TAKES_S, Parked

HEAD_S = 10.0  # for the whole head of a request, however it is sliced
HEAD_BYTES = 48 << 10  # all headers together; a page's own take 2 KiB
BODY_S, BODY_BYTES_S = 30.0, 16 << 10  # a body may take this long, and longer at this rate
NOTIFY_S = 1.0  # between two signs of life; the master waits far longer
LOOK_S = 0.25  # between two looks at a head that has begun
PARKED = object()  # what the thread of an answer returns that goes on without it
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class GuardedWorker(ThreadWorker):  # type: ignore[misc]
    """Takes connections in, and hands those to a thread that have something whole to say."""

    head_s, body_s = HEAD_S, BODY_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begun: dict[TConn, float] = {}  # part of a head is here; when to look again
        self._reading: dict[TConn, float] = {}  # in a thread that may still read; until when
        self._told = 0.0

    def notify(self) -> None:
        """Say that this process lives: once a second, which the loop goes round for every connection's sake."""
        if time.monotonic() >= self._told + NOTIFY_S:
            self._told = time.monotonic()
            super().notify()

    def accept(self, listener: socket.socket) -> None:
        """Take a connection in; its thread comes later."""
        try:
            client, address = listener.accept()
        except OSError:
            return  # gone again, or another process was faster
        with contextlib.suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TAKES_S * 1000)
        self.nr_conns += 1
        conn = TConn(self.cfg, client, address, listener.getsockname())
        self._await_head(conn)

    def _await_head(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.head_s
        self.pending_conns.append(conn)
        self._watch(conn)

    def _watch(self, conn: TConn) -> None:
        self.poller.register(conn.sock, 1, partial(self.on_pending_socket_readable, conn))  # 1: EVENT_READ

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Look at what has arrived: a whole head gets a thread, a part waits on."""
        found = self._look(conn)
        if found == "whole":
            super().on_pending_socket_readable(conn, client)
        elif found == "part":
            # Its bytes stay in the socket, which would be readable again and again: look after a while.
            self.poller.unregister(client)
            self._begun[conn] = time.monotonic() + LOOK_S
        else:
            with contextlib.suppress(OSError):
                client.send(TOO_LARGE)
            conn.timeout = 0.0
            self.pending_conns.remove(conn)
            self.pending_conns.appendleft(conn)  # the first to be closed

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Treat the next request of a kept connection as the first one."""
        if self._look(conn) == "whole":
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_head(conn)

    def _look(self, conn: TConn) -> str:
        try:
            head = conn.sock.recv(HEAD_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return "part"
        except OSError:
            return "whole"  # broken: the thread finds out and closes it
        if not head or b"\r\n\r\n" in head:
            return "whole"
        return "too large" if len(head) >= HEAD_BYTES else "part"

    def murder_pending(self) -> None:
        """Close what was too slow; called each time round the loop."""
        now = time.monotonic()
        super().murder_pending()
        for conn, when in list(self._begun.items()):
            if conn.timeout <= now:  # closed just now
                del self._begun[conn]
            elif when <= now:
                del self._begun[conn]
                self._watch(conn)
        for conn, until in list(self._reading.items()):
            if until <= now:
                self._reading.pop(conn, None)
                # What is read already is not touched, nor is the answer.
                with contextlib.suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)

    def handle(self, conn: TConn) -> Any:
        """Let a thread read and answer; a head that a client sent behind another is waited for as long as the first."""
        self._reading[conn] = time.monotonic() + self.head_s
        try:
            return super().handle(conn)
        except Parked as parked:
            parked.settle(partial(self.method_queue.defer, self._unpark, conn))
            return PARKED
        finally:
            self._reading.pop(conn, None)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """Leave the connection of an answer that goes on to whoever writes it."""
        if fs.cancelled() or fs.exception() is not None or fs.result() is not PARKED:
            super().finish_request(conn, fs)

    def _unpark(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Give the body its time once the head is read; a request without one is left alone."""
        size = next((text for name, text in req.headers if name == "CONTENT-LENGTH"), "")
        chunked = any(name == "TRANSFER-ENCODING" for name, _ in req.headers)
        if chunked or (size.isdecimal() and int(size)):
            self._reading[conn] = time.monotonic() + self.body_s + (int(size or 0) / BODY_BYTES_S)
        else:
            self._reading.pop(conn, None)
        return super().handle_request(req, conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for events, shortly while a head is on its way."""
        super().wait_for_and_dispatch_events(LOOK_S if self._begun else timeout)
