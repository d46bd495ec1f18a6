"""The live part of one process: who stores, who tells, what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from store.live import HeldIncident
from web.alerts import AlertWatch
from web.group_commit import GroupCommit
from web.live_facts import LiveFacts
from web.live_hub import Hub

if TYPE_CHECKING:
    from web.state import Atlas

Json = dict[str, Any]


class Live:
    """What `web.state.Atlas` holds of it."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self.facts = LiveFacts()
        self.hub = Hub(self.after, self._state, lambda: atlas.store.live_cursor(), atlas.settings.streams)
        self.watch = AlertWatch(atlas)
        self.commit = GroupCommit(lambda: atlas.store, self._stored)

    def after(self, cursor: int, limit: int) -> tuple[list[tuple[HeldIncident, Json]], int]:
        """Return the incidents received after `cursor` with their facts, and the cursor after them."""
        found, last = self._atlas.store.live_after(cursor, limit)
        return self._told(found), last

    def latest(self, limit: int) -> tuple[list[tuple[HeldIncident, Json]], int]:
        """Return the last incidents received, newest first, and the present cursor."""
        found, last = self._atlas.store.live_latest(limit)
        return self._told(found), last

    def _told(self, found: list[HeldIncident]) -> list[tuple[HeldIncident, Json]]:
        if not found:
            return []
        snapshot = self._atlas.snapshot()
        return [(held, self.facts.of(held, snapshot)) for held in found]

    def _state(self) -> Json:
        """Return what pages are told when it changes: the revision of what was not received live, and the alerts."""
        store = self._atlas.store
        return {"data": store.settled_revision(), "alerts": store.alerts_mark()}

    def _stored(self) -> None:
        self.hub.wake()
        self.watch.wake()

    def close(self) -> None:
        self.hub.close()
        self.watch.close()
