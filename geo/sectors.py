"""Sectors of azimuth that a camera's picture does not show: its privacy masks, as texts and as what they leave.

A mask is written "120-150": from one azimuth clockwise to another, degrees from true north; several are parted by ";".
It lies in the world, not in the picture: a camera that turns shows the same ground as little as before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_, ParameterError

Sectors = tuple[tuple[float, float], ...]  # (from, width), degrees; from in [0, 360), width in (0, 360]
MOST = 20
LEAST_DEG = 0.05  # narrower masks, and slits between two, are none

_MARK = r"(\d{1,3}(?:\.\d{1,4})?)\s*°?"
_ONE = re.compile(rf"{_MARK}\s*(?:-|–|—|~|～|至|到|to)\s*{_MARK}", re.IGNORECASE)
_PARTED = re.compile(r"[;；,，、|]")


@lru_cache(maxsize=4096)
def sectors_of(text: str | None) -> Sectors:
    """Return the sectors that a text names, those that meet as one, by where they begin.

    Raises
    ------
    ParameterError
        It names none, more than `MOST`, or an azimuth that is not from 0 to 360.

    Examples
    --------
    >>> sectors_of("340-20; 10~45"), sectors_of("0-360"), sectors_of(None)
    (((340.0, 65.0),), ((0.0, 360.0),), ())
    """
    if text is None or not text.strip():
        return ()
    found = []
    parts = [part.strip() for part in _PARTED.split(text) if part.strip()]
    for part in parts[: MOST + 1]:
        match = _ONE.fullmatch(part)
        first, last = (float(match[1]), float(match[2])) if match else (np.nan, np.nan)
        if not (0 <= first <= 360 and 0 <= last <= 360 and first != last):
            raise _unreadable(text)
        found.append((first % 360.0, 360.0 if abs(last - first) == 360 else (last - first) % 360.0))
    if not 0 < len(parts) <= MOST:
        raise _unreadable(text)
    return _joined(found)


def shown_sectors(text: str | None) -> Sectors:
    """Return the sectors of a stored text; none where it cannot be read, as what another program wrote past the checks.

    Examples
    --------
    >>> shown_sectors("north"), shown_sectors("10-20")
    ((), ((10.0, 10.0),))
    """
    try:
        return sectors_of(text)
    except ParameterError:
        return ()


def _unreadable(text: str) -> ParameterError:
    return ParameterError(
        N_("“{value}” is no list of masked sectors."),
        N_("Write them clockwise from true north, such as 120-150; 340-20 (at most {limit})."),
        value=text[:80], field="masks", limit=MOST,
    )  # fmt: skip


def text_of(sectors: Sectors) -> str | None:
    """Return sectors as they are stored; None for none.

    Examples
    --------
    >>> text_of(sectors_of("10–45, 340 to 20"))
    '340-45'
    """
    if not sectors:
        return None
    return "; ".join(f"{_plain(first)}-{_plain(_end(first, width))}" for first, width in sectors)


def _end(first: float, width: float) -> float:
    return 360.0 if width >= 360 else (first + width) % 360.0


def _plain(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def _joined(found: Sequence[tuple[float, float]]) -> Sectors:
    """Sectors that meet as one."""
    spans: list[list[float]] = []
    for first, width in sorted(found):
        if width >= 360:
            return ((0.0, 360.0),)
        if spans and first <= spans[-1][1] + LEAST_DEG:
            spans[-1][1] = max(spans[-1][1], first + width)
        else:
            spans.append([first, first + width])
    # The last ones may reach round to the first.
    while len(spans) > 1 and spans[-1][1] - 360.0 >= spans[0][0] - LEAST_DEG:
        spans[-1][1] = max(spans[-1][1], spans[0][1] + 360.0)
        spans.pop(0)
    if spans[0][1] - spans[0][0] >= 360.0 - LEAST_DEG:
        return ((0.0, 360.0),)
    return tuple((first, last - first) for first, last in spans)


def unmasked(azimuth: float, angle: float, sectors: Sectors) -> list[tuple[float, float]]:
    """Return what sectors leave of the one about `azimuth` (degrees): azimuths and angles of its parts, clockwise.

    Examples
    --------
    >>> unmasked(90.0, 60.0, ((80.0, 20.0),)), unmasked(0.0, 360.0, ((350.0, 20.0),))
    ([(70.0, 20.0), (110.0, 20.0)], [(180.0, 340.0)])
    """
    start, end = azimuth - angle / 2, azimuth + angle / 2
    whole = angle >= 360
    if whole and sectors:  # round about: begun where a mask ends, so that no part is cut in two
        start = sectors[-1][0] + sectors[-1][1]
        end = start + 360.0
    left, at = [], start
    hidden = sorted(
        (low, low + width)
        for first, width in sectors
        for low in (first + 360.0 * turn for turn in _turns(first, width, start, end))
    )
    for low, high in hidden:
        if low - at >= LEAST_DEG:
            left.append((at, min(low, end)))
        at = max(at, high)
    if end - at >= LEAST_DEG:
        left.append((at, end))
    return [(((low + high) / 2) % 360.0, high - low) for low, high in left]


def _turns(first: float, width: float, start: float, end: float) -> range:
    """By how many whole turns a sector must be moved to meet start..end."""
    return range(int(np.ceil((start - first - width) / 360.0)), int(np.floor((end - first) / 360.0)) + 1)


def shown_share(sectors: Sectors, steps: int, north_deg: float = 0.0) -> NDArray[np.float64]:
    """Return which share of each step of azimuth the sectors leave, float64 (steps,), clockwise from grid north.

    Parameters
    ----------
    north_deg
        Where true north lies, clockwise from grid north.
    """
    width = 360.0 / steps
    edges = np.arange(steps) * width
    hidden = np.zeros(steps)
    for first, angle in sectors:
        low = (first + north_deg) % 360.0
        for begin, end in ((low, low + angle), (low - 360.0, low + angle - 360.0)):
            hidden += np.clip(np.minimum(edges + width, end) - np.maximum(edges, begin), 0.0, None)
    return np.clip(1.0 - hidden / width, 0.0, 1.0)
