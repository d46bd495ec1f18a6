"""Draw the pictures of docs/states.md with the engine itself: `python -m tests.pictures [FOLDER]`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.reach import near_blind_m
from geo.view import hides_until, sector
from tests.geo.cameras import X, Y
from tests.picture_cases import CASES, DEFAULT, LOOKING, MOUNT, ROOF, Case
from tests.serving import ROOT

FOLDER = ROOT / "docs" / "pictures"
GAP = 12
BLUE, INK, BUILT, BLIND, PAPER = "#1f6fd1", "#182027", "#9aa4ad", "#fbdcb2", "#ffffff"
HEAD = (
    "<defs><pattern id='possible' width='6' height='6' patternUnits='userSpaceOnUse' patternTransform='rotate(45)'>"
    f"<rect width='6' height='6' fill='#dbe8f8'/><rect width='2.2' height='6' fill='{BLUE}'/></pattern></defs>"
)
FONT = "font-family='Noto Sans SC, Noto Sans CJK SC, system-ui, sans-serif' font-size='13'"


class Plan:
    """A panel seen from above."""

    def __init__(self, case: Case, left: float) -> None:
        self.case, self.left = case, left
        x0, y0, x1, y1 = case.frame
        self.width, self.height = (x1 - x0) * case.px, (y1 - y0) * case.px
        self.parts: list[str] = []

    def at(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Pixels of a place in metres about the origin."""
        return self.left + (x - self.case.frame[0]) * self.case.px, (self.case.frame[3] - y) * self.case.px

    def area(self, geometry: Any, fill: str, stroke: str = "none") -> None:
        rings = shapely.get_rings(shapely.get_parts(shapely.normalize(geometry)))
        path = ""
        for ring in rings:
            px, py = self.at(*(shapely.get_coordinates(ring)[:-1] - self.case.origin).T)
            path += "M" + " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py, strict=True)) + "Z"
        if path:
            self.parts.append(f"<path d='{path}' fill='{fill}' stroke='{stroke}' fill-rule='evenodd'/>")

    def line(self, a: tuple[float, float], b: tuple[float, float], dash: str = "") -> None:
        (ax, ay), (bx, by) = self.at(*a), self.at(*b)
        dashes = f" stroke-dasharray='{dash}'" if dash else ""
        self.parts.append(
            f"<line x1='{ax:.1f}' y1='{ay:.1f}' x2='{bx:.1f}' y2='{by:.1f}' stroke='{INK}' stroke-width='1'{dashes}/>"
        )

    def text(self, x: float, y: float, words: str) -> None:
        px, py = self.at(x, y)
        self.parts.append(
            f"<text x='{px:.1f}' y='{py + 4:.1f}' text-anchor='middle' stroke='{PAPER}' stroke-width='3' "
            f"paint-order='stroke' fill='{INK}'>{words}</text>"
        )

    def dot(self, x: float, y: float, fill: str) -> None:
        px, py = self.at(x, y)
        self.parts.append(
            f"<circle cx='{px:.1f}' cy='{py:.1f}' r='4.5' fill='{fill}' stroke='{INK}' stroke-width='1.5'/>"
        )

    def draw(self) -> None:
        case = self.case
        if case.cell:
            x0, y0, x1, y1 = case.inner
            for name, fill in (("blind", BLIND), ("possible", "url(#possible)"), ("certain", BLUE)):
                self.area(case.parts()[name], fill)
            self.area(shapely.box(X + x0, Y + y0, X + x1, Y + y1), "none", INK)
        else:
            for state, fill in ((False, "url(#possible)"), (True, BLUE)):
                for polygon in case.views.polygons[case.beams.certain == state]:
                    if polygon is not None:
                        self.area(polygon, fill)
        for (x0, y0, x1, y1), height in case.houses:
            self.area(shapely.box(X + x0, Y + y0, X + x1, Y + y1), BUILT, INK)
            if np.isfinite(height):
                self.text((x0 + x1) / 2, (y0 + y1) / 2, f"{height:g}")
        if case.labels and not case.cell:
            self.measures()
        self.cameras()
        self.scale()

    def measures(self) -> None:
        """Angle and reach of the beams, each once, and the outline of a reach that is assumed."""
        of = self.case.beams
        beams, told = of.beams, set()
        for i in range(len(beams.x)):
            here = np.array([beams.x[i], beams.y[i]]) - self.case.origin
            azimuth, angle, near, far = (
                float(values[i]) for values in (beams.azimuth_deg, beams.angle_deg, beams.near_m, beams.far_m)
            )
            if of.assumed["range"][of.camera[i]]:
                self.outline(sector(*(here + self.case.origin), far, azimuth, angle))
            about = (angle, azimuth)
            first = about not in told
            told.add(about)
            if first and angle < 360:
                self.text(*along(here, azimuth, far * (0.8 if angle < 20 else self.case.angle_at)), f"{angle:g}°")
            if near > 0 and of.certain[i]:
                self.text(here[0] - 8, here[1] - 6, f"{near:.2f} m")
            if far not in told and first:
                told.add(far)
                self.text(*along(here, 315.0 if angle > 225 else azimuth, far + (15 / self.case.px)), f"{far:.4g} m")

    def outline(self, polygon: Any) -> None:
        px, py = self.at(*(shapely.get_coordinates(polygon) - self.case.origin).T)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py, strict=True))
        self.parts.append(
            f"<polyline points='{points}' fill='none' stroke='{INK}' stroke-width='1.2' stroke-dasharray='5 4'/>"
        )

    def cameras(self) -> None:
        case = self.case
        for i in range(len(case.facts)):
            x, y = case.facts.x[i] - case.origin[0], case.facts.y[i] - case.origin[1]
            rows = np.flatnonzero(case.beams.camera == i)
            if len(rows) and case.beams.moved_m[i] > 0:
                to = case.beams.beams.x[rows[0]] - case.origin[0], case.beams.beams.y[rows[0]] - case.origin[1]
                self.line((x, y), to, "3 3")
                self.dot(x, y, PAPER)
                x, y = to
            self.dot(x, y, INK)

    def scale(self) -> None:
        x0, y0, _, _ = self.case.frame
        y = y0 + 3 if not self.case.cell else y0 + 1.5
        self.line((x0 + 3, y), (x0 + 23, y))
        self.line((x0 + 3, y - 1), (x0 + 3, y + 1))
        self.line((x0 + 23, y - 1), (x0 + 23, y + 1))
        self.text(x0 + 23 + 22 / self.case.px, y, "20 m")


