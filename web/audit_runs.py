"""Audits of the division behind the pages, by `web.runner`: one at a time of each area, shared by its readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geo.columns import Snapshot
from geo.errors import N_
from layers.audited import NEEDS, audit_of, kept_audit
from web.runner import Runner, State, Wish
from web.service import revisions

if TYPE_CHECKING:
    from geo.audit import Audit
    from geo.audit_rules import AuditRules

# What an audit reports, as a reader is told of it.
STEPS = {
    "": N_("Waiting"),
    "grids": N_("Looking at each grid"),
    "borders": N_("Comparing borders"),
    "codes": N_("Reading codes and teams"),
    "buildings": N_("Laying buildings over borders"),
    "points": N_("Locating cameras, places and incidents"),
}


@dataclass(frozen=True)
class ShownAudit:
    """What can be shown now.

    Attributes
    ----------
    audit
        Of the present state of the store, None while it is worked out.
    state, progress, step, error
        See `web.runner.Told`; "none" where there are no grids.
    """

    audit: Audit | None
    state: State
    progress: float = 0.0
    step: str = ""
    error: dict[str, Any] | None = None


class AuditRuns:
    """The audits of one process.

    Parameters
    ----------
    log
        Told what went wrong inside.
    rules
        Held against; None: those of `geo.audit_rules`.
    ended
        Told of every audit of the whole city that ended well, on the thread that made it.
    """

    def __init__(
        self, log: Callable[[str], None], rules: AuditRules | None = None,
        ended: Callable[[Snapshot, Audit], object] | None = None,
    ) -> None:  # fmt: skip
        self.runner: Runner[Audit] = Runner("audit", log)
        self.rules, self._ended = rules, ended

    def ask(self, snapshot: Snapshot, wait_s: float = 0.0) -> ShownAudit:
        """Return the audit of a snapshot, or how far it is after at most `wait_s`; begun when nobody asked before."""
        if not len(snapshot["grids"]):
            return ShownAudit(None, "none")
        told = self.runner.ask(
            Wish(
                snapshot.scope,
                revisions(snapshot, NEEDS),
                lambda progress, stop: self._work(snapshot, progress, stop),
                lambda: kept_audit(snapshot, self.rules),
            ),
            wait_s,
        )
        return ShownAudit(told.result, told.state, told.progress, told.step, told.error)

    def _work(self, snapshot: Snapshot, progress: Callable[[float, str], None], stop: Callable[[], bool]) -> Audit:
        found = audit_of(snapshot, progress, stop, self.rules)
        if self._ended is not None and snapshot.scope is None:
            self._ended(snapshot, found)
        return found

    def close(self) -> None:
        """Stop at once."""
        self.runner.close()
