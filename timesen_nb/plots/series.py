"""A pixel's year, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from timesen_nb.bands import BANDS, MONTHS, REFLECTANCE_SCALE
from timesen_nb.plots.axes import new_axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Band, words, colour of Okabe and Ito (2008), marker: lines can be told apart without colour.
LINES = (
    ("B4", "red (B4)", "#D55E00", "s"),
    ("B8", "near infrared (B8)", "#222222", "o"),
    ("B11", "short-wave infrared (B11)", "#CC79A7", "^"),
)


class Drawable(Protocol):
    """What is drawn of a :class:`timesen_nb.series.PixelSeries`: this room lies below it and imports none."""

    @property
    def values(self) -> np.ndarray:
        """(12, 10) reflectance x 10000, NaN in missing months."""
        ...

    @property
    def valid(self) -> np.ndarray:
        """(12,) bool."""
        ...

    @property
    def ndvi(self) -> np.ndarray:
        """(12,) vegetation index, NaN in missing months."""
        ...

    @property
    def title(self) -> str:
        """Place, year and source."""
        ...


def plot_series(series: Drawable, ax: Axes | None = None) -> Axes:
    """Reflectance of red, near and short-wave infrared (left axis) and NDVI (right axis) over months 1 to 12.

    Missing months are hatched columns; lines break there.

    Args:
        series: a :class:`timesen_nb.series.PixelSeries`.
        ax: where to draw; None: on a new figure.

    Returns:
        The axes of reflectance.
    """
    ax = ax or new_axes(8, 3.6)
    months = np.arange(1, 13)
    for band, words, colour, marker in LINES:
        values = series.values[:, BANDS.index(band)] / REFLECTANCE_SCALE
        ax.plot(months, values, color=colour, marker=marker, markersize=4, label=words)
    for position, m in enumerate(np.flatnonzero(~series.valid)):
        label = "no clear observation" if position == 0 else None
        ax.axvspan(m + 0.5, m + 1.5, facecolor="0.95", edgecolor="0.7", hatch="///", linewidth=0, label=label)
    ax.set_ylabel("reflectance")
    ax.set_ylim(bottom=min(0.0, float(np.nanmin(series.values, initial=0.0)) / REFLECTANCE_SCALE))
    ax.set_xlim(0.5, 12.5)
    ax.set_xticks(months, [name[:3] for name in MONTHS])
    right = ax.twinx()
    right.plot(
        months, series.ndvi, color="#009E73", linestyle="--", marker="D", markersize=4, label="NDVI (right)"
    )
    right.set_ylabel("NDVI")
    # water lies below zero
    right.set_ylim(min(-0.3, float(np.nanmin(series.ndvi, initial=0.0)) - 0.05), 1.0)
    handles = [h for axis in (ax, right) for h in axis.get_legend_handles_labels()[0]]
    ax.legend(
        handles=handles, fontsize="small", ncols=3, loc="upper left", bbox_to_anchor=(0, -0.1), frameon=False
    )
    ax.set_title(plain(series.title), loc="left", fontsize="medium")
    return ax
