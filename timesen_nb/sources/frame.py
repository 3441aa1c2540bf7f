"""A square of 10 m pixels in one UTM zone: where the bundled samples lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from timesen_nb.series import check_place
from timesen_nb.sources.grid import PIXEL, BBox, check_bbox, from_degrees

#: Of a pixel: degrees and metres do not round alike, and the edges belong to the square.
EDGE = 1e-6


@dataclass(frozen=True)
class Frame:
    """A square of size x size pixels.

    Attributes:
        name: whose it is, in words, for messages.
        epsg: the UTM zone's code.
        left: metres of the upper left corner.
        top: metres of the upper left corner.
        size: pixels a side.
    """

    name: str
    epsg: int
    left: float
    top: float
    size: int

    @cached_property
    def bounds(self) -> BBox:
        """(west, south, east, north) in degrees: a box whose every place has a pixel."""
        edge = self.size * PIXEL
        x, y = np.linspace(self.left, self.left + edge, 9), np.linspace(self.top - edge, self.top, 9)
        degrees = from_degrees(self.epsg).transform
        west, _ = degrees(np.full(9, x[0]), y, direction="INVERSE")
        east, _ = degrees(np.full(9, x[-1]), y, direction="INVERSE")
        _, south = degrees(x, np.full(9, y[0]), direction="INVERSE")
        _, north = degrees(x, np.full(9, y[-1]), direction="INVERSE")
        return float(west.max()), float(south.max()), float(east.min()), float(north.min())

    @property
    def extent(self) -> str:
        """What it covers, in words."""
        west, south, east, north = self.bounds
        return (
            f"{self.name[:1].upper()}{self.name[1:]} covers longitude {west:.5f} to {east:.5f} and latitude "
            f"{south:.5f} to {north:.5f}. Choose a place inside."
        )

    def index(self, lon: float, lat: float) -> tuple[int, int]:
        """The pixel that holds a place.

        Args:
            lon: degrees.
            lat: degrees.

        Returns:
            Row and column.

        Raises:
            ValueError: no place on Earth, or one outside.
        """
        x, y = from_degrees(self.epsg).transform(*check_place(lon, lat))
        position = (self.top - y) / PIXEL, (x - self.left) / PIXEL
        if not all(-EDGE <= v <= self.size + EDGE for v in position):
            raise ValueError(
                f"the place given, {float(lon):.5f}, {float(lat):.5f}, lies outside. {self.extent}"
            )
        row, column = (min(max(math.floor(v), 0), self.size - 1) for v in position)
        return row, column

    def window(self, bbox: BBox) -> tuple[slice, slice]:
        """The pixels that a box touches, cut to the square.

        Args:
            bbox: (west, south, east, north) in degrees.

        Returns:
            Rows and columns.

        Raises:
            ValueError: a box that is none, or that does not touch the square.
        """
        left, bottom, right, top = from_degrees(self.epsg).transform_bounds(*check_bbox(bbox))
        rows, columns = (
            slice(max(0, math.floor(start / PIXEL + EDGE)), min(self.size, math.ceil(end / PIXEL - EDGE)))
            for start, end in (
                (self.top - top, self.top - bottom),
                (left - self.left, right - self.left),
            )
        )
        if rows.start >= rows.stop or columns.start >= columns.stop:
            raise ValueError(f"the box given, {tuple(bbox)}, holds no data. {self.extent}")
        return rows, columns
