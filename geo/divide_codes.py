"""Codes for new grids: the next free ones in the layout that their siblings have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

from geo.errors import N_, ParameterError

_TAIL = re.compile(r"^(.*?)(\d+)$")
_WIDTH = 3  # digits below a parent that has no grids yet


def next_codes(siblings: Iterable[str], taken: Collection[str], parent: str | None, count: int) -> list[str]:
    """Return `count` codes that no grid has, numbered on from the highest of the siblings.

    The layout is that of most siblings: what stands before their number (with their parent's code in it, if they have
    it) and how many digits the number has, or that it has no leading zeros where lengths differ. A number is not given
    again when its grid ends: only where no higher one is left do free ones below come into use.

    Parameters
    ----------
    siblings
        Codes of the grids of the level below the same parent, also those that will end.
    taken
        Codes that must not be given: all of the level, and of other levels so that a code names one grid.
    parent
        Code of the parent, None for none.

    Raises
    ------
    ParameterError
        So many do not fit into the digits.

    Examples
    --------
    >>> next_codes(["042001", "042007"], {"042001", "042007"}, "042", 2)
    ['042008', '042009']
    >>> next_codes(["N9", "N10"], {"N9", "N10"}, None, 1), next_codes([], (), "042", 1)
    (['N11'], ['042001'])
    """
    head, width, highest = _layout(list(siblings), parent)
    used = set(taken)
    found: list[str] = []
    number = highest + 1
    most = 10**width if width else 10**15
    for first, last in ((highest + 1, most), (1, highest + 1)):
        number = first
        while number < last and len(found) < count:
            code = f"{head}{number:0{width}d}" if width else f"{head}{number}"
            if code not in used:
                found.append(code)
            number += 1
    if len(found) < count:
        raise ParameterError(
            N_("{count} areas below {parent} do not fit into {width} digits."),
            N_("Choose a wider code layout or larger grids."),
            count=count,
            parent=parent or "-",
            width=width,
        )
    return found


def _layout(siblings: list[str], parent: str | None) -> tuple[str, int, int]:
    """What stands before the number, its digits (0: no leading zeros), and the highest number."""
    parts: list[tuple[str, str]] = []
    for code in siblings:
        at = code.find(parent) if parent else -1
        rest = code[at + len(parent) :] if parent and at >= 0 else ""
        if rest.isascii() and rest.isdigit():
            parts.append((code[: len(code) - len(rest)], rest))
        elif match := _TAIL.match(code):
            parts.append((match[1], match[2]))
    if not parts:
        return parent or "", _WIDTH, 0
    head = Counter(head for head, _ in parts).most_common(1)[0][0]
    digits = [rest for own, rest in parts if own == head]
    widths = {len(rest) for rest in digits}
    return head, widths.pop() if len(widths) == 1 else 0, max(int(rest) for rest in digits)
