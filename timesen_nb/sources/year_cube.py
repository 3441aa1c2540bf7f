"""A year as an xarray cube, in the one form that every source's ``cube`` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS

if TYPE_CHECKING:
    import xarray as xr


def year_cube(
    values: Any, y: np.ndarray, x: np.ndarray, crs: Any, year: int, source: str, **about: Any
) -> xr.DataArray:
    """Months of a window, with names, units and coordinate system.

    Args:
        values: (12, 10, y, x) float32 reflectance x 10000, NaN = missing; in numpy or Dask.
        y: pixel centres in ``crs``.
        x: pixel centres in ``crs``.
        crs: the coordinate system.
        year: calendar year.
        source: what the values are from, in words.
        about: more attributes.

    Returns:
        The cube (month, band, y, x).
    """
    import rioxarray  # noqa: F401 - adds .rio
    import xarray as xr

    coords = {"month": np.arange(1, 13), "band": list(BANDS), "y": y, "x": x}
    said = {"units": "surface reflectance x 10000", "year": year, "source": source, **about}
    cube: xr.DataArray = xr.DataArray(values, coords, tuple(coords), f"reflectance_{year}", said)
    return cube.rio.write_crs(crs)
