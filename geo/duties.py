"""What whoever runs a camera must be able to say of it, and where no camera may be.

State Council Order 799 (Regulations on public-security video and image information systems, in force from 2025-04-01):

| what | article | mark |
|---|---|---|
| no equipment inside guest rooms and private dining rooms, dormitories, bathrooms, washrooms, changing, nursing and
  fitting rooms, or where it can film what others keep private | 8 | V |
| a sign that there is a camera | | V |
| images are kept for at least 30 days | | M |

The marks say how well each is known, as in `geo.reach`. Purpose and owner are what a register of cameras needs; the
order asks for a record of who runs a system and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.private import FORBIDDEN, Objects, Rows, is_kind

Flags = NDArray[np.bool_]

LEAST_DAYS = 30.0
TOUCH_M = 3.0  # a camera so near to the point of a forbidden place may stand in it
MISSING = ("purpose", "owner", "sign", "retention_days")


@dataclass(frozen=True)
class Duties:
    """What is missing of each camera; bool (n,) each.

    Attributes
    ----------
    missing
        By name of the field (`MISSING`): not recorded.
    no_sign
        Recorded as without a sign.
    short
        Images are kept for less than `LEAST_DAYS`.
    """

    missing: dict[str, Flags]
    no_sign: Flags
    short: Flags

    @property
    def any(self) -> Flags:
        """Which cameras lack something."""
        found: Flags = np.logical_or.reduce([*self.missing.values(), self.no_sign, self.short])
        return found


def duties(purpose: ArrayLike, owner: ArrayLike, sign: ArrayLike, retention_days: ArrayLike) -> Duties:
    """Return what is missing of cameras.

    Parameters
    ----------
    purpose, owner
        Text (n,), None or blank where not recorded.
    sign
        int8 (n,): 1, 0, -1 not recorded.
    retention_days
        float64 (n,), NaN where not recorded.

    Examples
    --------
    >>> found = duties(["traffic", None], ["Bureau", "Bureau"], [1, 0], [30.0, 7.0])
    >>> found.missing["purpose"].tolist(), found.no_sign.tolist(), found.short.tolist()
    ([False, True], [False, True], [False, True])
    """
    signs, days = np.asarray(sign, np.int8), np.asarray(retention_days, np.float64)
    return Duties(
        {"purpose": _blank(purpose), "owner": _blank(owner), "sign": signs < 0, "retention_days": np.isnan(days)},
        signs == 0,
        days < LEAST_DAYS,
    )


def _blank(texts: ArrayLike) -> Flags:
    return np.array([text is None or not str(text).strip() for text in np.asarray(texts, dtype=object)], dtype=bool)


def forbidden_rows(kinds: ArrayLike) -> Rows:
    """Return which places or zones no camera may be in."""
    return np.flatnonzero(is_kind(np.asarray(kinds, dtype=object), FORBIDDEN)).astype(np.int64)


def standing_in(x: ArrayLike, y: ArrayLike, areas: Objects) -> tuple[Rows, Rows]:
    """Return cameras and the forbidden areas they stand in, sorted; of one known as a point: within `TOUCH_M` of it.

    Parameters
    ----------
    x, y
        The cameras as they are drawn, metres.
    areas
        Polygons or points, in the same CRS.
    """
    if len(areas) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    xy = np.column_stack([np.asarray(x, np.float64), np.asarray(y, np.float64)])
    places: Any = shapely.points(xy)
    near = np.where(shapely.get_dimensions(areas) == 0, TOUCH_M, 0.0)
    camera, area = shapely.STRtree(areas).query(places, predicate="dwithin", distance=TOUCH_M)
    inside = shapely.dwithin(places[camera], areas[area], near[area])
    pairs = np.unique(np.column_stack([camera[inside], area[inside]]), axis=0).astype(np.int64)
    return pairs[:, 0], pairs[:, 1]
