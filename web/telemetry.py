"""What is known of each request once it is answered: a line of the log, counts and times for /metrics.

It stands in front of everything, kept tiles too, and learns the route and the kind of reader from Flask where the
request gets that far. Nothing else of a request is kept: no address, no query, no name.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, request

from web.errors import route
from web.identity import reader
from web.kept import PREFIX
from web.logs import REQUEST_ID, REQUESTS, words
from web.metrics import EXTENSION, Metrics

HEADER = "X-Request-Id"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ROUTE, _WHO = "atlas.route", "atlas.who"
KEPT = f"{PREFIX} (kept)"
_log = logging.getLogger(REQUESTS)


class Telemetry:
    """The WSGI application in front of `following`."""

    def __init__(self, following: WSGIApplication, metrics: Metrics) -> None:
        self._next = following
        self._metrics = metrics

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass the request on and write down how it was answered.

        The time is that until the answer begins; a stream goes on after it.
        """
        name = secrets.token_hex(8)
        began = time.perf_counter()
        status = 500  # nothing began to answer: an unknown fault that the server reports

        def begin(line: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            nonlocal status
            status = int(line[:3])
            return start(line, [*headers, (HEADER, name)], *more)

        token = REQUEST_ID.set(name)
        try:
            return self._next(environ, begin)
        finally:
            self._write(environ, status, time.perf_counter() - began)
            REQUEST_ID.reset(token)

    def _write(self, environ: WSGIEnvironment, status: int, took_s: float) -> None:
        method = environ["REQUEST_METHOD"]
        method = method if method in METHODS else "other"
        rule = environ.get(_ROUTE) or (KEPT if environ["PATH_INFO"].startswith(PREFIX) else "(no route)")
        self._metrics.answered(method, rule, status, took_s)
        if _log.isEnabledFor(logging.INFO):
            facts = {
                "method": method, "route": rule, "status": status, "ms": round(took_s * 1000, 1),
                "who": environ.get(_WHO) or "-",
            }  # fmt: skip
            _log.info(words((method, rule, status, f"{facts['ms']} ms", facts["who"])), extra={"facts": facts})


def _remember(response: Response) -> Response:
    request.environ[_ROUTE] = route()
    request.environ[_WHO] = reader().kind
    return response


def init_app(app: Flask) -> None:
    """Put the telemetry in front of `app`; after everything else that wraps it."""
    app.after_request(_remember)
    app.wsgi_app = Telemetry(app.wsgi_app, app.extensions[EXTENSION])  # type: ignore[method-assign]
