"""Tiles that were drawn before, answered ahead of Flask: a page asks for dozens, most of which others asked for.

A kept answer is handed out only while nothing that it was drawn from has changed, and only to callers that the
service answers at all and who are let in; each area has its own. Everything else goes the whole way.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response, g, request

from geo.area import Area
from geo.columns import Snapshot
from store.errors import StoreError
from web import identity
from web.permissions import VIEW
from web.security import answers_to
from web.service import revisions

if TYPE_CHECKING:
    from web.state import Atlas

PREFIX = "/tiles/heat/"
LIMIT_BYTES = 64 << 20
# Of one reader or of one moment; everything else of a kept answer holds for the next reader too.
OWN = frozenset({"date", "set-cookie"})

Key = tuple[str, str, Area | None]  # path, query, and the area of who asked


@dataclass(frozen=True)
class Kept:
    """An answer as it left, and what it was made from."""

    needs: Sequence[str]
    revisions: tuple[Any, ...]
    etag: str
    headers: list[tuple[str, str]]
    body: bytes


def keep(snapshot: Snapshot, needs: Sequence[str]) -> None:
    """Let the answer of the present request be handed out again while the layers `needs` stay as they are."""
    g.kept = (needs, revisions(snapshot, needs))


class KeptTiles:
    """The WSGI application in front of `app`; `remember` is told of every answer that leaves it."""

    def __init__(self, app: Flask, state: Atlas) -> None:
        self._next = app.wsgi_app
        self._state = state
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a kept tile, or pass the request on."""
        if environ["PATH_INFO"].startswith(PREFIX) and environ["REQUEST_METHOD"] == "GET":
            found = self._find(environ)
            if found is not None:
                if environ.get("HTTP_IF_NONE_MATCH") == found.etag:
                    start("304 Not Modified", [one for one in found.headers if one[0].lower() != "content-length"])
                    return [b""]
                start("200 OK", found.headers)
                return [found.body]
        return self._next(environ, start)

    def _find(self, environ: WSGIEnvironment) -> Kept | None:
        try:
            if not answers_to(environ, self._state):
                return None
            reader = identity.of_environ(environ, self._state)
            if reader is None or not reader.may(VIEW):
                return None
            key = (environ["PATH_INFO"], environ["QUERY_STRING"], reader.area)
            with self._lock:
                found = self._kept.get(key)
                if found is None:
                    return None
                self._kept.move_to_end(key)
            snapshot = self._state.scoped(reader.area)
        except StoreError:
            return None  # the whole way tells the reader what is wrong
        if revisions(snapshot, found.needs) == found.revisions:
            return found
        with self._lock:
            if self._kept.get(key) is found:  # else another request has kept a newer one
                del self._kept[key]
                self._bytes -= len(found.body)
        return None

    def remember(self, response: Response) -> Response:
        """Keep a whole answer that its view marked by `keep`; the last thing that is done to a response."""
        marked = g.get("kept")
        if marked is None or response.status_code != 200 or response.is_streamed:
            return response
        headers = [one for one in response.headers.to_wsgi_list() if one[0].lower() not in OWN]
        body = response.get_data()
        etag = response.headers["ETag"]
        made = Kept(*marked, etag, headers, body)
        key = (request.environ["PATH_INFO"], request.environ["QUERY_STRING"], identity.reader().area)
        with self._lock:
            old = self._kept.pop(key, None)
            self._bytes += len(body) - (len(old.body) if old is not None else 0)
            self._kept[key] = made
            while self._bytes > LIMIT_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1].body)
        return response


def init_app(app: Flask, state: Atlas) -> None:
    """Put the kept tiles in front of `app`; first of all, so that what they remember is what leaves."""
    kept = KeptTiles(app, state)
    app.wsgi_app = kept  # type: ignore[method-assign]
    app.after_request(kept.remember)
