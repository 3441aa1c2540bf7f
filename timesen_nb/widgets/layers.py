"""Images that lie on the map: the landscape in true colour, and what was read in every pixel of a view."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from math import atan, degrees, floor, sinh
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.bands import MONTHS, REFLECTANCE_SCALE
from timesen_nb.plots.colours import as_rgb
from timesen_nb.plots.true_colour import brightened, true_colour

if TYPE_CHECKING:
    import xarray as xr

    from timesen_nb.sources.grid import BBox

#: The projection of Leaflet, but for its meridian: images are put into it so that they lie where they belong.
WEB = "+proj=merc +a=6378137 +b=6378137 +lon_0={:.9f} +units=m +nadgrids=@null +wktext +no_defs"
RADIUS = 6378137.0  # metres
TRUE_COLOUR, NDVI = "True colour", "NDVI: how green"
#: What can be seen of a month: red, green and blue of the screen by the bands that they show, and how bright white is.
LAYERS: dict[str, tuple[tuple[str, ...], float]] = {
    TRUE_COLOUR: (("B4", "B3", "B2"), 0.28),
    "False colour: leaves red": (("B8", "B4", "B3"), 0.45),
    "Short-wave infrared: water dark": (("B12", "B8A", "B4"), 0.45),
    NDVI: (("B8", "B4"), 1.0),
}
GREENNESS = "YlGn"  # of NDVI from 0 to 1
COLOURS = "cividis"  # even steps in lightness, the same for the colour-blind
MOST_ACROSS = 700  # pixels of an image a side: more than a screen shows


@dataclass(frozen=True)
class Picture:
    """An image in a page: a PNG file, (west, south, east, north) in degrees, and the share of it that is not there."""

    png: bytes
    bounds: BBox
    hidden: float = 0.0

    @property
    def url(self) -> str:
        """The image as a data URL."""
        return "data:image/png;base64," + b64encode(self.png).decode()

    @property
    def corners(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """((south, west), (north, east)), as Leaflet wants them."""
        west, south, east, north = self.bounds
        return (south, west), (north, east)


@dataclass(frozen=True)
class WebGrid:
    """How a cube's grid lies in Web Mercator; found once, then any image of the cube is one look-up.

    step: every step-th pixel is drawn, so that neither side exceeds :data:`MOST_ACROSS`. index: (height, width), the
    flat position among those pixels, -1 outside. bounds: (west, south, east, north) in degrees.
    """

    step: int
    index: np.ndarray
    bounds: BBox

    @classmethod
    def of(cls, cube: xr.DataArray) -> WebGrid:
        """The grid of a cube (..., y, x) with a CRS: nearest pixels."""
        import rioxarray  # noqa: F401 - adds .rio
        from pyproj import Transformer
        from rasterio.enums import Resampling

        step = -(-max(cube.sizes["y"], cube.sizes["x"]) // MOST_ACROSS)
        flat = cube.isel({d: 0 for d in cube.dims if d not in ("y", "x")}, drop=True)[::step, ::step]
        positions = flat.copy(data=np.arange(flat.size, dtype=np.int32).reshape(flat.shape))
        positions.attrs.pop("_FillValue", None)
        # around the cube's own meridian, so that one over the date line is not torn apart; its east is beyond 180
        x, y = (float(flat[axis].values[[0, -1]].mean()) for axis in ("x", "y"))
        middle, _ = Transformer.from_crs(flat.rio.crs, 4326, always_xy=True).transform(x, y)
        web = positions.rio.write_nodata(-1).rio.reproject(WEB.format(middle), resampling=Resampling.nearest)
        left, bottom, right, top = web.rio.bounds()
        middle -= 360 * floor((_lon(left, middle) + 180) / 360)
        return cls(step, web.values, (_lon(left, middle), _lat(bottom), _lon(right, middle), _lat(top)))

    def lay(self, values: np.ndarray) -> np.ndarray:
        """(..., y, x) float on the cube's grid -> (..., height, width) in Web Mercator, NaN outside."""
        thin = values[..., :: self.step, :: self.step]
        out: np.ndarray = np.where(
            self.index >= 0, thin.reshape(*thin.shape[:-2], -1)[..., self.index], np.nan
        )
        return out


