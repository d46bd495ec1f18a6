"""Which layer a table of points is taken for: only incidents happen at a time."""

from __future__ import annotations

import numpy as np
import pytest

from store.intake.preview import guess_layer
from store.intake.raw import RawTable


def table(columns: dict[str, list[object]]) -> RawTable:
    arrays = {}
    for name, values in columns.items():
        arrays[name] = np.empty(len(values), dtype=object)
        arrays[name][:] = values
    count = len(next(iter(arrays.values())))
    return RawTable(
        columns=arrays,
        geometry=None,
        row=np.arange(1, count + 1),
        crs=None,
        encoding="utf-8",
        driver="CSV",
        layer_name="t",
        notes=(),
        rejects=(),
        total=count,
    )


PLACE = {"经度": ["114.1", "114.2"], "纬度": ["30.1", "30.2"]}


@pytest.mark.parametrize(
    ("columns", "layer"),
    [
        ({"类别": ["噪声", "垃圾"], "发生时间": ["2024-05-01 08:00", "2024-05-02 09:10"]}, "incidents"),
        ({"类别": ["噪声", "垃圾"], "登记": ["2024-05-01 08:00", "2024/5/2 9:10"]}, "incidents"),
        ({"类型": ["噪声", "垃圾"], "什么时候": ["2024年5月1日 8:00", "2024年5月2日 9:10"]}, "incidents"),
        ({"类别": ["学校", "医院"], "名称": ["一小", "一院"]}, "places"),
        ({"类别": ["学校", "医院"], "编号": ["2024-1", "2024-2"]}, "places"),
    ],
)
def test_a_column_of_times_makes_incidents(columns: dict[str, list[object]], layer: str) -> None:
    assert guess_layer(table({**columns, **PLACE}), "table.csv") == layer


def test_a_direction_outweighs_a_time_of_upkeep() -> None:
    columns = {"方位角": ["90", "180"], "更新": ["2024-05-01 08:00", "2024-05-02 09:10"], **PLACE}
    assert guess_layer(table(columns), "points.csv") == "cameras"
