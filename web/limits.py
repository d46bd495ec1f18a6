"""How often one account or token may ask for what costs much. In memory: a restart gives everybody a fresh start.

A bucket of so many requests, filled again at a steady pace. The single user of a machine has none: there is nobody
whose turn could be taken.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil

from flask import request

from geo.errors import N_
from web.errors import RequestError
from web.identity import Reader

MOST_KEPT = 10_000


@dataclass(frozen=True)
class Allowance:
    """`burst` requests at once, and one more every `every_s` seconds."""

    burst: int
    every_s: float


FILES, UPLOADS, TRIALS, WORK, DOORS = (
    Allowance(30, 2), Allowance(30, 2), Allowance(120, 0.1), Allowance(60, 1), Allowance(30, 2),
)  # fmt: skip
COSTLY: Mapping[str, Allowance] = {
    "takeaway.table": FILES,
    "takeaway.map_picture": FILES,
    "takeaway.bulletin": FILES,
    "api_files.export": FILES,
    "api_public.file": FILES,
    "api_scenarios.export": FILES,
    "api_drafts.export": FILES,
    "uploads.upload": UPLOADS,
    "uploads.look": UPLOADS,
    "uploads.start": UPLOADS,
    "api_whatif.whatif": TRIALS,
    "api_scenarios.compare": TRIALS,
    "api_scenarios.compare_own": TRIALS,
    "api_coverage.coverage_start": WORK,
    "api_drafts.step": TRIALS,
    "api_drafts.effect": TRIALS,
    "api_exposure.exposure_start": WORK,
    "oidc.start": DOORS,  # before anybody has signed in: by address
    "oidc.end": DOORS,
    "sign_in.make_first": DOORS,
    "sign_in.use_link": DOORS,
}


class Limits:
    """The buckets of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at: OrderedDict[tuple[str, Allowance], float] = OrderedDict()

    def wait(self, who: str, allowance: Allowance) -> float:
        """Take one request of `who`; return 0, or how many seconds it comes too early, and nothing is taken."""
        now, key = self._clock(), (who, allowance)
        with self._lock:
            full_at = max(self._full_at.get(key, 0.0), now) + allowance.every_s
            late = full_at - now - allowance.burst * allowance.every_s
            if late > 1e-9:
                return late
            self._full_at[key] = full_at
            self._full_at.move_to_end(key)
            while len(self._full_at) > MOST_KEPT:
                self._full_at.popitem(last=False)
        return 0.0


def check(limits: Limits, reader: Reader | None) -> None:
    """Refuse a costly request that comes too soon after many others of the same account, token or address.

    Raises
    ------
    RequestError
        429, with when to come again.
    """
    allowance = COSTLY.get(request.endpoint or "")
    if allowance is None or (reader is not None and reader.kind == "single"):
        return
    who = f"address {request.remote_addr}" if reader is None else f"{reader.kind} {reader.name}"
    seconds = ceil(limits.wait(who, allowance))
    if seconds:
        raise RequestError(
            429,
            "too_often",
            N_("This was asked for too often."),
            N_("Try again in {retry_s} seconds."),
            retry_s=seconds,
        )
