"""kill -9 at random moments: how work is started, killed, and what must hold of the store afterwards.

`ATLAS_FULL=1` runs `FULL` kills of each kind, 200 in all; the ordinary run a few of each.
"""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from store.audit_verify import Head
from store.store import Store
from tests.store.checks import assert_sound

FULL = {"import": 30, "write": 40, "edit": 40, "upgrade": 40, "live": 20, "backup": 30}
SHORT = {"import": 4, "write": 8, "edit": 8, "upgrade": 8, "live": 2, "backup": 6}
Say = Callable[[str], None]


def kills(kind: str) -> int:
    """Return how many kills of a kind this run makes."""
    return (FULL if os.environ.get("ATLAS_FULL") == "1" else SHORT)[kind]


class Child:
    """A process forked off the tests that works until it is killed; what it says is what it was told is done."""

    def __init__(self, work: Callable[[Say], None]) -> None:
        self._read, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.setsid()
                os.close(self._read)
                work(lambda text: os.write(write, f"{text}\n".encode()) and None)
                code = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(code)
        os.close(write)
        self._said = b""
        self._ended = False

    def await_word(self) -> None:
        """Wait until the child says something."""
        self._said += os.read(self._read, 1 << 16)

    def kill(self) -> tuple[list[str], bool]:
        """Kill the child; return what it said, and whether it was still at work."""
        os.kill(self.pid, signal.SIGKILL)
        status = self._awaited()
        while part := os.read(self._read, 1 << 16):
            self._said += part
        os.close(self._read)
        caught = os.WIFSIGNALED(status)
        assert caught or os.WEXITSTATUS(status) == 0, "the work failed by itself"
        return self._said.decode().splitlines(), caught

    def wait(self) -> list[str]:
        """Let the child end; return what it said."""
        while part := os.read(self._read, 1 << 16):
            self._said += part
        os.close(self._read)
        status = self._awaited()
        assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0, "the work failed by itself"
        return self._said.decode().splitlines()

    def end(self) -> None:
        """Kill the child where it still works: one that waits for others never ends when these have failed."""
        if not self._ended:
            os.kill(self.pid, signal.SIGKILL)
            self._awaited()

    def _awaited(self) -> int:
        status = os.waitpid(self.pid, 0)[1]
        self._ended = True
        return status


@dataclass
class Witness:
    """Keeps the head of the audit trail from kill to kill, as somebody elsewhere would."""

    path: Path
    head: Head | None = None
    caught: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def run(self, work: Callable[[Say], None], within_s: float) -> list[str]:
        """Start work, kill it at a random moment within so many seconds of its first word, look at the store."""
        child = Child(work)
        child.await_word()
        time.sleep(self.chance.random() * within_s)
        said, caught = child.kill()
        self.caught += caught
        self.look()
        return said

    def look(self) -> None:
        """The file is sound; the trail is whole and goes on from the kept head; every revision has its entry."""
        with Store.open(self.path) as store:
            verdict = store.verify_trail(self.head)
            assert verdict.whole, [fault.text() for fault in verdict.faults]
            self.head = verdict.head
            noted = {entry.revision for entry in store.whole_trail()}
            assert set(range(1, store.revision() + 1)) <= noted
        assert_sound(self.path)
