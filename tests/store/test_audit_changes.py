"""Every change of a store has its entry in the audit trail: who, what, before and after; none without one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geo.alerts import AlertRule
from geo.errors import AtlasError
from store.actor import Actor, acting
from store.alerts import Raised
from store.audit_read import Wish
from store.audit_trail import Entry
from store.edits import CameraEdit
from store.functions import register
from store.live import LiveIncident
from store.store import Store
from tests.store.factories import DEMO, SOURCE, batch

POST = Actor("account", "planner 1", "10.1.2.3")
PLAN: dict[str, Any] = {"base": {}, "options": {}, "base_revision": 1}


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "s.gpkg") as opened:
        opened.write(batch("cameras", 5), "append", SOURCE)
        yield opened


def entries_of(store: Store, change: Callable[[], object]) -> list[Entry]:
    """Return the entries that `change`, done by a post, made; the trail must be whole afterwards."""
    before = store.trail_head()
    assert before is not None
    with acting(POST):
        change()
    made = [entry for entry in store.trail(Wish(), 100) if entry.seq > before.seq]
    assert store.verify_trail(before).whole
    assert all((entry.kind, entry.actor, entry.address) == ("account", "planner 1", "10.1.2.3") for entry in made)
    return made[::-1]


def only(store: Store, change: Callable[[], object]) -> tuple[str, str, Any, Any, int]:
    """Return action, target, before, after and revision of the one entry that `change` made."""
    (entry,) = entries_of(store, change)
    before, after = (None if text is None else json.loads(text) for text in (entry.before, entry.after))
    return entry.action, entry.target, before, after, entry.revision


def test_an_import(store: Store) -> None:
    action, target, before, after, revision = only(
        store, lambda: store.write(batch("cameras", 7, 1), "replace", SOURCE)
    )
    assert (action, target, before, revision) == ("import", "cameras", {"rows": 5}, store.revision())
    assert (after["mode"], after["inserted"], after["rows"], after["file"]) == ("replace", 7, 7, "file.csv")
    assert len(after["sha256"]) == 64
    other = only(store, lambda: store.write(batch("cameras", 7, 2), "replace", SOURCE))
    assert other[3]["sha256"] != after["sha256"]


def test_the_demo_and_what_removes_it(tmp_path: Path) -> None:
    with Store.open(tmp_path / "d.gpkg") as store:
        assert only(store, lambda: store.write(batch("grids", 3), "append", DEMO))[0] == "demo"
        after = only(store, lambda: store.write(batch("cameras", 3), "append", SOURCE))[3]
        assert after["emptied"] == ["grids"]


def test_clearing_and_single_incidents(store: Store) -> None:
    facts = {"category": None, "occurred_at": None, "grid_code": None, "status": None}
    action, target, _, after, _ = only(
        store, lambda: store.append_incident(id="i1", x=380_001.0, y=6_670_001.0, **facts)
    )
    assert (action, target, after["fid"]) == ("incident.add", "i1", 1)
    action, target, before, _, revision = only(store, lambda: store.clear(["cameras"]))
    assert (action, target, before, revision) == ("clear", "cameras", {"rows": {"cameras": 5}}, store.revision())


def test_cameras(store: Store) -> None:
    (first, second) = store.snapshot()["cameras"].text("id")[:2]
    edits = [
        CameraEdit("set", first, values={"range_m": 44.0}), CameraEdit("remove", second),
        CameraEdit("place", "new", 380_100.0, 6_670_100.0, {"kind": "dome"}),
    ]  # fmt: skip
    row = store.snapshot()["cameras"].number("range_m")[0]
    action, target, before, after, revision = only(store, lambda: store.edit_cameras(edits))
    assert (action, target, revision) == ("camera.edit", f"{first}, {second}, {first}, new", store.revision())
    assert before[0] == {"id": first, "range_m": None if np.isnan(row) else row}
    assert before[1]["id"] == second and set(before[1]) > {"x", "y", "kind"}
    assert after == [
        {"id": first, "range_m": 44.0}, {"id": "new", "x": 380_100.0, "y": 6_670_100.0, "kind": "dome"},
    ]  # fmt: skip
    many = [CameraEdit("place", f"m{n}", 380_000.0 + n, 6_670_000.0) for n in range(40)]
    assert only(store, lambda: store.edit_cameras(many))[3]["cameras"] == 40


def test_scenarios(store: Store) -> None:
    change = [{"op": "remove", "camera": "c"}]
    added: list[Any] = []
    action, target, before, after, _ = only(store, lambda: added.append(store.add_scenario("Option A", change, **PLAN)))
    assert (action, target, before, after["changes"]) == ("scenario.add", "Option A", None, 1)
    name = added[0].id
    action, target, before, after, _ = only(store, lambda: store.change_scenario(name, 1, name="Option B"))
    assert (action, target, before["name"], after["name"]) == ("scenario.change", "Option B", "Option A", "Option B")
    assert (before["version"], after["version"]) == (1, 2)
    assert only(store, lambda: store.delete_scenario(name, 2))[:2] == ("scenario.delete", "Option B")
    assert only(store, lambda: store.restore_scenario(name))[:2] == ("scenario.restore", "Option B")
    assert entries_of(store, lambda: store.restore_scenario(name)) == []  # it is there
    edits = [CameraEdit("place", "p", 380_100.0, 6_670_100.0)]
    edited, applied = entries_of(store, lambda: store.apply_scenario(name, 3, edits))
    assert (edited.action, applied.action) == ("camera.edit", "scenario.apply")
    assert edited.revision == applied.revision == store.revision()


def test_incidents_received_live_have_one_entry_for_each_sender_of_a_transaction(store: Store) -> None:
    senders = [Actor("token", "fire desk", "10.0.0.1"), Actor("token", "water desk", "10.0.0.2")]
    requests = [[LiveIncident(f"{n}-{i}", 380_000.0, 6_670_000.0) for i in range(3)] for n in range(4)]
    before = store.trail_head()
    assert before is not None
    store.receive(requests, actors=[senders[n % 2] for n in range(4)])
    water, fire = store.trail(Wish(action="live"), 10)
    assert [(one.actor, one.address) for one in (fire, water)] == [
        ("fire desk", "10.0.0.1"),
        ("water desk", "10.0.0.2"),
    ]
    facts = [json.loads(one.after or "") for one in (fire, water)]
    assert [(one["count"], one["first"], one["last"]) for one in facts] == [(6, 1, 9), (6, 4, 12)]
    assert facts[0]["sha256"] != facts[1]["sha256"]
    store.receive(requests, actors=[senders[0]] * 4)  # known already: nothing changed
    assert store.trail_count(Wish(action="live")) == 2


def test_alerts(store: Store) -> None:
    action, _, before, after, _ = only(store, lambda: store.set_alert_rule(AlertRule(hours=3)))
    assert (action, before, after["hours"]) == ("alert.rule", None, 3)
    assert only(store, lambda: store.set_alert_rule(AlertRule(hours=4)))[2]["hours"] == 3
    raised = Raised("g1", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", 9, 1.0, 0.001, 20, 5.0)
    assert only(store, lambda: store.settle_alerts("grid", [raised]))[3]["raised"] == ["g1"]
    (alert,) = store.alerts()
    action, target, _, after, _ = only(store, lambda: store.acknowledge_alert(alert.id, "fire desk", "seen"))
    assert (action, target, after["by"], after["note"]) == ("alert.acknowledge", "grid g1", "fire desk", "seen")
    head = store.trail_head()
    with pytest.raises(AtlasError):
        store.acknowledge_alert(alert.id, "fire desk")
    assert store.trail_head() == head
    assert only(store, lambda: store.settle_alerts("grid", []))[2] == {"ended": ["g1"]}


def test_tokens_and_mappings(store: Store) -> None:
    text: list[str] = []
    action, target, _, after, _ = only(store, lambda: text.append(store.add_token("dispatch")))
    assert (action, target) == ("token.add", "dispatch") and text[0] not in json.dumps(after)
    assert only(store, lambda: store.revoke_token("dispatch"))[:2] == ("token.revoke", "dispatch")
    assert only(store, lambda: store.remember_mapping("sig", {"id": "no"}))[3] == {"id": "no"}


def test_what_another_program_did(store: Store) -> None:
    with closing(sqlite3.connect(store.path)) as connection, connection:
        register(connection)
        connection.execute("DELETE FROM cameras WHERE fid = 2")
        connection.execute("UPDATE gpkg_contents SET last_change = '2030-01-01T00:00:00Z'")
    with acting(POST):  # whose request it is that finds the change does not matter
        store.snapshot()
    (entry,) = store.trail(Wish(action="outside"), 9)
    assert (entry.kind, entry.actor, entry.revision) == ("outside", "another program", store.revision())
    assert json.loads(entry.after or "")["rows"]["cameras"] == 4


def test_a_new_store_tells_of_its_migrations(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.gpkg") as store:
        begun = store.trail(Wish(action="trail.begin"), 9)
        assert len(begun) == 1 and len(begun[0].target) == 32
        assert "0008-audit" in {entry.target for entry in store.trail(Wish(action="migration"), 99)}


def test_a_change_without_an_entry_is_rolled_back(store: Store) -> None:
    with pytest.raises(AssertionError, match="audit trail"), store._writing() as connection:
        connection.execute("DELETE FROM cameras")
    assert len(store.snapshot()["cameras"]) == 5
    with store._writing(bookkeeping=True) as connection:
        connection.execute("DELETE FROM atlas_mappings")
