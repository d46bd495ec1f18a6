"""Faults of the disk beneath the very SQLite that the program uses: its default VFS is wrapped in place.

`sqlite3` of Python brings no VFS of its own, and another copy of SQLite (apsw) would test another code path. So the
functions that write, sync, truncate and delete are replaced in the table of the loaded library itself, by ctypes: what
`Store` does runs through them unchanged, locks and shared memory too. Only files below one folder are touched.
"""

from __future__ import annotations

import _sqlite3
import ctypes as c
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FULL, IOERR_WRITE, IOERR_FSYNC, IOERR_TRUNCATE, IOERR_DELETE = 13, 778, 1034, 1546, 2570
CODES = {"write": IOERR_WRITE, "sync": IOERR_FSYNC, "truncate": IOERR_TRUNCATE, "delete": IOERR_DELETE}

_WRITE = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_int, c.c_int64)
_TRUNCATE = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int64)
_SYNC = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int)
_CLOSE = c.CFUNCTYPE(c.c_int, c.c_void_p)
# Names stay pointers: SQLite reads what lies before and behind them.
_OPEN = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_void_p, c.c_int, c.c_void_p)
_DELETE = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_int)


class _Methods(c.Structure):
    """sqlite3_io_methods: the first six entries by name, the others carried along."""

    _fields_ = [
        ("version", c.c_int), ("close", _CLOSE), ("read", c.c_void_p), ("write", _WRITE), ("truncate", _TRUNCATE),
        ("sync", _SYNC), ("others", c.c_void_p * 13),
    ]  # fmt: skip


class _Vfs(c.Structure):
    _fields_ = [
        ("version", c.c_int), ("size", c.c_int), ("longest", c.c_int), ("next", c.c_void_p), ("name", c.c_char_p),
        ("data", c.c_void_p), ("open", _OPEN), ("delete", _DELETE),
    ]  # fmt: skip


@dataclass
class Change:
    """One write or truncation that no sync has followed yet."""

    path: str
    offset: int
    data: bytes | None  # None: truncated to `offset`


@dataclass
class Faults:
    """What happens below `folder`. A step is one write, sync, truncation or deletion, counted from 0."""

    folder: str
    steps: list[str] = field(default_factory=list)
    fail: Callable[[int, str], int] | None = None  # step, kind -> SQLite's code, 0 to let it through
    torn: bool = False  # half of a write that fails reaches the disk
    watch: Callable[[int], None] | None = None  # called before each step
    unsynced: list[Change] = field(default_factory=list)
    images: dict[str, bytes] = field(default_factory=dict)  # what is safe on the disk, by path

    def step(self, kind: str) -> int:
        """Count a step; return the code that it fails with."""
        number = len(self.steps)
        if self.watch is not None:
            self.watch(number)
        self.steps.append(kind)
        return 0 if self.fail is None else self.fail(number, kind)

    def cut_power(self, into: Path, chance: random.Random) -> None:
        """Make what the disk may hold if the power went now: what was synced, and any part of what was not."""
        into.mkdir()
        for name, image in self.images.items():
            held = bytearray(image)
            for change in self.unsynced:
                if change.path != name or chance.random() < 0.5:
                    continue
                if change.data is None:
                    del held[change.offset :]
                else:
                    held.extend(bytes(max(0, change.offset - len(held))))
                    held[change.offset : change.offset + len(change.data)] = change.data
            if Path(name).exists():
                (into / Path(name).name).write_bytes(held)


_current: Faults | None = None
_paths: dict[int, str] = {}  # open file -> path
_originals: dict[int, _Methods] = {}
_wrapped: dict[int, _Methods] = {}
_of_file: dict[int, _Methods] = {}
_keep: list[object] = []


def _library() -> c.CDLL:
    for name in ("libsqlite3.so.0", _sqlite3.__file__):
        try:
            found = c.CDLL(name)
            found.sqlite3_vfs_find.restype = c.c_void_p
        except (OSError, AttributeError):
            continue
        version = c.CFUNCTYPE(c.c_char_p)(("sqlite3_libversion", found))
        import sqlite3

        assert version().decode() == sqlite3.sqlite_version, "another copy of SQLite"
        return found
    raise RuntimeError("the loaded SQLite cannot be found")


