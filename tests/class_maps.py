"""Maps of classes on a grid, and fields on them."""

import geopandas as gpd
import numpy as np
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr
from shapely.geometry import box

LEFT, TOP, CRS = 600_000.0, 5_600_000.0, "EPSG:32631"


def on_grid(
    data: xr.DataArray, crs: str | None = CRS, left: float = LEFT, top: float = TOP, step: float = 10.0
) -> xr.DataArray:
    height, width = data.sizes["y"], data.sizes["x"]
    data = data.assign_coords(
        x=left + step * (np.arange(width) + 0.5), y=top - step * (np.arange(height) + 0.5)
    )
    return data.rio.write_crs(crs) if crs else data


def mapped(label: np.ndarray, classes: tuple[str, ...] = ("maize", "meadow", "water"), **grid) -> xr.Dataset:
    attrs = {"classes": list(classes), "colours": ["#ff0000", "#00ff00", "#0000ff"][: len(classes)]}
    data = on_grid(xr.DataArray(label.astype(np.int16), dims=("y", "x"), attrs=attrs), **grid)
    return data.to_dataset(name="label")


def rectangle(left: float, top: float, right: float, bottom: float) -> object:
    """A polygon by pixels from the upper left corner of the map."""
    return box(LEFT + 10 * left, TOP - 10 * bottom, LEFT + 10 * right, TOP - 10 * top)


def small_map() -> xr.Dataset:
    """20 x 30 pixels: 10 columns of maize, 19 of meadow, one of water, whose upper half has no data."""
    label = np.repeat([[0] * 10 + [1] * 19 + [2]], 20, axis=0)
    label[:10, 29] = -1
    return mapped(label)


def parcels(*shapes: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"owner": [f"farm {n}" for n in range(len(shapes))]}, geometry=list(shapes), crs=CRS
    )
