"""Blocks as a graph: which touch, their work, their parts, and cuts of a part into two."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Blocks:
    """Blocks and the borders they share.

    Attributes
    ----------
    work
        float64 (n,), not negative, finite; any unit.
    area_m2
        float64 (n,).
    xy
        float64 (n, 2): centres in metres.
    pairs, length_m
        int64 (m, 2) and float64 (m,): shared borders, as `geo.draft_blocks.shared_borders` gives them.
    """

    work: Floats
    area_m2: Floats
    xy: Floats
    pairs: Ints
    length_m: Floats


class BlockGraph:
    """The same blocks as lists, which single steps read far faster than arrays.

    Attributes
    ----------
    near
        For each block the blocks it borders on, with metres.
    work
        Of each block, as a part of all; where there is no work at all, of the ground.
    """

    def __init__(self, blocks: Blocks) -> None:
        self.near: list[dict[int, float]] = [{} for _ in range(len(blocks.work))]
        for (first, second), metres in zip(blocks.pairs.tolist(), blocks.length_m.tolist(), strict=True):
            self.near[first][second] = metres
            self.near[second][first] = metres
        work = blocks.work if blocks.work.sum() > 0 else blocks.area_m2
        self.work: list[float] = (work / max(work.sum(), 1e-300)).tolist()
        self.xy = blocks.xy

    def sum(self, blocks: set[int] | list[int]) -> float:
        """Return the work of some blocks, to the last bit the same in whatever order they come."""
        return sum(self.work[block] for block in sorted(blocks))

    def parts(self, blocks: range | list[int] | set[int]) -> list[list[int]]:
        """Return the connected parts of some blocks, each ascending; the one with the most work first."""
        left = set(blocks)
        parts = []
        for seed in sorted(left):
            if seed in left:
                left.remove(seed)
                part, stack = [seed], [seed]
                while stack:
                    for other in self.near[stack.pop()]:
                        if other in left:
                            left.remove(other)
                            part.append(other)
                            stack.append(other)
                parts.append(sorted(part))
        return sorted(parts, key=lambda part: (-self.sum(part), part[0]))

    def cut(
        self, blocks: list[int], axis: Floats, share: float, least: int = 1, least_rest: int = 1
    ) -> tuple[list[int], list[int]] | None:
        """Divide connected blocks across `axis` into two connected sides, the first with about `share` of the work.

        The first grows along the axis over shared borders; what it cuts off goes to it.
        """
        place = dict(zip(blocks, np.round(self.xy[blocks] @ axis, 6).tolist(), strict=True))
        wished = share * self.sum(blocks)
        seed = min(blocks, key=lambda block: (place[block], block))
        allowed, seen = set(blocks), {seed}
        grown: set[int] = set()
        have = 0.0
        queue = [(place[seed], seed)]
        while queue and len(grown) < len(blocks) - least_rest:
            _, block = heapq.heappop(queue)
            more = self.work[block]
            if len(grown) >= least and (have >= wished or have + more - wished > wished - have):
                break
            grown.add(block)
            have += more
            for other in self.near[block]:
                if other in allowed and other not in seen:
                    seen.add(other)
                    heapq.heappush(queue, (place[other], other))
        rest = self.parts(allowed - grown)
        if not rest or not grown:
            return None
        for cut_off in rest[1:]:
            grown.update(cut_off)
        return sorted(grown), rest[0]

    def holds_without(self, members: set[int], block: int) -> bool:
        """Return whether connected blocks stay so without one of them."""
        around = [other for other in self.near[block] if other in members]
        if not around:
            return False
        left, seen, stack = set(around[1:]), {block, around[0]}, [around[0]]
        while stack and left:
            for other in self.near[stack.pop()]:
                if other in members and other not in seen:
                    seen.add(other)
                    left.discard(other)
                    stack.append(other)
        return not left

    def border(self, first: set[int], second: set[int]) -> float:
        """Return the metres of border that two sets of blocks share."""
        few, many = sorted((first, second), key=len)
        return sum(metres for block in few for other, metres in self.near[block].items() if other in many)

    def connected(self, blocks: set[int]) -> bool:
        """Return whether some blocks are one part."""
        start = min(blocks)
        seen, stack = {start}, [start]
        while stack:
            for other in self.near[stack.pop()]:
                if other in blocks and other not in seen:
                    seen.add(other)
                    stack.append(other)
        return len(seen) == len(blocks)
