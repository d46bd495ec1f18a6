"""Colours of the style sheets, so that pictures made by the server and pages cannot disagree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from settings import ROOT

Colour = tuple[int, int, int]
_BLOCK = re.compile(r"(?P<selector>[^{}]+)\{(?P<body>[^{}]*)\}")
_TOKEN = re.compile(r"--([a-z0-9-]+):\s*#([0-9a-f]{6})\b", re.IGNORECASE)


@cache
def colours(theme: str) -> Mapping[str, Colour]:
    """Return every colour token of static/css by name, as (red, green, blue), for "light" or "dark"."""
    light: dict[str, Colour] = {}
    dark: dict[str, Colour] = {}
    for path in sorted((ROOT / "static" / "css").glob("*.css")):
        for block in _BLOCK.finditer(path.read_text("utf-8")):
            selector = block["selector"].strip().rpartition("\n")[2].strip()
            if not selector.endswith((":root", ':root[data-theme="dark"]')):
                continue
            into = dark if "dark" in selector else light
            for name, value in _TOKEN.findall(block["body"]):
                into[name] = (int(value[:2], 16), int(value[2:4], 16), int(value[4:], 16))
    return MappingProxyType(light if theme == "light" else {**light, **dark})
