"""GeoPackage geometry blobs <-> arrays.

Source of the layout: OGC 12-128r19 clause 2.1.3 (StandardGeoPackageBinary): "GP", version, flags, srs_id, envelope
and WKB.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Blob = bytes | None
Box = tuple[float, float, float, float]

_POINT = np.dtype(
    [("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs", "<i4"),
     ("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")]
)  # fmt: skip
_BOXED = np.dtype([("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs", "<i4"), ("box", "<f8", (4,))])
_PLAIN_FLAGS = 0b00001  # little endian, no envelope
_BOX_FLAGS = 0b00011  # little endian, envelope [minx, maxx, miny, maxy]
_EMPTY_FLAG = 0b10000
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_POINT_SIZE = _POINT.itemsize
_POINT_HEAD = b"\x01\x01\x00\x00\x00"  # WKB: little endian, type 1


def _slices(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def encode_points(x: NDArray[np.float64], y: NDArray[np.float64], srs_id: int) -> list[bytes]:
    """Return one 29-byte blob for each point (x, y); both finite, in the CRS of `srs_id`."""
    rows = np.zeros(len(x), dtype=_POINT)
    rows["magic"], rows["flags"], rows["srs"] = b"GP", _PLAIN_FLAGS, srs_id
    rows["order"], rows["type"] = 1, 1
    rows["x"], rows["y"] = x, y
    return _slices(rows.tobytes(), _POINT_SIZE)


def encode_geometries(geometry: NDArray[Any], srs_id: int) -> list[Blob]:
    """Return one blob with an envelope for each 2-D shapely geometry; None stays None."""
    head = np.zeros(len(geometry), dtype=_BOXED)
    head["magic"], head["flags"], head["srs"] = b"GP", _BOX_FLAGS, srs_id
    head["box"] = shapely.bounds(geometry)[:, [0, 2, 1, 3]] if len(geometry) else np.empty((0, 4))
    bodies = shapely.to_wkb(geometry, output_dimension=2, byte_order=1)
    blobs: list[Blob] = []
    for start, body in zip(_slices(head.tobytes(), _BOXED.itemsize), bodies, strict=True):
        blobs.append(None if body is None else start + body)
    for index in np.flatnonzero(shapely.is_empty(geometry)):
        blobs[index] = struct.pack("<2sBBi", b"GP", 0, _PLAIN_FLAGS | _EMPTY_FLAG, srs_id) + bodies[index]
    return blobs


def _body_offset(blob: bytes) -> int:
    return 8 + _ENVELOPE_BYTES[(blob[3] >> 1) & 0b111]


def _point_rows(blobs: Sequence[Blob]) -> NDArray[Any] | None:
    """Return the blobs as one structured array if every one is a plain point of ours, else None."""
    if not all(blob is not None and len(blob) == _POINT_SIZE for blob in blobs):
        return None
    rows = np.frombuffer(b"".join(blobs), dtype=_POINT)  # type: ignore[arg-type]
    plain = (rows["flags"] == _PLAIN_FLAGS) & (rows["order"] == 1) & (rows["type"] == 1)
    return rows if bool(plain.all()) else None


def decode_points(blobs: Sequence[Blob]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the x and y of point blobs as float64, NaN for null and empty ones."""
    rows = _point_rows(blobs)
    if rows is not None:
        return rows["x"].astype(np.float64), rows["y"].astype(np.float64)
    points = decode_geometries(blobs)
    return shapely.get_x(points), shapely.get_y(points)


def decode_geometries(blobs: Sequence[Blob]) -> NDArray[Any]:
    """Return an object array of shapely geometries; null stays None."""
    bodies = np.empty(len(blobs), dtype=object)
    bodies[:] = [None if blob is None else blob[_body_offset(blob) :] for blob in blobs]
    return np.asarray(shapely.from_wkb(bodies), dtype=object)


def envelope(blob: bytes) -> Box | None:
    """Return (minx, miny, maxx, maxy) of one blob, None if its geometry is empty."""
    flags = blob[3]
    if len(blob) == _POINT_SIZE and flags == _PLAIN_FLAGS and blob[8:13] == _POINT_HEAD:
        x, y = struct.unpack_from("<dd", blob, 13)
        return (x, y, x, y) if x == x and y == y else None
    if flags & _EMPTY_FLAG:
        return None
    if flags & 0b1110:
        x0, x1, y0, y1 = struct.unpack_from("<dddd" if flags & 1 else ">dddd", blob, 8)
        return (x0, y0, x1, y1) if x0 == x0 else None
    geometry = shapely.from_wkb(blob[_body_offset(blob) :])
    return None if geometry.is_empty else geometry.bounds


def bounds(blobs: Sequence[Blob]) -> NDArray[np.float64]:
    """Return float64 (n, 4): minx, miny, maxx, maxy of each blob, NaN where null or empty."""
    rows = _point_rows(blobs)
    if rows is not None:
        return np.column_stack([rows["x"], rows["y"], rows["x"], rows["y"]])
    nothing = (np.nan,) * 4
    boxes = [nothing if blob is None else (envelope(blob) or nothing) for blob in blobs]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)
