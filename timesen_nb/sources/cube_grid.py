"""Where the pixels of a cube lie, in its own coordinate system and in degrees."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.sources.grid import BBox, turned

if TYPE_CHECKING:
    from pyproj import CRS, Transformer


@dataclass(frozen=True)
class CubeGrid:
    """The pixels of a cube.

    Attributes:
        x: pixel centres in ``crs``.
        y: pixel centres in ``crs``.
        crs: the coordinate system.
    """

    x: np.ndarray
    y: np.ndarray
    crs: CRS

    @cached_property
    def _from_degrees(self) -> Transformer:
        from pyproj import Transformer

        return Transformer.from_crs(4326, self.crs, always_xy=True)

    @cached_property
    def bounds(self) -> BBox:
        """(west, south, east, north) in degrees, of the outer edges; east is beyond 180 over the date line."""
        (left, right), (bottom, top) = self.edges("x"), self.edges("y")
        if self.crs.is_geographic:
            # 0 to 360, or beyond 180, as well as -180 to 180
            if right - left >= 360:
                return -180.0, bottom, 180.0, top
            west = (left + 180) % 360 - 180
            return west, bottom, west + (right - left), top
        west, south, east, north = self._from_degrees.transform_bounds(
            left, bottom, right, top, direction="INVERSE"
        )
        return west, south, east + 360 if east < west else east, north

    def position(self, lon: float, lat: float) -> tuple[int, int] | None:
        """Row and column of the pixel that holds a place in degrees; None outside."""
        x, y = self._from_degrees.transform(lon, lat)
        if self.crs.is_geographic:
            x = self._turned(x)
        row, column = self._index("y", y), self._index("x", x)
        return (row, column) if 0 <= row < len(self.y) and 0 <= column < len(self.x) else None

    def pixels_in(self, bbox: BBox) -> tuple[slice, slice] | None:
        """Rows and columns of the pixels that a box in degrees touches; None where it touches none."""
        west, south, east, north = bbox
        if self.crs.is_geographic:
            _, bottom = self._from_degrees.transform(west, south)
            _, top = self._from_degrees.transform(east, north)
            middle = (west + east) / 2
            turn = self._turned(middle) - middle
            left, right = west + turn, east + turn
        else:
            left, bottom, right, top = self._from_degrees.transform_bounds(west, south, east, north)
        rows, columns = self._between("y", bottom, top), self._between("x", left, right)
        return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None

    def edges(self, axis: str) -> tuple[float, float]:
        """Lowest and highest edge of the pixels along ``"x"`` or ``"y"``."""
        centres, half = getattr(self, axis), abs(self._step(axis)) / 2
        return float(centres.min() - half), float(centres.max() + half)

    def _step(self, axis: str) -> float:
        """Signed size of a pixel; one pixel alone is square, or 10 m."""
        for centres in (getattr(self, axis), self.x, self.y):
            if len(centres) > 1:
                return float(centres[-1] - centres[0]) / (len(centres) - 1)
        return 9e-5 if self.crs.is_geographic else 10.0

    def _index(self, axis: str, at: float) -> int:
        """The pixel that a coordinate lies in; below 0 or past the end when it is outside."""
        pixels = (at - float(getattr(self, axis)[0])) / self._step(axis) + 0.5
        return math.floor(pixels) if math.isfinite(pixels) else -1

    def _between(self, axis: str, *ends: float) -> slice:
        """The pixels from one coordinate to another; empty outside."""
        first, last = sorted(self._index(axis, end) for end in ends)
        return slice(max(first, 0), min(last + 1, len(getattr(self, axis))))

    def _turned(self, x: float) -> float:
        """A longitude, whole turns nearer to the middle of the data."""
        return turned(x, sum(self.edges("x")) / 2)
