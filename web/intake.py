"""From what a page or a command asks to `store.intake`, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geo.area import Area
from geo.errors import N_, AtlasError, ParameterError
from store.intake.options import ImportOptions, ImportReport, Limits, NothingAcceptedError, StrictError
from store.intake.scratch import scratch_folder
from store.schema import LAYERS
from web.errors import fill, without_places
from web.fence import AreaFence
from web.i18n import translate
from web.uploading import Upload

if TYPE_CHECKING:
    from web.state import Atlas

TEXTS = ("crs", "encoding", "timezone", "date_order", "layer_name", "attribution", "mode")
FLAGS = ("strict", "simulated")
MAX_TEXT = 10_000  # a WKT is long
MAX_FIELDS = 100
KEPT_REJECTS = 20_000  # of a job; the store keeps all of an import that was written


def limits(atlas: Atlas) -> Limits:
    """Return what the reading subprocess may use."""
    return Limits(memory_bytes=atlas.settings.import_memory_bytes, cpu_s=atlas.settings.import_cpu_s)


def _bad(name: str, remedy: str = N_("Give a text, or leave it out.")) -> ParameterError:
    return ParameterError(N_("The option {field} cannot be used."), remedy, field=name)


def _texts(found: Any, name: str) -> dict[str, str]:
    if found is None:
        return {}
    usable = (
        isinstance(found, dict)
        and len(found) <= MAX_FIELDS
        and all(
            isinstance(value, str | None) and len(key) + len(value or "") <= MAX_TEXT for key, value in found.items()
        )
    )
    if not usable:
        raise _bad(name, N_("Give an object of texts."))
    return {str(key): value or "" for key, value in found.items()}


def options_from_json(wish: dict[str, Any]) -> ImportOptions:
    """Return the options of a request ``{"options": {...}, "dry_run": bool}``; empty texts mean absent.

    Raises
    ------
    ParameterError
        A value of the wrong type, or an option nobody knows.
    """
    given = wish.get("options") or {}
    if not isinstance(given, dict):
        raise _bad("options", N_("Give an object."))
    unknown = sorted(set(given) - {*TEXTS, *FLAGS, "map", "const"})
    if unknown:
        raise _bad(unknown[0][:80], N_("There is no such option."))
    chosen: dict[str, Any] = {}
    for name in TEXTS:
        value = given.get(name)
        if not isinstance(value, str | None) or len(value or "") > MAX_TEXT:
            raise _bad(name)
        if value and value.strip():
            chosen[name] = value.strip()
    for name in FLAGS:
        chosen[name] = _yes(given, name)
    constants = {name: value for name, value in _texts(given.get("const"), "const").items() if value}
    return ImportOptions(map=_texts(given.get("map"), "map"), const=constants, dry_run=_yes(wish, "dry_run"), **chosen)


def _yes(given: dict[str, Any], name: str) -> bool:
    value = given.get(name) or False
    if not isinstance(value, bool):
        raise _bad(name, N_("Give true or false."))
    return value


def options_from_command(**given: Any) -> ImportOptions:
    """Return the options of `flask import`."""
    return ImportOptions(**given)


def import_path(
    atlas: Atlas,
    layer: str,
    file: Path,
    options: ImportOptions,
    rejects: Path | None,
    progress: Callable[[float, str], None],
    file_name: str | None = None,
    area: Area | None = None,
) -> ImportReport:
    """Import the file at `file`, recorded as `file_name`, into `area` (None: the city)."""
    from store.intake.run import import_file  # brings in Arrow and pandas, which only imports need

    store = atlas.store  # what is wrong with it is told first
    with scratch_folder(atlas.folder("scratch")) as scratch:
        return import_file(
            store,
            layer,
            file,
            options,
            rejects_file=rejects,
            scratch=scratch,
            limits=limits(atlas),
            progress=progress,
            file_name=file_name,
            fence=None if area is None else AreaFence(atlas, area, simulated=options.simulated),
        )


def import_upload(
    atlas: Atlas,
    upload: Upload,
    layer: str,
    options: ImportOptions,
    progress: Callable[[float, str], None],
    area: Area | None,
) -> dict[str, Any]:
    """Import an upload under its display name into `area`; return the report as a job keeps it."""
    return report_json(import_path(atlas, layer, upload.path, options, None, progress, upload.display_name, area))


def report_json(report: ImportReport) -> dict[str, Any]:
    """Return a report with notes and rejects as templates, to be translated for each reader."""
    return {
        **report.to_json(),
        "notes": [asdict(note) for note in report.notes],
        "rejects": [asdict(reject) for reject in report.rejects[:KEPT_REJECTS]],
        "import_id": report.import_id,
        "timezone": report.timezone,
        "removed_demo": report.removed_demo,
        "dry_run": report.dry_run,
    }


def report_of(error: AtlasError) -> dict[str, Any] | None:
    """Return the report that a refused import still has: which rows were rejected."""
    if isinstance(error, NothingAcceptedError | StrictError) and error.report is not None:
        return report_json(error.report)
    return None


def preview(atlas: Atlas, upload: Upload, wish: dict[str, Any]) -> dict[str, Any]:
    """Look into an upload: columns, first rows, guesses, doubts, and the mapping last used for such a file."""
    layer = wish.get("layer") or None
    if layer is not None and not (isinstance(layer, str) and layer in LAYERS):
        raise _bad("layer", N_("Choose one of the layers."))
    options = options_from_json({"options": wish.get("options")})
    from store.intake.run import inspect_file  # brings in Arrow and pandas, which only imports need

    with scratch_folder(atlas.folder("scratch")) as scratch:
        found = inspect_file(
            upload.path, layer, options, scratch, limits(atlas), atlas.store, file_name=upload.display_name
        )
    shown = asdict(found)
    shown["notes"] = [fill(note["message"], note["params"]) for note in found.notes]
    shown["personal"] = [{**column, "what": translate(column["what"])} for column in found.personal]
    if found.problem is not None:
        params = without_places(found.problem["params"])
        shown["problem"] = {name: fill(found.problem[name], params) for name in ("message", "remedy")}
    return shown
