"""Who may send: programs with a token in the Authorization header. A cookie never opens these routes."""

from __future__ import annotations

from flask import request

from geo.errors import N_
from web.errors import RequestError
from web.state import atlas

# Routes that a token opens. No browser sends one by itself, so the safety token of pages is not asked for.
ENDPOINTS = frozenset({"api_live.receive"})


def sender(scope: str) -> str:
    """Return the name of the token that the request carries.

    Raises
    ------
    RequestError
        401: no token, or one that is unknown, revoked or for something else; which of these is not told.
    """
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    name = atlas().store.token_of(text.strip(), scope) if kind.lower() == "bearer" else None
    if name is None:
        raise RequestError(
            401,
            "token",
            N_("The request carries no valid token."),
            N_("Send “Authorization: Bearer …” with a token made by `flask token add NAME`."),
        )
    return name
