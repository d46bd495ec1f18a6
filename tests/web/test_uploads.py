"""The import page's side: upload, look, try, import, follow; with the real sandbox and bad input."""

from __future__ import annotations

import io
import json
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from store.intake.scratch import scratch_folder
from tests.web.conftest import SCRIPT, token
from web.gate import Gate
from web.uploading import STALE_S, display_name, suffix

GRIDS = json.dumps({
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"CODE": code, "LABEL": SCRIPT},
         "geometry": {"type": "Polygon", "coordinates": [[[west, 60.16], [west + 0.01, 60.16], [west + 0.01, 60.17],
                                                          [west, 60.17], [west, 60.16]]]}}
        for code, west in (("G1", 24.93), ("G2", 24.94))
    ],
})  # fmt: skip
INCIDENTS = (
    "id,category,occurred_at,lon,lat\n"
    "a,theft,2024-05-31T10:00:00+03:00,24.935,60.165\n"
    "b,=cmd|' /C calc'!A0,2024-05-31T11:00:00+03:00,24.945,60.165\n"
    "c,noise,2024-05-31T12:00:00+03:00,500,60.165\n"
)


def send(client: FlaskClient, content: bytes | str, name: str, **more: Any) -> TestResponse:
    body = content.encode() if isinstance(content, str) else content
    return client.post("/api/uploads", data={"file": (io.BytesIO(body), name), **more}, headers=token(client))


