"""A cube in a file as a source: NetCDF, Zarr or GeoTIFF, dated or monthly, read where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.composite import monthly_cube, solar_days
from timesen_nb.series import PixelSeries, check_place
from timesen_nb.sources.checks import check_year, series_of
from timesen_nb.sources.cube_layout import read_layout
from timesen_nb.sources.grid import BBox, check_bbox

if TYPE_CHECKING:
    import xarray as xr

#: Pixels a side of what is read at once: 118 dates of it are 20 MB as stored, its twelve months 2 MB.
_BLOCK = 64
#: Blocks whose months are kept, so that a click near the last one reads nothing: 64 MB at most.
_KEPT = 32
#: Cubes up to this many pixels are computed when asked for (30 MB), larger ones when they are read.
_SMALL = 256 * 256


class CubeFileSource:
    """Reflectance from a file; see :mod:`timesen_nb.sources.cube_layout` for what a file must hold.

    A dated cube is masked by its SCL and made into monthly medians of the year that is asked for; without SCL
    its values are taken as they are, and the source's name says so. A place reads the pixel it lies in, in the
    file's own projection. A monthly cube that does not say its year answers for any year.

    Raises ValueError at once for a file without bands, dates or CRS, with other units, or cut short.
    """

    def __init__(self, path: str | Path) -> None:
        from pyproj import Transformer

        self._path = Path(path)
        self._cube = cube = read_layout(self._path)
        self._from_degrees = Transformer.from_crs(4326, cube.crs, always_xy=True)
        (left, right), (bottom, top) = cube.edges("x"), cube.edges("y")
        #: (west, south, east, north) in degrees, of the outer edges of the pixels.
        self.bounds: BBox = self._from_degrees.transform_bounds(left, bottom, right, top, direction="INVERSE")
        if cube.dated:
            self._days = solar_days(cube.step, (self.bounds[0] + self.bounds[2]) / 2)
            self.years: Sequence[int] = sorted({int(str(day)[:4]) for day in self._days})
        else:
            self.years = () if cube.year is None else (cube.year,)
        unmasked = cube.dated and cube.scl is None
        self.name = self._path.name + (" (clouds not masked: no SCL)" if unmasked else "")
        self._block = lru_cache(maxsize=_KEPT)(self._read_block)

    def __repr__(self) -> str:
        return f"CubeFileSource({self.name!r}, years={list(self.years)}, bounds={self.bounds})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Workers of a cluster open the file themselves."""
        return CubeFileSource, (self._path,)

    def pixel(self, lon: float, lat: float, year: int = 2018) -> PixelSeries:
        """The series of the pixel that holds the place.

        Raises ValueError outside the file, for a year it has not, or for a pixel without any valid month.
        """
        return self.pixels([(lon, lat)], year)[0]

    def pixels(self, lonlats: Sequence[tuple[float, float]], year: int = 2018) -> list[PixelSeries]:
        """Many pixels, in the order asked; neighbours are read together. Raises as :meth:`pixel`."""
        year = check_year(year, self.years, self.name)
        places = [check_place(lon, lat) for lon, lat in lonlats]
        at = [self._position(lon, lat) for lon, lat in places]
        found: dict[int, np.ndarray] = {}
        for n in sorted(range(len(at)), key=lambda n: (at[n][0] // _BLOCK, at[n][1] // _BLOCK)):
            row, column = at[n]
            months = self._block(row // _BLOCK, column // _BLOCK, year)
            found[n] = months[:, :, row % _BLOCK, column % _BLOCK]
        return [series_of(found[n], lon, lat, year, self.name) for n, (lon, lat) in enumerate(places)]

    def cube(self, bbox: BBox, year: int = 2018) -> xr.DataArray:
        """(month, band, y, x) float32 reflectance x 10000, NaN = missing, of a box in degrees.

        The box is cut to the file. More than 256 x 256 pixels come as a lazy Dask array.
        Raises ValueError where the box does not touch the file.
        """
        import rioxarray  # noqa: F401

        year = check_year(year, self.years, self.name)
        rows, columns = self._window(check_bbox(bbox))
        small = (rows.stop - rows.start) * (columns.stop - columns.start) <= _SMALL
        cube = self._months(rows, columns, year, lazy=not small)
        return cube.rio.write_crs(self._cube.crs)

    def _read_block(self, row: int, column: int, year: int) -> np.ndarray:
        """(12, 10, up to 64, up to 64), the months of a block."""
        rows, columns = (slice(n * _BLOCK, (n + 1) * _BLOCK) for n in (row, column))
        return self._months(rows, columns, year).values

    def _months(self, rows: slice, columns: slice, year: int, lazy: bool = False) -> xr.DataArray:
        """A window of the file as (month, band, y, x); ``lazy`` leaves the reading to Dask."""
        bands, scl = self._stored(rows, columns, lazy)
        looks = bands.to_dataarray("band").drop_attrs().transpose(..., "band", "y", "x").astype(np.float32)
        looks = looks.where(looks != 0) * np.float32(self._cube.factor)
        if self._cube.dated:
            days = self._days.astype("datetime64[ns]")
            scl = None if scl is None else scl.assign_coords(time=days)
            months = monthly_cube(looks.assign_coords(time=days), year, scl)
        else:
            months = looks.where(looks.notnull().all("band")).reindex(month=np.arange(1, 13))
        months = months.reset_coords(drop=True).rename(f"reflectance_{year}")
        return months.assign_attrs(units="surface reflectance x 10000", year=year, source=self.name)

    def _stored(self, rows: slice, columns: slice, lazy: bool) -> tuple[xr.Dataset, xr.DataArray | None]:
        """Bands and scene classes of a window as they are in the file."""
        bands = self._cube.bands.isel(y=rows, x=columns)
        scl = None if self._cube.scl is None else self._cube.scl.isel(y=rows, x=columns)
        if lazy:
            blocks = {"y": _BLOCK, "x": _BLOCK}
            return bands.chunk(blocks), None if scl is None else scl.chunk(blocks)
        try:
            return bands.load(), None if scl is None else scl.load()
        except (OSError, RuntimeError) as error:
            raise ValueError(
                f"{self.name} cannot be read here ({error}). It is damaged or cut short: fetch it again."
            ) from error

    def _position(self, lon: float, lat: float) -> tuple[int, int]:
        """Row and column of the pixel that holds a place."""
        x, y = self._from_degrees.transform(lon, lat)
        row, column = self._cube.index("y", y), self._cube.index("x", x)
        if not (0 <= row < len(self._cube.y) and 0 <= column < len(self._cube.x)):
            west, south, east, north = self.bounds
            raise ValueError(
                f"the place given, {lon:.5f}, {lat:.5f}, is outside the data; {self.name} covers longitude "
                f"{west:.5f} to {east:.5f} and latitude {south:.5f} to {north:.5f}. Choose a place inside."
            )
        return row, column

    def _window(self, bbox: BBox) -> tuple[slice, slice]:
        """Rows and columns of the pixels that a box in degrees touches."""
        left, bottom, right, top = self._from_degrees.transform_bounds(*bbox)
        windows = []
        for axis, ends in (("y", (bottom, top)), ("x", (left, right))):
            first, last = sorted(self._cube.index(axis, end) for end in ends)
            windows.append(slice(max(first, 0), min(last + 1, self._cube.bands.sizes[axis])))
        rows, columns = windows
        if rows.start >= rows.stop or columns.start >= columns.stop:
            raise ValueError(
                f"the box given is {bbox}; {self.name} lies at {self.bounds} (west, south, east, north). "
                "Choose a box that touches it."
            )
        return rows, columns
