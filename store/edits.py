"""Changes of single cameras: placed, changed, removed, in one transaction that makes one revision.

A change may carry what the camera was when it was planned (`CameraEdit.base`). When the stored camera is no longer
that, somebody else changed it meanwhile, and the whole change is refused with its name: nobody's work is overwritten
unseen.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from geo.errors import N_, NonFiniteError, ParameterError
from geo.sectors import sectors_of, text_of
from store import indexes, records, revisions, writer
from store.audit_trail import digest_of, record
from store.blobs import decode_points, encode_points
from store.errors import ConflictError, StoreError
from store.migrations import now
from store.pool import Pool
from store.rows import collision, find_rows, give_ids, next_fid
from store.schema import CAMERA_KINDS, LAYERS, Column, Kind

Op = Literal["place", "set", "remove"]
LAYER = LAYERS["cameras"]
MAX_TEXT = 200
MOST_TOLD = 10  # cameras of one change that the audit trail tells of one by one


@dataclass(frozen=True)
class CameraEdit:
    """One change of the layer of cameras.

    Attributes
    ----------
    op
        "place" a new camera, "set" columns or the place of one that is there, "remove" it.
    id
        Of the camera; None lets a placed one get its own.
    x, y
        Metres in the store's CRS; None (only of "set"): where it stands.
    values
        Canonical column -> value; None: not known. Columns that are absent stay as they are.
    base
        Every canonical column, x and y as they were when the change was planned; None: not checked.
    """

    op: Op
    id: str | None
    x: float | None = None
    y: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    base: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Edited:
    """What a change did; `ids` are those of the placed cameras in their order."""

    revision: int
    placed: int
    changed: int
    removed: int
    ids: tuple[str, ...]


def checked(name: str, value: Any, *, field: str | None = None) -> Any:
    """Return `value` as the column `name` of the cameras stores it: str, float, bool or None.

    Raises
    ------
    ParameterError
        There is no such column, or the value is of another kind, not finite or out of its range.
    """
    where = field or name
    if name not in LAYER.names or name == "id":
        raise ParameterError(
            N_("A camera has no {field}."), N_("Use one of: {known}."),
            field=where, value=str(value)[:80], known=", ".join(column for column in LAYER.names if column != "id"),
        )  # fmt: skip
    column = LAYER.column(name)
    if value is None or value == "":
        return None
    if column.kind is Kind.BOOL:
        return _yes_no(value, where)
    if column.kind in (Kind.TEXT, Kind.CODE):
        return _text(column, value, where)
    return _number(column, value, where)


def _yes_no(value: Any, where: str) -> bool:
    if isinstance(value, bool) or (isinstance(value, (int, float)) and value in (0, 1)):
        return bool(value)
    raise _unusable(where, value, N_("Give true, false or null."))


def _text(column: Column, value: Any, where: str) -> str | None:
    if not isinstance(value, str):
        raise _unusable(where, value, N_("Give a text."))
    if column.name == "kind" and value not in CAMERA_KINDS:
        raise _unusable(where, value, N_("Use one of: {known}."), known=", ".join(CAMERA_KINDS))
    if column.name == "masks":
        try:
            return text_of(sectors_of(value))
        except ParameterError as error:
            raise _unusable(where, value, error.remedy, limit=error.params["limit"]) from None
    if len(value) > MAX_TEXT or not _storable(value):
        raise _unusable(where, value, N_("Give at most {limit} characters, none of them a control."), limit=MAX_TEXT)
    return value


def _storable(text: str) -> bool:
    return all(letter >= " " and letter != "\x7f" and not "\ud800" <= letter <= "\udfff" for letter in text)


def _number(column: Column, value: Any, where: str) -> float:
    low, high = column.low, column.high
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    try:
        number = float(value) if plain else math.nan
    except OverflowError:
        number = math.inf
    if not (low is None or number >= low) or not (high is None or number <= high) or not math.isfinite(number):
        raise _unusable(where, value, N_("Give a number from {low} to {high}."), low=low, high=high)
    if column.kind is Kind.INTEGER and number != int(number):
        raise _unusable(where, value, N_("Give a whole number."))
    return number


def _unusable(where: str, value: Any, remedy: str, **params: Any) -> ParameterError:
    shown = value if isinstance(value, str) else repr(value)
    shown = shown.encode("utf-8", "replace").decode("utf-8")[:80]
    return ParameterError(N_("“{value}” cannot be used for {field}."), remedy, field=where, value=shown, **params)


class CameraEdits(Pool):
    """The part of a store that changes single cameras."""

    def edit_cameras(self, edits: Sequence[CameraEdit]) -> Edited:
        """Apply every edit, or none, in one transaction with one revision.

        The demo stays the demo: its cameras may be changed, and go with it when the first real rows come.

        Raises
        ------
        ConflictError
            A camera is not there any more, or is not as it was when the change was planned.
        ParameterError, NonFiniteError
            A value that a camera cannot have.
        StoreError
            The store has no CRS yet, or an id is taken.
        """
        with self._writing() as connection:
            return apply_edits(connection, edits)


def apply_edits(connection: sqlite3.Connection, edits: Sequence[CameraEdit]) -> Edited:
    """Do what `CameraEdits.edit_cameras` says, inside the caller's transaction."""
    srs_id = records.get_meta(connection, "srs_id")
    if srs_id is None or not writer.has_rows(connection):
        raise StoreError(N_("The store holds no data of a town yet."), N_("Import grids or cameras first."))
    _require_once(edits)
    at = now()
    moved = False
    ids: list[str] = []
    added: list[tuple[float, float]] = []
    before: list[dict[str, Any]] = []
    after: list[dict[str, Any]] = []
    counts = {"place": 0, "set": 0, "remove": 0}
    for edit in edits:
        values = {name: checked(name, value) for name, value in edit.values.items()}
        if edit.op == "place":
            ids.append(_place(connection, edit, values, int(srs_id)))
            after.append({"id": ids[-1], "x": edit.x, "y": edit.y, **values})
            added.append((float(edit.x or 0.0), float(edit.y or 0.0)))
        else:
            fid = _unchanged(connection, edit)
            there = stored_camera(connection, fid)
            touched = there if edit.op == "remove" else _touched(edit, values)
            before.append({"id": edit.id} | {name: there[name] for name in touched})
            if edit.op == "remove":
                connection.execute("DELETE FROM cameras WHERE fid = ?", (fid,))
            else:
                _set(connection, fid, edit, values, int(srs_id))
                after.append({"id": edit.id, **touched})
            moved = moved or edit.op == "remove" or edit.x is not None
        counts[edit.op] += 1
    if moved:
        indexes.set_extent(connection, "cameras", indexes.stored_boxes(connection, "cameras")[1], at)
    else:
        indexes.widen_extent(connection, "cameras", np.array([[x, y, x, y] for x, y in added]).reshape(-1, 4), at)
    revision = revisions.add(connection, at, "cameras", "scenario", len(edits))
    rewritten = bool(counts["set"] or counts["remove"])
    revisions.mark(connection, "cameras", revision, at, rewritten=rewritten)
    target = ", ".join(str(one["id"]) for one in [*before, *after][:MOST_TOLD])
    record(connection, "camera.edit", target, _told(before), _told(after), revision=revision)
    return Edited(revision, counts["place"], counts["set"], counts["remove"], tuple(ids))


