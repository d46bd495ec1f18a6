"""The map as a picture to be printed or sent, made without a browser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from geo.columns import Snapshot
from geo.crs import bbox_from_lonlat
from geo.errors import N_
from layers import REGISTRY
from layers.base import LayerFrame, Params, chosen_level
from layers.compared import pair
from layers.coverage import CoverageLayer
from web import coverage_service, phrases, service
from web.i18n import translate
from web.params import Query, fault, number, one_of, short_text
from web.state import Atlas
from web.theme import colours
from web.tiles import BASE_NEEDS, FONTS, THEMES, base_map, heat_picture

if TYPE_CHECKING:  # they bring in the picture library and the compiler: only where a picture is made
    from layers.rasters.layout import Sheet
    from layers.rasters.view import View

LEAST, MOST = (480, 360), 4096
MOST_PX = 16_000_000
OPENS = ("density",)
NOT_DRAWN = frozenset({"timeline"})
HEAT_OPACITY = 0.75
WHOLE_WORLD = (-180.0, -60.0, 180.0, 75.0)
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Wish:
    """What a picture is asked to be.

    Attributes
    ----------
    width, height
        Of the whole sheet in pixels of the page; the file has `scale` times as many.
    box
        West, south, east, north that the map must show; None: `centre` and `zoom` say, else all data.
    layers
        Names in the registry; the base map is always below.
    """

    width: int = 1600
    height: int = 1000
    scale: int = 1
    theme: str = "light"
    lang: str = "en"
    title: str | None = None
    layers: tuple[str, ...] = OPENS
    box: Box | None = None
    centre: tuple[float, float] | None = None
    zoom: float = 14.0


def wish_of(query: Query, lang: str) -> Wish:
    """Read the wish from a query; what cannot be drawn is refused with what could be."""
    width = int(number(query, "width", 1600, LEAST[0], MOST, whole=True))
    height = int(number(query, "height", 1000, LEAST[1], MOST, whole=True))
    scale = int(one_of(query, "scale", ("1", "2"), "1"))
    if width * height * scale * scale > MOST_PX:
        raise fault(
            "scale" if scale == 2 else "width",
            f"{width * scale} × {height * scale}",
            N_("A picture of {value} pixels is too large."),
            N_("Ask for at most {limit} million pixels: a smaller width or height, or scale 1."),
            limit=MOST_PX // 1_000_000,
        )
    text = query.get("layers")
    names = OPENS if text is None else tuple(dict.fromkeys(name for name in text.split(",") if name))
    for name in names:
        if name not in REGISTRY or name in NOT_DRAWN:
            raise fault(
                "layers",
                name,
                N_("There is no map layer “{value}” that could be drawn."),
                N_("Use any of: {known}."),
                known=", ".join(sorted(set(REGISTRY) - NOT_DRAWN)),
            )
    return Wish(
        width, height, scale, one_of(query, "theme", THEMES, "light"), lang, short_text(query, "title"), names,
        _numbers(query, "bbox", 4), _numbers(query, "centre", 2), number(query, "zoom", 14.0, 0, 24),
    )  # fmt: skip


def _numbers(query: Query, name: str, count: int) -> Any:
    """Return the numbers of ``bbox=west,south,east,north`` or ``centre=lat,lon``; None when absent."""
    text = query.get(name)
    if not text:
        return None
    remedy = (
        N_("Give west, south, east, north in degrees.") if count == 4 else N_("Give latitude, longitude in degrees.")
    )
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    lat = found[1::2] if count == 4 else found[:1]
    if len(found) != count or not all(abs(value) <= 540 for value in found) or not all(abs(v) <= 90 for v in lat):
        raise fault(name, text, N_("The map section {value} cannot be used."), remedy)
    if count == 4 and (found[0] >= found[2] or found[1] >= found[3]):
        raise fault(name, text, N_("The map section {value} cannot be used."), remedy)
    return found


def needs_of(wish: Wish) -> tuple[str, ...]:
    """Return the layers of the store that the picture reads."""
    return tuple(dict.fromkeys([*(need for name in wish.layers for need in REGISTRY[name].needs), *BASE_NEEDS]))


def sheet_of(state: Atlas, snapshot: Snapshot, params: Params, wish: Wish, made: date) -> Sheet:
    """Return everything the picture says in words but the legends."""
    from layers.rasters.layout import Sheet
    from layers.rasters.lettering import plain

    lang, needs = wish.lang, needs_of(wish)
    titles = [translate(REGISTRY[name].title, lang) for name in wish.layers]
    reads_grids = any("grids" in REGISTRY[name].needs for name in wish.layers)
    level = chosen_level(snapshot["grids"], params.level) if reads_grids else None
    title = wish.title or ("、" if lang == "zh" else ", ").join(titles) or translate(N_("Map"), lang)
    lines = []
    if "incidents" in needs:
        lines.append(phrases.say(N_("Incidents: {window}"), lang, window=phrases.window_text(snapshot, params, lang)))
        lines += phrases.filter_texts(params, lang)
    if snapshot.scope is not None:
        lines.append(phrases.say(N_("Area: {grids}"), lang, grids=phrases.area_names(snapshot, lang)))
    if level:
        lines.append(phrases.say(N_("Grid level: {level}"), lang, level=phrases.word(level, lang)))
    lines += windows_of_layers(snapshot, params, wish)
    revision = max(snapshot[name].revision for name in needs)
    foot = [phrases.origin_text(snapshot, revision, lang, made), phrases.sources_line(snapshot, needs, lang)]
    simulated = phrases.simulated_text(snapshot, needs, lang)
    apart = " · "
    return Sheet(
        plain(title, 160), (plain(apart.join(lines)),) if lines else (), (), tuple(map(plain, foot)),
        simulated, plain(phrases.approval_text(state.settings.map_approval, lang)),
        translate(N_("N"), lang), translate(N_("… and {count} more lines"), lang),
        translate(N_("No data in this picture."), lang),
    )  # fmt: skip


def windows_of_layers(snapshot: Snapshot, params: Params, wish: Wish) -> list[str]:
    """Return the windows of layers that do not show just the chosen one."""
    found = []
    if "hotspots" in wish.layers:
        from layers.hotspot_result import hotspots  # brings in the compiler

        edges = hotspots(snapshot, params).edges
        if len(edges) > 1:
            window = phrases.window_text(snapshot, replace(params, start=edges[0], end=edges[-1]), wish.lang)
            found.append(phrases.say(N_("Hot spots: {window}"), wish.lang, window=window))
    if "change" in wish.layers:
        sides = pair(snapshot, params)
        for side, text in (
            () if sides is None else ((sides.now, N_("Change: {window}")), (sides.before, N_("against {window}")))
        ):
            window = phrases.window_text(
                snapshot, replace(params, start=side.window.start, end=side.window.end), wish.lang
            )
            found.append(phrases.say(text, wish.lang, window=window))
    return found


def legend_of(frame: LayerFrame, lang: str) -> dict[str, Any]:
    """Return a legend in the reader's language, as text only."""
    from layers.rasters.lettering import plain

    assert frame.legend is not None
    found = frame.legend.to_json(lambda text: translate(text, lang))
    for item in found["items"]:
        item["label"] = plain(phrases.word(item["label"], lang)) if item["label"] else ""
    return {**found, "note": plain(found["note"])}


