"""Tags that extracts of OpenStreetMap keep as one text column: dict text, JSON, or hstore."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from numpy.typing import NDArray

from store.intake.texts import plain, texts

TAG_COLUMNS = frozenset({"other", "othertags", "alltags", "tags"})
_LONGEST = 20_000
_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=>\s*(?:"((?:[^"\\]|\\.)*)"|NULL)')


def tags_of(text: str) -> dict[str, str]:
    """Return the tags in `text`, an empty dict where it holds none."""
    if len(text) > _LONGEST:
        return {}
    if text.startswith('"') and "=>" in text:
        return {_unescape(key): _unescape(value) for key, value in _HSTORE.findall(text)}
    if not (text.startswith("{") and text.endswith("}")):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return {}
    if not isinstance(found, dict):
        return {}
    return {
        key: str(value)
        for key, value in found.items()
        if isinstance(key, str) and isinstance(value, str | int | float) and str(value).strip()
    }


def tag_columns(values: NDArray[Any], wanted: frozenset[str]) -> dict[str, NDArray[Any]]:
    """Return one object column (str or None) per tag of `wanted` (plain names) in `values`."""
    column = texts(values)
    tags = [tags_of(value) for value in column.values]
    keys = sorted({key for found in tags for key in found if plain(key) in wanted})
    return {key: column.spread([found.get(key) for found in tags], None) for key in keys}


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
