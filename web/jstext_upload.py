"""The texts of static/js/upload.js, by key; see web/jstext.py."""

from __future__ import annotations

from collections.abc import Mapping

from geo.errors import N_

TEXTS: Mapping[str, str] = {
    "upload.reading": N_("Reading {name} …"),
    "upload.file": N_("{name} · {size} · {driver}"),
    "upload.again": N_("Another file"),
    "upload.columns": N_("First rows"),
    "upload.choose": N_("– choose –"),
    "upload.no_column": N_("– leave empty –"),
    "upload.remembered": N_("A mapping used before for such a file was put in."),
    "upload.crs.unknown": N_("The file does not say its coordinate system: choose one."),
    "upload.crs.taken": N_("WGS 84, as the columns say longitude and latitude"),
    "upload.options": N_(
        "Words such as --map or --timezone are options of the command line; on this page they are fields of the form."
    ),
    "upload.crs.found": N_("As in the file: {crs}"),
    "upload.encoding.found": N_("As found: {encoding}"),
    "upload.layer.guessed": N_("guessed from the columns"),
    "upload.guard": N_("These columns look like data about persons and are never taken:"),
    "upload.trying": N_("Trying …"),
    "upload.importing": N_("Importing …"),
    "upload.step": N_("{step} · {share} %"),
    "upload.done": N_("Imported"),
    "upload.tried": N_("Trial: nothing was written"),
    "upload.refused": N_("Refused: nothing was changed"),
    "upload.accepted": N_("accepted"),
    "upload.rejected": N_("rejected"),
    "upload.revision": N_("revision"),
    "upload.notes": N_("Notes"),
    "upload.rejects": N_("Rejected rows"),
    "upload.rejects.download": N_("Download the rejects (CSV)"),
    "upload.rejects.shown": N_("The first {shown} of {count} are shown."),
    "upload.row": N_("Row"),
    "upload.field": N_("Field"),
    "upload.value": N_("Value"),
    "upload.reason": N_("Reason"),
    "upload.remedy": N_("What to do"),
    "upload.demo_removed": N_("The demo data was removed with this first import of your own."),
    "upload.see": N_("See it on the map"),
    "upload.lost": N_("The upload is gone; send the file again."),
}
