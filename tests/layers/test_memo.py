"""A kept result is never given for other columns than those it was made from."""

from __future__ import annotations

import gc

from layers.memo import Memo


def test_same_owner_and_key_are_made_once() -> None:
    memo, owner, made = Memo(4), object(), []
    for _ in range(3):
        assert memo.get((owner,), "a", lambda: made.append(1) or len(made)) == 1
    assert memo.get((owner,), "b", lambda: 9) == 9


def test_a_new_object_at_an_old_address_gets_its_own_result() -> None:
    memo = Memo(1000)
    for number in range(500):
        owner = [number]
        assert memo.get((owner,), "a", lambda number=number: number) == number
        del owner
        gc.collect(0)


def test_the_table_stays_small() -> None:
    memo = Memo(3)
    owners = [object() for _ in range(10)]
    for index, owner in enumerate(owners):
        memo.get((owner,), "a", lambda index=index: index)
    assert len(memo) == 3
    assert memo.get((owners[-1],), "a", lambda: -1) == 9
    assert memo.get((owners[0],), "a", lambda: -1) == -1
