"""Where the pixels of a map or cube lie as it is now: people thin, cut and turn arrays after they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr
    from affine import Affine


def lonlat_of(
    data: xr.DataArray | xr.Dataset, rows: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of the centres of pixels.

    Args:
        data: a map or cube with a coordinate system.
        rows: (n,) of its pixels.
        columns: (n,) of its pixels.

    Returns:
        Degrees, longitude from -180 to 180, also of a grid that goes on beyond the date line.
    """
    from pyproj import Transformer
    from rasterio.transform import xy

    x, y = xy(transform_of(data), rows, columns)
    lon, lat = Transformer.from_crs(data.rio.crs, 4326, always_xy=True).transform(x, y)
    return np.where(np.abs(lon) > 180, (np.asarray(lon) + 180) % 360 - 180, lon), np.asarray(lat)


def transform_of(data: xr.DataArray | xr.Dataset) -> Affine:
    """The transform that the coordinates x and y give; the one that was written with a map stays the old one.

    Args:
        data: with dimensions y and x.

    Returns:
        (column, row) -> (x, y) in the coordinate system; what was written, where that is the same.

    Raises:
        ValueError: rows or columns that are not evenly apart, or a coordinate system without coordinates in it.
    """
    lost = [axis for axis in ("x", "y") if axis not in data.coords]
    # without either, rioxarray counts pixels of 1 m from the origin of the coordinate system
    if lost and data.rio.crs is not None and data.rio.transform().is_identity:
        raise ValueError(
            f"the map or cube given has a CRS, but no coordinates along {' and '.join(lost)}, so it "
            "would lie nowhere. Say where the middles of its pixels are, in the metres or degrees of that system: "
            ".assign_coords(x=..., y=...)."
        )
    for axis, name in (("x", "columns"), ("y", "rows")):
        apart = np.diff(data[axis].values.astype(float)) if axis in data.coords else np.zeros(0)
        if len(apart) and not np.allclose(apart, apart.mean(), rtol=0.01, atol=0):
            raise ValueError(
                f"the map or cube given has {name} that are not evenly apart, so it has no place on a grid. "
                f"Choose every n-th of them, as .isel({axis}=slice(None, None, 2)) does, or a part without gaps."
            )
    written, now = data.rio.transform(), data.rio.transform(recalc=True)
    # a step of a coordinate is rounded: a hundredth of a pixel is none
    same = np.allclose(written[:6], now[:6], rtol=0, atol=abs(now.a) / 100)
    # which many columns and rows on may be whole pixels
    end = data.sizes["x"], data.sizes["y"]
    same = same and np.allclose(written @ end, now @ end, rtol=0, atol=abs(now.a) / 10)
    return written if same else now
