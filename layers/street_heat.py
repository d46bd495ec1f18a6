"""Where incidents concentrate along the streets: their density per km of street, as coloured lines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from branca.element import Element
from numpy.typing import NDArray

from geo.columns import Snapshot
from geo.errors import N_
from geo.heat_kernel import GAUSSIAN, TAIL, Kernel
from layers.base import LayerFrame, Legend, LegendItem, Params, features
from layers.drawn import fetched_layer
from layers.heat import window_sentence
from layers.joins import selected
from layers.memo import Memo
from layers.rasters.ramps import FAINT, HOUSE, STEPS
from layers.tails import Tails

if TYPE_CHECKING:
    from geo.street_density import SpreadMatrix
    from geo.street_graph import StreetGraph

SNAP_MOST_M = 50.0
REACH_MOST_M = 1000.0
MOST_LINES = 6000
_graphs, _matrices, _densities = Memo(2), Memo(3), Memo(12)
_snapped = Tails(2)
_making = threading.Lock()


@dataclass(frozen=True)
class Along:
    """The density along the streets.

    Attributes
    ----------
    per_km
        float64 (lixels,).
    selected, away, unweighted
        Incidents chosen by the filters; of them too far from any street; of the others without a weight that is asked
        for. The last two are left out.
    kernel
        As it was used: its reach is at most `REACH_MOST_M`.
    """

    graph: StreetGraph
    per_km: NDArray[np.float64]
    selected: int
    away: int
    unweighted: int
    kernel: Kernel

    @property
    def shown(self) -> int:
        return self.selected - self.away - self.unweighted

    @property
    def highest(self) -> float:
        return float(self.per_km.max(initial=0.0))


def street_kernel(params: Params) -> Kernel:
    """Return the kernel of the heat map, its reach bounded: along streets a longer one costs much and shows little."""
    most = REACH_MOST_M / (TAIL if params.kernel == GAUSSIAN else 1.0)
    return Kernel(params.kernel, min(params.radius_m, most))


def along_streets(snapshot: Snapshot, params: Params) -> Along:
    """Return the density of the selected incidents along the streets; what does not depend on the choice is kept."""
    from geo.street_density import spread_matrix  # bring in the compiler
    from geo.street_graph import snap, street_graph
    from layers.heat_field import severity_of

    streets, incidents, kernel = snapshot["streets"], snapshot["incidents"], street_kernel(params)
    lines = np.zeros(0, dtype=object) if streets.geometry is None else streets.geometry
    x, y = (np.zeros(0) if one is None else one for one in (incidents.x, incidents.y))

    def once(make: Callable[[], Any], memo: Memo, owners: tuple[object, ...], key: object) -> Any:
        with _making:  # two requests do not work out the same
            return memo.get(owners, key, make)  # type: ignore[arg-type]

    graph: StreetGraph = once(lambda: street_graph(lines), _graphs, (streets,), "graph")
    with _making:  # only incidents that are new are looked up
        (lixel,) = _snapped.get(
            incidents, (streets,), "snap", lambda part: (snap(graph, x[part], y[part], SNAP_MOST_M),)
        )
    matrix: SpreadMatrix = once(lambda: spread_matrix(graph, kernel), _matrices, (streets,), kernel)

    def make() -> Along:
        mask = selected(snapshot, params)
        near = mask & (lixel >= 0)
        weights, unweighted = None, 0
        if params.weight == "severity":
            severity = severity_of(incidents)
            unweighted = int((near & np.isnan(severity)).sum())
            near &= ~np.isnan(severity)
            weights = severity[near]
        counts = np.bincount(lixel[near], weights, minlength=graph.lixels)
        away = int(mask.sum()) - int(near.sum()) - unweighted
        return Along(graph, matrix.density(counts), int(mask.sum()), away, unweighted, kernel)

    return _densities.get((streets, incidents), (kernel, params.weight, params.choice, snapshot.timezone), make)


class StreetHeatLayer:
    """Incidents per km of street: on the network, not over roofs."""

    name = "streetheat"
    title = N_("Density along streets")
    needs = ("streets", "incidents")

    def frame(self, snapshot: Snapshot, params: Params) -> LayerFrame:
        """Return runs of street of one class in the section shown, the densest first where they are many."""
        none = features(snapshot.crs, np.zeros(0, dtype=object), {})
        along = along_streets(snapshot, params)
        weighted = params.weight == "severity"
        meta = {
            "selected": along.selected,
            "used": along.shown,
            "away": along.away,
            "snap_most_m": SNAP_MOST_M,
            "without_severity": along.unweighted if weighted else None,
            "highest_per_km": along.highest if along.highest > 0 else None,
            "streets_km": float(along.graph.length_m.sum()) / 1000,
            "kernel": along.kernel.name,
            "radius_m": along.kernel.radius_m,
            "weight": params.weight,
        }
        if along.graph.lixels == 0 or along.selected == 0:
            return LayerFrame(none, None, {**meta, "rows": 0})
        token = "ramp" if params.ramp == HOUSE else f"ramp-{params.ramp}"
        shapes, step, density = runs(along, params.bbox)
        order = np.argsort(-density, kind="stable")[:MOST_LINES]
        order = np.sort(order)
        frame = features(
            snapshot.crs,
            shapes[order],
            {"per_km": density[order], "symbol": np.array([f"{token}-{one}" for one in step[order]], dtype=object)},
        )
        cut = {"in_view": len(shapes), "shown": len(order), "truncated": len(shapes) > len(order)}
        return LayerFrame(frame, legend(self.title, snapshot, params, along, token), {**meta, **cut})

    def draw(self, url: str, title: str) -> Element:
        """Return the element that registers the layer with the page."""
        choice = ["from", "to", "category", "hours", "weekdays"]
        return fetched_layer(self.name, url, title, depends=[*choice, "radius_m", "kernel", "weight", "ramp", "bbox"])


def legend(title: str, snapshot: Snapshot, params: Params, along: Along, token: str) -> Legend:
    """Return the legend of the one scale of all zooms."""
    edges = np.linspace(0.0, along.highest, STEPS + 1)
    items = tuple(
        LegendItem(f"{token}-{step}", low=float(edges[step]), high=float(edges[step + 1]))
        for step in reversed(range(STEPS))
    )
    kernel = (
        N_("Gaussian kernel along the streets, standard deviation {radius} m; shared out at crossings.")
        if along.kernel.gaussian
        else N_("Quartic kernel along the streets, radius {radius} m; shared out at crossings.")
    )
    more = [window_sentence(snapshot, params, along.shown)]
    if along.away:
        more.append(
            (
                N_("{away} further than {most} m from any street are left out."),
                {"away": along.away, "most": round(SNAP_MOST_M)},
            )
        )
    if params.weight == "severity":
        more.append((N_("Weighted by severity: {count} without one are left out."), {"count": along.unweighted}))
    more.append((N_("One scale for every zoom."), {}))
    unit = N_("severity per km of street") if params.weight == "severity" else N_("incidents per km of street")
    items = items if along.highest > 0 else ()
    return Legend(title, unit, items, kernel, {"radius": round(along.kernel.radius_m)}, tuple(more))


def runs(
    along: Along, bbox: tuple[float, float, float, float] | None
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float64]]:
    """Cut the streets into runs of lixels of one class, what is faint left out.

    Returns
    -------
    shapes, step, density
        Object (k,), int64 (k,) class, float64 (k,) mean density per km.
    """
    graph = along.graph
    share = along.per_km / max(along.highest, 1e-12)
    step = np.where(share < FAINT, -1, np.minimum((share * STEPS).astype(np.int64), STEPS - 1))
    many = np.diff(graph.first)
    edge_of = np.repeat(np.arange(len(many)), many)
    begins = np.ones(len(step), np.bool_)
    begins[1:] = (step[1:] != step[:-1]) | (edge_of[1:] != edge_of[:-1])
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(step))
    drawn = step[first] >= 0
    if bbox is not None:
        box = shapely.bounds(graph.lines)[edge_of[first]]
        drawn &= (box[:, 0] <= bbox[2]) & (box[:, 2] >= bbox[0]) & (box[:, 1] <= bbox[3]) & (box[:, 3] >= bbox[1])
    first, last = first[drawn], last[drawn]
    edge = edge_of[first]
    length = graph.length_m[edge] / many[edge]
    whole = (first == graph.first[edge]) & (last == graph.first[edge + 1])
    shapes = graph.lines[edge].copy()
    for k in np.flatnonzero(~whole):
        offset = graph.first[edge[k]]
        shapes[k] = _part(graph.lines[edge[k]], (first[k] - offset) * length[k], (last[k] - offset) * length[k])
    sums = np.concatenate([[0.0], np.cumsum(along.per_km)])
    return shapes, step[first], (sums[last] - sums[first]) / (last - first)


def _part(line: Any, begin_m: float, end_m: float) -> Any:
    """Return a line from one distance along it to another."""
    xy = shapely.get_coordinates(line)
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    inner = (at > begin_m) & (at < end_m)
    ends = [[np.interp(one, at, xy[:, axis]) for axis in (0, 1)] for one in (begin_m, end_m)]
    return shapely.LineString(np.vstack([ends[0], xy[inner], ends[1]]))
