"""What every request must pass and every response must carry."""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import ExitStack, suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit
from wsgiref.types import WSGIEnvironment

from flask import Flask, Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.routing import IntegerConverter

from geo.errors import N_
from store.actor import SERVICE, Actor, acting
from store.errors import StoreError
from web import bearer, identity, limits
from web.errors import RequestError, SignInError
from web.permissions import NEEDS, OPEN
from web.serve import is_loopback
from web.state import Atlas, atlas

CSRF_COOKIE = "atlas_csrf"
CSRF_HEADER = "X-CSRF-Token"
# Pages that send plain forms: their token comes as a field. Everything else sends the header.
FORMS = frozenset(name for name in NEEDS if name.startswith(("sign_in.", "my_account.", "accounts.", "oidc.")))
# What a page asks for by itself; it does not keep a session that nobody uses.
BY_ITSELF = frozenset({"api_layers.status", "api_live.since", "api_live.stream"})
NOT_LOCAL = (
    N_("The request came from another machine."),
    N_("GridAtlas serves the machine it runs on until it has accounts and ATLAS_ORIGIN names its address."),
)
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


def csrf_cookie() -> str:
    """Return the name of the cookie that safety tokens of browsers without a session are bound to."""
    return f"__Host-{CSRF_COOKIE}" if atlas().settings.secure else CSRF_COOKIE


def csrf_token() -> str:
    """Return the token that changing requests of this browser must send.

    It is bound to the session, so that it ends with it. Before anybody has signed in it is bound to a cookie of its
    own, which the answer then sets.
    """
    found = identity.session()
    if found is not None:
        return str(_serializer().dumps(found.digest.hex()))
    bound = request.cookies.get(csrf_cookie()) or g.get("csrf_bound")
    if not bound or len(bound) > 60:  # shorter than what a session's token holds
        bound = secrets.token_urlsafe(24)
    g.csrf_bound = bound
    return str(_serializer().dumps(bound))


def cross_site(allowed: tuple[str | None, ...] = (None, "same-origin", "none")) -> None:
    """Refuse a request that another site's page sent, where the browser says so."""
    if request.headers.get("Sec-Fetch-Site") not in allowed:
        raise RequestError(
            403,
            "cross_site",
            N_("The request came from another site."),
            N_("Open GridAtlas itself and repeat it there."),
        )


def _same_origin() -> None:
    """Refuse a changing request that another site's page sent (each check works where the other is absent)."""
    cross_site((None, "same-origin"))
    origin = request.headers.get("Origin")
    if origin is not None:
        parts = urlsplit(origin)
        # Behind a proxy that ends TLS only the setting knows what the browser calls this service.
        own = f"{parts.scheme}://{parts.netloc}" == atlas().settings.origin
        if (parts.scheme, parts.netloc) != (request.scheme, request.host) and not own:
            raise RequestError(
                403,
                "cross_origin",
                N_("The request came from another origin."),
                N_("Open GridAtlas itself and repeat it there."),
            )


def _csrf() -> None:
    token = request.headers.get(CSRF_HEADER)
    if token is None and request.endpoint in FORMS:
        token = request.form.get("csrf_token")
    found = identity.session()
    bound = found.digest.hex() if found is not None else request.cookies.get(csrf_cookie())
    remedy = N_("Reload the page and try again. A script gets a token from /api/csrf.")
    if not token or not bound:
        raise RequestError(403, "csrf_missing", N_("The request carries no safety token."), remedy)
    try:
        signed = _serializer().loads(token)
    except BadSignature:
        signed = None
    if not isinstance(signed, str) or not hmac.compare_digest(signed.encode(), bound.encode()):
        raise RequestError(403, "csrf_wrong", N_("The safety token of the request is wrong."), remedy)


def _host(environ: WSGIEnvironment) -> str:
    """Return the host name that a request is for, without its port."""
    # A bracketed IPv6 host keeps its brackets; a port may follow either.
    try:
        return urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname or ""
    except ValueError:
        return ""


def _open_to_others(state: Atlas) -> bool:
    """Return whether other machines are served: an administrator said by which address, and accounts guard it."""
    return bool(state.settings.origin) and state.store.has_accounts()


def named_host(environ: WSGIEnvironment, state: Atlas) -> bool:
    """Return whether the request is for a host name that the service answers to (the others: DNS rebinding)."""
    name = _host(environ)
    if is_loopback(name):
        return True
    return bool(name) and name == urlsplit(state.settings.origin).hostname and _open_to_others(state)


