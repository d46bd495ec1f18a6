"""How a legend symbol looks in a picture: areas, lines and signs, as `static/js/symbols.js` and `draw.js` draw them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image, ImageDraw

from layers.rasters.lettering import Lettering
from layers.rasters.look import Colour
from layers.rasters.patterns import NAMES

Colours = Mapping[str, Colour]
_FINE = 4  # signs are drawn so many times larger, then reduced
_KINDS = ("fixed", "ptz", "dome", "panoramic")


@dataclass(frozen=True)
class AreaStyle:
    """Fill and outline of an area; colours are names of the style sheet, None for none.

    `opacity` is that of the even ground. `strokes` names a pattern (`layers.rasters.patterns`) laid over it in the
    colour `ink` (that of the fill when None), as strongly as `stroke_opacity` says. `dashed`: the outline is broken.
    """

    fill: str | None
    opacity: float = 0.64
    strokes: str = ""
    stroke_opacity: float = 0.9
    ink: str | None = None
    line: str | None = "line-strong"
    line_px: float = 0.6
    line_opacity: float = 0.8
    dashed: bool = False


_AREAS: Mapping[str, AreaStyle] = {
    "no-data": AreaStyle("no-data", 0.0, "hatch", 0.7),
    "grid-line": AreaStyle(None, line="grid-line", line_px=1.4, line_opacity=0.9),
    "zone": AreaStyle("zone", 0.0, "hatch", 0.5, line="zone", line_px=1.5, line_opacity=1, dashed=True),
    "place": AreaStyle("place", 0.18, line="place", line_px=1.5, line_opacity=1),
    "view-certain": AreaStyle("view", 0.35, line="view", line_px=1, line_opacity=1),
    "view-possible": AreaStyle("view", 0.0, "hatch", 0.55, line="view", line_px=0.8, line_opacity=0.6),
    "exposure-certain": AreaStyle("exposure", 0.6, line="exposure", line_px=1.5, line_opacity=1),
    "exposure-possible": AreaStyle("exposure", 0.0, "hatch", 0.8, line="exposure", line_px=1.5, line_opacity=1),
    "blindspot": AreaStyle("blind-3", 0.45, line="blind-4", line_px=2, line_opacity=1),
    "ramp-zero": AreaStyle("ramp-zero", 0.3),
    "finding-error": AreaStyle("bad", 0.4, line="bad", line_px=2, line_opacity=1),
    "finding-warning": AreaStyle("warn-line", 0.0, "hatch", 0.6, line="warn-line", line_px=1.6, line_opacity=1),
    "finding-note": AreaStyle("muted", 0.08, line="muted", line_px=1.4, line_opacity=1, dashed=True),
}


def area_style(symbol: str, colours: Colours) -> AreaStyle:
    """Return how an area of a symbol looks: a class of any layer by the colour of its name; unknown: as no data."""
    if symbol in _AREAS:
        return _AREAS[symbol]
    if symbol.startswith("spot-"):
        return _spot_style(symbol.removeprefix("spot-"))
    if symbol not in colours:
        return _AREAS["no-data"]
    if symbol.startswith("change-"):
        # Fewer is striped, so that a grey print tells it from more.
        opacity, fewer = 0.5 if symbol == "change-chance" else 0.78, symbol.startswith("change-down")
        return AreaStyle(symbol, opacity, "stripes" if fewer else "", opacity, "halo")
    return AreaStyle(symbol, 0.52 if symbol.startswith("blind") else 0.64)


def _spot_style(kind: str) -> AreaStyle:
    """Return the style of a hot or cold spot: its side by colour and outline, its pattern over time by strokes."""
    side, _, over_time = kind.partition("-")
    if side not in ("hot", "cold"):
        return AreaStyle("ramp-zero", 0.2, line_px=0.5, line_opacity=0.35)
    ground = {"": 0.45, "historical": 0.14, "new": 0.75}.get(over_time, 0.2)
    strokes = over_time if over_time in NAMES else ""
    return AreaStyle(f"spot-{side}", ground, strokes, line=f"spot-{side}", line_px=1.4 if side == "hot" else 1.2,
                     line_opacity=1, dashed=side == "cold")  # fmt: skip


def colour_of(name: str, colours: Colours) -> Colour:
    """Return a colour by its name in the style sheet; that of missing data for a name it does not have."""
    return colours.get(name) or colours.get("no-data", (128, 128, 128))


def symbol_of(layer: str, row: Mapping[str, object]) -> str:
    """Return the legend symbol of a feature: its own, else what its layer's features are drawn as."""
    if isinstance(row.get("symbol"), str):
        return str(row["symbol"])
    count = row.get("count")
    many = isinstance(count, (int, float)) and count > 1
    match layer:
        case "grids":
            return "grid-line"
        case "zones":
            return "zone"
        case "places":
            return "place"
        case "blindspots":
            return "blindspot"
        case "views":
            return f"view-{row.get('state')}"
        case "assignment":
            return f"doubt-{row.get('why')}"
        case "cameras":
            return "camera-cluster" if many else f"camera-{row['kind'] if row.get('kind') in _KINDS else 'other'}"
        case _:
            return "cluster" if many else "incident"


