"""The texts of static/js/takeaway.js, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_

TEXTS: Mapping[str, str] = {
    "link.copied": N_("Link copied."),
    "link.copy": N_("Copy this link"),
    "take.table": N_("Table: {table}"),
    "take.table.none": N_("No table on this tab"),
    "take.bulletin.none": N_("No incident with a time yet."),
    "take.making": N_("Making {file} …"),
    "take.made": N_("Saved: {file}"),
    "take.file.picture": N_("the picture of the map"),
    "take.file.table": N_("the table"),
    "take.file.bulletin": N_("the bulletin"),
    "take.file.public": N_("the public file"),
    "public.none": N_("No month with incidents has ended yet."),
    "public.counts": N_("{shown} of {cells} counts can be told (k {k})."),
    "public.points": N_(
        "{shown} {shown:incident has|incidents have} a point that {k} addresses share; not told: {hidden} of grids "
        "with few, {point} without such a point."
    ),
    "public.less": N_("less than "),
}
