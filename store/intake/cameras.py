"""What cameras need beyond their columns: kinds, directions, and what is no camera of this product."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_, ParameterError
from geo.sectors import MOST, sectors_of, text_of
from store.intake.directions import GBT28181_COLUMNS, UNKNOWN, Direction, read_direction, read_gbt28181, read_travel
from store.intake.reasons import OUT_OF_RANGE, OUT_OF_RANGE_REMEDY, Ledger
from store.intake.texts import NOTHING, Texts, missing, plain, texts

Column = NDArray[Any]
Floats = NDArray[np.float64]

_KIND_WORDS = {
    "fixed": "fixed static bullet box stationary 枪机 枪式 枪型 固定 固定枪机 固定式 筒机 枪式摄像机 枪型摄像机 "
    "固定摄像机 卡口",
    "ptz": "ptz panning pan pan-tilt-zoom speed-dome revolving rotating 球机 球型 快球 高速球 云台 球型摄像机 "
    "球形摄像机 云台摄像机 遥控枪机",
    "dome": "dome 半球 半球机 半球型 半球摄像机 半球型摄像机",
    "panoramic": "panoramic panorama fisheye 360 全景 鱼眼 全景摄像机 鱼眼摄像机",
}
KINDS = MappingProxyType({plain(word): kind for kind, words in _KIND_WORDS.items() for word in words.split()})
_SHARE_OF_TRAVEL = 0.3  # of the cells of an address column, before directions are read from it
ADDRESSES = frozenset(map(plain, ["address", "location", "name", "description", "安装地址", "安装位置"]))

_NO_MASK = (
    N_("This is no list of masked sectors."),
    N_("Write them clockwise from true north, such as 120-150; 340-20 (at most {limit})."),
)
_GUARD = (N_("This is a guard, a person, not a camera."), N_("Leave the row out; GridAtlas is about places."))
_PLATES = (N_("This is a plate reader; GridAtlas holds no devices that follow vehicles."), N_("Leave the row out."))


def reject_others(columns: dict[str, Column], ledger: Ledger) -> None:
    """Reject rows whose surveillance type is a guard or a plate reader."""
    for name, values in columns.items():
        if plain(name) != "surveillancetype":
            continue
        column = texts(values)
        words = [{plain(part) for part in value.split(";")} for value in column.values]
        for word, texts_of in (("guard", _GUARD), ("alpr", _PLATES), ("anpr", _PLATES)):
            marked = np.array([word in found for found in words], dtype=bool)
            ledger.reject(column.mask(marked), name, values, *texts_of)


def read_kinds(column: Texts, name: str, ledger: Ledger) -> Column:
    """Return canonical kinds; words that are not known stay empty, with a note."""
    kinds = [KINDS.get(plain(value)) for value in column.values]
    counts = column.counts()
    odd = {
        value: int(count)
        for value, kind, count in zip(column.values, kinds, counts, strict=True)
        if kind is None and value.lower() not in NOTHING
    }
    if odd:
        ledger.note(
            N_("{count} values of “{column}” are no known kind of camera and stay empty: {values}."),
            count=sum(odd.values()),
            column=name,
            values=_list(list(odd)),
        )
    return column.spread(kinds, None)


def read_masks(column: Texts, ledger: Ledger) -> Column:
    """Return masked sectors as they are stored; a row whose mask cannot be read is rejected, not taken without it."""
    found: list[str | None] = []
    bad = []
    for value in column.values:
        try:
            found.append(None if value.lower() in NOTHING else text_of(sectors_of(value)))
            bad.append(False)
        except ParameterError:
            found.append(None)
            bad.append(True)
    wrong = column.mask(np.array(bad, dtype=bool))
    ledger.reject(wrong, "masks", column.array() if wrong.any() else None, *_NO_MASK, limit=MOST)
    return column.spread(found, None)


def kinds_from_tags(columns: dict[str, Column], kind: Column, ledger: Ledger) -> Column:
    """Return `kind` with "ptz" where it is empty and the OpenStreetMap tag ``revolving=yes`` is there."""
    found = next((values for name, values in columns.items() if plain(name) == "revolving"), None)
    if found is None:
        return kind
    column = texts(found)
    revolving = column.mask(np.array([value.lower() in ("yes", "true", "1") for value in column.values], dtype=bool))
    empty = missing(kind)
    if not (revolving & empty).any():
        return kind
    ledger.note(
        N_("{count} cameras are marked revolving and were taken as kind ptz."), count=int((revolving & empty).sum())
    )
    kind = kind.copy()
    kind[revolving & empty] = "ptz"
    return kind


def travel_column(columns: dict[str, Column]) -> str | None:
    """Return the address-like column in which directions of travel ("s/b @") are written, if there is one."""
    for name, values in columns.items():
        if plain(name) in ADDRESSES and values.dtype.kind == "O":
            column = texts(values)
            known = column.counts()
            hits = np.array([read_travel(value) is not UNKNOWN for value in column.values], dtype=bool)
            if known.sum() and known[hits].sum() >= _SHARE_OF_TRAVEL * known.sum():
                return name
    return None


def read_azimuths(
    column: Texts, name: str, ledger: Ledger, *, inside_text: bool
) -> tuple[Floats, Floats, Floats, Column]:
    """Return azimuth, its tolerance, field of view (degrees, NaN where not told) and kind (None or "panoramic").

    `inside_text`: the column is an address; only directions of travel are looked for in it.
    """
    coded = plain(name) in GBT28181_COLUMNS and all(value in "12345678" for value in column.values)
    read = read_gbt28181 if coded else read_travel if inside_text else read_direction
    found = [UNKNOWN if value.lower() in NOTHING else read(value) for value in column.values]
    counts = column.counts()
    _note_forms(column, found, counts, name, ledger, coded=coded, inside_text=inside_text)
    wrong = column.mask(np.array([direction.form == "range" for direction in found], dtype=bool))
    shown = column.array() if wrong.any() else None
    ledger.reject(
        wrong,
        "azimuth_deg",
        shown,
        OUT_OF_RANGE,
        OUT_OF_RANGE_REMEDY,
        number=shown if shown is not None else "",
        low=0,
        high=360,
        unit="deg",
    )

    def spread(values: list[float | None]) -> Floats:
        table = np.array([np.nan if value is None else value for value in values] + [np.nan], dtype=np.float64)
        return np.asarray(table[column.codes], dtype=np.float64)

    return (
        spread([direction.azimuth_deg for direction in found]),
        spread([direction.tolerance_deg for direction in found]),
        spread([direction.hfov_deg for direction in found]),
        column.spread(["panoramic" if direction.form == "panorama" else None for direction in found], None),
    )


def _note_forms(
    column: Texts,
    found: list[Direction],
    counts: NDArray[np.int64],
    name: str,
    ledger: Ledger,
    *,
    coded: bool,
    inside_text: bool,
) -> None:
    forms: Counter[str] = Counter()
    odd: list[str] = []
    for value, direction, count in zip(column.values, found, counts.tolist(), strict=True):
        forms[direction.form] += count
        if direction is UNKNOWN and not inside_text and value.lower() not in NOTHING:
            odd.append(value)
    if coded and forms["code"]:
        ledger.note(
            N_(
                "{count} values of “{column}” were read as GB/T 28181 direction codes (1 east … 8 "
                "north-west), ±22.5 degrees."
            ),
            count=forms["code"],
            column=name,
        )
    if forms["travel"]:
        ledger.note(
            N_(
                "{count} directions in “{column}” are directions of travel: they say which way the watched traffic "
                "goes, and were taken as azimuth ±22.5 degrees."
            ),
            count=forms["travel"],
            column=name,
        )
    if forms["compass"]:
        ledger.note(
            N_("{count} compass points in “{column}” were read as azimuths, known to half a sector."),
            count=forms["compass"],
            column=name,
        )
    if forms["arc"]:
        ledger.note(
            N_("{count} arcs in “{column}” were read clockwise: the middle as azimuth, the width as field of view."),
            count=forms["arc"],
            column=name,
        )
    if forms["panorama"]:
        ledger.note(
            N_("{count} directions in “{column}” are the whole circle; the azimuth stays empty."),
            count=forms["panorama"],
            column=name,
        )
    if forms["list"]:
        ledger.note(
            N_(
                "{count} cells of “{column}” list several directions; a row is one camera, so the azimuth "
                "stays empty there. Split them into one row per direction."
            ),
            count=forms["list"],
            column=name,
        )
    if odd:
        ledger.note(
            N_("{count} values of “{column}” are no known direction and stay empty: {values}."),
            count=sum(int(c) for v, c in zip(column.values, counts, strict=True) if v in set(odd)),
            column=name,
            values=_list(odd),
        )


def _list(values: list[str]) -> str:
    return ", ".join(f"“{value[:30]}”" for value in values[:5]) + (" …" if len(values) > 5 else "")
