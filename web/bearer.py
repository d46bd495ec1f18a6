"""Who may send: programs with a token in the Authorization header. A cookie never opens these routes."""

from __future__ import annotations

from geo.errors import N_
from web.errors import RequestError
from web.identity import Reader, look_up
from web.permissions import SEND

# Routes that nothing but a token opens. No browser sends one by itself.
ENDPOINTS = frozenset({"api_live.receive"})


def sender(needed: str = SEND) -> Reader:
    """Return whose token the request carries; it must open what is `needed` (`web.permissions`).

    Raises
    ------
    RequestError
        401: no token, or one that is unknown, ended or for something else; which of these is not told.
    """
    found = look_up()
    if found is None or found.kind != "token" or not found.may(needed):
        raise RequestError(
            401,
            "token",
            N_("The request carries no valid token."),
            N_("Send “Authorization: Bearer …” with a token made by `flask token add NAME`."),
        )
    return found
