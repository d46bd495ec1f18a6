"""Reads the base map's archives (PMTiles 3): tiles by number, from files that nobody changes."""

from __future__ import annotations

import gzip
import mmap
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from types import TracebackType

from pmtiles.tile import Entry, deserialize_directory, deserialize_header, find_tile, zxy_to_tileid

_DIRECTORIES = 64  # of leaves, kept opened: each has the places of some thousand tiles
_DEPTH = 4


class Archive:
    """One PMTiles file; `tile` may be called from many threads."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._header = deserialize_header(self._bytes[:127])
        self.min_zoom, self.max_zoom = self._header["min_zoom"], self._header["max_zoom"]
        scale = 1e-7
        self.bounds = (
            self._header["min_lon_e7"] * scale,
            self._header["min_lat_e7"] * scale,
            self._header["max_lon_e7"] * scale,
            self._header["max_lat_e7"] * scale,
        )
        self._lock = Lock()
        self._directories: OrderedDict[int, list[Entry]] = OrderedDict()

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """Return a tile as the archive holds it (gzip), None where there is nothing."""
        if not self.min_zoom <= z <= self.max_zoom:
            return None
        wanted = zxy_to_tileid(z, x, y)
        offset, length = self._header["root_offset"], self._header["root_length"]
        for _ in range(_DEPTH):
            entry = find_tile(self._directory(offset, length), wanted)
            if entry is None:
                return None
            if entry.run_length > 0:
                start = self._header["tile_data_offset"] + entry.offset
                return self._bytes[start : start + entry.length]
            offset, length = self._header["leaf_directory_offset"] + entry.offset, entry.length
        return None

    def _directory(self, offset: int, length: int) -> list[Entry]:
        with self._lock:
            found = self._directories.get(offset)
            if found is not None:
                self._directories.move_to_end(offset)
                return found
        found = deserialize_directory(self._bytes[offset : offset + length])
        with self._lock:
            self._directories[offset] = found
            while len(self._directories) > _DIRECTORIES:
                self._directories.popitem(last=False)
        return found

    def close(self) -> None:
        """Let the file go."""
        self._bytes.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Archives:
    """Several archives read as one: a tile is the layers of all of them, one after the other."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._archives = [Archive(path) for path in paths]
        self.min_zoom = min(one.min_zoom for one in self._archives)
        self.max_zoom = max(one.max_zoom for one in self._archives)
        west, south, east, north = zip(*(one.bounds for one in self._archives), strict=True)
        self.bounds = (min(west), min(south), max(east), max(north))

    def tile(self, z: int, x: int, y: int) -> bytes:
        """Return a tile as gzip, b"" where there is nothing."""
        found = [tile for one in self._archives if (tile := one.tile(z, x, y))]
        if len(found) < 2:
            return found[0] if found else b""
        # A tile is a list of layers: the messages of two lists, one after the other, are the list of both.
        return gzip.compress(b"".join(gzip.decompress(one) for one in found), 3, mtime=0)
