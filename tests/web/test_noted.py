"""Every export is in the audit trail before it leaves; where it cannot be written down, it does not leave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from settings import ROOT
from store.audit_read import Wish
from store.errors import StoreBusyError
from web import noted
from web.noted import is_export
from web.permissions import EXPORT, NEEDS
from web.state import EXTENSION


def exports(town: FlaskClient) -> list[tuple[str, dict[str, Any]]]:
    """Return target and facts of the exports in the trail, oldest first."""
    store = town.application.extensions[EXTENSION].store
    return [(one.target, json.loads(one.after or "")) for one in store.trail(Wish(action="export"), 999)[::-1]]


ADDRESSES = [
    "/api/export/incidents.csv", "/api/export/grids.geojson?crs=EPSG:4490", "/api/tables/density.csv",
    "/api/tables/density.xlsx?lang=zh", "/api/picture.png?bbox=24.9,60.1,25.0,60.2",
    "/api/imports/1/rejects.csv", "/api/public/counts.csv?k=9", "/api/public/points.geojson",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_download_has_its_entry(town: FlaskClient, address: str) -> None:
    before = exports(town)
    answer = town.get(address)
    assert answer.status_code == 200 and len(answer.data) > 0
    answer.close()
    path, _, query = address.partition("?")
    (target, facts) = exports(town)[len(before)]
    assert target == path and facts.get("query", "") == query and facts["type"] == answer.mimetype
    assert len(exports(town)) == len(before) + 1


def test_every_export_route_is_watched() -> None:
    watched = {endpoint for endpoint in NEEDS if is_export(endpoint)}
    assert {endpoint for endpoint, need in NEEDS.items() if need == EXPORT} <= watched
    assert {"api_files.rejects", "uploads.job_rejects", "api_scenarios.export"} <= watched
    # Whoever sends a file by its name is looked at here, so that no new download goes past the trail.
    senders = {path.name for path in (ROOT / "web").glob("*.py") if "attachment" in path.read_text("utf-8")}
    assert senders == {
        "api_drafts.py",
        "api_files.py",
        "api_public.py",
        "api_scenarios.py",
        "api_takeaway.py",
        "rejects.py",
    }


def test_what_is_refused_or_known_already_leaves_no_entry(town: FlaskClient) -> None:
    before = exports(town)
    assert town.get("/api/tables/nothing.csv").status_code == 404
    assert town.head("/api/tables/density.csv").status_code == 200
    picture = town.get(ADDRESSES[4])
    again = town.get(ADDRESSES[4], headers={"If-None-Match": picture.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert len(exports(town)) == len(before) + 1  # the one picture


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_export_that_cannot_be_written_down_does_not_leave(
    town: FlaskClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: object) -> int:
        raise StoreBusyError("busy", "wait")

    monkeypatch.setattr(town.application.extensions[EXTENSION].store, "note", busy)
    answer = town.get(address)
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert answer.get_json()["error"]["code"] == "store_busy"
    assert set(answer.get_json()) == {"error"}
    assert "nonce-" in answer.headers["Content-Security-Policy"]


def test_a_command_notes_the_file_before_it_writes_it(town: FlaskClient, tmp_path: Path) -> None:
    app = town.application
    with app.app_context():
        noted.note_file("incidents", tmp_path / "secret folder" / "out.csv", crs=None)
    assert exports(town)[-1] == ("incidents", {"file": "out.csv", "crs": None})
    done = app.test_cli_runner().invoke(args=["export", "cameras", str(tmp_path / "c.csv"), "--format", "json"])
    assert done.exit_code == 0, done.output
    assert exports(town)[-1] == ("cameras", {"file": "c.csv", "crs": None})
