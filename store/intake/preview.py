"""A look into a file before its import: columns, first rows, guesses and doubts. Nothing is changed."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geo.errors import AtlasError
from store.batch import Note
from store.errors import IntakeError
from store.intake import guard, sandbox
from store.intake.aliases import ALIASES, LAT, LON, X, Y
from store.intake.mapping import map_columns, signature
from store.intake.normalise import normalise
from store.intake.options import ImportOptions, Limits
from store.intake.raw import RawTable, shorten
from store.intake.read_table import read_table
from store.intake.texts import clean, plain
from store.intake.time_faults import NO_ORDER
from store.intake.wkt import with_geometry
from store.schema import LAYERS
from store.store import Store

SHOWN_ROWS = 20
_ROWS = 500  # read for guesses and doubts
_MASK = "•••"
_FAMILY = {0: "point", 1: "line", 2: "line", 3: "polygon", 4: "point", 5: "line", 6: "polygon", 7: "collection"}
_HINTS = {
    "cameras": ("camera", "cctv", "surveillance", "监控", "摄像", "探头"),
    "buildings": ("building", "建筑", "楼"),
    "grids": ("grid", "ward", "district", "boundary", "网格", "社区", "街道办"),
    "streets": ("road", "street", "highway", "道路"),
    "zones": ("zone", "区域"),
    "incidents": ("incident", "crime", "event", "request", "事件", "警情", "案件"),
    "places": ("place", "poi", "site", "场所", "部位"),
}
_TIME = 0.8  # how much a column of times counts for incidents
_TIME_SAMPLE = 50
_CLOCK = re.compile(r"^\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?[T ]?\s*\d{1,2}[:：时]\d{2}")
_TELLING = {
    "cameras": ("kind", "azimuth_deg", "hfov_deg", "range_m", "online", "owner"),
    "incidents": ("occurred_at", "category", "status", "grid_code", "severity"),
    "grids": ("code", "level", "parent", "team", "population"),
    "buildings": ("height_m",),
    "streets": ("name", "kind"),
    "places": ("kind",),
    "zones": ("kind",),
}


@dataclass(frozen=True)
class Preview:
    """What is in a file and how it would be understood.

    Attributes
    ----------
    driver, layer_name, layers
        Format, the layer or sheet that was looked at, and all there are where there are several.
    columns, rows
        Source columns, and the first rows as texts; cells of personal columns are masked.
    families
        Kinds of geometry found: "point", "line", "polygon", "collection".
    layer, mapping
        The layer given or guessed, and field -> column for it.
    crs, encoding, encodings
        As found; candidates for the encoding as (name, sample text), the most plausible first.
    personal
        Columns that are about persons: column, what, by ("header" or "values").
    remembered
        The mapping last used for a file with these columns.
    notes
        Doubts that come up in the first rows.
    problem
        Why the file would be refused as it stands: message, remedy, params; None if it would not.
    """

    driver: str = ""
    layer_name: str = ""
    layers: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    layer: str = ""
    mapping: dict[str, str] = field(default_factory=dict)
    crs: str | None = None
    encoding: str = ""
    encodings: list[tuple[str, str]] = field(default_factory=list)
    personal: list[dict[str, str]] = field(default_factory=list)
    signature: str = ""
    remembered: dict[str, str] | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)
    problem: dict[str, Any] | None = None


def inspect_file(
    file: Path,
    layer: str | None,
    options: ImportOptions,
    scratch: Path,
    limits: Limits | None = None,
    store: Store | None = None,
    *,
    file_name: str | None = None,
) -> Preview:
    """Look into `file`, in the same limited child that imports use.

    Parameters
    ----------
    layer
        Canonical layer, None to guess.
    store
        Where mappings are remembered, if it is to be asked.
    file_name
        Name that hints at the layer, where `file` has another one, as an upload has.

    Raises
    ------
    IntakeError
        The file cannot be read at all.
    """
    limits = limits or Limits()
    arguments = {
        "file": str(file.resolve()),
        "name": file_name or file.name,
        "layer": layer,
        "options": asdict(options),
    }
    found = sandbox.run(
        "inspect",
        arguments,
        scratch=scratch,
        memory_bytes=limits.memory_bytes,
        cpu_s=limits.cpu_s,
        wall_s=limits.wall_s,
    )
    remembered = store.remembered_mapping(found["signature"]) if store is not None and found["signature"] else None
    return Preview(**found | {"remembered": remembered, "encodings": [tuple(pair) for pair in found["encodings"]]})


def child_inspect(arguments: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """Look into a file. Runs in the child."""
    options = ImportOptions(**arguments["options"])
    file = Path(arguments["file"])
    try:
        raw = read_table(file, encoding=options.encoding, layer_name=options.layer_name, limit=_ROWS)
    except IntakeError as error:
        if set(error.params) == {"layers"}:  # several layers, none chosen
            return asdict(Preview(layers=error.params["layers"].split(", "), problem=_problem(error)))
        raise
    raw = with_geometry(raw)
    layer = arguments["layer"] or guess_layer(raw, f"{arguments['name']} {raw.layer_name}")
    personal = guard.findings(raw.columns)
    masked = {finding.column for finding in personal}
    mapping, notes, problem = _understood(raw, layer, options)
    others = next((str(note.params["others"]).split(", ") for note in raw.notes if "others" in note.params), [])
    return asdict(
        Preview(
            driver=raw.driver,
            layer_name=raw.layer_name,
            layers=[raw.layer_name, *others] if others else [],
            columns=list(raw.columns),
            rows=[
                [_MASK if name in masked else _shown(values[index]) for name, values in raw.columns.items()]
                for index in range(min(SHOWN_ROWS, len(raw)))
            ],
            families=_families(raw),
            layer=layer,
            mapping=mapping,
            crs=raw.crs,
            encoding=raw.encoding,
            encodings=[(name, _MASK if masked else sample) for name, sample in raw.encodings],
            personal=[asdict(finding) for finding in personal],
            signature=signature(list(raw.columns)),
            notes=[asdict(note) for note in notes],
            problem=problem,
        )
    )


def _understood(
    raw: RawTable, layer: str, options: ImportOptions
) -> tuple[dict[str, str], tuple[Note, ...], dict[str, Any] | None]:
    """Return the mapping, the notes and the refusal that the first rows bring up."""
    try:
        fields = map_columns(
            layer,
            raw.columns,
            wanted=options.map,
            const=options.const,
            has_geometry=raw.geometry is not None,
            driver=raw.driver,
        )
    except AtlasError as error:
        return {}, raw.notes, _problem(error)
    try:
        return dict(fields.columns), normalise(raw, layer, options).notes, None
    except AtlasError as error:
        undecided = error.message == NO_ORDER and raw.total >= _ROWS  # rows further down may decide it
        return dict(fields.columns), (*raw.notes, *fields.notes), None if undecided else _problem(error)


def _shown(value: Any) -> str:
    text = clean(value)
    return _MASK if guard.cell_kind(text) else shorten(text)


def _problem(error: AtlasError) -> dict[str, Any]:
    return {"message": error.message, "remedy": error.remedy, "params": error.params}


def _families(raw: RawTable) -> list[str]:
    if raw.geometry is None:
        return []
    kinds = np.unique(shapely.get_type_id(raw.geometry)).tolist()
    return sorted({_FAMILY[kind] for kind in kinds if kind in _FAMILY})


def _time_weight(raw: RawTable, known: set[str]) -> float:
    """Return how much speaks for incidents: a column named as their time, or one that reads as date and clock."""
    if any(known & set(ALIASES["cameras"][name]) for name in ("azimuth_deg", "hfov_deg", "range_m")):
        return 0.0  # the time of a camera's upkeep
    if known & set(ALIASES["incidents"]["occurred_at"]):
        return _TIME
    for values in raw.columns.values():
        sample = [text for text in (clean(value) for value in values[:_TIME_SAMPLE]) if text]
        if len(sample) > 1 and sum(bool(_CLOCK.search(text)) for text in sample) > 0.8 * len(sample):
            return _TIME
    return 0.0


def guess_layer(raw: RawTable, name: str) -> str:
    """Return the layer whose columns and geometry fit best; the file's name counts too."""
    families = set(_families(raw))
    known = {plain(column) for column in raw.columns}
    if not families and (known & {*LON, *X}) and (known & {*LAT, *Y}):
        families = {"point"}
    said = name.casefold().replace("point", "")  # "points" is no "poi"
    scores: dict[str, float] = {}
    for layer, canonical in LAYERS.items():
        if families and not families & canonical.families:
            continue
        hits = sum(bool(known & set(ALIASES[layer][field_name])) for field_name in _TELLING[layer])
        hint = any(word in said for word in _HINTS[layer])
        scores[layer] = hits / len(_TELLING[layer]) + hint
    # Of the point layers only incidents happen at a time: a column that reads as one outweighs a kind or a category.
    if "incidents" in scores and families <= {"point"}:
        scores["incidents"] += _time_weight(raw, known)
    best = max(scores, key=lambda layer: scores[layer], default="places")
    if scores.get(best, 0) == 0 and "polygon" in families:
        return "grids"
    return best
