"""A map sheet: the map in its frame with title, legend, scale bar, north arrow, origin and approval number."""

from __future__ import annotations

import math

import numpy as np
import shapely
from PIL import Image, ImageDraw

from layers.rasters.features import paint_areas
from layers.rasters.layout import FOOT_PX, GAP, LINE, TEXT_PX, TITLE_PX, Layout, Sheet
from layers.rasters.lettering import Lettering
from layers.rasters.look import Colour
from layers.rasters.symbols import Colours, Sign, area_style, colour_of, stamp
from layers.rasters.view import View

SCALE_BAR_PX = 160  # longest, in pixels of the page
LEGEND_PX = 13
_SIGNS = ("camera", "state", "doubt", "cluster", "incident", "place")


def bar_length_m(metres_in_px: float, most_px: float) -> float:
    """Return the longest round length (1, 2 or 5 by a power of ten) in metres that fits `most_px`.

    Examples
    --------
    >>> bar_length_m(2.376, 160), bar_length_m(0.03, 160)
    (200.0, 2.0)
    """
    most = metres_in_px * most_px * (1 + 1e-9)  # rounding does not halve a bar that fits exactly
    power = 10.0 ** math.floor(math.log10(most))
    return power * max(step for step in (1, 2, 5) if step * power <= most)


def length_text(metres: float) -> str:
    """Return a length with its unit.

    Examples
    --------
    >>> length_text(500.0), length_text(2000.0), length_text(0.5)
    ('500 m', '2 km', '0.5 m')
    """
    return f"{metres / 1000:,g} km" if metres >= 1000 else f"{metres:g} m"


def figure_text(value: float) -> str:
    """Return a number of a legend with about three significant digits, as the pages do.

    Examples
    --------
    >>> figure_text(1234.5), figure_text(12.34), figure_text(0.125), figure_text(3)
    ('1,234', '12.3', '0.12', '3')
    """
    if not math.isfinite(value):
        return "–"
    whole = float(value).is_integer()
    return f"{value:,.0f}" if whole or abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def item_text(item: dict[str, object]) -> str:
    """Return the label of a legend's line."""
    if item["label"]:
        return str(item["label"])
    low, high = item["low"], item["high"]
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        return ""
    return figure_text(high) if low == high else f"{figure_text(low)} – {figure_text(high)}"


def compose(sheet: Sheet, layout: Layout, chart: Image.Image, view: View, colours: Colours, lettering: Lettering,
            size: tuple[int, int]) -> Image.Image:  # fmt: skip
    """Return the sheet as an RGB picture of `size` pixels.

    Parameters
    ----------
    layout
        Of `sheet` at this size (`layers.rasters.layout.lay_out`).
    chart
        The map, as large as ``layout.map`` says, showing `view`.
    """
    image = Image.new("RGB", size, colour_of("surface", colours))
    pen, scale = ImageDraw.Draw(image), lettering.scale
    margin = sheet.margin * scale
    text, muted = colour_of("text", colours), colour_of("muted", colours)
    y = _write(pen, layout.title, margin, margin, TITLE_PX, text, lettering, bold=True)
    _write(pen, layout.lines, margin, y, TEXT_PX, muted, lettering)
    left, top, width, height = layout.map
    image.paste(chart, (left, top))
    pen.rectangle(
        (left, top, left + width - 1, top + height - 1), outline=colour_of("line-strong", colours), width=scale
    )
    _scale_bar(image, layout, view, colours, lettering)
    _north(image, layout, sheet.north, colours, lettering)
    _legend(image, layout, sheet, colours, lettering)
    y = _write(pen, layout.foot, margin, layout.foot_top, FOOT_PX, muted, lettering)
    _write(pen, layout.approval, margin, y, FOOT_PX, text, lettering)
    if sheet.badge:
        _badge(pen, sheet.badge, size[0] - margin, margin, colours, lettering)
    return image


