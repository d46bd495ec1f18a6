"""Overlaps and gaps as the audit finds them beside those of QGIS' geometry checker: `python -m bench.qgis_bench`.

Not a table of `python -m bench`: it needs Debian's libqgis-dev (QGIS 3.22, about 1 GB installed with what it asks for)
and a C++ compiler. The checker tells each part of an overlap by itself and drops what is under 1e-4 m2; parts are
summed up by pair here. Real files are those beside the project; a generated town has overlaps and gaps sown in it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from bench.audit_bench import FINEST, columns, faulty, search, timed
from bench.table import shown
from geo.audit_division import division

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FILES = (
    "messy/ward-2002.geojson", "messy/neighborhood-planning-area.geojson", "messy/neighborhood-composition.geojson",
    "messy/school-attendance-zones-elementary-old.geojson", "messy/assessment-sub-neighborhoods.geojson",
    "messy/leaf-boundary.geojson", "stl/STL_BOUNDARY_Grids.gpkg", "stl/neighborhoods_79.geojson",
    "china/hu2_bei3_xiang1_yang2.geojson", "china/hu2_nan2_heng2_yang2.geojson",
)  # fmt: skip
SOURCE = Path(__file__).parent / "qgis" / "checker.cpp"
HEADERS = "/usr/include/qgis"  # where Debian has them
PARTS = ("QtCore", "QtGui", "QtNetwork", "QtWidgets", "QtXml")
DROPPED_M2 = 1e-4  # smaller parts QGIS does not tell, at the 8 digits that it is given

Pairs = dict[tuple[int, int], float]


@dataclass(frozen=True)
class Found:
    """Overlaps by pair of polygons, and gaps, the largest first, in m2."""

    pairs: Pairs
    gaps: NDArray[np.float64]
    seconds: float


def coverages() -> Iterator[tuple[str, Any]]:
    """Yield the names and valid polygons, in metres near their origin, of each file and of the generated town."""
    for name in FILES:
        if (SHARED / name).is_file():
            frame = gpd.read_file(SHARED / name)
            frame = frame.set_crs(4326) if frame.crs is None else frame
            drawn = np.asarray(frame.to_crs(frame.estimate_utm_crs()).geometry.array, dtype=object)
            yield Path(name).stem, read(drawn)
    town = columns(part=8)
    drawn = faulty(town)[town.level == FINEST]
    yield "generated town", read(drawn)


def read(drawn: Any) -> Any:
    """Return polygons as the audit reads them: valid, and moved near their origin."""
    nothing = np.full(len(drawn), None, dtype=object)
    return division(np.arange(len(drawn)), np.full(len(drawn), "x", dtype=object), nothing, drawn).shapes


def ours(shapes: Any) -> Found:
    """Return what the audit finds."""
    seconds, parts = timed(lambda: search(shapes), 3)
    holes = [one.measure for one in parts if one.kind in ("gap", "sliver")]
    pairs = {}
    for one in parts:
        for rows, shape in zip(one.rows, one.shape, strict=True):
            area = shapely.area(shapely.get_parts(shape))
            if one.kind not in ("gap", "sliver") and (area > DROPPED_M2).any():
                pairs[min(rows), max(rows)] = float(area[area > DROPPED_M2].sum())
    return Found(pairs, told(np.concatenate([np.zeros(0), *holes])), seconds)


def told(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return those that QGIS would tell, the largest first."""
    found: NDArray[np.float64] = np.sort(gaps[gaps > DROPPED_M2])[::-1]
    return found


def built(folder: Path) -> Path:
    """Return the compiled checker."""
    (folder / "geometry").symlink_to(HEADERS)  # Debian's headers lie flat, but name folders of the source
    asked = subprocess.run(["qmake", "-query", "QT_INSTALL_HEADERS"], capture_output=True, text=True, check=True)
    qt = asked.stdout.strip()
    made = folder / "checker"
    places = [f"-I{folder}", f"-I{HEADERS}", f"-I{qt}", *(f"-I{qt}/{part}" for part in PARTS)]
    libraries = ["-lqgis_analysis", "-lqgis_core", *(f"-lQt5{part[2:]}" for part in PARTS)]
    subprocess.run(["g++", "-std=c++17", "-O1", "-fPIC", "-w", *places, str(SOURCE), "-o", str(made), *libraries],
                   check=True)  # fmt: skip
    return made


def theirs(checker: Path, shapes: Any) -> Found:
    """Return what QGIS finds."""
    lines = "\n".join(shapely.to_wkb(shapes, hex=True).tolist()) + "\n"
    where = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    out = subprocess.run([str(checker)], input=lines, capture_output=True, text=True, check=True, env=where).stdout
    pairs: Pairs = {}
    gaps, seconds = [], 0.0
    for line in out.splitlines():
        check, one, other, measure = line.split()
        pair = (min(int(one), int(other)), max(int(one), int(other)))
        if check == "QgsGeometryOverlapCheck":
            pairs[pair] = pairs.get(pair, 0.0) + float(measure)
        elif check == "QgsGeometryGapCheck":
            gaps.append(float(measure))
        elif check == "seconds":
            seconds = float(measure)
    return Found(pairs, told(np.array(gaps)), seconds)


def line(name: str, shapes: Any, mine: Found, other: Found) -> str:
    """Return a row: how many each found above what QGIS drops, and how far areas are apart."""
    left, right = mine.pairs, other.pairs
    apart = max((abs(left[pair] - right[pair]) for pair in left.keys() & right.keys()), default=0.0)
    n = min(len(mine.gaps), len(other.gaps))
    gaps = float(np.abs(mine.gaps[:n] - other.gaps[:n]).max(initial=0.0))
    cells = (
        name, f"{len(shapes):,}", len(left), len(right), len(left.keys() - right), len(right.keys() - left),
        f"{apart:.1e}", len(mine.gaps), len(other.gaps), f"{gaps:.1e}", shown(mine.seconds), shown(other.seconds),
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Print the table."""
    head = (
        "coverage", "polygons", "overlapping pairs", "QGIS", "only ours", "only QGIS", "apart by m²", "gaps", "QGIS",
        "apart by m²", "time", "QGIS",
    )  # fmt: skip
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    with tempfile.TemporaryDirectory() as folder:
        checker = built(Path(folder))
        for name, shapes in coverages():
            print(line(name, shapes, ours(shapes), theirs(checker, shapes)), flush=True)


if __name__ == "__main__":
    main()
