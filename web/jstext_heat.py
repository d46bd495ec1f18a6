"""The texts of static/js/heat.js, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_

TEXTS: Mapping[str, str] = {
    "heat.radius": N_("Radius (m)"),
    "heat.deviation": N_("Standard deviation (m)"),
    "heat.working": N_("Trying radii on the data …"),
    "heat.curve": N_("How well each radius foretells left-out incidents"),
    "heat.few": N_("Too few incidents at different places to choose by: at least {fewest}."),
    "heat.chosen": N_(
        "{radius} m foretells left-out incidents best ({sampled} of {incidents} were left out, "
        "each with all at its place)."
    ),
    "heat.edge": N_("It is the smallest or largest that was tried."),
    "heat.here": N_("Here:"),
    "heat.centre": N_("In the middle of the map:"),
    "heat.value": N_("{value} {unit} ({share} % of the highest)"),
    "heat.outside": N_("outside the city, no density"),
    "layer.streetheat": N_("Density along streets"),
    "street.value": N_("{value} {value:incident|incidents} per km of street"),
    "unit.m": N_("{value} m"),
    "unit.incidents_per_km2": N_("incidents per km²"),
    "unit.severity_per_km2": N_("severity per km²"),
}