@dataclass(frozen=True)
class Sign:
    """What decides how a point is drawn."""

    symbol: str
    count: int = 1
    online: bool | None = True
    azimuth_deg: float | None = None
    width_deg: float = 60.0
    radius: float = 6.0


def stamp(sign: Sign, colours: Colours, lettering: Lettering) -> Image.Image:
    """Return a sign on a transparent ground; its middle is the middle of the picture."""
    side = 48 if sign.count > 1 or sign.symbol.startswith(("camera", "state")) else 28
    fine = _FINE * lettering.scale
    big = Image.new("RGBA", (side * fine, side * fine), (*colour_of("halo", colours), 0))
    pen = ImageDraw.Draw(big)
    middle = side * fine / 2
    if sign.count > 1 or sign.symbol.endswith("cluster"):
        _cluster(pen, middle, fine, sign, colours)
    elif sign.symbol.startswith(("camera", "state")):
        _camera(big, pen, middle, fine, sign, colours)
    else:
        _mark(pen, middle, fine, sign.symbol, colours)
    small = big.resize((side * lettering.scale, side * lettering.scale), Image.Resampling.BOX)
    if sign.count > 1:
        _number(small, sign, colours, lettering)
    return small


def _circle(pen: ImageDraw.ImageDraw, x: float, y: float, r: float, fill: tuple[int, ...]) -> None:
    pen.ellipse((x - r, y - r, x + r, y + r), fill=fill)


def _cluster(pen: ImageDraw.ImageDraw, m: float, fine: int, sign: Sign, colours: Colours) -> None:
    r = cluster_px(sign.count) / 2 * fine
    cameras = sign.symbol.startswith("camera")
    main, edge = colour_of("camera" if cameras else "incident", colours), 2 * fine
    if cameras:
        pen.rounded_rectangle((m - r, m - r, m + r, m + r), 6 * fine, fill=(*colour_of("halo", colours), 255))
        inner = r - edge
        pen.rounded_rectangle((m - inner, m - inner, m + inner, m + inner), 4 * fine, fill=(*main, 225))
    else:
        _circle(pen, m, m, r, (*colour_of("halo", colours), 255))
        _circle(pen, m, m, r - edge, (*main, 225))


def cluster_px(count: int) -> float:
    """Return how large the sign of several things is, in pixels of the page."""
    return min(20 + 7 * math.log10(max(count, 1)), 48.0)


def _number(image: Image.Image, sign: Sign, colours: Colours, lettering: Lettering) -> None:
    text = f"{round(sign.count / 1000):,}k" if sign.count >= 10_000 else f"{sign.count:,}"
    size, room = 13.0, (cluster_px(sign.count) - 5) * lettering.scale
    while size > 8 and lettering.width(text, size, bold=True) > room:
        size -= 1
    ImageDraw.Draw(image).text(
        (image.width / 2, image.height / 2), text, colour_of("surface", colours), lettering.font(size, bold=True), "mm"
    )


