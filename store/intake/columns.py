"""The canonical columns of a layer, each read by its kind: text, number, yes or no, time, direction."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import N_
from store.intake import cameras
from store.intake.mapping import FieldMap
from store.intake.numbers import read_numbers, read_yes_no
from store.intake.options import ImportOptions
from store.intake.reasons import (
    NOT_A_NUMBER,
    NOT_A_NUMBER_REMEDY,
    NOT_YES_NO,
    NOT_YES_NO_REMEDY,
    OUT_OF_RANGE,
    OUT_OF_RANGE_REMEDY,
    Ledger,
)
from store.intake.texts import missing, plain, texts
from store.intake.times import read_times
from store.schema import Column, Kind, Layer

Values = NDArray[Any]
LONGEST_TEXT = 2_000
# Columns that name a grid: in all files it has to be the same text.
_GRID_CODES = frozenset({"code", "parent", "grid_code"})
_WITH_POINT_ZERO = re.compile(r"(?:0|[1-9]\d*)\.0")

_TOO_LONG = (N_("The text is longer than {longest} characters."), N_("Shorten it."))
_CONTROL = (N_("The text holds characters that are not text."), N_("Check the encoding: --encoding."))
# A number for "high" would be an invention that every weighted figure then carries on.
_NO_SEVERITY = N_(
    "Write a number of 0 or more by your own scale, more being graver; or leave the field empty: --map severity="
)
_NOT_WHOLE = (N_("This is not a whole number."), N_("Write a whole number, or leave the cell empty."))


class ColumnReader:
    """Reads the canonical columns of a layer by their kinds."""

    def __init__(
        self,
        layer: Layer,
        columns: dict[str, Values],
        fields: FieldMap,
        options: ImportOptions,
        ledger: Ledger,
        utc: frozenset[str],
    ) -> None:
        self.layer, self.columns, self.fields, self.options, self.ledger = layer, columns, fields, options, ledger
        self.utc = utc
        self.used_timezone = False

    def source(self, name: str) -> tuple[Values | None, str]:
        """Return the source values of a field and what they are called in messages."""
        if name in self.fields.const:
            return np.full(len(self.ledger), self.fields.const[name], dtype=object), f"--const {name}"
        column = self.fields.columns.get(name)
        return (None, "") if column is None else (self.columns[column], column)

    def read(self) -> dict[str, Values]:
        result: dict[str, Values] = {}
        for column in self.layer.columns:
            values, name = self.source(column.name)
            if self.layer.name == "cameras" and column.name == "azimuth_deg":
                result |= self._azimuth(values, name)
            elif column.name == "azimuth_tolerance_deg":
                own = self._column(column, values, name)
                result[column.name] = np.where(np.isnan(own), result[column.name], own)
            else:
                result[column.name] = self._column(column, values, name)
        if self.layer.name == "cameras":
            result["kind"] = cameras.kinds_from_tags(self.columns, result["kind"], self.ledger)
            panorama, width = result.pop("_panorama"), result.pop("_hfov")
            result["kind"] = np.where(missing(result["kind"]), panorama, result["kind"])
            result["hfov_deg"] = np.where(np.isnan(result["hfov_deg"]), width, result["hfov_deg"])
            tolerance = result["azimuth_tolerance_deg"]
            result["azimuth_tolerance_deg"] = np.where(np.isnan(result["azimuth_deg"]), np.nan, tolerance)
        return {name: result[name] for name in self.layer.names}

    def _column(self, column: Column, values: Values | None, name: str) -> Values:
        n = len(self.ledger)
        if values is None:
            if column.kind in (Kind.TEXT, Kind.CODE):
                return np.full(n, None, dtype=object)
            if column.kind is Kind.BOOL:
                return np.full(n, -1, dtype=np.int8)
            if column.kind is Kind.TIME:
                return np.full(n, np.datetime64("NaT"), dtype="datetime64[ms]")
            return np.full(n, np.nan)
        if self.layer.name == "cameras" and column.name == "kind":
            return cameras.read_kinds(texts(values), name, self.ledger)
        if self.layer.name == "cameras" and column.name == "masks":
            return cameras.read_masks(texts(values), self.ledger)
        if column.kind in (Kind.TEXT, Kind.CODE):
            return self._text(column, values, name)
        if column.kind is Kind.BOOL:
            state, bad = read_yes_no(texts(values))
            self.ledger.reject(bad, column.name, values, NOT_YES_NO, NOT_YES_NO_REMEDY)
            return state
        if column.kind is Kind.TIME:
            return self._time(column, values, name)
        return self._number(column, values, name)

    def _text(self, column: Column, values: Values, name: str) -> Values:
        found = texts(values)
        long = np.array([len(value) > LONGEST_TEXT for value in found.values], dtype=bool)
        self.ledger.reject(found.mask(long), column.name, values, *_TOO_LONG, longest=LONGEST_TEXT)
        odd = np.array([not value.isprintable() and _control(value) for value in found.values], dtype=bool)
        self.ledger.reject(found.mask(odd), column.name, values, *_CONTROL)
        if column.name in _GRID_CODES and all(map(_WITH_POINT_ZERO.fullmatch, found.values)) and found.values:
            self.ledger.note(
                N_(
                    "Every value of “{column}” is a whole number with “.0”, as programs write codes beside empty "
                    "cells; they were taken without it, as “{example}”."
                ),
                column=name,
                example=found.values[0][:-2],
            )
            return found.spread([value[:-2] for value in found.values], None)
        return found.array()

    def _time(self, column: Column, values: Values, name: str) -> Values:
        explicit = column.name in self.fields.explicit
        is_utc = self.fields.columns.get(column.name) in self.utc
        times = read_times(
            values, name, timezone=self.options.timezone, date_order=self.options.date_order, utc=is_utc, epoch=explicit
        )
        for fault in times.faults:
            self.ledger.reject(fault.where, column.name, values, fault.reason, fault.remedy, **fault.params)
        self.ledger.notes += times.notes
        self.used_timezone |= times.used_timezone
        empty = int((np.isnat(times.utc) & self.ledger.alive).sum())
        if empty:
            self.ledger.note(N_("{count} rows have no time in “{column}”."), count=empty, column=name)
        return times.utc

    def _number(self, column: Column, values: Values, name: str) -> Values:
        whole = column.kind is Kind.INTEGER
        numbers = read_numbers(values, column.unit, whole=whole)
        remedy = _NO_SEVERITY if column.name == "severity" else NOT_A_NUMBER_REMEDY
        self.ledger.reject(numbers.bad, column.name, values, NOT_A_NUMBER, remedy)
        if numbers.empty_words:
            self.ledger.note(
                N_("{count} values of “{column}” say that no number is known; they stay empty."),
                count=numbers.empty_words,
                column=name,
            )
        if numbers.feet:
            self.ledger.note(
                N_("{count} values of “{column}” were feet and became metres."), count=numbers.feet, column=name
            )
        value = numbers.value
        if whole:
            self.ledger.reject(np.isfinite(value) & (value != np.floor(value)), column.name, values, *_NOT_WHOLE)
        self._range(column, value, values)
        return value

    def _range(self, column: Column, value: NDArray[np.float64], values: Values) -> None:
        low = -np.inf if column.low is None else column.low
        high = np.inf if column.high is None else column.high
        with np.errstate(invalid="ignore"):
            outside = (value < low) | (value > high)
        if outside.any():
            number = np.full(len(value), "", dtype=object)
            number[outside] = [f"{found:.10g}" for found in value[outside].tolist()]
            self.ledger.reject(
                outside,
                column.name,
                values,
                OUT_OF_RANGE,
                OUT_OF_RANGE_REMEDY,
                number=number,
                low=column.low,
                high="∞" if column.high is None else column.high,
                unit=column.unit or "–",
            )

    def _azimuth(self, values: Values | None, name: str) -> dict[str, Values]:
        n = len(self.ledger)
        nothing = {
            "azimuth_deg": np.full(n, np.nan),
            "azimuth_tolerance_deg": np.full(n, np.nan),
            "_hfov": np.full(n, np.nan),
            "_panorama": np.full(n, None, dtype=object),
        }
        if values is None:
            return nothing
        inside = "azimuth_deg" not in self.fields.explicit and plain(name) in cameras.ADDRESSES
        azimuth, tolerance, hfov, kind = cameras.read_azimuths(texts(values), name, self.ledger, inside_text=inside)
        return {"azimuth_deg": azimuth, "azimuth_tolerance_deg": tolerance, "_hfov": hfov, "_panorama": kind}


def _control(text: str) -> bool:
    return any(ord(letter) < 32 and letter not in "\t\n\r" for letter in text)