def _write(
    pen: ImageDraw.ImageDraw, lines: list[str], x: float, y: float, px: float, colour: Colour, lettering: Lettering,
    *, bold: bool = False,
) -> float:  # fmt: skip
    font = lettering.font(px, bold=bold)
    for line in lines:
        pen.text((x, y), line, colour, font)
        y += px * LINE * lettering.scale
    return y


def _badge(
    pen: ImageDraw.ImageDraw, text: str, right: float, top: float, colours: Colours, lettering: Lettering
) -> None:
    scale = lettering.scale
    wide, high = lettering.width(text, TEXT_PX) + 16 * scale, 26 * scale
    box = (right - wide, top + 2 * scale, right, top + 2 * scale + high)
    fill, line = colour_of("warn-bg", colours), colour_of("warn-line", colours)
    pen.rounded_rectangle(box, 4 * scale, fill=fill, outline=line, width=scale)
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    pen.text(middle, text, colour_of("warn-text", colours), lettering.font(TEXT_PX), "mm")


def _plate(
    image: Image.Image, box: tuple[float, float, float, float], colours: Colours, scale: int
) -> ImageDraw.ImageDraw:
    """Lay a light ground under letters on the map."""
    pen = ImageDraw.Draw(image, "RGBA")
    pen.rounded_rectangle(box, 4 * scale, fill=(*colour_of("surface", colours), 225))
    return pen


