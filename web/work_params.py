"""How a request weighs the workload, its bounds, and how long road sections are to be."""

from __future__ import annotations

from geo.balance import MEASURES
from layers.balance_params import LEAST_SECTION_M, MOST_LOAD, MOST_SECTION, MOST_WEIGHT, SHARES, BalanceParams
from web.params import Query, number


def balance_params(query: Query) -> BalanceParams:
    """Return what ``w_incidents``, ``w_area``, ..., ``load_low``, ``load_high``, ``section_m`` say."""
    return BalanceParams(
        tuple(number(query, f"w_{name}", SHARES[name], 0.0, MOST_WEIGHT) for name in MEASURES),
        number(query, "load_low", 0.5, 0.0, 1.0),
        number(query, "load_high", 1.5, 1.0, MOST_LOAD),
        number(query, "section_m", 300.0, LEAST_SECTION_M, MOST_SECTION),
        int(number(query, "section_incidents", 0, 0, MOST_SECTION, whole=True)) or None,
    )