def _camera(image: Image.Image, pen: ImageDraw.ImageDraw, m: float, fine: int, sign: Sign, colours: Colours) -> None:
    main, paper = colour_of("camera", colours), colour_of("halo", colours)
    if sign.azimuth_deg is not None:
        half, reach = min(sign.width_deg, 120.0) / 2, 19 * fine
        begin, end = sign.azimuth_deg - 90 - half, sign.azimuth_deg - 90 + half
        wedge = Image.new("RGBA", image.size, (*main, 0))
        ImageDraw.Draw(wedge).pieslice(
            (m - reach, m - reach, m + reach, m + reach),
            begin,
            end,
            fill=(*main, 115),
            outline=(*main, 255),
            width=fine,
        )
        image.alpha_composite(wedge)
    r = sign.radius * fine
    kind = sign.symbol.removeprefix("camera-")
    outline = main if sign.online is not None else tuple((2 * a + b) // 3 for a, b in zip(main, paper, strict=True))
    for grow, colour in ((1.8 * fine, paper), (0.0, outline)):
        _body(pen, m, r + grow, kind, (*colour, 255))
    if sign.online is not True:
        inside = (
            paper if sign.online is False else tuple((2 * a + 3 * b) // 5 for a, b in zip(main, paper, strict=True))
        )
        _body(pen, m, r - 1.6 * fine, kind, (*inside, 255))
    if sign.online is False:
        pen.line((m - r, m + r, m + r, m - r), fill=(*main, 255), width=round(1.8 * fine))
    if kind == "panoramic":
        reach = r + 3 * fine
        pen.ellipse((m - reach, m - reach, m + reach, m + reach), outline=(*main, 255), width=round(1.2 * fine))


def _body(pen: ImageDraw.ImageDraw, m: float, r: float, kind: str, fill: tuple[int, ...]) -> None:
    if kind == "dome":
        pen.pieslice((m - r, m - r, m + r, m + r), 180, 360, fill=fill)
        pen.rectangle((m - r, m, m + r, m + r * 0.6), fill=fill)
    elif kind == "ptz":
        pen.polygon([(m, m - 1.15 * r), (m + 1.15 * r, m), (m, m + 1.15 * r), (m - 1.15 * r, m)], fill=fill)
    elif kind in ("fixed", "online", "offline", "unknown", "wedge"):
        pen.rectangle((m - 0.85 * r, m - 0.85 * r, m + 0.85 * r, m + 0.85 * r), fill=fill)
    else:
        _circle(pen, m, m, r, fill)


def _mark(pen: ImageDraw.ImageDraw, m: float, fine: int, symbol: str, colours: Colours) -> None:
    halo, main = (*colour_of("halo", colours), 255), (*colour_of("incident", colours), 255)
    for grow, inside in ((2.0, False), (0.0, True)):
        r = (6 + grow) * fine
        outer = main if inside else halo
        if symbol == "place":
            corners = [(0, -1), (1, -0.15), (0.7, 1), (-0.7, 1), (-1, -0.15)]
            fill = (*colour_of("place", colours), 255) if inside else halo
            pen.polygon([(m + x * r, m + y * r) for x, y in corners], fill=fill)
        elif symbol == "doubt-differs":
            pen.polygon([(m, m - r), (m + r, m + 0.85 * r), (m - r, m + 0.85 * r)], fill=outer)
        elif symbol == "doubt-outside":
            pen.rectangle((m - 0.85 * r, m - 0.85 * r, m + 0.85 * r, m + 0.85 * r), fill=outer)
            if inside:
                e = 0.85 * r - 1.5 * fine
                pen.rectangle((m - e, m - e, m + e, m + e), fill=halo)
                pen.line((m - e, m - e, m + e, m + e), fill=main, width=round(1.6 * fine))
                pen.line((m - e, m + e, m + e, m - e), fill=main, width=round(1.6 * fine))
        elif symbol == "doubt-near_border":
            _circle(pen, m, m, (3.5 + grow) * fine, outer)
            if inside:
                _circle(pen, m, m, 2.3 * fine, halo)
        else:
            own = colours.get(symbol)
            _circle(pen, m, m, (5 + grow) * fine, (*own, 255) if inside and own else outer)