def _scale_bar(image: Image.Image, layout: Layout, view: View, colours: Colours, lettering: Lettering) -> None:
    scale, (left, top, _, height) = lettering.scale, layout.map
    metres = bar_length_m(view.metres_in_px, min(SCALE_BAR_PX * scale, layout.map[2] / 3))
    wide = round(metres / view.metres_in_px)
    x, y = left + 20 * scale, top + height - 20 * scale
    label = length_text(metres)
    room = max(wide, lettering.width(label, FOOT_PX))
    pen = _plate(image, (x - 8 * scale, y - 24 * scale, x + room + 8 * scale, y + 12 * scale), colours, scale)
    ink, paper = colour_of("text", colours), colour_of("surface", colours)
    pen.text((x, y - 22 * scale), label, ink, lettering.font(FOOT_PX))
    # Both ends count: the bar is exactly `wide` pixels long.
    pen.rectangle((x, y, x + wide - 1, y + 6 * scale - 1), fill=ink)
    pen.rectangle((x + wide // 2, y + scale, x + wide - 1 - scale, y + 5 * scale - 1), fill=paper)


def _north(image: Image.Image, layout: Layout, letter: str, colours: Colours, lettering: Lettering) -> None:
    scale, (left, top, width, _) = lettering.scale, layout.map
    x, y = left + width - 26 * scale, top + 12 * scale
    pen = _plate(image, (x - 16 * scale, y - 4 * scale, x + 16 * scale, y + 50 * scale), colours, scale)
    ink, paper = colour_of("text", colours), colour_of("surface", colours)
    tip, foot, notch = y, y + 28 * scale, y + 21 * scale
    pen.polygon([(x, tip), (x - 9 * scale, foot), (x, notch)], fill=ink)
    pen.polygon([(x, tip), (x + 9 * scale, foot), (x, notch)], fill=paper, outline=ink)
    pen.text((x, y + 39 * scale), letter, ink, lettering.font(TEXT_PX, bold=True), "mm")


def swatch(symbol: str, colours: Colours, lettering: Lettering) -> Image.Image:
    """Return the symbol as a picture of 22 x 22 pixels of the page, on the ground of the sheet."""
    scale = lettering.scale
    side = 22 * scale
    image = Image.new("RGB", (side, side), colour_of("surface", colours))
    if symbol.split("-")[0] in _SIGNS or symbol == "camera-cluster":
        many = symbol.endswith("cluster")
        sign = Sign(
            symbol if symbol != "camera-wedge" else "camera-fixed",
            online={"state-offline": False, "state-unknown": None}.get(symbol, True),
            azimuth_deg=90.0 if symbol == "camera-wedge" else None,
        )
        drawn = stamp(sign, colours, lettering)
        shift = 6 * scale if symbol == "camera-wedge" else 0
        image.paste(drawn, ((side - drawn.width) // 2 - shift, (side - drawn.height) // 2), drawn)
        if many:
            ImageDraw.Draw(image).text(
                (side / 2, side / 2), "9", colour_of("surface", colours), lettering.font(12, bold=True), "mm"
            )
        return image
    style = area_style(symbol, colours)
    box = (2 * scale, 4 * scale, 20 * scale, 18 * scale)
    pen = ImageDraw.Draw(image)
    if style.fill is not None:
        if style.opacity:
            pen.rectangle(box, fill=colour_of("map-bg", colours))
        picture = np.asarray(image, dtype=np.float32).copy()
        paint_areas(picture, np.array([shapely.box(*box)], dtype=object), symbol, colours, scale)
        image = Image.fromarray(np.rint(picture).astype(np.uint8))
        pen = ImageDraw.Draw(image)
    if style.line is not None:
        pen.rectangle(box, outline=colour_of(style.line, colours), width=max(1, round(style.line_px * scale)))
    return image


def _legend(image: Image.Image, layout: Layout, sheet: Sheet, colours: Colours, lettering: Lettering) -> None:
    """Draw the legends from the top; what has no room is counted in a last line, never left out in silence."""
    scale, (left, top, width, height) = lettering.scale, layout.legend
    pen = ImageDraw.Draw(image)
    text, muted = colour_of("text", colours), colour_of("muted", colours)
    bottom, line = top + height, LEGEND_PX * LINE * scale
    if not sheet.legends:
        _write(pen, lettering.wrap(sheet.empty, LEGEND_PX, width), left, top, LEGEND_PX, muted, lettering)
        return
    rows: list[tuple[str, str, str, float]] = []  # kind or symbol, text, count, height
    for legend in sheet.legends:
        rows += [("bold", part, "", line) for part in lettering.wrap(legend["title"], LEGEND_PX, width, bold=True)]
        if any(item["low"] is not None for item in legend["items"]) and legend["unit"]:
            rows += [("muted", part, "", line) for part in lettering.wrap(legend["unit"], LEGEND_PX, width)]
        for item in legend["items"]:
            count = "" if item["count"] is None else f"{item['count']:,}"
            room = width - 30 * scale - lettering.width(count, LEGEND_PX) - 8 * scale
            parts = lettering.wrap(item_text(item), LEGEND_PX, room, most=2) or [""]
            rows.append((f"={item['symbol']}", parts[0], count, max(line, 23 * scale)))
            rows += [("more", part, "", line) for part in parts[1:]]
        rows += [("muted", part, "", line) for part in lettering.wrap(legend["note"], LEGEND_PX, width, most=4)]
        rows.append(("gap", "", "", GAP * scale))
    y, font, bold = float(top), lettering.font(LEGEND_PX), lettering.font(LEGEND_PX, bold=True)
    for place, (kind, words, count, high) in enumerate(rows):
        left_over = sum(1 for row in rows[place:] if row[0] != "gap")
        if left_over and y + high + (line if left_over > 1 else 0) > bottom:
            pen.text((left, y), sheet.more.format(count=left_over), text, bold)
            return
        if kind.startswith("="):
            image.paste(swatch(kind[1:], colours, lettering), (left, round(y)))
            pen.text((left + 30 * scale, y + 11 * scale), words, text, font, "lm")
            pen.text((left + width, y + 11 * scale), count, muted, font, "rm")
        elif kind == "more":
            pen.text((left + 30 * scale, y), words, text, font)
        elif words:
            pen.text((left, y), words, text if kind == "bold" else muted, bold if kind == "bold" else font)
        y += high
