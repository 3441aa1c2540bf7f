"""From what a search found to months: which acquisitions are read on a window, and what their files give."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from timesen_nb.bands import BANDS, MONTHS
from timesen_nb.composite import clear, median_of_observations, medians_by_month, solar_days, usable
from timesen_nb.sources.cache import Entry
from timesen_nb.sources.grid import BBox, Grid, Pixel, box_of, turned
from timesen_nb.sources.retry_policy import RequestFailed, Work
from timesen_nb.sources.stac.acquisitions import Acquisition, LeftOut, read_acquisitions
from timesen_nb.sources.stac.provenance import provenance
from timesen_nb.sources.stac.versions import in_order, touches, versions

if TYPE_CHECKING:
    import xarray as xr

    from timesen_nb.sources.stac.catalog import Catalog
    from timesen_nb.sources.stac.files import FileFault
    from timesen_nb.sources.stac.found import Found

#: Reflectance x 10000 below which an observation is no measurement. Clear surfaces come out above -0.05; earth-search
#: says of some items of 2022 and 2025 that the offset is still on them when it is not (its issues 66 and 71): taken off
#: twice, vegetation and water fall to -0.07 and below.
LEAST = -500.0
#: Rows of a block whose median is taken at once: what is stored is small, as float it is not.
_ROWS = 64


T = TypeVar("T")


class _Faulty(Exception):
    """Files of some acquisitions are absent or damaged."""

    def __init__(self, faults: dict[str, FileFault]) -> None:
        super().__init__(f"{len(faults)} files cannot be read")
        self.faults = faults


@dataclass(frozen=True)
class Reading:
    """What there is to read of a box and year.

    Attributes:
        name: Of the catalog.
        sign: What makes the addresses of its files such as may be read.
        year: Calendar year.
        masked: Scene classes left out.
        readers: Files that are read at the same time.
        work: Under whose deadline and cancel; None until it begins.
        groups: Versions of each acquisition, in the order in which they count; the first of each is read.
        days: The solar day of each.
        left_out: What cannot be used.
        lasting: False where another time more may be there.
    """

    name: str
    sign: Callable[[str], str] | None
    year: int
    masked: Collection[int]
    readers: int
    work: Work | None
    groups: tuple[tuple[Acquisition, ...], ...]
    days: np.ndarray
    left_out: tuple[LeftOut, ...]
    lasting: bool

    @classmethod
    def of(
        cls,
        found: Found,
        catalog: Catalog,
        bbox: BBox,
        year: int,
        masked: Collection[int],
        readers: int,
        work: Work,
    ) -> Reading:
        """The acquisitions of a calendar year among what was found.

        Args:
            found: Items, and what cannot be used.
            catalog: Where they were found.
            bbox: (west, south, east, north) in degrees.
            year: Calendar year.
            masked: Scene classes left out.
            readers: Files that are read at the same time.
            work: Under whose deadline and cancel.

        Returns:
            What there is to read.

        Raises:
            ValueError: There are none.
        """
        acquisitions, unusable = read_acquisitions(found.items)
        left_out = (*found.left_out, *unusable)
        groups = versions(in_order(acquisitions))
        times = np.array([group[0].time for group in groups], dtype="datetime64[s]")
        middle = turned((bbox[0] + bbox[2]) / 2, 0.0)
        days = solar_days(times, middle)
        inside = days.astype("datetime64[Y]") == np.datetime64(f"{year:04d}", "Y")
        if not inside.any() and left_out and not acquisitions:
            first = left_out[0]
            raise ValueError(
                f"none of the {len(left_out)} items of {catalog.name} can be used: {first['what']}: {first['why']}. "
                "Choose another Sentinel-2 L2A collection or catalog."
            )
        if not inside.any():
            raise ValueError(
                f"no acquisition of {year} in Sentinel-2 L2A ({catalog.name}) covers {middle:.5f}, "
                f"{(bbox[1] + bbox[3]) / 2:.5f}: Sentinel-2 takes land and coasts, not the open sea. Choose a place on "
                "land, another year or another catalog."
            )
        kept = tuple(tuple(group) for group, i in zip(groups, inside, strict=True) if i)
        return cls(
            catalog.name,
            catalog.sign,
            year,
            masked,
            readers,
            work,
            kept,
            days[inside],
            left_out,
            found.lasting,
        )

    @property
    def acquisitions(self) -> list[Acquisition]:
        """Those that are read."""
        return [group[0] for group in self.groups]

    def begun(self, work: Work | None) -> Reading:
        """The same, under another deadline."""
        return replace(self, work=work)

    def of_month(self, month: int) -> Reading:
        """The acquisitions of a month."""
        inside = self.days.astype("datetime64[M]") == np.datetime64(f"{self.year:04d}-{month:02d}", "M")
        return self._only(inside)

    def provenance(self) -> dict[str, Any]:
        """Of all that is there, clear or not."""
        days, first = np.unique(self.days, return_index=True)
        used = [self.acquisitions[i] for i in first]
        return self._made_of(used, days)

    def places(self, places: Sequence[Pixel]) -> tuple[list[Entry], Reading]:
        """An entry for each of some pixels of one zone, near each other; and what was read in the end."""
        return self._own(Grid.around(places), box_of(places))._whole(lambda reading: reading._places(places))

    def window(self, grid: Grid) -> tuple[np.ndarray, Reading]:
        """(10, height, width), the median of all acquisitions on a window; and what was read in the end."""
        return self._own(grid, box_of(grid.corners))._whole(lambda reading: reading._window(grid))

    def _own(self, grid: Grid, box: BBox) -> Reading:
        """Those that touch a window, of its own zone; of others where its own has none, as in catalogs of one tile."""
        near = np.array([touches(a.bounds, box) for a in self.acquisitions], dtype=bool)
        own = near & np.array([a.epsg in (grid.corner.epsg, None) for a in self.acquisitions], dtype=bool)
        return self._only(own if own.any() else near)

    def _only(self, which: np.ndarray) -> Reading:
        groups = tuple(group for group, w in zip(self.groups, which, strict=True) if w)
        return replace(self, groups=groups, days=self.days[which])

    def _whole(self, read: Callable[[Reading], T]) -> tuple[T, Reading]:
        """What ``read`` gives, without acquisitions of which a file is absent or damaged."""
        reading, all_of_them = self, len(self.groups)
        while True:
            try:
                return read(reading), reading
            except _Faulty as problem:
                reading = reading._without(problem.faults, all_of_them)

    def _without(self, faults: dict[str, FileFault], all_of_them: int) -> Reading:
        """The next version of each acquisition that has a fault, where there is one.

        Args:
            faults: address of a file -> what is wrong with it.
            all_of_them: how many acquisitions there were at first.

        Returns:
            What there is to read then.

        Raises:
            RequestFailed: most are lost: that is no odd file any more.
        """
        groups, days, left_out, lasting = [], [], list(self.left_out), self.lasting
        for group, day in zip(self.groups, self.days, strict=True):
            files = {asset.href: name for name, asset in group[0].item.assets.items()}
            broken = [href for href in files if href in faults]
            if broken:
                href, fault = broken[0], faults[broken[0]]
                file = href.partition("?")[0].rpartition("/")[2] or files[href]
                left_out.append({"what": group[0].item.id, "why": f"of its file {file}: {fault.why}"})
                lasting &= all(faults[href].lasting for href in broken)
            rest = group[1:] if broken else group
            if rest:
                groups.append(rest)
                days.append(day)
        if 2 * len(groups) < all_of_them:
            first = left_out[len(self.left_out)]
            months = np.unique(self.days.astype("datetime64[M]"))
            when = f" in {MONTHS[int(str(months[0])[-2:]) - 1]} {self.year}" if len(months) == 1 else ""
            raise RequestFailed(
                f"Most acquisitions of {self.name}{when} cannot be read here, {all_of_them - len(groups)} of "
                f"{all_of_them}. The first: {first['what']}, {first['why']}. Try again later, or choose "
                "another catalog or year."
            )
        return replace(
            self,
            groups=tuple(groups),
            days=np.array(days, dtype="datetime64[D]"),
            left_out=tuple(left_out),
            lasting=lasting,
        )

    def _places(self, places: Sequence[Pixel]) -> list[Entry]:
        """Scene classes first, then the bands of the days that are clear somewhere."""
        import xarray as xr

        grid = Grid.around(places)
        at = {
            "y": xr.DataArray([grid.corner.row - place.row for place in places], dims="place"),
            "x": xr.DataArray([place.column - grid.corner.column for place in places], dims="place"),
        }
        classes = self._read(["SCL"], grid).isel(at)["SCL"].values
        has_clear = np.isin(self.days, self.days[clear(classes, self.masked).any(axis=1)])
        kept = has_clear & (classes != 0).any(axis=1)
        reading, classes = self._only(kept), classes[kept]
        if not len(reading.groups):
            nothing = np.full((12, len(BANDS)), np.nan, dtype=np.float32)
            return [Entry(nothing, self._made_of([], []), self.lasting) for _ in places]
        surface = reading._surface(reading._read(BANDS, grid).isel(at), classes)
        months = medians_by_month(surface, reading.days, classes, self.year, self.masked)
        shown = usable(surface, reading.days, classes, self.masked)
        return [
            Entry(
                months[..., n],
                self._made_of(
                    [a for a, used in zip(reading.acquisitions, shown[:, n], strict=True) if used],
                    reading.days[shown[:, n]],
                ),
                self.lasting,
            )
            for n in range(len(places))
        ]

    def _window(self, grid: Grid) -> np.ndarray:
        if not self.groups:
            return np.full((len(BANDS), *grid.shape), np.nan, dtype=np.float32)
        stored = self._read((*BANDS, "SCL"), grid)
        strips = []
        for start in range(0, grid.height, _ROWS):
            strip = stored.isel(y=slice(start, start + _ROWS))
            classes = strip["SCL"].values
            surface = self._surface(strip, classes)
            strips.append(median_of_observations(surface, self.days, classes, self.masked))
        return np.concatenate(strips, axis=1)

    def _surface(self, stored: xr.Dataset, classes: np.ndarray) -> np.ndarray:
        """(t, 10, ...) reflectance x 10000 of what is stored, NaN = no data."""
        layers = np.stack([stored[band].values for band in BANDS], axis=1).astype(np.float32)
        shape = (-1, len(BANDS), *[1] * (layers.ndim - 2))
        gain, offset = (
            np.array(values, dtype=np.float32).reshape(shape)
            for values in ([a.gain for a in self.acquisitions], [a.offset for a in self.acquisitions])
        )
        surface = layers * gain + offset
        there = (layers != 0) & (classes != 0)[:, None] & (surface >= LEAST)
        return np.where(there, surface, np.float32(np.nan))

    def _made_of(self, used: Sequence[Acquisition], days: Any) -> dict[str, Any]:
        return provenance(used, days, catalog=self.name, masked=self.masked, left_out=self.left_out)

    def _read(self, names: Sequence[str], grid: Grid) -> xr.Dataset:
        """Variables (time, y, x), one layer an acquisition in their order, 0 = no data, in the time that is left."""
        from timesen_nb.sources.stac.files import load

        work = self.work
        assert work is not None, "nothing is read before it has begun"
        readers = ThreadPoolExecutor(self.readers, thread_name_prefix="stac-reader")
        try:
            items = [acquisition.item for acquisition in self.acquisitions]
            stored, faults = work.send(lambda: load(items, names, grid, self.sign, readers))
        finally:
            # nobody waits any more: what has not begun never does
            readers.shutdown(wait=False, cancel_futures=True)
        if faults:
            raise _Faulty(faults)
        return stored
