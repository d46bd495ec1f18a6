"""What a page does when its session, its network or a colleague gets in the way (tests/page_parts.mjs plays it)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE = shutil.which("node") or "node"
SCRIPT = Path(__file__).with_name("page_parts.mjs")


@pytest.fixture(scope="module")
def played() -> dict[str, Any]:
    done = subprocess.run([NODE, "--no-warnings", str(SCRIPT)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_page_whose_session_ends_stays_and_goes_on_after_signing_in(played: dict[str, Any]) -> None:
    """It does not go away with what was typed; it is covered, and what was asked for is done after all."""
    found = played["session_ends"]
    assert "left" not in found["did"] and "reloaded" not in found["did"]
    assert (found["covered"]["boxes"], found["covered"]["open"], found["again"]) == (1, True, True)
    assert "[session.kept]" in found["covered"]["says"]
    assert found["did"]["opened"].startswith("/sign-in?next=")
    assert (found["answer"], found["after"], found["did"]["closed"]) == ({"done": True}, 0, True)
    assert found["quiet"] == "sign_in"  # what a page asks by itself does not pile up meanwhile


def test_a_page_with_text_that_was_not_sent_is_not_left_unasked(played: dict[str, Any]) -> None:
    found = played["text_that_is_not_sent"]
    assert [found[name] for name in ("none", "typed", "as it came", "closed")] == [False, True, False, False]


def test_another_account_does_not_see_what_was_typed(played: dict[str, Any]) -> None:
    assert played["another_account"]["reloaded"] is True


def test_the_safety_token_of_an_older_session_is_made_anew(played: dict[str, Any]) -> None:
    found = played["token_of_an_older_session"]
    assert found["answer"] == found["other"] == {"done": True}
    assert found["foreign"] == ["other_account", "[session.other]"]  # not done in the name of another account


def test_a_step_is_sent_again_after_the_network_was_lost(played: dict[str, Any]) -> None:
    found = played["network_is_lost_before_a_step"]
    assert found["first"] == {"refused": ["network"], "conflicts": 0, "offered": "[error.retry]", "stays": True}
    assert (found["steps"], found["conflicts"], found["sent"]) == (1, 0, 2)


def test_a_step_whose_answer_was_lost_is_no_conflict_with_oneself(played: dict[str, Any]) -> None:
    found = played["network_is_lost_after_a_step"]
    assert (found["version"], found["conflicts"], found["sent"]) == (2, 0, 1)
    found = played["network_is_lost_and_a_colleague_was_faster"]
    assert (found["version"], found["conflicts"]) == (1, 1)


def test_the_outer_border_is_offered_where_it_is_what_was_refused(played: dict[str, Any]) -> None:
    found = played["only_the_outer_border_is_asked_for"]
    assert (found["reshape"], found["outer_border"]) == (None, "meant")


def test_a_draft_that_cannot_be_reached_is_not_called_deleted(played: dict[str, Any]) -> None:
    found = played["nobody_says_what_is_kept"]
    assert (found["open"], found["after"], found["steps"]) == (False, True, 1)


def test_a_fork_that_fails_leaves_nothing_behind_and_loses_nothing(played: dict[str, Any]) -> None:
    found = played["a_fork_that_fails_keeps_the_question"]
    assert found["open"] and found["meant"] and found["deleted"] == ["/api/drafts/mine?version=1"]
    assert found["lead"] == "[conflict.fork.failed]"


def test_repairs_that_no_longer_fit_are_counted_and_said(played: dict[str, Any]) -> None:
    found = played["repairs_that_no_longer_fit"]
    assert found["done"] == 2 and "[repair.added_some]" in found["says"]


def test_repairs_go_into_no_draft_of_another_account_and_no_stale_one(played: dict[str, Any]) -> None:
    found = played["repairs_go_into_a_draft_of_ones_own"]
    assert found["own"] == "/api/drafts/d/steps"
    assert found["foreign"] == found["stale"] == "/api/drafts/new/steps"
