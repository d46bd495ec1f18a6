"""What an operator should know before the service is given to readers: each fact checked, with a remedy.

Nothing is changed: the store is read, never opened for writing, so pending migrations stay pending.
"""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import os
import re
import shlex
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from geo.errors import N_, AtlasError
from layers.assets import PACKAGES, addresses
from settings import ROOT, Settings
from store.account_rows import any_account
from store.connection import connect, store_errors
from store.opening import NETWORK, mount_type
from store.upgrade import pending

State = Literal["ok", "doubt", "fault"]
BESIDE = ("", "-wal", "-shm")  # ends of the names of a store's files
LEAST_BYTES, ENOUGH_BYTES = 200 << 20, 2 << 30
LIBRARIES = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")  # the bulletin's PDF loads them
ZONES = ("UTC", "Asia/Shanghai")
MOUNTS = Path("/proc/self/mounts")


@dataclass(frozen=True)
class Finding:
    """One checked fact; `message` and `remedy` are catalogue keys, "" remedy where nothing is to do."""

    name: str
    state: State
    message: str
    remedy: str = ""
    params: dict[str, Any] = field(default_factory=dict)


def findings(settings: Settings) -> list[Finding]:
    """Return every checked fact, in the order in which an operator would put them right."""
    found: list[Finding] = []
    for check in CHECKS:
        found += check(settings)
    return found


def _where(settings: Settings) -> Iterator[Finding]:
    from web.serve import is_loopback

    near, host = is_loopback(settings.host), {"host": settings.host}
    if near and not settings.origin:
        yield Finding("host", "ok", N_("The service listens on {host}, on this machine only."), params=host)
        return
    if not settings.origin:
        yield Finding("host", "fault", N_("It is to listen on {host}, but nothing says by which address it is opened."),
                      N_("Set ATLAS_ORIGIN, such as https://map.city.example."), host)  # fmt: skip
        return
    origin = {"origin": settings.origin}
    if not _accounts(settings):
        yield Finding("host", "doubt", N_("{origin} is set, but there are no accounts: other machines are refused."),
                      N_("Make the administrator by the link that a start of the service prints."), origin)  # fmt: skip
    elif not settings.secure:
        yield Finding("host", "doubt", N_("{origin} is not encrypted: passwords cross the network as they are."),
                      N_("Put a proxy with TLS in front of it; see docs/operations.md."), origin)  # fmt: skip
    elif near and not settings.proxy:
        yield Finding("host", "doubt", N_("{origin} needs a proxy, and ATLAS_PROXY names none."),
                      N_("Set ATLAS_PROXY to the proxy's address, such as 127.0.0.1."), origin)  # fmt: skip
    else:
        yield Finding("host", "ok", N_("The service is opened by {origin}."), params=origin)


def _accounts(settings: Settings) -> bool:
    """Return whether the store has accounts; it is only read, so an older store has none."""
    file = Path(settings.store)
    if not file.is_file():
        return False
    try:
        with store_errors(file), closing(connect(file, wait_s=2)) as connection:
            table = "SELECT 1 FROM sqlite_master WHERE name = 'atlas_accounts'"
            return connection.execute(table).fetchone() is not None and any_account(connection)
    except AtlasError:
        return False  # what is wrong with the store is a finding of its own


def _store(settings: Settings) -> Iterator[Finding]:
    file = Path(settings.store)
    if not file.exists():
        yield Finding("store", "doubt", N_("There is no store yet; the first start makes an empty one."))
        return
    try:
        names = pending(file)
        with store_errors(file), closing(connect(file, wait_s=2)) as connection:
            said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            last = connection.execute("SELECT max(at) FROM atlas_migrations").fetchone()[0]
    except AtlasError as error:
        yield Finding("store", "fault", error.message, error.remedy, error.params)
        return
    if said != "ok":
        yield Finding("store", "fault", N_("The store is damaged."), N_("Put a backup in its place."))
        return
    yield Finding("store", "ok", N_("The store is whole."))
    if names:
        yield Finding("upgrade", "doubt", N_("The store still needs {count} migrations."),
                      N_("Try them by `flask upgrade --dry-run`; the next start applies them."),
                      {"count": len(names)})  # fmt: skip
    if last and str(last) > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()):
        yield Finding("clock", "fault", N_("The clock of this machine is behind the store's last upgrade."),
                      N_("Set the clock; times of changes would be wrong."))  # fmt: skip


def _share(settings: Settings) -> Iterator[Finding]:
    folder = Path(settings.store).absolute().parent
    kind = mount_type(folder.resolve(), MOUNTS.read_text("utf-8") if MOUNTS.exists() else "")
    if kind in NETWORK:
        yield Finding("share", "fault", N_("The store's folder is on a network share ({kind})."),
                      N_("Put the store on a local disk."), {"kind": kind})  # fmt: skip
    else:
        yield Finding("share", "ok", N_("The store's folder is on a local file system ({kind})."),
                      params={"kind": kind or "?"})  # fmt: skip


def _room(settings: Settings) -> Iterator[Finding]:
    file = Path(settings.store).absolute()
    folder = next(one for one in file.parents if one.is_dir())
    free = shutil.disk_usage(folder).free
    size = file.stat().st_size if file.exists() else 0
    state: State = "fault" if free < LEAST_BYTES else "doubt" if free < max(ENOUGH_BYTES, 2 * size) else "ok"
    yield Finding("disk", state, N_("{free} MiB are free beside the store of {size} MiB."),
                  "" if state == "ok" else N_("Free some space: an import writes the store anew beside itself."),
                  {"free": free >> 20, "size": size >> 20})  # fmt: skip


