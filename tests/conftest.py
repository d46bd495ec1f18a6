"""Fixtures shared by every area of the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes, or its making, depends on what else the machine does.
# The same examples every time, so that a change is judged by itself; at full length (`ATLAS_FULL=1`) new ones, and of
# each property as many as Hypothesis takes by itself.
FULL = os.environ.get("ATLAS_FULL") == "1"
settings.register_profile(
    "atlas",
    settings.default,
    deadline=None,
    suppress_health_check=[*settings.default.suppress_health_check, HealthCheck.too_slow],
    **({} if FULL else {"derandomize": True, "max_examples": 40}),
)
settings.load_profile("atlas")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _shared(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the real input beside the project ({name}) is not present")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real geodata, beside the project; tests that need it skip where it is absent."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_corpora() -> Path:
    """Folder of format corpora, beside the project."""
    return _shared("corpora")


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store with the town in it; tests that change it take a copy."""
    from store.store import Store  # only where a test asks for it
    from tests.web.conftest import fill

    path = tmp_path_factory.mktemp("town_file") / "atlas.gpkg"
    with Store.open(path) as store:
        fill(store)
    return path
