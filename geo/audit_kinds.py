"""What the audit looks for: kinds of findings, their units, and what a reader is told of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from geo.errors import N_

SEVERITIES = ("note", "warning", "error")

_SMALL = N_("The area is under 0.01 m²: a remark, not an error. Leave it, or mend it when the border is redrawn.")

# Kind -> variant -> message, remedy; in the order in which readers see them.
TEXTS: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "invalid": {
            "": (
                N_("The border of {grids} is not a valid ring: {reason}."),
                N_("Redraw the ring where the point is. Until then the area is read as the even parts of the ring."),
            ),
            "empty": (N_("{grids} has no area."), N_("Draw its border, or remove the grid.")),
        },
        "overlap": {
            "": (
                N_("{grids} overlap: both claim the same {measure} m²."),
                N_("Give the area to one of them."),
            ),
            "small": (N_("{grids} overlap by {measure} m²."), _SMALL),
        },
        "gap": {
            "": (
                N_("Between {grids} lies a gap that no grid of the level “{level}” claims: {measure} m²."),
                N_("Give the area to one of the grids around it."),
            ),
            "small": (N_("Between {grids} lies a gap of {measure} m²."), _SMALL),
        },
        "sliver": {
            "": (
                N_("Between {grids} lies a sliver {width} m wide on average: {measure} m²."),
                N_("Give it to the grid with which it has the longest border."),
            ),
            "small": (N_("Between {grids} lies a sliver of {measure} m²."), _SMALL),
        },
        "hole": {
            "": (
                N_("{grids} has {measure} m² that none of the grids below it claims."),
                N_("Give the area to a grid below, or take it out of the grid above."),
            ),
            "small": (N_("{grids} has {measure} m² that none of the grids below it claims."), _SMALL),
        },
        "spill": {
            "": (
                N_("{code} reaches {measure} m² beyond its parent {parent}."),
                N_("Cut it at the parent's border, or move that border."),
            ),
            "small": (N_("{code} reaches {measure} m² beyond its parent {parent}."), _SMALL),
        },
        "duplicate": {
            "": (N_("{grids} have the same area."), N_("Keep one of them, or draw what the other should be.")),
        },
        "near_duplicate": {
            "": (
                N_("{grids} are nearly one and the same: {share} % of what both cover is shared."),
                N_("Keep one of them, or draw what the other should be."),
            ),
        },
        "multipart": {
            "": (
                N_("{grids} has {measure} separate parts."),
                N_("Make each part a grid of its own, or give the small ones to their neighbours."),
            ),
        },
        "parent_missing": {
            "blank": (
                N_("{grids} names no parent, though others of its level do."),
                N_("Enter the code of the grid of the level above that it lies in."),
            ),
            "unknown": (
                N_("The parent “{parent}” of {grids} does not exist."),
                N_("Correct the parent, or add the missing grid."),
            ),
        },
        "parent_wrong": {
            "place": (
                N_("{code} names {parent} as its parent but lies in {better}: {measure} m² are outside {parent}."),
                N_("Make {better} its parent, or redraw it."),
            ),
            "level": (
                N_("The parent “{parent}” of {grids} is not of a coarser level."),
                N_("Enter the code of the grid of the level above that it lies in."),
            ),
        },
        "parent_cycle": {
            "": (
                N_("{grids} is its own ancestor: its parent “{parent}” lies below it."),
                N_("Enter the code of the grid of the level above that it lies in."),
            ),
        },
        "code_duplicate": {
            "": (N_("The code {grids} occurs more than once in its level."), N_("Give each grid a code of its own.")),
        },
        "code_parent": {
            "": (
                N_("The code {code} does not begin with the digits of its parent {parent}."),
                N_("Correct the code or the parent."),
            ),
        },
        "code_layout": {
            "": (
                N_("The code {grids} does not have the {digits} digits that the layout asks for."),
                N_("Correct the code, or choose another layout."),
            ),
        },
        "sequence": {
            "": (
                N_("Below {parent}, {measure} of {count} grids are not numbered from west to east and north to south."),
                N_("Number the grids of this parent anew."),
            ),
        },
        "size": {
            "small": (
                N_("{grids} has {measure} m², less than the {least} m² of a unit grid."),
                N_("Merge it with a neighbour."),
            ),
            "large": (
                N_("{grids} has {measure} m², more than the {most} m² of a unit grid."),
                N_("Divide it."),
            ),
        },
        "shape": {
            "": (
                N_("{grids} is long or ragged: its compactness is {measure}, the least is {least}."),
                N_("Redraw it along blocks, or exchange parts with its neighbours."),
            ),
        },
        "building_cut": {
            "": (
                N_("A border cuts building {building}: {measure} m² of it lie outside its main grid, in {grids}."),
                N_("Lead the border around the building."),
            ),
        },
        "team_missing": {"": (N_("{grids} has no team."), N_("Enter the responsible post or team."))},
        "team_split": {
            "": (
                N_("The grids of the team {team} lie in {measure} places that do not touch."),
                N_("Exchange grids with neighbouring teams, or split the team."),
            ),
        },
        "camera_outside": {
            "": (
                N_("Camera {item} stands in no grid, {measure} m from the nearest border."),
                N_("Correct its place, or widen the grid."),
            ),
        },
        "place_outside": {
            "": (
                N_("Place {item} lies in no grid, {measure} m from the nearest border."),
                N_("Correct its place, or widen the grid."),
            ),
        },
        "incident_outside": {
            "": (
                N_("Incidents recorded in “{recorded}” that lie in no grid: {measure}."),
                N_("Correct their places, or widen the grid."),
            ),
            "blank": (
                N_("Incidents without a recorded grid that lie in no grid: {measure}."),
                N_("Correct their places, or widen the grid."),
            ),
        },
        "incident_elsewhere": {
            "": (
                N_("Incidents recorded in {recorded} that lie in {located}: {measure}."),
                N_("Correct the record, or move the border."),
            ),
            "unknown": (
                N_("Incidents in {located} that were recorded in “{recorded}”, which is no grid: {measure}."),
                N_("Correct the record, or add the grid."),
            ),
        },
        "population_missing": {
            "": (N_("{grids} has no population: rates cannot be worked out."), N_("Enter its population.")),
        },
    }
)

UNITS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(TEXTS, "m²"),
        **dict.fromkeys(("multipart", "team_split"), "parts"),
        **dict.fromkeys(("parent_cycle", "sequence"), "grids"),
        **dict.fromkeys(("camera_outside", "place_outside"), "m"),
        **dict.fromkeys(("incident_outside", "incident_elsewhere"), "incidents"),
        "shape": "",
    }
)

# What GEOS says of a ring, as a reader is told of it.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "Self-intersection": N_("its line crosses itself"),
        "Ring Self-intersection": N_("its ring touches or crosses itself"),
        "Hole lies outside shell": N_("a hole lies outside"),
        "Holes are nested": N_("holes lie in one another"),
        "Interior is disconnected": N_("its inside is not connected"),
        "Nested shells": N_("parts lie in one another"),
        "Duplicate Rings": N_("a ring occurs twice"),
        "Too few points in geometry component": N_("a ring has too few points"),
    }
)
OTHER_REASON = N_("another fault")

SMALL_IS_WORSE = frozenset({"shape"})

# Names of the kinds, for filters and legends.
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "invalid": N_("Invalid ring"),
        "overlap": N_("Overlap"),
        "gap": N_("Gap"),
        "sliver": N_("Sliver"),
        "hole": N_("Hole in the parent"),
        "spill": N_("Beyond the parent"),
        "duplicate": N_("Duplicate"),
        "near_duplicate": N_("Near duplicate"),
        "multipart": N_("Several parts"),
        "parent_missing": N_("Parent missing"),
        "parent_wrong": N_("Wrong parent"),
        "parent_cycle": N_("Circle of parents"),
        "code_duplicate": N_("Code used twice"),
        "code_parent": N_("Code against parent"),
        "code_layout": N_("Code layout"),
        "sequence": N_("Sequence"),
        "size": N_("Size"),
        "shape": N_("Shape"),
        "building_cut": N_("Building cut"),
        "team_missing": N_("No team"),
        "team_split": N_("Team in pieces"),
        "camera_outside": N_("Camera in no grid"),
        "place_outside": N_("Place in no grid"),
        "incident_outside": N_("Incidents in no grid"),
        "incident_elsewhere": N_("Incidents recorded elsewhere"),
        "population_missing": N_("No population"),
    }
)
