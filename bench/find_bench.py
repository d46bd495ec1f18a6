"""Finding a text among 300,000 names, against SQLite's full-text index of trigrams on the same texts."""

from __future__ import annotations

import sqlite3

import numpy as np

from bench.table import Row, median_s
from geo.find_text import TextIndex, folded

COUNT = 300_000
STEMS = ("长安街", "人民路", "Kaisaniemenkatu", "North Gate", "和平里", "Station Road", "解放大道", "Market Hall")


def texts() -> list[str]:
    """Return names of buildings as they are typed, most of them different."""
    rng = np.random.default_rng(6)
    stem, house = rng.integers(0, len(STEMS), COUNT), rng.integers(1, 90_000, COUNT)
    return [f"{STEMS[a]} {b}" for a, b in zip(stem.tolist(), house.tolist(), strict=True)]


def rows() -> list[Row]:
    names = texts()
    index = TextIndex(names)
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE found USING fts5(name, tokenize = 'trigram')")

    def fill() -> None:
        base.execute("DELETE FROM found")
        base.executemany("INSERT INTO found (rowid, name) VALUES (?, ?)", enumerate(map(folded, names)))

    filled = median_s(fill, runs=1, warm=0)

    def by_trigrams(text: str) -> list[int]:
        sql = "SELECT rowid FROM found WHERE name MATCH ? LIMIT 3000"
        return [row for (row,) in base.execute(sql, (f'"{folded(text)}"',))]

    table = [Row("index of 300,000 names", median_s(lambda: TextIndex(names), runs=3), "fts5 trigram", filled)]
    for text in ("market hall 4711", "长安街1234", "road 88", "nowhere at all", "和平", "7"):
        peer = None if len(folded(text)) < 3 else median_s(lambda text=text: by_trigrams(text))  # type: ignore[misc]
        found = "fts5 trigram" if peer is not None else "fts5 trigram: under three signs finds nothing"
        ours = median_s(lambda text=text: index.find(text))  # type: ignore[misc]
        table.append(Row(f"find “{text}” ({len(index.find(text)):,} rows)", ours, found, peer))
    return table
