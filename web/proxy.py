"""Reverse proxies: what they say about a request is believed where ATLAS_PROXY names them, and from nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix


class NamedProxies:
    """The WSGI application in front of `following`.

    A named proxy's X-Forwarded-For (its last entry), -Proto and -Host become those of the request. What any other
    caller sends under these names changes nothing.
    """

    def __init__(self, following: WSGIApplication, named: tuple[str, ...]) -> None:
        self._next = following
        self._named = frozenset(named)
        self._believed = ProxyFix(following, x_for=1, x_proto=1, x_host=1)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a request on, as its proxy tells of it."""
        if _plain(environ.get("REMOTE_ADDR", "")) in self._named:
            return self._believed(environ, start)
        return self._next(environ, start)


def _plain(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)


def init_app(app: Flask, named: tuple[str, ...]) -> None:
    """Put what is known of proxies in front of everything."""
    if named:
        app.wsgi_app = NamedProxies(app.wsgi_app, named)  # type: ignore[method-assign]
