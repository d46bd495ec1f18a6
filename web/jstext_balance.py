"""The texts of static/js/balance.js and divide.js, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_

TEXTS: Mapping[str, str] = {
    "layer.balance": N_("Workload"),
    "balance.load": N_("Load"),
    "balance.even": N_("× even"),
    "balance.even_share": N_("× even share"),
    "balance.streets": N_("Streets"),
    "balance.population": N_("Population"),
    "balance.grids": N_("Grids"),
    "balance.teams": N_("Workload of teams"),
    "balance.table": N_("Workload of grids"),
    "balance.lead": N_("{outside} of {count} {count:grid|grids} {outside:lies|lie} outside the bounds"),
    "balance.lead.more": N_("{above} with too much, {below} with too little work."),
    "balance.lead.moved": N_("{share} of the work would have to change hands to make all alike."),
    "balance.none": N_("There is nothing to share out: no grid, or nothing recorded that is weighed."),
    "balance.gini": N_("Gini"),
    "balance.cv": N_("Variation"),
    "balance.max": N_("Most / mean"),
    "balance.gini.what": N_("Gini coefficient: 0 where all have the same, nearly 1 where one has everything."),
    "balance.cv.what": N_("Coefficient of variation: standard deviation over mean."),
    "balance.max.what": N_("The most loaded grid over the mean."),
    "balance.histogram": N_("Grids by load"),
    "balance.histogram.bar": N_("Load {from} to {to}: {count} {count:grid|grids}"),
    "balance.histogram.more": N_("Load above {from}: {count} {count:grid|grids}"),
    "balance.lorenz": N_("The least loaded {units} of the grids have {work} of the work"),
    "balance.lorenz.title": N_("Part of the work by part of the grids"),
    "balance.missing": N_(
        "{count} {count:grid has|grids have} no load: something that is weighed is not recorded for {count:it|them}."
    ),
    "balance.left_out": N_("{name} does not count: {reason}."),
    "balance.teamless": N_("{count} {count:grid has|grids have} no team."),
    "balance.listed": N_("The {shown} most loaded of {count} are listed."),
    "layer.sections": N_("Road sections"),
    "sections.unnamed": N_("street without a name"),
    "sections.length": N_("Length"),
    "sections.lead": N_("{count} {count:section|sections}, {km} km of street; {own} of them in one grid only."),
    "sections.listed": N_("The first {shown} are listed."),
    "sections.none": N_("There is no street along these grids."),
    "divide.today": N_("Today"),
    "divide.draft": N_("Drafted division"),
    "divide.legend": N_("Load (× even share)"),
    "divide.views": N_("Which division the map shows"),
    "divide.table": N_("Today's division and the draft"),
    "divide.grids": N_("Grids"),
    "divide.area": N_("Mean area"),
    "divide.range": N_("Areas from – to"),
    "divide.outside": N_("Outside the bounds"),
    "divide.moved": N_(
        "{moved} of {count} {count:incident|incidents} ({share}) {moved:comes|come} into another grid than the one "
        "that takes over {moved:its own|theirs}."
    ),
    "divide.moved_team": N_("{moved} {moved:incident comes|incidents come} under another team."),
    "divide.people": N_(
        "People are shared out by area to compare; a new grid that takes a part of an old one has no figure"
        " before it is counted."
    ),
    "divide.heir": N_("takes over {code}"),
    "divide.add": N_("Add to a draft"),
    "divide.name": N_("New division of {parent}: {count} {count:grid|grids}"),
    "divide.added": N_("The draft “{name}” holds the new division. It changes nothing before it is approved."),
    "divide.forget": N_("Close the draft"),
    "divide.whole": N_("the whole level {level}"),
    "balance.tip": N_("Load {load} (1 = even share)"),
    "balance.above": N_("above the bounds"),
    "balance.below": N_("below the bounds"),
}
