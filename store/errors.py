"""Errors of storage and intake."""

from __future__ import annotations

from geo.errors import AtlasError


class StoreError(AtlasError):
    """The store cannot be opened, read or written."""


class StoreBusyError(StoreError):
    """Another writer held the store for longer than the wait."""


class DamagedError(StoreError):
    """The store's file is damaged: what can still be read of it is read, nothing is written."""


class BackupError(StoreError):
    """A backup cannot be made, or is not sound."""


class ConflictError(StoreError):
    """What a change was planned on is no longer what the store holds; `camera` or `scenario` in the parameters."""


class DivisionConflictError(ConflictError):
    """Grids are not what a change begins with; `conflicts`: pairs of the `GridChange` and the present `GridState`."""


class DraftStateError(ConflictError):
    """A draft is not in a state in which this can be done."""


class OwnDraftError(StoreError):
    """A draft is to be approved by one who worked on it."""


class UnknownDraftError(StoreError):
    """There is no draft of this id."""


class UnknownRevisionError(StoreError):
    """The history of the division does not reach this revision."""


class UnknownScenarioError(StoreError):
    """There is no scenario of this id."""


class UnknownAccountError(StoreError):
    """There is no account of this name or number."""


class LinkError(StoreError):
    """A one-time link was used, has expired, or was never made."""


class IntakeError(AtlasError):
    """A file is refused as a whole; nothing was changed."""


class PersonalDataError(IntakeError):
    """A mapped column looks like data about persons, which the product never takes."""


class ExportError(AtlasError):
    """An export cannot be written as asked."""
