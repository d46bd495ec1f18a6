"""The live part of one process: who stores, who tells, what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo.area import Area
from store.live import HeldIncident
from web.alerts import AlertWatch, alerts_mark
from web.group_commit import GroupCommit
from web.live_facts import LiveFacts
from web.live_hub import PART, Hub

if TYPE_CHECKING:
    from web.state import Atlas

Json = dict[str, Any]
MOST_PARTS = 20  # of the log that one answer looks through for incidents of an area


class Live:
    """What `web.state.Atlas` holds of it."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self.facts = LiveFacts()
        self.hub = Hub(
            lambda cursor, limit: atlas.store.live_after(cursor, limit),
            lambda: atlas.store.live_cursor(),
            self.tell,
            self._state,
            atlas.settings.streams,
        )
        self.watch = AlertWatch(atlas)
        self.commit = GroupCommit(lambda: atlas.store, self._stored)

    def after(self, cursor: int, limit: int, area: Area | None) -> tuple[list[Json], int, bool]:
        """Return the facts of incidents of `area` received after `cursor`, the cursor after them, whether to ask on.

        At most `limit` are returned. The cursor passes what was received elsewhere.
        """
        part = limit if area is None else max(limit, PART)
        told: list[Json] = []
        for _ in range(1 if area is None else MOST_PARTS):
            found, last = self._atlas.store.live_after(cursor, part)
            told += [facts for _, facts in self.tell(found, area)]
            if len(told) > limit:
                return told[:limit], int(told[limit - 1]["seq"]), True
            if last == cursor or len(found) < part:
                return told, last, len(told) >= limit
            cursor = last
        return told, cursor, True

    def latest(self, limit: int, area: Area | None) -> tuple[list[Json], int]:
        """Return the facts of the last incidents of `area` received, newest first, and the present cursor."""
        store, wanted = self._atlas.store, limit
        while True:
            found, last = store.live_latest(wanted)
            told = [facts for _, facts in self.tell(found, area)]
            if len(told) >= limit or len(found) < wanted or wanted >= PART * MOST_PARTS:
                return told[:limit], last
            wanted *= 4

    def tell(self, found: list[HeldIncident], area: Area | None) -> list[tuple[HeldIncident, Json]]:
        """Return those of the incidents that lie in `area`, each with what its readers are told of it."""
        if not found:
            return []
        if area is not None:
            x, y = (np.array([getattr(held.incident, axis) for held in found]) for axis in ("x", "y"))
            inside = self._atlas.areas.holds(self._atlas.whole(), area, x, y)
            found = [held for held, mine in zip(found, inside, strict=True) if mine]
        snapshot = self._atlas.scoped(area)
        return [(held, self.facts.of(held, snapshot)) for held in found]

    def _state(self, area: Area | None) -> Json:
        """Return what pages are told when it changes: the revision of what was not received live, and the alerts."""
        return {"data": self._atlas.settled(area), "alerts": alerts_mark(self._atlas, area)}

    def _stored(self) -> None:
        self.hub.wake()
        self.watch.wake()

    def close(self) -> None:
        self.hub.close()
        self.watch.close()
