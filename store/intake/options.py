"""What a user can say about one import, and what an import answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geo.errors import N_
from store.batch import Mode, Note, Reject
from store.errors import IntakeError
from store.intake.zones import zone_of
from store.schema import LAYERS

MODES = ("append", "replace", "upsert")
DATE_ORDERS = ("dmy", "mdy", "ymd")
DATUMS = ("gcj02", "bd09")


@dataclass(frozen=True)
class ImportOptions:
    """Options of one import; the fields are those of ``flask import``.

    Attributes
    ----------
    crs
        Any text pyproj knows, or "gcj02" / "bd09"; None takes what the file says.
    map
        field -> column; an empty column leaves the field empty.
    const
        field -> value for every row.
    timezone
        IANA name of the clock of times without a zone.
    date_order
        "dmy", "mdy" or "ymd" where the file does not show it.
    strict
        Any reject refuses the whole file.
    dry_run
        Everything but the write.
    simulated, demo
        Recorded with the rows: made up, and replaced by the first real import.
    """

    crs: str | None = None
    map: dict[str, str] = field(default_factory=dict)
    const: dict[str, str] = field(default_factory=dict)
    encoding: str | None = None
    timezone: str | None = None
    date_order: str | None = None
    mode: Mode = "append"
    strict: bool = False
    dry_run: bool = False
    layer_name: str | None = None
    attribution: str = ""
    simulated: bool = False
    demo: bool = False

    def check(self, layer: str) -> None:
        """Raise IntakeError for a value that no import understands."""
        if layer not in LAYERS:
            raise IntakeError(
                N_("There is no layer “{layer}”."), N_("There are: {layers}."), layer=layer, layers=", ".join(LAYERS)
            )
        if any(not _is_text(text) for text in self._texts()):
            raise IntakeError(N_("An option holds bytes that are not text."), N_("Write the options in UTF-8."))
        if self.mode not in MODES:
            raise IntakeError(N_("There is no mode “{mode}”."), N_("Use append, replace or upsert."), mode=self.mode)
        if self.date_order is not None and self.date_order not in DATE_ORDERS:
            raise IntakeError(N_("“{order}” is no order of a date."), N_("Use dmy, mdy or ymd."), order=self.date_order)
        if self.timezone is not None:
            zone_of(self.timezone)

    def _texts(self) -> list[str]:
        single = (self.crs, self.encoding, self.timezone, self.layer_name, self.attribution)
        return [*(text for text in single if text), *self.map, *self.map.values(), *self.const, *self.const.values()]


def _is_text(text: str) -> bool:
    """Return whether UTF-8 can write a text: bytes of a command line that are none arrive as half characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class Limits:
    """What the subprocess that reads a file may use."""

    memory_bytes: int = 6 << 30
    cpu_s: int = 900
    wall_s: int = 1800


@dataclass(frozen=True)
class ImportReport:
    """What one import did. `revision` is the store's after it (unchanged by a dry run)."""

    layer: str
    accepted: int
    rejected: int
    revision: int
    crs: str
    encoding: str
    rejects_file: str | None
    notes: tuple[Note, ...]
    rejects: tuple[Reject, ...] = ()
    import_id: int | None = None
    timezone: str = ""
    removed_demo: bool = False
    dry_run: bool = False
    signature: str = ""
    mapping: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the document of the public contract."""
        return {
            "layer": self.layer,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "revision": self.revision,
            "crs": self.crs,
            "encoding": self.encoding,
            "rejects_file": self.rejects_file,
            "notes": [note.text() for note in self.notes],
        }


class NothingAcceptedError(IntakeError):
    """Every row was rejected; nothing was changed. `report` holds the rejects."""

    report: ImportReport | None = None


class StrictError(IntakeError):
    """A row was rejected while --strict was asked for; nothing was changed. `report` holds the rejects."""

    report: ImportReport | None = None


def rejects_path(path: Path | None) -> str | None:
    """Return `path` as reports show it."""
    return None if path is None else str(path)
