"""/account: what one is, the password, and where one is signed in."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from geo.errors import N_, AtlasError, ParameterError
from store.passwords import LEAST, MOST
from store.sessions import Session
from web import identity
from web.account_words import ROLE_WORDS, area_lines
from web.errors import RequestError, body, status_of
from web.i18n import translate
from web.permissions import ROLES
from web.shell import shell
from web.sign_in import GATE, WAIT
from web.state import atlas

blueprint = Blueprint("my_account", __name__, url_prefix="/account")
MARK = re.compile(r"[0-9a-f]{16}")


def mine() -> Session:
    """Return the session of the account that asks.

    Raises
    ------
    RequestError
        409: the service has no accounts.
    """
    found = identity.session()
    if found is None:
        raise RequestError(
            409,
            "no_accounts",
            N_("This service has no accounts yet: whoever sits at this machine may do everything."),
            N_("`flask account link` prints the link that makes the first administrator."),
        )
    return found


@blueprint.get("")
def show() -> Response:
    """Show the account that asks."""
    return _page()


def _page(error: AtlasError | None = None, done: str = "") -> Response:
    own, state = mine(), atlas()
    context: dict[str, Any] = {
        "account": own.account,
        "roles": [[translate(text) for text in ROLE_WORDS[role]] for role in ROLES if role in own.account.roles],
        "area": area_lines(own.account.area),
        "sessions": state.store.sessions_of(own.account.id, identity.limits(state.settings)),
        "present": own.mark,
        "error": None if error is None else body(error),
        "done": translate(done),
        "least": LEAST,
        "most": MOST,
    }
    status = 200 if error is None else status_of(error)[0]
    return make_response(render_template("account.html", **context, **shell("account", None)), status)


@blueprint.post("/password")
def password() -> Response:
    """Change the password; it asks for the old one and ends the other sessions."""
    own, state, form = mine(), atlas(), request.form
    try:
        with GATE.entered():
            wait = state.store.begin_attempt(own.account.name, request.remote_addr or "")
            if wait:
                raise RequestError(429, "attempts", WAIT, seconds=wait, retry_s=wait)
            right = state.store.check_password(own.account.name, form.get("old", ""))
            if right is None:
                state.store.attempt_failed(own.account.name, request.remote_addr or "")
                raise ParameterError(N_("The present password is wrong."), N_("Type it again."), field="old")
            state.store.forgive(own.account.name, request.remote_addr or "")
            if form.get("password") != form.get("again"):
                raise ParameterError(N_("The two passwords differ."), N_("Type the same one twice."), field="again")
            state.store.set_password(own.account.id, form.get("password", ""), keep=own.digest)
    except AtlasError as error:
        return _page(error)
    return _page(done=N_("The password was changed; all other sessions have ended."))


@blueprint.post("/sessions/end")
def end() -> Response:
    """End one of one's own sessions."""
    own, mark = mine(), request.form.get("session", "")
    if MARK.fullmatch(mark):
        atlas().store.end_session(own.account.id, bytes.fromhex(mark))
    return redirect("/account", 303)  # type: ignore[return-value]


@blueprint.post("/sessions/end-all")
def end_all() -> Response:
    """Sign out everywhere, here too."""
    atlas().store.end_sessions(mine().account.id)
    return redirect("/sign-in", 303)  # type: ignore[return-value]
