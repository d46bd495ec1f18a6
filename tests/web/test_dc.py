"""Washington DC through the commands: the police's own codes are an independent answer to the spatial join."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from flask import Flask


def run(app: Flask, *arguments: str) -> Any:
    result = app.test_cli_runner().invoke(args=[*arguments, "--format", "json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("level", "file", "code", "recorded", "known"),
    [
        ("anc", "anc_2013.geojson", "ANC_ID", "ANC", 2870),
        ("tract", "census_tracts_2010.geojson", "TRACT", "CENSUS_TRACT", 2867),
    ],
)
def test_every_crime_is_where_the_police_say(
    app: Flask, shared_data: Path, level: str, file: str, code: str, recorded: str, known: int
) -> None:
    crimes = shared_data / "dc" / "crime_30d_2016.geojson"
    run(app, "import", "grids", str(shared_data / "dc" / file), "--map", f"code={code}", "--const", f"level={level}")
    report = run(app, "import", "incidents", str(crimes), "--map", f"grid_code={recorded}", "--map", "category=OFFENSE",
                 "--map", "occurred_at=REPORTDATETIME", "--timezone", "America/New_York")  # fmt: skip
    assert (report["accepted"], report["rejected"]) == (2870, 0)

    frame = pyogrio.read_dataframe(crimes)
    check = app.test_client().get(f"/api/assignment?level={level}&near_m=0").get_json()
    assert int(frame[recorded].notna().sum()) == known
    assert (check["total"], check["differs"], check["outside"]) == (2870, 0, 2870 - known)

    found = run(app, "density", "--level", level)
    assert (found["total"], found["outside"]) == (2870, 2870 - known)
    located = Counter({grid["code"]: grid["incidents"] for grid in found["grids"] if grid["incidents"]})
    assert located == Counter(frame[recorded].dropna())

    thefts = frame[frame["OFFENSE"].str.startswith("THEFT")]["OFFENSE"]
    categories = [text for name in sorted(set(thefts)) for text in ("--category", name)]
    assert run(app, "density", "--level", level, *categories)["total"] == len(thefts)

    # Local midnight in Washington is 04:00 UTC in July and August.
    start, end = "2016-07-20", "2016-07-21"
    times = frame["REPORTDATETIME"]
    inside = (times >= f"{start}T04:00Z") & (times < f"{end}T04:00Z")
    assert run(app, "density", "--level", level, "--from", start, "--to", end)["total"] == int(inside.sum()) > 0


def test_codes_recorded_on_one_level_differ_on_none(app: Flask, shared_data: Path) -> None:
    files = {"ward": ("wards_2012", "WARD_ID"), "anc": ("anc_2013", "ANC_ID"), "smd": ("smd_2013", "SMD_ID")}
    for level, (file, code) in files.items():
        run(app, "import", "grids", str(shared_data / "dc" / f"{file}.geojson"), "--map", f"code={code}",
            "--const", f"level={level}")  # fmt: skip
    crimes = shared_data / "dc" / "crime_30d_2016.geojson"
    run(app, "import", "incidents", str(crimes), "--map", "grid_code=ANC", "--timezone", "America/New_York")
    for level in ("ward", "anc", "smd"):
        check = app.test_client().get(f"/api/assignment?level={level}&near_m=0").get_json()
        assert (check["total"], check["differs"]) == (2870, 0)
