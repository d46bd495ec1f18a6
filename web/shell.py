"""What every page is given (see web/maps.py); `_`, `lang_tag`, `csp_nonce()`, `csrf_token()` come with the engine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from settings import ROOT
from web.i18n import current_lang
from web.jstext import js_text


@cache
def version() -> str:
    """Return a word that changes when a static file or the lock file of the browser files changes."""
    found = hashlib.blake2b(digest_size=6)
    files = [path for path in sorted((ROOT / "static").rglob("*")) if path.is_file()]
    for path in [*files, ROOT / "package-lock.json"]:
        stat = path.stat()
        found.update(f"{path.relative_to(ROOT)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return found.hexdigest()


def shell(page: str, status: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the context of `page`; `status` is the object of /api/status, None where the store is not asked."""
    return {"page": page, "status": status, "lang": current_lang(), "js_text": js_text(), "version": version()}
