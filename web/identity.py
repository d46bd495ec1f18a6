"""Who asks: the reader of the present request, with what the account may do and where.

Asked of the store at every request, so that whatever is revoked ends with the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from wsgiref.types import WSGIEnvironment

from flask import current_app, g, has_request_context, request
from werkzeug.http import parse_cookie

from geo.area import Area
from store.sessions import Limits, Session
from web.permissions import ALLOWED, ROLES, SCOPES, WHOLE_CITY

if TYPE_CHECKING:
    from settings import Settings
    from web.state import Atlas


FORWARDED = (
    "HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP",
    *(f"HTTP_X_FORWARDED_{name}" for name in ("FOR", "HOST", "PROTO", "PORT", "SERVER", "PREFIX", "BY", "SSL")),
)  # fmt: skip
# All that says who sends a request.
ASKED = frozenset({"HTTP_COOKIE", "HTTP_AUTHORIZATION", "SERVER_PROTOCOL", *FORWARDED})


@dataclass(frozen=True)
class Reader:
    """One who asks.

    Attributes
    ----------
    kind
        "account", "token", "nobody", or "single": the one user of a service without accounts, on this machine only.
    name
        Of the account or token; "" for the single user.
    roles
        Some of `web.permissions.ROLES`; a token has none.
    area
        The grids the reader sees and edits; None: the whole city.
    scopes
        What a token is for, some of `web.permissions.SCOPES`.
    account
        Number of the account in the store.
    """

    kind: str
    name: str
    roles: frozenset[str]
    area: Area | None = None
    scopes: frozenset[str] = frozenset()
    account: int | None = None

    @property
    def owner(self) -> str:
        """By what uploads and jobs are known to be the reader's."""
        return f"{self.kind}:{self.name if self.account is None else self.account}"

    def may(self, permission: str) -> bool:
        """Return whether one of the reader's roles, or a scope of the token, has `permission`."""
        if self.area is not None and permission in WHOLE_CITY:
            return False
        if self.kind == "token":
            return any(SCOPES[scope] == permission for scope in self.scopes)
        return any(permission in ALLOWED[role] for role in self.roles)


SINGLE = Reader("single", "", frozenset(ROLES))
NOBODY = Reader("nobody", "", frozenset(), Area(()))


def cookie_name(settings: Settings) -> str:
    """Return the name of the session's cookie; by `__Host-` a browser takes it from this very host over TLS only."""
    return "__Host-atlas_session" if settings.secure else "atlas_session"


@lru_cache(maxsize=8)
def _limits(hours: int, minutes: int) -> Limits:
    return Limits(timedelta(hours=hours), timedelta(minutes=minutes))


def limits(settings: Settings) -> Limits:
    """Return when a session ends by itself."""
    return _limits(settings.session_hours, settings.idle_minutes)


def of_environ(environ: WSGIEnvironment, state: Atlas) -> Reader | None:
    """Return who sends a request, None for nobody that is let in; for what is answered ahead of Flask too.

    Raises
    ------
    StoreError
        The store cannot be read.
    """
    return _found(environ, state)[0]


def _found(environ: WSGIEnvironment, state: Atlas) -> tuple[Reader | None, Session | None]:
    kind, _, text = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if kind.lower() == "bearer":
        token = state.store.token_of(text.strip())
        return (None if token is None else Reader("token", token.name, frozenset(), token.area, token.scopes)), None
    if not state.store.has_accounts():
        return (None if by_proxy(environ) else SINGLE), None
    cookie = parse_cookie(environ.get("HTTP_COOKIE")).get(cookie_name(state.settings), "")
    session = state.store.session_of(cookie, limits(state.settings))
    if session is None:
        return None, None
    account = session.account
    return Reader("account", account.name, account.roles, account.area, account=account.id), session


def still(environ: WSGIEnvironment, state: Atlas) -> Callable[[], bool]:
    """Return what says whether who sent a request is still let in, with the same roles and area."""
    kept = {name: value for name, value in environ.items() if name in ASKED}
    who = of_environ(kept, state)
    return lambda: of_environ(kept, state) == who


def by_proxy(environ: WSGIEnvironment) -> bool:
    """Return whether a proxy brought the request: it then seems to come from the proxy's machine, and may not.

    One that is not told to name whom it speaks for may still be known: no browser of today speaks HTTP/1.0, and nginx
    does to what it stands before, unless it is told otherwise.
    """
    return environ.get("SERVER_PROTOCOL") == "HTTP/1.0" or any(name in environ for name in FORWARDED)


def brought() -> bool:
    """Return whether a proxy brought the present request to a service that knows no accounts yet."""
    return by_proxy(request.environ) and not current_app.extensions["atlas"].store.has_accounts()


def look_up() -> Reader | None:
    """Find out who sends the present request, once; None for nobody that is let in."""
    if "reader" not in g:
        found, g.session = _found(request.environ, current_app.extensions["atlas"])
        g.reader = found or NOBODY
    return None if g.reader.kind == "nobody" else g.reader


def session() -> Session | None:
    """Return the session of the present request; None for the single user, a token, or nobody."""
    look_up()
    return g.get("session")  # type: ignore[no-any-return]


def by_browser() -> bool:
    """Return whether the present request may have been sent by a browser by itself: its right is in a cookie."""
    found = look_up()
    return found is None or found.kind != "token"


def reader() -> Reader:
    """Return who asks; outside a request (a command, a job) the single user, who may do everything.

    In a request it is nobody until `web.security` has looked: what was not asked is not allowed.
    """
    return g.get("reader", NOBODY) if has_request_context() else SINGLE


def may(permission: str) -> bool:
    """Return whether who asks has `permission`; for templates too."""
    return reader().may(permission)


def permissions() -> list[str]:
    """Return all that who asks may do."""
    asking = reader()
    return sorted({one for role in asking.roles for one in ALLOWED[role] if asking.may(one)})


TEMPLATES = {"may": may, "permissions": permissions, "who": reader}
