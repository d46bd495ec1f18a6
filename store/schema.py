"""The canonical layers and columns: the one table that intake, storage, export and docs read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What a column holds; decides parsing, storage and the array's dtype."""

    TEXT = "text"  # object array of str or None
    CODE = "code"  # repeating text, dictionary-encoded in a snapshot
    REAL = "real"  # float64, NaN missing
    INTEGER = "integer"  # float64 in arrays (NaN missing), INTEGER in the file
    BOOL = "bool"  # int8: 1, 0, -1 missing; BOOLEAN in the file
    TIME = "time"  # datetime64[ms] UTC; DATETIME in the file


@dataclass(frozen=True)
class Column:
    """One canonical column. `unit` is shown beside numbers; `required` rows without it are rejects."""

    name: str
    kind: Kind
    unit: str = ""
    required: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Layer:
    """One canonical layer. `geometry` is the GeoPackage type; `families` what intake accepts."""

    name: str
    columns: tuple[Column, ...]
    geometry: str
    families: frozenset[str]
    key: tuple[str, ...] = ("id",)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def pure_points(self) -> bool:
        return self.families == frozenset({"point"})


_T, _C, _R, _I, _B = Kind.TEXT, Kind.CODE, Kind.REAL, Kind.INTEGER, Kind.BOOL
_POINT, _LINE, _POLYGON = "point", "line", "polygon"

_ALL = (
    Layer(
        "grids",
        (
            Column("code", _T, required=True),
            Column("name", _T),
            Column("level", _C, required=True),
            Column("parent", _C),
            Column("team", _C),
            Column("population", _I, low=0),
        ),
        "MULTIPOLYGON",
        frozenset({_POLYGON}),
        key=("level", "code"),
    ),
    Layer(
        "incidents",
        (
            Column("id", _T),
            Column("category", _C),
            Column("occurred_at", Kind.TIME),
            Column("grid_code", _C),
            Column("status", _C),
            # As the source counts it: no unit, more is graver. Missing is missing, not 0 and not 1.
            Column("severity", _R, low=0),
        ),
        "POINT",
        frozenset({_POINT}),
    ),
    Layer(
        "cameras",
        (
            Column("id", _T),
            Column("name", _T),
            Column("kind", _C),
            Column("azimuth_deg", _R, "deg", low=0, high=360),
            Column("hfov_deg", _R, "deg", low=0, high=360),
            Column("range_m", _R, "m", low=0, high=10_000),
            Column("height_m", _R, "m", low=0, high=500),
            Column("tilt_deg", _R, "deg", low=-90, high=90),
            Column("vfov_deg", _R, "deg", low=0, high=180),
            Column("pixels_h", _I, "px", low=1, high=100_000),
            Column("online", _B),
            Column("networked", _B),
            Column("smart", _B),
            Column("owner", _C),
            # Half-width of what is known of the azimuth: 0 for degrees, 22.5 for an eight-point compass text.
            Column("azimuth_tolerance_deg", _R, "deg", low=0, high=180),
            # What whoever runs a camera must be able to say of it; see `geo.duties`.
            Column("purpose", _C),
            Column("sign", _B),
            Column("retention_days", _I, "d", low=0, high=3_650),
            # Sectors of azimuth that the picture does not show, such as "120-150; 340-20"; see `geo.sectors`.
            Column("masks", _T),
        ),
        "POINT",
        frozenset({_POINT}),
    ),
    Layer(
        "buildings",
        (Column("id", _T), Column("height_m", _R, "m", low=0, high=1_000), Column("kind", _C)),
        "MULTIPOLYGON",
        frozenset({_POLYGON}),
    ),
    Layer(
        "streets",
        (Column("id", _T), Column("name", _C), Column("kind", _C)),
        "MULTILINESTRING",
        frozenset({_LINE}),
    ),
    Layer(
        "places",
        (Column("id", _T), Column("name", _T), Column("kind", _C)),
        "GEOMETRY",
        frozenset({_POINT, _POLYGON}),
    ),
    Layer(
        "zones",
        (Column("id", _T), Column("name", _T), Column("kind", _C)),
        "MULTIPOLYGON",
        frozenset({_POLYGON}),
    ),
)

LAYERS = MappingProxyType({layer.name: layer for layer in _ALL})
CAMERA_KINDS = ("fixed", "ptz", "dome", "panoramic")
