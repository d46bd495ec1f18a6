"""Charts of a printed page as SVG: built from figures and words of the program only."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

BAR, WEEKEND, MEAN, INK, LINE = "#b02e72", "#dd6b9b", "#182027", "#55616d", "#d9dee3"


def nice_top(value: float) -> int:
    """Return the least of 1, 2, 4, 5 by powers of ten, at least 4, that is no less than `value`.

    Examples
    --------
    >>> nice_top(0), nice_top(17), nice_top(41), nice_top(4000)
    (4, 20, 50, 4000)
    """
    power = 10 ** max(0, math.floor(math.log10(max(value, 1))))
    return max(4, next(step * power for step in (1, 2, 4, 5, 10) if step * power >= value))


def daily_chart(
    counts: Sequence[int],
    weekdays: Sequence[int],
    covered: Sequence[bool],
    title: str,
    width: int = 680,
    height: int = 125,
) -> Markup:
    """Return a bar for each day of a month, weekends lighter, with the mean of the covered days as a line.

    Parameters
    ----------
    counts, weekdays, covered
        Of each day: incidents, 1 (Monday) to 7, and whether the data cover it; a day without data is hatched.
    title
        What the chart shows, for readers who do not see it.
    """
    left, bottom, top = 40, 20, 8
    inner_w, inner_h = width - left - 4, height - bottom - top
    most = nice_top(max([*counts, 0]))
    step = inner_w / max(len(counts), 1)
    parts = [
        '<defs><pattern id="none" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="1.4" height="5" fill="{LINE}"/></pattern></defs>'
    ]
    for share in range(5):
        y = top + inner_h * (1 - share / 4)
        parts.append(f'<line x1="{left}" x2="{width - 4}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>')
        label = most * share / 4
        parts.append(
            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{label:,.0f}</text>' if label == int(label) else ""
        )
    for day, (count, weekday, known) in enumerate(zip(counts, weekdays, covered, strict=True)):
        x, high = left + day * step, inner_h * count / most
        if not known:
            parts.append(f'<rect x="{x:.1f}" y="{top}" width="{step:.1f}" height="{inner_h}" fill="url(#none)"/>')
        fill = WEEKEND if weekday > 5 else BAR
        parts.append(
            f'<rect x="{x + step * 0.14:.1f}" y="{top + inner_h - high:.1f}" width="{step * 0.72:.1f}" '
            f'height="{high:.1f}" fill="{fill}"/>'
        )
        if day == 0 or (day + 1) % 5 == 0:
            parts.append(f'<text x="{x + step / 2:.1f}" y="{height - 5}" text-anchor="middle">{day + 1}</text>')
    seen = [count for count, known in zip(counts, covered, strict=True) if known]
    if seen:
        y = top + inner_h * (1 - sum(seen) / len(seen) / most)
        parts.append(
            f'<line x1="{left}" x2="{width - 4}" y1="{y:.1f}" y2="{y:.1f}" stroke="{MEAN}" stroke-dasharray="5 3"/>'
        )
    return Markup(  # noqa: S704 - numbers and the program's own colours; the title is escaped
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-size="11" fill="{INK}" role="img"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def shade(value: float, most: float) -> tuple[str, str]:
    """Return ground and letters of a cell on the incident ramp: white for nothing, dark for the most.

    Examples
    --------
    >>> shade(0, 10), shade(10, 10)
    (('#ffffff', '#182027'), ('#6b0f4e', '#ffffff'))
    """
    stops = ((255, 255, 255), (249, 217, 228), (240, 166, 194), (221, 107, 155), (176, 46, 114), (107, 15, 78))
    at = 0.0 if most <= 0 else min(max(value / most, 0.0), 1.0) * (len(stops) - 1)
    low = min(int(at), len(stops) - 2)
    colour = [round(a + (b - a) * (at - low)) for a, b in zip(stops[low], stops[low + 1], strict=True)]
    dark = colour[0] * 0.299 + colour[1] * 0.587 + colour[2] * 0.114 < 140
    return "#{:02x}{:02x}{:02x}".format(*colour), "#ffffff" if dark else "#182027"
