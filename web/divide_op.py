"""The step of a draft that replaces the grids below a parent by a division drafted anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from geo.grid_changes import GridChange
from layers.divided import divided
from web.dividing import ask_of
from web.draft_standing import Standing
from web.i18n import current_lang
from web.params import layer_params


def divide(at: Standing, params: Mapping[str, Any]) -> Sequence[GridChange]:
    """`level`, `parent`, `count` or `target_m2`, weights and window as of /api/divide, which shows it beforehand."""
    query: MultiDict[str, str] = MultiDict()
    for name, value in params.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                query.add(name, "1" if one is True else str(one))
    asked = layer_params(query, at.snapshot, current_lang())
    return divided(at.snapshot, ask_of(query, asked), asked).changes
