"""Where the parts of a map sheet stand: title above, legend beside the map, origin below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from layers.rasters.lettering import Lettering

MARGIN, GAP, LEGEND_W = 20, 12, 236
TITLE_PX, TEXT_PX, FOOT_PX = 22, 14, 13
LINE = 1.42  # height of a line in sizes of its letters
LEAST_MAP = 140

Box = tuple[int, int, int, int]  # left, top, width, height in pixels of the picture


@dataclass(frozen=True)
class Sheet:
    """What a map sheet says; every text is already in the reader's language and is drawn as text only.

    Attributes
    ----------
    title, lines
        Above the map: what it shows, and of which incidents.
    legends
        As `layers.base.Legend.to_json` gives them.
    foot
        Below the map: sources, origin of the figures, date.
    badge
        What must not be overlooked, such as that the data are simulated; "" for nothing.
    approval
        Number under which the map may be published; "" where none is set.
    north
        Letter at the arrow.
    more
        Template of the line that stands for legend lines without room; field {count}.
    empty
        What stands in the legend's place where there is none.
    margin
        Pixels of the page around everything.
    """

    title: str
    lines: tuple[str, ...]
    legends: tuple[Mapping[str, Any], ...]
    foot: tuple[str, ...]
    badge: str = ""
    approval: str = ""
    north: str = "N"
    more: str = "… {count}"
    empty: str = ""
    margin: int = MARGIN


@dataclass(frozen=True)
class Layout:
    """Boxes of the parts, and the texts broken into lines that fit them."""

    map: Box
    legend: Box
    title: list[str]
    lines: list[str]
    foot: list[str]
    approval: list[str]
    foot_top: int


def lay_out(sheet: Sheet, width: int, height: int, lettering: Lettering) -> Layout:
    """Return where everything stands in a picture of `width` x `height` pixels of the page.

    The texts take what they need, the map the rest: at least 140 pixels of the page, for which foot notes are cut.
    """
    scale, margin = lettering.scale, sheet.margin
    inner = (width - 2 * margin) * scale
    badge = (lettering.width(sheet.badge, TEXT_PX) + 32 * scale) if sheet.badge else 0
    title = lettering.wrap(sheet.title, TITLE_PX, inner - badge, bold=True, most=2)
    lines = [part for line in sheet.lines for part in lettering.wrap(line, TEXT_PX, inner, most=3)]
    approval = lettering.wrap(sheet.approval, FOOT_PX, inner, most=2) if sheet.approval else []
    foot = [part for line in sheet.foot for part in lettering.wrap(line, FOOT_PX, inner, most=6)]
    top = round((margin + TITLE_PX * LINE * len(title) + TEXT_PX * LINE * len(lines) + GAP) * scale)
    line = FOOT_PX * LINE * scale
    room = height * scale - top - (margin + GAP) * scale - line * len(approval) - LEAST_MAP * scale
    most = max(1, int(room // line))
    if len(foot) > most:
        foot = [*foot[: most - 1], lettering.cut(foot[most - 1], FOOT_PX, inner)]
    foot_top = round(height * scale - margin * scale - line * (len(foot) + len(approval)))
    map_height = foot_top - GAP * scale - top
    legend_width = LEGEND_W * scale
    map_width = inner - legend_width - GAP * scale
    left = margin * scale
    return Layout(
        (left, top, map_width, map_height),
        (left + map_width + GAP * scale, top, legend_width, map_height),
        title,
        lines,
        foot,
        approval,
        foot_top,
    )
