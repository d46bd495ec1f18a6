"""The texts of the panel of time, of its filters and of the profile of a grid, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_

TEXTS: Mapping[str, str] = {
    "filter.all": N_("all"),
    "filter.clear": N_("Take this filter off"),
    "filter.hours": N_("Hours of the day"),
    "filter.weekdays": N_("Weekdays"),
    "filter.category": N_("Category"),
    "filter.categories": N_("{count} categories"),
    "brush.unit.day": N_("incidents per day"),
    "brush.unit.week": N_("incidents per week"),
    "brush.unit.month": N_("incidents per month"),
    "brush.unit.year": N_("incidents per year"),
    "brush.beyond": N_("{count} lie outside the part shown"),
    "play.play": N_("Play"),
    "play.pause": N_("Pause"),
    "play.none": N_("Nothing to play: choose a shorter step, or a longer part of the record."),
    "play.ready": N_("{count} steps"),
    "play.at": N_("{window} · step {step} of {count}"),
    "play.step.day": N_("day"),
    "play.step.week": N_("week"),
    "play.step.month": N_("month"),
    "play.step.window": N_("the present window"),
    "play.range.all": N_("whole record"),
    "play.range.year": N_("last year"),
    "play.range.month": N_("last month"),
    "play.range.window": N_("the present window"),
    "play.speed": N_("{steps} per second"),
    "rhythm.only": N_("Only grid {grid}"),
    "matrix.title": N_("Incidents by hour and weekday"),
    "matrix.sum": N_("Sum"),
    "matrix.unit": N_("incidents per hour (mean)"),
    "matrix.cell": N_("{when}: {count} incidents, {share} of those with a time; {mean} per hour"),
    "matrix.total": N_(
        "{count} incidents. Click an hour, a weekday or a cell, or draw over several, to see only those."
    ),
    "matrix.unknown": N_("{count} without a time are not shown."),
    "matrix.clear": N_("All hours and weekdays"),
    "seasons.title": N_("Incidents per day of each month"),
    "seasons.unit": N_("incidents per day"),
    "seasons.years": N_("years {first} (pale) to {last} (dark)"),
    "seasons.mean.line": N_("all years together"),
    "seasons.partial.dot": N_("part of a month"),
    "seasons.month": N_("{month}: {count} incidents, {mean} per day."),
    "seasons.mean": N_("All years: {mean} per day."),
    "seasons.partial": N_("Only {days} days of it are in the record."),
    "seasons.total": N_("{count} incidents of the whole record. Click a month or a weekday to see only it."),
    "seasons.day": N_("{day}: {mean} per day ({count} incidents on {days} days)"),
}
