"""The cases that docs/states.md shows: what is recorded, what stands in the way. Metres, y is north."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from geo.cameras import CameraBeams, CameraFacts, ViewRules, beams_of
from geo.crs import WGS84, transform_xy
from geo.obstacles import build_obstacles
from geo.view import GRID_M
from geo.views import Views, views_of
from tests.geo.cameras import CRS, NAN, X, Y, facts_of

DEFAULT = ViewRules()
House = tuple[tuple[float, float, float, float], float]  # x0, y0, x1, y1; height or NaN


@dataclass(frozen=True)
class Case:
    """One panel of a picture: cameras among houses, by some rules, within a frame (x0, y0, x1, y1)."""

    camera: dict[str, Any]
    rules: ViewRules = DEFAULT
    houses: tuple[House, ...] = ()
    frame: tuple[float, float, float, float] = (-48, -44, 52, 44)
    cell: bool = False  # the frame's inside is a grid; everything not seen in it is blind
    labels: bool = True
    angle_at: float = 0.56  # where the angle is written, in reaches
    px: float = 2.9  # pixels a metre
    origin: tuple[float, float] = (X, Y)

    @cached_property
    def facts(self) -> CameraFacts:
        given = {"online": 1, **self.camera}
        for name, start in zip("xy", self.origin, strict=True):
            given[name] = start + np.asarray(given.get(name, 0.0))
        return facts_of(**given)

    @cached_property
    def views(self) -> Views:
        boxes = [shapely.box(X + x0, Y + y0, X + x1, Y + y1) for (x0, y0, x1, y1), _ in self.houses]
        obstacles = build_obstacles(boxes, np.array([height for _, height in self.houses], dtype=float))
        beams = beams_of(self.facts, self.rules, obstacles, crs=CRS)
        return views_of(beams, obstacles, target_height_m=self.rules.target_height_m)

    @property
    def beams(self) -> CameraBeams:
        return self.views.of

    def area_m2(self, *, certain: bool) -> float:
        """Of all beams of that state; of a grid what is certain, or only possible, within it."""
        if not self.cell:
            return float(self.views.area_m2[self.beams.certain == certain].sum())
        parts = self.parts()
        return float(parts["certain" if certain else "possible"].area)

    def parts(self) -> dict[str, Any]:
        """Built, certain, possible and blind polygons of the cell, by overlays."""
        x0, y0, x1, y1 = self.inner
        cell = shapely.box(X + x0, Y + y0, X + x1, Y + y1)
        built = shapely.union_all([shapely.box(X + a, Y + b, X + c, Y + d) for (a, b, c, d), _ in self.houses])
        sure, perhaps = (
            shapely.union_all([p for p in self.views.polygons[self.beams.certain == state] if p is not None])
            for state in (True, False)
        )
        free = shapely.difference(cell, built, grid_size=GRID_M)
        rest = shapely.difference(free, sure, grid_size=GRID_M)
        return {
            "built": shapely.intersection(cell, built, grid_size=GRID_M),
            "certain": shapely.intersection(free, sure, grid_size=GRID_M),
            "possible": shapely.intersection(rest, perhaps, grid_size=GRID_M),
            "blind": shapely.difference(rest, perhaps, grid_size=GRID_M),
        }

    @property
    def inner(self) -> tuple[float, float, float, float]:
        """The grid: the frame without a margin."""
        x0, y0, x1, y1 = self.frame
        return x0 + 4, y0 + 4, x1 - 4, y1 - 4


FIXED = {"kind": "fixed", "azimuth_deg": 90.0, "hfov_deg": 60.0, "range_m": 40.0}
PTZ = {**FIXED, "kind": "ptz"}
SMALL = {"px": 5.0, "frame": (-6.0, -28.0, 38.0, 24.0)}
SHARP = {"kind": "fixed", "azimuth_deg": 90.0, "hfov_deg": 90.0, "range_m": 30.0, "pixels_h": 1920.0}
MOUNT = {"height_m": 5.0, "tilt_deg": 15.0, "vfov_deg": 40.0}
EAST = (-8, -44, 52, 44)
WALL = ((20.0, -6.0, 22.0, 6.0), NAN)
OBSERVE = ViewRules(task="observe")
ONLINE = ViewRules(online_only=True)
ROOF = ((14.0, -4.0, 18.0, 4.0), 4.0)
LOOKING = {**FIXED, "range_m": 60.0, "height_m": 6.0}
HOUSE = ((-12.0, -6.0, 6.0, 6.0), NAN)
LONG = (-8, -36, 70, 34)
TOGETHER = {
    "kind": np.array(["fixed", "fixed"], dtype=object),
    "x": [-36.0, 30.0],
    "y": [-20.0, 22.0],
    "azimuth_deg": [60.0, NAN],
    "hfov_deg": [60.0, 80.0],
    "range_m": [60.0, 30.0],
}

WEST = tuple(float(v[0]) for v in transform_xy([24.0], [60.17], WGS84, CRS))  # three degrees from the zone's middle

CASES: dict[str, tuple[Case, ...]] = {
    "known": (Case(FIXED, frame=EAST), Case(FIXED, houses=(WALL,), frame=EAST, angle_at=0.32)),
    "direction": (
        Case({**FIXED, "azimuth_tolerance_deg": 22.5}, frame=EAST),
        Case({**FIXED, "hfov_deg": 40.0, "azimuth_tolerance_deg": 22.5}, frame=EAST),
        Case({**FIXED, "azimuth_deg": NAN}),
    ),
    "angle": (
        Case({**FIXED, "hfov_deg": NAN}),
        Case({**FIXED, "hfov_deg": NAN, "azimuth_tolerance_deg": 22.5}),
    ),
    "range": (Case({**FIXED, "range_m": NAN}, frame=(-8, -44, 60, 44)),),
    "turning": (Case({**PTZ, "azimuth_deg": NAN, "hfov_deg": NAN}), Case(PTZ)),
    "round": (Case({"kind": "panoramic", "range_m": 40.0}),),
    "class": (
        Case(SHARP, ViewRules(task="detect"), **SMALL),
        Case(SHARP, OBSERVE, **SMALL),
        Case({**SHARP, "pixels_h": NAN}, OBSERVE, **SMALL),
    ),
    "zoom": (Case({**SHARP, "kind": "ptz"}, OBSERVE, px=4.0, frame=(-34, -36, 34, 32)),),
    "near": (Case({**FIXED, **MOUNT}, frame=(-16, -44, 52, 44)), Case({**PTZ, **MOUNT})),
    "roof": (
        Case(LOOKING, houses=(ROOF,), frame=LONG, angle_at=0.8),
        Case({**LOOKING, "height_m": NAN}, houses=(ROOF,), frame=LONG, angle_at=0.8),
    ),
    "facade": (
        Case({**FIXED, "range_m": 30.0, "y": 2.0}, houses=(HOUSE,), frame=(-36, -32, 44, 40)),
        Case({"kind": "panoramic", "range_m": 30.0, "y": 2.0}, houses=(HOUSE,), frame=(-36, -32, 44, 40)),
    ),
    "north": (
        Case(
            {**FIXED, "azimuth_deg": 0.0, "hfov_deg": 10.0}, frame=(-16, -6, 24, 50), px=4.0, origin=WEST, labels=False
        ),
    ),
    "online": tuple(Case({**FIXED, "online": online}, ONLINE, frame=EAST) for online in (1, -1, 0)),
    "together": (Case(TOGETHER, houses=(((-8.0, -14.0, 8.0, 2.0), NAN),), cell=True, frame=(-44, -34, 44, 34)),),
}
