"""What is told of one incident: its grids and team, and the cameras that see its place. Never waits for the city."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from typing import Any

from geo.area import Area
from geo.columns import Snapshot
from geo.crs import lonlat
from layers.asked import Seers, seers_at
from layers.base import Params
from layers.engine import rules_of
from layers.located import LocatedGrids
from layers.sight import Sight, sight, sight_kept
from store.live import HeldIncident
from web.jsonio import DECIMALS, iso

Json = dict[str, Any]
MOST_CAMERAS = 8  # told of one incident; `cameras_total` says how many see it
_KEPT = 2_000
_AREAS = 64


class LiveFacts:
    """Facts by incident, worked out once for the sender and for every page; safe to share between threads."""

    def __init__(self) -> None:
        self._grids: OrderedDict[Area | None, LocatedGrids] = OrderedDict()
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], Json] = OrderedDict()
        self._preparing = threading.Lock()

    def prepare(self, snapshot: Snapshot) -> None:
        """Make ready what the first incident would wait for: seconds for a large city."""
        self._located_in(snapshot).follow(snapshot["grids"])
        if snapshot.crs is not None and len(snapshot["cameras"]):
            known = sight(snapshot, rules_of(Params()))
            seers_at(known, float(known.facts.x[0]), float(known.facts.y[0]))

    def of(self, held: HeldIncident, snapshot: Snapshot) -> Json:
        """Return the incident as it is stored, where it lies and who sees it."""
        known = self._sight(snapshot)
        grids, cameras = snapshot["grids"], snapshot["cameras"]
        key = (
            snapshot.scope,
            held.fid,
            held.incident.digest(),
            grids.revision,
            cameras.revision,
            snapshot["buildings"].revision,
            known is not None,
        )
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        found = self._stored(held, snapshot) | self._located(held, snapshot) | _seen(held, snapshot, known)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _stored(self, held: HeldIncident, snapshot: Snapshot) -> Json:
        one = held.incident
        lon, lat = lonlat([one.x], [one.y], str(snapshot.crs))
        return {
            "id": one.id,
            "fid": held.fid,
            "seq": held.seq,
            "revision": held.revision,
            "category": one.category,
            "occurred_at": iso(one.occurred_at),
            "received_at": held.received_at,
            "status": one.status,
            "severity": one.severity,
            "grid_code": one.grid_code,
            "lon": round(float(lon[0]), DECIMALS),
            "lat": round(float(lat[0]), DECIMALS),
        }

    def _located_in(self, snapshot: Snapshot) -> LocatedGrids:
        """Return the grids of the area of a snapshot by place; the last areas that were asked for are kept."""
        with self._lock:
            found = self._grids.setdefault(snapshot.scope, LocatedGrids())
            self._grids.move_to_end(snapshot.scope)
            while len(self._grids) > _AREAS:
                self._grids.popitem(last=False)
            return found

    def _located(self, held: HeldIncident, snapshot: Snapshot) -> Json:
        found = self._located_in(snapshot).at(snapshot["grids"], held.incident.x, held.incident.y)
        listed = [{"level": one.level, "code": one.code, "name": one.name, "team": one.team} for one in found]
        return {
            "grids": listed,
            "grid": listed[-1] if listed else None,
            # Of the finest grid that names one: who is called.
            "team": next((one.team for one in reversed(found) if one.team), None),
        }

    def _sight(self, snapshot: Snapshot) -> Sight | None:
        """Return the cameras if they are ready; begin to make them ready if not."""
        if snapshot.crs is None or not len(snapshot["cameras"]):
            return None
        found = sight_kept(snapshot, rules_of(Params()))
        if found is None and self._preparing.acquire(blocking=False):
            threading.Thread(target=self._prepare, args=(snapshot,), name="sight", daemon=True).start()
        return found

    def _prepare(self, snapshot: Snapshot) -> None:
        try:
            sight(snapshot, rules_of(Params()))
        except Exception:
            logging.getLogger("gunicorn.error").exception("the cameras could not be made ready")
            raise
        finally:
            self._preparing.release()


def _seen(held: HeldIncident, snapshot: Snapshot, known: Sight | None) -> Json:
    """Return who sees the place: `seen` is its state, "computing" while that is not known yet."""
    if not len(snapshot["cameras"]):
        return {"seen": "blind", "cameras": [], "cameras_total": 0}
    if known is None:
        return {"seen": "computing", "cameras": None, "cameras_total": None}
    state, seers = seers_at(known, held.incident.x, held.incident.y)
    return {"seen": state, "cameras": _cameras(snapshot, known, seers), "cameras_total": len(seers.rows)}


def _cameras(snapshot: Snapshot, known: Sight, seers: Seers) -> list[Json]:
    rows = seers.rows[:MOST_CAMERAS]
    if not len(rows):
        return []
    facts = known.facts
    lon, lat = lonlat(facts.x[rows], facts.y[rows], known.crs)
    names = snapshot["cameras"].text("name")
    return [
        {
            "id": facts.id[row],
            "name": names[row],
            "state": seers.word[i],
            "px_per_m": None if seers.px_per_m[i] != seers.px_per_m[i] else round(float(seers.px_per_m[i]), 1),
            "distance_m": round(float(seers.distance_m[i]), 1),
            "online": None if facts.online[row] < 0 else bool(facts.online[row]),
            "lon": round(float(lon[i]), DECIMALS),
            "lat": round(float(lat[i]), DECIMALS),
        }
        for i, row in enumerate(rows.tolist())
    ]
