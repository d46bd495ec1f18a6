"""Slow and oversized requests to the real server: they cost no thread, and end."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import free_port
from web import guarded

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
worker_class = "tests.web.slow.Hasty"
workers, threads, keepalive, limit_request_fields = 1, 2, 5, 64
control_socket_disable = True
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server with two threads."""
    config = tmp_path_factory.mktemp("slow") / "conf.py"
    number = free_port()
    config.write_text(f'{CONFIG}bind = "127.0.0.1:{number}"\nchdir = {str(ROOT)!r}\n')
    command = [sys.executable, "-m", "gunicorn", "-c", str(config), "tests.web.slow:app"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        for _ in range(1200):
            try:
                socket.create_connection(("127.0.0.1", number), 1).close()
                break
            except ConnectionError:
                time.sleep(0.05)
        yield number
    finally:
        process.terminate()
        process.communicate(timeout=30)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 30)


def answer(port: int, body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST" if body else "GET", "/", body or None)
    found = connection.getresponse()
    told = found.status, found.read()
    connection.close()
    return told


def rest(sock: socket.socket) -> bytes:
    """Return what the server sends until it closes the connection."""
    parts = []
    try:
        while part := sock.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        parts.append(b"")
    sock.close()
    return b"".join(parts)


def test_heads_that_never_end_hold_no_thread_and_are_closed(port: int) -> None:
    slow = [connect(port) for _ in range(20)]
    for sock in slow:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    assert answer(port) == (200, b"0")
    assert [rest(sock) for sock in slow] == [b""] * 20


def test_silent_connections_are_closed_too(port: int) -> None:
    slow = [connect(port) for _ in range(20)]
    assert answer(port) == (200, b"0")
    assert [rest(sock) for sock in slow] == [b""] * 20


def test_a_head_in_slices_is_answered(port: int) -> None:
    sock = connect(port)
    for part in (b"GET / HT", b"TP/1.1\r\nHo", b"st: x\r\nConnection: close\r\n", b"\r\n"):
        sock.sendall(part)
        time.sleep(0.05)
    assert rest(sock).endswith(b"\r\n0\r\n\r\n")


def test_a_second_head_behind_the_first_is_not_waited_for_either(port: int) -> None:
    slow = [connect(port) for _ in range(6)]
    for sock in slow:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHo")
    assert answer(port) == (200, b"0")
    for sock in slow:
        assert rest(sock).count(b"HTTP/1.1 ") == 1


def test_a_body_that_does_not_come_is_given_up(port: int) -> None:
    slow = [connect(port) for _ in range(4)]
    for sock in slow:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    assert answer(port) == (200, b"0")  # once the first ones have been cut off
    for sock in slow:
        said = rest(sock)
        assert said == b"" or said.split()[1] in (b"200", b"400", b"500")


def test_a_body_in_time_is_read_whole(port: int) -> None:
    assert answer(port, b"x" * 300_000) == (200, b"300000")


def test_a_kept_connection_is_answered_again(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(3):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"0"
    connection.sock.sendall(b"GET / HT")  # type: ignore[union-attr]
    assert rest(connection.sock) == b""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("head", "status"),
    [(b"X-Long: " + b"x" * guarded.HEAD_BYTES, b"431"), (b"".join(b"X-%d: 1\r\n" % n for n in range(70)), b"400")],
    ids=["bytes", "fields"],
)
def test_a_head_too_large_is_refused(port: int, head: bytes, status: bytes) -> None:
    sock = connect(port)
    sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
    assert rest(sock).split()[1:2] in ([status], [b"431"])
    assert answer(port) == (200, b"0")


@pytest.mark.parametrize(
    "bad",
    [b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\n", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET\r\n\r\n",
     b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n"],
)  # fmt: skip
def test_requests_that_two_readers_could_read_in_two_ways_are_refused(port: int, bad: bytes) -> None:
    sock = connect(port)
    sock.sendall(bad)
    sock.shutdown(socket.SHUT_WR)
    said = rest(sock)
    assert said == b"" or said.split()[1] in (b"400", b"500", b"501")
    assert said.count(b"HTTP/1.1 ") <= 1
