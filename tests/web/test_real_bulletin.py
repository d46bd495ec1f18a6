"""Bulletins of real towns: every count as another program finds it, year on year and for a month cut short."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from flask import Flask
from scipy.stats import binomtest

from app import create_app
from settings import Settings

CHICAGO = "America/Chicago"


def opened(folder: Path) -> Iterator[Flask]:
    app = create_app(Settings(store=str(folder / "atlas.gpkg"), instance=folder, lang="en"))
    yield app
    app.extensions["atlas"].close()


def command(app: Flask, *arguments: str) -> None:
    result = app.test_cli_runner().invoke(args=[*arguments, "--format", "json"])
    assert result.exit_code == 0, result.output


def book(app: Flask, **query: str) -> dict[str, list[tuple[Any, ...]]]:
    answer = app.test_client().get("/api/bulletin.xlsx", query_string={"lang": "en", **query})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    sheets = openpyxl.load_workbook(io.BytesIO(answer.data))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in sheets}


def rows(sheet: list[tuple[Any, ...]]) -> dict[Any, dict[str, Any]]:
    return {row[0]: dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]}


@pytest.fixture(scope="module")
def louis(shared_data: Path, compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Any]]:
    """St. Louis in December 2017, November and December 2018, with the place of each incident by another program."""
    folder = tmp_path_factory.mktemp("louis")
    stl = shared_data / "stl"
    whole = pd.read_parquet(stl / "stl_incidents_2008_2019.parquet")
    part = whole[whole["t"].dt.strftime("%Y-%m").isin(["2017-12", "2018-11", "2018-12"])].drop(columns="t")
    part.to_parquet(folder / "part.parquet")
    for app in opened(folder):
        command(app, "import", "incidents", str(folder / "part.parquet"), "--timezone", CHICAGO)
        command(app, "import", "grids", str(stl / "neighborhoods_79.geojson"), "--map", "code=NHD_NUM",
                "--map", "name=NHD_NAME", "--const", "level=neighborhood")  # fmt: skip
        snapshot = app.extensions["atlas"].snapshot()
        incidents = snapshot["incidents"]
        points = gpd.GeoDataFrame(
            {"when": pd.DatetimeIndex(incidents.columns["occurred_at"]).tz_localize("UTC").tz_convert(CHICAGO)},
            geometry=gpd.points_from_xy(incidents.x, incidents.y), crs=snapshot.crs,
        )  # fmt: skip
        areas = gpd.read_file(stl / "neighborhoods_79.geojson").to_crs(snapshot.crs)
        yield app, points.sjoin(areas, how="left", predicate="intersects")


def test_december_2018_in_st_louis(louis: tuple[Flask, Any]) -> None:
    app, joined = louis
    found = book(app, month="2018-12", level="neighborhood")
    joined = joined[~joined.index.duplicated()]  # on a border: counted once
    counts = {
        label: joined[joined["when"].dt.strftime("%Y-%m") == label] for label in ("2018-12", "2018-11", "2017-12")
    }
    summary = {row[0]: row[1:] for row in found["Summary"]}
    now, before, year = (len(counts[label]) for label in ("2018-12", "2018-11", "2017-12"))
    assert now > 3000 and summary["Incidents"][0] == now
    assert summary["Against the month before"][0] == before and summary["Against the same month last year"][0] == year
    assert summary["Against the same month last year"][1] == pytest.approx(100 * (now / year - 1))  # both have 31 days
    assert summary["Against the month before"][1] == pytest.approx(
        100 * ((now / (31 * 24)) / (before / (30 * 24 + 1)) - 1)  # summer time ended in November
    )
    said = summary["Against the same month last year"][2] == "within chance"
    assert said == (binomtest(now, now + year, 0.5).pvalue > 0.05)
    grids = rows(found["Grids"])
    by_name = {label: part.groupby("NHD_NAME").size() for label, part in counts.items()}
    differ = 0
    for row in grids.values():
        mine = [int(by_name[label].get(row["Name"], 0)) for label in ("2018-12", "2018-11", "2017-12")]
        differ += sum(abs(a - b) for a, b in zip(mine, (row["Incidents"], row["Month before"], row["Year before"]),
                                                 strict=True))  # fmt: skip
    assert len(grids) == 88 and differ <= 6  # who lies on a common border may be counted on its other side
    days = {row[0].date(): row[2] for row in found["Incidents per day"][1:]}
    per_day = counts["2018-12"]["when"].dt.date.value_counts()
    assert len(days) == 31 and all(days[day] == per_day.get(day, 0) for day in days) and date(2018, 12, 31) in days


def test_a_month_of_washington_that_the_data_cover_in_part(shared_data: Path, compiled: None, tmp_path: Path) -> None:
    dc = shared_data / "dc"
    for app in opened(tmp_path):
        command(
            app, "import", "grids", str(dc / "wards_2012.geojson"), "--map", "code=WARD_ID", "--const", "level=ward"
        )
        command(app, "import", "incidents", str(dc / "crime_30d_2016.geojson"), "--timezone", "America/New_York")
        found = book(app, month="2016-08", level="ward")
        summary = {row[0]: row[1] for row in found["Summary"]}
        assert "Partial month: the data cover 1 Aug 2016 to 14 Aug 2016 only." in summary
        times = pd.DatetimeIndex(app.extensions["atlas"].snapshot()["incidents"].columns["occurred_at"])
        local = times.tz_localize("UTC").tz_convert("America/New_York")
        august = int((local.strftime("%Y-%m") == "2016-08").sum())
        assert summary["Incidents"] == august == 1135
        assert [row[2] for row in found["Incidents per day"][15:]] == [0] * 17
        head = found["Grids"][0]
        # July is whole, August of 14 days: the change is that of the mean per day. A year ago there are no data.
        for row in found["Grids"][1:]:
            rate = 100 * ((row[head.index("Incidents")] / 14) / (row[head.index("Month before")] / 31) - 1)
            assert row[head.index("Month before: Change per day (%)")] == pytest.approx(rate)
            assert row[head.index("Year before")] is None
