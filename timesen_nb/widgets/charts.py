"""Charts as SVG text: quick to make, sharp at any size, and inert, for a page shows them as images.

Colours of lines are those of Okabe and Ito (2008), told apart by the colour-blind; every line is also named beside
its end. Colours of areas are those of every other map here, told apart by the colour-blind, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from timesen_nb.bands import BANDS, MONTHS, REFLECTANCE_SCALE
from timesen_nb.series import PixelSeries

ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"
INK, PALE, GRID = "#222", "#666", "#ddd"

#: Bands that are drawn, with words and colours: what the eye sees, what leaves reflect, what water absorbs.
SHOWN = (
    ("B8", "near infrared", INK),
    ("B11", "short-wave infrared", PURPLE),
    ("B5", "red edge", ORANGE),
    ("B4", "red", VERMILION),
    ("B2", "blue", BLUE),
)
DASHES = ("", "7 3", "2 3", "9 3 2 3")  # compared lines differ in dash as well as in colour
COMPARED = (BLUE, VERMILION, GREEN, PURPLE)

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
WIDTH, HEIGHT = 560, 236  # pixels of the chart of a year
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


def _last(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else 0.0


def _svg(width: int, height: int, title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="11.5" role="img">'
        f"<title>{escape(title)}</title><style>@media (prefers-color-scheme: dark){{{STYLE}}}</style>{body}</svg>"
    )


def _drawn(plots: Sequence[Plot]) -> str:
    return HATCH + "".join(part for plot in plots for part in plot.parts)


def series_chart(series: PixelSeries) -> str:
    """Reflectance of five bands above NDVI over the twelve months, missing months hatched.

    Args:
        series: a pixel's year.

    Returns:
        SVG text.
    """
    title = f"Twelve months of {series.year}; missing: {', '.join(series.missing) or 'none'}"
    named = "Reflectance: share of sunlight sent back", "NDVI: how green (1 = dense leaves, 0 = bare)"
    return _year(series.values / REFLECTANCE_SCALE, series.ndvi, series.valid, SHOWN, title, named)


def field_chart(mean: np.ndarray, spread: np.ndarray) -> str:
    """The mean year of a field, with one standard deviation of its pixels on either side.

    Args:
        mean: (12, 10) reflectance x 10000, NaN = missing.
        spread: (12, 10) its standard deviation among the field's pixels.

    Returns:
        SVG text.
    """
    values, off = mean / REFLECTANCE_SCALE, spread / REFLECTANCE_SCALE
    near, red = values[:, BANDS.index("B8")], values[:, BANDS.index("B4")]
    with np.errstate(invalid="ignore", divide="ignore"):
        ndvi = (near - red) / (near + red)
    named = (
        "Reflectance: mean of the field, shaded: its spread",
        "NDVI of the mean (1 = dense leaves, 0 = bare)",
    )
    # with five bands, shading would cover shading
    bands = tuple(band for band in SHOWN if band[0] in ("B8", "B11", "B4"))
    title = "The mean year of a field, and how far its pixels differ"
    return _year(values, ndvi, np.isfinite(near), bands, title, named, off)


def _year(
    reflectance: np.ndarray,
    ndvi: np.ndarray,
    valid: np.ndarray,
    bands: Sequence[tuple[str, str, str]],
    title: str,
    named: tuple[str, str],
    spread: np.ndarray | None = None,
) -> str:
    """Bands, (12, 10) from 0 to 1, above NDVI; one axis for places and years to be compared by."""
    off = np.zeros_like(reflectance) if spread is None else spread
    highest = float(np.nanmax((reflectance + off)[:, [BANDS.index(b) for b, _, _ in bands]], initial=0.0))
    # snow and clouds alone need the other
    step, top = (0.1, 0.5) if highest <= 0.5 else (0.2, max(0.6, float(np.ceil(5 * highest) / 5)))
    light, green = Plot(WIDTH, TOP + 4, 100, 0.0, top), Plot(WIDTH, 154, 60, -0.25, 1.0)
    for plot in (light, green):
        plot.gaps(valid)
    light.grid(np.arange(0, top + step / 2, step), named[0])
    labels = []
    for band, words, colour in bands:
        k = BANDS.index(band)
        if spread is not None:
            light.shade(reflectance[:, k] - off[:, k], reflectance[:, k] + off[:, k], colour)
        light.line(reflectance[:, k], colour)
        labels.append((_last(reflectance[:, k]), words, colour))
    light.names(labels)
    green.grid((0, 0.5, 1), named[1])
    index = np.clip(ndvi, -0.25, 1.0)
    green.line(index, GREEN)
    green.names([(_last(index), "NDVI", GREEN)])
    green.months()
    if not valid.all():
        light.text(WIDTH - RIGHT + 8, light.top - 6, "hatched: no clear day")
    return _svg(WIDTH, HEIGHT, title, _drawn([light, green]))


def years_chart(years: Sequence[PixelSeries], width: int = WIDTH) -> str:
    """NDVI of one place in several years over each other, the newest in the strongest colour.

    Args:
        years: of one place.
        width: pixels.

    Returns:
        SVG text.
    """
    plot = Plot(width, TOP + 4, 100, -0.25, 1.0)
    plot.grid((0, 0.5, 1), "NDVI year by year")
    ordered = sorted(years, key=lambda series: series.year)
    labels = []
    for k, series in enumerate(ordered):
        newest = k == len(ordered) - 1
        colour = VERMILION if newest else INK if k % 2 else PALE
        index = np.clip(series.ndvi, -0.25, 1.0)
        plot.line(index, colour, "" if newest else DASHES[1 + k % 3])
        labels.append((_last(index), str(series.year), colour))
    plot.names(labels)
    plot.months()
    return _svg(width, 140, "NDVI of " + ", ".join(str(s.year) for s in ordered), _drawn([plot]))


def compare_chart(named: Sequence[tuple[str, PixelSeries]], width: int = 640) -> str:
    """NDVI of up to four places over each other; lines differ in colour and dash.

    Args:
        named: names and years of the places.
        width: pixels.

    Returns:
        SVG text.
    """
    plot = Plot(width, TOP + 4, 88, -0.25, 1.0)
    plot.grid((0, 0.5, 1), "NDVI of the places chosen")
    labels = []
    for (name, series), colour, dash in zip(named, COMPARED, DASHES, strict=False):
        index = np.clip(series.ndvi, -0.25, 1.0)
        plot.line(index, colour, dash)
        labels.append((_last(index), name if len(name) <= 22 else name[:21] + "…", colour))
    plot.names(labels)
    plot.months()
    return _svg(width, 128, "NDVI of " + ", ".join(name for name, _ in named), _drawn([plot]))


def colour_bar(colours: np.ndarray, width: int = 220) -> str:
    """The legend of a probability layer.

    Args:
        colours: (n, 3) from 0 to 1, of probabilities from 0 to 100 %.
        width: pixels.

    Returns:
        SVG text.
    """
    picks = colours[np.linspace(0, len(colours) - 1, 11).round().astype(int)]
    stops = "".join(
        f'<stop offset="{i * 10}%" stop-color="rgb({r:.0f},{g:.0f},{b:.0f})"/>'
        for i, (r, g, b) in enumerate(picks * 255)
    )
    ticks = "".join(
        f'<text x="{18 + p / 100 * (width - 36):.0f}" y="28" text-anchor="middle" fill="{PALE}">{p} %</text>'
        for p in (0, 50, 100)
    )
    ramp = f'<defs><linearGradient id="p">{stops}</linearGradient></defs>'
    bar = f'<rect x="18" y="2" width="{width - 36}" height="13" fill="url(#p)"/>'
    return _svg(width, 32, "Probability from 0 to 100 %", ramp + bar + ticks)


def percent(share: float) -> str:
    """A share as people read it."""
    if 0 < share < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
