"""Catalogues: every text a reader may see has its Chinese, with the same fields."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from web.i18n import LANGUAGES, catalogue
from web.jstext import TEXTS

ROOT = Path(__file__).resolve().parents[2]
UPDATE: dict[str, Any] = runpy.run_path(str(ROOT / "translations" / "update.py"))
FIELD = re.compile(r"\{(\w+)[^{}|]*\}")  # not the two forms of a word, which only English has
SAME_IN_CHINESE = re.compile(r"[\W\d_]*(\{\w+\}[\W\d_]*)*")  # texts without a word of their own


@pytest.fixture(scope="module")
def source() -> Catalog:
    found: Catalog = UPDATE["extract"]()
    return found


def read(locale: str) -> Catalog:
    with UPDATE["path_of"](locale).open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_the_catalogue_holds_what_the_source_says(source: Catalog, locale: str) -> None:
    texts = {message.id for message in source if message.id}
    held = {message.id for message in read(locale) if message.id}
    assert texts - held == set(), "run: python translations/update.py"
    assert held - texts == set(), "run: python translations/update.py"


def test_everything_is_chinese() -> None:
    missing = [
        message.id for message in read("zh_CN")
        if message.id and not SAME_IN_CHINESE.fullmatch(message.id)
        and not re.search("[\u4e00-\u9fff]", message.string) and message.string != message.id
    ]  # fmt: skip
    assert missing == []


def test_nothing_is_guessed() -> None:
    assert [message.id for locale in ("zh_CN", "en") for message in read(locale) if message.fuzzy] == []


def test_fields_are_the_same() -> None:
    wrong = [
        message.id for message in read("zh_CN")
        if message.id and sorted(FIELD.findall(message.id)) != sorted(FIELD.findall(message.string))
    ]  # fmt: skip
    assert wrong == []


def test_every_text_of_the_scripts_is_in_the_catalogue(source: Catalog) -> None:
    texts = {message.id for message in source if message.id}
    assert set(TEXTS.values()) - texts == set()


@pytest.mark.parametrize("lang", list(LANGUAGES))
def test_catalogues_are_compiled_in_memory(lang: str) -> None:
    assert catalogue(lang).gettext("Grids") == {"zh": "网格", "en": "Grids"}[lang]
    assert catalogue(lang).gettext("no such text") == "no such text"
    assert list((ROOT / "translations").rglob("*.mo")) == []
