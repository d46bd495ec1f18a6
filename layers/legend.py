"""What a legend says: title, unit, a line for each symbol, and a note."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LegendItem:
    """One line of a legend.

    `symbol` is a token that the page turns into a drawing (never a colour, so that themes can differ);
    `label` a catalogue key, or "" when `low`-`high` is the label; `count` how many features it stands for.
    """

    symbol: str
    label: str = ""
    low: float | None = None
    high: float | None = None
    count: int | None = None


def _figure(value: Any) -> Any:
    """Return a whole number with separators of thousands, as both languages write them; anything else as it is."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value


@dataclass(frozen=True)
class Legend:
    """Title, unit and lines of a legend; texts are catalogue keys, `params` fill the fields of `note`.

    `more` holds further sentences of the note, each with what fills its fields.
    """

    title: str
    unit: str
    items: tuple[LegendItem, ...]
    note: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    more: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def to_json(self, translate: Callable[[str], str] = str) -> dict[str, Any]:
        """Return the legend as JSON-ready values, its texts translated by `translate`."""
        return {
            "title": translate(self.title),
            "unit": translate(self.unit) if self.unit else "",
            "items": [
                {
                    "symbol": item.symbol,
                    "label": translate(item.label) if item.label else "",
                    "low": item.low,
                    "high": item.high,
                    "count": item.count,
                }
                for item in self.items
            ],
            "note": " ".join(
                translate(text).format(**{name: _figure(value) for name, value in params.items()})
                for text, params in ((self.note, self.params), *self.more)
                if text
            ),
        }
