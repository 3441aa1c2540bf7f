"""A cube in a file or in memory as a source: dated or monthly, read where it is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.composite import (
    MASKED,
    SCENE_CLASSES,
    clear,
    monthly_medians,
    solar_days,
    usable,
)
from timesen_nb.nodata import HIGHEST, LOWEST, SHARE, outside, said, say_codes
from timesen_nb.series import PixelSeries
from timesen_nb.sources.checks import check_places, check_year, series_of
from timesen_nb.sources.cube_layout import (
    Opener,
    Options,
    check_classes,
    read_layout,
    stored_classes,
    stored_values,
)
from timesen_nb.sources.grid import BBox, check_bbox, turned

if TYPE_CHECKING:
    import xarray as xr

#: Pixels a side of what is read at once: 118 dates of it are 20 MB as stored, its twelve months 2 MB.
_BLOCK = 64
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
        from pyproj import Transformer

        if out_of_range not in OUT_OF_RANGE:
            raise ValueError(
                f"out_of_range={out_of_range!r}; expected one of {', '.join(map(repr, OUT_OF_RANGE))}."
            )
        if rename is not None and not isinstance(rename, Mapping):
            raise ValueError(
                f"rename={rename!r}; expected names in the data -> names of bands: {{'refl_490': 'B2'}}."
            )
        self._out_of_range = out_of_range
        self._given: Any = Path(data).expanduser() if isinstance(data, (str, Path)) else data
        self._opener = Opener(self._given, Options(group, dict(rename or {}), offset, nodata, crs))
        self._label = _label_of(self._given)
        self._written = _state_of(self._given)
        self._said: set[float] = set()
        try:
            self._cube = cube = read_layout(self._opener)
        except ValueError as error:
            raise ValueError(f"{self._label} cannot be used: {error}") from error
        self._from_degrees = Transformer.from_crs(4326, cube.crs, always_xy=True)
        #: (west, south, east, north) in degrees, of the outer edges of the pixels; east is beyond 180 where the date
        #: line lies in between.
        self.bounds: BBox = self._extent()
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
                f"{self._label} does not state a radiometric offset, and hardly a value lies below 1000: the 1000 that "
                "ESA adds since 2022 may still be on, and then classes come out wrong. If it is, open it with "
                "offset=-1000; if it is not, with offset=0.",
                UserWarning,
                stacklevel=3,
            )
        self.name = self._label + (f" ({'; '.join(notes)})" if notes else "")
        self._say(cube.radiometry.codes)
        self._block = lru_cache(maxsize=_KEPT)(self._read_block)

    def __repr__(self) -> str:
        return f"CubeFileSource({self.name!r}, years={list(self.years)}, bounds={self.bounds})"

    def __getstate__(self) -> dict[str, Any]:
        """Workers of a cluster open the file themselves, as it was found here."""
        kept = {key: value for key, value in vars(self).items() if key != "_block"}
        return kept | {"_opener": Opener(self._given, self._opener.options)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._block = lru_cache(maxsize=_KEPT)(self._read_block)

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
        self._check_unchanged()
        places = check_places(lonlats)
        at = [self._position(lon, lat) for lon, lat in places]
        found: dict[int, PixelSeries] = {}
        for n in sorted(range(len(at)), key=lambda n: (at[n][0] // _BLOCK, at[n][1] // _BLOCK)):
            row, column = at[n]
            block = self._block(row // _BLOCK, column // _BLOCK, year)
            inside = row % _BLOCK, column % _BLOCK
            if inside in block.wrong:
                raise ValueError(
                    f"{self.name} at {places[n][0]:.5f}, {places[n][1]:.5f}: {block.wrong[inside]}"
                )
            made_of = self._provenance(block, inside)
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
        import rioxarray  # noqa: F401
        import xarray as xr

        year = check_year(year, self.years, self.name)
        self._check_unchanged()
        rows, columns = self._pixels_in(check_bbox(bbox, date_line=True))
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
        coords = {
            "month": np.arange(1, 13),
            "band": list(BANDS),
            "y": self._cube.y[rows],
            "x": self._cube.x[columns],
        }
        about = {
            "units": "surface reflectance x 10000", "year": year, "source": self.name, "boa_offset_applied": 1
        }  # fmt: skip
        cube: xr.DataArray = xr.DataArray(
            values, coords, ("month", "band", "y", "x"), f"reflectance_{year}", about
        )
        return cube.rio.write_crs(self._cube.crs)

    def _months(self, rows: slice, columns: slice, year: int) -> np.ndarray:
        """(12, 10, y, x) of a window within one block; ValueError for an observation that can be no reflectance."""
        block = self._block(rows.start // _BLOCK, columns.start // _BLOCK, year)
        top, left = rows.start % _BLOCK, columns.start % _BLOCK
        inside = slice(top, top + rows.stop - rows.start), slice(left, left + columns.stop - columns.start)
        wrong = [
            why
            for (row, column), why in block.wrong.items()
            if inside[0].start <= row < inside[0].stop and inside[1].start <= column < inside[1].stop
        ]
        if wrong:
            raise ValueError(f"{self.name}, in {len(wrong)} pixels: {wrong[0]}")
        return block.months[(..., *inside)]

    def _read_block(self, row: int, column: int, year: int) -> _Block:
        """The months of up to 64 x 64 pixels, and what they were made of."""
        self._check_unchanged()
        days = self._days_of(year)
        steps = np.flatnonzero(days.astype("datetime64[Y]") == np.datetime64(f"{year:04d}", "Y"))
        days, radiometry = days[steps], self._cube.radiometry
        window: dict[str, Any] = {"time" if self._cube.dated else "month": steps}
        window |= {axis: slice(n * _BLOCK, (n + 1) * _BLOCK) for axis, n in (("y", row), ("x", column))}
        try:
            with self._opener.opened() as (_, bands, scl):
                stored = stored_values(bands.isel(window))
                classes = None if scl is None else stored_classes(scl.isel(window))
        except ValueError as error:
            why = str(error).removeprefix("it cannot be read ")
            raise ValueError(f"{self._label} cannot be read here {why}") from error
        if classes is not None:
            check_classes(classes)
        values, codes = radiometry.measure(stored, radiometry.offset[steps])
        self._say(tuple(codes))
        left_out = {f"{said([code])} stands for no data": where for code, where in sorted(codes.items())}
        off = outside(values) if self._out_of_range == "missing" else None
        if off is not None:
            values[off] = np.nan
            left_out[f"no reflectance: outside {LOWEST:g} to {HIGHEST:g}"] = np.asarray(off.any(axis=1))
        if classes is not None:
            left_out["scene class not clear"] = np.isfinite(values).all(axis=1) & ~clear(classes)
        used = usable(values, days, classes)
        wrong = _wrong(values, used, days, radiometry.factor)
        return _Block(monthly_medians(values, days, year, classes), days, used, left_out, wrong)

    def _days_of(self, year: int) -> np.ndarray:
        """(t,) days: those of the dates, or one in each month of whichever year is asked for."""
        if self._cube.dated:
            return self._days
        return np.array([f"{year:04d}-{m:02d}-15" for m in self._cube.step], dtype="datetime64[D]")

    def _check_unchanged(self) -> None:
        """ValueError when the file is not the one that was opened."""
        if _state_of(self._given) != self._written:
            raise ValueError(f"{self._label} was written again or moved since it was opened. Open it again.")

    def _say(self, codes: Sequence[float]) -> None:
        """Warn, once each, of codes that nobody declared."""
        news = set(codes) - self._said
        if news:
            self._said |= news
            say_codes(sorted(news), self._label)

    def _provenance(self, block: _Block, inside: tuple[int, int]) -> dict[str, Any]:
        """What the months of a pixel were made of; :class:`PixelSeries` says how it is told."""
        radiometry = self._cube.radiometry
        days = np.sort(block.days[block.used[(..., *inside)]])
        months = days.astype("datetime64[M]").astype(int) % 12
        counts = {why: int(where[(..., *inside)].sum()) for why, where in block.left_out.items()}
        rule = radiometry.rule
        if self._cube.raised:
            rule += "; hardly a value lies below 1000, so that it may still be on"
        kept = ", ".join(str(c) for c in SCENE_CLASSES if c not in MASKED)
        made_of: dict[str, Any] = {
            "acquisitions": np.bincount(months, minlength=12).tolist(),
            "dates": [str(day) for day in days] if self._cube.dated else [],
            "offset": {"applied": radiometry.applied, "rule": rule},
            "mask": f"scene classes (SCL) kept: {kept}" if self._cube.has_scl else "none: no SCL",
            "left_out": [{"what": f"{n} observations", "why": why} for why, n in counts.items() if n],
        }
        if not self._cube.dated:
            made_of["composites"] = "monthly, as the data hold them: acquisitions are not known"
            del made_of["acquisitions"], made_of["dates"]
        if radiometry.baselines:
            made_of["baselines"] = list(radiometry.baselines)
        return made_of

    def _extent(self) -> BBox:
        """The bounds in degrees."""
        (left, right), (bottom, top) = self._cube.edges("x"), self._cube.edges("y")
        if self._cube.crs.is_geographic:
            # 0 to 360, or beyond 180, as well as -180 to 180
            if right - left >= 360:
                return -180.0, bottom, 180.0, top
            west = (left + 180) % 360 - 180
            return west, bottom, west + (right - left), top
        west, south, east, north = self._from_degrees.transform_bounds(
            left, bottom, right, top, direction="INVERSE"
        )
        return west, south, east + 360 if east < west else east, north

    def _position(self, lon: float, lat: float) -> tuple[int, int]:
        """Row and column of the pixel that holds a place."""
        x, y = self._from_degrees.transform(lon, lat)
        if self._cube.crs.is_geographic:
            x = self._turned(x)
        row, column = self._cube.index("y", y), self._cube.index("x", x)
        if not (0 <= row < len(self._cube.y) and 0 <= column < len(self._cube.x)):
            west, south, east, north = self.bounds
            raise ValueError(
                f"the place given, {lon:.5f}, {lat:.5f}, is outside the data; {self.name} covers longitude "
                f"{west:.5f} to {east:.5f} and latitude {south:.5f} to {north:.5f}. Choose a place inside."
            )
        return row, column

    def _turned(self, x: float) -> float:
        """A longitude, whole turns nearer to the middle of the data."""
        return turned(x, sum(self._cube.edges("x")) / 2)

    def _pixels_in(self, bbox: BBox) -> tuple[slice, slice]:
        """Rows and columns of the pixels that a box in degrees touches."""
        west, south, east, north = bbox
        if self._cube.crs.is_geographic:
            _, bottom = self._from_degrees.transform(west, south)
            _, top = self._from_degrees.transform(east, north)
            middle = (west + east) / 2
            turn = self._turned(middle) - middle
            left, right = west + turn, east + turn
        else:
            left, bottom, right, top = self._from_degrees.transform_bounds(west, south, east, north)
        windows = []
        for axis, ends in (("y", (bottom, top)), ("x", (left, right))):
            first, last = sorted(self._cube.index(axis, end) for end in ends)
            windows.append(slice(max(first, 0), min(last + 1, len(getattr(self._cube, axis)))))
        rows, columns = windows
        if rows.start >= rows.stop or columns.start >= columns.stop:
            raise ValueError(
                f"the box given is {bbox}; {self.name} lies at {self.bounds} (west, south, east, north). "
                "Choose a box that touches it."
            )
        return rows, columns


@dataclass(frozen=True)
class _Block:
    """The months of a block of the cube, and what became of its observations.

    Attributes:
        months: (12, 10, y, x) reflectance x 10000, NaN = missing.
        days: (t,) of the year.
        used: (t, y, x) those in a median.
        left_out: masks (t, y, x) of others by the reason why.
        wrong: why a pixel is refused, by row and column.
    """

    months: np.ndarray
    days: np.ndarray
    used: np.ndarray
    left_out: dict[str, np.ndarray]
    wrong: dict[tuple[int, ...], str]


def _cuts(pixels: slice) -> list[int]:
    """Where a range of pixels begins, crosses from block to block, and ends."""
    return [pixels.start, *range((pixels.start // _BLOCK + 1) * _BLOCK, pixels.stop, _BLOCK), pixels.stop]


def _months_of_block(
    source: CubeFileSource, top: int, left: int, year: int, block_info: Any = None
) -> np.ndarray:
    """One block of a lazy cube whose first pixel is at ``top``, ``left``."""
    _, _, rows, columns = block_info[None]["array-location"]
    return source._months(
        slice(top + rows[0], top + rows[1]), slice(left + columns[0], left + columns[1]), year
    )


def _wrong(
    values: np.ndarray, used: np.ndarray, days: np.ndarray, factor: float
) -> dict[tuple[int, ...], str]:
    """Pixels (...) with a used observation that can be no reflectance, and why."""
    found: dict[tuple[int, ...], str] = {}
    mask = outside(values)
    if mask is not None:
        for t, b, *at in np.argwhere(mask & used[:, None]):
            found.setdefault(
                tuple(map(int, at)),
                f"{BANDS[b]} is {values[(t, b, *at)]:g} on {days[t]}, which is no reflectance; expected reflectance x "
                f"10000 between {LOWEST:g} and {HIGHEST:g}. If it stands for no data, open the cube with nodata= that "
                "number, or with out_of_range='missing'.",
            )
    if factor == 1:
        # a date from 0 to 1 among dates x 10000: all bands at most SHARE, and no whole numbers, as clipped water is
        low = used & (values[:, 0] <= SHARE) & (values[:, 0] * 2 % 1 > 1e-3)
        if low.any():
            for t, *at in np.argwhere(low & (values.max(axis=1) <= SHARE)):
                found.setdefault(
                    tuple(map(int, at)),
                    f"all bands are below {SHARE:g} on {days[t]}: reflectance from 0 to 1 among dates x 10000. Bring "
                    "all dates to one scale.",
                )
    return found


def _label_of(given: Any) -> str:
    """What a cube is called: its file's name, or that of the data in memory."""
    if isinstance(given, Path):
        return given.name or str(given)
    file = given.encoding.get("source")
    return Path(str(file)).name if file else f"{type(given).__name__} in memory"


def _state_of(given: Any) -> tuple[Any, ...]:
    """What changes when a file is written again; nothing for data in memory, or a file that is gone."""
    if not isinstance(given, Path):
        return ()
    files = [given]
    if given.is_dir():
        files += sorted(p for p in given.iterdir() if p.is_file())
    try:
        return tuple(
            (s.st_ino, s.st_size if f.is_file() else 0, s.st_mtime_ns) for f in files for s in [f.stat()]
        )
    except OSError:
        return ("gone",)
