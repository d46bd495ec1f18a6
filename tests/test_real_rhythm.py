"""Real records: St. Louis' twelve years and Washington's month have the seasons and hours that pandas finds in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
import pyogrio
import pytest

from geo.local_time import local_time
from geo.rhythm import by_month, day_span, dense_span, hour_week

CHICAGO, NEW_YORK = "America/Chicago", "America/New_York"


@pytest.fixture(scope="module")
def saint_louis(shared_data: Path) -> pd.DatetimeIndex:
    """The local times of St. Louis' record, those a clock change skips left out."""
    table = pyarrow.parquet.read_table(shared_data / "stl" / "stl_incidents_2008_2019.parquet", columns=["t"])
    times = pd.DatetimeIndex(table.column("t").to_numpy()).dropna().as_unit("ms")
    return times.tz_localize(CHICAGO, ambiguous=np.zeros(len(times), bool), nonexistent="NaT").dropna()


def test_the_seasons_of_saint_louis(saint_louis: pd.DatetimeIndex) -> None:
    times = saint_louis.tz_convert("UTC").tz_localize(None).to_numpy()
    local = local_time(times, CHICAGO)
    # Frauds of years ago are reported with their old dates: the record begins a century early.
    whole, dense = day_span(local.day, CHICAGO), dense_span(local.day)
    assert whole is not None and dense is not None
    assert str(np.datetime64(whole.first, "D"))[:2] == "19"
    assert (str(np.datetime64(dense.first, "D")), str(np.datetime64(dense.end - 1, "D"))[:4]) == ("2008-01-01", "2019")
    inside = (local.day >= dense.first) & (local.day < dense.end)
    assert inside.mean() > 0.99

    found = by_month(local, inside, dense)
    frame = pd.Series(1, index=saint_louis[inside])
    expected = frame.groupby([frame.index.year, frame.index.month]).size()
    keys = list(zip(found.year.tolist(), found.month.tolist(), strict=True))
    assert dict(zip(keys, found.counts.tolist(), strict=True)) == {
        (int(year), int(month)): int(count) for (year, month), count in expected.items()
    }
    lengths = pd.DatetimeIndex([pd.Timestamp(year, month, 1) for year, month in keys]).days_in_month
    assert (found.days[~found.partial] == lengths[~found.partial]).all()
    # July is the busiest month and February the quietest, per day; sums would say the same of February wrongly.
    mean = found.mean_year()
    days = pd.date_range(pd.Timestamp("1970-01-01") + pd.Timedelta(days=dense.first), periods=len(dense.days))
    per_day = frame.groupby(frame.index.month).size() / pd.Series(1, index=days).groupby(days.month).size()
    assert mean == pytest.approx(per_day.to_numpy())
    assert set(np.argsort(mean)[-3:] + 1) <= {5, 6, 7, 8, 9}
    assert set(np.argsort(mean)[:3] + 1) <= {1, 2, 3, 12}


def test_the_hours_of_saint_louis(saint_louis: pd.DatetimeIndex) -> None:
    local = local_time(saint_louis.tz_convert("UTC").tz_localize(None).to_numpy(), CHICAGO)
    found = hour_week(local, np.ones(len(saint_louis), bool), dense_span(local.day))
    expected = pd.Series(1, index=saint_louis).groupby([saint_louis.day_of_week, saint_louis.hour]).size()
    assert found.counts.tolist() == expected.unstack(fill_value=0).to_numpy().tolist()
    assert (int(found.counts.sum()), found.unknown) == (len(saint_louis), 0)
    night = found.counts[:, 3:6].sum() / 3
    assert night < found.counts[:, 12:20].sum() / 8


def test_washington_has_beginnings_of_years_before(shared_data: Path) -> None:
    crimes = pyogrio.read_dataframe(shared_data / "dc" / "crime_30d_2016.geojson")
    begun = pd.DatetimeIndex(crimes["START_DATE"])
    local = local_time(begun.tz_localize(None).to_numpy().astype("datetime64[ms]"), NEW_YORK)
    known = begun.dropna().tz_convert(NEW_YORK)
    found = hour_week(local, np.arange(len(begun)), day_span(local.day, NEW_YORK))
    expected = pd.Series(1, index=known).groupby([known.day_of_week, known.hour]).size()
    assert found.counts.tolist() == expected.unstack(fill_value=0).to_numpy().tolist()
    assert found.unknown == int(begun.isna().sum())
    whole, dense = day_span(local.day, NEW_YORK), dense_span(local.day)
    assert whole is not None and dense is not None
    assert len(whole.days) > 1000 > 150 > len(dense.days)
    months = by_month(local, np.arange(len(begun)), whole)
    assert int(months.counts.sum()) + months.unknown == len(begun) == 2870
