"""How a reader inside the child tells the parent how far it is; outside the child nothing listens."""

from __future__ import annotations

from collections.abc import Callable

_listener: list[Callable[[float, str], None]] = []


def listen(listener: Callable[[float, str], None]) -> None:
    """Send all later reports to `listener`, in place of an earlier one."""
    _listener[:] = [listener]


def report(fraction: float, step: str) -> None:
    """Report that `fraction` (0 to 1) of the work is done, and the name of the step."""
    for listener in _listener:
        listener(fraction, step)
