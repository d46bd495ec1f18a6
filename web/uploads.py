"""The import page's side of the service: upload, look, try, import, follow the job."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, request

from geo.errors import N_, AtlasError
from store.batch import Reject
from store.schema import LAYERS
from web.errors import RequestError, body, fill, status_of, without_places
from web.gate import Gate
from web.i18n import current_lang, translate
from web.identity import reader, session
from web.intake import import_upload, options_from_json, preview
from web.job_facts import STEPS, Job
from web.rejects import rejects_csv
from web.replies import fresh_json
from web.security import csrf_token
from web.state import atlas
from web.uploading import Upload, Uploads

blueprint = Blueprint("uploads", __name__, url_prefix="/api")
SHOWN_REJECTS = 100
LOOKS = Gate(2, 20.0, 5)  # each reads the file in a process of its own, which may take gigabytes


def uploads() -> Uploads:
    """Return the present reader's uploads."""
    return Uploads(atlas().folder("uploads"), atlas().settings.upload_limit_bytes, reader().owner)


@blueprint.get("/csrf")
def csrf() -> Response:
    """Give a script a token, and say who is signed in; the cookie comes with the answer."""
    found = session()
    return fresh_json({"token": csrf_token(), "account": None if found is None else found.account.name})


@blueprint.post("/uploads")
def upload() -> Response:
    """Take a file and look into it. A file that cannot be read stays, so that another encoding may be tried."""
    kept = uploads().receive(request.environ)
    return _looked(kept, {}, 201)


@blueprint.post("/uploads/<upload_id>/preview")
def look(upload_id: str) -> Response:
    """Look into an upload again with other options."""
    return _looked(uploads().find(upload_id), _json_body(), 200)


@blueprint.delete("/uploads/<upload_id>")
def forget(upload_id: str) -> Response:
    """Remove an upload that is not being imported."""
    kept = uploads().find(upload_id)
    if atlas().jobs.busy(upload=upload_id):
        raise RequestError(409, "busy", N_("This file is being imported."), N_("Wait until the import has ended."))
    uploads().remove(kept)
    return fresh_json({"upload": upload_id, "removed": True})


@blueprint.post("/uploads/<upload_id>/import")
def start(upload_id: str) -> Response:
    """Start the import, or the trial of it, and answer with its job."""
    kept = uploads().find(upload_id)
    wish = _json_body()
    layer = wish.get("layer")
    if not isinstance(layer, str) or layer not in LAYERS:
        raise RequestError(
            400,
            "parameter",
            N_("There is no layer {value}."),
            N_("Use one of: {known}."),
            field="layer",
            value=str(layer)[:80],
            known=", ".join(LAYERS),
        )
    options = options_from_json(wish)
    state, asking = atlas(), reader()
    job = state.jobs.submit(
        lambda progress: import_upload(state, kept, str(layer), options, progress, asking.area),
        asking.owner,
        upload=upload_id,
        layer=layer,
        file=kept.display_name,
        dry_run=options.dry_run,
    )
    return fresh_json({"job": job.id}, 202)


@blueprint.get("/jobs/<job_id>")
def job_state(job_id: str) -> Response:
    """Say how far a job is."""
    return fresh_json(job_json(_job(job_id)))


@blueprint.get("/jobs/<job_id>/rejects.csv")
def job_rejects(job_id: str) -> Response:
    """Download the rows that a job did not take, also those of a trial."""
    report = _job(job_id).report or {}
    if report.get("import_id") is not None:
        return rejects_csv(atlas().store.rejects(report["import_id"]), "rejects.csv", current_lang())
    return rejects_csv([Reject(**reject) for reject in report.get("rejects", [])], "rejects.csv", current_lang())


def job_json(job: Job) -> dict[str, Any]:
    """Return a job in the reader's language, with the first rejects only."""
    shown: dict[str, Any] = {
        "id": job.id,
        "state": job.state,
        "progress": job.progress,
        "step": translate(STEPS.get(job.step, job.step)),
        **job.details,
    }
    if job.report is not None:
        rejects = job.report.get("rejects", [])
        shown["report"] = {
            **job.report,
            "notes": [fill(note["message"], note["params"]) for note in job.report.get("notes", [])],
            "rejects": [
                {
                    "row": reject["row"],
                    "field": reject["field"],
                    "value": reject["value"],
                    "reason": fill(reject["reason"], reject["params"]),
                    "remedy": fill(reject["remedy"], reject["params"]),
                }
                for reject in rejects[:SHOWN_REJECTS]
            ],
        }
    if job.error is not None:
        error, params = job.error, without_places(job.error["params"])
        shown["error"] = {
            "code": error["code"],
            "message": fill(error["message"], params),
            "remedy": fill(error["remedy"], params),
        }
    return shown


def _job(job_id: str) -> Job:
    found = atlas().jobs.get(job_id)
    if found is None or found.asked_by != reader().owner:
        raise RequestError(404, "unknown_job", N_("This job does not exist."), N_("It may have ended days ago."))
    return found


def _looked(kept: Upload, wish: dict[str, Any], status: int) -> Response:
    try:
        with LOOKS.entered():
            found = preview(atlas(), kept, wish)
    except AtlasError as error:
        return fresh_json({"upload": kept.id, "error": body(error)}, status_of(error)[0])
    return fresh_json({"upload": kept.id, "file": kept.display_name, "bytes": kept.size, "preview": found}, status)


def _json_body() -> dict[str, Any]:
    try:
        found = request.get_json()
        # Half of a surrogate pair can be written in JSON, but neither stored nor shown.
        json.dumps(found, ensure_ascii=False).encode()
    except (RecursionError, UnicodeEncodeError):
        found = None
    if not isinstance(found, dict):
        raise RequestError(400, "parameter", N_("The request must be a JSON object."))
    return found
