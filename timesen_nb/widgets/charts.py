"""Charts as SVG text: quick to make, sharp at any size, and inert, for a page shows them as images.

Every line is named beside its end, and compared lines differ in dash as well as in colour.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE
from timesen_nb.series import PixelSeries
from timesen_nb.widgets.svg import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    PALE,
    PURPLE,
    RIGHT,
    TOP,
    VERMILION,
    Plot,
    drawn,
    last_of,
    svg,
)  # fmt: skip

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
WIDTH, HEIGHT = 560, 236  # pixels of the chart of a year
PERCENT = ("0 %", "50 %", "100 %")  # ticks of a probability


def series_chart(series: PixelSeries) -> str:
    """Reflectance of five bands above NDVI over the twelve months, missing months hatched.

    Args:
        series: a pixel's year.

    Returns:
        SVG text.
    """
    title = f"Twelve months of {series.year}; missing: {', '.join(series.missing) or 'none'}"
    named = "Reflectance: share of sunlight sent back", "NDVI: how green (1 = dense leaves, 0.2 = bare soil)"
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
        "NDVI of the mean (1 = dense leaves, 0.2 = bare soil)",
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
    step, top = (0.2, 0.6) if highest <= 0.6 else (0.5, max(1.0, float(np.ceil(2 * highest) / 2)))
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
        labels.append((last_of(reflectance[:, k]), words, colour))
    light.names(labels)
    green.grid((0, 0.5, 1), named[1])
    index = np.clip(ndvi, -0.25, 1.0)
    green.line(index, GREEN)
    green.names([(last_of(index), "NDVI", GREEN)])
    green.months()
    if not valid.all():
        light.text(WIDTH - RIGHT + 8, light.top - 6, "hatched: no clear day")
    return svg(WIDTH, HEIGHT, title, drawn([light, green]))


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
        labels.append((last_of(index), str(series.year), colour))
    plot.names(labels)
    plot.months()
    return svg(width, 140, "NDVI of " + ", ".join(str(s.year) for s in ordered), drawn([plot]))


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
        labels.append((last_of(index), name if len(name) <= 22 else name[:21] + "…", colour))
    plot.names(labels)
    plot.months()
    return svg(width, 128, "NDVI of " + ", ".join(name for name, _ in named), drawn([plot]))


def colour_bar(
    colours: np.ndarray,
    ticks: Sequence[str] = PERCENT,
    title: str = "Probability from 0 to 100 %",
    width: int = 220,
) -> str:
    """The legend of a layer from dark to light.

    Args:
        colours: (n, 3) from 0 to 1, of the lowest value to the highest.
        ticks: what is said at the lowest value, in the middle and at the highest.
        title: what it is, in words.
        width: pixels.

    Returns:
        SVG text.
    """
    picks = colours[np.linspace(0, len(colours) - 1, 11).round().astype(int)]
    stops = "".join(
        f'<stop offset="{i * 10}%" stop-color="rgb({r:.0f},{g:.0f},{b:.0f})"/>'
        for i, (r, g, b) in enumerate(picks * 255)
    )
    said = "".join(
        f'<text x="{18 + share * (width - 36):.0f}" y="28" text-anchor="middle" fill="{PALE}">{tick}</text>'
        for share, tick in zip((0, 0.5, 1), ticks, strict=True)
    )
    ramp = f'<defs><linearGradient id="p">{stops}</linearGradient></defs>'
    bar = f'<rect x="18" y="2" width="{width - 36}" height="13" fill="url(#p)"/>'
    return svg(width, 32, title, ramp + bar + said)


def percent(share: float) -> str:
    """A share as people read it."""
    if 0 < share < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
