"""What a download asks for by its name: what, and in which format."""

from __future__ import annotations

from collections.abc import Sequence

from geo.errors import N_
from web.errors import RequestError


def export_of(name: str, layers: Sequence[str], formats: Sequence[str]) -> tuple[str, str]:
    """Return the layer and the suffix that the name of a file consists of.

    Raises
    ------
    RequestError
        404: not one of `layers`, followed by one of `formats`.
    """
    layer, dot, rest = name.partition(".")
    suffix = (dot + rest).lower()
    if layer not in layers or suffix not in formats:
        raise RequestError(
            404,
            "unknown_export",
            N_("There is no export {name}."),
            N_("Use a layer ({layers}) followed by a format ({formats})."),
            name=name[:80],
            layers=", ".join(layers),
            formats=", ".join(formats),
        )
    return layer, suffix
