"""`flask check` and `flask upgrade`: each fault is found, told with a remedy, and nothing is changed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app import create_app
from settings import Settings
from store.store import Store
from web import checks, tiles


@pytest.fixture
def kept(settings: Settings, town_file: Path) -> Settings:
    """Settings of such a store, closed to others."""
    shutil.copy(town_file, settings.store)
    Path(settings.store).chmod(0o640)
    return settings


def told(settings: Settings, *more: str) -> tuple[int, dict[str, Any]]:
    """Run `flask check` and return its status, and state and message by name."""
    app = create_app(replace(settings, lang="en"))
    result = app.test_cli_runner().invoke(args=["check", "--format", "json", *more])
    answer = json.loads(result.stdout)
    app.extensions["atlas"].close()
    return result.exit_code, {one["name"]: one for one in answer["findings"]}


def test_a_machine_that_is_set_up_is_fit(kept: Settings) -> None:
    status, found = told(kept)
    assert status == 0
    wanted = {"host", "store", "share", "disk", "rights", "zones", "fonts", "libraries", "packages", "browser_files"}
    assert wanted <= set(found)
    assert {name: one["state"] for name, one in found.items() if one["state"] == "fault"} == {}
    assert found["store"] == {"name": "store", "state": "ok", "message": "The store is whole.", "remedy": ""}


def test_a_machine_without_a_store_yet_is_fit_but_told(settings: Settings) -> None:
    status, found = told(settings)
    assert (status, found["store"]["state"]) == (0, "doubt")
    assert told(settings, "--strict")[0] == 1
    assert not Path(settings.store).exists()


Break = Callable[[Settings, pytest.MonkeyPatch], None]


def _damage(settings: Settings, _: pytest.MonkeyPatch) -> None:
    Path(settings.store).write_bytes(b"SQLite format 3\0" + b"x" * 5000)


def _newer(settings: Settings, _: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(settings.store, isolation_level=None)) as other:
        other.execute("INSERT INTO atlas_migrations VALUES ('9999-later', '2030-01-01T00:00:00.000Z')")


def _mount(settings: Settings, patch: pytest.MonkeyPatch) -> None:
    mounts = settings.instance / "mounts"
    mounts.write_text("server:/share / nfs4 rw 0 0\n")
    patch.setattr(checks, "MOUNTS", mounts)


def _full(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10 << 20))


def _closed(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("os.access", lambda path, mode: False)


def _no_zones(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(checks, "ZONES", ("UTC", "Nowhere/Town"))


def _no_fonts(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tiles, "FONTS", ("/none/NotoSansCJK-Regular.ttc",))


def _no_libraries(_: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(checks, "LIBRARIES", ("pango-1.0", "no-such-library"))


def _no_files(settings: Settings, patch: pytest.MonkeyPatch) -> None:
    shutil.copy(checks.ROOT / "requirements.txt", settings.instance)
    patch.setattr(checks, "ROOT", settings.instance)


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [("store", _damage, "damaged"), ("store", _newer, "newer version"), ("share", _mount, "nfs4"),
     ("disk", _full, "10 MiB"), ("rights", _closed, "may not write"), ("zones", _no_zones, "Nowhere/Town"),
     ("fonts", _no_fonts, "Chinese"), ("libraries", _no_libraries, "no-such-library"),
     ("browser_files", _no_files, "leaflet")],
)  # fmt: skip
def test_each_fault_is_found(
    kept: Settings, name: str, make: Break, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(kept, monkeypatch)
    status, found = told(kept)
    assert (status, found[name]["state"]) == (1, "fault")
    assert said in found[name]["message"] and found[name]["remedy"]


def test_what_others_may_read_is_a_doubt(kept: Settings) -> None:
    Path(kept.store).chmod(0o644)
    status, found = told(kept)
    assert (status, found["rights"]["state"]) == (0, "doubt")
    assert Path(kept.store).name in found["rights"]["message"]


def test_what_closes_the_files_to_others_is_said_as_a_command_that_does(kept: Settings) -> None:
    secret = kept.instance / "secret"
    secret.write_text("s" * 64)
    secret.chmod(0o640)
    Path(kept.store).chmod(0o644)
    _, found = told(kept)
    command = found["rights"]["remedy"].split(": ", 1)[1]
    subprocess.run(["sh", "-c", command], check=True)
    assert (secret.stat().st_mode & 0o777, Path(kept.store).stat().st_mode & 0o777) == (0o600, 0o640)
    assert told(kept)[1]["rights"]["state"] == "ok"


def test_another_version_of_a_package_is_a_doubt(kept: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "pinned", lambda file: {"flask": "0.1", "no-such-package": "1"})
    status, found = told(kept)
    assert (status, found["packages"]["state"]) == (0, "doubt")
    assert "flask" in found["packages"]["message"] and "no-such-package" not in found["packages"]["message"]


@pytest.mark.parametrize(
    ("changes", "state", "said"),
    [({"host": "0.0.0.0"}, "fault", "nothing says"), ({"origin": "https://map.test"}, "doubt", "no accounts")],
)
def test_where_others_are_served_must_fit_together(
    kept: Settings, changes: dict[str, Any], state: str, said: str
) -> None:
    found = told(replace(kept, **changes))[1]["host"]
    assert found["state"] == state and said in found["message"] and found["remedy"]


def test_with_accounts_tls_and_the_proxy_are_looked_at(kept: Settings) -> None:
    with Store.open(kept.store) as store:
        store.add_account("Duty desk", ("administrator",))
    for changes, state, said in (
        ({"origin": "http://map.test"}, "doubt", "not encrypted"),
        ({"origin": "https://map.test"}, "doubt", "ATLAS_PROXY"),
        ({"origin": "https://map.test", "proxy": ("127.0.0.1",)}, "ok", "https://map.test"),
    ):
        found = told(replace(kept, **changes))[1]["host"]
        assert found["state"] == state and said in found["message"]


def test_every_pin_is_read() -> None:
    found = checks.pinned(checks.ROOT / "requirements.txt")
    assert len(found) > 80 and found["flask"].count(".") == 2


def _old(settings: Settings) -> None:
    """Take the record of the last migration out of a store, as if an older version had written it."""
    with closing(sqlite3.connect(settings.store, isolation_level=None)) as other:
        other.execute("DELETE FROM atlas_migrations WHERE name = '0005-severity'")


def run(settings: Settings, *arguments: str) -> dict[str, Any]:
    app = create_app(replace(settings, lang="en"))
    result = app.test_cli_runner().invoke(args=[*arguments, "--format", "json"])
    app.extensions["atlas"].close()
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_pending_migrations_are_told_tried_and_applied(kept: Settings) -> None:
    assert run(kept, "upgrade")["pending"] == []
    _old(kept)
    assert told(kept)[1]["upgrade"]["state"] == "doubt"
    for _ in range(2):  # a trial changes nothing, so the second one says the same
        tried = run(kept, "upgrade", "--dry-run")
        assert tried["pending"] == [step["name"] for step in tried["steps"]] == ["0005-severity"]
        assert tried["applied"] == [] and tried["rows"]["incidents"] == 6
    assert run(kept, "upgrade")["applied"] == ["0005-severity"]
    assert run(kept, "upgrade", "--dry-run")["steps"] == []
    assert [path.name for path in kept.instance.iterdir() if path.name.startswith("upgrade-")] == []


def test_upgrade_refuses_where_there_is_nothing(settings: Settings) -> None:
    app = create_app(replace(settings, lang="en"))
    result = app.test_cli_runner().invoke(args=["upgrade", "--dry-run"])
    assert result.exit_code == 1 and "no store" in result.stderr
