"""The part of a city that an account may see and edit, named by grids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Area:
    """Grids by (level, code), sorted, without repetition; with them their descendants and all that lies in them."""

    grids: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "grids", tuple(sorted(set(self.grids))))
        object.__setattr__(self, "_hash", hash(self.grids))

    def __hash__(self) -> int:
        found: int = self.__dict__["_hash"]  # every cache asks for it; an area may name thousands of grids
        return found
