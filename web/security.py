"""What every request must pass and every response must carry."""

from __future__ import annotations

import hmac
import os
import secrets
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer

from geo.errors import N_
from web import bearer
from web.errors import RequestError
from web.serve import is_loopback
from web.state import atlas

CSRF_COOKIE = "atlas_csrf"
CSRF_HEADER = "X-CSRF-Token"
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; style-src-elem 'self' 'nonce-{nonce}'; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
    "object-src 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}


def nonce() -> str:
    """Return the nonce of this response's own scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    return str(g.csp_nonce)


def read_secret(instance: Path) -> bytes:
    """Return the secret of this installation, made once, readable by this user only."""
    path = instance / "secret"
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        instance.mkdir(parents=True, exist_ok=True)
        # Written aside and linked, so that a second process never reads half a secret; the first one wins.
        aside = instance / f".secret-{secrets.token_hex(8)}"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, secrets.token_hex(32).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(aside, path)
        except FileExistsError:
            current_app.logger.info("another process made the secret first")
        finally:
            aside.unlink()
        found = path.read_bytes()
    if len(found) < 32:
        raise RequestError(
            500,
            "secret",
            N_("The secret of this service is damaged."),
            N_("Stop the service, delete the file `secret` of the instance folder, and start again."),
        )
    return found


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(read_secret(atlas().settings.instance), salt="gridatlas-csrf")


def csrf_token() -> str:
    """Return the token that changing requests of this browser must send; sets its cookie when it has none."""
    session = request.cookies.get(CSRF_COOKIE) or g.get("csrf_session")
    if not session or len(session) > 100:
        session = secrets.token_urlsafe(24)
    g.csrf_session = session
    return str(_serializer().dumps(session))


def _same_origin() -> None:
    """Refuse a changing request that another site's page sent (each check works where the other is absent)."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site not in (None, "same-origin"):
        raise RequestError(
            403,
            "cross_site",
            N_("The request came from another site."),
            N_("Open GridAtlas itself and repeat it there."),
        )
    if origin is not None:
        parts = urlsplit(origin)
        if (parts.scheme, parts.netloc) != (request.scheme, request.host):
            raise RequestError(
                403,
                "cross_origin",
                N_("The request came from another origin."),
                N_("Open GridAtlas itself and repeat it there."),
            )


def _csrf() -> None:
    token, session = request.headers.get(CSRF_HEADER), request.cookies.get(CSRF_COOKIE)
    remedy = N_("Reload the page and try again. A script gets a token from /api/csrf.")
    if not token or not session:
        raise RequestError(403, "csrf_missing", N_("The request carries no safety token."), remedy)
    try:
        signed = _serializer().loads(token)
    except BadSignature:
        signed = None
    if not isinstance(signed, str) or not hmac.compare_digest(signed.encode(), session.encode()):
        raise RequestError(403, "csrf_wrong", N_("The safety token of the request is wrong."), remedy)


def check_request() -> None:
    """Refuse foreign hosts (DNS rebinding), callers from other machines, and forged changes."""
    # A bracketed IPv6 host keeps its brackets; a port may follow either.
    host = request.environ.get("HTTP_HOST", "")
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = ""
    if not is_loopback(name):
        raise RequestError(
            400,
            "host",
            N_("This service does not answer to the host name of the request."),
            N_("Use http://127.0.0.1 or http://localhost with the port of the service."),
        )
    caller = request.remote_addr
    if caller and not is_loopback(caller):
        raise RequestError(
            403,
            "not_local",
            N_("The request came from another machine."),
            N_("Until GridAtlas has accounts it serves the machine it runs on."),
        )
    # What a token opens is not opened by a browser's session: there is nothing to forge.
    if request.method in CHANGING and request.endpoint not in bearer.ENDPOINTS:
        _same_origin()
        _csrf()


def finish_response(response: Response) -> Response:
    """Put the safety headers and the token's cookie on a response."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if atlas().settings.csp:
        response.headers["Content-Security-Policy"] = POLICY.format(nonce=nonce())
    if "csrf_session" in g and request.cookies.get(CSRF_COOKIE) != g.csrf_session:
        response.set_cookie(CSRF_COOKIE, g.csrf_session, httponly=True, samesite="Strict", path="/")
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    if response.status_code == HTTPStatus.NOT_MODIFIED and response.direct_passthrough:
        # Werkzeug opens the file before it finds that it is not wanted, and then leaves it open.
        response.response.close()  # type: ignore[union-attr]
    return response


def init_app(app: Flask) -> None:
    """Register the checks first and the headers last; templates get `csp_nonce()` and `csrf_token()`."""
    app.before_request(check_request)
    app.after_request(finish_response)
    app.jinja_env.globals.update(csp_nonce=nonce, csrf_token=csrf_token)
