"""Where the server may listen, and how it is started. Loopback only until an administrator exists."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn

import click

from settings import ROOT, Settings, from_env
from store.errors import StoreError
from web import logs

LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
# For glibc, which reads it when a process starts. By its own choice it has eight heaps a processor, and each keeps
# the most that ever lay in it; two are enough for threads that take turns. Not MALLOC_MMAP_THRESHOLD_ with it: arrays
# of a few hundred KB then cost twice the time.
MEMORY = {"MALLOC_ARENA_MAX": "2"}
REFUSAL = (
    "GridAtlas refuses to listen on {host}: it has no administrator yet, so without accounts it serves this machine "
    "only. Start it on 127.0.0.1 (the default) and open the link that it prints, or run "
    "`flask account add NAME --role administrator`."
)
NO_ORIGIN = (
    "GridAtlas refuses to listen on {host} without the address that others open it by: set ATLAS_ORIGIN, such as "
    "https://map.city.example. Its accounts are in place."
)
PLAIN = (
    "Warning: ATLAS_ORIGIN is {origin}: passwords and data cross the network unencrypted. "
    "Put a proxy with TLS in front (docs/operations.md)."
)
FIRST = (
    "GridAtlas has no accounts: whoever sits at this machine may do everything, and no other machine is served.\n"
    "Where others are to use it, make the administrator by this one-time link (a new one comes with each start):\n"
    "  {link}"
)


@lru_cache(maxsize=256)  # the names that requests carry
def is_loopback(host: str) -> bool:
    """Return whether `host` names this machine and nothing else."""
    name = host.strip().removeprefix("[").removesuffix("]").lower()
    if name in LOOPBACK_NAMES:
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def bind_address(settings: Settings) -> str:
    """Return "host:port" for the server, or leave with status 2 when the host may not be served."""
    refusal = why_not(settings.host, settings)
    if refusal:
        leave(refusal)
    host = settings.host.strip("[]")
    return f"[{host}]:{settings.port}" if ":" in host else f"{host}:{settings.port}"


def why_not(host: str, settings: Settings) -> str:
    """Return why `host` is not served, "" if it is: other machines only behind accounts, by a known address."""
    if is_loopback(host):
        return ""
    if not _has_administrator(settings):
        return REFUSAL.format(host=host or "every address")
    return "" if settings.origin else NO_ORIGIN.format(host=host or "every address")


def _has_administrator(settings: Settings) -> bool:
    from store.store import Store  # slow to import, and not needed on loopback

    try:
        with Store.open(settings.store, create=False) as store:
            return store.has_administrator()
    except StoreError as error:
        print(error.text(), file=sys.stderr)  # noqa: T201
        return False


def leave(refusal: str) -> NoReturn:
    """Say why the service does not start and leave with status 2."""
    print(refusal, file=sys.stderr)  # noqa: T201
    raise SystemExit(2)


def first_link(settings: Settings) -> str:
    """Return what a start says: the first administrator's link, or that passwords cross the network in the open."""
    from store.store import Store
    from web.account_words import link_address

    try:
        with Store.open(settings.store) as store:
            if not store.has_accounts():
                local = replace(settings, origin="")
                return FIRST.format(link=link_address(local, "/first", store.make_first_link()))
    except StoreError:
        return ""  # /healthz and every page tell what is wrong with the store
    return PLAIN.format(origin=settings.origin) if settings.origin.startswith("http://") else ""


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read the settings of an entry point; a bad value is a usage error (status 2) with a plain sentence."""
    try:
        return from_env(environ)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def threads_from(environ: Mapping[str, str]) -> int:
    """Return how many requests are answered at once, from ATLAS_THREADS."""
    text = environ.get("ATLAS_THREADS") or "96"
    if not text.isdecimal() or not 1 <= int(text) <= 512:
        raise click.UsageError(f"ATLAS_THREADS is {text!r}; it must be a number from 1 to 512")
    return int(text)


def streams_from(environ: Mapping[str, str]) -> int:
    """Return how many pages may follow what happens at once, from ATLAS_STREAMS."""
    text = environ.get("ATLAS_STREAMS") or str(Settings.streams)
    if not text.isdecimal() or int(text) > 1000:
        raise click.UsageError(f"ATLAS_STREAMS is {text!r}; it must be a number from 0 to 1000")
    return int(text)


def logging_from(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration of the log, from ATLAS_LOG and ATLAS_ACCESS_LOG."""
    try:
        return logs.config(environ)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def refuse_open_run(settings: Settings) -> None:
    """Refuse `flask run --host` with an address that may not be served."""
    context = click.get_current_context(silent=True)
    if context is None or context.info_name != "run":
        return
    host = context.params.get("host")
    refusal = "" if host is None else why_not(str(host), settings)
    if refusal:
        raise click.UsageError(refusal)


def check_addresses(addresses: list[object], settings: Settings) -> None:
    """Check the addresses gunicorn is about to bind: (host, port) pairs; a path is a local socket."""
    for address in addresses:
        refusal = why_not(str(address[0]), settings) if isinstance(address, tuple) else ""
        if refusal:
            leave(refusal)


def command(root: Path) -> list[str]:
    """Return the command that serves the application with gunicorn."""
    return [sys.executable, "-m", "gunicorn", "-c", str(root / "web" / "gunicorn_conf.py"), "app:create_app()"]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what gunicorn runs with: `environ`, and `MEMORY` where it says nothing else."""
    return {**MEMORY, **environ}


def main(environ: Mapping[str, str], arguments: Sequence[str] = ()) -> int:
    """Check where we may listen, then replace this process by gunicorn; ``--check`` only checks.

    Returns
    -------
    int
        0 after ``--check``, 2 for a bad setting or argument; it does not return when it serves.
    """
    if list(arguments) not in ([], ["--check"], ["--demo"]):
        print("usage: python -m web.serve [--check | --demo]", file=sys.stderr)  # noqa: T201
        return 2
    try:
        settings = settings_from(environ)
        bind_address(settings)
        threads_from(environ)
        streams_from(environ)
        logging_from(environ)
    except click.UsageError as error:
        print(error.format_message(), file=sys.stderr)  # noqa: T201
        return 2
    if "--check" in arguments:
        return 0
    os.chdir(ROOT)
    if "--demo" in arguments:
        demo = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", "demo", "--if-empty"], check=False, stdout=sys.stderr
        )
        if demo.returncode:
            return demo.returncode
    said = first_link(settings)
    if said:
        print(said, file=sys.stderr)  # noqa: T201
    sys.stderr.flush()
    return os.execve(sys.executable, command(ROOT), environment(environ))  # noqa: S606


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.argv[1:]))
