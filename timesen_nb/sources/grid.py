"""Places on pixels: Sentinel-2's own 10 m grid, and boxes in degrees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.series import check_place

if TYPE_CHECKING:
    from pyproj import Transformer

#: Metres; every value is read at this size, whatever a map shows.
PIXEL = 10

#: Pixels of a window: 655 km by 655 km, a zone's width at 50 degrees north. Most of a larger one is in other zones.
MOST_PIXELS = 2**32
#: Bytes of a pixel's year: twelve months of ten bands in float32.
_BYTES = 480
#: Degrees from west to east over which a zone's metres can be relied on.
_WIDEST = 90

#: West, south, east, north, in degrees.
BBox = tuple[float, float, float, float]


@dataclass(frozen=True, order=True)
class Pixel:
    """One 10 m pixel of Sentinel-2's grid: the UTM zone's EPSG code and column and row, counted from its origin.

    Its upper left corner lies at x = 10 column, y = 10 row metres; rows count upward.
    """

    epsg: int
    column: int
    row: int

    #: Rows and columns of its values beside months and bands: none.
    shape = ()

    @property
    def key(self) -> str:
        """A name for files."""
        return f"{self.epsg}/{self.column}_{self.row}"

    @property
    def centre(self) -> tuple[float, float]:
        """Metres in the zone."""
        return PIXEL * (self.column + 0.5), PIXEL * (self.row - 0.5)

    @property
    def place(self) -> tuple[float, float]:
        """Longitude and latitude of the centre; one past the date line is put on the line."""
        lon, lat = from_degrees(self.epsg).transform(*self.centre, direction="INVERSE")
        zone = self.epsg % 100
        if zone in (1, 60) and (lon > 0) == (zone == 1):
            lon = 180.0 if zone == 60 else -180.0
        return lon, lat


def utm_epsg(lon: float, lat: float) -> int:
    """The UTM zone in which Sentinel-2 tiles of a place are gridded (MGRS, with Norway's exceptions).

    Args:
        lon: degrees.
        lat: degrees.

    Returns:
        Its EPSG code.

    Raises:
        ValueError: north of 84 or south of 80 degrees, where there is no UTM grid and no Sentinel-2 land cover.
    """
    lon, lat = check_place(lon, lat)
    if not -80 <= lat <= 84:
        raise ValueError(
            f"the place given is {lon:g}, {lat:g}, at a pole; Sentinel-2's tiles lie between 80 S and 84 N. "
            "Choose a place between them."
        )
    zone = min(int((lon + 180) // 6) + 1, 60)
    if 56 <= lat < 64 and 3 <= lon < 12:
        zone = 32
    if lat >= 72:
        for west, east, wide in ((0, 9, 31), (9, 21, 33), (21, 33, 35), (33, 42, 37)):
            if west <= lon < east:
                zone = wide
    return (32600 if lat >= 0 else 32700) + zone


@cache
def from_degrees(epsg: int) -> Transformer:
    """Longitude, latitude -> metres of a UTM zone (building one takes milliseconds, so it is kept)."""
    from pyproj import Transformer

    return Transformer.from_crs(4326, epsg, always_xy=True)


def pixel_at(lon: float, lat: float) -> Pixel:
    """The 10 m pixel that holds a place."""
    epsg = utm_epsg(lon, lat)
    x, y = from_degrees(epsg).transform(lon, lat)
    return Pixel(epsg, math.floor(x / PIXEL), math.ceil(y / PIXEL))


def check_bbox(bbox: BBox, date_line: bool = False) -> BBox:
    """A box, or why it is none.

    Args:
        bbox: (west, south, east, north) in degrees.
        date_line: whether it may cross the date line: west beyond east, as GeoJSON has it, or east beyond 180. East
            comes back beyond 180 then.

    Returns:
        Its edges as floats.

    Raises:
        ValueError: no box in degrees, or one that crosses the date line where it may not.
    """
    try:
        west, south, east, north = (float(v) for v in bbox)
    except (TypeError, ValueError):
        raise ValueError(
            f"the box given is {bbox!r}; expected four numbers in degrees: west, south, east, north."
        ) from None
    if date_line and west > east:
        east += 360
    over = date_line and east > 180 and -180 <= west <= 180 and east <= west + 360
    check_place(west, south)
    check_place(east - 360 if over else east, north)
    if west > east:
        raise ValueError(
            f"the box given goes from {west:g} east to {east:g}; west must lie left of east. A box over the date "
            "line is asked for in two: up to 180, and from -180."
        )
    if west == east or south >= north:
        raise ValueError(
            f"the box given is {west, south, east, north}; expected west < east and south < north."
        )
    return west, south, east, north


def turned(lon: float, middle: float) -> float:
    """A longitude, whole turns nearer to another one: of a place over the date line, on the same side."""
    return lon + 360 * round((middle - lon) / 360)


def halves(bbox: BBox) -> list[BBox]:
    """A box whose east may lie beyond 180, as boxes that do not cross the date line."""
    west, south, east, north = bbox
    return [bbox] if east <= 180 else [(west, south, 180.0, north), (-180.0, south, east - 360, north)]


def holds(bounds: BBox, lon: float, lat: float) -> bool:
    """Whether a place lies in (west, south, east, north), edges included; east may be beyond 180."""
    west, south, east, north = bounds
    return (lon - west) % 360 <= east - west and south <= lat <= north


@dataclass(frozen=True)
class Grid:
    """A window of the 10 m grid in one UTM zone: upper left pixel, width and height in pixels."""

    corner: Pixel
    width: int
    height: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def key(self) -> str:
        """A name for files."""
        return f"{self.corner.key}_{self.width}x{self.height}"

    @property
    def x(self) -> np.ndarray:
        """Metres of the pixels' centres, west to east."""
        return PIXEL * (self.corner.column + 0.5 + np.arange(self.width))

    @property
    def y(self) -> np.ndarray:
        """Metres of the pixels' centres, north to south."""
        return PIXEL * (self.corner.row - 0.5 - np.arange(self.height))

    @classmethod
    def over(cls, bbox: BBox) -> Grid:
        """The smallest window that covers a box in degrees, in the zone of the box's middle.

        Args:
            bbox: (west, south, east, north); it may cross the date line: west beyond east, or east beyond 180.

        Returns:
            The window.

        Raises:
            ValueError: a box that is none, or one of more than :data:`MOST_PIXELS`.
        """
        west, south, east, north = check_bbox(bbox, date_line=True)
        epsg = utm_epsg(turned((west + east) / 2, 0.0), (south + north) / 2)
        if east - west > _WIDEST:
            width, height = (
                round((high - low) * 111_320 / PIXEL) for low, high in ((west, east), (south, north))
            )
            raise _too_large(bbox, width, height)
        left, bottom, right, top = from_degrees(epsg).transform_bounds(west, south, east, north)
        column, row = math.floor(left / PIXEL), math.ceil(top / PIXEL)
        width, height = math.ceil(right / PIXEL) - column, row - math.floor(bottom / PIXEL)
        if width * height > MOST_PIXELS:
            raise _too_large(bbox, width, height)
        return cls(Pixel(epsg, column, row), width, height)

    @classmethod
    def around(cls, pixels: Sequence[Pixel]) -> Grid:
        """The smallest window that holds some pixels of one zone."""
        columns, rows = [p.column for p in pixels], [p.row for p in pixels]
        left, top = min(columns), max(rows)
        return cls(Pixel(pixels[0].epsg, left, top), max(columns) - left + 1, top - min(rows) + 1)

    @property
    def corners(self) -> list[Pixel]:
        """The four pixels at its corners."""
        corner, right, bottom = self.corner, self.width - 1, self.height - 1
        return [
            Pixel(corner.epsg, corner.column + x, corner.row - y) for x in (0, right) for y in (0, bottom)
        ]

    def reach(self, bbox: BBox) -> BBox:
        """A box in degrees that holds another and every pixel: a window leans out of the box that it was made for.

        Args:
            bbox: (west, south, east, north) in degrees; east may lie beyond 180.

        Returns:
            The same with its edges moved out.
        """
        west, south, east, north = bbox
        lons, lats = zip(*(corner.place for corner in self.corners), strict=True)
        near = [turned(lon, (west + east) / 2) for lon in lons]
        return min(west, *near), min(south, *lats), max(east, *near), max(north, *lats)

    def cut(self, axis: str, side: int) -> list[Grid]:
        """Even parts of at most ``side`` pixels: along "x" from west to east, along "y" from north to south."""
        corner, length = self.corner, self.width if axis == "x" else self.height
        edges = np.linspace(0, length, math.ceil(length / side) + 1).round().astype(int).tolist()
        if axis == "x":
            return [
                Grid(Pixel(corner.epsg, corner.column + start, corner.row), end - start, self.height)
                for start, end in pairwise(edges)
            ]
        return [
            Grid(Pixel(corner.epsg, corner.column, corner.row - start), self.width, end - start)
            for start, end in pairwise(edges)
        ]

    def blocks(self, side: int) -> list[list[Grid]]:
        """Parts of at most ``side`` pixels a side, row by row."""
        return [strip.cut("x", side) for strip in self.cut("y", side)]


def _too_large(bbox: BBox, width: int, height: int) -> ValueError:
    most = math.isqrt(MOST_PIXELS)
    return ValueError(
        f"the box given, {tuple(bbox)}, makes a cube of about {width:,} by {height:,} pixels of {PIXEL} m, "
        f"{width * height * _BYTES / 1e9:,.0f} GB a year; expected at most {MOST_PIXELS:,} pixels, such as {most:,} by "
        f"{most:,}, {MOST_PIXELS * _BYTES / 1e9:,.0f} GB. Give a smaller box in degrees, or ask for several, one after "
        "another."
    )


def box_of(places: Sequence[Pixel]) -> BBox:
    """(west, south, east, north) in degrees around pixels of one zone, a pixel wider so that it is a box."""
    lons, lats = np.array([place.place for place in places]).T
    around = 1e-4
    west, east = max(lons.min() - around, -180.0), min(lons.max() + around, 180.0)
    return float(west), float(lats.min() - around), float(east), float(lats.max() + around)
