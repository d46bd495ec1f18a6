"""What an import may touch where whoever imports sees a part of the city only (`web.fence` knows which)."""

from __future__ import annotations

from typing import Protocol

from geo.columns import Snapshot
from store.batch import Batch, Mode, Within
from store.intake.reasons import Ledger


class Fence(Protocol):
    """One import's bounds, of the state of the store that it began with."""

    def begin(self, layer: str, mode: Mode) -> Snapshot:
        """Return what may be known of the store from now on; raises where the layer or mode is not to be used."""
        ...

    def check(self, batch: Batch, ledger: Ledger, mode: Mode) -> None:
        """Reject the rows that would stand, or change what stands, outside; may keep columns of `batch` as they are."""
        ...

    def within(self, layer: str) -> Within:
        """Return what the write may touch."""
        ...
