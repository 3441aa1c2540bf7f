"""Figures of a series, for notebooks and papers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.bands import BANDS, MONTHS, REFLECTANCE_SCALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from timesen_nb.series import PixelSeries

#: Band, words, colour of Okabe and Ito (2008), marker: lines can be told apart without colour.
LINES = (
    ("B4", "red (B4)", "#D55E00", "s"),
    ("B8", "near infrared (B8)", "#222222", "o"),
    ("B11", "short-wave infrared (B11)", "#CC79A7", "^"),
)

#: Eight colours of areas, in an order that suits land cover: roofs, fields, woods, scrub, grass, soil, lakes, marshes.
#: Told apart by the colour-blind, too: tests/test_plots.py measures it by the matrices of Machado and others (2009).
AREAS = ("#A63278", "#FCF0A9", "#1B692F", "#8A850C", "#A3EA37", "#E19EA6", "#444CE6", "#72B2FC")


def plot_series(series: PixelSeries, ax: Axes | None = None) -> Axes:
    """Reflectance of red, near and short-wave infrared (left axis) and NDVI (right axis) over months 1 to 12.

    Missing months are hatched columns; lines break there. Draws on ``ax``, or on a new figure, and returns the axes.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.figure(figsize=(8, 3.6), layout="constrained").add_subplot()
    months = np.arange(1, 13)
    for band, words, colour, marker in LINES:
        values = series.values[:, BANDS.index(band)] / REFLECTANCE_SCALE
        ax.plot(months, values, color=colour, marker=marker, markersize=4, label=words)
    for position, m in enumerate(np.flatnonzero(~series.valid)):
        label = "no clear observation" if position == 0 else None
        ax.axvspan(m + 0.5, m + 1.5, facecolor="0.95", edgecolor="0.7", hatch="///", linewidth=0, label=label)
    ax.set_ylabel("reflectance")
    ax.set_ylim(bottom=0)
    ax.set_xlim(0.5, 12.5)
    ax.set_xticks(months, [name[:3] for name in MONTHS])
    right = ax.twinx()
    right.plot(
        months, series.ndvi, color="#009E73", linestyle="--", marker="D", markersize=4, label="NDVI (right)"
    )
    right.set_ylabel("NDVI")
    right.set_ylim(-0.3, 1.0)
    handles = [h for axis in (ax, right) for h in axis.get_legend_handles_labels()[0]]
    ax.legend(
        handles=handles, fontsize="small", ncols=3, loc="upper left", bbox_to_anchor=(0, -0.1), frameon=False
    )
    ax.set_title(
        f"{series.lon:.4f}, {series.lat:.4f} · {series.year} · {series.source}",
        loc="left",
        fontsize="medium",
        parse_math=False,
    )
    return ax
