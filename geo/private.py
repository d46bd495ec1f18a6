"""Private places: where cameras should not look, and places where they may not be at all.

Which places are private is said by the kind of a zone, and of a building:

- a zone of a private kind is private as a whole;
- a building of a dwelling kind, or with its middle in a zone of such a kind, is a dwelling. No camera sees through its
  walls; private is the strip of ground `STRIP_M` wide along them, before doors and windows;
- a zone of the kind "mask" is what the picture does not show: of the camera whose id is the zone's name, of all
  cameras where no camera has it;
- places and zones of a forbidden kind are those of Article 8 of State Council Order 799 (in force from 2025-04-01): the
  insides of guest rooms and private dining rooms, of dormitories, of bathrooms, washrooms, changing, nursing and
  fitting rooms.

Private ground is kept in pieces with disjoint interiors, so that areas can be summed; large ones are cut along a
lattice of `CELL_M`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.parallel import THREADS
from geo.view import GRID_M, polygons_of

Objects = NDArray[Any]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

STRIP_M = 2.0
CELL_M = 64.0


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


PRIVATE = _words(
    "private private_place garden private_garden yard courtyard backyard patio balcony terrace allotments",
    "私人 私人区域 私人场所 私密 隐私 隐私区域 私宅 院落 庭院 私家花园 阳台 天井",
)
DWELLINGS = _words(
    "residential dwelling dwellings house houses home apartments apartment flats flat detached semidetached_house",
    "terraced townhouse bungalow villa cabin farm dormitory",
    "住宅 住宅区 居民区 居民楼 民居 居住区 公寓 宿舍 宿舍楼 小区",
)
MASKS = _words("mask privacy_mask privacy_zone", "遮挡 隐私遮挡 遮蔽 隐私遮蔽")
FORBIDDEN = _words(
    "toilet toilets restroom washroom lavatory bathroom bath_house public_bath shower showers changing_room",
    "dressing_room locker_room fitting_room nursing_room baby_room lactation_room dormitory dormitory_room hotel_room",
    "guest_room private_dining_room",
    "厕所 公厕 公共厕所 卫生间 洗手间 浴室 公共浴室 澡堂 更衣室 试衣间 哺乳室 母婴室 宿舍 学生宿舍 客房 包间 包厢",
)


def is_kind(kinds: Objects, known: frozenset[str]) -> Flags:
    """Return which kinds are among those known, without case; blanks and hyphens count as underscores.

    Examples
    --------
    >>> is_kind(np.array(["Changing room", None, "park"], dtype=object), FORBIDDEN).tolist()
    [True, False, False]
    """
    plain = (kind and kind.strip().lower().replace(" ", "_").replace("-", "_") for kind in kinds)
    return np.array([kind in known for kind in plain], dtype=bool)


@dataclass(frozen=True)
class Private:
    """The private ground of a city.

    Attributes
    ----------
    pieces
        Polygons with disjoint interiors, metres.
    zones
        int64: rows of the zones that are private as a whole.
    dwellings
        int64: rows of the buildings that are dwellings.
    """

    pieces: Objects
    zones: Rows
    dwellings: Rows

    def __len__(self) -> int:
        return len(self.pieces)


def private_ground(
    zones: ArrayLike, zone_kinds: ArrayLike, buildings: ArrayLike, building_kinds: ArrayLike | None = None
) -> Private:
    """Return the private ground.

    Parameters
    ----------
    zones, zone_kinds
        Polygons and text, (n,), metres.
    buildings, building_kinds
        Polygons and text, (m,); None where no kinds are known.
    """
    areas, kinds = np.asarray(zones, dtype=object), np.asarray(zone_kinds, dtype=object)
    houses = np.asarray(buildings, dtype=object)
    whole = np.flatnonzero(is_kind(kinds, PRIVATE))
    lived_in = np.zeros(len(houses), dtype=bool)
    if building_kinds is not None:
        lived_in = is_kind(np.asarray(building_kinds, dtype=object), DWELLINGS)
    quarters = areas[is_kind(kinds, DWELLINGS)]
    if len(quarters) and len(houses):
        middles = shapely.point_on_surface(houses)
        lived_in[shapely.STRtree(middles).query(quarters, predicate="intersects")[1]] = True
    dwellings = np.flatnonzero(lived_in)
    ground = np.concatenate([areas[whole], strips(houses[dwellings])])
    return Private(in_pieces(ground), whole.astype(np.int64), dwellings.astype(np.int64))


def strips(buildings: Objects) -> Objects:
    """Return the buildings with the strip along their walls; what is within the walls is hidden anyhow."""
    return np.asarray(shapely.buffer(buildings, STRIP_M, join_style="mitre"), dtype=object).reshape(-1)


def in_pieces(polygons: Objects) -> Objects:
    """Return the union of polygons as pieces with disjoint interiors, none larger than a cell of the lattice."""
    given = polygons[~(shapely.is_missing(polygons) | shapely.is_empty(polygons))]
    if len(given) == 0:
        return given
    whole = _dissolved(given)
    low, high = (np.floor(shapely.bounds(whole)[:, ends] / CELL_M).astype(np.int64) for ends in ([0, 1], [2, 3]))
    wide = high - low + 1
    cut = (wide > 2).any(axis=1)
    row = np.repeat(np.flatnonzero(cut), wide[cut].prod(axis=1))
    count = wide[cut].prod(axis=1)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    x, y = (low[row, 0] + place % wide[row, 0]) * CELL_M, (low[row, 1] + place // wide[row, 0]) * CELL_M
    parts = shapely.intersection(whole[row], shapely.box(x, y, x + CELL_M, y + CELL_M), grid_size=GRID_M)
    pieces = [*whole[~cut], *(polygons_of(part) for part in parts)]
    found = np.empty(len(pieces), dtype=object)
    found[:] = pieces
    return found[~shapely.is_empty(found)]


def _dissolved(polygons: Objects) -> Objects:
    """Polygons that overlap or touch as one."""
    left, right = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    met = left < right
    graph = coo_array((np.ones(met.sum(), np.int8), (left[met], right[met])), shape=(len(polygons), len(polygons)))
    label = connected_components(graph, directed=False)[1]
    order = np.argsort(label, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    found = np.empty(len(groups), dtype=object)
    with ThreadPoolExecutor(THREADS) as pool:
        found[:] = list(pool.map(lambda rows: _one(polygons[rows]), groups, chunksize=256))
    return found


def _one(polygons: Objects) -> Any:
    return polygons_of(polygons[0] if len(polygons) == 1 else shapely.union_all(polygons, grid_size=GRID_M))
