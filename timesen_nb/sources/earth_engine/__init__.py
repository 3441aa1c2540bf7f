"""Sentinel-2 from Earth Engine: any place on land, computed there, in one request a click.

expressions.py says what is computed, connection.py who asks, calls.py how, errors.py what went wrong, export.py what
is too much for a request.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS, check_count
from timesen_nb.series import PixelSeries
from timesen_nb.sources.cache import Entry, SeriesCache
from timesen_nb.sources.checks import (
    check_places,
    check_text,
    check_year,
    series_of,
    whole_years,
)
from timesen_nb.sources.earth_engine import expressions, told
from timesen_nb.sources.earth_engine.answers import months_of, read_points, read_window
from timesen_nb.sources.earth_engine.connection import Key, open_session
from timesen_nb.sources.earth_engine.errors import explain
from timesen_nb.sources.grid import BBox, Grid, Pixel, pixel_at
from timesen_nb.sources.retry_policy import RetryPolicy, TooMuch, Work
from timesen_nb.sources.year_cube import year_cube

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from timesen_nb.sources.earth_engine.export import Export

#: Pixels a side of what is asked for at once: 120 bands of float32 and their masks make 39 MB; 48 MiB is the limit
#: of ``computePixels`` (50331648 bytes, one byte a value for the mask included).
_BLOCK = 256
_MOST_POINTS = 1000
#: A page of points or a block of a cube may take this many deadlines: Earth Engine itself stops at five minutes.
_LONGER = 3


class EarthEngineSource:
    """Monthly medians of Sentinel-2 surface reflectance, computed by Google Earth Engine.

    Values are those of the 10 m grid of the place's own UTM zone whatever a map shows, and those that
    :func:`timesen_nb.composite.monthly_medians` gives of the same images. Months without a clear observation are
    missing. A session that ``ee.Initialize`` opened is used as it is.

    Args:
        project: a Google Cloud project registered for Earth Engine; None for EE_PROJECT or GOOGLE_CLOUD_PROJECT (from
            the environment or Colab's secrets), or the one the account is set to.
        key: a service account's key, as a path or JSON; None for EE_SERVICE_ACCOUNT_KEY, or your own account.
        clouds: "scl" masks by the scene classification, as every other source does; "cloud_score" by Cloud Score+.
        threshold: Cloud Score+ from which an observation is clear.
        certain_median: leave nothing open about the median of an even number of observations, for nearly twice the
            computation, which a project pays by; otherwise Earth Engine's own median is taken.
        page: points a request, up to 1000.
        attempts: how often a request is sent at most.
        deadline: seconds for a click; three times that for a page of points or a block of a cube.
        first_wait: seconds before the second attempt.
        cache: False to keep nothing on disk, or a folder.
        url: another endpoint than the standard one.

    Raises:
        ValueError: in words with the cure when it cannot be opened: no credentials, no project, not registered, or an
            argument of another kind.
    """

    def __init__(
        self,
        project: str | None = None,
        *,
        key: Key | None = None,
        clouds: str = "scl",
        threshold: float = 0.6,
        certain_median: bool = False,
        page: int = 500,
        attempts: int = 5,
        deadline: float = 120.0,
        first_wait: float = 1.0,
        cache: str | Path | bool | None = None,
        url: str | None = None,
    ) -> None:
        page = check_count("page", page, "points a request", _MOST_POINTS)
        for name, given in {"project": project, "url": url}.items():
            check_text(name, given)
        self.rule = expressions.CompositeRule(clouds, threshold, certain_median)
        self._options: dict[str, Any] = {
            "clouds": clouds, "threshold": threshold, "certain_median": certain_median, "page": page,
            "attempts": attempts, "deadline": deadline, "first_wait": first_wait, "cache": cache, "url": url,
        }  # fmt: skip
        self._page = page
        self._requests = RetryPolicy(explain, attempts, deadline, first_wait)
        self.project = open_session(self._requests, project, key, url)
        self._requests.sent = 0
        self.name = "Earth Engine Sentinel-2" + (" (Cloud Score+)" if clouds == "cloud_score" else "")
        self.years: Sequence[int] = tuple(whole_years())
        masked = {
            "masked": self.rule.masked,
            **({"median": "certain"} if certain_median else {}),
            "threshold": threshold if clouds == "cloud_score" else None,
        }
        self._cache = SeriesCache("earthengine", {"collection": expressions.REFLECTANCE, **masked}, cache)
        self._never_seen: set[tuple[Pixel, int]] = set()
        # The smallest that was too much for the server, in points and in pixels: it is not asked for that again.
        self._too_many_points = self._too_many_pixels = math.inf

    def __repr__(self) -> str:
        return f"EarthEngineSource(project={self.project!r}, clouds={self.rule.clouds!r}, requests={self.requests})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Workers of a cluster open it anew, with the credentials they find: no key travels."""
        return partial(EarthEngineSource, self.project, **self._options), ()

    @property
    def bounds(self) -> None:
        """None: all land between 80 S and 84 N."""
        return None

    @property
    def requests(self) -> int:
        """How many requests for data were sent so far, repeated ones included: free projects have a monthly quota."""
        return self._requests.sent

    @property
    def state(self) -> str:
        """What a request under way is doing, in words; empty when there is none. Read it from any thread."""
        return self._requests.state

    def cancel(self) -> None:
        """Stop waiting for every request under way: whoever waits gets a ValueError that says so."""
        self._requests.cancel()

    def pixel(self, lon: float, lat: float, year: int | None = None) -> PixelSeries:
        """The series of the 10 m pixel that holds the place, in one request, or none where it is in the cache.

        Args:
            lon: degrees.
            lat: degrees.
            year: from 2017 on; None for the last that is over.

        Returns:
            The series; months without a clear observation are NaN and not valid.

        Raises:
            ValueError: in words, for no place on Earth, the poles, a year before 2017 or not over yet, a place that no
                image covers (the open sea), a year of clouds, and for whatever keeps Earth Engine from answering.
        """
        return self._read([(lon, lat)], year, self._requests.deadline)[0]

    def pixels(
        self, lonlats: Sequence[tuple[float, float]], year: int | None = None, progress: bool | None = None
    ) -> list[PixelSeries]:
        """Many pixels in pages; a page that was answered stays in the cache.

        Args:
            lonlats: longitude and latitude of each place, in degrees.
            year: as in :meth:`pixel`.
            progress: show a bar; None for where there is more than one page.

        Returns:
            A series each, in the order asked.

        Raises:
            ValueError: as :meth:`pixel`, for any of them.
        """
        return self._read(lonlats, year, _LONGER * self._requests.deadline, progress)

    def cube(self, bbox: BBox, year: int | None = None) -> xr.DataArray:
        """The pixels that a box touches; fetched when read.

        One request for each block of up to 256 pixels a side, on the 10 m grid of the UTM zone of the box's middle;
        beyond the zone's own images, tens of kilometres past its edge, values are missing.

        Args:
            bbox: (west, south, east, north) in degrees; it may cross the date line.
            year: as in :meth:`pixel`.

        Returns:
            (month 1 to 12, band, y, x) float32 reflectance x 10000, NaN = missing, in Dask, with its CRS.

        Raises:
            ValueError: a year it has not, a box that is none, or one too large, in pixels and GB.
        """
        import dask
        import dask.array as da

        year, grid = check_year(year, self.years, self.name), Grid.over(bbox)
        read = dask.delayed(self._window, pure=True)
        rows = [
            [da.from_delayed(read(part, year), (12, len(BANDS), *part.shape), np.float32) for part in strip]
            for strip in grid.blocks(_BLOCK)
        ]
        about = {"provenance": json.dumps(told.of_all(self.rule))}
        return year_cube(da.block(rows), grid.y, grid.x, grid.corner.epsg, year, self.name, **about)

    def export_points(
        self,
        lonlats: Sequence[tuple[float, float]],
        year: int | None = None,
        *,
        name: str = "timesen_points",
        folder: str | None = None,
        bucket: str | None = None,
    ) -> Export:
        """Start a batch export of many pixels to a CSV file: for jobs that no request can answer in time.

        The file gets a row a place: ``n`` (its number in ``lonlats``), ``lon``, ``lat``, ``year`` and ``B2_m01`` ...
        ``B12_m12``, empty where missing.

        Args:
            lonlats: longitude and latitude of each place, in degrees.
            year: as in :meth:`pixel`.
            name: of the file and the job.
            folder: of your Google Drive, where the file goes.
            bucket: of Cloud Storage, in its place.

        Returns:
            The job; ``.follow()`` waits for it.

        Raises:
            ValueError: as :meth:`pixel`, for no places at all, a name that is none, and a folder beside a bucket.
        """
        from timesen_nb.sources.earth_engine.export import start

        for argument, given in {"name": name, "folder": folder, "bucket": bucket}.items():
            check_text(argument, given, needed=argument == "name")
        year = check_year(year, self.years, self.name)
        lonlats = check_places(lonlats)
        pixels = [pixel_at(lon, lat) for lon, lat in lonlats]
        if not pixels:
            raise ValueError("no places were given to export; expected a list of (longitude, latitude).")
        table = expressions.table(pixels, list(lonlats), year, self.rule)
        return start(self._requests, table, name, folder, bucket)

    def _read(
        self,
        lonlats: Sequence[tuple[float, float]],
        year: int | None,
        deadline: float,
        progress: bool | None = None,
    ) -> list[PixelSeries]:
        year = check_year(year, self.years, self.name)
        lonlats = check_places(lonlats)
        pixels = [pixel_at(lon, lat) for lon, lat in lonlats]
        pages = [pixels[i : i + self._page] for i in range(0, len(pixels), self._page)]
        # begun here: a cancel while another thread's request is waited for is meant for this one too
        work = self._requests.begin(deadline)
        entries = self._cache.in_groups(
            pages, year, lambda lacking: self._points(lacking, year, work), "Earth Engine", progress
        )
        return [
            self._series(pixel, entries[pixel], lon, lat, year)
            for pixel, (lon, lat) in zip(pixels, lonlats, strict=True)
        ]

    def _series(self, pixel: Pixel, entry: Entry, lon: float, lat: float, year: int) -> PixelSeries:
        if (pixel, year) in self._never_seen and not np.isfinite(entry.months).any():
            since = expressions.GLOBAL_SINCE
            why = "the satellites take land and coasts, not the open sea. Choose a place on land."
            if year < since:
                why = f"its surface reflectance is not yet global before {since}. Choose {since} or later, or land."
            raise ValueError(
                f"no Sentinel-2 image of {year} covers {lon:.5f}, {lat:.5f} in Earth Engine: {why}"
            )
        made_of = {**told.of_all(self.rule), **entry.provenance}
        return series_of(entry.months, lon, lat, year, self.name, made_of)

    def _points(self, places: Sequence[Any], year: int, work: Work) -> list[Entry]:
        """An entry for each pixel, in one request; in halves where that is too much for the server."""
        if len(places) >= self._too_many_points:
            half = len(places) // 2
            halves = places[:half], places[half:]
            return [entry for part in halves for entry in self._points(part, year, work)]
        try:
            found = work.afresh().send(lambda: read_points(list(places), year, self.rule))
        except TooMuch:
            if len(places) == 1:
                raise
            self._too_many_points = min(len(places), self._too_many_points)
            return self._points(places, year, work)
        seen = [bool(values[-1] > 0) for values, _ in found]
        self._never_seen |= {(place, year) for place, there in zip(places, seen, strict=True) if not there}
        # what has no image yet may have some later: it is asked for again
        return [
            Entry(months_of(values[:-1]), made_of, lasting=there)
            for (values, made_of), there in zip(found, seen, strict=True)
        ]

    def _window(self, grid: Grid, year: int) -> np.ndarray:
        work = self._requests.begin(_LONGER * self._requests.deadline)
        return self._cache.months([grid], year, lambda _: [self._pixels_of(grid, year, work)])[0]

    def _pixels_of(self, grid: Grid, year: int, work: Work) -> np.ndarray:
        """(12, 10, height, width) of a window, in one request; in halves where that is too much for the server."""
        if grid.width * grid.height >= self._too_many_pixels:
            axis = "x" if grid.width > grid.height else "y"
            halves = grid.cut(axis, math.ceil(max(grid.shape) / 2))
            parts = [self._pixels_of(half, year, work) for half in halves]
            return np.concatenate(parts, axis=-1 if axis == "x" else -2)
        try:
            return work.afresh().send(lambda: read_window(grid, year, self.rule))
        except TooMuch:
            if max(grid.shape) == 1:
                raise
            self._too_many_pixels = min(grid.width * grid.height, self._too_many_pixels)
            return self._pixels_of(grid, year, work)
