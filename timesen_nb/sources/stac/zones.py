"""One place has one series: which UTM zone a pixel is read in.

Sentinel-2's tiles overlap at the edges of zones, each on its own zone's grid. A pixel of a cube that reaches over an
edge is read where :func:`timesen_nb.sources.grid.pixel_at` puts its centre: in its own zone, on that zone's grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from timesen_nb.sources.grid import PIXEL, Grid, Pixel, from_degrees, utm_epsg

#: Pixels between the points of a window's edge that are looked at: zones are bounded by long and nearly straight lines.
_STEP = 64


@dataclass(frozen=True)
class Part:
    """The pixels of a window that lie in one zone.

    Attributes:
        inside: (height, width) bool, which pixels of the window.
        grid: The smallest window of that zone's own grid that holds their centres.
        rows: Row in ``grid`` of each pixel inside, and
        columns: its column, in the order of ``inside``.
    """

    inside: np.ndarray
    grid: Grid
    rows: np.ndarray
    columns: np.ndarray


def zones_of(grid: Grid) -> set[int]:
    """EPSG codes of the zones in which the pixels of a window lie, from its edge."""
    xs, ys = (np.unique(np.append(np.arange(0, len(v), _STEP), len(v) - 1)) for v in (grid.x, grid.y))
    x = np.concatenate([grid.x[xs], grid.x[xs], *(np.full(len(ys), grid.x[i]) for i in (0, -1))])
    y = np.concatenate([*(np.full(len(xs), grid.y[i]) for i in (0, -1)), grid.y[ys], grid.y[ys]])
    return set(_zones(grid, x, y)[2].tolist())


def parts(grid: Grid) -> Iterator[Part]:
    """The pixels of a window by the zones in which they lie."""
    x, y = (v.ravel() for v in np.meshgrid(grid.x, grid.y))
    lons, lats, zones = _zones(grid, x, y)
    for epsg in np.unique(zones).tolist():
        inside = zones == epsg
        there = (
            (x[inside], y[inside])
            if epsg == grid.corner.epsg
            else from_degrees(epsg).transform(lons[inside], lats[inside])
        )
        columns = np.floor(there[0] / PIXEL).astype(int)
        rows = np.ceil(there[1] / PIXEL).astype(int)
        corner = Pixel(epsg, int(columns.min()), int(rows.max()))
        width, height = int(columns.max()) - corner.column + 1, corner.row - int(rows.min()) + 1
        yield Part(
            inside.reshape(grid.shape),
            Grid(corner, width, height),
            corner.row - rows,
            columns - corner.column,
        )


def _zones(grid: Grid, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Longitudes, latitudes and zones of points of a grid; beyond Sentinel-2's latitudes the last zone counts."""
    lons, lats = from_degrees(grid.corner.epsg).transform(x, y, direction="INVERSE")
    zones = [utm_epsg(lon, lat) for lon, lat in zip(lons, np.clip(lats, -80.0, 84.0), strict=True)]
    return lons, lats, np.array(zones)
