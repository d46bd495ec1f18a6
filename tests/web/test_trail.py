"""The page of the audit trail, its files, the commands of trail, backup and restore, and the state of backups."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from geo.area import Area
from settings import Settings, from_env
from store import backup as store_backup
from store.actor import Actor, acting
from store.audit_read import Wish
from store.store import Store
from tests.store.damage import damage
from tests.web.conftest import SCRIPT, fill
from web import backups, checks
from web.state import EXTENSION


@pytest.fixture
def kept(tmp_path: Path) -> Settings:
    """A town with a folder for backups."""
    with Store.open(tmp_path / "atlas.gpkg") as store:
        fill(store)
        with acting(Actor("account", SCRIPT, "10.0.0.9")):
            store.note("export", "=cmd|' /C calc'!A0", {"a": "=1+1"}, {"b": SCRIPT})
    return Settings(store=str(tmp_path / "atlas.gpkg"), instance=tmp_path, backup=tmp_path / "kept", backup_keep=3)


@pytest.fixture
def app(kept: Settings) -> Iterator[Flask]:
    made = create_app(kept)
    yield made
    made.extensions[EXTENSION].close()


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=arguments)


def answer(app: Flask, *arguments: str) -> Any:
    done = run(app, *arguments, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_tells_who_did_what(client: FlaskClient, lang: str) -> None:
    page = client.get(f"/trail?lang={lang}").text
    assert SCRIPT not in page and "&lt;img src=x" in page
    assert {"zh": "导出", "en": "Export"}[lang] in page and "10.0.0.9" in page
    filtered = client.get(f"/trail?lang={lang}&action=import").text
    assert "10.0.0.9" not in filtered and "incidents.csv" in filtered
    assert {"zh": "没有符合条件的记录", "en": "No entry fits"}[lang] in client.get(
        f"/trail?lang={lang}&actor=nobody"
    ).text


def test_programs_read_the_same_by_pages(client: FlaskClient) -> None:
    store = client.application.extensions[EXTENSION].store
    for number in range(7):
        store.note("test", f"number {number}", None, {"n": number})
    first = client.get("/api/trail?action=test&limit=4").get_json()
    assert [one["after"] for one in first["entries"]] == [{"n": 6}, {"n": 5}, {"n": 4}, {"n": 3}]
    assert first["total"] == 7 and first["head"]["seq"] == first["entries"][0]["seq"]
    rest = client.get(f"/api/trail?action=test&limit=4&before={first['next']}").get_json()
    assert [one["target"] for one in rest["entries"]] == ["number 2", "number 1", "number 0"] and rest["next"] is None
    whole = client.get("/api/trail?limit=1000").get_json()
    assert whole["total"] == len(whole["entries"])
    script = next(one for one in whole["entries"] if one["actor"] == SCRIPT)
    assert (script["address"], script["before"], script["after"]) == ("10.0.0.9", {"a": "=1+1"}, {"b": SCRIPT})
    assert client.get("/api/trail?to=2000-01-01").get_json()["entries"] == []
    for wrong in ("limit=0", "limit=1001", "before=x", "from=yesterday", f"actor={'x' * 300}"):
        assert client.get(f"/api/trail?{wrong}").status_code == 400


def test_pages_go_on_until_the_first_entry(client: FlaskClient) -> None:
    store = client.application.extensions[EXTENSION].store
    for number in range(120):
        store.note("test", f"number {number}")
    seen: list[str] = []
    address = "/trail?action=test"
    while address:
        page = client.get(address).text
        seen += [part.split("<")[0] for part in page.split('target">')[1:]]
        _, found, rest = page.partition('rel="next" href="')
        address = rest.split('"')[0].replace("&amp;", "&") if found else ""
    assert seen == [f"number {number}" for number in range(119, -1, -1)]


def test_the_check_tells_what_is_wrong(client: FlaskClient, kept: Settings) -> None:
    store = client.application.extensions[EXTENSION].store
    head = json.dumps(store.trail_head().to_json())
    assert "are as they were written" in client.get("/trail?check=1").text
    assert "The kept head is among them" in client.get("/trail", query_string={"check": "1", "head": head}).text
    assert "no head of a trail" in client.get("/trail", query_string={"check": "1", "head": "{}"}).text
    with closing(sqlite3.connect(kept.store)) as connection, connection:
        connection.execute("DROP TRIGGER atlas_trail_no_update")
        connection.execute("UPDATE atlas_trail SET actor = 'somebody else' WHERE seq = 4")
    page = client.get("/trail?check=1").text
    assert "The trail is not whole" in page and "Entry 4 is not as it was written" in page
    done = run(client.application, "trail", "verify")
    assert done.exit_code == 1 and "Entry 4" in done.stderr


def test_files_of_the_trail_are_safe_for_spreadsheets(client: FlaskClient) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/api/tables/trail.csv?lang=en").text.lstrip("\ufeff"))))
    (row,) = [row for row in rows if row["Action"] == "export" and row["From where"] == "10.0.0.9"]
    assert row["What"] == "'=cmd|' /C calc'!A0"
    book = openpyxl.load_workbook(io.BytesIO(client.get("/api/tables/trail.xlsx?lang=en").data))
    cells = [cell for line in book.worksheets[0].iter_rows() for cell in line]
    assert cells and not any(cell.data_type == "f" for cell in cells)
    only = client.get("/api/tables/trail.csv?lang=en&action=import").text
    assert "10.0.0.9" not in only


@pytest.mark.parametrize(
    ("scopes", "area", "allowed"),
    [("read export", None, False), ("audit export", Area((("grid", "G1"),)), False), ("audit export", None, True)],
    ids=["right", "area", "allowed"],
)
def test_who_may_read_the_trail(client: FlaskClient, scopes: str, area: Area | None, allowed: bool) -> None:
    store = client.application.extensions[EXTENSION].store
    headers = {"Authorization": f"Bearer {store.add_token('x', scopes.split(), area=area)}"}
    for address in ("/trail", "/api/tables/trail.csv", "/api/tables/trail.xlsx"):
        answer = client.get(address, headers=headers)
        assert answer.status_code == (200 if allowed else 403), address
        assert allowed or "10.0.0.9" not in answer.text


def test_a_command_and_a_job_tell_who_did_it(app: Flask) -> None:
    assert run(app, "token", "add", "x").exit_code == 0
    state = app.extensions[EXTENSION]
    (entry,) = state.store.trail(Wish(action="token.add"), 1)
    assert entry.kind == "command" and entry.actor
    with app.app_context(), acting(Actor("account", "steward 1", "10.9.8.7")):
        job = state.jobs.submit(lambda progress: {"seq": state.store.note("test")})
    while state.jobs.get(job.id).state != "done":
        time.sleep(0.01)
    assert state.store.trail(Wish(action="test"), 1)[0].actor == "steward 1"


def test_trail_commands(app: Flask, tmp_path: Path) -> None:
    head = answer(app, "trail", "head")
    (tmp_path / "head.json").write_text(json.dumps(head))
    assert answer(app, "trail", "verify", "--head", str(tmp_path / "head.json"))["compared"] == head
    for name in ("t.jsonl", "t.csv"):
        assert answer(app, "trail", "export", str(tmp_path / name))["entries"] > head["seq"]
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[head["seq"] - 1]["hash"] == head["hash"] and lines[-1]["action"] == "export"
    assert "'=cmd|" in (tmp_path / "t.csv").read_text("utf-8-sig")
    assert run(app, "trail", "export", str(tmp_path / "t.txt")).exit_code == 2
    (tmp_path / "bad.json").write_text("{}")
    assert run(app, "trail", "verify", "--head", str(tmp_path / "bad.json")).exit_code == 2


def test_backup_and_restore_by_command(app: Flask, kept: Settings, tmp_path: Path) -> None:
    made = answer(app, "backup")
    assert answer(app, "backup", "list", "--check")["backups"] == [
        {name: value for name, value in made.items() if name not in ("folder", "removed")}
    ]
    store = app.extensions[EXTENSION].store
    store.clear(["cameras"])
    revision = store.revision()
    second = answer(app, "backup", str(tmp_path / "kept"), "--keep", "1")
    assert second["removed"] == [made["file"]]
    assert run(app, "restore").exit_code == 2
    assert run(app, "restore", "x.gpkg", "--revision", "3").exit_code == 2
    assert run(app, "restore", "--revision", str(made["revision"])).exit_code == 1  # it was removed
    store.add_token("later")
    done = answer(app, "restore", "--revision", str(revision + 5))
    assert (done["restored_revision"], done["revision"], done["kept"]) == (revision, revision + 1, True)
    assert (tmp_path / done["replaced"]).exists()
    assert answer(app, "trail", "verify")["whole"]
    assert [one.name for one in app.extensions[EXTENSION].store.tokens()] == ["later"]


def test_a_backup_without_a_folder_is_a_usage_error(settings: Settings) -> None:
    app = create_app(settings)
    for command in (["backup"], ["backup", "list"], ["restore", "--revision", "3"]):
        done = run(app, *command)
        assert done.exit_code == 2 and "ATLAS_BACKUP" in done.stderr
    app.extensions[EXTENSION].close()


def test_the_service_makes_backups_when_they_are_due(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    state = app.extensions[EXTENSION]
    assert state.backups.due() and backups.state(state.settings) == {"configured": True, "age_s": None, "late": True}
    assert state.backups.make() and not state.backups.due()
    told = app.test_client().get("/healthz").get_json()["backup"]
    assert told["configured"] and told["age_s"] is not None and not told["late"]
    assert state.figures()["backup_age_seconds"] == told["age_s"]
    (made,) = store_backup.list_backups(state.settings.backup)
    assert made.file.name in app.test_client().get("/trail").text

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromisoformat(made.at) + timedelta(hours=25)

    monkeypatch.setattr(backups, "datetime", Later)
    assert state.backups.due() and not backups.state(state.settings)["late"]
    monkeypatch.setattr(
        Later, "now", classmethod(lambda cls, tz=None: datetime.fromisoformat(made.at) + timedelta(hours=37))
    )
    assert backups.state(state.settings)["late"]


def test_a_backup_that_fails_is_told(app: Flask, kept: Settings) -> None:
    state = app.extensions[EXTENSION]
    assert kept.backup is not None
    kept.backup.write_text("a file where the folder should be")
    assert not state.backups.make() and state.backups.failed
    assert state.backups.failed in app.test_client().get("/trail?lang=en").text


def test_the_schedule_runs_behind_the_pages(app: Flask) -> None:
    state = app.extensions[EXTENSION]
    state.backups.start()
    state.backups.close()  # waits for what was begun
    assert len(store_backup.list_backups(state.settings.backup)) <= 1
    state.backups = backups.Schedule(state)
    while not store_backup.list_backups(state.settings.backup):
        state.backups.start()
    state.backups.close()


def test_a_damaged_store_is_told_on_every_page(app: Flask, kept: Settings) -> None:
    state, client = app.extensions[EXTENSION], app.test_client()
    assert state.backups.make()
    assert "store is damaged" not in client.get("/command?lang=en").text
    state.close()
    damage(Path(kept.store), "atlas_key_incidents")
    assert state.store.check()
    for address in ("/command", "/planner", "/grids", "/import", "/about"):
        page = client.get(f"{address}?lang=en")
        assert page.status_code == 200 and "The store is damaged." in page.text, address
    assert client.get("/healthz").get_json()["store"] == "damaged"
    assert client.get("/api/status").get_json()["damaged"] is True
    page = client.get("/trail?lang=en").text
    (made,) = store_backup.list_backups(state.settings.backup)
    assert f"flask restore {made.file.name}" in page
    refused = client.get("/api/tables/density.csv")
    assert refused.status_code == 503 and refused.get_json()["error"]["code"] == "damaged"
    assert kept.store not in refused.text  # where it lies is for the log


@pytest.mark.parametrize(
    ("name", "value"),
    [("ATLAS_BACKUP_HOURS", "0"), ("ATLAS_BACKUP_HOURS", "x"), ("ATLAS_BACKUP_HOURS", "1e3"),
     ("ATLAS_BACKUP_KEEP", "0"), ("ATLAS_BACKUP_KEEP", "1.5")],
)  # fmt: skip
def test_settings_of_backups_that_cannot_be_used(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        from_env({name: value})


def test_settings_of_backups(tmp_path: Path) -> None:
    found = from_env({"ATLAS_BACKUP": str(tmp_path), "ATLAS_BACKUP_HOURS": "0.5", "ATLAS_BACKUP_KEEP": "2"})
    assert (found.backup, found.backup_hours, found.backup_keep) == (tmp_path, 0.5, 2)
    assert from_env({}).backup is None


def test_the_check_of_a_machine_looks_at_backups(kept: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(settings: Settings) -> tuple[str, str]:
        (found,) = [one for one in checks.findings(settings) if one.name == "backup"]
        return found.state, found.message

    assert kept.backup is not None
    assert told(replace(kept, backup=None))[0] == "doubt"
    assert "disk of the store" in told(kept)[1]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        elsewhere = replace(kept, backup=Path(other))
        assert told(elsewhere)[0] == "doubt" and "no backup as young" in told(elsewhere)[1]
        store_backup.make_backup(Path(kept.store), Path(other))
        assert told(elsewhere)[0] == "ok"
