"""Exposure audits behind the pages, by `web.runner`: one at a time, shared by all who ask for the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from geo.camera_facts import ViewRules
from geo.columns import Snapshot
from geo.errors import N_
from layers.exposure import NEEDS
from web.runner import Progress, Runner, Stop, Told, Wish
from web.service import revisions

if TYPE_CHECKING:  # it brings in the compiler
    from layers.exposure_audit import Audit

# What an audit reports, as a reader is told of it.
STEPS = {
    "": N_("Waiting"),
    "views": N_("Working out the views"),
    "private": N_("Measuring the private ground in view"),
    "remedies": N_("Looking for turns and masks that help"),
    "places": N_("Looking for places where no camera may be"),
}


class Exposures:
    """The exposure audits of one process; `log` is told what went wrong inside."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.runner: Runner[Audit] = Runner("exposure", log)

    def ask(self, snapshot: Snapshot, rules: ViewRules, wait_s: float = 0.0, *, begin: bool = True) -> Told[Audit]:
        """Return the audit, begun when nobody has asked before, or how far it is after at most `wait_s`."""
        return self._do(snapshot, rules, lambda wish: self.runner.ask(wish, wait_s, begin=begin))

    def start(self, snapshot: Snapshot, rules: ViewRules) -> Told[Audit]:
        """Begin the audit, also after it was cancelled or has failed."""
        return self._do(snapshot, rules, self.runner.start)

    def cancel(self, snapshot: Snapshot, rules: ViewRules) -> Told[Audit]:
        """Stop the audit."""
        return self._do(snapshot, rules, self.runner.cancel)

    def close(self) -> None:
        """Stop at once."""
        self.runner.close()

    def _do(self, snapshot: Snapshot, rules: ViewRules, how: Callable[[Wish[Audit]], Told[Audit]]) -> Told[Audit]:
        if snapshot.crs is None:
            return Told(None, "none")
        from layers import exposure_audit  # brings in the compiler

        def work(progress: Progress, stop: Stop) -> Audit:
            return exposure_audit.audited(snapshot, rules, progress, stop)

        return how(
            Wish(
                (snapshot.scope, rules),
                revisions(snapshot, NEEDS),
                work,
                lambda: exposure_audit.audit_kept(snapshot, rules),
            )
        )
