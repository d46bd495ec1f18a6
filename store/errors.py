"""Errors of storage and intake."""

from __future__ import annotations

from geo.errors import AtlasError


class StoreError(AtlasError):
    """The store cannot be opened, read or written."""


class StoreBusyError(StoreError):
    """Another writer held the store for longer than the wait."""


class ConflictError(StoreError):
    """What a change was planned on is no longer what the store holds; `camera` or `scenario` in the parameters."""


class UnknownScenarioError(StoreError):
    """There is no scenario of this id."""


class IntakeError(AtlasError):
    """A file is refused as a whole; nothing was changed."""


class PersonalDataError(IntakeError):
    """A mapped column looks like data about persons, which the product never takes."""


class ExportError(AtlasError):
    """An export cannot be written as asked."""