def along(here: Any, azimuth_deg: float, metres: float) -> Any:
    """The place so far from `here`."""
    return here + metres * np.array([np.sin(np.radians(azimuth_deg)), np.cos(np.radians(azimuth_deg))])


class Side(Plan):
    """A panel seen from the side: x along the ground, y up."""

    def pole(self, height: float) -> None:
        self.line((0, 0), (0, height))
        self.dot(0, height, INK)
        self.text(-3.2, height / 2, f"{height:g} m")

    def ground(self, y: float = 0.0, dash: str = "") -> None:
        self.line((self.case.frame[0], y), (self.case.frame[2], y), dash)

    def stretch(self, x: float, words: str) -> None:
        """A measure along the ground from the camera."""
        self.line((x, 0), (x, -1.5))
        self.text(x, -2.6, words)


def near_side(left: float) -> Side:
    side = Side(Case(MOUNT, frame=(-7, -4.5, 34, 8), px=7.0), left)
    height, tilt, vfov = MOUNT["height_m"], MOUNT["tilt_deg"], MOUNT["vfov_deg"]
    blind = float(near_blind_m(height, tilt, vfov))
    side.ground()
    side.line((0, height), (blind, 0))
    side.line((0, height), (height / np.tan(np.radians(tilt)), 0), "5 4")
    side.line((0, height), (34, height), "1 4")
    side.pole(height)
    side.text(20, 3.6, f"{tilt:g}°")
    side.text(9.5, 1.4, f"{tilt:g}° + {vfov:g}° / 2")
    side.stretch(blind, f"{blind:.2f} m")
    return side


def roof_side(left: float) -> Side:
    (near, _, far, _), roof = ROOF
    side = Side(Case(LOOKING, frame=(-7, -4.5, 52, 8), px=7.0), left)
    height, target = LOOKING["height_m"], DEFAULT.target_height_m
    again = far * float(hides_until(height, [roof], target)[0])
    side.area(shapely.box(X + near, Y, X + far, Y + roof), BUILT, INK)
    side.ground()
    side.ground(target, "5 4")
    side.line((0, height), (again, target))
    side.pole(height)
    side.text((near + far) / 2, roof / 2, f"{roof:g} m")
    side.text(48.5, target + 1.6, f"{target:g} m")
    side.line((again, target), (again, 0), "1 4")
    side.stretch(far, f"{far:g} m")
    side.stretch(again, f"{again:.4g} m")
    return side


def north(plan: Plan) -> None:
    """The map's north beside true north."""
    plan.line((0, 0), (0, 46), "5 4")
    plan.text(-2.5, 45, "y")
    turn = float(plan.case.beams.beams.azimuth_deg[0])
    plan.line((0, 0), tuple(along(np.zeros(2), turn, 46)))
    plan.text(5, 45, "N")
    plan.text(10, 30, f"{turn:.2f}°")


def picture(name: str, cases: Iterable[Case]) -> str:
    """Return the SVG of some panels side by side, above a view from the side."""
    left, height, body = 0.0, 0.0, ""
    for case in cases:
        plan = Plan(case, left)
        plan.draw()
        if name == "north":
            north(plan)
        body += framed(plan)
        left, height = left + plan.width + GAP, max(height, plan.height)
    width = left - GAP
    if name in SIDES:
        side = SIDES[name](0.0)
        body += f"<g transform='translate(0 {height + GAP:.1f})'>{framed(side)}</g>"
        width, height = max(width, side.width), height + GAP + side.height
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
        f"viewBox='0 0 {width:.1f} {height:.1f}' {FONT}>"
        f"<rect width='100%' height='100%' fill='{PAPER}'/>{HEAD}{body}</svg>\n"
    )


def framed(plan: Plan) -> str:
    size = f"x='{plan.left:.1f}' width='{plan.width:.1f}' height='{plan.height:.1f}'"
    return f"<rect {size} fill='{PAPER}' stroke='#d9dee3'/>{''.join(plan.parts)}"


SIDES: dict[str, Callable[[float], Side]] = {"near": near_side, "roof": roof_side}


def drawings() -> dict[str, str]:
    """Return every picture by its name."""
    return {f"states-{name}": picture(name, cases) for name, cases in CASES.items()}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawing in drawings().items():
        (folder / f"{name}.svg").write_text(drawing, "utf-8")


if __name__ == "__main__":
    main()
