"""Runs a function in a child process with limits on memory, time and files, and without a network."""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geo.errors
import store.errors
from geo.errors import N_, AtlasError
from store.errors import IntakeError
from store.intake.child import NO_ROOM, RESULT
from store.intake.child_env import environment

FILE_BYTES = 4 << 30
_LINE_BYTES = 1 << 16
_log = logging.getLogger(__name__)


def run(
    function: str,
    arguments: dict[str, Any],
    *,
    scratch: Path,
    memory_bytes: int,
    cpu_s: int,
    wall_s: int,
    progress: Callable[[float, str], None] | None = None,
    file_bytes: int = FILE_BYTES,
) -> Any:
    """Run a function in a child process and return its JSON result.

    Parameters
    ----------
    function
        A name of `store.intake.child.FUNCTIONS` or "module:function", called with `arguments` and `scratch`.
    arguments
        JSON object for the function.
    scratch
        Existing folder of the caller's (see `scratch_folder`); the child works in it and leaves arrays there.
    memory_bytes
        Limit of the child's address space.
    cpu_s, wall_s
        Limits of its processor time and of the time by the clock, in seconds.
    progress
        Called in this thread with a fraction (0 to 1) and the name of a step.
    file_bytes
        Largest file that the child may write.

    Returns
    -------
    result
        What the function returned, through JSON.

    Raises
    ------
    AtlasError
        The child's own error, of the same class, or an `IntakeError` for a limit that was met or a crash.
    """
    scratch = scratch.resolve()
    result = scratch / RESULT
    result.unlink(missing_ok=True)
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    request = json.dumps(
        {
            "function": function,
            "arguments": arguments,
            "scratch": str(scratch),
            "memory_bytes": memory_bytes,
            "cpu_s": cpu_s,
            "file_bytes": file_bytes,
            "progress_fd": write_end,
            "parent": os.getpid(),
        }
    )
    with (scratch / "child.log").open("w+b") as log:
        try:
            child = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", "store.intake.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=scratch,
                env=environment(scratch),
                pass_fds=(write_end,),
                start_new_session=True,
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        try:
            ended = _follow(child, request.encode(), read_end, wall_s, progress)
        finally:
            os.close(read_end)
            _kill(child)
        log.seek(0)
        said = log.read()[-20_000:].decode("utf-8", "replace")
    if not ended:
        raise IntakeError(
            N_("Reading the file took longer than {seconds} s and was stopped."),
            N_("Split the file, or raise the time limit."),
            seconds=wall_s,
        )
    return _outcome(child.returncode, result, said, cpu_s, memory_bytes)


def _follow(
    child: subprocess.Popen[bytes],
    request: bytes,
    pipe: int,
    wall_s: float,
    progress: Callable[[float, str], None] | None,
) -> bool:
    """Hand the request over and pass reports on until the child ends; False if its time is over."""
    deadline = time.monotonic() + wall_s
    try:
        assert child.stdin is not None
        child.stdin.write(request)
        child.stdin.close()
    except BrokenPipeError:  # it ended already; why is told by its status
        _log.debug("the child ended before it took its request")
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if not selector.select(left):
                continue
            data = os.read(pipe, _LINE_BYTES)
            if not data:
                break
            *lines, pending = (pending + data).split(b"\n")
            pending = pending[:_LINE_BYTES]
            if progress is not None and lines:
                _pass_on(lines[-1], progress)
    try:
        child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _pass_on(line: bytes, progress: Callable[[float, str], None]) -> None:
    fraction, step = json.loads(line)
    progress(min(1.0, max(0.0, float(fraction))), str(step))


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the child and all of its group."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        _log.debug("the child's group has ended")
    child.wait()


def _outcome(status: int, result: Path, said: str, cpu_s: int, memory_bytes: int) -> Any:
    """Turn the child's answer or its death into a result or an error."""
    if status == 0 and result.exists():
        answer = json.loads(result.read_text(encoding="utf-8"))
        if "result" in answer:
            return answer["result"]
        if "error" in answer:
            raise _again(answer["error"])
        if answer["limit"] == "disk":
            raise _no_room()
        raise _memory(memory_bytes)
    if status == NO_ROOM:
        raise _no_room()
    if status == -signal.SIGXCPU:
        raise IntakeError(
            N_("Reading the file took more than {seconds} s of processor time and was stopped."),
            N_("Split the file, or raise the time limit."),
            seconds=cpu_s,
        )
    words = said.casefold()
    if (
        status == -signal.SIGKILL
        or "memoryerror" in words
        or "bad_alloc" in words
        or "out of memory" in words
        or ("memory allocation" in words)
    ):
        raise _memory(memory_bytes)
    _log.error("the reading process ended with status %s:\n%s", status, said)
    last = said.strip().splitlines()[-1] if said.strip() else f"status {status}"
    raise IntakeError(
        N_("The file made the reader fail: {detail}"),
        N_("Export the file again in another format, such as GeoPackage; please report this file."),
        detail=last[:200],
    )


def _no_room() -> IntakeError:
    return IntakeError(
        N_("Reading the file needs more space on the disk than there is or may be used."),
        N_("Free space, or split the file."),
    )


def _memory(memory_bytes: int) -> IntakeError:
    return IntakeError(
        N_("Reading the file needs more than the {limit} MiB of memory that it may use."),
        N_("Split the file, or use GeoPackage, FlatGeobuf or Parquet; or raise the limit."),
        limit=memory_bytes >> 20,
    )


def _again(error: dict[str, Any]) -> AtlasError:
    """Rebuild the child's error; only errors of the domain have this form."""
    module, _, name = error["class"].partition(":")
    known: dict[str, Any] = {"geo.errors": geo.errors, "store.errors": store.errors}
    kind = getattr(known.get(module), name, IntakeError)
    if not (isinstance(kind, type) and issubclass(kind, AtlasError)):
        kind = IntakeError
    return kind(error["message"], error["remedy"], **error["params"])
