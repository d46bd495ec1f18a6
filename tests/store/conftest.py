"""What every test of the store needs."""

from __future__ import annotations

from collections.abc import Iterator

import pyogrio
import pytest


@pytest.fixture(autouse=True)
def gdal_as_it_was() -> Iterator[None]:
    """Readers of files run in processes of their own; their settings of GDAL must not stay in this one."""
    yield
    pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": None, "SHAPE_ENCODING": None})
