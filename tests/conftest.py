"""Fixtures shared by every area of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on what else the machine does. The rest is Hypothesis' own profile: on a CI machine
# the same examples every time, elsewhere new ones.
settings.register_profile("atlas", settings.default, deadline=None)
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
