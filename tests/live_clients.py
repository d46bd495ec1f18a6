"""Pages and senders without a browser: many streams read by one thread, programs that post at a steady rate."""

from __future__ import annotations

import http.client
import json
import re
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

_SEQ = re.compile(rb"^id: (\d+)\r?$", re.MULTILINE)


class Page:
    """One open stream; comes back with `Last-Event-ID` when the line is cut, as a browser does."""

    def __init__(self, port: int, cursor: int) -> None:
        self.port, self.cursor = port, cursor
        self.arrived: list[tuple[int, float]] = []
        self.wire: socket.socket | None = None
        self.refused = 0
        self._raw = b""
        self._body = b""
        self._open = False

    def connect(self) -> bool:
        """Open the stream; False where nobody listens (yet)."""
        self._raw, self._body, self._open = b"", b"", False
        ask = f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nLast-Event-ID: {self.cursor}\r\n\r\n"
        try:
            self.wire = socket.create_connection(("127.0.0.1", self.port), timeout=5)
            self.wire.sendall(ask.encode())
        except OSError:  # who listened may have been killed in between, too
            return False
        self.wire.setblocking(False)
        return True

    def read(self) -> bool:
        """Take what has come; return whether the line is still open."""
        assert self.wire is not None
        try:
            part = self.wire.recv(1 << 16)
        except (ConnectionError, TimeoutError):
            return False
        if not part:
            return False
        now = time.perf_counter()
        self._raw += part
        if not self._open:
            head, found, rest = self._raw.partition(b"\r\n\r\n")
            if not found:
                return True
            if not head.startswith(b"HTTP/1.1 200"):
                self.refused += 1
                return False
            self._open, self._raw = True, rest
        self._unpack()
        done = self._body.rfind(b"\n\n")
        for seq in _SEQ.findall(self._body[: done + 1]) if done >= 0 else ():
            self.cursor = int(seq)
            self.arrived.append((self.cursor, now))
        self._body = self._body[done + 2 :] if done >= 0 else self._body
        return True

    def _unpack(self) -> None:
        """Move whole chunks of the transfer coding from the raw bytes to the body."""
        while True:
            size, found, rest = self._raw.partition(b"\r\n")
            if not found:
                return
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            self._body += rest[:length]
            self._raw = rest[length + 2 :]


class Crowd:
    """Many pages, read by one thread until `close`."""

    def __init__(self, port: int, count: int, cursor: int = 0) -> None:
        self.pages = [Page(port, cursor) for _ in range(count)]
        self._selector = selectors.DefaultSelector()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        away = list(self.pages)
        while not self._stopped:
            for page in tuple(away):
                if page.connect():
                    away.remove(page)
                    self._selector.register(page.wire, selectors.EVENT_READ, page)  # type: ignore[arg-type]
            if not self._selector.get_map():
                time.sleep(0.05)
                continue
            for key, _ in self._selector.select(timeout=0.05):
                if not key.data.read():
                    self._selector.unregister(key.fileobj)
                    key.data.wire.close()
                    away.append(key.data)

    def wait(self, last: int, patience_s: float) -> None:
        """Wait until every page has `last`, or patience ends."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline and any(page.cursor < last for page in self.pages):
            time.sleep(0.05)

    def close(self) -> None:
        self._stopped = True
        self._thread.join(timeout=10)
        for page in self.pages:
            if page.wire is not None:
                page.wire.close()


class Sender(threading.Thread):
    """A program that posts incidents one after the other and notes which were acknowledged.

    `gap_s` between two, none is sent twice unless no answer came: then the same again, as the guide tells senders to.
    """

    def __init__(
        self, port: int, token: str, name: str, make: Callable[[str], dict[str, Any]], gap_s: float, count: int
    ) -> None:
        super().__init__(daemon=True)
        self.port, self.token, self.prefix, self.make, self.gap_s, self.count = port, token, name, make, gap_s, count
        self.sent: dict[int, float] = {}  # seq -> when it was first sent
        self.acknowledged: dict[str, int] = {}  # id -> seq
        self.repeated = 0
        self.took: list[float] = []
        self.stop = False

    def run(self) -> None:
        began = time.perf_counter()
        line = self._line()
        for number in range(self.count):
            name = f"{self.prefix}-{number}"
            body = json.dumps(self.make(name))
            time.sleep(max(0.0, began + number * self.gap_s - time.perf_counter()))
            first = time.perf_counter()
            while name not in self.acknowledged and not self.stop:
                try:
                    self._post(line, name, body, first)
                except (OSError, http.client.HTTPException, ValueError):
                    line.close()
                    line = self._line()
                if name not in self.acknowledged:
                    self.repeated += 1
                    time.sleep(0.1)
            if self.stop:
                break
        line.close()

    def _line(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def _post(self, line: http.client.HTTPConnection, name: str, body: str, first: float) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        line.request("POST", "/api/incidents", body, headers)
        answer = line.getresponse()
        found = json.loads(answer.read())
        if answer.status in (200, 201):
            self.acknowledged[name] = found["seq"]
            self.sent[found["seq"]] = first
            self.took.append(time.perf_counter() - first)
        elif answer.status != 503:
            raise RuntimeError(f"{answer.status}: {found}")