def _backups(settings: Settings) -> Iterator[Finding]:
    from web.backups import state

    if settings.backup is None:
        yield Finding("backup", "doubt", N_("The service makes no backups by itself."),
                      N_("Name a folder on another disk by ATLAS_BACKUP."))  # fmt: skip
        return
    store = next(one for one in Path(settings.store).absolute().parents if one.is_dir())
    folder = next(one for one in (settings.backup, *settings.backup.parents) if one.is_dir())
    if folder.stat().st_dev == store.stat().st_dev:
        yield Finding("backup", "doubt", N_("The backups lie on the disk of the store: one fault takes both."),
                      N_("Name a folder on another disk by ATLAS_BACKUP."))  # fmt: skip
    elif state(settings)["late"]:
        yield Finding("backup", "doubt", N_("There is no backup as young as ATLAS_BACKUP_HOURS asks for."),
                      N_("Start the service, or run flask backup; its page /trail says why one failed."))  # fmt: skip
    else:
        yield Finding("backup", "ok", N_("The last backup is as young as ATLAS_BACKUP_HOURS asks for."))


def _rights(settings: Settings) -> Iterator[Finding]:
    folder = Path(settings.store).absolute().parent
    closed = [one for one in (folder, settings.instance) if one.exists() and not os.access(one, os.W_OK | os.X_OK)]
    if closed:
        yield Finding("rights", "fault", N_("This user may not write in {path}."),
                      N_("Give the folder to the user that runs the service."),
                      {"path": str(closed[0])})  # fmt: skip
        return
    # What others on this machine may read they may take along: the rows, and what signs the sessions.
    store = Path(settings.store).absolute()
    files = [(settings.instance / "secret", "go"), *((store.with_name(store.name + end), "o") for end in BESIDE)]
    open_ones = [
        (path, whose)
        for path, whose in files
        if path.exists() and path.stat().st_mode & (stat.S_IRWXO if whose == "o" else stat.S_IRWXG | stat.S_IRWXO)
    ]
    if open_ones:
        yield Finding("rights", "doubt", N_("Other users of this machine may read {names}."),
                      N_("Take the rights of others away: {command}"),
                      {"names": ", ".join(path.name for path, _ in open_ones), "command": " && ".join(
                          f"chmod {whose}-rwx {shlex.quote(str(path))}" for path, whose in open_ones)})  # fmt: skip
    else:
        yield Finding("rights", "ok", N_("This user may write, and others may not read."))


def _zones(settings: Settings) -> Iterator[Finding]:
    for name in ZONES:
        try:
            ZoneInfo(name)
        except ZoneInfoNotFoundError:
            yield Finding("zones", "fault", N_("There are no time zone data: {zone} is unknown."),
                          N_("Install the package tzdata."), {"zone": name})  # fmt: skip
            return
    yield Finding("zones", "ok", N_("Time zones are known."))


def _fonts(settings: Settings) -> Iterator[Finding]:
    from web.tiles import FONTS

    if any(Path(path).is_file() for path in FONTS if "CJK" in path):
        yield Finding("fonts", "ok", N_("A font with Chinese is there for names on pictures."))
    else:
        yield Finding("fonts", "fault", N_("No font with Chinese is there: pictures and bulletins cannot be made."),
                      N_("Install fonts-noto-cjk."))  # fmt: skip


def _libraries(settings: Settings) -> Iterator[Finding]:
    missing = [name for name in LIBRARIES if ctypes.util.find_library(name) is None]
    if missing:
        yield Finding("libraries", "fault", N_("Libraries of the monthly bulletin are missing: {names}."),
                      N_("Install libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0."),
                      {"names": ", ".join(missing)})  # fmt: skip
    else:
        yield Finding("libraries", "ok", N_("The libraries of the monthly bulletin are there."))


def _packages(settings: Settings) -> Iterator[Finding]:
    wrong = []
    for name, version in pinned(ROOT / "requirements.txt").items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # what only the tests need is not on a server
        if found != version:
            wrong.append(f"{name} {found}")
    if wrong:
        yield Finding("packages", "doubt", N_("Packages have another version than was tested: {names}."),
                      N_("Install requirements.txt again."), {"names": ", ".join(wrong[:8])})  # fmt: skip
    else:
        yield Finding("packages", "ok", N_("The Python packages have the versions that were tested."))


def _browser_files(settings: Settings) -> Iterator[Finding]:
    missing = []
    for address in addresses():
        _, _, package, name = address.split("/", 3)
        if not (ROOT / "node_modules" / PACKAGES[package] / name).is_file():
            missing.append(name)
    if missing:
        yield Finding("browser_files", "fault", N_("Files that pages load are missing: {names}."),
                      N_("Set up again: script/bootstrap, or install.sh of the bundle."),
                      {"names": ", ".join(missing[:8])})  # fmt: skip
    else:
        yield Finding("browser_files", "ok", N_("The files that pages load are there."))


def pinned(file: Path) -> dict[str, str]:
    """Return name -> version of every package that a requirements file pins."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", file.read_text("utf-8"), re.MULTILINE)
    return dict(found)


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _where, _store, _share, _room, _backups, _rights, _zones, _fonts, _libraries, _packages, _browser_files,
)  # fmt: skip
