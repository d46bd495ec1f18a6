"""One import from file to store: read and understood in a limited child, checked against the store, written at once.

All or nothing: a refusal raises and changes nothing; accepted + rejected is the number of rows in the source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from geo.columns import Snapshot
from geo.errors import N_, Phrase
from geo.extent import lonlat_extent
from store.batch import Batch, Note, Provenance
from store.errors import IntakeError, StoreBusyError, StoreError
from store.intake import grids, ids, sandbox
from store.intake.fence import Fence
from store.intake.hand_over import ROWS, received
from store.intake.locate import Box
from store.intake.normalise import Normalised
from store.intake.options import ImportOptions, ImportReport, Limits, NothingAcceptedError, StrictError, rejects_path
from store.intake.preview import Preview, child_inspect, inspect_file
from store.intake.reasons import Ledger
from store.intake.rejects_file import check_place, write_rejects
from store.schema import LAYERS
from store.store import Store

Progress = Callable[[float, str], None]
__all__ = ["Preview", "child_inspect", "import_file", "inspect_file"]

_TRIES = 3
_READ_SHARE = 0.6  # of the progress bar, before the write
_DRY = N_("This was a dry run: nothing was changed.")


def import_file(
    store: Store,
    layer: str,
    file: Path,
    options: ImportOptions,
    *,
    rejects_file: Path | None = None,
    scratch: Path,
    limits: Limits | None = None,
    progress: Progress | None = None,
    file_name: str | None = None,
    fence: Fence | None = None,
) -> ImportReport:
    """Import `file` into `layer` of `store` and report what became of each row.

    Parameters
    ----------
    rejects_file
        Where to write the rejected rows (.csv, .json or .xlsx), also when the import is then refused for them.
    scratch
        Existing folder for files between the child and this process.
    progress
        Called with a fraction (0 to 1) and the name of a step.
    file_name
        Name to record, where `file` has another one, as an upload has.
    fence
        What may be touched, where that is a part of the city only; then nothing is told of the rest either.

    Raises
    ------
    IntakeError
        The file is refused; nothing was changed. A `NothingAcceptedError` or `StrictError` carries the report.
    PersonalDataError
        A mapped column is about persons.
    StoreError
        The store cannot be written.
    """
    options.check(layer)
    limits = limits or Limits()
    if not file.is_file():
        raise IntakeError(N_("There is no file “{file}”."), N_("Check the path."), file=str(file))
    if rejects_file is not None:
        check_place(rejects_file, file)
    tell = progress or (lambda fraction, step: None)
    for attempt in range(_TRIES):
        place = _Place.of(store, layer, options, fence)
        found = _in_child(file, layer, options, place, scratch, limits, tell)
        found = _against_store(found, place, options, fence)
        final = _report(found, options, place.revision, rejects_file)
        if rejects_file is not None:
            write_rejects(found.rejects, rejects_file)
        _refuse(final, options)
        if options.dry_run:
            return final
        if store.crs() != place.crs:
            continue  # another import took the empty store meanwhile
        try:
            written = store.write(
                found.batch,
                options.mode,
                _provenance(file, found, options, file_name),
                progress=lambda share: tell(_READ_SHARE + (1 - _READ_SHARE) * share, "write"),
                within=None if fence is None else fence.within(layer),
            )
        except StoreBusyError:
            raise
        except StoreError:
            if store.revision() == place.revision or attempt == _TRIES - 1:
                raise
            continue  # rows that came in meanwhile have the same keys: check again
        if options.map:
            store.remember_mapping(found.signature, dict(options.map))
        return replace(final, revision=written.revision, import_id=written.import_id, removed_demo=written.removed_demo)
    raise StoreError(N_("The store changed again and again during the import."), N_("Try again."))


class _Place:
    """What the store holds when an import starts."""

    def __init__(
        self,
        revision: int,
        crs: str | None,
        target: str | None,
        area: Box | None,
        keys: set[tuple[str, ...]],
        grids_: list[tuple[str, str, str | None]],
    ) -> None:
        self.revision, self.crs, self.target, self.area, self.keys, self.grids = (
            revision,
            crs,
            target,
            area,
            keys,
            grids_,
        )

    @classmethod
    def of(cls, store: Store, layer: str, options: ImportOptions, fence: Fence | None) -> _Place:
        snapshot = store.snapshot() if fence is None else fence.begin(layer, options.mode)
        fresh = all(len(columns) == 0 for columns in snapshot.layers.values())
        if fresh or (store.is_demo() and not options.demo):
            return cls(snapshot.revision, snapshot.crs, None, None, set(), [])
        replaced = layer if options.mode == "replace" else None
        keys = set()
        if options.mode == "append":
            keys = store.keys(layer) if fence is None else _keys_of(snapshot, layer)
        return cls(
            snapshot.revision,
            snapshot.crs,
            snapshot.crs,
            lonlat_extent(snapshot, without=replaced),
            keys,
            _stored_grids(snapshot) if layer == "grids" else [],
        )


def _keys_of(snapshot: Snapshot, layer: str) -> set[tuple[str, ...]]:
    columns = [snapshot[layer].text(name).tolist() for name in LAYERS[layer].key]
    return set(zip(*columns, strict=True))


def _stored_grids(snapshot: Snapshot) -> list[tuple[str, str, str | None]]:
    rows = snapshot["grids"]
    return list(zip(rows.text("level").tolist(), rows.text("code").tolist(), rows.text("parent").tolist(), strict=True))


def _in_child(
    file: Path, layer: str, options: ImportOptions, place: _Place, scratch: Path, limits: Limits, tell: Progress
) -> Normalised:
    arguments = {
        "file": str(file.resolve()),
        "layer": layer,
        "options": asdict(options),
        "target": place.target,
        "area": place.area,
        "store_crs": place.crs,
    }
    sandbox.run(
        "normalise",
        arguments,
        scratch=scratch,
        memory_bytes=limits.memory_bytes,
        cpu_s=limits.cpu_s,
        wall_s=limits.wall_s,
        progress=lambda share, step: tell(_READ_SHARE * share, step),
    )
    return received(scratch / ROWS, layer)


def _against_store(found: Normalised, place: _Place, options: ImportOptions, fence: Fence | None) -> Normalised:
    """Reject rows that cannot stand beside what the store holds."""
    batch = found.batch
    ledger = Ledger(found.row)
    layer = LAYERS[batch.layer]
    if options.mode == "append":
        ids.reject_stored([batch.columns[name] for name in layer.key], place.keys, ledger, layer.key[-1])
    if batch.layer == "grids":
        levels = set(batch.columns["level"].tolist()) if options.mode == "replace" else set()
        stay = [grid for grid in place.grids if grid[0] not in levels]
        grids.check_parents(batch.columns, ledger, stay)
    if fence is not None:
        fence.check(batch, ledger, options.mode)
    if ledger.alive.all() and not ledger.notes:
        return found
    keep = ledger.alive
    smaller = Batch(
        batch.layer,
        batch.crs,
        {name: values[keep] for name, values in batch.columns.items()},
        None if batch.geometry is None else batch.geometry[keep],
        None if batch.x is None else batch.x[keep],
        None if batch.y is None else batch.y[keep],
    )
    rejects = tuple(sorted((*found.rejects, *ledger.rejects), key=lambda reject: reject.row))
    if len(smaller) + len(rejects) != found.total:
        raise AssertionError(f"{len(smaller)} accepted + {len(rejects)} rejected is not {found.total}")
    return replace(found, batch=smaller, row=found.row[keep], rejects=rejects, notes=(*found.notes, *ledger.notes))


def _report(found: Normalised, options: ImportOptions, revision: int, rejects_file: Path | None) -> ImportReport:
    notes = (*found.notes, Note(_DRY)) if options.dry_run else found.notes
    return ImportReport(
        found.batch.layer,
        len(found.batch),
        len(found.rejects),
        revision,
        found.crs,
        found.encoding,
        rejects_path(rejects_file),
        notes,
        found.rejects,
        timezone=(options.timezone or "") if found.used_timezone else "",
        dry_run=options.dry_run,
        signature=found.signature,
        mapping=found.mapping,
    )


def _refuse(report_: ImportReport, options: ImportOptions) -> None:
    """Raise where the rejects refuse the whole file."""
    if report_.rejected and (options.strict or not report_.accepted):
        first = report_.rejects[0]
        params: dict[str, Any] = {
            "count": report_.rejected,
            "row": first.row,
            "field": first.field or "–",
            "reason": Phrase(first.reason, first.params),
        }
        error: StrictError | NothingAcceptedError
        if not report_.accepted:
            error = NothingAcceptedError(
                N_("None of the {count} rows can be taken; nothing was changed. Row {row}, {field}: {reason}"),
                N_("{advice} --rejects FILE lists all of them."),
                advice=Phrase(first.remedy, first.params),
                **params,
            )
        else:
            error = StrictError(
                N_(
                    "{count} rows were rejected and --strict was asked for; nothing was changed. Row {row}, {field}: "
                    "{reason}"
                ),
                N_("Correct them (--rejects FILE lists them), or import without --strict."),
                **params,
            )
        error.report = report_
        raise error
    if not report_.accepted:
        raise IntakeError(N_("The file has no rows."), N_("Choose another file."))


def _provenance(file: Path, found: Normalised, options: ImportOptions, file_name: str | None) -> Provenance:
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Provenance(
        file_name=file_name or file.name,
        sha256=digest,
        source_crs=found.crs,
        encoding=found.encoding,
        timezone=options.timezone or "",
        attribution=options.attribution,
        simulated=options.simulated,
        demo=options.demo,
        rejects=found.rejects,
        notes=found.notes,
    )
