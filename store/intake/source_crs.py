"""How the coordinates of a source are to be understood: the user's word, the file's, or the columns' names."""

from __future__ import annotations

from dataclasses import dataclass

from geo.crs import WGS84, parse_crs
from geo.errors import N_
from store.errors import IntakeError
from store.intake.options import DATUMS
from store.intake.reasons import Ledger


@dataclass(frozen=True)
class Source:
    """How coordinates of a source are to be understood. `crs` is what PROJ takes, `label` what the user said."""

    crs: str
    label: str
    datum: str | None = None
    stated: bool = True


def source_crs(option: str | None, found: str | None, *, lonlat_named: bool, ledger: Ledger) -> Source:
    """Return the CRS of a source: the user's word, else the file's, else WGS 84 for columns named lon and lat.

    Raises
    ------
    IntakeError
        If nothing says it.
    """
    if option and option.strip().lower() in DATUMS:
        datum = option.strip().lower()
        ledger.note(
            N_(
                "Coordinates were taken as {datum} and shifted back to WGS 84 by the published inverse; the "
                "error against the official transform is unknown (about a metre)."
            ),
            datum=datum,
        )
        return Source(WGS84, datum, datum)
    if option:
        name = crs_name(option)
        if found and not lonlat_named and not _same(name, crs_name(found)):
            ledger.note(
                N_("The file states {found}; {used} was used, as you said."), found=crs_name(found)[:60], used=name[:60]
            )
        return Source(name, name)
    if lonlat_named:
        return Source(WGS84, WGS84, stated=False)
    if found:
        return Source(crs_name(found), crs_name(found))
    raise IntakeError(
        N_("The file does not say in which coordinate reference system it is."),
        N_("Say it with --crs, such as EPSG:4326 for degrees, EPSG:4547, or gcj02."),
    )


def crs_name(crs: str) -> str:
    """Return the short name of a CRS ("EPSG:26985", "ESRI:102696"), or its whole text where it has none."""
    parsed = parse_crs(crs)
    if len(parsed.axis_info) > 2:
        parsed = parsed.to_2d()
    authority = parsed.to_authority(min_confidence=70)
    if authority is None:
        return str(parsed.to_wkt())
    if authority == ("OGC", "CRS84"):
        return WGS84
    return f"{authority[0]}:{authority[1]}"


def _same(left: str, right: str) -> bool:
    return left == right or bool(parse_crs(left).equals(parse_crs(right), ignore_axis_order=True))
