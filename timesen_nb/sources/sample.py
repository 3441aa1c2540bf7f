"""The simulated landscape as a source: works offline, at once, and knows the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

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


def _class_name(letter: str) -> str:
    """What the task "land_cover" calls a LUCAS letter."""
    task = tasks["land_cover"]
    return task.classes[task.codes.index(letter)]


class SampleSource:
    """A simulated countryside of size x size pixels of 10 m, for learning and trying without account or network.

    Everything it gives is simulated (:mod:`timesen_nb.simulate.landscape`); the map coordinates only make it
    clickable, and no real place looks like it. Each year is made when it is first asked for, in a few seconds.
    seed: another number gives another countryside.
    """

    name = "the simulated sample landscape"
    simulated = True
    years: Sequence[int] = range(2017, 2026)

    def __init__(self, seed: int = 7, size: int = 256) -> None:
        self.seed, self.size = seed, size

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
        """The whole scene of a year; made once a process. Raises ValueError for a year it has not."""
        with _lock:
            return _made(self.seed, self.size, check_year(year, self.years, self.name))

    def pixel(self, lon: float, lat: float, year: int = 2018) -> PixelSeries:
        """The series of the pixel that holds the place, with its true land cover.

        Raises ValueError for what is no place, a place outside, or a year it has not.
        """
        row, column = self._frame.index(lon, lat)
        scene = self.landscape(year)
        months = scene.reflectance[:, :, row, column]
        series = series_of(months, float(lon), float(lat), scene.year, self.name)
        return replace(series, truth=_class_name(scene.land_cover[row, column]))

    def pixels(self, lonlats: Sequence[tuple[float, float]], year: int = 2018) -> list[PixelSeries]:
        """Many pixels, in the order asked. Raises as :meth:`pixel`."""
        return [self.pixel(lon, lat, year) for lon, lat in check_places(lonlats)]

    def cube(self, bbox: BBox, year: int = 2018) -> xr.DataArray:
        """(month, band, y, x) float32 reflectance x 10000 of the pixels that a box in degrees touches, NaN = missing.

        The box is cut to the scene; ValueError where it does not touch it.
        """
        rows, columns = self._frame.window(bbox)
        return self.landscape(year).cube.isel(y=rows, x=columns).copy()

    def truth(self, lon: float, lat: float, year: int = 2018) -> str:
        """The true land cover at a place, by its name in the task "land_cover"; ValueError outside."""
        row, column = self._frame.index(lon, lat)
        return _class_name(self.landscape(year).land_cover[row, column])

    def cover_type(self, lon: float, lat: float, year: int = 2018) -> str:
        """What grows or stands at a place, finer than land cover: "maize", "reed bed"; ValueError outside."""
        row, column = self._frame.index(lon, lat)
        return COVER_TYPES[self.landscape(year).plan.cover_type[row, column]].name

    def survey(self, each: int = 20, seed: int = 0, year: int = 2018) -> list[tuple[float, float]]:
        """Longitude and latitude of places drawn at random, ``each`` of every land cover A to H in turn.

        They are centres of pixels that lie 20 m or more inside a patch, as a surveyor would choose. Raises ValueError
        when the scene has fewer of one.
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
        """The month of May to September in which most stands at a place: when a survey would see it best."""
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
        """Four drawn ground photos of a place, to the north, east, south and west: (height, width, 3) uint8 each.

        month: 1 to 12; without it :meth:`survey_month`. The same place and time give the same photos. Raises ValueError
        outside.
        """
        from timesen_nb.simulate.scenes import draw_views

        row, column = self._frame.index(lon, lat)
        scene = self.landscape(year)
        m = (self.survey_month(lon, lat, year) if month is None else month) - 1
        if m not in range(12):
            raise ValueError(f"month given: {month!r}; expected a whole number from 1 to 12.")
        tilt = 23.4 * math.sin(2 * math.pi * (30.4 * m - 66) / 365)
        return list(
            draw_views(
                COVER_TYPES[scene.plan.cover_type[row, column]].name, m + 1,
                green=float(scene.green[m, row, column]), brown=float(scene.brown[m, row, column]),
                snow=bool(scene.snow[m, row, column]), sun=90 - abs(float(lat) - tilt),
                rng=np.random.default_rng([self.seed, scene.year, row, column]), size=size,
            )
        )  # fmt: skip
