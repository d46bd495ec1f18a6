"""The tables of incidents received live and of alerts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from geo.errors import N_
from web import alerts
from web.i18n import translate
from web.tables import Asked, Column, Row, Table, register
from web.tables_known import LAT, LON, limit_of

MOST_LIVE = 500
SEEN = {
    "certain": N_("Certain"), "possible": N_("Possible"), "blind": N_("Blind"), "built": N_("inside a building"),
    "computing": N_("cameras are being made ready"),
}  # fmt: skip


def _live(asked: Asked) -> Iterable[Row]:
    lang = asked.params.lang
    found, _ = asked.state.live.latest(min(limit_of(asked), MOST_LIVE), asked.snapshot.scope)
    return [live_row(facts, lang) for facts in found]


def live_row(facts: dict[str, Any], lang: str) -> Row:
    """Return what the route tells of an incident with its finest grid and its cameras as texts."""
    grid, cameras = facts["grid"] or {}, facts["cameras"]
    names = (
        None if cameras is None else ("、" if lang == "zh" else ", ").join(one["name"] or one["id"] for one in cameras)
    )
    return {
        **facts,
        "grid": grid.get("code"),
        "grid_name": grid.get("name"),
        "seen": translate(SEEN[facts["seen"]], lang),
        "cameras": names,
    }


def _alerts(asked: Asked) -> Iterable[Row]:
    lang = asked.params.lang
    found = alerts.answer(asked.snapshot, asked.state, min(limit_of(asked), MOST_LIVE))["alerts"]
    return [alert_row(alert, lang) for alert in found]


def alert_row(alert: dict[str, Any], lang: str) -> Row:
    """Return an alert with its grid as columns; the duty desk by its name in the language."""
    by = alert["acknowledged_by"]
    named = {f"grid_{name}": value for name, value in alert["grid"].items()}
    return {**alert, **named, "acknowledged_by": translate(N_("duty desk"), lang) if by == alerts.DUTY_DESK else by}


register(Table("live", N_("Latest incidents"), ("grids", "cameras"), (
    Column("occurred_at", N_("Time"), kind="time"), Column("received_at", N_("Received"), kind="time"),
    Column("id", "ID"), Column("category", N_("Category"), kind="word"), Column("status", N_("Status"), kind="word"),
    Column("severity", N_("Severity"), kind="number"), Column("grid", N_("Grid")), Column("grid_name", N_("Name")),
    Column("team", N_("Team")), Column("grid_code", N_("Recorded grid")), Column("seen", N_("Seen")),
    Column("cameras_total", N_("Cameras that see the place"), kind="whole"), Column("cameras", N_("Cameras")), LON, LAT,
), _live))  # fmt: skip
register(Table("alerts", N_("Alerts"), ("grids", "incidents"), (
    Column("raised_at", N_("Raised"), kind="time"), Column("grid_code", N_("Grid")), Column("grid_name", N_("Name")),
    Column("grid_level", N_("Level"), kind="word"), Column("grid_team", N_("Team")),
    Column("start_at", N_("From"), kind="time"), Column("end_at", N_("Until"), kind="time"),
    Column("count", N_("Incidents"), kind="whole"), Column("expected", N_("Expected"), N_("incidents"), "number"),
    Column("probability", "p", kind="number"), Column("ended_at", N_("Ended"), kind="time"),
    Column("acknowledged_at", N_("Acknowledged"), kind="time"), Column("acknowledged_by", N_("Acknowledged by")),
    Column("note", N_("Note of the post")), Column("explanation", N_("Explanation")), LON, LAT,
), _alerts))  # fmt: skip
