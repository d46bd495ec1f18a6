"""The connections of open pages: written to without a thread for each, and seen to end.

A page that follows a stream never sends anything, so what can be read on its connection is its end.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

TAKES_S = 60  # for a page to take any byte


class Wire:
    """A connection whose answer has begun and goes on without the thread that began it; nothing waits for its page.

    Parameters
    ----------
    connection
        It no longer blocks from here on.
    chunked
        Whether the answer is sent in chunks (HTTP/1.1) or ends with the connection (HTTP/1.0).
    done
        Called once when nothing more is written: whoever accepted the connection closes it.
    """

    def __init__(self, connection: socket.socket, chunked: bool, done: Callable[[], None]) -> None:
        connection.setblocking(False)
        self._connection, self._chunked, self._done = connection, chunked, done
        self._left = b""
        self._took = time.monotonic()

    def send(self, part: bytes = b"") -> bool:
        """Write `part` after what is left of earlier ones; return whether the page's machine has taken all.

        Raises
        ------
        OSError
            The page has gone, or took nothing for `TAKES_S`.
        """
        if part:
            if not self._left:
                self._took = time.monotonic()
            self._left += b"%x\r\n%b\r\n" % (len(part), part) if self._chunked else part
        while self._left:
            try:
                taken = self._connection.send(self._left)
            except BlockingIOError:
                if time.monotonic() > self._took + TAKES_S:
                    raise TimeoutError from None
                return False
            self._left = self._left[taken:]
            self._took = time.monotonic()
        return True

    def end(self) -> None:
        """Say that nothing more comes, if the page can be told, and let the connection go."""
        try:
            if self._chunked and self.send():
                self._connection.send(b"0\r\n\r\n")
        except OSError:
            pass  # it has gone: nobody is left to be told
        finally:
            self._done()


class Parked(BaseException):
    """Raised to the server by an answer that goes on without its thread; for no handler of errors, as it is none.

    Attributes
    ----------
    settle
        To be called with what closes the connection, once the server no longer writes to it.
    """

    def __init__(self, settle: Callable[[Callable[[], None]], None]) -> None:
        super().__init__()
        self.settle = settle


class Wired(Protocol):
    """What has a connection, or has not."""

    wire: socket.socket | None


W = TypeVar("W", bound=Wired)


def gone(streams: Iterable[W]) -> list[W]:
    """Return those of `streams` whose other side has gone; nothing waits and nothing is taken from them."""
    wires = {one.wire.fileno(): one for one in streams if one.wire is not None}
    wires.pop(-1, None)
    poll = select.poll()
    for number in wires:
        poll.register(number, select.POLLIN | select.POLLHUP | select.POLLERR)
    return [wires[number] for number, _ in (poll.poll(0) if wires else ()) if _ended(wires[number].wire)]


def _ended(wire: socket.socket | None) -> bool:
    try:
        return wire is None or wire.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
