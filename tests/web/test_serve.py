"""Where the server listens, that it refuses to be open, and that it stops gracefully."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from settings import Settings, from_env
from store.store import Store
from tests.serving import PATIENCE_S, free_port
from web import serve

ROOT = Path(__file__).resolve().parents[2]


def start(tmp_path: Path, *command: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "ATLAS_STORE": str(tmp_path / "atlas.gpkg"), **environment},
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        ("app.py",),
        ("-m", "web.serve"),
        ("-m", "web.serve", "--check"),
        ("-m", "gunicorn", "-c", "web/gunicorn_conf.py", "app:create_app()"),
        ("-m", "flask", "run", "--port", "0"),
    ],
    ids=" ".join,
)
def test_an_open_address_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    host = ("--host", "0.0.0.0") if "run" in command else ()
    process = start(tmp_path, *command, *host, ATLAS_HOST="0.0.0.0", ATLAS_PORT="0")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "0.0.0.0" in output and "accounts" in output and "Traceback" not in output


def test_other_machines_are_served_behind_an_administrator_by_a_known_address(tmp_path: Path) -> None:
    def check(**environment: str) -> tuple[int, str]:
        process = start(tmp_path, "-m", "web.serve", "--check", ATLAS_HOST="0.0.0.0", **environment)
        return process.wait(60), process.communicate()[0]

    origin = {"ATLAS_ORIGIN": "https://map.city.example"}
    assert check(**origin)[0] == 2, "an address alone opens nothing"
    with Store.open(tmp_path / "atlas.gpkg") as store:
        made = store.add_account("Control room", ["administrator"])
        status, said = check()
        assert status == 2 and "ATLAS_ORIGIN" in said
        assert check(**origin) == (0, "")
        store.add_account("Second", ["administrator"])
        store.set_state(made.id, "disabled")
        assert check(**origin) == (0, "")


def test_a_start_prints_the_link_while_there_are_no_accounts(tmp_path: Path) -> None:
    settings = Settings(store=str(tmp_path / "atlas.gpkg"), port=5123, origin="http://map.city.example")
    said = serve.first_link(settings)
    (secret,) = re.findall(r"http://127\.0\.0\.1:5123/first\?link=(\S+)", said)
    with Store.open(settings.store) as store:
        assert store.link_of(secret).kind == "first"
        store.add_account("Control room", ["administrator"])
    assert "first?link" not in serve.first_link(settings)
    assert "unencrypted" in serve.first_link(settings)
    assert serve.first_link(replace(settings, origin="https://map.city.example")) == ""


def test_gunicorn_s_own_bind_is_checked_too(tmp_path: Path) -> None:
    process = start(tmp_path, "-m", "gunicorn", "-c", "web/gunicorn_conf.py", "-b", "0.0.0.0:0", "app:create_app()")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "accounts" in output


@pytest.mark.parametrize(
    "environment",
    [{"ATLAS_PORT": "many"}, {"ATLAS_PORT": "99999"}, {"ATLAS_LANG": "fr"}, {"ATLAS_THREADS": "0"}],
    ids=lambda value: str(value),
)
def test_a_bad_setting_is_a_sentence(tmp_path: Path, environment: dict[str, str]) -> None:
    process = start(tmp_path, "-m", "web.serve", "--check", **environment)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert next(iter(environment)) in output and "Traceback" not in output


def test_check_says_yes_and_starts_nothing(tmp_path: Path) -> None:
    process = start(tmp_path, "-m", "web.serve", "--check")
    assert (process.communicate(timeout=60)[0], process.returncode) == ("", 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1:5000"), ("localhost", "localhost:5000"), ("::1", "[::1]:5000"), ("[::1]", "[::1]:5000")],
)
def test_the_address_is_what_was_set(host: str, address: str) -> None:
    assert serve.bind_address(Settings(host=host)) == address


def test_settings_lie_beside_their_store(tmp_path: Path) -> None:
    assert from_env({"ATLAS_STORE": str(tmp_path / "a" / "x.gpkg")}).instance == tmp_path / "a"
    assert from_env({}).instance == from_env({"ATLAS_STORE": "postgresql://host/db"}).instance == ROOT / "instance"


def test_what_is_set_for_the_memory_can_be_set_otherwise() -> None:
    assert serve.environment({"A": "1"}) == {"A": "1", "MALLOC_ARENA_MAX": "2"}
    assert serve.environment({"MALLOC_ARENA_MAX": "8"}) == {"MALLOC_ARENA_MAX": "8"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    process = start(tmp_path, "-m", "web.serve", ATLAS_PORT=str(port))
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request("GET", "/healthz")
                assert connection.getresponse().status == 200
            break
        except ConnectionRefusedError:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
    yield process, port
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_stop_lets_a_running_request_finish(server: tuple[subprocess.Popen[str], int]) -> None:
    process, port = server
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/api/csrf")
    answer = connection.getresponse()
    token, cookie = json.loads(answer.read())["token"], str(answer.headers["Set-Cookie"]).partition(";")[0]
    connection.close()
    body = (
        b"--x\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\n" + b"a,b\r\n" * 1000 + b"--x--\r\n"
    )
    head = (
        f"POST /api/uploads HTTP/1.1\r\nHost: localhost\r\nX-CSRF-Token: {token}\r\nCookie: {cookie}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
        slow.sendall(head.encode() + body[:2000])
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as later:
            later.request("GET", "/healthz")  # who is answered came after the slow one was let in
            assert later.getresponse().status == 200
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert process.poll() is None
        slow.sendall(body[2000:])
        found = b""
        while chunk := slow.recv(65536):
            found += chunk
    assert found.startswith((b"HTTP/1.1 201", b"HTTP/1.1 422"))
    assert process.wait(30) == 0


def test_many_requests_at_once(server: tuple[subprocess.Popen[str], int]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    _, port = server

    def ask(path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    paths = ["/command", "/api/status", "/api/layers/density", "/tiles/base/3/4/2.png", "/api/cameras"] * 8
    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, paths)) == {200}
