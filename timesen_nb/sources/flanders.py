"""The bundled real sample: one year of Sentinel-2 over 640 m of fields in Flanders. Works offline, at once.

Contains modified Copernicus Sentinel data 2017-2018. Taken from test resources of the WorldCereal classification
repository (MIT); ``data/README.md`` says how, and ``recipes/flanders_sample.py`` makes the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.series import PixelSeries
from timesen_nb.sources.checks import check_places, check_year, series_of
from timesen_nb.sources.frame import Frame
from timesen_nb.sources.grid import PIXEL, BBox
from timesen_nb.sources.year_cube import year_cube

if TYPE_CHECKING:
    import xarray as xr

#: What stands for NaN in the file.
MISSING = -32768
#: The projection of the pixels: UTM zone 31 north.
EPSG = 32631


class FlandersSource:
    """A real place for a first look: 64 x 64 pixels of 10 m, monthly medians of 2018, what farmers declared as truth.

    December has no acquisition in the data and stays missing. For a window of 16 x 16 pixels the single acquisitions
    behind the months are there too (:meth:`observations`).
    """

    name = "real sample, Flanders 2018"
    #: The name by which everybody can open the same.
    known_as = "flanders"
    years: Sequence[int] = (2018,)

    def __repr__(self) -> str:
        return f"<FlandersSource: {self._frame.size} x {self._frame.size} pixels, 2018, bounds {self.bounds}>"

    @cached_property
    def _file(self) -> dict[str, np.ndarray]:
        return _read("flanders_2018.npz")

    @cached_property
    def _months(self) -> np.ndarray:
        """(12, 10, y, x) reflectance x 10000, NaN = missing."""
        stored = self._file["months"]
        return np.where(stored == MISSING, np.nan, stored).astype(np.float32)

    @cached_property
    def _frame(self) -> Frame:
        left, top = self._file["corner"].tolist()
        return Frame(f"the {self.name}", EPSG, left, top, self._file["months"].shape[-1])

    @property
    def bounds(self) -> BBox:
        """(west, south, east, north) in degrees: a box whose every place has a pixel."""
        return self._frame.bounds

    def pixel(self, lon: float, lat: float, year: int = 2018) -> PixelSeries:
        """The series of the pixel that holds the place, with its declared land cover where there is one.

        Args:
            lon: degrees.
            lat: degrees.
            year: 2018.

        Returns:
            The series; months without a clear observation are NaN and not valid.

        Raises:
            ValueError: no place on Earth, a place outside, or another year.
        """
        year = check_year(year, self.years, self.name)
        row, column = self._frame.index(lon, lat)
        series = series_of(self._months[:, :, row, column], float(lon), float(lat), year, self.name)
        return replace(series, truth=self.truth(lon, lat) or None)

    def pixels(self, lonlats: Sequence[tuple[float, float]], year: int = 2018) -> list[PixelSeries]:
        """Many pixels.

        Args:
            lonlats: longitude and latitude of each place, in degrees.
            year: 2018.

        Returns:
            A series each, in the order asked.

        Raises:
            ValueError: as :meth:`pixel`, for any of them.
        """
        return [self.pixel(lon, lat, year) for lon, lat in check_places(lonlats)]

    def cube(self, bbox: BBox, year: int = 2018) -> xr.DataArray:
        """The pixels that a box touches.

        Args:
            bbox: (west, south, east, north) in degrees; it is cut to the sample.
            year: 2018.

        Returns:
            (month 1 to 12, band, y, x) float32 reflectance x 10000, NaN = missing, with its CRS.

        Raises:
            ValueError: a box that is none or does not touch the sample, or another year.
        """
        year = check_year(year, self.years, self.name)
        rows, columns = self._frame.window(bbox)
        values = self._months[:, :, rows, columns]
        y, x = self._axes(rows.start, columns.start, values.shape[2:])
        return year_cube(values, y, x, EPSG, year, self.name)

    def truth(self, lon: float, lat: float, year: int = 2018) -> str:
        """The declared land cover at a place.

        Args:
            lon: degrees.
            lat: degrees.
            year: 2018.

        Returns:
            Its name in the task "land_cover"; "" where nothing is declared.

        Raises:
            ValueError: as :meth:`pixel`.
        """
        check_year(year, self.years, self.name)
        row, column = self._frame.index(lon, lat)
        return str(self._file["land_covers"][self._file["land_cover"][row, column]])

    def cover_type(self, lon: float, lat: float, year: int = 2018) -> str:
        """What was declared at a place, finer than land cover.

        Args:
            lon: degrees.
            lat: degrees.
            year: 2018.

        Returns:
            Such as "maize", "potatoes"; "" where nothing is declared.

        Raises:
            ValueError: as :meth:`pixel`.
        """
        check_year(year, self.years, self.name)
        row, column = self._frame.index(lon, lat)
        return str(self._file["cover_types"][self._file["cover_type"][row, column]])

    def declared(self) -> xr.DataArray:
        """What was declared at all pixels.

        Returns:
            (y, x) index into ``.attrs["cover_types"]``, 0 where nothing is declared.
        """
        import xarray as xr

        codes = self._file["cover_type"]
        y, x = self._axes(0, 0, codes.shape)
        names = [str(name) for name in self._file["cover_types"]]
        return xr.DataArray(codes, {"y": y, "x": x}, ("y", "x"), "declared", {"cover_types": names})

    def observations(self) -> xr.Dataset:
        """The single acquisitions of 2018 over a window of 16 x 16 pixels: what monthly medians are made of.

        Returns:
            ``reflectance`` (time, band, y, x) float32 x 10000, NaN = no data, and ``SCL`` (time, y, x), the scene
            classification, with times of acquisition (UTC). :func:`timesen_nb.composite.monthly_cube` makes the months
            of this source of it, once clouds and shadows are masked.
        """
        import rioxarray  # noqa: F401 - adds .rio
        import xarray as xr

        row, column = (int(v) for v in self._file["window_at"])
        raw = self._file["window"].astype(np.float32)
        raw[raw == 0] = np.nan
        y, x = self._axes(row, column, raw.shape[2:])
        coords = {"time": self._file["times"], "band": list(BANDS), "y": y, "x": x}
        about = {"units": "surface reflectance x 10000", "year": 2018, "source": self.name}
        bands: xr.DataArray = xr.DataArray(raw, coords, tuple(coords), attrs=about).rio.write_crs(EPSG)
        return xr.Dataset({"reflectance": bands, "SCL": (("time", "y", "x"), self._file["window_scl"])})

    def vectors(self, weights: str) -> np.ndarray | None:
        """The vectors of all pixels, made beforehand.

        Args:
            weights: of the model that asks, as :func:`timesen_nb.model.fingerprint.fingerprint` tells them.

        Returns:
            (y, x, D) int8; None when they are of other weights.
        """
        made = _read("flanders_2018_vectors.npz")
        return made["vectors"] if str(made["weights"]) == weights else None

    def _axes(self, row: int, column: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Metres of pixel centres, north to south and west to east."""
        left, top = self._frame.left, self._frame.top
        return (
            top - PIXEL * (row + 0.5 + np.arange(shape[0])),
            left + PIXEL * (column + 0.5 + np.arange(shape[1])),
        )


def _read(name: str) -> dict[str, np.ndarray]:
    with as_file(files("timesen_nb").joinpath("data", name)) as path, np.load(path) as arrays:
        return dict(arrays)
