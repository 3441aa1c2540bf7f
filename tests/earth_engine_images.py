"""Images as Earth Engine holds them: assets with bands and properties, and a catalog of Sentinel-2 scenes.

They are lazy, a function from a grid of pixels to values and masks: a value depends on the grid that is asked for, as
it does there. Nothing here comes from the package.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from pyproj import Transformer

REFLECTANCE = "COPERNICUS/S2_SR_HARMONIZED"
CLOUD_SCORE = "GOOGLE/CLOUD_SCORE_PLUS/V1/S2_HARMONIZED"
BANDS = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")


@lru_cache
def transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


@dataclass(frozen=True)
class Grid:
    """Pixels to evaluate: transform as Earth Engine writes it, (x scale, x shear, x0, y shear, y scale, y0)."""

    crs: str
    transform: tuple[float, ...]
    width: int = 1
    height: int = 1

    def centres(self, crs: str) -> tuple[np.ndarray, np.ndarray]:
        sx, hx, x0, hy, sy, y0 = self.transform
        c, r = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        x, y = x0 + sx * c + hx * r, y0 + hy * c + sy * r
        return (x, y) if crs == self.crs else transformer(self.crs, crs).transform(x, y)


Pixels = tuple[np.ndarray, np.ndarray]  # values and masks, (bands, height, width)


class Image:
    """Bands by name and kind of number, read where they are asked for; the last answer is kept."""

    def __init__(
        self,
        names: Sequence[str],
        kinds: Sequence[str],
        read: Callable[[Grid], Pixels],
        properties: dict[str, Any] | None = None,
        box: tuple[float, float, float, float] | None = None,
    ) -> None:
        self.names, self.kinds = list(names), list(kinds)
        self._read, self._last = read, None
        self.properties = properties or {}
        self.box = box

    def __call__(self, grid: Grid) -> Pixels:
        if self._last is None or self._last[0] is not grid:
            self._last = grid, self._read(grid)
        return self._last[1]

    def like(self, names: Sequence[str], kinds: Sequence[str], read: Callable[[Grid], Pixels]) -> "Image":
        return Image(names, kinds, read, self.properties, self.box)


@dataclass
class Feature:
    geometry: "Geometry | None"
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        return self.geometry.box if self.geometry else None


@dataclass(frozen=True)
class Geometry:
    """Corners in degrees; one is a point."""

    corners: tuple[tuple[float, float], ...]

    @property
    def box(self) -> tuple[float, float, float, float]:
        x, y = zip(*self.corners, strict=True)
        return min(x), min(y), max(x), max(y)


def asset(arrays: dict[str, np.ndarray], crs: str, left: float, top: float, **properties: Any) -> Image:
    """An image as it lies in the catalog: float arrays (rows, columns), NaN = masked.

    All bands cover the same extent; one with half of the rows and columns has pixels of twice the size.
    """
    height, width = max(a.shape for a in arrays.values())
    extent = 10.0 * width, 10.0 * height

    def read(grid: Grid) -> Pixels:
        x, y = grid.centres(crs)
        values = np.full((len(arrays), grid.height, grid.width), np.nan)
        for n, a in enumerate(arrays.values()):
            column = np.floor((x - left) / (extent[0] / a.shape[1])).astype(int)
            row = np.floor((top - y) / (extent[1] / a.shape[0])).astype(int)
            inside = (column >= 0) & (column < a.shape[1]) & (row >= 0) & (row < a.shape[0])
            values[n][inside] = a[row[inside], column[inside]]
        return np.nan_to_num(values), np.isfinite(values)

    edges = [
        (left, top),
        (left + extent[0], top),
        (left, top - extent[1]),
        (left + extent[0], top - extent[1]),
    ]
    lons, lats = zip(*(transformer(crs, "EPSG:4326").transform(*e) for e in edges), strict=True)
    lons = [lon + 360 * round((lons[0] - lon) / 360) for lon in lons]  # together, over the date line too
    box = min(lons), min(lats), max(lons), max(lats)
    return Image(list(arrays), ["uint16"] * len(arrays), read, properties, box)


def scene(
    values: np.ndarray,
    scl: np.ndarray,
    time: np.datetime64,
    *,
    tile: str = "31UFS",
    epsg: int = 32631,
    left: float = 600_000.0,
    top: float = 5_620_000.0,
    cs_cdf: np.ndarray | None = None,
    product: str = "20200101T000000",
    satellite: str | None = "Sentinel-2A",
    baseline: str | None = "02.06",
) -> tuple[Image, Image | None]:
    """One image of the catalog and its Cloud Score+: values (10, y, x) with 0 = masked, scl and cs_cdf (y, x)."""
    moment = time.astype("datetime64[s]").item()
    index = f"{moment:%Y%m%dT%H%M%S}_{product}_T{tile}"
    known = {"system:index": index, "system:time_start": int(time.astype("datetime64[ms]").astype(int))}
    about = {"SPACECRAFT_NAME": satellite, "PROCESSING_BASELINE": baseline}
    about = {name: value for name, value in about.items() if value is not None}
    measured = np.where(values == 0, np.nan, values.astype(float))
    arrays = {**dict(zip(BANDS, measured, strict=True)), "SCL": scl.astype(float)}
    crs = f"EPSG:{epsg}"
    score = None if cs_cdf is None else asset({"cs_cdf": cs_cdf.astype(float)}, crs, left, top, **known)
    return asset(arrays, crs, left, top, **known, **about), score


def scenes_of(cube: Any, **options: Any) -> dict[str, list[Image]]:
    """A catalog with one image for each date of a tests.dated_cube.DatedCube."""
    pairs = [
        scene(v, s, t, left=cube.left, top=cube.top, product=f"{n:08d}T000000", **options)
        for n, (v, s, t) in enumerate(zip(cube.values, cube.scl, cube.times, strict=True))
    ]
    return catalog(pairs)


def catalog(pairs: Sequence[tuple[Image, Image | None]]) -> dict[str, list[Image]]:
    """Both collections of images made by :func:`scene`."""
    return {REFLECTANCE: [i for i, _ in pairs], CLOUD_SCORE: [s for _, s in pairs if s is not None]}
