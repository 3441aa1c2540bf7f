"""A cube in a file or in memory as a source: dated or monthly, read where it is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.composite import solar_days
from timesen_nb.nodata import say_codes
from timesen_nb.series import PixelSeries
from timesen_nb.sources.checks import check_places, check_year, series_of
from timesen_nb.sources.cube_block import SIZE, CubeBlock, provenance_of, read_block
from timesen_nb.sources.cube_layout import Opener, Options, read_layout
from timesen_nb.sources.file_mark import file_mark
from timesen_nb.sources.grid import BBox, check_bbox, turned
from timesen_nb.sources.year_cube import year_cube

if TYPE_CHECKING:
    import xarray as xr

#: Blocks whose months are kept, so that a click near the last one reads nothing: some 100 MB at most.
_KEPT = 32
#: Cubes up to this many pixels are computed when asked for (30 MB), larger ones when they are read.
_SMALL = 256 * 256
OUT_OF_RANGE = ("refuse", "missing")


class CubeFileSource:
    """Reflectance from a file, a folder of files or an xarray Dataset or DataArray.

    :mod:`timesen_nb.sources.cube_layout` says what it must hold. A dated cube is masked by its SCL and made into
    monthly medians of the year that is asked for; without SCL its values are taken as they are, and its name says so.
    A place reads the pixel it lies in, in the cube's own projection. A monthly cube that does not say its year answers
    for any year. A file is let go of after each reading; one that was written again since must be opened again.

    Args:
        data: a path (.nc, .zarr, .tif, or a folder of such files), or a Dataset or DataArray.
        group: of a Zarr store or NetCDF file that holds several.
        rename: names in the data -> names of bands or ``SCL``: ``{"refl_490": "B2"}``.
        offset: radiometric offset that is added to values x 10000: -1000, or 0. By default what the data state
            (:func:`timesen_nb.sources.cube_radiometry.offset_of`); where they state nothing, nothing is taken off.
        nodata: a number, or several, that stand for no data, beside those that the file declares and the known codes.
        crs: the coordinate system, where the data state none or the wrong one: ``"EPSG:32631"``.
        out_of_range: "refuse" a clear observation outside -2,000 to 20,000, by name; or take it as "missing".

    Raises:
        ValueError: at once, for data without bands, dates or CRS, with other units, or cut short.
    """

    def __init__(
        self,
        data: str | Path | xr.Dataset | xr.DataArray,
        *,
        group: str | None = None,
        rename: Mapping[str, str] | None = None,
        offset: float | None = None,
        nodata: float | Sequence[float] | None = None,
        crs: Any = None,
        out_of_range: str = "refuse",
    ) -> None:
        if out_of_range not in OUT_OF_RANGE:
            raise ValueError(
                f"out_of_range={out_of_range!r}; expected one of {', '.join(map(repr, OUT_OF_RANGE))}."
            )
        if rename is not None and not isinstance(rename, Mapping):
            raise ValueError(
                f"rename={rename!r}; expected names in the data -> names of bands: {{'refl_490': 'B2'}}."
            )
        self._out_of_range = out_of_range
        given = Path(data).expanduser().absolute() if isinstance(data, (str, Path)) else data
        self._opener = Opener(given, Options(group, dict(rename or {}), offset, nodata, crs))
        self._said: set[float] = set()
        try:
            self._cube = cube = read_layout(self._opener)
        except ValueError as error:
            raise ValueError(f"{self._opener.label} cannot be used: {error}") from error
        #: (west, south, east, north) in degrees, of the outer edges of the pixels; east is beyond 180 where the date
        #: line lies in between.
        self.bounds: BBox = cube.grid.bounds
        if cube.dated:
            middle = (self.bounds[0] + self.bounds[2]) / 2
            self._days = solar_days(cube.step, turned(middle, 0.0))
            self.years: Sequence[int] = sorted({int(str(day)[:4]) for day in self._days})
        else:
            self.years = () if cube.year is None else (cube.year,)
        notes = []
        if cube.dated and not cube.has_scl:
            notes.append("clouds not masked: no SCL")
        if cube.raised:
            notes.append("radiometric offset not stated, perhaps still on")
            warnings.warn(
                f"{self._opener.label} does not state a radiometric offset, and hardly a value lies below 1000: the "
                "1000 that ESA adds since 2022 may still be on, and then classes come out wrong. If it is, open it "
                "with offset=-1000; if it is not, with offset=0.",
                UserWarning,
                stacklevel=3,
            )
        self.name = self._opener.label + (f" ({'; '.join(notes)})" if notes else "")
        self._say(cube.radiometry.codes)
        self._block = lru_cache(maxsize=_KEPT)(self._read_block)

    def __repr__(self) -> str:
        return f"CubeFileSource({self.name!r}, years={list(self.years)}, bounds={self.bounds})"

    def __getstate__(self) -> dict[str, Any]:
        """Workers of a cluster open the file themselves, as it was found here."""
        return {key: value for key, value in vars(self).items() if key != "_block"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._block = lru_cache(maxsize=_KEPT)(self._read_block)

    @cached_property
    def fingerprint(self) -> str:
        """Says which file it is, whatever it is called and wherever it lies; "" for data in memory."""
        return file_mark(self._opener.given) if isinstance(self._opener.given, Path) else ""

    def pixel(self, lon: float, lat: float, year: int = 2018) -> PixelSeries:
        """The series of the pixel that holds the place, with its provenance.

        Args:
            lon: degrees.
            lat: degrees.
            year: calendar year.

        Returns:
            The series; months without a clear observation are NaN and not valid.

        Raises:
            ValueError: a place outside the file, a year that it has not, a pixel without any valid month, or one with a
                clear observation that can be no reflectance.
        """
        return self.pixels([(lon, lat)], year)[0]

    def pixels(self, lonlats: Sequence[tuple[float, float]], year: int = 2018) -> list[PixelSeries]:
        """Many pixels; neighbours are read together.

        Args:
            lonlats: longitude and latitude of each place, in degrees.
            year: calendar year.

        Returns:
            A series each, in the order asked.

        Raises:
            ValueError: as :meth:`pixel`, for any of them; or the file was written again since it was opened.
        """
        year = check_year(year, self.years, self.name)
        self._opener.check_unchanged()
        places = check_places(lonlats)
        at = [self._position(lon, lat) for lon, lat in places]
        found: dict[int, PixelSeries] = {}
        for n in sorted(range(len(at)), key=lambda n: (at[n][0] // SIZE, at[n][1] // SIZE)):
            row, column = at[n]
            block = self._block(row // SIZE, column // SIZE, year)
            inside = row % SIZE, column % SIZE
            if inside in block.wrong:
                raise ValueError(
                    f"{self.name} at {places[n][0]:.5f}, {places[n][1]:.5f}: {block.wrong[inside]}"
                )
            made_of = provenance_of(block, inside, self._cube)
            found[n] = series_of(block.months[(..., *inside)], *places[n], year, self.name, made_of)
        return [found[n] for n in range(len(at))]

    def cube(self, bbox: BBox, year: int = 2018) -> xr.DataArray:
        """The pixels that a box touches.

        Args:
            bbox: (west, south, east, north) in degrees; it is cut to the file. One that crosses the date line has its
                west beyond its east, or its east beyond 180.
            year: calendar year.

        Returns:
            (month 1 to 12, band, y, x) float32 reflectance x 10000, NaN = missing, with its CRS; more than 256 x 256
            pixels as a lazy Dask array.

        Raises:
            ValueError: a box that does not touch the file, a year that it has not; or, when it is computed, a clear
                observation that can be no reflectance.
        """
        year = check_year(year, self.years, self.name)
        self._opener.check_unchanged()
        touched = self._cube.grid.pixels_in(check_bbox(bbox, date_line=True))
        if touched is None:
            raise ValueError(
                f"the box given is {check_bbox(bbox, date_line=True)}; {self.name} lies at {self.bounds} (west, south, "
                "east, north). Choose a box that touches it."
            )
        rows, columns = touched
        ends = [_cuts(rows), _cuts(columns)]
        if (rows.stop - rows.start) * (columns.stop - columns.start) <= _SMALL:
            values: Any = np.concatenate(
                [
                    np.concatenate(
                        [self._months(slice(*r), slice(*c), year) for c in pairwise(ends[1])], axis=-1
                    )
                    for r in pairwise(ends[0])
                ],
                axis=-2,
            )
        else:
            import dask.array as da

            values = da.map_blocks(
                partial(_months_of_block, self, rows.start, columns.start, year),
                chunks=((12,), (len(BANDS),), *(tuple(np.diff(e).tolist()) for e in ends)),
                dtype=np.float32,
                meta=np.empty((0, 0, 0, 0), dtype=np.float32),
            )
        lies = self._cube.grid
        return year_cube(
            values, lies.y[rows], lies.x[columns], lies.crs, year, self.name, boa_offset_applied=1
        )

    def _months(self, rows: slice, columns: slice, year: int) -> np.ndarray:
        """(12, 10, y, x) of a window within one block; ValueError for an observation that can be no reflectance."""
        block = self._block(rows.start // SIZE, columns.start // SIZE, year)
        top, left = rows.start % SIZE, columns.start % SIZE
        inside = slice(top, top + rows.stop - rows.start), slice(left, left + columns.stop - columns.start)
        wrong = [
            why
            for (row, column), why in block.wrong.items()
            if inside[0].start <= row < inside[0].stop and inside[1].start <= column < inside[1].stop
        ]
        if wrong:
            raise ValueError(f"{self.name}, in {len(wrong)} pixels: {wrong[0]}")
        return block.months[(..., *inside)]

    def _read_block(self, row: int, column: int, year: int) -> CubeBlock:
        """The months of up to 64 x 64 pixels, and what they were made of."""
        self._opener.check_unchanged()
        days, missing = self._days_of(year), self._out_of_range == "missing"
        block = read_block(self._opener, self._cube, (row, column), days, year, missing)
        self._say(block.codes)
        return block

    def _days_of(self, year: int) -> np.ndarray:
        """(t,) days: those of the dates, or one in each month of whichever year is asked for."""
        if self._cube.dated:
            return self._days
        return np.array([f"{year:04d}-{m:02d}-15" for m in self._cube.step], dtype="datetime64[D]")

    def _position(self, lon: float, lat: float) -> tuple[int, int]:
        """Row and column of the pixel that holds a place."""
        position = self._cube.grid.position(lon, lat)
        if position is None:
            west, south, east, north = self.bounds
            raise ValueError(
                f"the place given, {lon:.5f}, {lat:.5f}, is outside the data; {self.name} covers longitude "
                f"{west:.5f} to {east:.5f} and latitude {south:.5f} to {north:.5f}. Choose a place inside."
            )
        return position

    def _say(self, codes: Sequence[float]) -> None:
        """Warn, once each, of codes that nobody declared."""
        news = set(codes) - self._said
        if news:
            self._said |= news
            say_codes(sorted(news), self._opener.label)


def _cuts(pixels: slice) -> list[int]:
    """Where a range of pixels begins, crosses from block to block, and ends."""
    return [pixels.start, *range((pixels.start // SIZE + 1) * SIZE, pixels.stop, SIZE), pixels.stop]


def _months_of_block(
    source: CubeFileSource, top: int, left: int, year: int, block_info: Any = None
) -> np.ndarray:
    """One block of a lazy cube whose first pixel is at ``top``, ``left``."""
    _, _, rows, columns = block_info[None]["array-location"]
    return source._months(
        slice(top + rows[0], top + rows[1]), slice(left + columns[0], left + columns[1]), year
    )