def near_caller(environ: WSGIEnvironment, state: Atlas) -> bool:
    """Return whether the request came from where the service answers to: this machine, until accounts guard it."""
    caller = environ.get("REMOTE_ADDR")
    return not caller or is_loopback(caller) or _open_to_others(state)


def answers_to(environ: WSGIEnvironment, state: Atlas) -> bool:
    """Return whether the service answers requests of such a caller for such a host at all."""
    return named_host(environ, state) and near_caller(environ, state)


def _permitted() -> None:
    """Refuse what the reader's roles do not allow. What only a token opens asks for it itself (`web.bearer`)."""
    if request.endpoint is None:
        with suppress(StoreError):  # the page that says that there is nothing is shown without a name then
            identity.look_up()
        return
    if NEEDS.get(request.endpoint) == OPEN:
        return
    found = identity.look_up()
    act_as(found)
    if request.endpoint in bearer.ENDPOINTS:
        return
    if found is None and identity.brought():
        raise RequestError(403, "not_local", *NOT_LOCAL)
    if found is None:
        raise SignInError()
    needed = NEEDS.get(request.endpoint)
    if needed is not None and found.may(needed):
        return
    raise RequestError(
        403,
        "not_allowed",
        N_("Your account may not do this."),
        N_("Ask the administrator of this service for a role that may."),
    )


def act_as(found: identity.Reader | None) -> None:
    """Let what the present request changes be recorded as done by `found`."""
    address = request.remote_addr or ""
    who = replace(SERVICE, address=address) if found is None else Actor(found.kind, found.name, address)
    g.setdefault("acting", ExitStack()).enter_context(acting(who))


def check_request() -> None:
    """Refuse foreign hosts, callers from other machines, who has not signed in, and forged changes."""
    state = atlas()
    if not named_host(request.environ, state):
        raise RequestError(
            400,
            "host",
            N_("This service does not answer to the host name of the request."),
            N_(
                "Use http://127.0.0.1 or http://localhost with the port of the service, or the address in ATLAS_ORIGIN."
            ),
        )
    if not near_caller(request.environ, state):
        raise RequestError(
            403,
            "not_local",
            *NOT_LOCAL,
        )
    act_as(None)
    _permitted()
    # What a token opens is not opened by a browser's session: there is nothing to forge.
    if request.method in CHANGING and request.endpoint not in bearer.ENDPOINTS and identity.by_browser():
        _same_origin()
        _csrf()
    limits.check(state.limits, identity.look_up() if request.endpoint in limits.COSTLY else None)
    found = g.get("session")
    if found is not None and request.endpoint not in BY_ITSELF:
        state.store.see_session(found)


def end_request(error: BaseException | None = None) -> None:
    """Let nobody act any more when a request has ended; its thread answers others."""
    if "acting" in g:
        g.pop("acting").close()


def finish_response(response: Response) -> Response:
    """Put the safety headers and the token's cookie on a response."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if atlas().settings.csp:
        response.headers["Content-Security-Policy"] = POLICY.format(nonce=nonce())
    secure = atlas().settings.secure
    if secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if "csrf_bound" in g and request.cookies.get(csrf_cookie()) != g.csrf_bound:
        response.set_cookie(csrf_cookie(), g.csrf_bound, httponly=True, samesite="Strict", path="/", secure=secure)
    if response.mimetype == "text/html":
        response.headers["Cache-Control"] = "no-store"
    if response.status_code == HTTPStatus.NOT_MODIFIED and response.direct_passthrough:
        # Werkzeug opens the file before it finds that it is not wanted, and then leaves it open.
        response.response.close()  # type: ignore[union-attr]
    return response


class Number(IntegerConverter):
    """Whole numbers in addresses, no longer than the store can hold; a longer one names nothing."""

    regex = r"\d{1,18}"


def init_app(app: Flask) -> None:
    """Register the checks first and the headers last; templates get `csp_nonce()` and `csrf_token()`, `may()`."""
    app.url_map.converters["int"] = Number
    app.before_request(check_request)
    app.after_request(finish_response)
    app.teardown_request(end_request)
    app.jinja_env.globals.update(csp_nonce=nonce, csrf_token=csrf_token, **identity.TEMPLATES)