def _lon(x: float, middle: float) -> float:
    return middle + degrees(x / RADIUS)


def _lat(y: float) -> float:
    return degrees(atan(sinh(y / RADIUS)))


def month_picture(
    cube: xr.DataArray, month: int, web: WebGrid | None = None, layer: str = TRUE_COLOUR
) -> Picture:
    """A month of a cube in colours; missing pixels are transparent.

    Args:
        cube: (month, band, y, x) reflectance x 10000 with a CRS.
        month: 1 to 12.
        web: its grid, where it is known already.
        layer: one of :data:`LAYERS`.

    Returns:
        The image, in Web Mercator.

    Raises:
        ValueError: the month has no pixel at all.
    """
    web = web or WebGrid.of(cube)
    thin = slice(None, None, web.step)
    rgb = np.moveaxis(_colours(cube.isel(y=thin, x=thin), month, layer), -1, 0)
    if not np.isfinite(rgb).any():
        raise ValueError(f"no clear observation in {MONTHS[month - 1]} anywhere here. Choose another month.")
    laid = WebGrid(1, web.index, web.bounds).lay(rgb)
    hidden = float(1 - np.isfinite(rgb).all(axis=0).mean())
    return Picture(_png(np.moveaxis(laid, 0, -1)), web.bounds, hidden)


def _colours(cube: xr.DataArray, month: int, layer: str) -> np.ndarray:
    """(y, x, 3) from 0 to 1, NaN = missing."""
    if layer == TRUE_COLOUR:
        return true_colour(cube, month)
    bands, white = LAYERS[layer]
    values = cube.sel(month=month, band=list(bands)).transpose("y", "x", "band").values
    if layer != NDVI:
        return brightened(values, white * REFLECTANCE_SCALE)
    from matplotlib import colormaps

    near, red = values[..., 0], values[..., 1]
    index = np.clip((near - red) / np.maximum(near + red, 1), 0, 1)
    return np.where(
        np.isfinite(index)[..., None], colormaps[GREENNESS](np.nan_to_num(index))[..., :3], np.nan
    )


def probability_picture(share: np.ndarray, web: WebGrid) -> Picture:
    """Probabilities as colours from dark to light.

    Args:
        share: (y, x) from 0 to 1; NaN = unknown, transparent.
        web: the grid of the cube that they are of.

    Returns:
        The image, in Web Mercator.
    """
    laid = web.lay(share)
    colours = palette()[np.round(np.nan_to_num(laid) * 255).astype(np.uint8)]
    return Picture(_png(np.where(np.isfinite(laid)[..., None], colours, np.nan)), web.bounds)


def class_picture(labels: np.ndarray, colours: Sequence[str], web: WebGrid) -> Picture:
    """Classes, each in its colour.

    Args:
        labels: (y, x) class numbers; NaN = unknown, transparent.
        colours: #RRGGBB by class.
        web: the grid of the cube that they are of.

    Returns:
        The image, in Web Mercator.
    """
    laid = web.lay(labels)
    shown = as_rgb(colours)[np.nan_to_num(laid).astype(int)] / 255
    return Picture(_png(np.where(np.isfinite(laid)[..., None], shown, np.nan)), web.bounds)


@lru_cache(maxsize=1)
def palette() -> np.ndarray:
    """(256, 3) colours from 0 (dark) to 1 (light)."""
    from matplotlib import colormaps

    return np.asarray(colormaps[COLOURS](np.arange(256)))[:, :3]


def _png(colours: np.ndarray) -> bytes:
    """(y, x, 3) from 0 to 1, NaN = transparent, as a PNG file."""
    known = np.isfinite(colours).all(axis=-1, keepdims=True)
    rgba = np.concatenate([np.where(known, colours, 0.0), known], axis=-1)
    return png((rgba * 255).round().astype(np.uint8))


def png(pixels: np.ndarray) -> bytes:
    """(height, width, 3 or 4) uint8 as a PNG file."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(file, "PNG", compress_level=3)
    return file.getvalue()
