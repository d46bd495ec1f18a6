"""Signing in and out, the first administrator, and setting a password by a one-time link: plain forms."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request

from geo.errors import N_, AtlasError, ParameterError
from store.errors import ConflictError, LinkError
from store.passwords import LEAST, MOST
from web import identity
from web.account_words import WRONG, own_address
from web.errors import body, status_of
from web.gate import Gate
from web.i18n import gettext, translate
from web.security import csrf_cookie
from web.shell import shell
from web.state import atlas

blueprint = Blueprint("sign_in", __name__)
# Checking a password takes 64 MiB and a tenth of a second, by design: two at a time.
GATE = Gate(most=2, wait_s=10, retry_s=5, waiting=16)
WAIT = N_("Too many attempts. Try again in {seconds} s.")


def page(template: str, page_name: str, status: int = 200, /, **context: Any) -> Response:
    """Return a page that is shown before anybody has signed in: it asks the store for nothing."""
    found = {"error": None, "least": LEAST, "most": MOST} | context | shell(page_name, None)
    response = make_response(render_template(template, **found), status)
    response.headers["Cache-Control"] = "no-store"
    return response


def let_in(session: str, where: str) -> Response:
    """Lead a browser on with its new session; whatever it was signed in by before has ended."""
    state = atlas()
    old = identity.session()
    if old is not None:
        state.store.end_session(old.account.id, old.digest)
    response: Response = redirect(where, 303)  # type: ignore[assignment]
    response.set_cookie(
        identity.cookie_name(state.settings), session, httponly=True, samesite="Lax", path="/",
        secure=state.settings.secure,
    )  # fmt: skip
    response.delete_cookie(csrf_cookie(), path="/", secure=state.settings.secure, httponly=True, samesite="Strict")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/sign-in")
def show() -> Response:
    """Ask for name and password."""
    where = own_address(request.args.get("next"))
    if identity.look_up() is not None:
        return redirect(where, 303)  # type: ignore[return-value]
    return _ask(where)


def _ask(where: str, status: int = 200, error: str | None = None, **more: Any) -> Response:
    return page("sign_in.html", "sign-in", status, where=where, error=error, provider=_provider(), **more)


def _provider() -> str | None:
    """Return what the OpenID provider is called, None without one."""
    found = atlas().settings.oidc
    return None if found is None else found.name


@blueprint.post("/sign-in")
def enter() -> Response:
    """Check name and password and begin a session."""
    state, form = atlas(), request.form
    where, name, password = own_address(form.get("next")), form.get("name", ""), form.get("password", "")
    address = request.remote_addr or ""
    if not name or not password:
        return _ask(where, 400, translate(N_("Enter the sign-in name and the password.")), name=name[:80])
    with GATE.entered():
        wait = state.store.begin_attempt(name, address)
        if wait:
            response = _ask(where, 429, gettext(WAIT, seconds=wait), name=name[:80])
            response.headers["Retry-After"] = str(wait)
            return response
        account = state.store.check_password(name, password)
    if account is None:
        state.store.attempt_failed(name, address)
        response = _ask(where, 401, translate(WRONG), name=name[:80])
        response.headers["WWW-Authenticate"] = 'Bearer realm="GridAtlas"'
        return response
    state.store.forgive(name, address)
    return let_in(state.store.begin_session(account.id, address), where)


@blueprint.post("/sign-out")
def leave() -> Response:
    """End the session, and what the browser kept of the pages."""
    state, found = atlas(), identity.session()
    if found is not None:
        state.store.end_session(found.account.id, found.digest)
    response: Response = redirect("/sign-in", 303)  # type: ignore[assignment]
    response.delete_cookie(identity.cookie_name(state.settings), path="/", secure=state.settings.secure, httponly=True)
    response.headers["Clear-Site-Data"] = '"cache"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/first")
def first() -> Response:
    """Ask for the first administrator's name and password."""
    return _by_link("first", request.args.get("link", ""))


@blueprint.post("/first")
def make_first() -> Response:
    """Make the first administrator and let it in."""
    form = request.form
    link, name = form.get("link", ""), form.get("name", "")
    try:
        password = _twice()
        with GATE.entered():
            _, session = atlas().store.use_first_link(link, name, password, request.remote_addr or "")
    except (ParameterError, LinkError, ConflictError) as error:
        return _by_link("first", link, error, name=name[:80])
    return let_in(session, "/accounts")


@blueprint.get("/set-password")
def link() -> Response:
    """Ask the holder of an account for a new password."""
    return _by_link("password", request.args.get("link", ""))


@blueprint.post("/set-password")
def use_link() -> Response:
    """Set the password of the link's account and let it in."""
    text = request.form.get("link", "")
    try:
        password = _twice()
        with GATE.entered():
            _, session = atlas().store.use_link(text, password, request.remote_addr or "")
    except (ParameterError, LinkError) as error:
        return _by_link("password", text, error)
    return let_in(session, "/")


def _twice() -> str:
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        raise ParameterError(N_("The two passwords differ."), N_("Type the same one twice."), field="again")
    return password


def _by_link(kind: str, text: str, error: AtlasError | None = None, **more: Any) -> Response:
    """Show the form of a link that still works; raises LinkError when it does not."""
    found = atlas().store.link_of(text)
    if found.kind != kind:
        abort(404)
    status = 200 if error is None else status_of(error)[0]
    return page(
        "set_password.html", "set-password", status, kind=kind, link=text, account=found.account,
        error=None if error is None else body(error), provider=_provider() if found.account else None,
        **more,
    )  # fmt: skip
