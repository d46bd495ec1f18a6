"""The last trials of what-if plans, so that the next step of a drag computes one camera only."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from geo.errors import N_
from geo.parallel import Cancelled
from geo.plans import Plan
from web.errors import RequestError
from web.gate import Gate

if TYPE_CHECKING:
    from geo.city import City
    from geo.whatif import Trial

# Hundreds of cameras that see the whole city take minutes, whether anybody still waits for the answer or not.
MOST_S = 30.0
GATE = Gate(3, 10.0, 2, waiting=8)
KEPT = 6
BASES = 2


class Trials:
    """A few trials, least recently used ones dropped first; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bases: OrderedDict[int, Trial] = OrderedDict()
        self._kept: OrderedDict[int, Trial] = OrderedDict()

    def reach(self, base: City, plan: Plan) -> Trial:
        """Return the trial of `plan` in `base`, worked out from the kept one that is nearest to it.

        Raises
        ------
        RequestError
            422: it takes too long. 429: others are being worked out.
        """
        from geo.whatif import advance, begin

        with self._lock:
            start = self._bases.get(id(base))
            near = [trial for trial in self._kept.values() if trial.base is base]
        if start is None or start.base is not base:
            start = begin(base)
        source = min([*reversed(near), start], key=lambda trial: trial.apart(plan))
        try:
            with GATE.entered():
                ends = time.monotonic() + MOST_S
                found = advance(source, plan, lambda: time.monotonic() > ends)
        except Cancelled:
            raise RequestError(
                422, "too_much", N_("This plan takes too long to work out."),
                N_("Plan fewer cameras at once, or shorter ranges."),
            ) from None  # fmt: skip
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
