"""Images that lie on the map: the landscape in true colour, and how probable a class is in every pixel."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.bands import MONTHS, REFLECTANCE_SCALE

if TYPE_CHECKING:
    import xarray as xr

    from timesen_nb.widgets.view import BBox

WEB = "EPSG:3857"  # the projection of Leaflet: images are put into it so that they lie where they belong
BRIGHTEST = 0.28  # reflectance shown as white, the same in every month so that seasons can be compared
GAMMA = 1.5
COLOURS = "cividis"  # even steps in lightness, the same for the colour-blind
MOST_ACROSS = 700  # pixels of an image a side: more than a screen shows


@dataclass(frozen=True)
class Picture:
    """An image in a page: a PNG as a data URL, and (west, south, east, north) in degrees."""

    url: str
    bounds: BBox

    @property
    def corners(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """((south, west), (north, east)), as Leaflet wants them."""
        west, south, east, north = self.bounds
        return (south, west), (north, east)


def thin(cube: xr.DataArray) -> xr.DataArray:
    """Every n-th pixel of a cube (..., y, x), so that neither side is longer than :data:`MOST_ACROSS`."""
    step = -(-max(cube.sizes["y"], cube.sizes["x"]) // MOST_ACROSS)
    return cube if step == 1 else cube.isel(y=slice(None, None, step), x=slice(None, None, step))


def true_colour(cube: xr.DataArray, month: int) -> Picture:
    """Red, green and blue (B4, B3, B2) of a month, 1 to 12; missing pixels are transparent.

    cube: (month, band, y, x) reflectance x 10000 with a CRS. Raises ValueError when the month has no pixel at
    all.
    """
    bands = thin(cube.sel(month=month, band=["B4", "B3", "B2"])).compute()
    if not np.isfinite(bands.values).any():
        raise ValueError(f"no clear observation in {MONTHS[month - 1]} anywhere here. Choose another month.")
    flat, bounds = _to_web(bands)
    bright = np.clip(flat / (BRIGHTEST * REFLECTANCE_SCALE), 0, 1) ** (1 / GAMMA)
    alpha = np.isfinite(flat).all(axis=0)
    return Picture(_png(np.moveaxis(bright, 0, -1), alpha), bounds)


def probability_picture(share: np.ndarray, like: xr.DataArray) -> Picture:
    """Probabilities (y, x), NaN = unknown and transparent, on the grid of the cube ``like``, as colours."""
    grid = like.isel(month=0, band=0, drop=True).copy(data=share.astype(np.float32))
    flat, bounds = _to_web(thin(grid.expand_dims("band")))
    known = np.isfinite(flat[0])
    steps = np.round(np.nan_to_num(flat[0]) * 255).astype(np.uint8)
    return Picture(_png(palette()[steps], known), bounds)


@lru_cache(maxsize=1)
def palette() -> np.ndarray:
    """(256, 3) colours from 0 (dark) to 1 (light)."""
    from matplotlib import colormaps

    return np.asarray(colormaps[COLOURS](np.arange(256)))[:, :3]


def _to_web(image: xr.DataArray) -> tuple[np.ndarray, BBox]:
    """(band, y, x) in any CRS -> the same in Web Mercator, nearest pixel, and its bounds in degrees."""
    import rioxarray  # noqa: F401 - adds .rio
    from rasterio.enums import Resampling
    from rasterio.warp import transform_bounds

    ready = image.transpose("band", "y", "x").astype(np.float32).rio.write_nodata(np.nan)
    web = ready.rio.reproject(WEB, resampling=Resampling.nearest)
    west, south, east, north = transform_bounds(WEB, "EPSG:4326", *web.rio.bounds())
    return web.values, (west, south, east, north)


def _png(colours: np.ndarray, alpha: np.ndarray) -> str:
    """(y, x, 3) from 0 to 1 and (y, x) bool -> data URL."""
    from PIL import Image

    shown = np.where(alpha[..., None], np.nan_to_num(colours), 0.0)
    rgba = np.dstack([shown * 255, alpha * 255.0]).round().astype(np.uint8)
    file = BytesIO()
    Image.fromarray(rgba).save(file, "PNG", compress_level=3)
    return "data:image/png;base64," + b64encode(file.getvalue()).decode()


def photo(view: np.ndarray) -> bytes:
    """A ground view (height, width, 3) uint8 as a PNG file."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(np.asarray(view, dtype=np.uint8)).save(file, "PNG", compress_level=3)
    return file.getvalue()
