"""Local times to UTC: explicit zones, with the hours that daylight saving skips or repeats found out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_
from store.errors import IntakeError

Mask = NDArray[np.bool_]
_DAY_MS = 86_400_000
_EPOCH = dt.datetime(1970, 1, 1)


@dataclass(frozen=True)
class Localised:
    """UTC of local times.

    Attributes
    ----------
    utc
        int64 ms since 1970 in UTC; of the first occurrence where the clock shows a time twice, and of the instant at
        which the skipped hour ends where a time does not exist.
    skipped, repeated
        Which local times the clock never shows, or shows twice.
    """

    utc: NDArray[np.int64]
    skipped: Mask
    repeated: Mask


def zone_of(name: str) -> ZoneInfo:
    """Return the zone called `name` (IANA, such as "Asia/Shanghai").

    Raises
    ------
    IntakeError
        If there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise IntakeError(
            N_("The time zone “{timezone}” is not known."),
            N_("Name it as in Asia/Shanghai or Europe/Helsinki."),
            timezone=name[:80],
        ) from error


def localise(local: NDArray[np.int64], zone: ZoneInfo) -> Localised:
    """Return UTC for `local` (int64 ms on the local clock, years 1900 to 2100).

    Days on which the offset does not change are shifted as a whole; the few others are looked at one by one.
    """
    day, inverse = np.unique(local // _DAY_MS, return_inverse=True)
    offset = np.zeros(len(day), dtype=np.int64)
    steady = np.ones(len(day), dtype=bool)
    for position, number in enumerate(day.tolist()):
        start = _EPOCH + dt.timedelta(days=number)
        edges = [_offset(start, zone, fold) for fold in (0, 1)]
        edges += [_offset(start + dt.timedelta(hours=24), zone, fold) for fold in (0, 1)]
        offset[position] = edges[0]
        steady[position] = len(set(edges)) == 1
    utc = local - offset[inverse]
    skipped, repeated = np.zeros(len(local), dtype=bool), np.zeros(len(local), dtype=bool)
    for index in np.flatnonzero(~steady[inverse]).tolist():
        moment = _EPOCH + dt.timedelta(milliseconds=int(local[index]))
        first, second = _offset(moment, zone, 0), _offset(moment, zone, 1)
        utc[index] = local[index] - first
        if first < second:  # PEP 495: in a gap fold 0 gives the offset before, which is the smaller one
            skipped[index] = True
            utc[index] = _end_of_gap(local[index] - second, local[index] - first, zone)
        elif first > second:
            repeated[index] = True
    return Localised(utc, skipped, repeated)


def _offset(moment: dt.datetime, zone: ZoneInfo, fold: int) -> int:
    offset = moment.replace(tzinfo=zone, fold=fold).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() * 1000)


def _end_of_gap(low: int, high: int, zone: ZoneInfo) -> int:
    """Return the instant between `low` and `high` (ms UTC) at which the offset of `zone` changes."""

    def offset_at(instant: int) -> int:
        aware = (_EPOCH + dt.timedelta(milliseconds=int(instant))).replace(tzinfo=dt.UTC).astimezone(zone)
        return _offset(aware.replace(tzinfo=None), zone, aware.fold)

    before = offset_at(low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset_at(middle) == before else (low, middle)
    return int(high)
