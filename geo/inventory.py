"""What is recorded of the cameras: working or not, networked, smart, how fine their picture is, and what is missing.

Unknown is never taken for no. A target such as "98 % intact" is

- met, if it is met even should every camera of unknown state be a bad one:        yes / all >= target
- not met, if it would not be even should each of them be a good one:  (yes + unknown) / all < target
- undecided in between, so also where nothing is recorded and where there are no cameras.

`intact` has no column of its own: a camera recorded as online counts as intact. The targets are those of document
996 of 2015 on public video surveillance (key public areas: all networked, 98 % intact), see `Targets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError

if TYPE_CHECKING:
    from geo.columns import LayerColumns

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FLAGS = ("online", "networked", "smart")
NUMBERS = (
    "azimuth_deg", "hfov_deg", "range_m", "height_m", "tilt_deg", "vfov_deg", "pixels_h"
)  # fmt: skip
TEXTS = ("name", "kind", "owner")
ATTRIBUTES = (*TEXTS, *NUMBERS, *FLAGS)
# Classes of horizontal pixels begin at 0 and at these: the widths of 720p, 1080p, 1440p and 2160p pictures.
PIXELS_FROM = (1280, 1920, 2560, 3840)
_COUNTED = MappingProxyType({"online": "online", "networked": "networked", "intact": "online"})


@dataclass(frozen=True)
class Targets:
    """Least shares, 0..1."""

    online: float = 1.0
    networked: float = 1.0
    intact: float = 0.98

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        for name in _COUNTED:
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ParameterError(
                    N_("A target of {share} cannot be used."), N_("Give a share between 0 and 1."), share=share
                )


@dataclass(frozen=True)
class Tally:
    """Counts of groups of cameras; arrays of (groups,) or (groups, ...).

    Attributes
    ----------
    cameras
        int64.
    flags
        int64 (groups, 3) by name of `FLAGS`: yes, no, unknown.
    pixels
        int64 (groups, len(PIXELS_FROM) + 2): per class of horizontal pixels from the coarsest, then unknown.
    missing
        int64 by name of `ATTRIBUTES`: cameras of which it is not recorded.
    share
        float64 by name of a target: yes / (yes + no), NaN where nothing is recorded.
    known
        float64 by name of a target: (yes + no) / all, NaN where there are no cameras.
    meets
        int8 by name of a target: 1 met, 0 not met, -1 undecided.
    """

    cameras: Ints
    flags: Mapping[str, Ints]
    pixels: Ints
    missing: Mapping[str, Ints]
    share: Mapping[str, Floats]
    known: Mapping[str, Floats]
    meets: Mapping[str, NDArray[np.int8]]


@dataclass(frozen=True)
class Inventory:
    """Tallies of all cameras (one group), by cell, and by owner.

    `owners` are the owners in text order, None last if a camera has none. Cameras in no cell are in `total` and
    `by_owner` only.
    """

    targets: Targets
    total: Tally
    by_cell: Tally
    owners: tuple[str | None, ...]
    by_owner: Tally


def inventory(cameras: LayerColumns, cell: ArrayLike, cells: int, targets: Targets | None = None) -> Inventory:
    """Count what is recorded of the cameras.

    Parameters
    ----------
    cameras
        The layer, (n,).
    cell
        int (n,): the cell of each camera, -1 for none.
    cells
        How many there are.
    targets
        Default `Targets()`.
    """
    aims = targets or Targets()
    flags = {name: np.asarray(cameras.columns[name], dtype=np.int8) for name in FLAGS}
    numbers = {name: cameras.number(name) for name in NUMBERS}
    texts = {name: np.array([not text for text in cameras.text(name)], dtype=np.bool_) for name in TEXTS}
    missing = texts | {name: np.isnan(numbers[name]) for name in NUMBERS} | {name: flags[name] < 0 for name in FLAGS}
    pixels = numbers["pixels_h"]
    known = np.searchsorted(PIXELS_FROM, np.nan_to_num(pixels), side="right")
    pixel_class = np.where(np.isnan(pixels), len(PIXELS_FROM) + 1, known)

    owner = cameras.text("owner")
    named: list[str | None] = [*sorted({str(name) for name in owner if name})]
    if any(not name for name in owner):
        named.append(None)
    number = {name: i for i, name in enumerate(named)}
    of_owner = np.array([number[str(name) if name else None] for name in owner], dtype=np.int64)

    def count(group: Ints, groups: int) -> Tally:
        return tally(group, groups, flags, pixel_class, missing, aims)

    everyone = np.zeros(len(owner), dtype=np.int64)
    of_cell = np.asarray(cell, dtype=np.int64)
    return Inventory(aims, count(everyone, 1), count(of_cell, cells), tuple(named), count(of_owner, len(named)))


def tally(
    group: Ints,
    groups: int,
    flags: Mapping[str, NDArray[np.int8]],
    pixel_class: Ints,
    missing: Mapping[str, NDArray[np.bool_]],
    targets: Targets,
) -> Tally:
    """Count cameras by group; those of group -1 are left out."""
    inside = group >= 0
    of = group[inside]

    def table(column: Ints, width: int) -> Ints:
        counts = np.bincount(of * width + column[inside], minlength=groups * width)
        return counts.reshape(groups, width).astype(np.int64)

    cameras = np.bincount(of, minlength=groups).astype(np.int64)
    # Columns yes, no, unknown: 1, 0, -1 become 0, 1, 2.
    answers = {name: table(1 - flag.astype(np.int64), 3) for name, flag in flags.items()}
    share, known, meets = {}, {}, {}
    for aim, name in _COUNTED.items():
        yes, no, _ = answers[name].T
        with np.errstate(invalid="ignore"):
            share[aim], known[aim] = yes / (yes + no), (yes + no) / cameras
        least = getattr(targets, aim) * cameras - 1e-9 * cameras  # 49 of 50 are 98 %
        meets[aim] = np.where(yes >= least, 1, np.where(cameras - no < least, 0, -1)).astype(np.int8)
        meets[aim][cameras == 0] = -1
    gaps = {
        name: np.bincount(of, weights=gone[inside], minlength=groups).astype(np.int64) for name, gone in missing.items()
    }
    return Tally(cameras, answers, table(pixel_class, len(PIXELS_FROM) + 2), gaps, share, known, meets)
