"""The tables of one grid and of one measure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from geo.errors import N_
from web import coverage_service
from web.i18n import translate
from web.jstext import TEXTS
from web.phrases import word
from web.profile import NEEDS, grid_asked, profile_answer
from web.tables import Asked, Column, Row, Table, register

COVERED = {
    "open_m2": N_("Open area"), "certain_m2": N_("Certain"), "possible_m2": N_("Possible"), "blind_m2": N_("Blind"),
    "built_m2": N_("Built"),
}  # fmt: skip
WHAT = {
    "treated": N_("Treated"), "control": N_("Control"), "ring": N_("Ring"), "control_ring": N_("Ring of the control"),
    "total": N_("Difference (WDD)"), "local": N_("Treated against control"),
    "spill": N_("Ring against the ring of the control"), "placebo": N_("Other grids judged as if treated"),
}  # fmt: skip


def _profile(asked: Asked) -> Iterable[Row]:
    state, snapshot, params = asked.state, asked.snapshot, asked.params
    code = grid_asked(asked.query)
    # Only looked at, as by the page: no computation of a city begins here.
    shown = state.runs.ask(snapshot, coverage_service.slot_of(snapshot, params), begin=False)
    return list(profile_rows(profile_answer(state.cache, snapshot, params, code, shown), params.lang))


def profile_rows(found: dict[str, Any], lang: str) -> Iterator[Row]:
    """Give what the page tells of a grid, a fact a row: a figure stands in `value`, a text in `text`."""

    def say(key: str) -> str:
        return translate(TEXTS[key], lang)

    def row(section: str, item: str, value: float | None, unit: str = "") -> Row:
        return {"section": section, "item": item, "value": value, "unit": unit}

    grid, counts = say("detail.grid"), say("col.incidents")
    parent = found["parent"]["code"] if found["parent"] else None
    for item, text in (("col.code", found["code"]), ("field.name", found["name"]), ("col.level", None),
                       ("col.parent", parent), ("col.team", found["team"])):  # fmt: skip
        yield {"section": grid, "item": say(item), "text": word(found["level"], lang) if item == "col.level" else text}
    yield row(grid, say("col.population"), found["population"])
    yield row(grid, say("col.area"), found["area_km2"], "km²")
    yield row(counts, counts, found["incidents"])
    yield row(counts, say("profile.share"), found["share"])
    yield row(counts, say("col.per_km2"), found["per_km2"], say("unit.per_km2"))
    yield row(counts, say("col.per_10k"), found["per_10k"], say("unit.per_10k"))
    yield row(counts, say("profile.rank.word"), found["rank"])
    for name, ratio in found["against"].items():
        for key in ("ratio", "low", "high", "expected") if ratio else ():
            yield row(say(f"profile.ratio.{name}"), say("profile.ratio" if key == "ratio" else f"profile.{key}"),
                      ratio[key])  # fmt: skip
    for month in found["trend"]["months"]:
        part = say("seasons.partial.dot") if month["partial"] else None
        yield {**row(say("profile.trend"), f"{month['year']}-{month['month']:02}", month["incidents"]), "text": part}
    for share in found["categories"]:
        name = say("profile.category.unknown") if share["category"] is None else word(share["category"], lang)
        yield row(say("profile.categories"), name, share["count"])
    for key, area_m2 in (found["coverage"]["areas"] or {}).items():
        if key in COVERED:
            yield row(say("profile.coverage"), translate(COVERED[key], lang), area_m2, "m²")
    yield row(say("data.cameras"), say("profile.number"), found["cameras"]["count"])
    yield row(say("profile.findings"), say("profile.number"), found["findings"]["incidents"])
    for one in found["neighbours"]:
        yield {**row(say("profile.neighbours"), one["code"], one["incidents"]), "text": one["name"]}


def _displacement(asked: Asked) -> Iterable[Row]:
    from web.displacing import displacement_rows, measure_of  # brings in the compiler

    found = displacement_rows(asked.snapshot, asked.params, measure_of(asked.query, asked.snapshot))
    return [{**row, "what": translate(WHAT[row["what"]], asked.params.lang)} for row in found]


register(Table("profile", N_("Profile of the grid"), NEEDS, (
    Column("section", N_("Section")), Column("item", N_("Item")), Column("value", N_("Value"), kind="number"),
    Column("unit", N_("Unit")), Column("text", N_("Text")),
), _profile))  # fmt: skip
register(Table("displacement", N_("The four areas before and after"), ("grids", "incidents"), (
    Column("what", N_("Where")), Column("grids", N_("Grids")), Column("area_km2", N_("Area"), "km²", "number"),
    Column("before", N_("Before"), kind="whole"), Column("after", N_("After"), kind="whole"),
    Column("change", N_("Change"), kind="whole"),
    Column("estimate", N_("Difference"), N_("incidents"), "number"),
    Column("se", N_("Standard error"), N_("incidents"), "number"), Column("z", "z", kind="number"),
    Column("p", "p", kind="number"), Column("low", N_("Lower limit (95 %)"), N_("incidents"), "number"),
    Column("high", N_("Upper limit (95 %)"), N_("incidents"), "number"),
    Column("tried", N_("Tried"), kind="whole"), Column("as_large", N_("Of these as large"), kind="whole"),
    Column("before_from", N_("Before, from"), kind="time"), Column("before_to", N_("Before, until"), kind="time"),
    Column("after_from", N_("After, from"), kind="time"), Column("after_to", N_("After, until"), kind="time"),
), _displacement))  # fmt: skip
