"""Passwords hashed with little work, so that tests of what comes after are quick."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from store import passwords


def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let passwords cost next to nothing until the test ends."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    monkeypatch.setattr(passwords, "DUMMY", hasher.hash("nobody knows it"))