def frames_of(state: Atlas, snapshot: Snapshot, params: Params, wish: Wish) -> dict[str, LayerFrame]:
    """Return the frames of the wished layers, as the page gets them."""
    found = {}
    for name in wish.layers:
        layer = REGISTRY[name]
        if isinstance(layer, CoverageLayer):
            shown = coverage_service.shown(state.runs, snapshot, params, 0.0)
            found[name] = layer.frame_of(shown.complete, snapshot, params)
        else:
            found[name] = layer.frame(snapshot, params)
    return found


def view_for(wish: Wish, snapshot: Snapshot, width: int, height: int) -> View:
    """Return the section of the world that fits a map of `width` x `height` pixels."""
    from layers.rasters.view import view_at, view_of

    if wish.box is not None:
        return view_of(wish.box, width, height, wish.scale)
    if wish.centre is not None:
        lat, lon = wish.centre
        return view_at(lon, lat, wish.zoom, width, height, wish.scale)
    bounds = service.bounds(snapshot)
    return view_of((bounds[0], bounds[1], bounds[2], bounds[3]) if bounds else WHOLE_WORLD, width, height, wish.scale)


def windowed(params: Params, view: View, snapshot: Snapshot) -> Params:
    """Return the parameters with the section and the zoom of the picture, as the page sends its own."""
    if snapshot.crs is None:
        return params
    return replace(params, bbox=bbox_from_lonlat(*view.lonlat_box(), snapshot.crs), zoom=round(view.zoom))


def draw_map(
    state: Atlas, snapshot: Snapshot, params: Params, wish: Wish, view: View, frames: dict[str, LayerFrame]
) -> Any:
    """Return the map alone as an RGB picture: base map, heat, then features bottom to top."""
    from PIL import Image

    from layers.rasters.features import in_order, paint_features
    from layers.rasters.lettering import Lettering
    from layers.rasters.mosaic import mosaic

    shades, lettering = colours(wish.theme), Lettering(FONTS, wish.scale)
    chart = Image.new("RGB", (view.width, view.height), shades["map-bg"])
    base = base_map(state, snapshot)
    found = mosaic(view, lambda z, x, y, scale: base.tile(z, x, y, wish.theme, scale))  # type: ignore[arg-type]
    chart.paste(found, mask=found.getchannel("A"))
    if "heat" in wish.layers:
        warm = mosaic(view, lambda z, x, y, scale: heat_picture(snapshot, params, (z, x, y), scale, wish.theme))
        chart.paste(warm, mask=warm.getchannel("A").point(lambda alpha: round(alpha * HEAT_OPACITY)))
    for name in in_order(wish.layers):
        paint_features(chart, view, name, frames[name].features, shades, lettering)
    return chart


def picture(state: Atlas, snapshot: Snapshot, params: Params, wish: Wish, made: date) -> bytes:
    """Return the map sheet as a PNG."""
    from layers.rasters.base import encode
    from layers.rasters.layout import lay_out
    from layers.rasters.lettering import Lettering
    from layers.rasters.sheet import compose

    lettering = Lettering(FONTS, wish.scale, chinese=wish.lang == "zh")
    sheet = sheet_of(state, snapshot, params, wish, made)
    layout = lay_out(sheet, wish.width, wish.height, lettering)
    view = view_for(wish, snapshot, layout.map[2], layout.map[3])
    shown = windowed(params, view, snapshot)
    frames = frames_of(state, snapshot, shown, wish)
    from layers.rasters.features import in_order

    legends = [legend_of(frames[name], wish.lang) for name in reversed(in_order(wish.layers)) if frames[name].legend]
    chart = draw_map(state, snapshot, shown, wish, view, frames)
    size = (wish.width * wish.scale, wish.height * wish.scale)
    return encode(
        compose(replace(sheet, legends=tuple(legends)), layout, chart, view, colours(wish.theme), lettering, size)
    )
