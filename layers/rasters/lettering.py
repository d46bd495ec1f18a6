"""Texts of pictures: one font with Chinese, lines broken where both languages break them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from geo.errors import N_, FontMissingError


def plain(text: object, most: int = 400) -> str:
    """Return text of the data as one line that can be drawn: control and direction signs are left out."""
    line = " ".join(str(text).split())
    line = "".join(sign for sign in line if unicodedata.category(sign) not in ("Cc", "Cf", "Co", "Cs", "Cn"))
    return line if len(line) <= most else line[: most - 1] + "…"


@lru_cache(maxsize=64)
def _load(path: str, px: int) -> ImageFont.FreeTypeFont:
    # In Noto's CJK collection the third face has the Chinese forms.
    return ImageFont.truetype(path, px, index=2 if path.endswith(".ttc") else 0)


class Lettering:
    """Fonts of one picture.

    Parameters
    ----------
    fonts
        Paths of fonts, tried in turn; the bold cut of a family lies beside its regular one where there is one.
    scale
        Pixels of the picture in a pixel of the page.
    chinese
        Whether the font must have Chinese.

    Raises
    ------
    FontMissingError
        None is installed, or none with Chinese where it is needed.
    """

    def __init__(self, fonts: Sequence[str], scale: int = 1, *, chinese: bool = False) -> None:
        found = next((path for path in fonts if Path(path).is_file()), None)
        if found is None or (chinese and "CJK" not in found):
            raise FontMissingError(
                N_("No font is installed that can write the texts of the picture."),
                N_("Ask the operator to install Noto Sans CJK (Debian: the package fonts-noto-cjk)."),
            )
        bold = found.replace("-Regular.", "-Bold.").replace("DejaVuSans.", "DejaVuSans-Bold.")
        self._paths = (found, bold if Path(bold).is_file() else found)
        self.scale = scale

    def font(self, px: float, *, bold: bool = False) -> ImageFont.FreeTypeFont:
        """Return the font of a size in pixels of the page."""
        return _load(self._paths[bold], round(px * self.scale))

    def width(self, text: str, px: float, *, bold: bool = False) -> float:
        """Return how wide a line is, in pixels of the picture."""
        return self.font(px, bold=bold).getlength(text)

    def wrap(self, text: str, px: float, width: float, *, bold: bool = False, most: int = 20) -> list[str]:
        """Return `text` in lines of at most `width` pixels of the picture; after `most` lines an ellipsis.

        Latin words stay whole where they fit a line; Chinese breaks between any two signs.
        """
        font = self.font(px, bold=bold)
        lines, line = [], ""
        for word in _pieces(text):
            if font.getlength(line + word.rstrip()) <= width:
                line += word
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = word
            while font.getlength(line.rstrip()) > width and len(line) > 1:
                fits = max(
                    1, next(n for n in range(len(line) - 1, 0, -1) if n == 1 or font.getlength(line[:n]) <= width)
                )
                lines.append(line[:fits])
                line = line[fits:]
        if line.strip():
            lines.append(line.rstrip())
        if len(lines) > most:
            lines = [*lines[: most - 1], self.cut(lines[most - 1], px, width, bold=bold)]
        return lines

    def cut(self, line: str, px: float, width: float, *, bold: bool = False) -> str:
        """Return `line` with an ellipsis at its end, shortened until it fits."""
        line = line.rstrip("…") + "…"
        while len(line) > 1 and self.width(line, px, bold=bold) > width:
            line = line[:-2] + "…"
        return line


def _pieces(text: str) -> list[str]:
    """Return what may not be broken: words with the blank after them, and single wide signs with closing marks."""
    pieces = [""]
    for sign in text:
        wide = unicodedata.east_asian_width(sign) in "WF"
        closing = sign in "，。、；：！？）》”’"
        before = pieces[-1][-1:]
        after_wide = bool(before) and unicodedata.east_asian_width(before) in "WF" and not closing and sign != " "
        if (wide and not closing) or before == " " or after_wide:
            pieces.append(sign)
        else:
            pieces[-1] += sign
    return [piece for piece in pieces if piece]
