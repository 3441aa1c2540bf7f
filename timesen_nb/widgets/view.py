"""Map what is in view: every pixel encoded once, then scored against any words."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import cos, radians
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.model.zeroshot import ZeroShot
from timesen_nb.sources.grid import BBox, turned
from timesen_nb.widgets.background import JobCancelled
from timesen_nb.widgets.coverage import NotCovered
from timesen_nb.widgets.layers import WebGrid

if TYPE_CHECKING:
    import xarray as xr
    from pyproj import Transformer

    from timesen_nb.model.timesenclip import TimeSenCLIP
    from timesen_nb.sources import Source

MOST_PIXELS = 100_000  # vectors of 256 numbers: 100 MB
CHUNK = 1024  # pixels between two checks of the cancel button
BAND = 4096  # pixels that are read before something of them may be shown
A_PART = 1.0  # seconds between two drawings of what was read so far
METRES_A_DEGREE = 111_320.0


@dataclass(frozen=True)
class View:
    """Which pixels, and of which data.

    Attributes:
        bbox: (west, south, east, north) in degrees.
        year: calendar year.
        source: its name.
    """

    bbox: BBox
    year: int
    source: str

    @property
    def pixels(self) -> int:
        """About how many 10 m pixels it holds."""
        west, south, east, north = self.bbox
        height = (north - south) * METRES_A_DEGREE / 10
        width = (east - west) * METRES_A_DEGREE / 10 * cos(radians((north + south) / 2))
        return round(height * width)


def visible(seen: BBox, bounds: BBox | None, year: int, source: str) -> View:
    """The part of what is seen that has data.

    Args:
        seen: (west, south, east, north) in degrees.
        bounds: of the data; None: everywhere.
        year: calendar year.
        source: its name.

    Returns:
        The part.

    Raises:
        NotCovered: there is none.
        ValueError: it has more than :data:`MOST_PIXELS` pixels.
    """
    west, south, east, north = seen
    # the map repeats itself: of its worlds the one with the data, or the first
    turn = (
        turned((west + east) / 2, 0.0 if bounds is None else (bounds[0] + bounds[2]) / 2) - (west + east) / 2
    )
    west, east = west + turn, east + turn
    if bounds is not None:
        west, south = max(west, bounds[0]), max(south, bounds[1])
        east, north = min(east, bounds[2]), min(north, bounds[3])
    if west >= east or south >= north:
        raise NotCovered("the view holds no data. Move the map to the frame, then map the view again.")
    view = View((west, south, east, north), year, source)
    if view.pixels > MOST_PIXELS:
        raise ValueError(
            f"the view holds about {view.pixels:,} pixels of 10 m; at most {MOST_PIXELS:,} are mapped at "
            "once. Zoom in. From Python, timesen_nb.map_region maps any area."
        )
    return view


#: Told the share done, 0 to 1, and now and then the part that was read.
Progress = Callable[[float, "EncodedView | None"], None]


@dataclass(frozen=True)
class EncodedView:
    """The vectors of a view.

    Attributes:
        view: which pixels.
        cube: (12, 10, y, x) reflectance x 10000 with its CRS, NaN = missing.
        readable: (y, x) bool, pixels that the model could read.
        vectors: (readable pixels, D).
    """

    view: View
    cube: xr.DataArray
    readable: np.ndarray
    vectors: np.ndarray

    @cached_property
    def web(self) -> WebGrid:
        """Where its pixels lie on the map."""
        return WebGrid.of(self.cube)

    def at(self, lon: float, lat: float) -> int | None:
        """Which pixel of the vectors holds a place.

        Args:
            lon: degrees.
            lat: degrees.

        Returns:
            Its position among them; None outside, and where nothing can be read.
        """
        x, y = self._to_grid.transform(lon, lat)
        index = []
        for at, axis in ((y, self.cube["y"].values), (x, self.cube["x"].values)):
            k = round((at - axis[0]) / (axis[1] - axis[0])) if len(axis) > 1 else 0
            if not 0 <= k < len(axis):
                return None
            index.append(k)
        row, column = index
        return int(self._numbers[row, column]) if self.readable[row, column] else None

    @cached_property
    def _to_grid(self) -> Transformer:
        """Degrees -> the cube's own grid."""
        from pyproj import Transformer

        return Transformer.from_crs(4326, self.cube.rio.crs, always_xy=True)

    @cached_property
    def _numbers(self) -> np.ndarray:
        """(y, x) positions among the readable pixels."""
        return np.cumsum(self.readable).reshape(self.readable.shape) - 1

    def probabilities(self, words: ZeroShot) -> np.ndarray:
        """How well each class fits each pixel: one matrix product, whatever the words.

        Args:
            words: the classifier.

        Returns:
            (y, x, K) float32, NaN where nothing can be read.
        """
        return self.on_grid(words.of_vectors(self.vectors))

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """Numbers of the pixels where they lie.

        Args:
            values: (readable pixels, K).

        Returns:
            (y, x, K) float32, NaN where nothing can be read.
        """
        out = np.full((*self.readable.shape, values.shape[1]), np.nan, dtype=np.float32)
        out[self.readable] = values
        return out


