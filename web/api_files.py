"""Downloads: exports of a layer, the record of imports, the rejects of one import."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, request, send_file

from store.intake.scratch import scratch_folder
from store.records import ImportRecord
from store.schema import LAYERS
from web.api_coverage import derived_table
from web.api_exposure import file_table
from web.api_findings import FINDINGS, findings_file
from web.coverage_tables import NAMES as DERIVED
from web.errors import fill
from web.exports import export_of
from web.i18n import current_lang
from web.identity import reader
from web.params import number, short_text
from web.rejects import rejects_csv
from web.replies import fresh_json
from web.state import atlas

blueprint = Blueprint("api_files", __name__, url_prefix="/api")
SUFFIXES = (".geojson", ".gpkg", ".fgb", ".parquet", ".csv", ".xlsx", ".shp.zip")


@blueprint.get("/export/<name>")
def export(name: str) -> Response:
    """Download a layer of the store, or what was worked out, in the format of the suffix."""
    from store.export import export_layer  # brings in GDAL and Arrow; the server starts without

    layer, suffix = export_of(name, (*LAYERS, *DERIVED, FINDINGS), SUFFIXES)
    crs = short_text(request.args, "crs")
    table = None
    if layer in DERIVED:
        table = file_table() if layer == "exposure" else derived_table(layer)
    elif layer == FINDINGS:
        table = findings_file()
    with ExitStack() as held:
        path = held.enter_context(scratch_folder(atlas().folder("scratch"))) / f"{layer}{suffix}"
        if table is None:
            export_layer(atlas().snapshot(), layer, path, crs)
        else:
            table.write(path, crs)
        response = send_file(path, as_attachment=True, download_name=path.name, max_age=0, conditional=False)
        kept = held.pop_all()  # as long as the answer is being sent
    response.headers["Cache-Control"] = "private, no-store"
    # Werkzeug calls nothing on closing a response that it passes through to the server.
    response.direct_passthrough = False
    response.call_on_close(kept.close)
    return response


@blueprint.get("/imports")
def imports() -> Response:
    """List the latest imports, newest first."""
    limit = int(number(request.args, "limit", 100, 1, 1000, whole=True))
    return fresh_json({"imports": [_record(record) for record in _imports()[:limit]]})


def _imports() -> list[ImportRecord]:
    """Return the last imports that the present reader may know of: those of an area, their own of the last days."""
    state, asking = atlas(), reader()
    found = state.store.imports(1000)
    if asking.area is None:
        return found
    own = {report.get("import_id") for report in state.jobs.reports_of(asking.owner)}
    return [record for record in found if record.id in own]


def _record(record: ImportRecord) -> dict[str, Any]:
    notes = [fill(note.message, note.params) for note in record.notes]
    return {**asdict(record), "accepted": record.accepted, "notes": notes}


@blueprint.get("/imports/<int:import_id>/rejects.csv")
def rejects(import_id: int) -> Response:
    """Download the rows that an import did not take, with reason and remedy in the reader's language."""
    latest = atlas().store.imports(1)
    if not latest or not 1 <= import_id <= latest[0].id:
        abort(404)
    if reader().area is not None and import_id not in {record.id for record in _imports()}:
        abort(404)
    return rejects_csv(atlas().store.rejects(import_id), f"rejects-{import_id}.csv", current_lang())
