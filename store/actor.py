"""Who changes the store: told once at the edge (a request, a command, a job), read where a change is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """The one who acts.

    Attributes
    ----------
    kind
        "account", "token", "single" (the demo's single user), "command" (a shell on the server), "service" (the
        program itself) or "outside" (another program that wrote the file).
    name
        Name of the account, the token or the system user; a post or a team where one is known, never a person.
    address
        IP address that the request came from; "" for what did not come over the network.
    """

    kind: str
    name: str
    address: str = ""


SERVICE = Actor("service", "gridatlas")
_ACTOR: ContextVar[Actor] = ContextVar("actor", default=SERVICE)


def actor() -> Actor:
    """Return who acts now."""
    return _ACTOR.get()


@contextmanager
def acting(who: Actor) -> Iterator[None]:
    """Let `who` be the one who acts until the block ends."""
    token = _ACTOR.set(who)
    try:
        yield
    finally:
        _ACTOR.reset(token)
