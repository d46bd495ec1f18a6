"""The tables of the balance: by grid and by team."""

from __future__ import annotations

from collections.abc import Iterable

from geo.errors import N_
from layers.balanced import NEEDS
from layers.sectioned import NEEDS as SECTION_NEEDS
from web.balance import balance_answer
from web.i18n import translate
from web.run_answers import must_be_there
from web.sectioning import sections_answer
from web.tables import Asked, Column, Listed, Row, Table, register
from web.tables_known import CODE, INCIDENTS, LAT, LON, NAME, limit_of

WAIT_S = 60.0
BEYOND_WORDS = {"below": N_("below the bounds"), "above": N_("above the bounds"), None: ""}
LOAD = Column("load", N_("Load"), N_("× even share"), "number")
BEYOND = Column("beyond", N_("Outside the bounds"))
AMOUNTS = (
    INCIDENTS,
    Column("area_m2", N_("Area"), "m²", "number"),
    Column("population", N_("Population"), kind="whole"),
    Column("streets_m", N_("Streets"), "m", "number"),
    Column("places", N_("Key places"), kind="whole"),
    Column("cameras", N_("Cameras"), kind="whole"),
)


def said(rows: Iterable[Row], lang: str) -> list[Row]:
    """Return rows of an answer with words for on which side of the bounds they lie."""
    return [{**row, "beyond": translate(BEYOND_WORDS[row["beyond"]], lang) if row["beyond"] else ""} for row in rows]


def _grids(asked: Asked) -> Listed:
    found = balance_answer(asked.snapshot, asked.params, limit_of(asked))
    return Listed(said(found["grids"], asked.params.lang), found["total"])


def _teams(asked: Asked) -> Iterable[Row]:
    return said(balance_answer(asked.snapshot, asked.params, 0)["teams"], asked.params.lang)


def _sections(asked: Asked) -> Listed:
    """A row for each section and grid that it runs along."""
    told = asked.state.sections.ask(asked.snapshot, asked.params, WAIT_S)
    must_be_there(told, N_("The road sections are still being made."))
    found = sections_answer(told, asked.snapshot, asked.params)
    rows = [
        {**one, "grid": grid["code"], **{name: grid[name] for name in ("team", "metres", "share_m")}}
        for one in found["sections"]
        for grid in one["grids"]
    ]
    return Listed(rows[: limit_of(asked)], len(rows))


register(Table("balance", N_("Workload of grids"), NEEDS, (
    CODE, NAME, Column("parent", N_("Parent")), Column("team", N_("Team")), LOAD, BEYOND,
    Column("share", N_("Share of all work"), kind="number"), *AMOUNTS,
), _grids))  # fmt: skip
register(Table("balance_teams", N_("Workload of teams"), NEEDS, (
    Column("team", N_("Team")), Column("grids", N_("Grids"), kind="whole"), LOAD, BEYOND, *AMOUNTS,
), _teams))  # fmt: skip
register(Table("sections", N_("Road sections"), SECTION_NEEDS, (
    Column("id", "ID"), NAME, Column("length_m", N_("Length"), "m", "number"), INCIDENTS,
    Column("grid", N_("Grid")), Column("team", N_("Team")), Column("metres", N_("Along the grid"), "m", "number"),
    Column("share_m", N_("Share of the grid"), "m", "number"), LON, LAT,
), _sections))  # fmt: skip
