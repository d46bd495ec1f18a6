"""The protocol every map layer follows: pure frames in, one Folium element out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from branca.element import Element
from numpy.typing import NDArray

from geo.columns import LayerColumns, Snapshot
from geo.errors import N_, ParameterError, UnknownLevelError
from geo.hierarchy import Hierarchy, build_hierarchy
from geo.reach import edition
from layers.balance_params import BalanceParams
from layers.hotspot_params import HotspotParams
from layers.legend import Legend as Legend
from layers.legend import LegendItem as LegendItem
from layers.memo import Memo

if TYPE_CHECKING:  # slow to import, and needed only where features are made
    import geopandas as gpd

Metric = Literal["count", "per_km2", "per_10k"]
Method = Literal["quantiles", "fisher_jenks", "equal"]
Against = Literal["previous", "last_year", "custom"]
Choice = tuple[np.datetime64 | None, np.datetime64 | None, tuple[str, ...], tuple[int, ...], tuple[int, ...]]

_trees = Memo(32)  # of the city and of areas in it

METRICS: tuple[Metric, ...] = ("count", "per_km2", "per_10k")
METHODS: tuple[Method, ...] = ("quantiles", "fisher_jenks", "equal")
AGAINST: tuple[Against, ...] = ("previous", "last_year", "custom")
# Of the heat map, as in `geo.heat_kernel` and `layers.rasters.ramps` (held against them by a test).
KERNELS = ("quartic", "gaussian")
WEIGHTS = ("none", "severity")
RAMP_NAMES = ("rose", "cividis", "viridis")


@dataclass(frozen=True)
class Params:
    """What a reader asked to see; every field has the meaning of the query of the same name.

    Attributes
    ----------
    level
        Grid level; None: the finest level that has rows.
    parent
        Only grids whose parent has this code; None: all of the level.
    start, end
        datetime64[ms] in UTC, ``start <= t < end``; None: open.
    categories
        Incident categories; empty: all.
    hours, weekdays
        Hours of the day (0 to 23) and weekdays (1 Monday to 7 Sunday) of the store's time zone; empty: all.
    bbox
        (minx, miny, maxx, maxy) in metres of the snapshot's CRS; None: everywhere.
    zoom
        Web Mercator zoom of the page, decides how incidents are clustered.
    near_m
        Incidents nearer than this to a border are doubtful.
    assumed_range_m
        Range drawn for a camera whose range is unknown.
    online_only
        Leave out cameras that are not recorded as online.
    edition, task
        Class of the standard's table (`geo.reach.EDITIONS`) whose pixel density a view must reach; no task: a view
        reaches as far as the camera's range.
    target_height_m
        Height above the ground of what is to be seen.
    lang
        Language of the page; frames do not depend on it.
    radius_m
        Bandwidth of the heat map's kernel: where the quartic ends, the Gaussian's standard deviation.
    kernel, weight, ramp
        Of the heat map: one of `KERNELS`; whether an incident counts 1 or as much as it is severe; its colours.
    metric, method
        What the density shades and how its classes are cut.
    against
        What the window is compared with: the one directly before, the same one last year, or a custom one.
    against_start, against_end
        Of the custom one, datetime64[ms] in UTC; None otherwise.
    hotspots
        What is asked of the hot spots.
    balance
        How the workload is weighed, and its bounds.
    finding_kinds, finding_severity, finding_level, finding_state
        Which findings of the audit; none: all.
    division
        By which division a past period is counted: "today", or the one in force "then" (`web.divisions`).
    scale_start, scale_end
        Window whose values give the scale of colours, as `start` and `end`: pictures of several windows are then
        comparable. Both None: each picture has the scale of its own window.
    """

    level: str | None = None
    parent: str | None = None
    start: np.datetime64 | None = None
    end: np.datetime64 | None = None
    categories: tuple[str, ...] = ()
    hours: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    bbox: tuple[float, float, float, float] | None = None
    zoom: int | None = None
    near_m: float = 15.0
    assumed_range_m: float = 50.0
    online_only: bool = False
    edition: str = "2014"
    task: str | None = None
    target_height_m: float = 1.6
    radius_m: float = 120.0
    kernel: str = "quartic"
    weight: str = "none"
    ramp: str = "rose"
    lang: str = "en"
    metric: Metric = "per_km2"
    method: Method = "quantiles"
    against: Against = "previous"
    against_start: np.datetime64 | None = None
    against_end: np.datetime64 | None = None
    hotspots: HotspotParams = field(default_factory=HotspotParams)
    balance: BalanceParams = field(default_factory=BalanceParams)
    finding_kinds: tuple[str, ...] = ()
    finding_severity: str | None = None
    finding_level: str | None = None
    division: str = "today"
    finding_state: str | None = None
    scale_start: np.datetime64 | None = None
    scale_end: np.datetime64 | None = None

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise ParameterError(
                N_("The metric {value} is not known."),
                N_("Use one of: {known}."),
                value=self.metric,
                known=", ".join(METRICS),
            )
        if self.method not in METHODS:
            raise ParameterError(
                N_("The class method {value} is not known."),
                N_("Use one of: {known}."),
                value=self.method,
                known=", ".join(METHODS),
            )
        table = edition(self.edition)
        if self.task is not None:
            table.task(self.task)

    @property
    def choice(self) -> Choice:
        """What decides which incidents are selected; results of the selection are kept under it."""
        return (self.start, self.end, self.categories, self.hours, self.weekdays)


@dataclass(frozen=True)
class LayerFrame:
    """What a layer shows: features in the snapshot's CRS, their legend and facts about the whole."""

    features: gpd.GeoDataFrame
    legend: Legend | None
    meta: dict[str, Any]


