"""The process that reads a file: takes one request, gives its rights away, answers, ends.

Started by `store.intake.sandbox` as ``python -P -s -m store.intake.child``. The request is one JSON object on standard
input; reports of progress are JSON lines on the descriptor it names; the answer is ``result.json`` in the scratch
folder.
"""

from __future__ import annotations

import errno
import gc
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from geo.errors import AtlasError
from store.intake import lockdown, progress

RESULT = "result.json"
NO_ROOM = 28  # exit status: the disk has no room even for the answer
_NO_ROOM = (errno.EFBIG, errno.ENOSPC, errno.EDQUOT)

# Short names of what the child can be asked to do; a full "module:function" is taken as well. Each function has the
# signature (arguments: dict, scratch: Path) -> JSON value, and reports by store.intake.progress.report.
FUNCTIONS = {
    "read": "store.intake.read_table:child_read",
    "normalise": "store.intake.hand_over:child_normalise",
    "inspect": "store.intake.run:child_inspect",
}


def resolve(name: str) -> Callable[[dict[str, Any], Path], Any]:
    """Return the function of a short name or of "module:function"."""
    module, _, function = FUNCTIONS.get(name, name).partition(":")
    found: Callable[[dict[str, Any], Path], Any] = getattr(importlib.import_module(module), function)
    return found


def answer(function: str, arguments: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """Run the function; return its result, or the error a user can act on, or the limit it met."""
    try:
        return {"result": resolve(function)(arguments, scratch)}
    except AtlasError as error:
        kind = type(error)
        return {
            "error": {
                "class": f"{kind.__module__}:{kind.__qualname__}",
                "message": error.message,
                "remedy": error.remedy,
                "params": _without_folders(error.params, scratch, arguments),
            }
        }
    except MemoryError:
        return {"limit": "memory"}
    except OSError as error:
        if error.errno in _NO_ROOM:
            return {"limit": "disk"}
        if error.errno == errno.ENOMEM:
            return {"limit": "memory"}
        raise


def _without_folders(params: dict[str, Any], scratch: Path, arguments: dict[str, Any]) -> dict[str, Any]:
    """Take the folders of this work out of what a library said: an answer tells nobody where files lie."""
    folders = [f"{scratch}/"]
    if isinstance(arguments.get("file"), str):
        folders.append(f"{Path(arguments['file']).parent}/")
    shown = dict(params)
    for name, value in params.items():
        if name == "detail" and isinstance(value, str):
            for folder in sorted(folders, key=len, reverse=True):
                value = value.replace(folder, "")
            shown[name] = value
    return shown


def tell_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print where a fault of the program arose and its type; its message may hold a row of the file."""
    sys.stderr.write("".join(traceback.format_tb(trace)) + f"{kind.__module__}.{kind.__qualname__}\n")


def main() -> int:
    """Serve one request."""
    # Millions of small lists come and go while JSON is read, and none of them in cycles.
    gc.set_threshold(1_000_000)
    request = json.loads(sys.stdin.buffer.read())
    lockdown.die_with_parent(request["parent"])
    scratch = Path(request["scratch"])
    pipe = os.fdopen(request["progress_fd"], "w", encoding="utf-8", buffering=1)

    def tell(fraction: float, step: str) -> None:
        pipe.write(json.dumps([fraction, step]) + "\n")

    progress.listen(tell)
    try:
        lockdown.limit(request["memory_bytes"], request["cpu_s"], request["file_bytes"])
        lockdown.forbid_network()
    except AtlasError as error:
        outcome: dict[str, Any] = {
            "error": {
                "class": "store.errors:IntakeError",
                "message": error.message,
                "remedy": error.remedy,
                "params": {},
            }
        }
    else:
        outcome = answer(request["function"], request["arguments"], scratch)
    try:
        text = json.dumps(outcome, default=str)
    except MemoryError:
        text = '{"limit": "memory"}'
    try:
        (scratch / RESULT).write_text(text, encoding="utf-8")
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        return NO_ROOM
    return 0


if __name__ == "__main__":
    sys.excepthook = tell_fault
    # Not sys.exit: a library that hangs while it is unloaded must not hold up the answer.
    os._exit(main())
