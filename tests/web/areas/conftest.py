"""The town of two districts, served: with what lies outside the area, and without."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from store.store import Store
from tests.web.areas.town import served, write

Written = Callable[[bool], Path]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Return a closed store with both districts, or with the inside one only; tests take copies."""
    made: dict[bool, Path] = {}

    def of(outside: bool) -> Path:
        if outside not in made:
            made[outside] = tmp_path_factory.mktemp("areas") / "atlas.gpkg"
            with Store.open(made[outside]) as store:
                write(store, outside=outside)
        return made[outside]

    return of


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as found:
        yield found


def _copied(written: Path, folder: Path) -> Path:
    shutil.copy(written, folder / "atlas.gpkg")
    return folder


@pytest.fixture(scope="module")
def full(
    compiled: None, written: Written, tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """Both districts."""
    with served(_copied(written(True), tmp_path_factory.mktemp("full")), patch) as app:
        yield app


@pytest.fixture(scope="module")
def alone(
    compiled: None, written: Written, tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The inside district only."""
    with served(_copied(written(False), tmp_path_factory.mktemp("alone")), patch) as app:
        yield app


@pytest.fixture
def changing(compiled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Both districts with few incidents inside, of one test that changes them."""
    with Store.open(tmp_path / "atlas.gpkg") as store:
        write(store, outside=True, many=50)
    with served(tmp_path, monkeypatch) as app:
        yield app
