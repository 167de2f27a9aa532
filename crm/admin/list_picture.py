"""The size of a list over time, as a picture that needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 600, 120
#: Room above and below the line, so that its ends are not cut off.
MARGIN = 6


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A line and the area below it, in the units of WIDTH and HEIGHT."""

    line: str
    area: str
    first: date
    last: date
    least: int
    most: int
    #: What it shows, for those who do not see it.
    text: str
    width: int = WIDTH
    height: int = HEIGHT


def draw(history: Sequence[tuple[date, int]]) -> Picture | None:
    """The picture of (day, size); None while there was never anybody in the list."""
    sizes = [size for _, size in history]
    if not any(sizes):
        return None
    least, most = min(sizes), max(sizes)
    points = [
        f"{_share(place, len(sizes) - 1) * WIDTH:.1f},{_y(size, least, most):.1f}"
        for place, size in enumerate(sizes)
    ]
    first, last = history[0][0], history[-1][0]
    return Picture(
        line=" ".join(points),
        area=f"0,{HEIGHT} {' '.join(points)} {WIDTH},{HEIGHT}",
        first=first,
        last=last,
        least=least,
        most=most,
        text=f"From {sizes[0]:,} on {first:%d %B} to {sizes[-1]:,} on {last:%d %B};"
        f" never less than {least:,} nor more than {most:,}.",
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _y(size: int, least: int, most: int) -> float:
    return HEIGHT - MARGIN - _share(size - least, most - least) * (HEIGHT - 2 * MARGIN)
