"""An import of a reader of an area touches rows of the area only, and tells of no others."""

from __future__ import annotations

import io
import time
from typing import Any

from flask import Flask

from geo.area import Area
from tests.serving import PATIENCE_S
from tests.web.areas.asking import ask
from tests.web.areas.town import CANARY, INSIDE, OUTSIDE, area_header, rows
from tests.web.conftest import CRS, X0, Y0


def send(app: Flask, name: str, text: str, layer: str, area: Area | None, **options: Any) -> dict[str, Any]:
    """Import a file as a page does; return what its job says in the end."""
    client = app.test_client()
    headers = area_header(area)
    headers["X-CSRF-Token"] = client.get("/api/csrf", headers=headers).get_json()["token"]
    file = {"file": (io.BytesIO(text.encode()), name)}
    kept = client.post("/api/uploads", data=file, headers=headers).get_json()["upload"]
    looked = client.post(f"/api/uploads/{kept}/preview", json={"layer": layer}, headers=headers)
    assert looked.status_code == 200
    foreign = area_header(OUTSIDE if area == INSIDE else INSIDE) | {"X-CSRF-Token": headers["X-CSRF-Token"]}
    wish = {"layer": layer, "options": {"crs": CRS, "map": {}, **options}}
    for url in (f"/api/uploads/{kept}/preview", f"/api/uploads/{kept}/import"):
        assert client.post(url, json=wish, headers=foreign).status_code == 404  # another one's upload
    assert client.delete(f"/api/uploads/{kept}", headers=foreign).status_code == 404
    job = client.post(f"/api/uploads/{kept}/import", json=wish, headers=headers).get_json()["job"]
    deadline = time.monotonic() + PATIENCE_S
    while (found := client.get(f"/api/jobs/{job}", headers=headers).get_json())["state"] not in ("done", "failed"):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    assert client.get(f"/api/jobs/{job}", headers=foreign).status_code == 404  # another one's job
    assert client.get(f"/api/jobs/{job}/rejects.csv", headers=foreign).status_code == 404
    found["csv"] = client.get(f"/api/jobs/{job}/rejects.csv", headers=headers).get_data(as_text=True)
    assert client.delete(f"/api/uploads/{kept}", headers=headers).status_code == 200
    return dict(found)


def cameras_csv(*given: tuple[str, float, float, str]) -> str:
    return "id,x,y,name\n" + "".join(f"{name},{X0 + x},{Y0 + y},{text}\n" for name, x, y, text in given)


def test_imports_touch_the_area_only(changing: Flask) -> None:
    before = rows(changing, "cameras")
    theirs = {name: row for name, row in before.items() if CANARY in name}
    three = [("new", 300, 300, "mine"), ("far", 2500, 300, "no"), (f"{CANARY} c2", 400, 400, "no")]
    found = send(changing, "c.csv", cameras_csv(*three, ("c1", 500, 500, "taken")), "cameras", INSIDE)
    assert (found["report"]["accepted"], found["report"]["rejected"]) == (1, 3)
    # In the same words whether the place is outside or the key is: only what was sent is said back.
    reasons = [(one["row"], one["reason"], one["remedy"]) for one in found["report"]["rejects"]]
    assert reasons[0][0] == 2 and reasons[1][0] == 3 and reasons[0][1:] == reasons[1][1:]
    assert "already holds" in reasons[2][1] and "not in your area" in found["csv"]
    found = send(changing, "c.csv", cameras_csv(("only", 800, 800, "one")), "cameras", INSIDE, mode="replace")
    assert found["report"]["accepted"] == 1
    assert rows(changing, "cameras") == {**theirs, "only": rows(changing, "cameras")["only"]}
    mine = ask(changing, "/api/imports", INSIDE)[2]["imports"]
    assert [one["accepted"] for one in mine] == [1, 1] and ask(changing, "/api/imports", OUTSIDE)[2]["imports"] == []
    assert ask(changing, f"/api/imports/{mine[0]['id']}/rejects.csv", OUTSIDE)[0] == 404
    assert ask(changing, f"/api/imports/{mine[-1]['id']}/rejects.csv", INSIDE)[0] == 200
    assert len(ask(changing, "/api/imports", None)[2]["imports"]) > 10
