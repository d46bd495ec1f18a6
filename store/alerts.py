"""Alerts of grids: raised, going on, ended, and acknowledged by a post, once. They outlive the process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from geo.alerts import AlertRule
from geo.errors import N_, ParameterError
from store import records
from store.audit_trail import record
from store.errors import ConflictError
from store.migrations import now
from store.pool import Pool

MAX_BY, MAX_NOTE = 200, 500
_RULE = "alert_rule"
_COLUMNS = (
    "id", "level", "grid_code", "raised_at", "updated_at", "ended_at", "start_at", "end_at", "count", "expected",
    "probability", "weeks", "threshold", "acknowledged_at", "acknowledged_by", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Raised:
    """A grid whose window is unusual now; `start_at` and `end_at` are DATETIME texts in UTC."""

    grid_code: str
    start_at: str
    end_at: str
    count: int
    expected: float
    probability: float
    weeks: int
    threshold: float


@dataclass(frozen=True)
class Alert:
    """One alert as it is stored: the window with the most incidents since it was raised. Times are DATETIME texts."""

    id: int
    level: str
    grid_code: str
    raised_at: str
    updated_at: str
    ended_at: str | None
    start_at: str
    end_at: str
    count: int
    expected: float
    probability: float
    weeks: int
    threshold: float
    acknowledged_at: str | None
    acknowledged_by: str | None
    note: str | None


class Alerts(Pool):
    """Mixed into the store. Nothing here makes a revision: alerts are no layer."""

    def alert_rule(self) -> AlertRule:
        """Return when a grid raises an alert, as it was set, or as it is at first."""
        with self._reading() as connection:
            text = records.get_meta(connection, _RULE)
        return AlertRule(**json.loads(text)) if text else AlertRule()

    def set_alert_rule(self, rule: AlertRule) -> None:
        """Set when a grid raises an alert, from the next check on."""
        with self._writing() as connection:
            known = records.get_meta(connection, _RULE)
            records.set_meta(connection, _RULE, json.dumps(asdict(rule)))
            record(connection, "alert.rule", "", json.loads(known) if known else None, asdict(rule))

    def settle_alerts(self, level: str, found: Sequence[Raised]) -> bool:
        """Bring the open alerts to what is unusual now; return whether anything changed.

        A grid has one open alert at most: while it stays unusual the alert goes on and keeps its highest count; when
        it no longer is, the alert ends. Alerts of another level end too.
        """
        unusual = {one.grid_code: one for one in found}
        with self._reading() as connection:
            # Most checks change nothing: only those that do take the writing connection.
            if not _differs(_open(connection), level, unusual):
                return False
        with self._writing() as connection:
            known = _open(connection)
            at = now()
            for alert in known:
                one = unusual.get(alert.grid_code) if alert.level == level else None
                if one is None:
                    connection.execute("UPDATE atlas_alerts SET ended_at = ? WHERE id = ?", (at, alert.id))
                elif one.count > alert.count:
                    connection.execute(
                        "UPDATE atlas_alerts SET updated_at = ?, start_at = ?, end_at = ?, count = ?, expected = ?,"
                        " probability = ?, weeks = ?, threshold = ? WHERE id = ?",
                        (at, one.start_at, one.end_at, one.count, one.expected, one.probability, one.weeks,
                         one.threshold, alert.id),
                    )  # fmt: skip
            ended = [alert.grid_code for alert in known if alert.level != level or alert.grid_code not in unusual]
            there = {alert.grid_code for alert in known if alert.level == level}
            connection.executemany(
                "INSERT INTO atlas_alerts (level, grid_code, raised_at, updated_at, start_at, end_at, count, expected,"
                " probability, weeks, threshold) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (level, one.grid_code, at, at, one.start_at, one.end_at, one.count, one.expected, one.probability,
                     one.weeks, one.threshold)
                    for one in unusual.values() if one.grid_code not in there
                ],
            )  # fmt: skip
            facts = {"raised": sorted(unusual.keys() - there), "going_on": len(there & unusual.keys())}
            record(connection, "alert.settle", level, {"ended": ended} if ended else None, facts)
        return True

    def alerts(self, limit: int = 100) -> list[Alert]:
        """Return the last alerts: those nobody acknowledged first, then the newest."""
        with self._reading() as connection:
            sql = (
                f"SELECT {', '.join(_COLUMNS)} FROM atlas_alerts"
                " ORDER BY acknowledged_at NOTNULL, ended_at NOTNULL, id DESC LIMIT ?"
            )
            return [Alert(*row) for row in connection.execute(sql, (limit,))]

    def alert(self, alert_id: int) -> Alert | None:
        """Return one alert, None where there is none of this number."""
        with self._reading() as connection:
            sql = f"SELECT {', '.join(_COLUMNS)} FROM atlas_alerts WHERE id = ?"
            row = connection.execute(sql, (alert_id,)).fetchone()
        return None if row is None else Alert(*row)

    def alerts_mark(self) -> str:
        """Return a text that changes when any alert does; cheap enough to be asked for twice a second."""
        with self._reading() as connection:
            counts = "count(*), count(ended_at), count(acknowledged_at), coalesce(max(updated_at), '')"
            row = connection.execute(f"SELECT {counts} FROM atlas_alerts").fetchone()
            return "-".join(map(str, row))

    def acknowledge_alert(self, alert_id: int, by: str, note: str = "") -> Alert | None:
        """Write down which post has taken the alert on; return it, None where there is no such alert.

        Raises
        ------
        ParameterError
            No post is named, or the texts are too long.
        ConflictError
            It was acknowledged before; the error says by whom and when.
        """
        if not 0 < len(by) <= MAX_BY:
            raise ParameterError(
                N_("No post acknowledges the alert."), N_("Choose a team or the duty desk."), field="by"
            )
        if len(note) > MAX_NOTE:
            raise ParameterError(
                N_("The value of {field} is too long."), N_("Give at most {limit} characters."), field="note",
                limit=MAX_NOTE,
            )  # fmt: skip
        with self._writing() as connection:
            done = connection.execute(
                "UPDATE atlas_alerts SET acknowledged_at = ?, acknowledged_by = ?, note = ?"
                " WHERE id = ? AND acknowledged_at IS NULL",
                (now(), by, note or None, alert_id),
            ).rowcount
            row = connection.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM atlas_alerts WHERE id = ?", (alert_id,)
            ).fetchone()
            if done:
                alert = Alert(*row)
                after = {"by": by, "note": note or None, "at": alert.acknowledged_at}
                record(connection, "alert.acknowledge", f"{alert.level} {alert.grid_code}", {"id": alert_id}, after)
        if row is None:
            return None
        alert = Alert(*row)
        if not done:
            raise ConflictError(
                N_("The alert was acknowledged already, by {by} at {at}."),
                N_("Read what was noted; nothing was changed."),
                by=alert.acknowledged_by, at=alert.acknowledged_at,
            )  # fmt: skip
        return alert


def _open(connection: object) -> list[Alert]:
    sql = f"SELECT {', '.join(_COLUMNS)} FROM atlas_alerts WHERE ended_at IS NULL"
    return [Alert(*row) for row in connection.execute(sql)]  # type: ignore[attr-defined]


def _differs(known: Sequence[Alert], level: str, unusual: dict[str, Raised]) -> bool:
    here = {alert.grid_code: alert for alert in known if alert.level == level}
    if len(here) != len(known) or here.keys() != unusual.keys():
        return True
    return any(unusual[code].count > alert.count for code, alert in here.items())
