"""The time as the store writes it down."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the time in UTC as GeoPackage DATETIME text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
