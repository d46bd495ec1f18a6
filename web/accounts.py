"""/accounts: the administrator looks after accounts and tokens. Plain forms; what is made is shown once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from geo.area import Area
from geo.errors import N_, AtlasError, ParameterError
from store.account_rows import STATES, Account
from store.tokens import SCOPES
from web import identity
from web.account_words import (
    ROLE_WORDS,
    SCOPE_WORDS,
    STATE_WORDS,
    area_lines,
    known_roles,
    page_link,
    parse_area,
)
from web.errors import body, status_of
from web.i18n import translate
from web.my_account import MARK, mine
from web.permissions import ROLES
from web.shell import shell
from web.state import atlas

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")
GRIDS_SHOWN = 6_000  # in the list that helps to name an area


def _words(known: Any, order: Any) -> list[dict[str, str]]:
    pairs = ((name, known[name]) for name in order)
    return [
        {"name": name, "title": translate(text[0]), "may": translate(text[1])}
        if isinstance(text, tuple)
        else {"name": name, "title": translate(text)}
        for name, text in pairs
    ]


def _context() -> dict[str, Any]:
    return {
        "roles": _words(ROLE_WORDS, ROLES),
        "scopes": _words(SCOPE_WORDS, SCOPES),
        "states": {name: translate(text) for name, text in STATE_WORDS.items()},
        "area_lines": area_lines,
        "provider": atlas().settings.oidc,
        "grids": _grids(),
        "form": request.form,
    }


def _grids() -> list[list[str]]:
    """Return level:code and name of grids, for the list that helps to name an area."""
    columns = atlas().snapshot()["grids"]
    rows = zip(*(columns.text(name) for name in ("level", "code", "name")), strict=True)
    return [[f"{level}:{code}", name or ""] for level, code, name in rows if level and code][:GRIDS_SHOWN]


def _list(error: AtlasError | None = None, **more: Any) -> Response:
    store = atlas().store
    mine()  # without accounts there is nothing to look after
    context = _context() | {
        "accounts": store.accounts(),
        "tokens": [one for one in store.tokens() if not one.revoked_at],
        "error": None if error is None else body(error),
        "made": None,
    }
    return _answer("accounts.html", error, context | more)


def _one(account_id: int, error: AtlasError | None = None, **more: Any) -> Response:
    state = atlas()
    account = state.store.account(account_id)
    context = _context() | {
        "account": account,
        "own": account.id == mine().account.id,
        "sessions": state.store.sessions_of(account.id, identity.limits(state.settings)),
        "error": None if error is None else body(error),
        "made": None,
    }
    return _answer("account_edit.html", error, context | more)


def _answer(template: str, error: AtlasError | None, context: dict[str, Any]) -> Response:
    response = make_response(render_template(template, **context, **shell("accounts", None)))
    response.status_code = 200 if error is None else status_of(error)[0]
    response.headers["Cache-Control"] = "no-store"
    return response


def _area() -> Area | None:
    """Return the area of the form: the whole city, or the grids in its lines."""
    if request.form.get("where") == "city":
        return None
    return parse_area(line for line in request.form.get("area", "").splitlines() if line.strip())


def _made(account: Account) -> dict[str, str]:
    state = atlas()
    return {"name": account.name, "text": page_link(state.settings, "/set-password", state.store.make_link(account.id))}


@blueprint.get("")
def show() -> Response:
    """List accounts and tokens."""
    return _list()


@blueprint.post("")
def add() -> Response:
    """Make an account and the link by which its holder sets a password."""
    mine()
    try:
        roles = known_roles(request.form.getlist("role"))
        account = atlas().store.add_account(request.form.get("name", "").strip(), roles, _area())
    except AtlasError as error:
        return _list(error, failed="account")
    return _list(made=_made(account), form={})


@blueprint.get("/<int:account_id>")
def one(account_id: int) -> Response:
    """Show one account."""
    return _one(account_id)


@blueprint.post("/<int:account_id>")
def change(account_id: int) -> Response:
    """Set roles and area of an account; they hold from its next request on."""
    store = atlas().store
    try:
        roles, area = known_roles(request.form.getlist("role")), _area()
        before = store.account(account_id)
        if area != before.area:
            store.set_area(account_id, area)
        if frozenset(roles) != before.roles:
            store.set_roles(account_id, roles)
    except AtlasError as error:
        return _one(account_id, error)
    return redirect(f"/accounts/{account_id}", 303)  # type: ignore[return-value]


@blueprint.post("/<int:account_id>/state")
def state(account_id: int) -> Response:
    """Lock, disable or let in an account."""
    wish = request.form.get("state", "")
    try:
        if wish not in STATES:
            raise ParameterError(
                N_("There is no state “{value}” of an account."), N_("Use some of: {known}."),
                field="state", value=wish[:80], known=", ".join(STATES),
            )  # fmt: skip
        atlas().store.set_state(account_id, wish)
        if wish == "active":
            atlas().store.forgive_account(account_id)
    except AtlasError as error:
        return _one(account_id, error)
    return redirect(f"/accounts/{account_id}", 303)  # type: ignore[return-value]


@blueprint.post("/<int:account_id>/link")
def link(account_id: int) -> Response:
    """Make a link by which the holder sets a new password."""
    try:
        made = _made(atlas().store.account(account_id))
    except AtlasError as error:
        return _one(account_id, error)
    return _one(account_id, made=made)


@blueprint.post("/<int:account_id>/unlink")
def unlink(account_id: int) -> Response:
    """Let nobody of the OpenID provider sign in to an account any more."""
    atlas().store.set_subject(account_id, "")
    return redirect(f"/accounts/{account_id}", 303)  # type: ignore[return-value]


@blueprint.post("/<int:account_id>/sessions/end")
def end(account_id: int) -> Response:
    """End one session of an account, or all."""
    mark = request.form.get("session", "")
    if MARK.fullmatch(mark):
        atlas().store.end_session(account_id, bytes.fromhex(mark))
    elif mark == "all":
        atlas().store.end_sessions(account_id)
    return redirect(f"/accounts/{account_id}", 303)  # type: ignore[return-value]


@blueprint.post("/tokens")
def add_token() -> Response:
    """Make a token and show it once."""
    name = request.form.get("name", "").strip()
    try:
        text = atlas().store.add_token(
            name, request.form.getlist("scope"), area=_area(), expires_at=request.form.get("expires") or None
        )
    except AtlasError as error:
        return _list(error, failed="token")
    return _list(made={"token": name, "text": text}, form={})


@blueprint.post("/tokens/revoke")
def revoke_token() -> Response:
    """Let no request pass with a token any more."""
    try:
        atlas().store.revoke_token(request.form.get("name", ""))
    except AtlasError as error:
        return _list(error)
    return redirect("/accounts", 303)  # type: ignore[return-value]
