"""The texts of static/js/hotspots.js, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_
from layers.hotspots import TITLES

TEXTS: Mapping[str, str] = {
    "layer.hotspots": N_("Hot spots"),
    "col.place": N_("Place"),
    "col.pattern": N_("Pattern"),
    "col.expected": N_("Expected"),
    "col.chance": N_("Chance"),
    "col.around": N_("With the places around"),
    "col.z": N_("Gi* (z)"),
    "col.trend": N_("Trend (tau)"),
    "col.eb": N_("Rate, steadied"),
    "col.q": N_("Found at"),
    "col.steps_hot": N_("Steps hot, cold"),
    "hotspot.table": N_("Places by how unlikely their incidents are by chance"),
    "hotspot.odds": N_("1 in {odds}"),
    "hotspot.odds.most": N_("1M+"),
    "hotspot.odds.unit": N_("once in"),
    "hotspot.around.unit": N_("with neighbours"),
    "hotspot.tip": N_("{count} {count:incident|incidents}, {expected} expected"),
    "hotspot.found": N_("{hot} hot and {cold} cold {cold:spot|spots}"),
    "hotspot.among": N_(
        "among {tested} {tested:place|places}, in the {steps} {step} from {from} to {to} "
        "({total} {total:incident|incidents})."
    ),
    "hotspot.steps.week": N_("{count:week|weeks}"),
    "hotspot.steps.month": N_("{count:month|months}"),
    "hotspot.false": N_("Of the {found} found, at most {share} % ({false}) are expected to be chance all the same."),
    "hotspot.nothing": N_(
        "Nothing stands out from chance. Choose more steps, one category, or places of another size."
    ),
    "hotspot.few_steps": N_("Patterns over time need at least 10 steps; there are {steps}."),
    "hotspot.short": N_("{asked} {asked:step was|steps were} asked for; the window holds {steps}."),
    "hotspot.outside": N_("{outside} {outside:incident lies|incidents lie} in none of the places."),
    "hotspot.by_area": N_("Hexagons and squares have no known population: expected by area."),
    "hotspot.listed": N_("The first {shown} of {count} places are listed."),
    "hotspot.size.auto": N_("{size} (by the city)"),
    "hotspot.size.own": N_("of the grids"),
    "hotspot.around": N_("{near} where {expected} were expected, {count} {count:place|places}"),
    "hotspot.cell": N_("Cell of {size} m"),
    "hotspot.in_grid": N_("In grid"),
    **{f"hotspot.kind.{kind}": title for kind, title in TITLES.items()},
}
