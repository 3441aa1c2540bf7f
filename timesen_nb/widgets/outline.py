"""The outline of the pixel that was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.sources.grid import PIXEL, pixel_at

if TYPE_CHECKING:
    import xarray as xr

#: Corners, longitude and latitude in degrees.
Outline = Sequence[tuple[float, float]]


def outline(lon: float, lat: float, cube: xr.DataArray | None = None) -> Outline:
    """The four corners of the pixel that holds a place.

    Args:
        lon: degrees.
        lat: degrees.
        cube: (..., y, x) with a CRS, whose pixels are read; None, and for a place beyond it: those of Sentinel-2's own
            10 m grid.

    Returns:
        Corners in turn; none where the cube has one row or column only, or the place lies at a pole.
    """
    from pyproj import Transformer

    if cube is not None and min(cube.sizes["x"], cube.sizes["y"]) < 2:
        return ()
    pixel = None if cube is None else _pixel_of(cube, lon, lat)
    if pixel is None:
        if not -80 <= lat <= 84:
            return ()
        there = pixel_at(lon, lat)
        pixel = there.epsg, there.centre, (float(PIXEL), float(PIXEL))
    crs, (x, y), (wide, high) = pixel
    back = Transformer.from_crs(crs, 4326, always_xy=True)
    corners = [
        back.transform(x + i * wide / 2, y + j * high / 2) for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return [(float(a + 360 * np.round((lon - a) / 360)), float(b)) for a, b in corners]


def _pixel_of(
    cube: xr.DataArray, lon: float, lat: float
) -> tuple[Any, Sequence[float], Sequence[float]] | None:
    """CRS, centre and sides of the pixel of a cube that holds a place; None where the cube does not reach it."""
    from pyproj import Transformer

    crs = cube.rio.crs
    px, py = Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    xs, ys = cube["x"].values, cube["y"].values
    if crs.is_geographic:
        px += 360 * np.round((xs.mean() - px) / 360)
    sides = [abs(float(axis[1] - axis[0])) for axis in (xs, ys)]
    centre = [float(axis[np.abs(axis - at).argmin()]) for axis, at in ((xs, px), (ys, py))]
    # a place at the edge is in the pixel there
    beyond = any(abs(c - at) > side for c, at, side in zip(centre, (px, py), sides, strict=True))
    return None if beyond else (crs, centre, sides)
