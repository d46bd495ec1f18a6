"""Contiguous regions of equal work, of blocks that share borders.

Blocks are first halved again and again across the longer axis of their centres, by work. Then two steps take turns
until neither helps: a block at a border goes over to the region across it, and two neighbouring regions are thrown
together and divided anew by a cut in one of several directions (the recombination of DeFord, Duchin & Solomon,
Recombination: a family of Markov chains for redistricting, Harvard Data Science Review 3, 2021, taken here as a
descent). A step is taken only where it lowers

    sum((W_r / W - 1)^2) + COMPACT * regions * border / border of as many squares,

W_r being the work of a region, W the wished one: evenness counts, and of divisions that are nearly as even the one with
shorter borders. Nothing is drawn by lot: the same blocks give the same regions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from geo.parallel import Cancelled, never
from geo.region_graph import BlockGraph as BlockGraph
from geo.region_graph import Blocks as Blocks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Progress = Callable[[float], None]

COMPACT = 0.05  # what a border as long as one square's share costs, in squared relative deviations
_TURNS = 8  # directions in which two regions are divided anew
_ROUNDS = 40
_LEAST_GAIN = 1e-9


def no_progress(share: float) -> None:
    """Nobody looks at the progress."""


def regions(
    blocks: Blocks, count: int, *, progress: Progress = no_progress, cancelled: Callable[[], bool] = never
) -> Ints:
    """Return the region of each block, int64 (n,), numbered from 0 by their first block.

    Every region is connected by shared borders. There are `count` of them, more where the blocks fall into more parts
    that do not touch, fewer where there are fewer blocks.

    Raises
    ------
    geo.parallel.Cancelled
        `cancelled()` said so.

    Examples
    --------
    >>> row = Blocks(np.array([3.0, 1, 1, 1]), np.ones(4), np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]]),
    ...              np.array([[0, 1], [1, 2], [2, 3]]), np.ones(3))
    >>> regions(row, 2).tolist()
    [0, 1, 1, 1]
    """
    if count < 1:
        raise ValueError("at least one region is wanted")
    if not (np.isfinite(blocks.work).all() and (blocks.work >= 0).all()):
        raise ValueError("work must be finite and not negative")
    return _Search(blocks, count, cancelled).run(progress)


class _Search:
    def __init__(self, blocks: Blocks, count: int, cancelled: Callable[[], bool]) -> None:
        self.graph = BlockGraph(blocks)
        self.near, self.work = self.graph.near, self.graph.work
        self.count = count
        self.cancelled = cancelled
        self.area = float(blocks.area_m2.sum())
        self.group = [0] * len(self.near)
        self.members: list[set[int]] = []
        self.sums: list[float] = []
        self.changes: list[int] = []  # of each region, counted
        self.tried: dict[tuple[int, int], tuple[int, int]] = {}  # pairs that could not be bettered as they were then

    def run(self, progress: Progress) -> Ints:
        if not self.near:
            return np.zeros(0, np.int64)
        for part, many in self._shared_out(self.graph.parts(range(len(self.near)))):
            for members in self._halved(part, many):
                for block in members:
                    self.group[block] = len(self.members)
                self.members.append(set(members))
        self.sums = [self.graph.sum(one) for one in self.members]
        k = len(self.members)
        self.changes = [0] * k
        self.wished = 1 / k
        # What a metre of border costs.
        self.metre = COMPACT * k / max(2 * np.sqrt(self.area * k), 1e-9)
        for step in range(_ROUNDS):
            if self.cancelled():
                raise Cancelled
            progress(step / _ROUNDS)
            moved = self._move_blocks()
            if not self._divide_anew() and not moved:
                break
        progress(1.0)
        first: dict[int, int] = {}
        return np.array([first.setdefault(one, len(first)) for one in self.group], dtype=np.int64)

    # --- the beginning -------------------------------------------------------------------------------------------

    def _shared_out(self, parts: list[list[int]]) -> list[tuple[list[int], int]]:
        """How many regions each part gets: one, and of the others the one that has most work for each."""
        work = [self.graph.sum(part) for part in parts]
        many = [1] * len(parts)
        for _ in range(min(self.count, len(self.near)) - len(parts)):
            able = [i for i, part in enumerate(parts) if many[i] < len(part)]
            if not able:
                break
            many[max(able, key=lambda i: (work[i] / (many[i] + 0.5), -i))] += 1
        return list(zip(parts, many, strict=True))

    def _halved(self, blocks: list[int], count: int) -> list[list[int]]:
        if count <= 1 or len(blocks) <= 1:
            return [blocks]
        half = count // 2
        centred = self.graph.xy[blocks] - self.graph.xy[blocks].mean(axis=0)
        _, axes = np.linalg.eigh(centred.T @ centred)
        axis = axes[:, -1]
        if axis[np.argmax(np.abs(axis))] < 0:  # the sign of an eigenvector is arbitrary: fix it
            axis = -axis
        cut = self.graph.cut(blocks, axis, half / count, half, count - half)
        if cut is None:
            return [blocks]
        grown, rest = cut
        work = [self.graph.sum(side) for side in cut]
        first = round(count * work[0] / sum(work)) if sum(work) > 0 else half
        first = max(1, count - len(rest), min(count - 1, len(grown), first))
        return [*self._halved(grown, first), *self._halved(rest, count - first)]

    # --- the descent ---------------------------------------------------------------------------------------------

    def _uneven(self, work: float) -> float:
        return float((work / self.wished - 1) ** 2)

    def _move_blocks(self) -> bool:
        """Let blocks at borders change sides as long as that helps; return whether any did."""
        ever = False
        for _ in range(_ROUNDS):
            moved = False
            for block in range(len(self.group)):
                moved |= self._move(block)
            if not moved:
                break
            ever = True
            if self.cancelled():
                raise Cancelled
        return ever

    def _move(self, block: int) -> bool:
        own = self.group[block]
        shared: dict[int, float] = {}
        for other, metres in self.near[block].items():
            shared[self.group[other]] = shared.get(self.group[other], 0.0) + metres
        if len(shared) == (own in shared) or len(self.members[own]) == 1:
            return False
        work, inner = self.work[block], shared.get(own, 0.0)
        left = self._uneven(self.sums[own] - work) - self._uneven(self.sums[own])
        best, gain = -1, -_LEAST_GAIN
        for other in sorted(shared):
            if other != own:
                change = self._uneven(self.sums[other] + work) - self._uneven(self.sums[other])
                change += left + self.metre * (inner - shared[other])
                if change < gain:
                    best, gain = other, change
        if best < 0 or not self.graph.holds_without(self.members[own], block):
            return False
        self.members[own].remove(block)
        self.members[best].add(block)
        self.sums[own] -= work
        self.sums[best] += work
        self.group[block] = best
        self.changes[own] += 1
        self.changes[best] += 1
        return True

    def _divide_anew(self) -> bool:
        """Divide neighbouring regions anew where that helps; return whether any were."""
        ever = False
        for first, second in self._neighbours():
            if self.cancelled():
                raise Cancelled
            stand = self.changes[first], self.changes[second]
            if self.tried.get((first, second)) == stand:
                continue
            both = sorted(self.members[first] | self.members[second])
            now = self._uneven(self.sums[first]) + self._uneven(self.sums[second])
            now += self.metre * self.graph.border(self.members[first], self.members[second])
            best: tuple[set[int], set[int]] | None = None
            for turn in np.arange(_TURNS) * (2 * np.pi / _TURNS):
                cut = self.graph.cut(both, np.array([np.cos(turn), np.sin(turn)]), 0.5)
                if cut is None:
                    continue
                sides = set(cut[0]), set(cut[1])
                if not self.graph.connected(sides[0]):
                    continue
                then = sum(self._uneven(self.graph.sum(side)) for side in cut)
                then += self.metre * self.graph.border(*sides)
                if then < now - _LEAST_GAIN:
                    best, now = sides, then
            if best is None:
                self.tried[first, second] = stand
            else:
                for region, side in zip((first, second), best, strict=True):
                    self.changes[region] += 1
                    self.members[region] = side
                    self.sums[region] = self.graph.sum(side)
                    for block in side:
                        self.group[block] = region
                ever = True
        return ever

    def _neighbours(self) -> list[tuple[int, int]]:
        """Pairs of regions that touch, those that differ most first."""
        found = {
            (min(self.group[block], self.group[other]), max(self.group[block], self.group[other]))
            for block, others in enumerate(self.near)
            for other in others
            if self.group[block] != self.group[other]
        }
        return sorted(found, key=lambda pair: (-abs(self.sums[pair[0]] - self.sums[pair[1]]), pair))
