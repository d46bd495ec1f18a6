"""What the tests of slow senders serve: an application of two threads, and a worker that waits shortly."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from web.guarded import GuardedWorker


class Hasty(GuardedWorker):
    head_s, body_s = 2.0, 2.0


def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer how long the body was."""
    length = len(environ["wsgi.input"].read())
    start("200 OK", [("Content-Type", "text/plain")])
    return [str(length).encode()]
