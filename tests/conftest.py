"""Fixtures shared by every area of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

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
