"""Tables on a terminal, aligned also where letters are wide."""

from __future__ import annotations

import unicodedata

import click


def width(text: str) -> int:
    """Return how many columns `text` takes; Chinese signs take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def pad(text: str, columns: int, *, left: bool) -> str:
    """Fill `text` with blanks to `columns`."""
    blank = " " * (columns - width(text))
    return text + blank if left else blank + text


def print_table(head: list[str], rows: list[list[str]], *, left: int) -> None:
    """Print a table; the first `left` columns are texts, the others numbers."""
    table = [head, *rows]
    widths = [max(width(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        cells = [
            pad(text, columns, left=column < left)
            for column, (text, columns) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())
