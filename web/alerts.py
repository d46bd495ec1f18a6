"""The watch over the grids: looks for what is unusual after incidents came in, and once a minute; and what is told."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.alerts import LEAST_WEEKS, Unusual, unusual
from geo.area import Area
from geo.columns import Snapshot
from geo.crs import lonlat
from geo.errors import N_, AtlasError
from layers.base import levels_of, rows_of_level
from layers.joins import assigned
from store.alerts import Alert, Raised
from store.values import time_texts
from web.i18n import gettext
from web.jsonio import DECIMALS
from web.service import revisions

if TYPE_CHECKING:
    from web.state import Atlas

Json = dict[str, Any]
LOG = logging.getLogger("gunicorn.error")
EVERY_S = 60.0  # an alert ends when its window has passed, also where nothing comes in
LEAST_S = 3.0  # between two looks, however many incidents come
DUTY_DESK = "duty desk"  # who acknowledges where no team is named; shown translated
MOST_POSTS = 500
MOST_ALERTS = 10_000  # the last ones, of which those of an area are told
LEAST = 0.001  # expectations below it are told as below it
RARE = 1e-9  # below it the odds are a number nobody can read


def look(snapshot: Snapshot, atlas: Atlas, now: np.datetime64) -> tuple[str | None, Unusual | None]:
    """Return the level that is watched (the finest; None without grids) and how unusual its grids are at `now`."""
    levels = levels_of(snapshot["grids"])
    if not levels:
        return None, None
    joined = assigned(snapshot, levels[-1])
    times = np.asarray(snapshot["incidents"].columns["occurred_at"])
    return levels[-1], unusual(joined.index, times, len(joined.rows), now, snapshot.timezone, atlas.store.alert_rule())


class AlertWatch:
    """Raises and ends alerts behind the pages.

    Parameters
    ----------
    now
        Returns the present, UTC.
    """

    def __init__(self, atlas: Atlas, now: Callable[[], np.datetime64] = lambda: np.datetime64("now", "ms")) -> None:
        self._atlas = atlas
        self.now = now
        self.last: tuple[str | None, Unusual | None] | None = None
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def start(self) -> None:
        """Begin to watch, if that was not done yet."""
        with self._lock:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Say that incidents came in."""
        self.start()
        self._wake.set()

    def check(self) -> bool:
        """Look once; return whether an alert was raised, went on or ended."""
        snapshot = self._atlas.store.snapshot()  # the very newest, not the one that readers share for a moment
        level, found = self.last = look(snapshot, self._atlas, self.now())
        if level is None or found is None:
            return False
        rule = self._atlas.store.alert_rule()
        end = self.now()
        start_at, end_at = time_texts(np.array([end - np.timedelta64(rule.hours, "h"), end]))
        codes = snapshot["grids"].text("code")[rows_of_level(snapshot["grids"], level)]
        return self._atlas.store.settle_alerts(
            level,
            [
                Raised(
                    str(codes[i]), str(start_at), str(end_at), int(found.count[i]), float(found.expected[i]),
                    float(found.probability[i]), found.weeks, found.threshold,
                )
                for i in np.flatnonzero(found.raised)
            ],
        )  # fmt: skip

    def close(self) -> None:
        with self._lock:
            self._stopped = True
            thread = self._thread
        self._wake.set()
        if thread is not None:
            thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopped:
            try:
                self.check()
            except AtlasError as error:  # the store is busy or away: the next look asks again
                LOG.warning("alerts: %s", error.text())
            except Exception:
                LOG.exception("alerts")
            began = time.monotonic()
            self._wake.wait(EVERY_S)
            self._wake.clear()
            while not self._stopped and time.monotonic() < began + LEAST_S:
                time.sleep(0.05)


def posts(snapshot: Snapshot) -> list[str]:
    """Return who may acknowledge: the duty desk and the teams of the grids. Posts, never persons."""
    teams = {str(team) for team in snapshot["grids"].text("team") if team}
    return [DUTY_DESK, *sorted(teams)[:MOST_POSTS]]