def made_beforehand(model: TimeSenCLIP, source: Source) -> np.ndarray | None:
    """The vectors (y, x, D) that a source has of all its pixels by this model; None where it has none."""
    made: Callable[[str], np.ndarray | None] | None = getattr(source, "vectors", None)
    return made(model.weights.fingerprint()) if made else None


def bundled_view(model: TimeSenCLIP, source: Source, cube: xr.DataArray, view: View) -> EncodedView | None:
    """A whole scene by vectors that were made beforehand; None where a source has none of this model.

    Args:
        model: whose vectors.
        source: where the cube comes from.
        cube: (month, band, y, x) reflectance x 10000, NaN = missing.
        view: which pixels they are.

    Returns:
        The view.
    """
    vectors = made_beforehand(model, source)
    if vectors is None or vectors.shape[:2] != (cube.sizes["y"], cube.sizes["x"]):
        return None
    readable = np.asarray(vectors.any(axis=-1))
    there = vectors[readable].astype(np.float32)
    return EncodedView(view, cube, readable, there / np.linalg.norm(there, axis=1, keepdims=True))


def encode_view(
    model: TimeSenCLIP,
    cube: xr.DataArray,
    view: View,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> EncodedView:
    """Encode the pixels of a cube, some rows at a time.

    Args:
        model: whose vectors.
        cube: (month, band, y, x) reflectance x 10000, NaN = missing.
        view: which pixels they are.
        progress: told the share done, 0 to 1, and every second what was read so far.
        cancelled: asked before each chunk.

    Returns:
        The vectors.

    Raises:
        JobCancelled: ``cancelled()`` said True.
        ValueError: no pixel has a month to read.
    """
    from timesen_nb.regions.chunk import encode_block  # here, for Dask and rasterio come with it

    cube = cube.sel(band=list(BANDS)).transpose("month", "band", "y", "x")
    height, width = cube.shape[2:]
    rows = max(1, BAND // width)
    vectors = np.full((height * width, model.config.embedding), np.nan, dtype=np.float32)

    def tick(_: float) -> None:
        if cancelled():
            raise JobCancelled

    def read() -> EncodedView:
        readable = ~np.isnan(vectors[:, 0])
        return EncodedView(view, cube, readable.reshape(height, width), vectors[readable])

    shown = time.monotonic()
    for top in range(0, height, rows):
        block = cube[:, :, top : top + rows].values
        done = slice(top * width, min(top + rows, height) * width)
        progress(done.start / len(vectors), None)
        vectors[done] = encode_block(block, model.encode, vectors.shape[1], tick, CHUNK)
        if time.monotonic() - shown > A_PART and not np.isnan(vectors[:, 0]).all():
            progress(done.stop / len(vectors), read())
            shown = time.monotonic()
    whole = read()
    if not whole.readable.any():
        raise ValueError("no pixel of the view has a clear month. Move the map or choose another year.")
    progress(1.0, None)
    return whole
