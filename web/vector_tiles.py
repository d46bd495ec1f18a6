"""/tiles/….mvt: the base map from its archive; cameras and coverage tile by tile."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Hashable

import numpy as np
from flask import Blueprint, Response, request

from geo.columns import Snapshot
from geo.errors import N_
from layers.base import Params
from layers.engine import Complete
from layers.rasters.mercator import tile_bounds
from web.base_tiles import base_tiles, facts, present
from web.coverage_service import rows_of, shown
from web.errors import RequestError
from web.params import layer_params
from web.replies import fresh_json
from web.service import revisions
from web.state import Atlas, atlas

blueprint = Blueprint("vector", __name__)
MVT = "application/vnd.mapbox-vector-tile"
YEAR_S = 365 * 86_400
RETRY_S = 2
Keyed = tuple[tuple[Hashable, ...], Callable[[int, int, int], bytes]]  # what tells tiles apart, and one of them


def tile_reply(body: bytes, etag: str, *, forever: bool) -> Response:
    """Return a tile (gzip; b"" is an empty one) as the reader takes it, or 304 when it has it.

    `forever`: the address names the contents, so that the reader never asks again.
    """
    packed = "gzip" in request.accept_encodings
    response = Response(body if packed or not body else gzip.decompress(body), mimetype=MVT)
    if not body:
        response.status_code = 204
    elif packed:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(etag)
    response.headers["Cache-Control"] = f"private, max-age={YEAR_S}, immutable" if forever else "private, no-cache"
    return response.make_conditional(request) if body else response  # type: ignore[return-value]


@blueprint.get("/base.json")
def base_facts() -> Response:
    """Say whether the vector base map is there, and how to draw it."""
    state = atlas()
    return fresh_json(facts(state, state.whole()))  # the base map is everybody's


@blueprint.get("/base/<int:z>/<int:x>/<int:y>.mvt")
def base(z: int, x: int, y: int) -> Response:
    """Return a tile of the base map: layers building, street and water; `v` is the key of /tiles/base.json."""
    tile_bounds(z, x, y)
    state = atlas()
    wanted = request.args.get("v", "")
    key, found = (wanted, "ready") if wanted else present(state, state.whole())
    if found == "empty":
        return tile_reply(b"", "empty", forever=False)
    archives = base_tiles(state).archives(key)
    if archives is None and wanted:
        raise RequestError(
            410, "base_gone", N_("This base map was replaced."), N_("Ask /tiles/base.json for the present one.")
        )
    if archives is None:
        raise RequestError(
            503,
            "base_building",
            N_("The base map is being prepared."),
            N_("Try again in a moment; until then there are picture tiles."),
            retry_s=RETRY_S,
        )
    body = state.shared_cache.get(("base tile", key, z, x, y), lambda: archives.tile(z, x, y))
    return tile_reply(body, f"{key}-{z}-{x}-{y}", forever=bool(wanted))


def live(kind: str, key: Hashable, z: int, x: int, y: int, make: Callable[[], bytes]) -> Response:
    """Return the tile of `key`, made once and shared by every reader of the same area."""

    def made() -> tuple[bytes, str]:
        body = make()
        return body, hashlib.blake2b(body, digest_size=12).hexdigest()

    return tile_reply(*atlas().cache.get(("tile", kind, z, x, y, key), made), forever=False)


def _asked(z: int, x: int, y: int) -> tuple[Atlas, Snapshot, Params]:
    tile_bounds(z, x, y)
    state = atlas()
    snapshot = state.snapshot()
    return state, snapshot, layer_params(request.args, snapshot, "en")


@blueprint.get("/cameras/<int:z>/<int:x>/<int:y>.mvt")
def cameras(z: int, x: int, y: int) -> Response:
    """Return a tile of the cameras: layer camera, together at small scales."""
    from layers.tiles.live import CameraTiles

    state, snapshot, params = _asked(z, x, y)
    key = ("camera tiles", params.online_only, revisions(snapshot, ("cameras",)))

    def make() -> bytes:
        if snapshot.crs is None:
            return b""
        made = state.prepared.get(key, lambda: CameraTiles(snapshot, online_only=params.online_only))
        return made.tile(z, x, y)

    return live("cameras", key, z, x, y, make)


def computed(kind: str, z: int, x: int, y: int, tiles_of: Callable[[Complete, Snapshot, Params], Keyed]) -> Response:
    """Return a tile of the last complete coverage as it was asked for; empty while there is none."""
    state, snapshot, params = _asked(z, x, y)
    complete = shown(state.runs, snapshot, params, 0.0).complete
    if complete is None:
        return tile_reply(b"", "none", forever=False)
    key, tile = tiles_of(complete, snapshot, params)
    return live(kind, (complete.mark, complete.slot, *key), z, x, y, lambda: tile(z, x, y))


@blueprint.get("/coverage/<int:z>/<int:x>/<int:y>.mvt")
def coverage(z: int, x: int, y: int) -> Response:
    """Return a tile of the last complete coverage of a level: layers grid, certain, possible and blind."""
    from layers.tiles.live import coverage_tiles

    return computed("coverage", z, x, y, lambda complete, *_: ((), lambda *at: coverage_tiles(complete).tile(*at)))


@blueprint.get("/views/<int:z>/<int:x>/<int:y>.mvt")
def views(z: int, x: int, y: int) -> Response:
    """Return a tile of the views of the last complete coverage: layer view."""
    from layers.tiles.live import view_tiles

    return computed("views", z, x, y, lambda complete, *_: ((), lambda *at: view_tiles(complete).tile(*at)))


@blueprint.get("/blindspots/<int:z>/<int:x>/<int:y>.mvt")
def blindspots(z: int, x: int, y: int) -> Response:
    """Return a tile of the blind spots of the last complete coverage, ranked as by /api/blindspots: layer blindspot."""
    from layers.tiles.live import SpotTiles, spot_tiles
    from web.spots import ranked

    def tiles_of(complete: Complete, snapshot: Snapshot, params: Params) -> Keyed:
        key = (params.parent, *params.choice, revisions(snapshot, ("incidents",)))

        def made() -> SpotTiles:
            spots = ranked(complete, snapshot, params)
            return spot_tiles(complete, spots, np.flatnonzero(np.isin(spots.cell, rows_of(complete, params.parent))))

        kept = ("spot tiles", complete.mark, complete.slot, key)
        return key, lambda *at: atlas().prepared.get(kept, made).tile(*at)

    return computed("blindspots", z, x, y, tiles_of)
