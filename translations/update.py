"""Bring the catalogues up to date with the source: `python translations/update.py`, then translate what is empty.

The English text is the key. A text that left the source leaves the catalogues; nothing is guessed ("fuzzy").
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
KEYWORDS = {"N_": None, "_": None, "gettext": None}
LOCALES = ("zh_CN", "en")


def extract() -> Catalog:
    """Return every text of the source that a reader may see, with the files it stands in."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as source:
        methods, options = parse_mapping_cfg(source)
    found: dict[str, set[str]] = {}
    for file, _line, message, _comments, _context in extract_from_dir(
        ROOT, methods, options, keywords=KEYWORDS, strip_comment_tags=True
    ):
        if isinstance(message, str) and message:
            found.setdefault(message, set()).add(file)
    catalogue = Catalog(project="GridAtlas", charset="utf-8")
    for message in sorted(found):
        # Files without lines: a moved line is no change of a text.
        catalogue.add(message, locations=[(file, 0) for file in sorted(found[message])])
    return catalogue


def path_of(locale: str) -> Path:
    """Return the catalogue file of `locale`."""
    return ROOT / "translations" / locale / "LC_MESSAGES" / "messages.po"


def update(locale: str, source: Catalog) -> int:
    """Rewrite the catalogue of `locale`; return how many texts have no translation."""
    path = path_of(locale)
    known: dict[str, str] = {}
    if path.exists():
        with path.open("rb") as file:
            known = {message.id: message.string for message in read_po(file, locale=locale) if message.id}
    fresh = Catalog(locale=locale, project="GridAtlas", version="1", charset="utf-8", fuzzy=False)
    fresh.header_comment = f"# GridAtlas, {locale}. The English text is the key; see translations/update.py."
    missing = 0
    for message in source:
        if not message.id:
            continue
        text = message.id if locale == "en" else known.get(message.id, "")
        missing += not text
        fresh.add(message.id, text, locations=message.locations)
    # A fixed date: the file changes when a text does, and only then.
    fresh.creation_date = fresh.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, fresh, width=0, include_lineno=False, sort_output=True, omit_header=False)
    return missing


if __name__ == "__main__":
    texts = extract()
    for name in LOCALES:
        print(f"{name}: {len(texts)} texts, {update(name, texts)} without translation", file=sys.stderr)  # noqa: T201
