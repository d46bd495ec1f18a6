"""The tables of grids, incidents and cameras."""

from __future__ import annotations

from collections.abc import Iterable

from geo.errors import N_
from web import assignments, coverage_service, decided, service, sites, spots
from web.api_data import GRID_NEEDS, queue_of
from web.params import number
from web.rhythm import rhythm_answer
from web.tables import Asked, Column, Listed, Row, Table, register

MOST_ROWS = 100_000
CODE, NAME = Column("code", N_("Code")), Column("name", N_("Name"))
LON, LAT = Column("lon", N_("Longitude"), "°", "number"), Column("lat", N_("Latitude"), "°", "number")
AREA = Column("area_km2", N_("Area"), "km²", "number")
INCIDENTS = Column("incidents", N_("Incidents"), kind="whole")


def _density(asked: Asked) -> Iterable[Row]:
    return service.density_answer(asked.snapshot, asked.params)["grids"]  # type: ignore[no-any-return]


def _grids(asked: Asked) -> Iterable[Row]:
    return service.grids_answer(asked.state.cache, asked.snapshot, asked.params)["grids"]  # type: ignore[no-any-return]


def _assignment(asked: Asked) -> Listed:
    queue = queue_of(asked.query, MOST_ROWS, MOST_ROWS)
    found = assignments.assignment_answer(asked.snapshot, asked.params, queue, asked.state.store)
    held = [one["decision"] or {} for one in found["rows"]]
    rows = [
        {**one, "decided": what.get("grid"), **{name: what.get(name) for name in ("reason", "by", "at")}}
        for one, what in zip(found["rows"], held, strict=True)
    ]
    return Listed(rows, found["listed"])


def _flows(asked: Asked) -> Listed:
    found = assignments.flows_answer(asked.snapshot, asked.params, limit_of(asked))
    return Listed(found["flows"], found["pairs"])


def _decisions(asked: Asked) -> Listed:
    found = decided.listed(asked.state.store, asked.snapshot, ended=True)
    return Listed(decided.told(found[: limit_of(asked)], asked.snapshot), len(found))


def _cameras(asked: Asked) -> Listed:
    found = sites.cameras_answer(asked.snapshot, 0, limit_of(asked))
    return Listed(found["cameras"], found["total"])


def limit_of(asked: Asked) -> int:
    """Return how many rows are wanted at most."""
    return int(number(asked.query, "limit", MOST_ROWS, 0, MOST_ROWS, whole=True))


def _months(asked: Asked) -> Iterable[Row]:
    return rhythm_answer(asked.snapshot, asked.params, None)["months"]  # type: ignore[no-any-return]


def _hours(asked: Asked) -> Iterable[Row]:
    matrix = rhythm_answer(asked.snapshot, asked.params, None)["matrix"]
    for weekday, (counts, days) in enumerate(zip(matrix["counts"], matrix["days"], strict=True), start=1):
        for hour, count in enumerate(counts):
            yield {"weekday": weekday, "hour": hour, "incidents": count, "days": days,
                   "per_day": count / days if days else None}  # fmt: skip


def _coverage(asked: Asked) -> Iterable[Row]:
    found = coverage_service.shown(asked.state.runs, asked.snapshot, asked.params, 20.0)
    return coverage_service.coverage_answer(found, asked.snapshot, asked.params)["grids"]  # type: ignore[no-any-return]


def _blindspots(asked: Asked) -> Listed:
    found = coverage_service.shown(asked.state.runs, asked.snapshot, asked.params, 20.0)
    frame = spots.spots_frame(found.complete, asked.snapshot, asked.params, limit_of(asked))
    rows = frame.features.drop(columns=frame.features.geometry.name).to_dict("records") if len(frame.features) else []
    return Listed(rows, frame.meta["count"])