def _touched(edit: CameraEdit, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a change sets."""
    return {**({} if edit.x is None else {"x": edit.x, "y": edit.y}), **values}


def _told(cameras: list[dict[str, Any]]) -> Any:
    """Return states of cameras as the audit trail keeps them: of many, how many and their digest."""
    if len(cameras) <= MOST_TOLD:
        return cameras or None
    return {"cameras": len(cameras), "sha256": digest_of(cameras)}


def _require_once(edits: Sequence[CameraEdit]) -> None:
    named = [edit.id for edit in edits if edit.id is not None]
    if len(set(named)) != len(named):
        raise collision("cameras")


def stored_camera(connection: sqlite3.Connection, fid: int) -> dict[str, Any]:
    """Return every canonical column, x and y of one camera: str, float, bool or None."""
    names = ", ".join(f'"{name}"' for name in LAYER.names)
    row = connection.execute(f"SELECT geom, {names} FROM cameras WHERE fid = ?", (fid,)).fetchone()
    x, y = decode_points([row[0]])
    found: dict[str, Any] = {"x": float(x[0]), "y": float(y[0])}
    for column, value in zip(LAYER.columns, row[1:], strict=True):
        if value is None or column.kind in (Kind.TEXT, Kind.CODE):
            found[column.name] = value
        else:
            found[column.name] = bool(value) if column.kind is Kind.BOOL else float(value)
    return found


def differences(base: Mapping[str, Any], present: Mapping[str, Any]) -> list[str]:
    """Return the names of what differs between two states of a camera."""
    return [name for name in ("x", "y", *LAYER.names) if base.get(name) != present.get(name)]


def _unchanged(connection: sqlite3.Connection, edit: CameraEdit) -> int:
    """Return the fid of the camera that `edit` is about; raise where it is gone or no longer what it was."""
    key = None if edit.id is None else (edit.id,)
    fid = find_rows(connection, LAYER, [key])[0]
    if not fid:
        raise ConflictError(
            N_("The camera {id} is no longer there."),
            N_("Open the scenario, take this camera out of it, save it, and apply it again."),
            id=str(edit.id)[:80], camera=edit.id,
        )  # fmt: skip
    if edit.base is not None:
        changed = differences(edit.base, stored_camera(connection, fid))
        if changed:
            raise ConflictError(
                N_("The camera {id} was changed meanwhile ({columns})."),
                N_("Open the scenario, look at this camera as it is now, save it, and apply it again."),
                id=str(edit.id)[:80], columns=", ".join(changed), camera=edit.id,
            )  # fmt: skip
    return fid


def _place(connection: sqlite3.Connection, edit: CameraEdit, values: Mapping[str, Any], srs_id: int) -> str:
    fid = next_fid(connection, "cameras")
    name = give_ids(connection, LAYER, [edit.id], [fid])[0]
    blob = _blob(edit.x, edit.y, srs_id)
    row = [name if column == "id" else values.get(column) for column in LAYER.names]
    writer.insert_point(connection, LAYER, fid, blob, row)
    return name


def _set(connection: sqlite3.Connection, fid: int, edit: CameraEdit, values: Mapping[str, Any], srs_id: int) -> None:
    if edit.x is not None or edit.y is not None:
        connection.execute("UPDATE cameras SET geom = ? WHERE fid = ?", (_blob(edit.x, edit.y, srs_id), fid))
    if values:
        sets = ", ".join(f'"{name}" = ?' for name in values)
        connection.execute(f"UPDATE cameras SET {sets} WHERE fid = ?", (*values.values(), fid))


def _blob(x: float | None, y: float | None, srs_id: int) -> bytes:
    if x is None or y is None or not (math.isfinite(x) and math.isfinite(y)):
        raise NonFiniteError(N_("The camera has no finite coordinates."), N_("Give numbers."))
    return encode_points(np.array([x]), np.array([y]), srs_id)[0]
