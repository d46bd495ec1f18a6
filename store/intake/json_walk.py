"""Walks a JSON text feature by feature, so that a large file is never a tree of objects as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from geo.errors import N_
from store.errors import IntakeError

_SPACE = re.compile(r"[ \t\n\r]*")


class Doubts:
    """What the decoder met since it was last asked: keys given twice and NaN or Infinity literals."""

    def __init__(self) -> None:
        self.doubled: set[str] = set()
        self.literals: set[str] = set()

    def clear(self) -> None:
        self.doubled.clear()
        self.literals.clear()


class JsonWalk:
    """One JSON text and a position in it.

    Attributes
    ----------
    doubts
        Filled while values are decoded; the caller clears it for every row.
    position
        Index of the next character.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.doubts = Doubts()
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=self._constant)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            names = [name for name, _ in pairs]
            self.doubts.doubled |= {name for name in result if names.count(name) > 1}
        return result

    def _constant(self, literal: str) -> float:
        self.doubts.literals.add(literal)
        return float(literal.replace("Infinity", "inf"))

    def peek(self) -> str:
        """Return the next character that is not white space, "" at the end."""
        match = _SPACE.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return self.text[self.position : self.position + 1]

    def take(self, expected: str) -> str:
        """Step over one of the characters `expected` and return it."""
        found = self.peek()
        if not found or found not in expected:
            raise self.broken(self.position)
        self.position += 1
        return found

    def value(self) -> Any:
        """Decode the value at the position and step over it."""
        self.peek()
        try:
            value, self.position = self._decoder.raw_decode(self.text, self.position)
        except json.JSONDecodeError as error:
            raise self.broken(error.pos, error.msg) from error
        except RecursionError as error:
            raise IntakeError(
                N_("The JSON is nested too deeply."), N_("No map data needs this; export the file again.")
            ) from error
        except ValueError as error:  # a number of more than 4,300 digits
            raise self.broken(self.position, str(error)) from error
        return value

    def members(self) -> Iterator[tuple[str, Any]]:
        """Yield the members of the object at the position; those of a list named "features" one by one.

        A feature comes as ``("", feature)``, every other member as ``(name, value)``; for the list itself
        ``("features", [])`` comes first.
        """
        self.take("{")
        if self.peek() == "}":
            self.position += 1
            return
        while True:
            if self.peek() != '"':
                raise self.broken(self.position)
            name = self.value()
            self.take(":")
            if name == "features" and self.peek() == "[":
                yield name, []
                for item in self._items():
                    yield "", item
            else:
                yield name, self.value()
            if self.take(",}") == "}":
                return

    def _items(self) -> Iterator[Any]:
        self.take("[")
        if self.peek() == "]":
            self.position += 1
            return
        while True:
            self.doubts.clear()
            yield self.value()
            if self.take(",]") == "]":
                return

    def broken(self, position: int, detail: str = "") -> IntakeError:
        """Return the error for text that is not JSON at `position`; the end of the text means a truncated file."""
        if position >= len(self.text.rstrip()) or detail.startswith("Unterminated string"):
            return IntakeError(
                N_("The file ends in the middle of its JSON: it was cut off."), N_("Transfer or export it again.")
            )
        line = self.text.count("\n", 0, position) + 1
        column = position - (self.text.rfind("\n", 0, position) + 1) + 1
        return IntakeError(
            N_("The file is not valid JSON: line {line}, column {column}."),
            N_("Export it again as GeoJSON; an editor with a JSON check shows the place."),
            line=line,
            column=column,
        )
