"""What is noted of findings, as answers show it; and what audits found, kept when they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from geo.audit_kinds import SEVERITIES, TITLES
from geo.columns import Snapshot
from geo.errors import AtlasError
from layers.audited import NEEDS
from store.finding_history import Gone
from store.finding_notes import ACCEPTED, OPEN, Named, Note, Said
from store.store import Store
from web.i18n import translate

if TYPE_CHECKING:
    from geo.audit import Audit

Json = dict[str, Any]


@dataclass(frozen=True)
class Noted:
    """What is noted of the findings of an audit.

    Attributes
    ----------
    notes
        By finding.
    mark
        Changes when anything is noted.
    """

    notes: Mapping[str, Note] = field(default_factory=dict)
    mark: int = 0

    @property
    def accepted(self) -> frozenset[str]:
        """Findings that are accepted as they are."""
        return frozenset(name for name, one in self.notes.items() if one.state == ACCEPTED)

    def of(self, finding: str) -> Json:
        """Return the columns that a finding's row gets."""
        one = self.notes.get(finding)
        if one is None:
            return {"state": OPEN, "team": None, "reason": None, "noted": 0}
        return {"state": one.state, "team": one.team, "reason": one.reason, "noted": one.version}


def noted(store: Store) -> Noted:
    """Return what is noted in a store; nothing where it is damaged and older than notes are."""
    try:
        return Noted(store.finding_notes(), store.finding_mark())
    except AtlasError:
        if store.damage:
            return Noted()
        raise


def named(audit: Audit, index: int) -> Named:
    """Return a finding as notes know it."""
    found = audit.findings
    one = found[index]
    level = found.level[index]
    codes = tuple(str(found.codes[row]) for row in one.rows[:20])
    return Named(one.id, one.kind, None if level is None else str(level), codes)


def keep_findings(store: Store, snapshot: Snapshot, audit: Audit) -> None:
    """Keep what an audit of the whole city found: the division's progress, and when findings come and go.

    A store that cannot be written now is left as it is: the next audit keeps what this one did not.
    """
    from store.finding_history import MOST_SEEN

    found = audit.findings
    words = [SEVERITIES[rank] for rank in found.severity.tolist()]
    counts = Counter(zip(found.kind.tolist(), words, strict=True))
    rows = [named(audit, i) for i in range(min(len(found), MOST_SEEN + 1))]
    revision = max(snapshot[name].revision for name in NEEDS)
    try:
        store.keep_findings(snapshot["grids"].revision, revision, rows, counts)
    except AtlasError:
        return


def said_answer(note: Note | None, said: Iterable[Said]) -> Json:
    """Return all that was noted of one finding."""
    return {
        "note": None if note is None else asdict(note),
        "said": [asdict(one) for one in said],
    }


def gone_answer(gone: Iterable[Gone], snapshot: Snapshot, lang: str) -> list[Json]:
    """Return findings that are gone, those of other areas left out."""
    codes = None
    if snapshot.scope is not None:
        codes = set(snapshot["grids"].text("code").tolist())
    return [
        {**asdict(one), "grids": list(one.grids), "title": translate(TITLES[one.kind], lang)}
        for one in gone
        if one.kind in TITLES and (codes is None or (one.grids and set(one.grids) <= codes))
    ]


def progress_answer(store: Store, snapshot: Snapshot) -> Json:
    """Return the counts of each revision, the oldest first; an account of an area has none, as they are the city's."""
    rows = [] if snapshot.scope is not None else store.finding_counts()
    found: dict[int, Json] = {}
    for one in rows:
        entry = found.setdefault(
            one.revision, {"revision": one.revision, "at": one.at, "total": 0, "kinds": {}, "severities": {}}
        )
        if one.kind in TITLES:
            entry["total"] += one.findings
            for name, key in (("kinds", one.kind), ("severities", one.severity)):
                entry[name][key] = entry[name].get(key, 0) + one.findings
    return {"whole": snapshot.scope is None, "revisions": list(found.values())}
