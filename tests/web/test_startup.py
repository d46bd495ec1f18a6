"""What starts the program stays light: a command's help and /healthz wait for no library they do not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("folium", "geopandas", "numba", "openpyxl", "pandas", "PIL", "pyarrow", "pyogrio", "scipy")


def loaded(program: str) -> str:
    """Return which of `HEAVY` a new process has imported after `program`."""
    tell = f"import sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-c", f"{program}\n{tell}"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return ended.stdout.strip()


def test_making_the_application_imports_nothing_heavy() -> None:
    assert loaded("import app\napp.create_app()") == ""


def test_answering_that_the_server_is_up_imports_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import app, settings\n"
        f"made = app.create_app(settings.from_env({{'ATLAS_STORE': {str(tmp_path / 'atlas.gpkg')!r}}}))\n"
        "assert made.test_client().get('/healthz').status_code == 200"
    )
    assert loaded(program) == ""


def test_a_heavy_import_is_seen() -> None:
    assert "pandas" in loaded("import pandas")
