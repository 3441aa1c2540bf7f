"""Sentinel-2 from open STAC catalogs, without an account: found by pystac-client, read by odc-stac.

catalog.py says where items come from, acquisitions.py what an item says, files.py how its files are opened; what is
read here goes through composite.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.composite import MASKED, clear, monthly_cube, solar_days
from timesen_nb.series import PixelSeries
from timesen_nb.sources.cache import SeriesCache
from timesen_nb.sources.checks import check_year, series_of, whole_years
from timesen_nb.sources.grid import PIXEL, BBox, Grid, Pixel, pixel_at, utm_epsg
from timesen_nb.sources.retry_policy import RetryPolicy
from timesen_nb.sources.stac.acquisitions import Acquisition, in_order, read_acquisitions
from timesen_nb.sources.stac.catalog import Catalog

if TYPE_CHECKING:
    import xarray as xr
    from pystac import Item

#: Pixels a side within which places are read together: well inside one block of a COG (512 or 1024).
_NEAR = 128
#: Pixels a side of the blocks of a lazy cube; a month of one is 200 MB at most while its median is taken.
_BLOCK = 512
#: Reflectance x 10000 below which a look is no measurement. Clear surfaces come out above -0.05; earth-search says of
#: some items of 2022 and 2025 that the offset is still on them when it is not (its issues 66 and 71): taken off twice,
#: vegetation and water fall to -0.07 and below.
LEAST = -500.0
#: How GDAL asks: no look into folders, the header in one go, two repeats, and no file may hang for long.
_GDAL = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_INGESTED_BYTES_AT_OPEN": "32768",
    "GDAL_HTTP_MAX_RETRY": "2",
    "GDAL_HTTP_RETRY_DELAY": "0.5",
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_TIMEOUT": "30",
}
#: What odc-stac takes a file for that does not say it.
_READ_AS = {"*": {"assets": {"*": {"data_type": "uint16", "nodata": 0}}, "warnings": "ignore"}}


class StacSource:
    """Monthly medians of Sentinel-2 L2A acquisitions that a STAC catalog lists.

    catalog: "earth-search", "planetary-computer" (with the extra of that name), the address of a STAC API or static
    catalog, or the path of a catalog.json. collection: whose items count; None for all. masked: scene classes left
    out. deadline: seconds that a search, or the reading of places near each other, may take. attempts: how often a
    search is sent at most, when the server is busy. readers: files that are read at the same time.
    cache: None for the default folder, another folder, or False; a catalog on this machine is not cached by default.

    A place costs one search and some hundred small reads: the scene classes of every date, then the bands of the days
    that are clear there. Places within a kilometre of each other cost hardly more than one. For many places far apart
    Earth Engine is quicker.

    The radiometric offset is taken off by what each item says, so that 2018 and 2023 are on one scale; see
    :mod:`timesen_nb.sources.stac.acquisitions`. Bands of 20 m are read on the 10 m grid as they are (nearest).
    """

    def __init__(
        self,
        catalog: str | Path = "earth-search",
        *,
        collection: str | None = "sentinel-2-l2a",
        masked: Collection[int] = tuple(MASKED),
        deadline: float = 180.0,
        attempts: int = 3,
        readers: int = 32,
        cache: str | Path | bool | None = None,
    ) -> None:
        self._catalog = Catalog(catalog, collection, deadline)
        self._options: dict[str, Any] = {
            "catalog": self._catalog.address if self._catalog.is_local else str(catalog),
            "collection": collection, "masked": masked, "deadline": deadline, "attempts": attempts,
            "readers": readers, "cache": cache,
        }  # fmt: skip
        self._masked = tuple(sorted(masked))
        self._requests = RetryPolicy(self._catalog.explain, attempts, deadline)
        self._readers = readers
        self.name = f"Sentinel-2 L2A ({self._catalog.name})"
        recipe = {"catalog": self._catalog.address, "collection": collection, "masked": self._masked}
        keep = False if cache is None and self._catalog.is_local else cache
        self._cache = SeriesCache("stac", recipe, keep)

    def __repr__(self) -> str:
        return f"StacSource({self._catalog.address!r}, collection={self._catalog.collection!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Workers of a cluster open it anew."""
        return partial(StacSource, **self._options), ()

    @cached_property
    def years(self) -> Sequence[int]:
        """Years that may be asked for; of a catalog on this machine those it has items of."""
        if not self._catalog.is_local:
            return whole_years()
        return sorted({int(str(acquisition.time)[:4]) for acquisition in read_acquisitions(self._listed)})

    @cached_property
    def bounds(self) -> BBox | None:
        """(west, south, east, north) in degrees of the items of a catalog on this machine, else None: all land."""
        if not self._catalog.is_local:
            return None
        boxes = np.array([item.bbox for item in self._listed if item.bbox])
        west, south = boxes[:, :2].min(axis=0)
        east, north = boxes[:, -2:].max(axis=0)
        return float(west), float(south), float(east), float(north)

    @property
    def _listed(self) -> list[Item]:
        return self._requests.send(self._catalog.all_items)

    @property
    def state(self) -> str:
        """What a request under way is doing, in words; empty when there is none. Read it from any thread."""
        return self._requests.state

    @property
    def requests(self) -> int:
        """How many searches and readings were started so far."""
        return self._requests.sent

    def cancel(self) -> None:
        """Stop waiting for every request under way: whoever waits gets a ValueError that says so."""
        self._requests.cancel()

    def pixel(self, lon: float, lat: float, year: int = 2018) -> PixelSeries:
        """The series of the 10 m pixel that holds the place.

        Raises ValueError in words for no place on Earth, the poles, a year that is not there, a place that no image
        covers (the open sea), a year of clouds, and for whatever keeps the catalog from answering.
        """
        return self.pixels([(lon, lat)], year)[0]

    def pixels(
        self, lonlats: Sequence[tuple[float, float]], year: int = 2018, progress: bool | None = None
    ) -> list[PixelSeries]:
        """Many pixels, in the order asked; those within about a kilometre are read together, and stay in the cache.

        progress: show a bar; None for where there is more than one group. Raises as :meth:`pixel`.
        """
        from tqdm.auto import tqdm

        year = check_year(year, self.years, self.name)
        pixels = [pixel_at(lon, lat) for lon, lat in lonlats]
        groups: dict[tuple[int, int, int], list[Pixel]] = {}
        for pixel in pixels:
            groups.setdefault((pixel.epsg, pixel.column // _NEAR, pixel.row // _NEAR), []).append(pixel)
        months: dict[Pixel, np.ndarray] = {}
        silent = len(groups) < 2 if progress is None else not progress
        with tqdm(total=len(pixels), desc=self._catalog.name, unit="place", disable=silent) as bar:
            for near in groups.values():
                found = self._cache.months(near, year, lambda lacking: self._near(lacking, year))
                months.update(zip(near, found, strict=True))
                bar.update(len(near))
        return [
            series_of(months[pixel], lon, lat, year, self.name)
            for pixel, (lon, lat) in zip(pixels, lonlats, strict=True)
        ]

    def cube(self, bbox: BBox, year: int = 2018) -> xr.DataArray:
        """(month, band, y, x) float32 reflectance x 10000 of a box in degrees, NaN = missing; read when computed.

        On the 10 m grid of the UTM zone of the box's middle, a lazy Dask array: a month reads its own dates only.
        For a bar compute it within ``tqdm.dask.TqdmCallback()``. Raises ValueError for a year that is not there, a box
        that is none or that no acquisition covers.
        """
        import rioxarray  # noqa: F401

        year, grid = check_year(year, self.years, self.name), Grid.over(bbox)
        acquisitions, days = self._scenes(grid, bbox, year)
        stored = self._stored(acquisitions, (*BANDS, "SCL"), grid, chunks={"x": _BLOCK, "y": _BLOCK})
        cube = self._composite(stored, acquisitions, days, year).assign_coords(x=grid.x, y=grid.y)
        return cube.rio.write_crs(grid.corner.epsg)

    def _near(self, places: Sequence[Any], year: int) -> list[np.ndarray]:
        """(12, 10) for each of some pixels near each other: scene classes first, then the bands of clear days."""
        import xarray as xr

        ends = monotonic() + self._requests.deadline
        grid = Grid.around(places)
        acquisitions, days = self._scenes(grid, _box(places), year)
        at = {
            "y": xr.DataArray([grid.corner.row - place.row for place in places], dims="place"),
            "x": xr.DataArray([place.column - grid.corner.column for place in places], dims="place"),
        }
        scl = self._read(acquisitions, ["SCL"], grid, ends).isel(at)
        classes = scl["SCL"].values
        has_clear = np.isin(days, days[clear(classes, self._masked).any(axis=1)])
        use = np.flatnonzero(has_clear & (classes != 0).any(axis=1))
        if not len(use):
            return [np.full((12, len(BANDS)), np.nan, dtype=np.float32)] * len(places)
        used = [acquisitions[i] for i in use]
        stored = self._read(used, BANDS, grid, ends).isel(at).assign(SCL=(("time", "place"), classes[use]))
        months = self._composite(stored, used, days[use], year)
        return list(months.transpose("place", "month", "band").values)

    def _composite(
        self, stored: xr.Dataset, acquisitions: list[Acquisition], days: np.ndarray, year: int
    ) -> xr.DataArray:
        """Monthly medians (month, band, ...) of what :meth:`_stored` gave."""
        import xarray as xr

        moments = days.astype("datetime64[ns]")
        stored = stored.drop_vars(set(stored.coords) - {"time"}).assign_coords(time=moments)
        looks = stored[list(BANDS)].to_dataarray("band").transpose("time", "band", ...)
        gain, offset = (
            xr.DataArray(np.array(values, dtype=np.float32), {"band": list(BANDS)}, ("time", "band"))
            for values in ([s.gain for s in acquisitions], [s.offset for s in acquisitions])
        )
        surface = looks.astype(np.float32) * gain + offset
        surface = surface.where((looks != 0) & (stored["SCL"] != 0) & (surface >= LEAST))
        months = monthly_cube(surface, year, stored["SCL"], self._masked).rename(f"reflectance_{year}")
        return months.assign_attrs(units="surface reflectance x 10000", year=year, source=self.name)

    def _scenes(self, grid: Grid, bbox: BBox, year: int) -> tuple[list[Acquisition], np.ndarray]:
        """The acquisitions of a year that touch a box, in the order in which they count, and their solar days.

        A tile of a neighbouring zone counts only where the box reaches over the zone's edge: there its pixels fill in.
        """
        west, south, east, north = bbox
        items = self._requests.send(lambda: self._catalog.items(bbox, year))
        acquisitions = in_order(read_acquisitions(items), grid.corner.epsg)
        days = solar_days(np.array([s.time for s in acquisitions], dtype="datetime64[s]"), (west + east) / 2)
        corners = {utm_epsg(x, y) for x in (west, east) for y in (south, north)}
        own = np.array([s.epsg in (grid.corner.epsg, None) for s in acquisitions], dtype=bool)
        keep = days.astype("datetime64[Y]") == np.datetime64(f"{year:04d}", "Y")
        if len(corners) == 1 and own.any():
            keep &= own
        if not keep.any():
            raise ValueError(
                f"no acquisition of {year} in {self.name} covers {(west + east) / 2:.5f}, {(south + north) / 2:.5f}: "
                "Sentinel-2 takes land and coasts, not the open sea. Choose a place on land, another year or "
                "another catalog."
            )
        return [s for s, k in zip(acquisitions, keep, strict=True) if k], days[keep]

    def _read(
        self, acquisitions: Sequence[Acquisition], names: Sequence[str], grid: Grid, ends: float
    ) -> xr.Dataset:
        """What :meth:`_stored` gives, read within the time that is left."""
        readers = ThreadPoolExecutor(self._readers, thread_name_prefix="stac-reader")
        try:
            left = max(ends - monotonic(), 0.001)
            return self._requests.send(lambda: self._stored(acquisitions, names, grid, pool=readers), left)
        finally:
            readers.shutdown(
                wait=False, cancel_futures=True
            )  # nobody waits any more: what has not begun never does

    def _stored(
        self, acquisitions: Sequence[Acquisition], names: Sequence[str], grid: Grid, **how: Any
    ) -> xr.Dataset:
        """Variables (time, y, x), one layer a acquisition in the order given, 0 where it has no data."""
        import odc.stac
        import rasterio
        from affine import Affine
        from odc.geo.geobox import GeoBox

        from timesen_nb.sources.stac.files import Files

        corner = grid.corner
        place = Affine(PIXEL, 0, PIXEL * corner.column, 0, -PIXEL, PIXEL * corner.row)
        with rasterio.Env(**_GDAL):
            return odc.stac.load(
                [acquisition.item for acquisition in acquisitions],
                list(names),
                groupby="id",
                resampling="nearest",
                geobox=GeoBox(grid.shape, place, corner.epsg),
                stac_cfg=_READ_AS,
                driver=Files(self._catalog.sign),
                **how,
            )


def _box(places: Sequence[Pixel]) -> BBox:
    """(west, south, east, north) in degrees around pixels of one zone, a pixel wider so that it is a box."""
    lons, lats = np.array([place.place for place in places]).T
    around = 1e-4
    west, south, east, north = lons.min(), lats.min(), lons.max(), lats.max()
    return max(west - around, -180.0), south - around, min(east + around, 180.0), north + around
