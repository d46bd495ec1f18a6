"""Cached answers: computed once per revision and parameters, revalidated by ETag."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from typing import Any

from flask import Response, request

from web.jsonio import dumps
from web.state import atlas

JSON = "application/json"


def reply(body: bytes, mimetype: str, *, etag: str | None = None, max_age: int = 0) -> Response:
    """Return `body` with an ETag of its content, or 304 when the browser has it."""
    response = Response(body, mimetype=mimetype)
    response.set_etag(etag or hashlib.blake2b(body, digest_size=12).hexdigest())
    response.headers["Cache-Control"] = f"private, max-age={max_age}" if max_age else "private, no-cache"
    return response.make_conditional(request)  # type: ignore[return-value]


def cached(
    key: Hashable, make: Callable[[], bytes], mimetype: str, *, max_age: int = 0, everybodys: bool = False
) -> Response:
    """Return the body of `key`, made once and shared by every reader of the same area.

    Parameters
    ----------
    key
        Everything the body depends on: the revisions of what it reads, the parameters, the language.
    make
        Returns the body.
    everybodys
        Readers of all areas are answered alike: nothing but the base map is read.
    """

    def made() -> tuple[bytes, str]:
        body = make()
        return body, hashlib.blake2b(body, digest_size=12).hexdigest()

    kept = atlas().shared_cache if everybodys else atlas().cache
    body, etag = kept.get(("reply", mimetype, key), made)
    return reply(body, mimetype, etag=etag, max_age=max_age)


def cached_json(key: Hashable, make: Callable[[], Any]) -> Response:
    """Return the JSON of `key`."""
    return cached(key, lambda: dumps(make()).encode(), JSON)


def fresh_json(value: Any, status: int = 200) -> Response:
    """Return JSON that must not be kept: the state of a job, a token."""
    response = Response(dumps(value), status=status, mimetype=JSON)
    response.headers["Cache-Control"] = "no-store"
    return response
