"""Where the server may listen, and how it is started. Loopback only until accounts exist."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path

import click

from settings import ROOT, Settings, from_env

LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
LEFT = 16  # threads that pages which follow what happens never take
REFUSAL = (
    "GridAtlas refuses to listen on {host}: it has no accounts yet, so it serves this machine only. "
    "Set ATLAS_HOST to 127.0.0.1 (the default), localhost or ::1."
)


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
    """Return "host:port" for the server, or leave with status 2 when the host is not loopback."""
    if not is_loopback(settings.host):
        refuse(settings.host)
    host = settings.host.strip("[]")
    return f"[{host}]:{settings.port}" if ":" in host else f"{host}:{settings.port}"


def refuse(host: str) -> None:
    """Say why `host` is not served and leave with status 2."""
    print(REFUSAL.format(host=host or "every address"), file=sys.stderr)  # noqa: T201
    raise SystemExit(2)


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


def streams_from(environ: Mapping[str, str], threads: int) -> int:
    """Return how many pages may follow what happens at once, from ATLAS_STREAMS.

    Each holds a thread, so `LEFT` threads stay for plain requests whatever is asked for.
    """
    text = environ.get("ATLAS_STREAMS") or "64"
    if not text.isdecimal() or int(text) > 500:
        raise click.UsageError(f"ATLAS_STREAMS is {text!r}; it must be a number from 0 to 500")
    return max(0, min(int(text), threads - LEFT))


def refuse_open_run(settings: Settings) -> None:
    """Refuse `flask run --host` with an address other hosts can reach."""
    context = click.get_current_context(silent=True)
    if context is None or context.info_name != "run":
        return
    host = context.params.get("host")
    if host is not None and not is_loopback(str(host)):
        raise click.UsageError(REFUSAL.format(host=host))


def check_addresses(addresses: list[object]) -> None:
    """Check the addresses gunicorn is about to bind: (host, port) pairs; a path is a local socket."""
    for address in addresses:
        if isinstance(address, tuple) and not is_loopback(str(address[0])):
            refuse(str(address[0]))


def command(root: Path) -> list[str]:
    """Return the command that serves the application with gunicorn."""
    return [sys.executable, "-m", "gunicorn", "-c", str(root / "web" / "gunicorn_conf.py"), "app:create_app()"]


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
        bind_address(settings_from(environ))
        streams_from(environ, threads_from(environ))
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
    sys.stderr.flush()
    return os.execve(sys.executable, command(ROOT), dict(environ))  # noqa: S606


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.argv[1:]))
