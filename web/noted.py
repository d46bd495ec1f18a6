"""Every export is in the audit trail before it leaves: by the routes here, by commands through `note_file`.

A route is an export when it needs the right to export, or is named in `ALSO`. Where the entry cannot be written (a
store that is busy, damaged or on a full disk) the export is refused.
"""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from geo.errors import AtlasError
from web import errors
from web.permissions import EXPORT, NEEDS
from web.state import atlas

# Downloads that other rights open.
ALSO = frozenset({"api_scenarios.export", "api_files.rejects", "uploads.job_rejects"})
LONGEST_QUERY = 1_000


def is_export(endpoint: str | None) -> bool:
    """Return whether the answers of an endpoint take data out of the service."""
    return endpoint is not None and (NEEDS.get(endpoint) == EXPORT or endpoint in ALSO)


def note_answer(response: Response) -> Response:
    """Write down an export that is about to leave; refuse it where that fails."""
    if not is_export(request.endpoint) or request.method != "GET" or response.status_code != HTTPStatus.OK:
        return response
    facts: dict[str, Any] = {"type": response.mimetype, "bytes": response.content_length}
    if request.query_string:
        facts["query"] = request.query_string.decode("ascii", "replace")[:LONGEST_QUERY]
    try:
        atlas().store.note("export", request.path, None, facts)
    except AtlasError as error:
        response.close()
        return errors.on_domain(error)
    return response


def note_file(what: str, file: Path, **facts: Any) -> None:
    """Write down that a command is about to write `what` to a file."""
    atlas().store.note("export", what, None, {"file": file.name, **facts})


def init_app(app: Flask) -> None:
    """Watch what leaves."""
    app.after_request(note_answer)
