"""The tables of hot spots and of comparisons."""

from __future__ import annotations

from typing import Any

from geo.errors import N_
from layers.hotspots import TITLES
from web.comparing import BY, compare_answer
from web.i18n import translate
from web.params import one_of, short_text
from web.tables import Asked, Column, Listed, Table, register
from web.tables_known import CODE, LAT, LON, NAME, limit_of

MOST_PLACES, MOST_PAIRS = 50_000, 5_000
KINDS = {
    "up": N_("more, beyond chance"), "down": N_("fewer, beyond chance"), "chance": N_("not more than chance"),
    "none": N_("no incident in either window"),
}  # fmt: skip


def _number(key: str, title: str, unit: str = "") -> Column:
    return Column(key, title, unit, "number")


def _whole(key: str, title: str) -> Column:
    return Column(key, title, kind="whole")


def _hotspots(asked: Asked) -> Listed:
    from web.hotspots import hotspots_answer  # brings in the compiler

    lang = asked.params.lang
    found = hotspots_answer(
        asked.snapshot, asked.params, min(limit_of(asked), MOST_PLACES), lambda text: translate(text, lang)
    )
    rows = [{**row, "kind": translate(TITLES[row["kind"]], lang)} for row in found["places"]]
    return Listed(rows, found["listed"])


def _compare(asked: Asked) -> Listed:
    by, code = one_of(asked.query, "by", BY, "grids"), short_text(asked.query, "code")
    found = compare_answer(asked.snapshot, asked.params, by, code, min(limit_of(asked), MOST_PAIRS))
    lang = asked.params.lang
    rows: list[dict[str, Any]] = [{**row, "kind": translate(KINDS[row["kind"]], lang)} for row in found["rows"]]
    return Listed(rows, found["count"])


register(Table("hotspots", N_("Hot spots"), ("grids", "incidents"), (
    CODE, NAME, Column("grid", N_("Grid")), Column("kind", N_("Pattern")), _whole("count", N_("Incidents")),
    _number("expected", N_("Expected"), N_("incidents")), _whole("neighbours", N_("Neighbours")),
    _whole("near", N_("With neighbours")), _number("near_expected", N_("Expected with neighbours"), N_("incidents")),
    _number("z", "Gi* z"), _number("p", "p"), _number("q", "q"), Column("significant", N_("Significant"), kind="flag"),
    _number("tau", "Mann-Kendall tau"), _number("trend_p", N_("p of the trend")), _whole("steps_hot", N_("Steps hot")),
    _whole("steps_cold", N_("Steps cold")),
    _number("eb_per_10k", N_("Smoothed rate"), N_("incidents per 10,000 people")),
    _number("eb_local_per_10k", N_("Locally smoothed rate"), N_("incidents per 10,000 people")), LON, LAT,
    Column("explanation", N_("Explanation")),
), _hotspots))  # fmt: skip
register(Table("compare", N_("Comparison"), ("grids", "incidents"), (
    CODE, NAME, Column("level", N_("Level"), kind="word"), Column("category", N_("Category"), kind="word"),
    _whole("now", N_("Now")), _whole("before", N_("Before")), _number("expected", N_("Expected"), N_("incidents")),
    _whole("difference", N_("Difference")), _number("percent", N_("Change of the rate"), "%"),
    _number("now_per_km2", N_("Now"), N_("incidents per km²")),
    _number("before_per_km2", N_("Before"), N_("incidents per km²")),
    _number("now_per_10k", N_("Now"), N_("incidents per 10,000 people")),
    _number("before_per_10k", N_("Before"), N_("incidents per 10,000 people")),
    _number("p", "p"), _number("q", "q"), Column("kind", N_("By chance?")),
), _compare))  # fmt: skip
