"""The last trials of what-if plans, so that the next step of a drag computes one camera only."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from geo.plans import Plan

if TYPE_CHECKING:
    from geo.city import City
    from geo.whatif import Trial

KEPT = 6
BASES = 2


class Trials:
    """A few trials, least recently used ones dropped first; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bases: OrderedDict[int, Trial] = OrderedDict()
        self._kept: OrderedDict[int, Trial] = OrderedDict()

    def reach(self, base: City, plan: Plan) -> Trial:
        """Return the trial of `plan` in `base`, worked out from the kept one that is nearest to it."""
        from geo.whatif import advance, begin

        with self._lock:
            start = self._bases.get(id(base))
            near = [trial for trial in self._kept.values() if trial.base is base]
        if start is None or start.base is not base:
            start = begin(base)
        source = min([*reversed(near), start], key=lambda trial: trial.apart(plan))
        found = advance(source, plan)
        with self._lock:
            self._bases[id(base)] = start
            self._bases.move_to_end(id(base))
            self._kept[id(found)] = found
            self._kept.move_to_end(id(found))
            while len(self._bases) > BASES:
                _, old = self._bases.popitem(last=False)
                for key in [key for key, trial in self._kept.items() if trial.base is old.base]:
                    del self._kept[key]
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)


TRIALS = Trials()
