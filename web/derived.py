"""Complete coverages on disk, so that a restarted service shows the last one at once.

Nothing here is truth: a file that is missing, damaged, of another format or of another version of the formulas is
passed over, and the coverage is worked out anew. Files are written aside and renamed; a few are kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from geo.camera_facts import ViewRules
from geo.errors import AtlasError
from layers.complete import Complete, Slot
from settings import ROOT
from web.frozen import OutdatedError, pack, unpack
from web.logs import fault_of

FORMAT = 1
MOST_FILES = 4
MOST_TRIES = 3  # a computation that killed the process so often is not begun again by itself
STALE_S = 3600.0


@cache
def formulas() -> str:
    """Return a digest of the program's formulas: what another version worked out is not taken over."""
    total = hashlib.blake2b(digest_size=12)
    for folder in ("geo", "layers"):
        for path in sorted((ROOT / folder).glob("*.py")):
            total.update(path.name.encode())
            total.update(path.read_bytes())
    return total.hexdigest()


class Derived:
    """The files of one store's folder.

    Parameters
    ----------
    folder
        Exists, belongs to this user, holds nothing else.
    log
        Told what could not be read or written.
    """

    def __init__(self, folder: Path, log: Callable[[str], None]) -> None:
        self._folder = folder
        self._log = log
        self.sweep()

    def load(self, slot: Slot) -> Complete | None:
        """Return the last result of `slot`, None when there is none or it cannot be used."""
        path = self._folder / f"{_name(slot)}.npz"
        try:
            found = unpack(path, {"format": FORMAT, "formulas": formulas()})
        except (FileNotFoundError, OutdatedError):
            return None
        except Exception as error:  # noqa: BLE001 - a damaged file may fail in any way; all of it can be worked out anew
            self._log(f"{path.name} is not used: {fault_of(error, error.__traceback__)}")
            return None
        if not isinstance(found, Complete) or found.slot != slot:
            return None
        with suppress(OSError):
            os.utime(path)  # the least recently used ones go first
        return found

    def save(self, complete: Complete) -> None:
        """Write a result aside and put it in the place of the last one of its slot; a full disk is only told."""
        path = self._folder / f"{_name(complete.slot)}.npz"
        aside = self._folder / f"{path.stem}.{secrets.token_hex(4)}.new"
        try:
            pack(complete, aside, {"format": FORMAT, "formulas": formulas()})
            aside.replace(path)
        except OSError as error:
            self._log(f"{path.name}: {fault_of(error, error.__traceback__)}")
        finally:
            with suppress(OSError):
                aside.unlink()
        self.sweep()

    def sweep(self) -> None:
        """Remove what a killed process left half written, and all but the files used last."""
        with suppress(OSError):
            for path in self._folder.glob("*.new"):
                if time.time() - path.stat().st_mtime > STALE_S:
                    path.unlink(missing_ok=True)
            files = sorted(self._folder.glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in files[MOST_FILES:]:
                path.unlink(missing_ok=True)

    # --- what was begun ------------------------------------------------------------------------------------------

    def begin(self, slot: Slot) -> None:
        """Write down that `slot` is being computed."""
        note = {"level": slot[0], "rules": vars(slot[1]), "tries": self.tries(slot) + 1}
        path = self._note(slot)
        with suppress(OSError):
            aside = path.with_suffix(f".{secrets.token_hex(4)}.new")
            aside.write_text(json.dumps(note), "utf-8")
            aside.replace(path)

    def end(self, slot: Slot) -> None:
        """Write down that `slot` is no longer being computed."""
        with suppress(OSError):
            self._note(slot).unlink(missing_ok=True)

    def tries(self, slot: Slot) -> int:
        """Return how often `slot` was begun and not ended."""
        found = (_read(self._note(slot)) or {}).get("tries")
        return found if isinstance(found, int) else 0

    def may_begin(self, slot: Slot) -> bool:
        """Return whether `slot` has not been begun in vain too often."""
        return self.tries(slot) < MOST_TRIES

    def unfinished(self) -> list[Slot]:
        """Return what was begun and not ended, but for what was tried too often."""
        found: list[Slot] = []
        for path in sorted(self._folder.glob("*.json")):
            note = _read(path)
            try:
                if note is not None and note["tries"] < MOST_TRIES:
                    found.append(Slot(note["level"], ViewRules(**note["rules"])))
            except (KeyError, TypeError, AtlasError):
                path.unlink(missing_ok=True)
        return found

    def _note(self, slot: Slot) -> Path:
        return self._folder / f"{_name(slot)}.json"


def _name(slot: Slot) -> str:
    text = json.dumps([slot[0], sorted(vars(slot[1]).items())])
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
