"""A map as a picture with its legend."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from timesen_nb.plots.axes import plain
from timesen_nb.plots.maps import plot_map
from timesen_nb.tensor_file import whole_file

if TYPE_CHECKING:
    import xarray as xr


def save_picture(maps: xr.Dataset, path: str | Path, title: str = "", dpi: int = 150) -> Path:
    """Write a map as PNG with its legend: for slides and reports, not for a GIS.

    Args:
        maps: what ``map_region`` returned.
        path: of the file, which ends in .png; folders are made.
        title: above the map.
        dpi: pixels an inch; the picture is 8 inches wide.

    Returns:
        The path.

    Raises:
        ValueError: another suffix, or a map without a label that ``map_region`` made.
        OSError: the file could not be written whole, as where the disk is full.
    """
    from matplotlib.figure import Figure

    path = Path(path).expanduser()
    if path.suffix.lower() != ".png":
        raise ValueError(f"the file given is {path.name!r}; expected a name that ends in .png.")
    # no pyplot: a picture on a server has no window, and nothing of it stays behind
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = plot_map(maps, figure.add_subplot())
    if title:
        axes.set_title(plain(title))
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=dpi)
    return path