def run(client: FlaskClient, upload: str, **wish: Any) -> dict[str, Any]:
    """Start an import and return its job once it has ended."""
    answer = client.post(f"/api/uploads/{upload}/import", json=wish, headers=token(client))
    assert answer.status_code == 202, answer.get_data(as_text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job: dict[str, Any] = client.get(f"/api/jobs/{answer.get_json()['job']}").get_json()
        if job["state"] in ("done", "failed", "interrupted"):
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_few_files_are_looked_into_at_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look is a process that may take gigabytes: one account could begin as many as it sends."""
    go, looking, answers = threading.Event(), [], []

    def slow(*_: Any) -> dict[str, Any]:
        looking.append(1)
        assert go.wait(60)
        return {}

    monkeypatch.setattr("web.uploads.preview", slow)
    monkeypatch.setattr("web.uploads.LOOKS", Gate(1, 60.0, 5, waiting=1))
    senders = [
        threading.Thread(target=lambda: answers.append(send(app.test_client(), INCIDENTS, "a.csv"))) for _ in range(4)
    ]
    for sender in senders:
        sender.start()
    while len(answers) < 2:
        assert len(looking) <= 1
        time.sleep(0.01)
    assert [answer.status_code for answer in answers] == [429, 429]
    told = answers[0].get_json()
    assert told["error"]["code"] == "busy" and len(told["upload"]) == 32, "the file is kept, to be looked into later"
    go.set()
    for sender in senders:
        sender.join(60)
    assert sorted(answer.status_code for answer in answers) == [201, 201, 429, 429]


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files without looking into them, where the look is not what is tested."""
    monkeypatch.setattr("web.uploads.preview", lambda atlas, upload, wish: {})


def test_a_town_comes_in_by_the_page(client: FlaskClient, app: Flask) -> None:
    sent = send(client, GRIDS, "my grids.geojson")
    assert sent.status_code == 201
    found = sent.get_json()
    preview = found["preview"]
    assert found["file"] == "my grids.geojson"
    assert preview["columns"] == ["CODE", "LABEL"]
    assert preview["rows"][0] == ["G1", SCRIPT]
    assert preview["crs"] == "EPSG:4326"
    assert preview["remembered"] is None
    options = {"map": {"code": "CODE", "name": "LABEL"}, "const": {"level": "grid"}, "attribution": "The town"}

    trial = run(client, found["upload"], layer="grids", options=options, dry_run=True)
    assert (trial["state"], trial["report"]["accepted"], trial["report"]["revision"]) == ("done", 2, 0)
    assert client.get("/healthz").get_json()["revision"] == 0

    done = run(client, found["upload"], layer="grids", options=options)
    assert (done["state"], done["progress"], done["file"]) == ("done", 1.0, "my grids.geojson")
    assert (done["report"]["accepted"], done["report"]["rejected"], done["report"]["revision"]) == (2, 0, 1)
    record = client.get("/api/imports").get_json()["imports"][0]
    assert (record["file_name"], record["attribution"], record["accepted"]) == ("my grids.geojson", "The town", 2)
    assert [grid["name"] for grid in client.get("/api/grids").get_json()["grids"]] == [SCRIPT, SCRIPT]

    again = client.post(f"/api/uploads/{found['upload']}/preview", json={"layer": "grids"}, headers=token(client))
    assert again.get_json()["preview"]["remembered"] == {"code": "CODE", "name": "LABEL"}

    instance: Path = app.extensions["atlas"].settings.instance
    assert list((instance / "scratch").iterdir()) == []
    gone = client.delete(f"/api/uploads/{found['upload']}", headers=token(client))
    assert gone.status_code == 200
    assert list((instance / "uploads").iterdir()) == []


def test_rejected_rows_come_back_with_reasons(client: FlaskClient) -> None:
    upload = send(client, INCIDENTS, "incidents.csv").get_json()["upload"]
    done = run(client, upload, layer="incidents", options={})
    assert (done["report"]["accepted"], done["report"]["rejected"]) == (2, 1)
    reject = done["report"]["rejects"][0]
    assert (reject["row"], reject["value"].startswith("500")) == (3, True)
    assert reject["reason"] and reject["remedy"]
    import_id = done["report"]["import_id"]
    for url in (f"/api/imports/{import_id}/rejects.csv", f"/api/jobs/{done['id']}/rejects.csv"):
        answer = client.get(url, headers={"Accept-Language": "zh"})
        assert answer.mimetype == "text/csv"
        lines = answer.data.decode("utf-8-sig").splitlines()
        assert lines[0] == "row,field,value,reason,remedy"
        assert lines[1].startswith("3,") and "经度" in lines[1]
    assert [g["category"] for g in client.get("/api/assignment").get_json()["rows"]] == []
    names = [category["name"] for category in client.get("/api/status").get_json()["categories"]]
    assert "=cmd|' /C calc'!A0" in names
    exported = client.get("/api/export/incidents.csv")
    assert "\n=cmd" not in exported.get_data(as_text=True) and ",=cmd" not in exported.get_data(as_text=True)
    exported.close()


def test_strict_refuses_with_the_rejects(client: FlaskClient) -> None:
    upload = send(client, INCIDENTS, "incidents.csv").get_json()["upload"]
    failed = run(client, upload, layer="incidents", options={"strict": True})
    assert (failed["state"], failed["error"]["code"]) == ("failed", "intake")
    assert failed["error"]["message"] and "{" not in failed["error"]["message"]
    assert [reject["row"] for reject in failed["report"]["rejects"]] == [3]
    assert client.get("/healthz").get_json()["revision"] == 0


def test_a_refused_file_fails_in_the_reader_s_language(client: FlaskClient) -> None:
    people = "id,姓名,身份证号,lon,lat\n1,张伟,11010519491231002X,24.9,60.1\n2,李娜,110105194912310054,24.9,60.1\n"
    upload = send(client, people, "people.csv").get_json()["upload"]
    failed = run(client, upload, layer="cameras", options={"map": {"name": "姓名"}})
    assert (failed["state"], failed["error"]["code"]) == ("failed", "personal_data")
    chinese = client.get(f"/api/jobs/{failed['id']}", headers={"Accept-Language": "zh"}).get_json()
    assert chinese["error"]["message"] != failed["error"]["message"]
    assert "姓名" in chinese["error"]["message"]
    assert not any("a" <= sign <= "z" for sign in chinese["error"]["message"].replace("GridAtlas", "").lower())


@pytest.mark.usefixtures("unseen")
def test_jobs_wait_for_each_other(client: FlaskClient) -> None:
    upload = send(client, GRIDS, "grids.geojson").get_json()["upload"]
    wish = {"layer": "grids", "options": {"map": {"code": "CODE"}, "const": {"level": "grid"}, "mode": "upsert"}}
    jobs = [
        client.post(f"/api/uploads/{upload}/import", json=wish, headers=token(client)).get_json()["job"] for _ in "ab"
    ]
    busy = client.delete(f"/api/uploads/{upload}", headers=token(client))
    assert (busy.status_code, busy.get_json()["error"]["code"]) == (409, "busy")
    deadline = time.monotonic() + 60
    while client.get(f"/api/jobs/{jobs[1]}").get_json()["state"] != "done" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [client.get(f"/api/jobs/{job}").get_json()["state"] for job in jobs] == ["done", "done"]
    assert client.get("/healthz").get_json()["revision"] == 2


@pytest.mark.parametrize(
    ("content", "name"),
    [("", "empty.geojson"), ('{"type": "FeatureCollection", "fea', "cut.geojson"), ("PK\x03\x04 nothing", "bad.zip"),
     ("<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>", "vrt.geojson"), ("\x00\x01\x02", "x.bin")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_said(client: FlaskClient, content: str, name: str) -> None:
    answer = send(client, content, name)
    assert answer.status_code == 422
    found = answer.get_json()
    assert found["error"]["message"] and found["error"]["remedy"]
    # It stays, so that another encoding may be tried.
    assert client.delete(f"/api/uploads/{found['upload']}", headers=token(client)).status_code == 200


@pytest.mark.usefixtures("unseen")
@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.csv", "..\\..\\evil.csv", "/etc/cron.d/x.csv", "a" * 400 + ".csv", "\u202egpj.csv", "con.csv",
     f"{SCRIPT}.csv", "名称 空格.csv", ".csv", "x.csv; rm -rf", "x.GeoJSON.csv"],
)  # fmt: skip
def test_a_sender_s_name_is_never_a_path(client: FlaskClient, app: Flask, name: str) -> None:
    found = send(client, INCIDENTS, name).get_json()
    folder = app.extensions["atlas"].settings.instance / "uploads"
    (kept,) = folder.iterdir()
    assert kept.name == found["upload"]
    assert {path.name for path in kept.iterdir()} <= {"about.json", "source", "source.csv"}
    if "file" in found:
        assert len(found["file"]) <= 150
        assert not set("/\\\n\u202e") & set(found["file"])


def test_names_are_shown_without_their_tricks() -> None:
    assert display_name("C:\\data\\grids.csv") == "grids.csv"
    assert display_name("../\u202egpj.exe\x00") == "gpj.exe"
    assert display_name(None) == display_name("...") == display_name("\x00") == "file"
    assert (suffix("A.GeoJSON"), suffix("x"), suffix("x.a b"), suffix("x." + "y" * 30)) == (".geojson", "", "", "")


@pytest.mark.usefixtures("unseen")
def test_a_file_of_some_size_arrives_whole(client: FlaskClient, app: Flask) -> None:
    content = os.urandom(3 << 20)
    body = b"--x\r\nContent-Disposition: form-data; name=file; filename=a.parquet\r\n\r\n" + content + b"\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x"
    found = client.post("/api/uploads", headers=token(client), content_type=kind, data=body).get_json()
    assert found["bytes"] == len(content)
    folder = app.extensions["atlas"].settings.instance / "uploads" / found["upload"]
    assert (folder / "source.parquet").read_bytes() == content


def test_too_large_is_refused_before_and_while_reading(client: FlaskClient, app: Flask) -> None:
    limit = app.extensions["atlas"].settings.upload_limit_bytes
    body = b"--x\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\n" + b"x" * (limit + (1 << 20))
    kind = "multipart/form-data; boundary=x"
    answer = client.post("/api/uploads", headers=token(client), content_type=kind, data=body)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (413, "too_large")
    # A client that does not announce the size is stopped at the limit.
    unannounced = client.post(
        "/api/uploads", headers=token(client), content_type=kind,
        environ_overrides={"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )  # fmt: skip
    assert unannounced.status_code == 413
    assert list((app.extensions["atlas"].settings.instance / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("kwargs", "status", "code"),
    [
        ({"data": {"other": "text"}, "content_type": "multipart/form-data"}, 400, "no_file"),
        ({"data": {"file": [(io.BytesIO(b"a"), "a.csv"), (io.BytesIO(b"b"), "b.csv")]}}, 400, "one_file"),
        ({"json": {}}, 415, "unsupported_media_type"),
        ({"data": b"--x\r\nnonsense", "content_type": "multipart/form-data; boundary=x"}, 400, "form"),
        ({"data": b"abc", "content_type": "multipart/form-data"}, 400, "form"),
    ],
)
def test_a_request_without_one_file_is_refused(
    client: FlaskClient, app: Flask, kwargs: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post("/api/uploads", headers=token(client), **kwargs)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)
    assert list((app.extensions["atlas"].settings.instance / "uploads").iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr("web.uploading.shutil.disk_usage", lambda path: usage._replace(free=1000))
    answer = send(client, INCIDENTS, "a.csv")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (507, "disk_full")
    monkeypatch.undo()

    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(28, "No space left on device")

    plain = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *args, **kwargs: Full() if self.stem == "source" else plain(self, *args, **kwargs)
    )
    answer = send(client, INCIDENTS, "a.csv")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (507, "disk_full")
    monkeypatch.undo()
    assert list((app.extensions["atlas"].settings.instance / "uploads").iterdir()) == []


@pytest.mark.usefixtures("unseen")
def test_uploads_of_yesterday_are_cleaned(client: FlaskClient, app: Flask) -> None:
    old = send(client, GRIDS, "old.geojson").get_json()["upload"]
    folder = app.extensions["atlas"].settings.instance / "uploads" / old
    past = time.time() - STALE_S - 60
    os.utime(folder, (past, past))
    new = send(client, GRIDS, "new.geojson").get_json()["upload"]
    assert [path.name for path in folder.parent.iterdir()] == [new]
    assert (folder.parent / new).exists()
    answer = client.post(f"/api/uploads/{old}/preview", json={}, headers=token(client))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "unknown_upload")


def test_what_a_killed_process_left_is_removed_at_the_start(app: Flask) -> None:
    state = app.extensions["atlas"]
    old = state.folder("uploads") / "left"
    old.mkdir()
    past = time.time() - STALE_S - 60
    os.utime(old, (past, past))
    with scratch_folder(state.folder("scratch")) as living:
        orphan = state.folder("scratch") / "scratch-1-x1y_z"
        orphan.mkdir()
        orphan.with_name(orphan.name + ".lock").touch()  # nobody holds it
        state.start()
        assert sorted(path.name for path in state.folder("scratch").iterdir()) == [living.name, living.name + ".lock"]
    assert list(state.folder("uploads").iterdir()) == []


@pytest.mark.usefixtures("unseen")
@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"layer": "people"}, "layer"),
        ({"layer": {"a": []}}, "layer"),
        ({"layer": "grids", "options": {"crs": 4326}}, "crs"),
        ({"layer": "grids", "options": {"map": {"code": 1}}}, "map"),
        ({"layer": "grids", "options": {"const": "x"}}, "const"),
        ({"layer": "grids", "options": {"demo": True}}, "demo"),
        ({"layer": "grids", "options": {"strict": "yes"}}, "strict"),
        ({"layer": "grids", "dry_run": 1}, "dry_run"),
        ({"layer": "grids", "options": {"crs": "x" * 20_000}}, "crs"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_options_of_the_wrong_kind_are_refused(client: FlaskClient, wish: dict[str, Any], field: str) -> None:
    upload = send(client, GRIDS, "grids.geojson").get_json()["upload"]
    answer = client.post(f"/api/uploads/{upload}/import", json=wish, headers=token(client))
    error = answer.get_json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (400, "parameter", field)


@pytest.mark.usefixtures("unseen")
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1]", b"null", b'"x"', b'{"layer": "\\ud800"}', b"[" * 99_999, b'{"a":' * 99_999 + b"1"],
    ids=lambda body: body[:20].decode(),
)  # fmt: skip
def test_a_body_that_is_no_object_is_refused(client: FlaskClient, body: bytes) -> None:
    upload = send(client, GRIDS, "grids.geojson").get_json()["upload"]
    answer = client.post(
        f"/api/uploads/{upload}/preview", data=body, headers=token(client), content_type="application/json"
    )
    assert answer.status_code == 400
    assert answer.get_json()["error"]["message"]


@pytest.mark.parametrize("name", ["none", "0" * 32, "..", "%2e%2e", "A" * 32])
def test_an_upload_that_is_not_there(client: FlaskClient, name: str) -> None:
    answer = client.post(f"/api/uploads/{name}/preview", json={}, headers=token(client))
    assert answer.status_code in (404, 405)
