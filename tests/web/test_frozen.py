"""Results in files: what comes back equals what went in; what is damaged or foreign is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geo.camera_facts import ViewRules
from layers.complete import Slot
from layers.engine import compute
from tests.layers.seeded import moved, town
from web.derived import MOST_FILES, MOST_TRIES, Derived
from web.frozen import HEAD, pack, unpack

SLOT = Slot("grid", ViewRules(task="detect", assumed_range_m=33.5))


def alike(left: Any, right: Any) -> None:
    """Assert that two nested dataclasses of arrays are the same in every field."""
    assert type(left) is type(right)
    for field in fields(left):
        one, other = getattr(left, field.name), getattr(right, field.name)
        if field.name.startswith("_"):
            continue
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            assert one.shape == other.shape
            # Compiled code is another one for arrays that cannot be written: a restarted service would wait for it.
            assert one.dtype == object or one.flags.writeable == other.flags.writeable, field.name
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), field.name
        elif hasattr(one, "__dataclass_fields__"):
            alike(one, other)
        elif isinstance(one, dict):
            assert one.keys() == other.keys()
            for key in one:
                assert np.array_equal(one[key], other[key])
        else:
            assert one == other


def test_a_result_comes_back_as_it_was(tmp_path: Path) -> None:
    found = compute(town(0), *SLOT[:2])
    pack(found, tmp_path / "a.npz", {"version": 1})
    again = unpack(tmp_path / "a.npz", {"version": 1})
    alike(found, again)
    assert again.slot == SLOT


def test_what_follows_from_a_read_result_equals_what_follows_from_it(tmp_path: Path) -> None:
    now = town(1)
    found = compute(now, *SLOT[:2])
    pack(found, tmp_path / "a.npz", {})
    then = moved(now, 2)
    one, other = (compute(then, *SLOT[:2], (start,)) for start in (found, unpack(tmp_path / "a.npz", {})))
    assert np.array_equal(one.city.coverage.blind_m2, other.city.coverage.blind_m2)
    assert np.array_equal(one.city.coverage.seen_by_m2, other.city.coverage.seen_by_m2)


def test_other_facts_are_another_version(tmp_path: Path) -> None:
    pack(ViewRules(), tmp_path / "a.npz", {"version": 1})
    with pytest.raises(ValueError, match="version"):
        unpack(tmp_path / "a.npz", {"version": 2})


@dataclass(frozen=True)
class Foreign:
    x: int = 1


def test_only_dataclasses_of_the_domain_are_made(tmp_path: Path) -> None:
    pack(Foreign(), tmp_path / "a.npz", {})
    with pytest.raises(ValueError, match="holds nothing"):
        unpack(tmp_path / "a.npz", {})
    for name in (["geo.errors", "AtlasError"], ["geo.crs", "np"]):
        head = json.dumps({"facts": {}, "value": {"class": name, "fields": {}}})
        np.savez(tmp_path / "b.npz", **{HEAD: np.frombuffer(head.encode(), np.uint8)})
        with pytest.raises((ValueError, AttributeError)):
            unpack(tmp_path / "b.npz", {})
    with pytest.raises(TypeError):
        pack([object()], tmp_path / "c.npz", {})


def test_any_damage_is_noticed_or_harmless(tmp_path: Path) -> None:
    found = compute(town(2, cameras=3, side=1, houses=2), *SLOT[:2])
    derived = Derived(tmp_path, lambda text: None)
    derived.save(found)
    (path,) = tmp_path.glob("*.npz")
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    names = rng.integers(len(whole) * 3 // 4, len(whole), 60)  # the archive's directory lies at its end
    harmless = 0
    for place in [*rng.integers(0, len(whole), 60).tolist(), *names.tolist()]:
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        for content in (bytes(damaged), whole[:place]):
            path.write_bytes(content)
            read = derived.load(SLOT)
            if read is not None:  # a byte that nothing is read from
                alike(found, read)
                harmless += 1
    assert harmless < 120


@pytest.fixture
def derived(tmp_path: Path) -> Derived:
    return Derived(tmp_path, log=lambda text: None)


def test_the_last_result_is_found_again(derived: Derived) -> None:
    assert derived.load(SLOT) is None
    found = compute(town(3), *SLOT[:2])
    derived.save(found)
    again = derived.load(SLOT)
    assert again is not None
    alike(found, again)
    assert derived.load(Slot("grid", ViewRules())) is None


def test_a_damaged_file_is_told_and_passed_over(tmp_path: Path) -> None:
    told: list[str] = []
    derived = Derived(tmp_path, told.append)
    derived.save(compute(town(3), *SLOT[:2]))
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(path.read_bytes()[:1000])
    assert derived.load(SLOT) is None
    assert len(told) == 1
    path.write_bytes(b"")
    assert derived.load(SLOT) is None


def test_what_other_formulas_worked_out_is_passed_over(derived: Derived, monkeypatch: pytest.MonkeyPatch) -> None:
    derived.save(compute(town(3), *SLOT[:2]))
    monkeypatch.setattr("web.derived.formulas", lambda: "others")
    assert derived.load(SLOT) is None


def test_few_files_are_kept_and_no_half_ones(tmp_path: Path) -> None:
    derived = Derived(tmp_path, lambda text: None)
    now = town(4, cameras=2, side=1)
    for i in range(MOST_FILES + 2):
        derived.save(compute(now, "grid", ViewRules(assumed_range_m=10.0 + i)))
    assert len(list(tmp_path.iterdir())) == MOST_FILES
    last = derived.load(Slot("grid", ViewRules(assumed_range_m=10.0 + MOST_FILES + 1)))
    assert last is not None


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    derived = Derived(tmp_path / "missing", told.append)
    derived.save(compute(town(4, cameras=2, side=1), *SLOT[:2]))
    assert told
    derived.begin(SLOT)
    derived.end(SLOT)
    assert derived.unfinished() == []


def test_what_was_begun_and_not_ended_is_remembered(derived: Derived, tmp_path: Path) -> None:
    derived.begin(SLOT)
    other = Slot("grid", ViewRules())
    derived.begin(other)
    derived.end(other)
    assert Derived(tmp_path, lambda text: None).unfinished() == [SLOT]
    for _ in range(MOST_TRIES - 1):
        assert derived.may_begin(SLOT)
        derived.begin(SLOT)
    assert not derived.may_begin(SLOT)
    assert derived.unfinished() == []
    derived.end(SLOT)
    assert derived.may_begin(SLOT)
    (tmp_path / "odd.json").write_text('{"level": "grid", "rules": {"assumed_range_m": -1}, "tries": 0}')
    (tmp_path / "worse.json").write_text("[")
    assert derived.unfinished() == []
