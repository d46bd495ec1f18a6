"""What every page is given (see web/maps.py); `_`, `lang_tag`, `csp_nonce()`, `csrf_token()` come with the engine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from settings import ROOT
from web.i18n import current_lang
from web.identity import reader
from web.jstext import js_text
from web.jstext_balance import TEXTS as BALANCE
from web.jstext_drafts import TEXTS as DRAFTS
from web.jstext_findings import TEXTS as FINDINGS
from web.jstext_live import TEXTS as LIVE
from web.jstext_privacy import TEXTS as PRIVACY
from web.jstext_time import TEXTS as TIME
from web.jstext_whatif import TEXTS as WHATIF
from web.permissions import AUDIT

KEYS = ("finding.", "repair.")  # of the worklist
# Texts that the scripts of some pages show: the others do not carry them.
ONLY: tuple[tuple[tuple[str, ...], Mapping[str, str]], ...] = (
    (("grids",), {**BALANCE, **DRAFTS, **{key: text for key, text in FINDINGS.items() if key.startswith(KEYS)}}),
    (("planner",), {**WHATIF, **PRIVACY}),
    (("command", "wall"), {**LIVE, **{key: text for key, text in TIME.items() if not key.startswith("filter.")}}),
)


@cache
def version() -> str:
    """Return a word that changes when a static file or the lock file of the browser files changes."""
    found = hashlib.blake2b(digest_size=6)
    files = [path for path in sorted((ROOT / "static").rglob("*")) if path.is_file()]
    for path in [*files, ROOT / "package-lock.json"]:
        stat = path.stat()
        found.update(f"{path.relative_to(ROOT)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return found.hexdigest()


def texts_of(page: str) -> dict[str, str]:
    """Return the texts that the scripts of a page show, in the reader's language."""
    others = {key for pages, texts in ONLY if page not in pages for key in texts}
    return {key: text for key, text in js_text().items() if key not in others}


def shell(page: str, status: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the context of `page`; `status` is the object of /api/status, None where the store is not asked."""
    one = reader()
    return {
        "page": page, "status": status, "lang": current_lang(), "js_text": texts_of(page), "version": version(),
        "audit": one.may(AUDIT) and one.area is None,
    }  # fmt: skip