register(Table("density", N_("Grids by incidents"), ("grids", "incidents"), (
    CODE, NAME, INCIDENTS, AREA,
    Column("per_km2", N_("Density"), N_("incidents per km²"), "number"),
    Column("per_10k", N_("Rate"), N_("incidents per 10,000 people"), "number"),
), _density))  # fmt: skip
register(Table("grids", N_("Grids"), GRID_NEEDS, (
    CODE, NAME, Column("level", N_("Level"), kind="word"), Column("parent", N_("Parent")), Column("team", N_("Team")),
    Column("population", N_("Population"), kind="whole"), AREA, INCIDENTS,
    Column("cameras", N_("Cameras"), kind="whole"), Column("children", N_("Grids below"), kind="whole"),
), _grids))  # fmt: skip
register(Table("assignment", N_("Assignment check"), ("grids", "incidents"), (
    Column("id", "ID"), Column("category", N_("Category"), kind="word"), Column("occurred_at", N_("Time"), kind="time"),
    Column("recorded", N_("Recorded grid")), Column("located", N_("Located grid")),
    Column("distance_m", N_("To the border"), "m", "number"), Column("why", N_("Doubt"), kind="words"), LON, LAT,
    Column("decided", N_("Decided grid")), Column("reason", N_("Reason")), Column("by", N_("Decided by"), kind="word"),
    Column("at", N_("Decided at"), kind="time"),
), _assignment))  # fmt: skip
register(Table("flows", N_("Flows between grids"), ("grids", "incidents"), (
    Column("recorded", N_("Recorded grid")), Column("recorded_name", N_("Name")),
    Column("located", N_("Located grid")), Column("located_name", N_("Name")), INCIDENTS,
), _flows))  # fmt: skip
register(Table("decisions", N_("Decisions"), ("grids", "incidents"), (
    Column("incident", N_("Incident")), Column("level", N_("Level"), kind="word"), Column("grid", N_("Decided grid")),
    Column("recorded", N_("Recorded grid")), Column("located", N_("Located grid")), Column("reason", N_("Reason")),
    Column("by", N_("Decided by"), kind="word"), Column("at", N_("Decided at"), kind="time"),
    Column("seen", N_("Decided on revision"), kind="whole"), Column("state", N_("State"), kind="word"),
    Column("ended_by", N_("Ended by"), kind="word"), Column("ended_at", N_("Ended at"), kind="time"),
), _decisions))  # fmt: skip
register(Table("cameras", N_("Cameras"), ("cameras",), (
    Column("id", "ID"), NAME, Column("kind", N_("Kind"), kind="word"),
    Column("azimuth_deg", N_("Direction"), "°", "number"), Column("hfov_deg", N_("Angle of view"), "°", "number"),
    Column("range_m", N_("Range"), "m", "number"), Column("height_m", N_("Height"), "m", "number"),
    Column("tilt_deg", N_("Tilt"), "°", "number"), Column("pixels_h", N_("Pixels across"), "px", "whole"),
    Column("online", N_("Online"), kind="flag"), Column("networked", N_("Networked"), kind="flag"),
    Column("smart", N_("Smart"), kind="flag"), Column("owner", N_("Owner")), LON, LAT,
), _cameras))  # fmt: skip
register(Table("months", N_("Incidents by month"), ("incidents",), (
    Column("year", N_("Year"), kind="whole"), Column("month", N_("Month"), kind="whole"), INCIDENTS,
    Column("days", N_("Days"), kind="whole"), Column("per_day", N_("Per day"), N_("incidents"), "number"),
    Column("partial", N_("Only part of the month"), kind="flag"),
), _months))  # fmt: skip
register(Table("hours", N_("Incidents by hour and weekday"), ("incidents",), (
    Column("weekday", N_("Weekday (1 Monday)"), kind="whole"), Column("hour", N_("Hour"), kind="whole"), INCIDENTS,
    Column("days", N_("Days"), kind="whole"), Column("per_day", N_("Per day"), N_("incidents"), "number"),
), _hours))  # fmt: skip
register(Table("coverage", N_("Coverage of each grid"), coverage_service.READS, (
    CODE, NAME, Column("parent", N_("Parent")),
    *(Column(key, title, "m²", "number") for key, title in (
        ("area_m2", N_("Area")), ("built_m2", N_("Built")), ("open_m2", N_("Open area")), ("certain_m2", N_("Certain")),
        ("possible_m2", N_("Possible")), ("blind_m2", N_("Blind")), ("seen_by_2_m2", N_("Seen by 2 or more")),
        ("seen_by_3_m2", N_("Seen by 3 or more")))),
    *(Column(key, title, "m", "number") for key, title in (
        ("streets_m", N_("Streets")), ("streets_seen_m", N_("Streets seen")),
        ("streets_certain_m", N_("Streets certainly seen")))),
    INCIDENTS, Column("incidents_seen", N_("Incidents seen"), kind="whole"),
    Column("incidents_certain", N_("Incidents certainly seen"), kind="whole"),
    Column("places", N_("Key places"), kind="whole"), Column("places_seen", N_("Key places seen"), kind="whole"),
    Column("places_certain", N_("Key places certainly seen"), kind="whole"),
    Column("loss_m2", N_("Lost if one camera fails"), "m²", "number"), Column("loss_camera", N_("That camera")),
), _coverage))  # fmt: skip
register(Table("blindspots", N_("Blind spots"), coverage_service.READS, (
    Column("rank", N_("Rank"), kind="whole"), Column("grid", N_("Grid")), Column("grid_name", N_("Name")),
    Column("blind_m2", N_("Blind"), "m²", "number"), Column("incidents_unseen", N_("Unseen incidents"), kind="whole"),
    Column("nearest_camera", N_("Nearest camera")), Column("nearest_m", N_("Distance"), "m", "number"),
    Column("why", N_("Why not"), kind="word"), LON, LAT,
), _blindspots))  # fmt: skip
