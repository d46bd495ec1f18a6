"""Rejected rows as a CSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from flask import Response

from store.batch import Reject
from web.errors import fill

FIELDS = ("row", "field", "value", "reason", "remedy")
# A cell that begins with one of these is a formula to a spreadsheet; a leading quote makes it text.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")


def safe(text: str) -> str:
    """Return `text` as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def rejects_text(rejects: Iterable[Reject], lang: str) -> str:
    """Return the rejects as CSV with a header; reasons and remedies in `lang`."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(FIELDS)
    for reject in rejects:
        texts = (
            reject.field,
            reject.value,
            fill(reject.reason, reject.params, lang),
            fill(reject.remedy, reject.params, lang),
        )
        writer.writerow([reject.row, *map(safe, texts)])
    return target.getvalue()


def rejects_csv(rejects: Iterable[Reject], name: str, lang: str) -> Response:
    """Return the rejects as a download; the byte order mark tells a spreadsheet that it is UTF-8."""
    response = Response("\ufeff" + rejects_text(rejects, lang), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
