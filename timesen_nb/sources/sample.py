"""The simulated landscape as a source: works offline, at once, and knows the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.bands import check_months, ndvi
from timesen_nb.series import PixelSeries
from timesen_nb.simulate.cover_types import COVER_TYPES
from timesen_nb.simulate.landscape import EPSG, PIXEL, Landscape, corner, landscape
from timesen_nb.sources.checks import check_places, check_year, series_of
from timesen_nb.sources.frame import Frame
from timesen_nb.sources.grid import BBox, from_degrees
from timesen_nb.tasks import tasks

if TYPE_CHECKING:
    import xarray as xr

_lock = Lock()


@lru_cache(maxsize=4)
def _made(seed: int, size: int, year: int) -> Landscape:
    return landscape(seed, size, year)


def _green_share(scene: Landscape, m: int, row: int, column: int) -> float:
    """How much of the ground to draw green: of a field from November to April no less than its light says."""
    # what is green there may be a catch crop, of which the crop's own calendar knows nothing
    share = float(scene.green[m, row, column])
    if 4 <= m <= 9 or COVER_TYPES[scene.plan.cover_type[row, column]].land_cover != "B":
        return share
    greenness = ndvi(scene.reflectance[:, :, row, column])
    seen = np.flatnonzero(np.isfinite(greenness))
    # from bare soil to a closed stand; a hidden month is drawn as those around it
    light = np.interp(m, seen, greenness[seen], period=12)
    return max(share, float(np.clip((light - 0.25) / 0.6, 0, 1)))


#: Of the countryside that everybody has.
USUAL_SEED, USUAL_SIZE = 7, 256


def _class_name(letter: str) -> str:
    """What the task "land_cover" calls a LUCAS letter."""
    task = tasks["land_cover"]
    return task.classes[task.codes.index(letter)]


class SampleSource:
    """A simulated countryside of pixels of 10 m, for learning and trying without account or network.

    Everything it gives is simulated (:mod:`timesen_nb.simulate.landscape`); the map coordinates only make it clickable,
    and no real place looks like it. Each year is made when it is first asked for, in a few seconds.

    Args:
        seed: another number gives another countryside.
        size: pixels a side.
    """

    name = "the simulated sample landscape"
    #: The name by which everybody can open the same; None for another countryside.
    known_as: str | None = "sample"
    simulated = True
    years: Sequence[int] = range(2017, 2026)

    def __init__(self, seed: int = USUAL_SEED, size: int = USUAL_SIZE) -> None:
        self.seed, self.size = seed, size
        if (seed, size) != (USUAL_SEED, USUAL_SIZE):
            self.name, self.known_as = f"{self.name} {seed}, {size} pixels a side", None

    def __repr__(self) -> str:
        return f"SampleSource(seed={self.seed}, size={self.size}, bounds={self.bounds})"

    @cached_property
    def _frame(self) -> Frame:
        return Frame(self.name, EPSG, *corner(self.size), self.size)

    @property
    def bounds(self) -> BBox:
        """(west, south, east, north) in degrees; every place inside has a pixel."""
        return self._frame.bounds

    def landscape(self, year: int = 2018) -> Landscape:
        """The whole scene of a year; made once a process.

        Args:
            year: calendar year.

        Returns:
            The scene.

        Raises:
            ValueError: a year that it has not.
        """
        with _lock:
            return _made(self.seed, self.size, check_year(year, self.years, self.name))

    def pixel(self, lon: float, lat: float, year: int = 2018) -> PixelSeries:
        """The series of the pixel that holds the place, with its true land cover.

        Args:
            lon: degrees.
            lat: degrees.
            year: calendar year.

        Returns:
            The series; months without a clear observation are NaN and not valid.

        Raises:
            ValueError: what is no place, a place outside, or a year that it has not.
        """
        row, column = self._frame.index(lon, lat)
        scene = self.landscape(year)
        months = scene.reflectance[:, :, row, column]
        series = series_of(months, float(lon), float(lat), scene.year, self.name)
        return replace(series, truth=_class_name(scene.land_cover[row, column]))

    def pixels(self, lonlats: Sequence[tuple[float, float]], year: int = 2018) -> list[PixelSeries]:
        """Many pixels.

        Args:
            lonlats: longitude and latitude of each place, in degrees.
            year: calendar year.

        Returns:
            A series each, in the order asked.

        Raises:
            ValueError: as :meth:`pixel`, for any of them.
        """
        return [self.pixel(lon, lat, year) for lon, lat in check_places(lonlats)]

    def cube(self, bbox: BBox, year: int = 2018) -> xr.DataArray:
        """The pixels that a box touches.

        Args:
            bbox: (west, south, east, north) in degrees; it is cut to the scene.
            year: calendar year.

        Returns:
            (month 1 to 12, band, y, x) float32 reflectance x 10000, NaN = missing, with its CRS.

        Raises:
            ValueError: a box that is none or does not touch the scene, or a year that it has not.
        """
        rows, columns = self._frame.window(bbox)
        scene = self.landscape(year)
        return scene.cube.isel(y=rows, x=columns).copy().assign_attrs(year=scene.year)

    def truth(self, lon: float, lat: float, year: int = 2018) -> str:
        """The true land cover at a place.

        Args:
            lon: degrees.
            lat: degrees.
            year: calendar year.

        Returns:
            Its name in the task "land_cover".

        Raises:
            ValueError: as :meth:`pixel`.
        """
        row, column = self._frame.index(lon, lat)
        return _class_name(self.landscape(year).land_cover[row, column])

    def cover_type(self, lon: float, lat: float, year: int = 2018) -> str:
        """What grows or stands at a place, finer than land cover.

        Args:
            lon: degrees.
            lat: degrees.
            year: calendar year.

        Returns:
            Such as "maize", "reed bed".

        Raises:
            ValueError: as :meth:`pixel`.
        """
        row, column = self._frame.index(lon, lat)
        return COVER_TYPES[self.landscape(year).plan.cover_type[row, column]].name

    def survey(self, each: int = 20, seed: int = 0, year: int = 2018) -> list[tuple[float, float]]:
        """Places drawn at random: centres of pixels that lie 20 m or more inside a patch, as a surveyor would choose.

        Args:
            each: places of every land cover.
            seed: another one picks other places.
            year: calendar year.

        Returns:
            Longitude and latitude in degrees, land covers A to H in turn.

        Raises:
            ValueError: the scene has fewer of one, or it has not the year.
        """
        from scipy.ndimage import distance_transform_edt

        scene, rng = self.landscape(year), np.random.default_rng(seed)
        left, top = corner(self.size)
        found: list[tuple[float, float]] = []
        for letter, name in zip(tasks["land_cover"].codes, tasks["land_cover"].classes, strict=True):
            inside = np.argwhere(distance_transform_edt(scene.land_cover == letter) > 2)
            if len(inside) < each:
                raise ValueError(
                    f"{each} places of {name} were asked for; {len(inside)} are here. Ask for fewer."
                )
            rows, columns = rng.choice(inside, each, replace=False).T
            x, y = left + (columns + 0.5) * PIXEL, top - (rows + 0.5) * PIXEL
            lons, lats = from_degrees(EPSG).transform(x, y, direction="INVERSE")
            found += zip(lons.tolist(), lats.tolist(), strict=True)
        return found

    def survey_month(self, lon: float, lat: float, year: int = 2018) -> int:
        """The month of May to September in which most stands at a place: when a survey would see it best.

        Args:
            lon: degrees.
            lat: degrees.
            year: calendar year.

        Returns:
            5 to 9.

        Raises:
            ValueError: as :meth:`pixel`.
        """
        row, column = self._frame.index(lon, lat)
        scene = self.landscape(year)
        standing = scene.green[:, row, column] + 0.7 * scene.brown[:, row, column]
        return 5 + int(np.argmax(standing[4:9]))

    def views(
        self,
        lon: float,
        lat: float,
        year: int = 2018,
        month: int | None = None,
        size: tuple[int, int] = (96, 128),
    ) -> list[np.ndarray]:
        """Four drawn ground photos of a place. The same place and time give the same photos.

        What stands in the background stays there, whatever the month and year.

        Args:
            lon: degrees.
            lat: degrees.
            year: calendar year.
            month: 1 to 12; None: :meth:`survey_month`.
            size: height and width in pixels.

        Returns:
            To the north, east, south and west: (height, width, 3) uint8 RGB each.

        Raises:
            ValueError: a month that is none, or as :meth:`pixel`.
        """
        from timesen_nb.simulate.scenes import draw_views
        from timesen_nb.simulate.sun import noon_elevation

        row, column = self._frame.index(lon, lat)
        scene = self.landscape(year)
        [month] = check_months([self.survey_month(lon, lat, year) if month is None else month], "month given")
        m = month - 1
        return list(
            draw_views(
                COVER_TYPES[scene.plan.cover_type[row, column]].name, month,
                green=_green_share(scene, m, row, column), brown=float(scene.brown[m, row, column]),
                snow=bool(scene.snow[m, row, column]), sun=noon_elevation(lat, month),
                rng=np.random.default_rng([self.seed, scene.year, row, column]), size=size,
                background=(self.seed * self.size + row) * self.size + column,
            )
        )  # fmt: skip
