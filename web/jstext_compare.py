"""The texts of static/js/compare.js and what hangs on it, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_

TEXTS: Mapping[str, str] = {
    "compare.now": N_("Now"),
    "compare.before": N_("Before"),
    "compare.change": N_("Change"),
    "compare.expected": N_("Expected at the rate of before"),
    "compare.difference": N_("Difference"),
    "compare.p": N_("p"),
    "compare.q": N_("p adjusted for many tests"),
    "compare.kind": N_("Finding"),
    "compare.sentence": N_("In words"),
    "compare.level": N_("Level"),
    "compare.category": N_("Category"),
    "compare.none_category": N_("no category"),
    "compare.now_per_km2": N_("Now per km²"),
    "compare.before_per_km2": N_("Before per km²"),
    "compare.now_per_10k": N_("Now per 10,000 people"),
    "compare.before_per_10k": N_("Before per 10,000 people"),
    "compare.total": N_("All incidents"),
    "compare.outside": N_("{now} now and {before} before lie in no grid."),
    "compare.new": N_("new"),
    "compare.tip": N_("{now} now, {before} before"),
    "compare.kind.none": N_("no incident in either window"),
    "compare.kind.chance": N_("not more than chance"),
    "compare.kind.up": N_("more, beyond chance"),
    "compare.kind.down": N_("fewer, beyond chance"),
    "compare.say.none": N_("No incident in either window."),
    "compare.say.new": N_("{now} where none was before"),
    "compare.say.some": N_("{now} where {expected} would be expected"),
    "compare.say.chance": N_("{what}: may well be chance."),
    "compare.say.nearly": N_("{what}: unlikely alone, but among {tests} tests it may be chance."),
    "compare.say.beyond": N_("{what}: hardly chance (adjusted p {q})."),
    "compare.least": N_("< 0.001"),
    "compare.lead": N_("{now} {now:incident|incidents}, {before} before: {change}."),
    "compare.lead.chance": N_("In all, not more than chance."),
    "compare.lead.beyond": N_("In all, beyond chance (p {p})."),
    "compare.lead.rows": N_("Beyond chance: more in {up}, fewer in {down} of {tests} {tests:row|rows} with incidents."),
    "compare.windows": N_(
        "{now} ({now_days} {now_days:day|days}) against {before} ({before_days} {before_days:day|days})."
    ),
    "compare.span": N_("{from} – {to}"),
    "compare.assumed": N_("No time window is chosen: this is the last whole month."),
    "compare.scaled": N_("The lengths differ: what is expected is scaled, and the change is that of the rate per day."),
    "compare.partial.now": N_("The data cover only {covered} of the {days} days now; only these are compared."),
    "compare.partial.before": N_("The data cover only {covered} of the {days} days before; only these are compared."),
    "compare.state.no_dates": N_("No incident has a time: nothing can be compared."),
    "compare.state.now_not_covered": N_(
        "The data reach from {from} to {to}: they do not cover the chosen window. Choose one within them."
    ),
    "compare.state.before_not_covered": N_(
        "The data reach from {from} to {to}: they do not cover the window before ({before}). That is not 0 incidents, "
        "but none recorded; choose another window."
    ),
    "compare.table": N_("Comparison of two windows"),
    "compare.shown": N_("The {shown} least likely by chance of {count} are listed."),
    "compare.of_grid": N_("The rows: grid {grid} only."),
    "compare.no_grid": N_("No grid is selected: the rows are of all."),
    "compare.km2": N_("km²"),
    "compare.10k": N_("10,000"),
    "compare.level.grids": N_("{up} {up:grid|grids} up, {down} down, of {grids}"),
    "score.title": N_("How well it foretells"),
    "score.working": N_("Judging this picture on its last period …"),
    "score.hit": N_("Hit rate {rate} in {area} of the area"),
    "score.pai": N_("PAI {pai} · PEI {pei}"),
    "score.baseline": N_("period before {pai} · chance 1"),
    "score.worse": N_("The plain counts of the period before do better here."),
    "score.made": N_("Made from {build}, judged on {test} ({count} {count:incident|incidents})."),
    "score.more": N_("Curve and figures"),
    "score.area": N_("Area"),
    "score.rate": N_("Hit rate"),
    "score.naive": N_("Before"),
    "score.best": N_("best possible"),
    "score.this": N_("this picture"),
    "score.last": N_("period before"),
    "score.chance": N_("chance"),
    "score.axis": N_("share of the area flagged → share of incidents hit"),
    "score.note": N_(
        "{count} {count:cell|cells} of {side} m. PAI: times better than chance. PEI: share of what the best choice of "
        "as many cells would hit. Baseline: counts of {last}."
    ),
    "score.box": N_("Without grids the area is the box around the incidents."),
    "score.state.no_dates": N_("No score: no incident has a time."),
    "score.state.not_covered": N_("No score: the data do not cover this window."),
    "score.state.too_short": N_("No score: the window is shorter than four days, too short to hold a part back."),
    "score.state.too_few": N_(
        "No score: {build} {build:incident|incidents} to make it from and {count} to judge it on; at least {fewest} of "
        "each are needed."
    ),
    "score.state.no_population": N_("No score: no population is recorded."),
    "score.failed": N_("No score: {message}"),
    "measure.where": N_("Say where and when: the selected grid or a place, and a date."),
    "measure.pick": N_("Click the place on the map."),
    "measure.place": N_("around {lat}, {lon}"),
    "measure.remove": N_("Remove {name}"),
    "measure.similar": N_("Chosen: the grids most like the treated ones before."),
    "measure.similar_place": N_("Chosen: a place as large, in the grid where it is most alike before."),
    "measure.chosen": N_("Control: {names}."),
    "measure.fewer": N_("{count} fewer {count:incident|incidents} than the control area lets expect"),
    "measure.more": N_("{count} more {count:incident|incidents} than the control area lets expect"),
    "measure.same": N_("As many incidents as the control area lets expect"),
    "measure.interval": N_("(95 %: {low} to {high})."),
    "measure.beyond": N_("By the counts alone hardly chance (p {p})."),
    "measure.placebo.rare": N_(
        "Of {tried} comparisons where no measure is known {share} % differ as much: the change stands out."
    ),
    "measure.placebo.common": N_(
        "But {share} % of {tried} comparisons where no measure is known differ as much: within the usual ups and downs."
    ),
    "measure.chance": N_("It may well be chance (p {p})."),
    "measure.spill.none": N_("The ring: {change}; no sign beyond chance that incidents moved next door (p {p})."),
    "measure.spill.moved": N_("The ring: {change}; incidents seem to have moved next door (p {p})."),
    "measure.spill.spread": N_("The ring: {change}; the benefit seems to reach it too (p {p})."),
    "measure.spill.more": N_("The ring: {change}; more than its control lets expect, too (p {p})."),
    "measure.spill.fewer": N_("The ring: {change}; fewer than its control lets expect (p {p})."),
    "measure.few": N_("Few incidents: the test is rough."),
    "measure.windows": N_("{before} against {after}."),
    "measure.scaled": N_("The lengths differ: counts before are scaled."),
    "measure.partial": N_(
        "The data cover only {before} {before:day|days} before and {after} {after:day|days} after; only these are "
        "counted."
    ),
    "measure.area": N_("Where"),
    "measure.first": N_("Before"),
    "measure.last": N_("After"),
    "measure.change": N_("Change"),
    "measure.treated": N_("Treated"),
    "measure.control": N_("Control"),
    "measure.ring": N_("Ring"),
    "measure.control_ring": N_("Ring of the control"),
    "measure.total": N_("Difference (WDD)"),
    "measure.table": N_("The four areas before and after"),
    "measure.state.no_dates": N_("No incident has a time: nothing can be judged."),
    "measure.state.before_not_covered": N_("The data do not cover the time before the measure."),
    "measure.state.after_not_covered": N_("The data do not cover the time after the measure."),
}
