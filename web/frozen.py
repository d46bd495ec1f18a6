"""Dataclasses of arrays as one file (NumPy's npz without pickle) and back; geometries are WKB.

Only dataclasses of `geo` and `layers.complete` are made again, by their constructors: a file can hold data, no program.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

HEAD = "head"
MODULES = ("geo.", "layers.complete")


class OutdatedError(ValueError):
    """The file was written with other facts than asked for."""


def pack(value: Any, path: Path, facts: Mapping[str, Any]) -> None:
    """Write a dataclass to `path` with JSON-ready `facts` that `unpack` will compare.

    Raises
    ------
    TypeError
        A field holds something that is neither a number, a text, an array of them or of geometries, nor a dataclass.
    OSError
        The file cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {}
    head = json.dumps({"facts": dict(facts), "value": _down(value, arrays)})
    with path.open("wb") as stream:
        np.savez(stream, **{HEAD: np.frombuffer(head.encode(), np.uint8)}, **arrays)  # type: ignore[arg-type]


def unpack(path: Path, facts: Mapping[str, Any]) -> Any:
    """Return the dataclass written to `path`.

    Raises
    ------
    OutdatedError
        Written with other `facts`.
    ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile
        Damaged.
    """
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
        if not isinstance(found, np.lib.npyio.NpzFile):
            raise zipfile.BadZipFile("not a zip of arrays")
        head = json.loads(found[HEAD].tobytes().decode())
        if head["facts"] != dict(facts):
            raise OutdatedError("written by another version")
        return _up(head["value"], found)


def _down(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        name = f"a{id(value)}"  # what several fields share is written once
        if value.dtype != object:
            arrays[name] = value
            # As it was: compiled code is another one for arrays that cannot be written, and takes a minute to make.
            return {"array": name, "fixed": not value.flags.writeable}
        flat = value.ravel()
        texts = all(item is None or isinstance(item, str) for item in flat)
        if name not in arrays:
            parts = (
                [None if item is None else item.encode() for item in flat] if texts else shapely.to_wkb(flat).tolist()
            )
            arrays[name] = np.frombuffer(b"".join(part for part in parts if part is not None), np.uint8)
            arrays[f"{name}n"] = np.array([-1 if part is None else len(part) for part in parts], np.int64)
        return {"texts" if texts else "geometries": name, "shape": list(value.shape)}
    if isinstance(value, (tuple, list)):
        return {"tuple" if isinstance(value, tuple) else "list": [_down(item, arrays) for item in value]}
    if isinstance(value, Mapping):
        return {"dict": {str(key): _down(item, arrays) for key, item in value.items()}}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        fields = [field.name for field in dataclasses.fields(kind) if field.init and not field.name.startswith("_")]
        return {
            "class": [kind.__module__, kind.__qualname__],
            "fields": {name: _down(getattr(value, name), arrays) for name in fields},
        }
    raise TypeError(f"{type(value).__name__} cannot be kept in a file")


def _up(value: Any, arrays: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "array" in value:
        found = arrays[value["array"]]
        found.flags.writeable = not value.get("fixed", False)
        return found
    if "texts" in value or "geometries" in value:
        name = value.get("texts") or value["geometries"]
        lengths = arrays[f"{name}n"]
        ends = np.cumsum(np.maximum(lengths, 0))
        data = arrays[name].tobytes()
        parts = np.empty(len(lengths), dtype=object)
        parts[:] = [
            None if length < 0 else data[end - length : end]
            for length, end in zip(lengths.tolist(), ends.tolist(), strict=True)
        ]
        if "texts" in value:
            parts[:] = [None if part is None else part.decode() for part in parts]
        else:
            parts = np.asarray(shapely.from_wkb(parts), dtype=object)
        parts = parts.reshape(value["shape"])
        parts.flags.writeable = False
        return parts
    if "tuple" in value:
        return tuple(_up(item, arrays) for item in value["tuple"])
    if "list" in value:
        return [_up(item, arrays) for item in value["list"]]
    if "dict" in value:
        return {name: _up(item, arrays) for name, item in value["dict"].items()}
    module, name = value["class"]
    if not module.startswith(MODULES):
        raise ValueError(f"{module} holds nothing that is kept in files")
    kind = getattr(importlib.import_module(module), name)
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise ValueError(f"{name} is no dataclass")
    return kind(**{field: _up(item, arrays) for field, item in value["fields"].items()})
