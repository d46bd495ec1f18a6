"""How the child hands the rows that it understood to the parent: one Arrow file in the scratch folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from store.batch import Batch, Note, Reject
from store.intake.normalise import Normalised, normalise
from store.intake.options import ImportOptions
from store.intake.progress import report
from store.intake.read_table import read_table
from store.intake.wire import read_columns, write_columns

ROWS = "rows.arrow"


def child_normalise(arguments: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """Read and understand a file; leave the rows in `scratch`. Runs in the child."""
    options = ImportOptions(**arguments["options"])
    report(0.05, "read")
    raw = read_table(Path(arguments["file"]), encoding=options.encoding, layer_name=options.layer_name)
    report(0.5, "understand")
    area = arguments["area"]
    found = normalise(
        raw,
        arguments["layer"],
        options,
        target_crs=arguments["target"],
        area=None if area is None else tuple(area),
        store_crs=arguments["store_crs"],
    )
    report(0.85, "hand over")
    batch = found.batch
    columns = {f"c:{name}": values for name, values in batch.columns.items()} | {"row": found.row}
    if batch.x is not None and batch.y is not None:
        columns |= {"x": batch.x, "y": batch.y}
    meta = {
        "batch_crs": batch.crs,
        "crs": found.crs,
        "encoding": found.encoding,
        "total": found.total,
        "used_timezone": found.used_timezone,
        "signature": found.signature,
        "mapping": found.mapping,
        "notes": [asdict(note) for note in found.notes],
        "rejects": [asdict(reject) for reject in found.rejects],
    }
    write_columns(scratch / ROWS, columns, geometry=batch.geometry, meta=meta)
    return {"accepted": len(batch), "total": found.total}


def received(file: Path, layer: str) -> Normalised:
    """Return what the child left in `file`."""
    columns, geometry, meta = read_columns(file)
    row = columns.pop("row")
    x, y = columns.pop("x", None), columns.pop("y", None)
    batch = Batch(layer, meta["batch_crs"], {name[2:]: values for name, values in columns.items()}, geometry, x, y)
    return Normalised(
        batch,
        row,
        tuple(Reject(**reject) for reject in meta["rejects"]),
        tuple(Note(**note) for note in meta["notes"]),
        meta["total"],
        meta["crs"],
        meta["encoding"],
        meta["used_timezone"],
        meta["signature"],
        meta["mapping"],
    )
