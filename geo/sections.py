"""Road sections: streets cut at crossings and joined to stretches of a wished length, with the grids they run along.

For posts that answer for lines rather than areas: a stretch of a street with its length, its incidents, and how many
metres of it each grid has. A street on the border of two grids runs along both; its metres are halved between them, so
that the metres of all grids add up to the metres of the streets.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.errors import N_, ParameterError
from geo.street_graph import street_graph

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Objects = NDArray[Any]

_SHORT = 0.5  # of the wished work: a shorter stretch joins one that it meets
_STRAIGHT_DEG = 45.0  # a street without a name goes on where it turns by less


@dataclass(frozen=True)
class Sections:
    """Sections of streets.

    Attributes
    ----------
    lines
        Object array (s,) of lines and multilines in metres.
    name
        Object array (s,): of the street most of it is, None where that has none.
    length_m
        float64 (s,).
    work
        float64 (s,): what was shared out, see `road_sections`.
    edges, group
        Object array (e,) of the streets between crossings, and int64 (e,): the section of each.
    """

    lines: Objects
    name: Objects
    length_m: Floats
    work: Floats
    edges: Objects
    group: Ints


def road_sections(
    streets: ArrayLike,
    names: ArrayLike,
    target: float,
    *,
    points: tuple[Floats, Floats] | None = None,
    reach_m: float = 50.0,
) -> Sections:
    """Cut streets at crossings and join the pieces to sections of about `target` work.

    Along each street of one name (a street without a name goes on where it goes straight on) the pieces between
    crossings are gone through in order, and a section ends at the crossing nearest to the next multiple of an even
    part. What is left shorter than half a target joins the shortest section it meets. A section is in one piece, and
    every metre of street is in exactly one.

    Parameters
    ----------
    streets
        Lines or multilines (n,) in a metric CRS; None and empty ones are left out. Those that are drawn twice count
        twice.
    names
        Text (n,), None for none.
    target
        Wished work of a section: metres, or with `points` how many of these.
    points
        x and y of incidents: the work of a piece is how many of them it is the nearest to, within `reach_m`.

    Examples
    --------
    >>> road = shapely.LineString([(0, 0), (100, 0), (200, 0), (300, 0), (400, 0)])
    >>> side = shapely.LineString([(200, 0), (200, 90)])
    >>> found = road_sections([road, side], ["High Street", "Mill Lane"], 200)
    >>> found.name.tolist(), found.length_m.tolist()
    (['High Street', 'High Street'], [290.0, 200.0])
    """
    if not target > 0:
        raise ParameterError(N_("A road section needs a length above zero."), N_("Give the wished length in metres."))
    drawn, labels = np.asarray(streets, dtype=object), np.asarray(names, dtype=object)
    graph = street_graph(drawn)
    name = labels[graph.source] if len(graph.lines) else np.zeros(0, dtype=object)
    work = graph.length_m if points is None else _nearest(graph.lines, *points, reach_m)
    chains = _chains(graph.lines, graph.ends, name)
    group = np.full(len(graph.lines), -1, np.int64)
    count = 0
    for chain in chains:
        for stretch in _stretches(chain, work, target):
            group[stretch] = count
            count += 1
    group = _join_short(group, graph.ends, graph.length_m, work, target)
    return _made(graph.lines, group, name, graph.length_m, work)


def _nearest(lines: Objects, x: Floats, y: Floats, reach_m: float) -> Floats:
    points: Any = shapely.points(np.asarray(x, np.float64), np.asarray(y, np.float64))
    _, edge = shapely.STRtree(lines).query_nearest(points, max_distance=reach_m, all_matches=False)
    return np.bincount(edge, minlength=len(lines)).astype(np.float64)


def _chains(lines: Objects, ends: Ints, name: Objects) -> list[list[int]]:
    """Lists of edges that follow each other along one street; every edge is in one of them."""
    at_node: dict[int, list[int]] = defaultdict(list)
    for edge, (a, b) in enumerate(ends.tolist()):
        at_node[a].append(edge)
        at_node[b].append(edge)
    heading = _headings(lines)
    used = np.zeros(len(lines), dtype=bool)

    def onward(edge: int, node: int) -> int | None:
        """The edge that goes on from `edge` beyond `node`: of the same name, the straightest."""
        best, turn = None, 180.0 if name[edge] is not None else _STRAIGHT_DEG
        for other in at_node[node]:
            if other == edge or used[other] or name[other] != name[edge]:
                continue
            bend = abs(180.0 - abs(_angle(heading, ends, edge, node) - _angle(heading, ends, other, node)) % 360.0)
            if bend < turn or (best is None and bend <= turn):
                best, turn = other, bend
        return best

    chains = []
    # From the ends of streets first, so that a chain is not begun in its middle.
    alone = np.array(
        [min(_same(at_node[node], name, edge) for node in pair) for edge, pair in enumerate(ends.tolist())]
    )
    for start in np.lexsort((np.arange(len(lines)), alone)).tolist():
        if used[start]:
            continue
        used[start] = True
        chain = [start]
        for node, forward in ((int(ends[start, 1]), True), (int(ends[start, 0]), False)):
            edge, here = start, node
            while (found := onward(edge, here)) is not None:
                used[found] = True
                chain = [*chain, found] if forward else [found, *chain]
                here = int(ends[found, 0] + ends[found, 1] - here)
                edge = found
        chains.append(chain)
    return chains


def _same(edges: list[int], name: Objects, edge: int) -> int:
    return sum(name[other] == name[edge] for other in edges)


def _headings(lines: Objects) -> Floats:
    """(e, 2): degrees in which each line leaves its first and its last end, seen from there."""
    found = np.zeros((len(lines), 2))
    for i, line in enumerate(lines):
        xy = shapely.get_coordinates(line)
        for end, step in enumerate((xy[1] - xy[0], xy[-2] - xy[-1])):
            found[i, end] = np.degrees(np.arctan2(step[1], step[0]))
    return found


def _angle(heading: Floats, ends: Ints, edge: int, node: int) -> float:
    return float(heading[edge, 0 if ends[edge, 0] == node else 1])


def _stretches(chain: list[int], work: Floats, target: float) -> list[list[int]]:
    """Cut a chain of edges where its work comes nearest to multiples of an even part."""
    total = float(work[chain].sum())
    many = max(1, min(len(chain), round(total / target)))
    if many == 1:
        return [chain]
    done = np.cumsum(work[chain])
    cuts, least = [], 0
    for part in range(1, many):
        at = int(np.argmin(np.abs(done - part * total / many))) + 1
        if least < at < len(chain):
            cuts.append(at)
            least = at
    return [chain[a:b] for a, b in zip([0, *cuts], [*cuts, len(chain)], strict=True)]


def _join_short(group: Ints, ends: Ints, length: Floats, work: Floats, target: float) -> Ints:
    """Let sections of less than half a target join the one with the least work that they meet at a crossing."""
    if not len(group):
        return group
    count = int(group.max()) + 1
    sums = np.bincount(group, weights=work, minlength=count)
    metres = np.bincount(group, weights=length, minlength=count)
    nodes: list[set[int]] = [set() for _ in range(count)]
    at_node: dict[int, set[int]] = defaultdict(set)
    for edge, pair in enumerate(ends.tolist()):
        nodes[group[edge]].update(pair)
        for node in pair:
            at_node[node].add(int(group[edge]))
    into = np.arange(count)
    for one in np.lexsort((np.arange(count), metres, sums)).tolist():
        if into[one] != one or sums[one] >= _SHORT * target:
            continue
        met = {other for node in nodes[one] for other in at_node[node]} - {one}
        if not met:
            continue
        other = min(met, key=lambda found: (sums[found], metres[found], found))
        into[one] = other
        sums[other] += sums[one]
        metres[other] += metres[one]
        nodes[other] |= nodes[one]
        for node in nodes[one]:
            at_node[node].discard(one)
            at_node[node].add(other)
    for one in range(count):
        root = one
        while into[root] != root:
            root = int(into[root])
        into[one] = root
    return np.unique(into[group], return_inverse=True)[1].astype(np.int64)


def _made(lines: Objects, group: Ints, name: Objects, length: Floats, work: Floats) -> Sections:
    count = int(group.max()) + 1 if len(group) else 0
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(group, minlength=count))[:-1]) if count else []
    shapes, names = np.empty(count, dtype=object), np.empty(count, dtype=object)
    for one, edges in enumerate(members):
        merged = shapely.line_merge(shapely.multilinestrings(lines[edges].tolist()))
        shapes[one] = merged
        metres: dict[str, float] = defaultdict(float)
        for edge in edges.tolist():
            if name[edge] is not None:
                metres[name[edge]] += float(length[edge])
        names[one] = min(metres, key=lambda label: (-round(metres[label], 3), label), default=None)
    metres_of, work_of = (
        np.bincount(group, weights=values, minlength=count).astype(np.float64) for values in (length, work)
    )
    return Sections(shapes, names, metres_of, work_of, lines, group)


def of_some(sections: Sections, which: Ints) -> Sections:
    """Return only some of the sections, in their order (`which` ascending)."""
    place = np.full(len(sections.lines) + 1, -1, np.int64)
    place[which] = np.arange(len(which))
    kept = place[sections.group] >= 0
    return Sections(
        sections.lines[which],
        sections.name[which],
        sections.length_m[which],
        sections.work[which],
        sections.edges[kept],
        place[sections.group[kept]],
    )


def nearest_section(sections: Sections, x: Floats, y: Floats, reach_m: float) -> Ints:
    """Return how many points each section is the nearest to, of those within `reach_m` of any; int64 (s,)."""
    if not len(sections.edges):
        return np.zeros(len(sections.lines), np.int64)
    near = _nearest(sections.edges, x, y, reach_m)
    return np.bincount(sections.group, weights=near, minlength=len(sections.lines)).astype(np.int64)
