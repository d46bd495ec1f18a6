"""Find a text in many short texts: names and codes, as they are typed by people.

Compared are folded texts: compatibility forms made one (NFKC), case and blanks left out. All folded texts lie in one
long string, which `str.find` walks: some 10 to 40 ms for 300,000 texts (`bench/find_bench.py`). A full-text index of
trigrams answers sooner, but takes twelve times as long to make, and finds no text of less than three signs: most
Chinese names.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate

SEPARATOR = "\n"
EXACT, BEGINS, CONTAINS = 0, 1, 2


def folded(text: str) -> str:
    """Return `text` as it is compared.

    Examples
    --------
    >>> folded(" Ｍain  Street ")
    'mainstreet'
    """
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


class TextIndex:
    """Texts that can be searched; made once for a layer. Safe to share between threads.

    Parameters
    ----------
    texts
        One for each row; None and blank ones are never found.
    """

    def __init__(self, texts: Iterable[str | None]) -> None:
        # What a name repeats (streets are cut into pieces) is folded once.
        known: dict[str | None, str] = {None: ""}
        parts: list[str] = []
        for text in texts:
            if text not in known:
                known[text] = folded(str(text))
            parts.append(known[text])
        self._starts = list(accumulate((len(part) + 1 for part in parts), initial=1))
        self._all = SEPARATOR + SEPARATOR.join(parts) + SEPARATOR

    def __len__(self) -> int:
        return len(self._starts) - 1

    def find(self, text: str, most: int = 1_000) -> list[tuple[int, int]]:
        """Return (rank, row) of at most `most` rows for each rank: `EXACT` texts, those that begin so, that hold it.

        Within a rank in the order of the rows; a row occurs once, with its best rank.
        """
        wanted = folded(text)
        if not wanted:
            return []
        rows = self._rows(wanted, most + 1, set())
        if len(rows) <= most:  # one walk tells all
            return sorted((self._rank(row, wanted), row) for row in rows)
        found: list[tuple[int, int]] = []
        seen: set[int] = set()
        patterns = (SEPARATOR + wanted + SEPARATOR, SEPARATOR + wanted, wanted)
        for rank, pattern in enumerate(patterns):
            for row in self._rows(pattern, most, seen):
                seen.add(row)
                found.append((rank, row))
        return found

    def _rank(self, row: int, wanted: str) -> int:
        start = self._starts[row]
        if not self._all.startswith(wanted, start):
            return CONTAINS
        return EXACT if self._all[start + len(wanted)] == SEPARATOR else BEGINS

    def _rows(self, pattern: str, most: int, seen: set[int]) -> list[int]:
        ahead = 1 if pattern.startswith(SEPARATOR) else 0
        rows: list[int] = []
        at = self._all.find(pattern)
        while at >= 0 and len(rows) < most:
            row = bisect_right(self._starts, at + ahead) - 1
            if row not in seen:
                rows.append(row)
            # No second look at the same text.
            at = self._all.find(pattern, self._starts[row + 1] - 1)
        return rows
