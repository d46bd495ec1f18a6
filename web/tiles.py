"""/tiles/….png: the base map and the heat of incidents, from objects prepared once per revision."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from flask import Blueprint, Request, Response, request

from geo.columns import Snapshot
from layers.base import Params
from layers.rasters.mercator import WEB_MERCATOR, tile_bounds
from layers.tiles.parts import WATER
from settings import ROOT
from web.kept import keep
from web.params import layer_params, one_of
from web.replies import cached
from web.service import revisions
from web.state import Atlas, atlas
from web.vector_tiles import blueprint as vectors

if TYPE_CHECKING:  # they bring in the compiler and the picture library, slow to import: only where a tile is drawn
    from layers.rasters.base import BaseMap

blueprint = Blueprint("tiles", __name__, url_prefix="/tiles")
blueprint.register_blueprint(vectors)
PNG = "image/png"
THEMES = ("light", "dark")
BASE_NEEDS = ("streets", "buildings", "zones")
HEAT_NEEDS = ("grids", "incidents")
# Street names need a font with Chinese; the first that is installed is used (package fonts-noto-cjk).
FONTS = (
    str(ROOT / "fonts" / "NotoSansCJK-Regular.ttc"),  # of the offline bundle
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
)


def base_map(state: Atlas, snapshot: Snapshot) -> BaseMap:
    """Return the base map of the present streets, buildings and water, which is everybody's."""
    from layers.rasters.base import BaseMap

    if snapshot.scope is not None:
        snapshot = state.whole()

    def make() -> BaseMap:
        streets, zones = snapshot["streets"], snapshot["zones"]
        none = np.zeros(0, dtype=object)
        water = np.array([kind in WATER for kind in zones.text("kind")], dtype=bool)
        return BaseMap(
            none if streets.geometry is None else streets.geometry,
            streets.text("kind"),
            streets.text("name"),
            none if snapshot["buildings"].geometry is None else snapshot["buildings"].geometry,
            snapshot.crs or WEB_MERCATOR,
            water=none if zones.geometry is None else zones.geometry[water],
            fonts=FONTS,
        )

    return state.shared_prepared.get(("base", revisions(snapshot, BASE_NEEDS)), make)


def heat_picture(snapshot: Snapshot, params: Params, tile: tuple[int, int, int], scale: int, theme: str) -> bytes:
    """Return a tile (z, x, y) of the heat of the selected incidents as a PNG."""
    from layers.heat_field import heat_field, kept_top
    from layers.rasters.heat import empty_tile, heat_tile

    if snapshot.crs is None:
        return empty_tile(scale)
    field = heat_field(snapshot, params)
    top = kept_top(snapshot, params)
    return heat_tile(field, snapshot.crs, *tile, scale=scale, theme=theme, ramp=params.ramp, top=top)


def scale_asked() -> int:
    """Return 2 for dense screens, else 1."""
    return int(one_of(request.args, "scale", ("1", "2"), "1"))


@blueprint.get("/base/<int:z>/<int:x>/<int:y>.png")
def base(z: int, x: int, y: int) -> Response:
    """Draw a tile of the base map."""
    tile_bounds(z, x, y)
    state = atlas()
    snapshot, scale = state.whole(), scale_asked()  # the base map is everybody's
    theme = one_of(request.args, "theme", THEMES, "light")
    key = ("base", z, x, y, theme, scale, revisions(snapshot, BASE_NEEDS))
    return cached(
        key,
        lambda: base_map(state, snapshot).tile(z, x, y, theme, scale),  # type: ignore[arg-type]
        PNG,
        everybodys=True,
    )


@blueprint.get("/heat/<int:z>/<int:x>/<int:y>.png")
def heat(z: int, x: int, y: int) -> Response:
    """Draw a tile of the heat of the selected incidents."""
    tile_bounds(z, x, y)
    snapshot = atlas().snapshot()
    params, theme, scale = heat_asked(request.query_string, snapshot.crs, snapshot.timezone)
    kept = (params.scale_start, params.scale_end)
    chosen = (theme, params.ramp, params.radius_m, params.kernel, params.weight, params.choice, kept)
    keep(snapshot, HEAT_NEEDS)
    key = ("heat", z, x, y, scale, chosen, revisions(snapshot, HEAT_NEEDS))
    return cached(key, lambda: heat_picture(snapshot, params, (z, x, y), scale, theme), PNG)


@lru_cache(maxsize=1024)
def heat_asked(query: bytes, crs: str | None, timezone: str) -> tuple[Params, str, int]:
    """Return what a query asks of the heat, its theme and scale; dozens of tiles come with the same one."""
    asked = Request({"QUERY_STRING": query.decode("latin-1")}).args
    place = Snapshot(0, crs, timezone, {})
    theme = one_of(asked, "theme", THEMES, "light")
    return layer_params(asked, place, "en"), theme, int(one_of(asked, "scale", ("1", "2"), "1"))
