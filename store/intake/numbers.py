"""Numbers and yes/no as people write them: units, decimal commas, feet, Chinese words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from store.intake.texts import NOTHING, Texts, texts

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FOOT_M = 0.3048
_PLAIN = re.compile(r"([+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:[eE][+-]?\d+)?) ?([^\d\s].*)?$")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$")
_FEET = re.compile(r"(\d+(?:\.\d+)?) ?(?:'|′|ft|feet|foot)(?: ?(\d+(?:\.\d+)?) ?(?:\"|″|in|'')?)?$", re.IGNORECASE)
_UNITS = MappingProxyType(
    {
        "m": {
            "m": 1.0,
            "metre": 1.0,
            "metres": 1.0,
            "meter": 1.0,
            "meters": 1.0,
            "米": 1.0,
            "km": 1000.0,
            "cm": 0.01,
            "千米": 1000.0,
            "公里": 1000.0,
            "厘米": 0.01,
        },
        "deg": {"°": 1.0, "º": 1.0, "˚": 1.0, "deg": 1.0, "degrees": 1.0, "degree": 1.0, "度": 1.0},
        "px": {"px": 1.0, "pixel": 1.0, "pixels": 1.0, "像素": 1.0},
        "": {"人": 1.0},
    }
)
_YES = frozenset(
    {
        "yes",
        "y",
        "true",
        "t",
        "1",
        "on",
        "online",
        "networked",
        "connected",
        "active",
        "working",
        "intact",
        "是",
        "有",
        "在线",
        "联网",
        "已联网",
        "正常",
        "完好",
        "启用",
        "智能",
        "在用",
    }
)
_NO = frozenset(
    {
        "no",
        "n",
        "false",
        "f",
        "0",
        "off",
        "offline",
        "disconnected",
        "inactive",
        "broken",
        "standalone",
        "否",
        "无",
        "离线",
        "未联网",
        "不联网",
        "故障",
        "损坏",
        "停用",
        "非智能",
        "异常",
        "不在线",
    }
)


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes
    ----------
    value
        float64 (n,), NaN where missing or at fault.
    bad
        Cells that hold something else than a number.
    empty_words
        How many cells say in words that nothing is known; they stay missing.
    feet
        How many were feet and became metres.
    """

    value: Floats
    bad: Mask
    empty_words: int = 0
    feet: int = 0


def read_numbers(values: NDArray[Any], unit: str = "", *, whole: bool = False) -> Numbers:
    """Return the numbers in `values` (any dtype, shape (n,)), in `unit`.

    A comma is a decimal comma ("3,5"). Where it may as well part thousands ("1,234") it does so for whole numbers,
    and is at fault otherwise.
    """
    if values.dtype.kind in "iuf":
        value = values.astype(np.float64)
        return Numbers(np.where(np.isfinite(value), value, np.nan), np.isinf(value))
    column = texts(values)
    fast = pd.to_numeric(pd.Series(column.values, dtype=object), errors="coerce").to_numpy(np.float64, copy=True)
    bad = ~np.isfinite(fast)
    fast[bad] = np.nan
    nothing, feet = np.zeros(len(fast), dtype=bool), np.zeros(len(fast), dtype=bool)
    for index in np.flatnonzero(bad).tolist():
        text = column.values[index]
        if text.lower() in NOTHING:
            nothing[index], bad[index] = True, False
            continue
        number, was_feet = _number(text, unit, whole=whole)
        if number is not None:
            fast[index], bad[index], feet[index] = number, False, was_feet
    counts = column.counts()
    return Numbers(
        np.append(fast, np.nan)[column.codes], column.mask(bad), int(counts[nothing].sum()), int(counts[feet].sum())
    )


def read_yes_no(column: Texts) -> tuple[NDArray[np.int8], Mask]:
    """Return 1, 0 or -1 (missing), and which cells are neither yes, no nor missing."""
    state = np.full(len(column.values) + 1, -1, dtype=np.int8)
    bad = np.zeros(len(column.values), dtype=bool)
    for index, text in enumerate(column.values):
        word = text.lower()
        if word in _YES:
            state[index] = 1
        elif word in _NO:
            state[index] = 0
        elif word not in NOTHING:
            bad[index] = True
    return state[column.codes], column.mask(bad)


def _number(text: str, unit: str, *, whole: bool) -> tuple[float | None, bool]:
    if _THOUSANDS.match(text):
        sure = whole or "." in text or text.count(",") > 1
        return (float(text.replace(",", "")), False) if sure else (None, False)
    if unit == "m" and (match := _FEET.match(text)):
        return float(match[1]) * FOOT_M + (float(match[2]) * FOOT_M / 12 if match[2] else 0.0), True
    if unit == "px" and (match := re.match(r"(\d{3,5}) ?[x×*] ?\d{3,5}$", text, re.IGNORECASE)):
        return float(match[1]), False
    match = _PLAIN.match(text)
    if match is None:
        return None, False
    factor = 1.0 if match[2] is None else _UNITS.get(unit, {}).get(match[2].strip().lower())
    number = float(match[1].replace(",", "."))
    return (None if factor is None or not np.isfinite(number) else number * factor), False
