"""The table of the exposure audit."""

from __future__ import annotations

from collections.abc import Iterable

from geo.errors import N_
from layers.exposure import NEEDS
from web.api_exposure import ready
from web.i18n import translate
from web.jstext import TEXTS
from web.tables import Asked, Column, Row, Table, register


def _exposure(asked: Asked) -> Iterable[Row]:
    from web.exposure_answer import flat_rows  # brings in the compiler

    found = ready(asked)
    if found is None:
        return []

    def words(text: str | None) -> str | None:
        if text is None:
            return None
        return ", ".join(translate(TEXTS[f"duty.{name}"], asked.params.lang) for name in text.split(", "))

    return [{**row, "missing": words(row["missing"])} for row in flat_rows(found, asked.snapshot)]


register(Table("exposure", N_("Exposure audit of the cameras"), NEEDS, (
    Column("camera", N_("Camera")),
    Column("name", N_("Name")),
    Column("certain_m2", N_("Private ground certainly in view"), "m²", "number"),
    Column("certain_share", N_("Share of the certain view"), "", "number"),
    Column("possible_m2", N_("Private ground possibly in view"), "m²", "number"),
    Column("possible_share", N_("Share of the possible view"), "", "number"),
    Column("zones", N_("Private zones in view")),
    Column("turn_deg", N_("Smallest turn that removes it"), "°", "number"),
    Column("turn_loss", N_("Open ground lost by the turn"), "", "number"),
    Column("range_m", N_("Range that removes it"), "m", "number"),
    Column("range_loss", N_("Open ground lost by the range"), "", "number"),
    Column("hfov_deg", N_("Angle that removes it"), "°", "number"),
    Column("hfov_loss", N_("Open ground lost by the angle"), "", "number"),
    Column("mask_from_deg", N_("Mask from"), "°", "number"),
    Column("mask_to_deg", N_("Mask to"), "°", "number"),
    Column("mask_loss", N_("Open ground lost by the mask"), "", "number"),
    Column("forbidden", N_("Places where no camera may be")),
    Column("missing", N_("Not recorded")),
    Column("without_sign", N_("Recorded without a sign"), "", "flag"),
    Column("retention_short", N_("Images kept for too short a time"), "", "flag"),
), _exposure))  # fmt: skip