class Layer(Protocol):
    """One map layer.

    `name` is its address, `title` a catalogue key, `needs` the snapshot layers it reads (caches key on their
    revisions).
    """

    name: str
    title: str
    needs: tuple[str, ...]

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return the features, legend and facts of the layer; pure."""
        ...

    def draw(self, url: str, title: str) -> Element:
        """Return the Folium element that makes the page fetch `url`; carries only constants of the program."""
        ...


def features(crs: str | None, geometry: NDArray[Any], columns: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Return a GeoDataFrame of `columns` with `geometry` in `crs` (None only while the store is empty)."""
    import geopandas as gpd

    shapes = gpd.array.GeometryArray(np.asarray(geometry, dtype=object))
    return gpd.GeoDataFrame(_plain(columns), geometry=shapes, crs=crs)


def points(
    crs: str | None, x: NDArray[np.float64], y: NDArray[np.float64], columns: Mapping[str, Any]
) -> gpd.GeoDataFrame:
    """Return a GeoDataFrame of points at `x`, `y` metres."""
    import geopandas as gpd

    return gpd.GeoDataFrame(_plain(columns), geometry=gpd.points_from_xy(x, y), crs=crs)


def _plain(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Keep object arrays as they are: pandas would infer a text type in which None becomes NaN."""
    import pandas as pd

    return {
        name: pd.Series(values, dtype=object) if np.asarray(values).dtype.kind == "O" else values
        for name, values in columns.items()
    }


def text_or_none(values: NDArray[Any]) -> NDArray[Any]:
    """Return `values` as an object array with None for missing; data frames must not turn text into NaN."""
    return np.array([None if value is None else str(value) for value in values], dtype=object)


def number_or_none(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers as an object array of float, None for NaN: missing stays missing in JSON."""
    return np.array([None if not np.isfinite(value) else float(value) for value in values], dtype=object)


def levels_of(grids: LayerColumns) -> tuple[str, ...]:
    """Return the level names, coarse to fine; empty without grids."""
    return hierarchy_of(grids).levels if len(grids) else ()


def hierarchy_of(grids: LayerColumns) -> Hierarchy:
    """Return how the grids of all levels hang together; made once for a state of the grids."""
    shapes = np.zeros(0, dtype=object) if grids.geometry is None else grids.geometry
    return _trees.get(
        (grids,),
        "tree",
        lambda: build_hierarchy(grids.text("code"), grids.text("level"), grids.text("parent"), shapes),
    )


def chosen_level(grids: LayerColumns, level: str | None) -> str | None:
    """Return `level` checked against the store, the finest one when None is asked, None without grids.

    Raises
    ------
    UnknownLevelError
        When grids exist and none has the level.
    """
    known = levels_of(grids)
    if not known:
        return None
    if level is None:
        return known[-1]
    if level not in known:
        raise UnknownLevelError(
            N_("There is no grid level {level}."), N_("Use one of: {known}."), level=level, known=", ".join(known)
        )
    return level


def rows_of_level(grids: LayerColumns, level: str | None, parent: str | None = None) -> NDArray[np.int64]:
    """Return the positions of the grids of `level`, of `parent` only when it is given."""
    if level is None:
        return np.zeros(0, dtype=np.int64)
    wanted = grids.text("level") == level
    if parent is not None:
        wanted &= grids.text("parent") == parent
    return np.flatnonzero(wanted)


def in_bbox(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    bbox: tuple[float, float, float, float] | None,
    margin_m: float = 0.0,
) -> NDArray[np.bool_]:
    """Return which points lie in `bbox` widened by `margin_m` metres; all of them without a box."""
    if bbox is None:
        return np.ones(len(x), dtype=bool)
    minx, miny, maxx, maxy = bbox
    return (x >= minx - margin_m) & (x <= maxx + margin_m) & (y >= miny - margin_m) & (y <= maxy + margin_m)
