"""Comparison, score and displacement on real cities: St. Louis 2008 to 2019, Washington 2016."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats

from geo.columns import Codes, LayerColumns, Snapshot
from geo.crs import WGS84, transform_xy
from geo.periods import around
from layers.base import Params
from layers.compared import compared
from layers.joins import assigned
from layers.measure import Measure, outcome
from layers.scored import judge
from tests.layers.factory import layer, snapshot

CHICAGO, NEW_YORK = "America/Chicago", "America/New_York"
UTM15, UTM18 = "EPSG:32615", "EPSG:32618"


def points(lon: np.ndarray, lat: np.ndarray, when: np.ndarray, category: pd.Series, crs: str) -> LayerColumns:
    codes, known = pd.factorize(category, sort=True)
    x, y = transform_xy(lon, lat, WGS84, crs)
    n = len(x)
    columns = {
        "category": Codes(tuple(map(str, known)), codes.astype(np.int32)),
        "occurred_at": when.astype("datetime64[ms]"),
    }
    return LayerColumns("incidents", 1, np.arange(n), columns, x=x, y=y)


def local(zone: str, text: str) -> np.datetime64:
    return np.datetime64(pd.Timestamp(text, tz=zone).tz_convert("UTC").tz_localize(None), "ms")


@pytest.fixture(scope="module")
def frame(shared_data: Path) -> pd.DataFrame:
    found = pd.read_parquet(shared_data / "stl" / "stl_incidents_2008_2019.parquet",
                            columns=["description", "t", "lon", "lat"])  # fmt: skip
    return found[np.isfinite(found["lon"]) & np.isfinite(found["lat"])].reset_index(drop=True)


@pytest.fixture(scope="module")
def st_louis(frame: pd.DataFrame, shared_data: Path) -> Snapshot:
    shapes = geopandas.read_file(shared_data / "stl" / "neighborhoods_79.geojson").to_crs(UTM15)
    grids = layer("grids", len(shapes), geometry=shapes.geometry.array, code=shapes["NHD_NUM"].astype(int).astype(str),
                  name=shapes["NHD_NAME"], level=["neighbourhood"] * len(shapes))  # fmt: skip
    utc = frame["t"].dt.tz_localize(CHICAGO, ambiguous=True, nonexistent="shift_forward").dt.tz_convert("UTC")
    incidents = points(
        frame["lon"].to_numpy(),
        frame["lat"].to_numpy(),
        utc.dt.tz_localize(None).to_numpy(),
        frame["description"],
        UTM15,
    )
    return snapshot({"grids": grids, "incidents": incidents}, crs=UTM15, timezone=CHICAGO)


YEAR = Params(start=local(CHICAGO, "2019-01-01"), end=local(CHICAGO, "2020-01-01"), against="last_year")


def test_st_louis_year_on_year_is_what_pandas_and_scipy_say(st_louis: Snapshot, frame: pd.DataFrame) -> None:
    result = compared(st_louis, YEAR, "neighbourhood")
    found = result.grids()
    assert result.windows is not None and found is not None
    assert (str(result.windows.record.start)[:10], str(result.windows.record.end)[:10]) == ("2008-01-01", "2020-01-01")
    joined = assigned(st_louis, "neighbourhood")
    codes = st_louis["grids"].text("code")[joined.rows]
    table = pd.DataFrame({"grid": joined.index, "year": frame["t"].dt.year})
    counts = table[table["grid"] >= 0].groupby(["grid", "year"]).size().unstack(fill_value=0)
    np.testing.assert_array_equal(found.now[counts.index], counts[2019])
    np.testing.assert_array_equal(found.before[counts.index], counts[2018])
    p = [stats.binomtest(int(a), int(a + b), 0.5).pvalue for a, b in zip(found.now, found.before, strict=True)]
    q = stats.false_discovery_control(p)
    np.testing.assert_allclose(found.q, q, rtol=1e-7)
    beyond = {codes[i]: int(found.difference[i]) for i in np.flatnonzero(q <= 0.05)}
    # Downtown West, Forest Park South East, Lindenwood Park, Greater Ville; Tower Grove East, Carr Square.
    assert {code for code, change in beyond.items() if change > 0} == {"36", "39", "9", "56"}
    assert {code for code, change in beyond.items() if change < 0} == {"25", "61"}
    place = codes.tolist().index("36")
    assert (found.now[place], found.before[place]) == (2158, 1802)


def test_the_year_before_the_record_is_told_as_not_recorded(st_louis: Snapshot) -> None:
    # The file holds stray dates back to 1900: they are no record.
    times = st_louis["incidents"].columns["occurred_at"]
    assert isinstance(times, np.ndarray) and times.min() < np.datetime64("1950")
    first = Params(start=local(CHICAGO, "2008-01-01"), end=local(CHICAGO, "2009-01-01"), against="last_year")
    assert compared(st_louis, first, "neighbourhood").state == "before_not_covered"


def test_days_shared_out_by_lot_raise_few_alarms(st_louis: Snapshot) -> None:
    # Days of 2018 and 2019 in random halves: no change but chance, and bursts that the test does not know.
    rng = np.random.default_rng(0)
    incidents = st_louis["incidents"]
    joined = assigned(st_louis, "neighbourhood")
    result = compared(st_louis, YEAR, "neighbourhood")
    day = incidents.columns["occurred_at"].astype("datetime64[D]").astype(int)  # type: ignore[union-attr]
    recent = (day >= 17_532) & (day < 18_262) & (joined.index >= 0)
    alarms = []
    for _ in range(20):
        half = np.zeros(730, bool)
        half[rng.permutation(730)[:365]] = True
        first = half[day[recent] - 17_532]
        sides = [np.bincount(joined.index[recent][first == side], minlength=88) for side in (True, False)]
        alarms.append(int((result.change(*sides).kind >= 2).sum()))
    assert np.mean(alarms) <= 0.5  # of 88; the guide has 0.18 over 200 draws


def test_st_louis_heat_foretells_better_than_chance_and_worse_than_the_best(st_louis: Snapshot) -> None:
    for surface, low, high in (("heat", 5.0, 7.0), ("grids", 2.0, 3.5)):
        found = judge(st_louis, YEAR, surface)  # type: ignore[arg-type]
        assert found.state == "ok" and found.surface is not None and found.cells is not None and found.parts is not None
        assert (str(found.parts.test.start)[:10], found.later + found.outside) == ("2019-12-01", 3184)
        assert len(found.cells) == pytest.approx(16_100, abs=50)
        assert low < found.surface.pai[1] < high
        assert found.surface.pei[1] < 1


def test_a_measure_nobody_took_is_no_finding_beside_the_placebo(st_louis: Snapshot) -> None:
    codes = st_louis["grids"].text("code")
    before, after = around(local(CHICAGO, "2018-07-01"), 181, 184, CHICAGO)
    alone, beside = [], []
    for code in codes:
        found = outcome(st_louis, Params(), Measure((code,), None, (), before, after, 150.0))
        assert found.total is not None and found.areas is not None and found.placebo is not None
        assert shapely.area(shapely.intersection(found.areas[2], found.areas[3])) < 1.0
        alone.append(found.total.p < 0.05)
        beside.append(found.placebo.p <= 0.05)
    # As the guide says: the counts alone raise an alarm in every fourth neighbourhood, the placebo in few.
    assert (round(100 * np.mean(alone)), round(100 * np.mean(beside))) == (24, 7)


def test_washington_by_weeks(shared_data: Path) -> None:
    crime = geopandas.read_file(shared_data / "dc" / "crime_30d_2016.geojson")
    wards = geopandas.read_file(shared_data / "dc" / "wards_2012.geojson").to_crs(UTM18)
    grids = layer("grids", len(wards), geometry=wards.geometry.array, code=wards["WARD_ID"].astype(str),
                  level=["ward"] * len(wards))  # fmt: skip
    when = pd.to_datetime(crime["REPORTDATETIME"], utc=True).dt.tz_localize(None)
    incidents = points(
        crime.geometry.x.to_numpy(), crime.geometry.y.to_numpy(), when.to_numpy(), crime["OFFENSE"], UTM18
    )
    town = snapshot({"grids": grids, "incidents": incidents}, crs=UTM18, timezone=NEW_YORK)
    last = when.max().tz_localize("UTC").tz_convert(NEW_YORK).normalize()
    start, end = (np.datetime64(day.tz_convert("UTC").tz_localize(None), "ms")
                  for day in (last - pd.Timedelta(days=7), last))  # fmt: skip
    result = compared(town, Params(start=start, end=end), "ward")
    found = result.grids()
    assert result.state == "ok" and found is not None and result.now is not None
    inside = ((when >= start) & (when < end)).to_numpy()
    recorded = crime["WARD"][inside].astype(int).astype(str).value_counts()
    codes = wards["WARD_ID"].astype(str).to_numpy()
    assert sum(abs(int(found.now[i]) - int(recorded.get(code, 0))) for i, code in enumerate(codes)) <= 4
    assert int(found.now.sum()) + result.now.outside == int(inside.sum())
    assert judge(town, Params(), "heat").state == "ok"
