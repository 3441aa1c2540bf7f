"""What charts are drawn with: colours, and a frame with twelve months across, as SVG text.

Colours of lines are those of Okabe and Ito (2008), told apart by the colour-blind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from timesen_nb.bands import MONTHS

ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"
INK, PALE, GRID = "#222", "#666", "#ddd"

#: Where the sky is dark, so is the page; each colour has a lighter sister there.
DARK = {
    INK: "#e4e8eb", PALE: "#a5b0b9", GRID: "#3a444d", BLUE: "#4fb0e8", GREEN: "#2fc79a", VERMILION: "#f07c2a",
    PURPLE: "#e29ac0", "#f2f2f2": "#232b31", "#bbb": "#4a555e",
}  # fmt: skip
STYLE = "".join(
    f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}' for light, dark in DARK.items()
)

HATCH = (
    '<defs><pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="6" height="6" fill="#f2f2f2"/>'
    '<path d="M0 0V6" stroke="#bbb" stroke-width="2"/></pattern></defs>'
)
LEFT, RIGHT, TOP = 46, 146, 18  # margins in pixels; the right one holds the names of lines
LINE = 14  # pixels between names


class Plot:
    """One frame with twelve months across. Text is escaped here and nowhere else."""

    def __init__(self, width: int, top: int, height: int, low: float, high: float) -> None:
        self.left, self.right, self.top, self.height = LEFT, width - RIGHT, top, height
        self.low, self.high = low, high
        self.parts: list[str] = []

    def x(self, month: float) -> float:
        """Pixels from the left for months 1 to 12."""
        return self.left + (month - 0.5) / 12 * (self.right - self.left)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return self.top + self.height * (1 - (value - self.low) / (self.high - self.low))

    def text(
        self, x: float, y: float, words: str, colour: str = PALE, anchor: str = "start", bold: bool = False
    ) -> None:
        """Words at a point."""
        weight = ' font-weight="600"' if bold else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}"{weight}>'
            f"{escape(words)}</text>"
        )

    def grid(self, ticks: Iterable[float], title: str, form: str = "{:g}") -> None:
        """Frame, horizontal lines with their values, and a title above."""
        for tick in ticks:
            y = self.y(tick)
            self.parts.append(f'<path d="M{self.left} {y:.1f}H{self.right}" stroke="{GRID}"/>')
            self.text(self.left - 6, y + 4, form.format(tick), anchor="end")
        self.text(self.left, self.top - 6, title, INK, bold=True)

    def months(self) -> None:
        """Months below."""
        for month, name in enumerate(MONTHS, start=1):
            self.text(self.x(month), self.top + self.height + 15, name[:3], anchor="middle")

    def gaps(self, valid: np.ndarray) -> None:
        """Missing months as hatched columns."""
        half = (self.right - self.left) / 24
        for m in np.flatnonzero(~valid).tolist():
            self.parts.append(
                f'<rect x="{self.x(m + 1) - half:.1f}" y="{self.top}" width="{2 * half:.1f}" '
                f'height="{self.height}" fill="url(#gap)"/>'
            )

    def line(self, values: np.ndarray, colour: str, dash: str = "") -> None:
        """A line with dots, broken where a month is missing."""
        known = np.isfinite(values)
        for first, last in _runs(known):
            points = " ".join(f"{self.x(m + 1):.1f},{self.y(values[m]):.1f}" for m in range(first, last + 1))
            self.parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" '
                f'stroke-dasharray="{dash}"/>'
            )
        for m in np.flatnonzero(known).tolist():
            self.parts.append(
                f'<circle cx="{self.x(m + 1):.1f}" cy="{self.y(values[m]):.1f}" r="2.5" fill="{colour}"/>'
            )

    def shade(self, low: np.ndarray, high: np.ndarray, colour: str) -> None:
        """The space between two lines, broken where a month is missing."""
        for first, last in _runs(np.isfinite(low) & np.isfinite(high)):
            there = range(first, last + 1)
            around = [(m, high[m]) for m in there] + [(m, low[m]) for m in reversed(there)]
            points = " ".join(f"{self.x(m + 1):.1f},{self.y(value):.1f}" for m, value in around)
            self.parts.append(f'<polygon points="{points}" fill="{colour}" fill-opacity="0.18"/>')

    def names(self, labels: Sequence[tuple[float, str, str]]) -> None:
        """Names beside the ends of lines, (value, words, colour), moved apart where they would overlap."""
        ordered = sorted(labels, key=lambda label: -label[0])
        at: list[float] = []
        for value, _, _ in ordered:
            at.append(max(self.y(value) + 4, at[-1] + LINE if at else -np.inf))
        lowest = self.top + self.height + 4.0
        for i in reversed(range(len(at))):
            at[i] = min(at[i], lowest)
            lowest = at[i] - LINE
        for y, (_, words, colour) in zip(at, ordered, strict=True):
            self.text(self.right + 8, y, words, colour, bold=True)


def _runs(known: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(int), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def last_of(values: np.ndarray) -> float:
    """The last value that is known, 0 where none is."""
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else 0.0


def svg(width: int, height: int, title: str, body: str) -> str:
    """A drawing with its title, for light and dark pages."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="11.5" role="img">'
        f"<title>{escape(title)}</title><style>@media (prefers-color-scheme: dark){{{STYLE}}}</style>{body}</svg>"
    )


def drawn(plots: Sequence[Plot]) -> str:
    """What was drawn in some plots."""
    return HATCH + "".join(part for plot in plots for part in plot.parts)
