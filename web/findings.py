"""The findings of the audit as JSON-ready values and as rows of a file."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.audit_kinds import SEVERITIES, TITLES
from geo.columns import LayerColumns, Snapshot
from geo.crs import lonlat
from layers.audited import NEEDS
from layers.base import Params
from layers.findings import ACCEPTED, OPEN, STATES, chosen
from store.schema import Column, Kind, Layer
from web.audit_runs import STEPS, ShownAudit
from web.coverage_tables import Table
from web.errors import fill
from web.finding_notes import Noted
from web.i18n import translate
from web.jsonio import DECIMALS
from web.phrases import word
from web.run_answers import fault_answer
from web.service import origin

if TYPE_CHECKING:
    from geo.audit import Audit

Json = dict[str, Any]
Rows = NDArray[np.int64]
MOST = 100_000
NOTHING_NOTED = Noted()


def findings_answer(
    audit: Audit | None, snapshot: Snapshot, params: Params, limit: int = MOST, notes: Noted = NOTHING_NOTED
) -> Json:
    """Return the answer of `flask audit`: findings, the gravest and largest first, and how many of each kind.

    `all` counts whatever is chosen, but for the state: accepted findings are not counted with open ones.
    """
    if audit is None:
        nothing = np.zeros(0, np.int64)
        states = dict.fromkeys(STATES, 0)
        return {"findings": [], **_counts(audit, nothing), "all": _counts(audit, nothing), "states": states}
    accepted = notes.accepted
    rows = chosen(audit, params, accepted)
    of_state = replace(params, finding_kinds=(), finding_severity=None, finding_level=None)
    as_is = len(chosen(audit, replace(of_state, finding_state=ACCEPTED), accepted))
    return {
        "findings": [{**one, **notes.of(one["id"])} for one in _listed(audit, snapshot, params, rows[:limit])],
        **_counts(audit, rows),
        "all": _counts(audit, chosen(audit, of_state, accepted)),
        "states": {OPEN: len(audit.findings) - as_is, ACCEPTED: as_is},
    }


def _counts(audit: Audit | None, rows: Rows) -> Json:
    """How many findings there are of each kind and severity, and at which levels."""
    kinds: Counter[str] = Counter()
    severity: Counter[int] = Counter()
    levels: list[str] = []
    if audit is not None:
        found = audit.findings
        kinds, severity = Counter(found.kind[rows].tolist()), Counter(found.severity[rows].tolist())
        levels = [level for level in audit.levels if (found.level[rows] == level).any()]
    return {
        "total": len(rows),
        "kinds": {kind: kinds[kind] for kind in TITLES if kinds[kind]},
        "severities": {word: severity[rank] for rank, word in reversed(list(enumerate(SEVERITIES)))},
        "levels": levels,
    }


def _listed(audit: Audit, snapshot: Snapshot, params: Params, rows: Any) -> list[Json]:
    found, lang = audit.findings, params.lang
    shapes = found.shape[rows]
    boxes = shapely.bounds(shapes).reshape(-1, 4)
    placed = np.asarray(np.isfinite(boxes).all(axis=1))
    corners = np.full((len(rows), 4), np.nan)
    if placed.any():
        crs = str(snapshot.crs)
        for pair in ((0, 1), (2, 3)):
            lon, lat = lonlat(boxes[placed, pair[0]], boxes[placed, pair[1]], crs)
            corners[placed, pair[0]], corners[placed, pair[1]] = lon, lat
    corners = np.round(corners, DECIMALS)
    levels = found.level
    listed = []
    for i, row in enumerate(rows.tolist()):
        one = found[row]
        box = corners[i].tolist() if placed[i] else None
        params_of = {**one.params, "level": word(one.params["level"], lang)} if "level" in one.params else one.params
        listed.append(
            {
                "kind": one.kind,
                "severity": one.severity,
                "grids": [found.codes[grid] for grid in one.rows],
                "measure": one.measure,
                "unit": one.unit,
                "message": fill(one.message, params_of, lang),
                "remedy": fill(one.remedy, one.params, lang),
                "id": one.id,
                "title": translate(TITLES[one.kind], lang),
                "level": levels[row],
                "bounds": box,
                "lon": None if box is None else round((box[0] + box[2]) / 2, DECIMALS),
                "lat": None if box is None else round((box[1] + box[3]) / 2, DECIMALS),
            }
        )
    return listed


def differing(one: Audit | None, other: Audit | None, snapshot: Snapshot, lang: str, limit: int) -> Json:
    """Return the findings of `one` that are not in `other`: how many, and up to `limit` of them."""
    if one is None:
        return {"count": 0, "rows": []}
    known = set() if other is None else set(other.findings.id.tolist())
    rows = np.array([row for row, name in enumerate(one.findings.id.tolist()) if name not in known], np.int64)
    return {"count": len(rows), "rows": _listed(one, snapshot, Params(lang=lang), rows[:limit])}


def findings_meta(shown: ShownAudit, snapshot: Snapshot, lang: str | None = None) -> Json:
    """Return where findings come from: revision, tolerances, layout of codes, what could not be looked for."""
    meta = origin(snapshot, NEEDS) | {"state": shown.state, "computing": None, "error": None}
    if shown.state == "computing":
        meta["computing"] = {"progress": round(shown.progress, 3), "step": translate(STEPS[shown.step], lang)}
    meta["error"] = fault_answer(shown.error, lang)
    if shown.audit is not None:
        audit = shown.audit
        meta |= {
            "rules": vars(audit.rules),
            "layout": audit.layout,
            "unchecked": [
                {"kind": kind, "title": translate(TITLES[kind], lang), "level": level}
                for kind, level in audit.unchecked
            ],
        }
    return meta


_LAYER = Layer(
    "findings",
    (
        *(Column(name, Kind.TEXT) for name in ("id", "kind", "severity", "level", "grids")),
        Column("measure", Kind.REAL),
        *(Column(name, Kind.TEXT) for name in ("unit", "message", "remedy", "state", "team", "reason")),
    ),
    "GEOMETRY",
    frozenset({"point", "line", "polygon"}),
)


def findings_table(
    audit: Audit | None, snapshot: Snapshot, params: Params, description: str, notes: Noted = NOTHING_NOTED
) -> Table:
    """Return findings as rows with their areas, lines and points, and what is noted of them."""
    listed = findings_answer(audit, snapshot, params, notes=notes)["findings"]
    text = {
        name: np.array([one[name] for one in listed], dtype=object)
        for name in ("id", "kind", "severity", "level", "unit", "message", "remedy", "state", "team", "reason")
    }
    text["grids"] = np.array([", ".join(map(str, one["grids"])) for one in listed], dtype=object)
    measure = np.array([one["measure"] for one in listed], np.float64)
    shapes = np.zeros(0, dtype=object)
    if audit is not None and len(listed):
        shapes = audit.findings.shape[chosen(audit, params, notes.accepted)[:MOST]]
    columns = LayerColumns(
        "findings", snapshot.revision, np.arange(len(listed)), MappingProxyType({**text, "measure": measure}), shapes
    )
    return Table(_LAYER, columns, snapshot.crs, description)


def description(snapshot: Snapshot, audit: Audit | None) -> str:
    """Return where exported findings come from, in English, for formats that have a place for it."""
    revision = max(snapshot[name].revision for name in NEEDS)
    rules = {} if audit is None else vars(audit.rules)
    return "; ".join([f"revision {revision}", *(f"{name} {value}" for name, value in rules.items())])
