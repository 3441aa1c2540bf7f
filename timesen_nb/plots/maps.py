"""A map of a region with its legend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.plots.axes import new_axes, plain
from timesen_nb.plots.map_label import check_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from rasterio.crs import CRS

MOST_ACROSS = 1000  # pixels of a picture a side


def plot_map(maps: xr.Dataset, ax: Axes | None = None) -> Axes:
    """The label map with a legend of the classes that occur, the most frequent first; no data is white.

    Large maps are thinned.

    Args:
        maps: what ``map_region`` returned.
        ax: where to draw; None: on a new figure.

    Returns:
        The axes, in the units of the map's coordinate system.

    Raises:
        ValueError: the map has no label that ``map_region`` made, or no coordinates.
    """
    import rioxarray  # noqa: F401 - adds .rio
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    label = check_label(maps)
    if not {"x", "y"} <= set(label.coords):
        raise ValueError(
            "the map given has no coordinates x and y, so that no picture can say where it lies. Say where the middles "
            "of its pixels are: maps.assign_coords(x=..., y=...)."
        )
    ax = ax or new_axes(8, 5.5)
    step = max(1, -(-max(label.shape) // MOST_ACROSS))
    # west to east and north to south, whichever way they were turned
    thin = label[::step, ::step].sortby("x").sortby("y", ascending=False).values
    colours = np.array([*map(to_rgb, label.attrs["colours"]), (1.0, 1.0, 1.0)])
    left, bottom, right, top = label.rio.bounds(recalc=True)  # as it is now, not as it was written
    ax.imshow(colours[thin], extent=(left, right, bottom, top), interpolation="nearest")
    counts = np.bincount(thin[thin >= 0], minlength=len(colours) - 1)
    shown = [k for k in np.argsort(-counts, kind="stable") if counts[k]]
    names = [plain(name) for name in label.attrs["classes"]]
    handles = [Patch(facecolor=colours[k], edgecolor="0.4", label=names[k]) for k in shown]
    if (thin < 0).any():
        handles.append(Patch(facecolor="white", edgecolor="0.4", label="no data"))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize="small")
    across, up = _axis_names(label.rio.crs)
    ax.set_xlabel(plain(f"{across} ({label.rio.crs})"))
    ax.set_ylabel(up)
    ax.ticklabel_format(style="plain", useOffset=False)
    ax.tick_params(axis="x", rotation=30)
    return ax


def _axis_names(crs: CRS | None) -> tuple[str, str]:
    if crs is None:
        return "x", "y"
    if crs.is_geographic:
        return "longitude", "latitude"
    unit = "metres" if crs.linear_units in ("metre", "meter") else crs.linear_units
    return f"{unit} east", f"{unit} north"