def answer(snapshot: Snapshot, atlas: Atlas, limit: int) -> Json:
    """Return the alerts, the rule by which they are raised, and whether anything can be raised at all."""
    watch = atlas.live.watch
    if snapshot.scope is None:
        level, found = watch.last or look(snapshot, atlas, watch.now())
        chosen = atlas.store.alerts(limit)
    else:
        level, found = _own_look(snapshot, atlas, watch.now())
        chosen = of_area(snapshot, atlas.store.alerts(MOST_ALERTS))[:limit]
    rule = atlas.store.alert_rule()
    state = "no_grids" if found is None else "short_history" if found.weeks < LEAST_WEEKS else "watching"
    listed = [told(alert, snapshot) for alert in chosen]
    return {
        "state": state,
        "level": level,
        "weeks": 0 if found is None else found.weeks,
        "weeks_needed": LEAST_WEEKS,
        "threshold": None if found is None else found.threshold,
        "rule": vars(rule),
        "open": sum(alert["acknowledged_at"] is None for alert in listed),
        "posts": posts(snapshot),
        "alerts": listed,
    }


def _own_look(snapshot: Snapshot, atlas: Atlas, now: np.datetime64) -> tuple[str | None, Unusual | None]:
    """Return how unusual the grids of an area are by what lies in it, worked out once a minute."""
    minute = now.astype("datetime64[m]")
    rule = tuple(vars(atlas.store.alert_rule()).values())
    key = ("own look", revisions(snapshot, ("grids", "incidents")), str(minute), rule)
    return atlas.cache.get(key, lambda: look(snapshot, atlas, minute.astype("datetime64[ms]")))


def of_area(snapshot: Snapshot, alerts: Iterable[Alert]) -> list[Alert]:
    """Return the alerts of the grids of a snapshot."""
    grids = snapshot["grids"]
    mine = set(zip(grids.text("level").tolist(), grids.text("code").tolist(), strict=True))
    return [alert for alert in alerts if (alert.level, alert.grid_code) in mine]


def alerts_mark(atlas: Atlas, area: Area | None) -> str:
    """Return a text that changes when any alert of an area (None: the city) does."""
    mark = atlas.store.alerts_mark()
    if area is None:
        return mark
    snapshot = atlas.scoped(area)

    def make() -> str:
        facts = [
            (one.id, one.updated_at, one.ended_at, one.acknowledged_at)
            for one in of_area(snapshot, atlas.store.alerts(MOST_ALERTS))
        ]
        return hashlib.blake2b(repr(facts).encode(), digest_size=8).hexdigest()

    return atlas.shared_cache.get(("alerts of", area, mark, revisions(snapshot, ("grids",))), make)


def told(alert: Alert, snapshot: Snapshot) -> Json:
    """Return an alert with its grid, place and explanation in the reader's language.

    Readers of an area are not told the threshold, which counts the grids of the city.
    """
    grids = snapshot["grids"]
    rows = rows_of_level(grids, alert.level)
    place = np.flatnonzero(grids.text("code")[rows] == alert.grid_code) if len(rows) else np.zeros(0, np.int64)
    grid: Json = {"level": alert.level, "code": alert.grid_code, "name": None, "team": None}
    lon = lat = None
    if len(place) and grids.geometry is not None:
        row = int(rows[place[0]])
        grid |= {name: grids.text(name)[row] for name in ("name", "team")}
        point = shapely.point_on_surface(grids.geometry[row])
        if not shapely.is_empty(point):
            east, north = lonlat([shapely.get_x(point)], [shapely.get_y(point)], str(snapshot.crs))
            lon, lat = round(float(east[0]), DECIMALS), round(float(north[0]), DECIMALS)
    facts = {name: value for name, value in vars(alert).items() if name not in ("level", "grid_code")}
    if snapshot.scope is not None:
        facts["threshold"] = None
    return {**facts, "grid": grid, "lon": lon, "lat": lat, "explanation": explain(alert)}


def explain(alert: Alert) -> str:
    """Return the alert in a sentence."""
    hours = round((np.datetime64(alert.end_at[:-1]) - np.datetime64(alert.start_at[:-1])) / np.timedelta64(1, "h"))
    mean = alert.expected
    expected = f"{mean:.1f}" if mean >= 0.05 else f"{mean:.2g}" if mean >= LEAST else f"< {LEAST}"
    if alert.probability < RARE:
        return gettext(
            N_("{count} in {hours} h where {expected} were expected: chance does not explain it."),
            count=alert.count,
            hours=hours,
            expected=expected,
        )
    return gettext(
        N_("{count} in {hours} h where {expected} were expected: by chance about once in {odds} such windows."),
        count=alert.count,
        hours=hours,
        expected=expected,
        odds=_rounded(1.0 / alert.probability),
    )


def _rounded(value: float) -> str:
    """Return a large number to two figures: 53,412 is 53,000."""
    digits = max(0, len(str(int(value))) - 2)
    return f"{round(value / 10**digits) * 10**digits:,}"
