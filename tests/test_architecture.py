"""The house: imports run one way, `geo` is pure, Flask stays in `web`, Folium in `layers` and one module of `web`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("geo", "store", "layers", "web")
MAY_IMPORT = {
    "geo": {"geo"},
    "store": {"store", "geo"},
    "layers": {"layers", "geo"},
    "web": {"web", "layers", "store", "geo", "settings"},
    "settings": set(),
    "app": {"web", "settings", "store", "layers", "geo"},
}
OURS = {*PACKAGES, "app", "settings", "tests", "bench"}
IMPURE = {
    "os",
    "pathlib",
    "io",
    "time",
    "tempfile",
    "shutil",
    "subprocess",
    "socket",
    "sqlite3",
    "pyogrio",
    "logging",
    "random",
}
LONGEST = 300


def modules() -> list[Path]:
    files = [ROOT / "app.py", ROOT / "settings.py"]
    for package in PACKAGES:
        files += sorted((ROOT / package).rglob("*.py"))
    return files


def room(path: Path) -> str:
    """Return the package (or top-level module) that `path` belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(source: str) -> Iterator[str]:
    """Yield the dotted name of every import in `source`, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise AssertionError("relative imports hide the direction; name the package")
            yield node.module or ""


def breaches(package: str, source: str) -> list[str]:
    """Return the imports of `source` that a module of `package` may not make."""
    found = []
    for name in imported(source):
        top = name.split(".")[0]
        if top in OURS and top not in MAY_IMPORT[package]:
            found.append(name)
        if top in {"flask", "werkzeug", "jinja2", "flask_babel"} and package not in {"web", "app"}:
            found.append(name)
        if package == "geo" and top in IMPURE:
            found.append(name)
    return found


def impure_calls(source: str) -> list[str]:
    """Return calls in `source` that open a file or read a clock."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            text = ast.unparse(node.func)
            if text in {"open", "input"} or text.endswith((".now", ".today", ".utcnow", ".read_file", ".to_file")):
                found.append(text)
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    assert breaches(room(path), path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", sorted((ROOT / "geo").rglob("*.py")), ids=lambda path: path.name)
def test_geo_reads_no_file_clock_or_environment(path: Path) -> None:
    assert impure_calls(path.read_text("utf-8")) == []


def test_folium_is_imported_by_layers_and_one_module_of_web_only() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in modules()
        if any(name.split(".")[0] in {"folium", "branca"} for name in imported(path.read_text("utf-8")))
    }
    assert {user for user in users if not user.startswith("layers/")} == {"web/maps.py"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_holds_one_concept(path: Path) -> None:
    length = len(path.read_text("utf-8").splitlines())
    assert length <= LONGEST, f"{length} lines; split it by concept"


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("geo", "import store.schema"),
        ("geo", "def f():\n    import os"),
        ("store", "from flask import g"),
        ("store", "from layers import base"),
        ("layers", "from store.store import Store"),
        ("store", "import web.api"),
    ],
)
def test_a_breach_is_seen(package: str, source: str) -> None:
    assert breaches(package, source) != []


def test_an_impure_call_is_seen() -> None:
    assert impure_calls("import datetime\nx = datetime.datetime.now()\ny = open('f')") == [
        "datetime.datetime.now",
        "open",
    ]
