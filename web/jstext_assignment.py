"""The texts of static/js/queue.js, flows.js and responsible.js, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_

TEXTS: Mapping[str, str] = {
    "why.decided": N_("Decided"),
    "check.near": N_("Close to a border: within {near_m} m (set it among the filters)."),
    "check.page": N_("{first}–{last} of {count}"),
    "decide.title": N_("Decisions"),
    "decide.choose": N_("Choose several"),
    "decide.choose_one": N_("Choose incident {id}"),
    "decide.one": N_("Incident {id}"),
    "decide.many": N_("{count} {count:incident|incidents} chosen"),
    "decide.both": N_("recorded and located"),
    "decide.to": N_("decided: {grid}"),
    "decide.elsewhere": N_("a grid outside your area"),
    "decide.held": N_("Decided: {grid}. {reason} ({by}, {at}, on revision {revision})"),
    "decide.no_grid": N_("Choose a grid, or that it lies in none."),
    "decide.no_reason": N_("Say why."),
    "decide.done": N_("Decided: {count} → {grid}."),
    "decide.take_back": N_("Undo"),
    "decide.undo": N_("Take back ({count})"),
    "decide.undone": N_("Taken back: {count}."),
    "value.holds": N_("holds"),
    "value.lapsed": N_("lapsed"),
    "value.superseded": N_("superseded"),
    "value.undone": N_("undone"),
    "value.single": N_("single user"),
    "division.today": N_("Today's division, in force since {day}."),
    "division.then": N_("The division in force when the period ended, since {day}."),
    "division.change": N_("{day} ({count} {count:grid|grids})"),
    "division.changed": N_("It changed {count} {count:time|times} within the period: {changes}."),
    "division.before": N_("There is no history before {day}: what lies before is counted by the first known division."),
    "division.none": N_("There is no history of the division yet."),
    "flows.title": N_("Flows between grids"),
    "flows.counted": N_("Counted in"),
    "flows.none": N_("Every incident counts in the grid it was recorded in."),
    "flows.incidents": N_("{count} {count:incident|incidents}"),
    "flows.way": N_("The dot is where they count; a dashed ring: in no grid."),
    "flows.lead": N_(
        "{moved} {moved:incident counts|incidents count} in another grid than {moved:it was|they were} recorded in; "
        "{stayed} in the same; {unrecorded} {unrecorded:has|have} no recorded grid of this level. Decisions count."
    ),
    "flows.first": N_("The first {shown} of {count} pairs are shown."),
    "who.none": N_("Nothing of that name, and no grid there, in what you may see."),
    "who.count": N_("{count} found"),
    "who.more": N_("The first {count} are shown; write more to narrow it."),
    "who.pick": N_("Click the place on the map."),
    "who.kind.point": N_("Place on the map"),
    "who.kind.grid": N_("Grid"),
    "who.kind.team": N_("Team"),
    "who.kind.place": N_("Key place"),
    "who.kind.street": N_("Street"),
    "who.kind.zone": N_("Zone"),
    "who.kind.building": N_("Building"),
    "who.team": N_("Responsible: {team}"),
    "who.no_team": N_("No team is recorded."),
    "who.no_grid": N_("In no grid."),
    "who.border": N_("{distance} m to the nearest border"),
    "who.through": N_("In {count} {count:grid|grids}: {grids}"),
    "who.cameras": N_("Which cameras see it"),
    "who.show": N_("Show the grid"),
}
