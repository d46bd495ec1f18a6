"""Errors of the domain: they know a message, a remedy and parameters, never HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


def N_(message: str) -> str:
    """Mark `message` for the translation catalogue without translating it."""
    return message


@dataclass(frozen=True)
class Phrase:
    """A template with its values, as a value of another message: translated where that one is."""

    template: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.params)


class AtlasError(Exception):
    """Base of every error that a user can cause and mend.

    Parameters
    ----------
    message
        English template with ``{name}`` fields; it is also the key in the catalogue.
    remedy
        English template: what the user can do about it.
    **params
        Values of the fields, shown as text, never as markup.
    """

    def __init__(self, message: str, remedy: str = "", **params: Any) -> None:
        self.message = message
        self.remedy = remedy
        self.params = params
        super().__init__(self.text())

    def text(self, translate: Callable[[str], str] = str) -> str:
        """Return message and remedy with the fields filled in, translated by `translate`."""
        parts = [translate(part).format(**self.params) for part in (self.message, self.remedy) if part]
        return " ".join(parts)


class CRSMismatchError(AtlasError):
    """Two inputs are in different coordinate reference systems."""


class NotMetricError(AtlasError):
    """A projected CRS with the unit metre is needed and was not given."""


class NonFiniteError(AtlasError):
    """A coordinate is NaN or infinite, before or after a projection."""


class HierarchyError(AtlasError):
    """The grid hierarchy contradicts itself (cycle, duplicate code, unknown level)."""


class UnknownLevelError(AtlasError):
    """A level was asked for that the store does not hold."""


class UnknownGridError(AtlasError):
    """A grid was asked for whose code no grid of the level has."""


class ConservationError(AtlasError):
    """A sum that must hold does not: a fault of the program, shown instead of a wrong figure."""


class ReshapeError(AtlasError):
    """A change of the division would break it: a border through itself, a gap, an overlap, a grid in two pieces."""


class OuterBorderError(ReshapeError):
    """A change would move the outer border of the division, and nobody said that this is meant."""


class ParameterError(AtlasError):
    """A parameter of a request or command cannot be used."""


class FontMissingError(AtlasError):
    """No font is installed that can write what a picture has to say."""


class NoDataError(AtlasError):
    """The store holds nothing of what was asked for; there is nothing to show."""
