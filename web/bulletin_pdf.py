"""The monthly bulletin as a PDF: figures in words, two maps, method and origin on the last page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from flask import render_template

from geo.columns import Snapshot
from geo.crs import lonlat
from geo.errors import N_, FontMissingError
from geo.month import parse_month
from layers.base import Params
from web import bulletin, bulletin_notes, bulletin_view, phrases, picture
from web.i18n import TAGS, translate
from web.pdf import to_pdf
from web.state import Atlas
from web.theme import colours
from web.tiles import BASE_NEEDS, FONTS
from web.words import Words

Json = dict[str, Any]
MAP_PX = (860, 500)  # of the page; drawn at twice as many
NEEDS = tuple(dict.fromkeys([*bulletin.NEEDS, *BASE_NEEDS]))


def grid_box(snapshot: Snapshot, level: str | None) -> picture.Box | None:
    """Return west, south, east, north of the grids of a level, None without grids."""
    grids = snapshot["grids"]
    if level is None or grids.geometry is None or snapshot.crs is None:
        return None
    x0, y0, x1, y1 = shapely.total_bounds(grids.geometry[grids.text("level") == level])
    lon, lat = lonlat(np.array([x0, x1, x0, x1]), np.array([y0, y0, y1, y1]), snapshot.crs)
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def map_figure(state: Atlas, snapshot: Snapshot, params: Params, layer: str, lang: str) -> bytes:
    """Return a map with legend, scale bar and north arrow, for a printed page that says the rest itself."""
    from layers.rasters.base import encode
    from layers.rasters.layout import Sheet, lay_out
    from layers.rasters.lettering import Lettering
    from layers.rasters.sheet import compose

    wish = picture.Wish(*MAP_PX, 2, "light", lang, None, (layer,), grid_box(snapshot, params.level))
    lettering = Lettering(FONTS, 2, chinese=lang == "zh")
    sheet = Sheet("", (), (), (), "", "", translate(N_("N"), lang), translate(N_("… and {count} more lines"), lang),
                  translate(N_("No data in this picture."), lang), margin=4)  # fmt: skip
    layout = lay_out(sheet, *MAP_PX, lettering)
    view = picture.view_for(wish, snapshot, layout.map[2], layout.map[3])
    shown = picture.windowed(params, view, snapshot)
    frames = picture.frames_of(state, snapshot, shown, wish)
    legends = tuple(picture.legend_of(frame, lang) for frame in frames.values() if frame.legend)
    chart = picture.draw_map(state, snapshot, shown, wish, view, frames)
    size = (MAP_PX[0] * 2, MAP_PX[1] * 2)
    return encode(compose(replace(sheet, legends=legends), layout, chart, view, colours("light"), lettering, size))


def context(state: Atlas, snapshot: Snapshot, facts: Json, lang: str, made: datetime) -> Json:
    """Return what the template shows, all of it text, but for the chart and the names of the pictures."""
    words = Words(lang)
    level = phrases.word(facts["level"], lang)
    when = made.astimezone(ZoneInfo(snapshot.timezone)).strftime("%Y-%m-%d %H:%M %Z")
    has_grids = facts["level"] is not None
    partial = bulletin_notes.partial_note(facts, words)
    spots = bulletin_notes.second_map(facts)
    captions = {
        "density": words(N_("Density of incidents by grid, {month}"), month=words.month(facts["month"])),
        "heat": bulletin_view.heat_caption(facts, words),
        "hotspots": "" if spots == "heat" else bulletin_view.spots_caption(facts, words),
    }
    names = (["density"] if has_grids else []) + [spots]
    return {
        "tag": TAGS[lang],
        "_": words,
        "title": bulletin_view.title_of(facts, words),
        "subtitle": words(N_("Grid level: {level}"), level=level)
        if has_grids
        else words(N_("The store holds no grids.")),
        "origin_line": words(N_("Data revision {revision}; made on {made}"), revision=facts["revision"], made=when),
        "timezone": facts["timezone"],
        "simulated": phrases.simulated_text(snapshot, NEEDS, lang),
        "notes": [
            note
            for note in (phrases.area_text(snapshot, lang), partial, *bulletin_notes.against_notes(facts, words))
            if note
        ],
        "cards": bulletin_view.key_figures(facts, words),
        "chart": bulletin_view.chart(facts, words),
        "matrix": bulletin_view.matrix(facts, words),
        "change_head": bulletin_view.change_head(words),
        "categories": bulletin_view.category_rows(facts, words),
        "grids_title": words(N_("Grids with most incidents")),
        "grids": bulletin_view.grid_rows(facts, words),
        "no_grids": words(N_("No grid of this level holds an incident of the month.")),
        "figures": [{"name": name, "caption": captions[name]} for name in names],
        "levels": bulletin_view.level_rows(facts, words),
        "coverage": bulletin_view.coverage_rows(facts, words),
        "coverage_note": bulletin_notes.coverage_note(facts, words),
        "method": bulletin_notes.method(facts, words),
        "origin": bulletin_notes.origin_lines(snapshot, facts, words, NEEDS, when),
        "approval": phrases.approval_text(state.settings.map_approval, lang),
    }


def bulletin_pdf(state: Atlas, snapshot: Snapshot, facts: Json, lang: str, made: datetime) -> bytes:
    """Return the bulletin as a PDF."""
    if not any("CJK" in path and Path(path).is_file() for path in FONTS):
        raise FontMissingError(
            N_("No font is installed that can write the texts of the picture."),
            N_("Ask the operator to install Noto Sans CJK (Debian: the package fonts-noto-cjk)."),
        )
    shown = context(state, snapshot, facts, lang, made)
    params = bulletin.params_of(snapshot, parse_month(facts["month"]), facts["level"])
    tested = bulletin.hotspots_of(snapshot, params)[1]
    pictures = {
        name: map_figure(state, snapshot, tested if name == "hotspots" and tested else params, name, lang)
        for name in (figure["name"] for figure in shown["figures"])
    }
    return to_pdf(render_template("bulletin.html", **shown), pictures)
