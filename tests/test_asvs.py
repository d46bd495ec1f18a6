"""The matrices of promises name tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    page for page in (ROOT / "docs" / "asvs.md", ROOT / "SECURITY.md", ROOT / "docs" / "operations.md") if page.exists()
]


def named(page: Path) -> list[str]:
    return re.findall(r"`(tests/[\w/]+\.py(?:::\w+)?)`", page.read_text("utf-8"))


def exists(name: str) -> bool:
    file, _, test = name.partition("::")
    path = ROOT / file
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text("utf-8"))
    return not test or any(isinstance(node, ast.FunctionDef) and node.name == test for node in tree.body)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_named_test_exists(page: Path) -> None:
    assert [name for name in named(page) if not exists(name)] == []


def test_every_requirement_has_a_test_or_says_why_not() -> None:
    text = (ROOT / "docs" / "asvs.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.*) \| (.*) \| (.*) \|$", text, re.MULTILINE)
    assert len(rows) > 130 and len({row[0] for row in rows}) == len(rows)
    assert [row[0] for row in rows if not re.search(r"`tests/|^open: \w", row[4])] == []
    assert [row[0] for row in rows if not (row[2] and row[3])] == []


def test_a_name_that_is_none_is_found() -> None:
    assert not exists("tests/test_asvs.py::test_that_is_not_there")
    assert not exists("tests/no_such_file.py")
    assert exists("tests/test_asvs.py::test_a_name_that_is_none_is_found")
