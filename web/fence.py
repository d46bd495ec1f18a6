"""What an account with an area may import: rows that lie in it, over rows that lie in it.

Why a row is refused is told in the same words whether its place is outside or a row of its key is: from the words
nobody learns what stands elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.area import Area
from geo.columns import Snapshot
from geo.errors import N_
from layers.base import levels_of
from layers.tiles.parts import WATER
from store.batch import Batch, Mode, Within
from store.errors import IntakeError
from store.intake.reasons import Ledger
from store.schema import LAYERS
from web.areas import EVERYBODYS

if TYPE_CHECKING:
    from web.state import Atlas

SLACK_M = 0.02  # two runs of a projection, or seven decimals of a degree, differ by less
_OUTSIDE = (N_("The row is not in your area."), N_("Leave it out, or let a steward of the whole city import it."))
_PARENT = (
    N_("The parent is none of your grids of a coarser level."),
    N_("Name one of your grids as its parent, and a level that the city has."),
)


class AreaFence:
    """The bounds of one import (see `store.intake.fence.Fence`)."""

    def __init__(self, atlas: Atlas, area: Area, *, simulated: bool) -> None:
        self._atlas, self._area, self._simulated = atlas, area, simulated
        self._settled = -1
        self._whole: Snapshot
        self._own: Snapshot

    def begin(self, layer: str, mode: Mode) -> Snapshot:
        """Return what the area knows of the store; raises where its accounts may not import so."""
        self._settled = self._atlas.store.settled_revision()  # first: what comes later is found by the write
        self._whole = self._atlas.store.snapshot()
        self._own = self._atlas.areas.of(self._whole, self._area)
        if layer in EVERYBODYS or self._whole.crs is None or self._atlas.store.is_demo() or self._simulated:
            raise IntakeError(
                N_("This import is for a steward of the whole city."),
                N_("An account with an area imports observed rows of grids, incidents, cameras, places and zones."),
            )
        if layer == "grids" and mode == "replace":
            raise IntakeError(
                N_("Grids of an area are not replaced as a whole: the area is named by them."),
                N_("Use --mode upsert for the grids that changed."),
            )
        return self._own

    def check(self, batch: Batch, ledger: Ledger, mode: Mode) -> None:
        """Reject rows outside, and rows whose key stands outside; a grid that names the area keeps its parent."""
        areas = self._atlas.areas
        if batch.x is not None and batch.y is not None:
            inside = areas.holds(self._whole, self._area, batch.x, batch.y)
        else:
            assert batch.geometry is not None
            inside = areas.covers(self._whole, self._area, batch.geometry, SLACK_M)
        if batch.layer == "places" and batch.geometry is not None:
            at = shapely.point_on_surface(batch.geometry)
            points = shapely.get_dimensions(batch.geometry) == 0
            held = areas.holds(self._whole, self._area, shapely.get_x(at), shapely.get_y(at))
            inside = np.where(points, held, inside & held)
        if batch.layer == "zones":
            inside &= np.array([kind not in WATER for kind in batch.columns["kind"]], dtype=bool)
        name = LAYERS[batch.layer].key[-1]
        ledger.reject(~inside | self._foreign(batch), name, batch.columns[name], *_OUTSIDE)
        if batch.layer == "grids":
            self._check_parents(batch, ledger)

    def within(self, layer: str) -> Within:
        """Return the rows that `replace` clears: those that lie in the area as a whole."""
        return Within(self._settled, self._fids(layer))

    def _fids(self, layer: str) -> NDArray[np.int64]:
        """Rows of the area that are nobody else's too."""
        fids = self._own[layer].fid
        if layer not in ("places", "zones") or not len(fids):
            return fids
        rows = self._whole[layer]
        assert rows.geometry is not None
        at = np.searchsorted(rows.fid, fids)
        alone = self._atlas.areas.covers(self._whole, self._area, rows.geometry[at], SLACK_M)
        if layer == "zones":
            alone &= np.array([kind not in WATER for kind in rows.text("kind")[at]], dtype=bool)
        return fids[alone]

    def _foreign(self, batch: Batch) -> NDArray[np.bool_]:
        """Rows whose key is that of a row which is not, or not only, in the area."""
        names = LAYERS[batch.layer].key
        rows = self._whole[batch.layer]
        others = ~np.isin(rows.fid, self._fids(batch.layer))
        keys = list(zip(*(batch.columns[name].tolist() for name in names), strict=True))
        wanted = {key for key in keys if None not in key}
        stored = zip(*(rows.text(name)[others].tolist() for name in names), strict=True)
        taken = {key for key in stored if key in wanted}
        return np.fromiter((key in taken for key in keys), dtype=bool, count=len(batch))

    def _check_parents(self, batch: Batch, ledger: Ledger) -> None:
        """Let a new grid, or one below the top, stay below a grid of the area."""
        rows: Any = self._whole["grids"]
        above = dict(
            zip(zip(rows.text("level"), rows.text("code"), strict=True), rows.text("parent").tolist(), strict=True)
        )
        parent = batch.columns["parent"].copy()
        keys = list(zip(batch.columns["level"].tolist(), batch.columns["code"].tolist(), strict=True))
        named = np.array([key in self._area.grids and key in above for key in keys], dtype=bool)
        for row in np.flatnonzero(named).tolist():
            parent[row] = above[keys[row]]
        batch.columns["parent"] = parent
        # A parent is named by its code alone: one that stands elsewhere too could draw grids there below this one.
        elsewhere = set(rows.text("code")[~np.isin(rows.fid, self._own["grids"].fid)].tolist())
        doubled = np.array([code in elsewhere and (level, code) not in above for level, code in keys], dtype=bool)
        ledger.reject(doubled, "code", batch.columns["code"], *_OUTSIDE)
        # By a level that is not there, or a parent of a finer one, the order of the city's levels could be turned.
        rank = {level: place for place, level in enumerate(levels_of(rows))}
        own = self._own["grids"]
        known = [*zip(own.text("level").tolist(), own.text("code").tolist(), strict=True)]
        known += [key for key, alive in zip(keys, ledger.alive.tolist(), strict=True) if alive]
        coarsest: dict[str, int] = {}
        for level, code in known:
            coarsest[code] = min(coarsest.get(code, len(rank)), rank.get(level, len(rank)))
        below = [
            level in rank and coarsest.get(code, len(rank)) < rank[level]
            for (level, _), code in zip(keys, parent.tolist(), strict=True)
        ]
        ledger.reject(~named & ~np.array(below, dtype=bool), "parent", parent, *_PARENT)
