"""Sentinel-2 from open STAC catalogs, without an account: found by pystac-client, read by odc-stac.

catalog.py says where items come from, acquisitions.py what an item says, files.py how its files are opened, reading.py
how they become months of a window of the 10 m grid, zones.py which UTM zone a pixel is read in; the medians are those
of :mod:`timesen_nb.composite`.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS, check_count
from timesen_nb.composite import MASKED
from timesen_nb.series import PixelSeries
from timesen_nb.sources.cache import Entry, SeriesCache
from timesen_nb.sources.checks import (
    check_masked,
    check_places,
    check_year,
    series_of,
    whole_years,
)
from timesen_nb.sources.grid import BBox, Grid, Pixel, box_of, check_bbox, pixel_at
from timesen_nb.sources.retry_policy import Work
from timesen_nb.sources.stac.acquisitions import LeftOut, footprint
from timesen_nb.sources.stac.catalog import KNOWN, USUAL, Catalog
from timesen_nb.sources.stac.reading import Reading
from timesen_nb.sources.stac.zones import parts, zones_of
from timesen_nb.sources.year_cube import year_cube

if TYPE_CHECKING:
    import xarray as xr

#: Pixels a side within which places are read together: well inside one block of a COG (512 or 1024).
_NEAR = 128
#: Pixels a side of the blocks of a lazy cube, each month of which is read for itself.
_BLOCK = 512


class StacSource:
    """Monthly medians of Sentinel-2 L2A acquisitions that a STAC catalog lists.

    A place costs one search and some hundred small reads: the scene classes of every date, then the bands of the days
    that are clear there. Places within a kilometre of each other cost hardly more than one. For many places far apart
    Earth Engine is quicker.

    One place has one series, whether it is read alone or in a cube: that of its own UTM zone's tiles, on their grid.
    The radiometric offset is taken off by what each item says, so that 2018 and 2023 are on one scale; see
    :mod:`timesen_nb.sources.stac.acquisitions`. Bands of 20 m are read on the 10 m grid as they are (nearest). An
    item or file that cannot be used is left out, which a warning and the series' provenance say.

    Args:
        catalog: "earth-search", "planetary-computer" (with the extra of that name), the address of a STAC API or static
            catalog, or the path of a catalog.json. A key in an address goes to that server only, and is never shown.
        collection: Whose items count, one or several; None for all. By default sentinel-2-l2a, and with it
            sentinel-2-c1-l2a of earth-search: what both have counts once, by the newest processing.
        masked: Scene classes left out.
        deadline: Seconds that a click, a group of places near each other, or a month of a block of a cube may take.
        attempts: How often a request of a search is sent at most, when the server is busy.
        readers: Files that are read at the same time.
        cache: None for the default folder, another folder, or False; by default a catalog on this machine is not
            cached.

    Raises:
        ValueError: The catalog is none, a package that it needs is not installed, or an argument is of another kind.
    """

    def __init__(
        self,
        catalog: str | Path = "earth-search",
        *,
        collection: str | Sequence[str] | None = USUAL,
        masked: Collection[int] = tuple(MASKED),
        deadline: float = 180.0,
        attempts: int = 3,
        readers: int = 32,
        cache: str | Path | bool | None = None,
    ) -> None:
        check_masked(masked)
        readers = check_count("readers", readers, "files that are read at the same time")
        self._catalog = Catalog(catalog, collection, attempts, deadline)
        self._policy = self._catalog.policy
        self._options: dict[str, Any] = {
            "catalog": self._catalog.address if self._catalog.is_local else str(catalog),
            "collection": collection, "masked": masked, "deadline": deadline, "attempts": attempts,
            "readers": readers, "cache": cache,
        }  # fmt: skip
        self._masked = tuple(sorted(masked))
        self._readers = readers
        self.name = f"Sentinel-2 L2A ({self._catalog.name})"
        names = self._catalog.collections
        recipe = {
            "catalog": self._catalog.address,
            "collection": names[0] if names and len(names) == 1 else names,
            "masked": self._masked,
        }
        keep = False if cache is None and self._catalog.is_local else cache
        self._cache = SeriesCache("stac", recipe, keep)

    def __repr__(self) -> str:
        return f"StacSource({self._catalog.address!r}, collection={self._catalog.collections!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Workers of a cluster open it anew."""
        return partial(StacSource, **self._options), ()

    @property
    def known_as(self) -> str | None:
        """The name by which everybody can open the same: of a catalog that has one, read in the usual way."""
        usual = self._options["collection"] == USUAL and set(self._masked) == set(MASKED)
        return self._catalog.name if usual and self._catalog.name in KNOWN else None

    @cached_property
    def years(self) -> Sequence[int]:
        """Years that may be asked for, newest last; of a catalog on this machine those it has items of."""
        if not self._catalog.is_local:
            return whole_years()
        return sorted(
            {
                item.datetime.year
                for item in self._catalog.all_items(self._policy.begin()).items
                if item.datetime
            }
        )

    @cached_property
    def bounds(self) -> BBox | None:
        """(west, south, east, north) in degrees of the items of a catalog on this machine, else None: all land.

        East is beyond 180 where items lie over the date line.
        """
        if not self._catalog.is_local:
            return None
        boxes = [
            box for item in self._catalog.all_items(self._policy.begin()).items if (box := footprint(item))
        ]
        if not boxes:
            raise ValueError(
                f"no item of {self._catalog.name} says where it lies, by a bbox or a geometry; expected Sentinel-2 L2A "
                "items. Choose another catalog."
            )
        if any(west > east for west, _, east, _ in boxes):
            boxes = [(w % 360, s, e % 360 if w > e or w < 0 else e, n) for w, s, e, n in boxes]
        west, south = np.min(boxes, axis=0)[:2]
        east, north = np.max(boxes, axis=0)[2:]
        return float(west), float(south), float(east), float(north)

    @property
    def state(self) -> str:
        """What a request under way is doing, in words; empty when there is none. Read it from any thread."""
        return self._policy.state

    @property
    def requests(self) -> int:
        """How many requests of searches, and readings, were started so far."""
        return self._policy.sent

    def cancel(self) -> None:
        """Stop waiting for every request under way: whoever waits gets a ValueError that says so."""
        self._policy.cancel()

    def check(self) -> None:
        """Ask the catalog for its first page.

        Raises:
            ValueError: it cannot be reached, or is no catalog; in words.
        """
        self._catalog.check(self._policy.begin())

    def pixel(self, lon: float, lat: float, year: int | None = None) -> PixelSeries:
        """The series of the 10 m pixel that holds the place.

        Args:
            lon: Degrees.
            lat: Degrees.
            year: Calendar year; None for the newest.

        Returns:
            Its series, with its provenance.

        Raises:
            ValueError: In words for no place on Earth, the poles, a year that is not there, a place that no image
                covers (the open sea), a year of clouds, and for whatever keeps the catalog from answering.
        """
        return self.pixels([(lon, lat)], year)[0]

    def pixels(
        self,
        lonlats: Sequence[tuple[float, float]],
        year: int | None = None,
        progress: bool | None = None,
    ) -> list[PixelSeries]:
        """Many pixels, in the order asked; those within about a kilometre are read together, and stay in the cache.

        Args:
            lonlats: Longitude and latitude of each, degrees.
            year: Calendar year; None for the newest.
            progress: Show a bar; None for where there is more than one group.

        Returns:
            A series each.

        Raises:
            ValueError: As :meth:`pixel`.
        """
        year = check_year(year, self.years, self.name)
        lonlats = check_places(lonlats)
        pixels = [pixel_at(lon, lat) for lon, lat in lonlats]
        groups: dict[tuple[int, int, int], list[Pixel]] = {}
        for pixel in pixels:
            groups.setdefault((pixel.epsg, pixel.column // _NEAR, pixel.row // _NEAR), []).append(pixel)
        # begun here: a cancel while another thread's request is waited for is meant for this one too
        work = self._policy.begin()
        entries = self._cache.in_groups(
            list(groups.values()),
            year,
            lambda lacking: self._near(lacking, year, work.afresh()),
            self._catalog.name,
            progress,
        )
        return [
            series_of(entries[pixel].months, lon, lat, year, self.name, entries[pixel].provenance)
            for pixel, (lon, lat) in zip(pixels, lonlats, strict=True)
        ]

    def cube(self, bbox: BBox, year: int | None = None) -> xr.DataArray:
        """The months of a box, lazily: read when they are computed.

        On the 10 m grid of the UTM zone of the box's middle. A pixel that lies in another zone has the series of that
        zone's own pixel at its centre, as :meth:`pixel` has. A month reads its own dates only, block by block, each
        within the deadline. For a bar compute it within ``tqdm.dask.TqdmCallback()``.

        Args:
            bbox: (west, south, east, north) in degrees; it may cross the date line, and then all its days are those of
                its middle.
            year: Calendar year; None for the newest.

        Returns:
            (month, band, y, x) float32 reflectance x 10000 on Dask, NaN = missing. Its attribute ``provenance`` is JSON
            of what was found for the box.

        Raises:
            ValueError: A year that is not there, a box that is none, too large or that no acquisition covers; when it
                is computed, whatever keeps the files from being read.
        """
        import dask
        import dask.array as da

        bbox = check_bbox(bbox, date_line=True)
        year, grid = check_year(year, self.years, self.name), Grid.over(bbox)
        # what touches a corner alone counts there
        reading = self._reading(bbox, year, self._policy.begin(), grid.reach(bbox))
        self._say(reading.left_out, year)
        read = dask.delayed(self._block)
        months = [dask.delayed(reading.of_month(m).begun(None), traverse=False) for m in range(1, 13)]
        blocks = [
            [
                [
                    da.from_delayed(read(part, month), (len(BANDS), *part.shape), np.float32)[None]
                    for part in strip
                ]
                for strip in grid.blocks(_BLOCK)
            ]
            for month in months
        ]
        values = da.concatenate([da.block(month) for month in blocks])
        about = {"provenance": json.dumps(reading.provenance())}
        return year_cube(values, grid.y, grid.x, grid.corner.epsg, year, self.name, **about)

    def _reading(self, bbox: BBox, year: int, work: Work, searched: BBox | None = None) -> Reading:
        """What there is to read of a box and year, found in a wider one; ValueError where there is nothing."""
        found = self._catalog.search(searched or bbox, year, work)
        return Reading.of(found, self._catalog, bbox, year, self._masked, self._readers, work)

    def _near(self, places: Sequence[Any], year: int, work: Work) -> list[Entry]:
        """An entry for each of some pixels near each other."""
        reading = self._reading(box_of(places), year, work)
        found, reading = reading.places(places)
        self._say(reading.left_out, year)
        return found

    def _block(self, grid: Grid, reading: Reading) -> np.ndarray:
        """(10, height, width): the median of what there is to read, on a window of the grid."""
        out = np.full((len(BANDS), *grid.shape), np.nan, dtype=np.float32)
        if not reading.groups:
            return out
        if zones_of(grid) == {grid.corner.epsg}:
            return self._median(grid, reading)
        for part in parts(grid):
            out[:, part.inside] = self._median(part.grid, reading)[:, part.rows, part.columns]
        return out

    def _median(self, grid: Grid, reading: Reading) -> np.ndarray:
        median, left = reading.begun(self._policy.begin()).window(grid)
        new = [part for part in left.left_out if part not in reading.left_out]
        self._say(new, reading.year)
        return median

    def _say(self, left_out: Sequence[LeftOut], year: int) -> None:
        if left_out:
            first, more = left_out[0], len(left_out) - 1
            others = f" and {more} more" if more else ""
            warnings.warn(
                f"{self.name}, {year}: {first['what']} is left out: {first['why']}{others}. The medians are those of "
                'the others; series.provenance["left_out"] lists them all.',
                stacklevel=3,
            )