def _active(file: int) -> Faults | None:
    path = _paths.get(file)
    if _current is None or path is None or not path.startswith(_current.folder):
        return None
    return _current


@_WRITE
def _write(file: int, buffer: int, amount: int, offset: int) -> int:
    faults, original = _active(file), _of_file[file]
    if faults is None:
        return original.write(file, buffer, amount, offset)
    code = faults.step("write")
    if code:
        if faults.torn:
            original.write(file, buffer, amount // 2, offset)
        return code
    faults.unsynced.append(Change(_paths[file], offset, c.string_at(buffer, amount)))
    return original.write(file, buffer, amount, offset)


@_TRUNCATE
def _truncate(file: int, size: int) -> int:
    faults, original = _active(file), _of_file[file]
    if faults is None:
        return original.truncate(file, size)
    code = faults.step("truncate")
    if code:
        return code
    faults.unsynced.append(Change(_paths[file], size, None))
    return original.truncate(file, size)


@_SYNC
def _sync(file: int, flags: int) -> int:
    faults, original = _active(file), _of_file[file]
    if faults is None:
        return original.sync(file, flags)
    code = faults.step("sync")
    if code:
        return code
    done = original.sync(file, flags)
    path = _paths[file]
    faults.images[path] = Path(path).read_bytes() if Path(path).exists() else b""
    faults.unsynced = [change for change in faults.unsynced if change.path != path]
    return done


@_CLOSE
def _close(file: int) -> int:
    _paths.pop(file, None)
    return _of_file.pop(file).close(file)


def _methods_of(pointer: int) -> _Methods:
    """Return the wrapped table of the table at `pointer`, made once."""
    if pointer not in _wrapped:
        original = _Methods.from_address(pointer)
        wrapped = _Methods()
        c.memmove(c.byref(wrapped), c.byref(original), c.sizeof(_Methods))
        wrapped.close, wrapped.write, wrapped.truncate, wrapped.sync = _close, _write, _truncate, _sync
        _originals[pointer], _wrapped[pointer] = original, wrapped
    return _wrapped[pointer]


@contextmanager
def disk(folder: Path) -> Iterator[Faults]:
    """Watch, and let fail, what SQLite does to files below `folder` until the block ends."""
    global _current
    library = _library()
    vfs = _Vfs.from_address(library.sqlite3_vfs_find(None))
    # Copies: the fields of the table are about to change.
    plain_open = _OPEN(c.cast(vfs.open, c.c_void_p).value)
    plain_delete = _DELETE(c.cast(vfs.delete, c.c_void_p).value)
    prefix = str(folder.resolve()) + os.sep

    @_OPEN
    def opened(vfs_: int, name: int | None, file: int, flags: int, out: int) -> int:
        done = plain_open(vfs_, name, file, flags, out)
        path = "" if name is None else c.string_at(name).decode()
        if done == 0 and path.startswith(prefix):
            slot = c.cast(file, c.POINTER(c.c_void_p))
            pointer = slot[0]
            wrapped = _methods_of(pointer)
            _paths[file], _of_file[file] = path, _originals[pointer]
            slot[0] = c.addressof(wrapped)
        return done

    @_DELETE
    def deleted(vfs_: int, name: int, sync: int) -> int:
        path = c.string_at(name).decode()
        if _current is not None and path.startswith(prefix):
            code = _current.step("delete")
            if code:
                return code
            _current.images.pop(path, None)
            _current.unsynced = [change for change in _current.unsynced if change.path != path]
        return plain_delete(vfs_, name, sync)

    faults = _current = Faults(prefix)
    for path in folder.iterdir():
        if path.is_file():
            faults.images[str(path.resolve())] = path.read_bytes()
    _keep.extend((opened, deleted, plain_open, plain_delete))  # files that stay open may call them
    vfs.open, vfs.delete = opened, deleted
    try:
        yield faults
    finally:
        vfs.open, vfs.delete = plain_open, plain_delete
        _current = None


def copy_store(path: Path, folder: Path) -> Path:
    """Return a copy of a store that nobody has open, in a folder of its own."""
    folder.mkdir()
    for part in ("", "-wal"):
        file = path.with_name(path.name + part)
        if file.exists():
            shutil.copy(file, folder / file.name)
    return folder / path.name
