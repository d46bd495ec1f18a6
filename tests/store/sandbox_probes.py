"""What the tests of the sandbox run inside it: attempts at what it must forbid."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from geo.errors import NotMetricError
from store.errors import IntakeError, PersonalDataError
from store.intake.progress import report


def echo(arguments: dict[str, Any], scratch: Path) -> Any:
    return {"arguments": arguments, "cwd": str(Path.cwd()), "scratch": str(scratch)}


def steps(arguments: dict[str, Any], scratch: Path) -> Any:
    for step in range(5):
        report(step / 4, f"step {step}")
        time.sleep(0.01)
    return None


def surroundings(arguments: dict[str, Any], scratch: Path) -> Any:
    links = [Path(f"/proc/self/fd/{number}") for number in range(64)]
    targets = [str(link.readlink()) for link in links if link.is_symlink()]
    return {"environ": dict(os.environ), "path": sys.path, "open": targets}


def attempts(arguments: dict[str, Any], scratch: Path) -> dict[str, str]:
    """Try every way out; return what became of each."""

    def tried(action: Any) -> str:
        try:
            action()
        except OSError as error:
            return type(error).__name__
        return "done"

    return {
        "inet": tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)),
        "inet6": tried(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)),
        "unix": tried(lambda: socket.socket(socket.AF_UNIX)),
        "netlink": tried(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
        "pair": tried(socket.socketpair),
        "fork": tried(os.fork),
        "exec": tried(lambda: os.execv("/bin/true", ["true"])),
        "spawn": tried(lambda: subprocess.run(["/bin/true"], check=True)),
    }


def threads(arguments: dict[str, Any], scratch: Path) -> int:
    seen: list[int] = []
    workers = [threading.Thread(target=seen.append, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(seen)


def eat_memory(arguments: dict[str, Any], scratch: Path) -> int:
    kept = [np.ones(1 << 20) for _ in range(4096)]
    return len(kept)


def abort_as_cpp(arguments: dict[str, Any], scratch: Path) -> None:
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def slip(arguments: dict[str, Any], scratch: Path) -> None:
    int(arguments["cell"])


def placed(arguments: dict[str, Any], scratch: Path) -> None:
    raise IntakeError("Damaged: {detail}", "", detail=f"{arguments['file']} and {scratch}/source.gpkg: malformed")


def crash(arguments: dict[str, Any], scratch: Path) -> None:
    os.abort()


def bug(arguments: dict[str, Any], scratch: Path) -> None:
    raise ZeroDivisionError("a fault of the program")


def spin(arguments: dict[str, Any], scratch: Path) -> None:
    while True:
        pass


def sleep(arguments: dict[str, Any], scratch: Path) -> None:
    (scratch / "pid").write_text(str(os.getpid()))
    time.sleep(60)


def report_and_sleep(arguments: dict[str, Any], scratch: Path) -> None:
    (scratch / "pid").write_text(str(os.getpid()))
    report(0.5, "sleep")
    time.sleep(60)


def write_much(arguments: dict[str, Any], scratch: Path) -> None:
    with (scratch / "big").open("wb") as stream:
        for _ in range(64):
            stream.write(b"\0" * (1 << 20))


def refuse(arguments: dict[str, Any], scratch: Path) -> None:
    kind = {"personal": PersonalDataError, "metric": NotMetricError}[arguments["kind"]]
    raise kind("The column {name} is refused.", "Leave {name} out.", name="phone")


def gdal_alone(arguments: dict[str, Any], scratch: Path) -> dict[str, bool]:
    """Load GDAL as the readers do; return which libraries are there then."""
    from store.intake.read_ogr import gdal

    gdal()
    return {name: sys.modules.get(name) is not None for name in ("pyogrio", "geopandas", "pyproj")}
