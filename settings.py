"""Settings of one running service. Only entry points call `from_env`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent
MOST_APPROVAL = 100  # characters of the map approval number


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between two installations.

    Attributes
    ----------
    store
        GeoPackage path (a `postgresql://` URL is refused until the PostGIS store exists).
    host, port
        Where the server listens; only loopback addresses until accounts exist.
    lang
        Default language of pages, "zh" or "en"; None follows the browser.
    instance
        Folder for the secret, uploads, jobs and scratch files.
    upload_limit_bytes
        Largest upload that is read at all.
    import_memory_bytes, import_cpu_s
        Limits of the subprocess that parses a file.
    map_approval
        Number under which maps may be published (审图号), printed on pictures and bulletins; "" for none.
    streams
        Pages that may follow what happens at a time; each holds one thread of the server.
    csp
        False switches the Content-Security-Policy header off, for tests that prove that nothing depends on it.
    """

    store: str = str(ROOT / "instance" / "atlas.gpkg")
    host: str = "127.0.0.1"
    port: int = 5000
    lang: str | None = None
    instance: Path = field(default_factory=lambda: ROOT / "instance")
    upload_limit_bytes: int = 1 << 30
    import_memory_bytes: int = 6 << 30
    import_cpu_s: int = 900
    map_approval: str = ""
    streams: int = 64
    csp: bool = True


def from_env(environ: Mapping[str, str]) -> Settings:
    """Read the settings from `environ` (the ATLAS_* names of the public contract)."""
    default = Settings()
    store = environ.get("ATLAS_STORE") or default.store
    lang = environ.get("ATLAS_LANG") or None
    if lang not in (None, "zh", "en"):
        raise ValueError(f"ATLAS_LANG is {lang!r}; it must be zh or en")
    port = environ.get("ATLAS_PORT") or str(default.port)
    if not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError(f"ATLAS_PORT is {port!r}; it must be a number from 0 to 65535")
    # What belongs to a store lies beside it, so that two stores never share uploads or a secret.
    beside = bool(environ.get("ATLAS_STORE")) and "://" not in store
    instance = Path(store).resolve().parent if beside else default.instance
    return Settings(
        store=store,
        host=environ.get("ATLAS_HOST") or default.host,
        port=int(port),
        lang=lang,
        instance=instance,
        map_approval=(environ.get("ATLAS_MAP_APPROVAL") or "").strip()[:MOST_APPROVAL],
    )
