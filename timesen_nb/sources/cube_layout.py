"""What a cube holds, found by name: its bands, dates, scene classes, coordinate system and units.

What is understood (anything else is refused by name, never guessed):

- NetCDF, Zarr and xarray datasets: bands as variables (``B02``, ``blue``, ``S2-L2A-B8A`` ...) or along a dimension
  ``band`` with names; ``time`` (dates) or ``month`` (1 to 12); ``y`` and ``x`` (or ``lat`` and ``lon``) as evenly
  spaced coordinates; a scene classification ``SCL`` beside the bands or among them;
- GeoTIFF: twelve months by ten bands, each described as ``B2_m01`` ... ``B12_m12``;
- a folder of such files, a date or a month each;
- a coordinate system as CF or rioxarray write it, or an attribute ``crs`` or ``epsg``;
- reflectance from 0 to 1 or x 10000; the radiometric offset by what the cube states
  (:mod:`timesen_nb.sources.cube_radiometry`); no data by the rule of :mod:`timesen_nb.nodata`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE, band_name, band_positions
from timesen_nb.composite import SCENE_CLASSES
from timesen_nb.nodata import known_codes
from timesen_nb.sources.cube_axes import by_step, centres_of, dates_of, months_of
from timesen_nb.sources.cube_crs import check_coordinates, crs_of
from timesen_nb.sources.cube_open import explained, open_cube
from timesen_nb.sources.cube_radiometry import (
    Radiometry,
    check_surface,
    declared_nodata,
    looks_raised,
    missing_in,
    offset_of,
    packing_of,
    scale_of,
)

if TYPE_CHECKING:
    from pyproj import CRS

#: What scene classes hold where they are unknown, beside NaN: the limits of small integers.
_NO_CLASS = (255, 127, -128, -1)


@dataclass(frozen=True)
class Options:
    """How a user wants a cube to be read; see :class:`timesen_nb.sources.cube_file.CubeFileSource`."""

    group: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    offset: float | None = None
    nodata: float | Sequence[float] | None = None
    crs: Any = None


@dataclass(frozen=True)
class CubeLayout:
    """A cube in this package's words; nothing but coordinates and a sample has been read.

    Attributes:
        has_scl: whether it has scene classes.
        step: (t,) datetime64 UTC of a dated cube, or (t,) months 1 to 12.
        dated: which of the two.
        x: pixel centres in ``crs``.
        y: pixel centres in ``crs``.
        crs: the coordinate system.
        radiometry: what makes the stored values reflectance x 10000.
        raised: whether they look as if the radiometric offset were still on them.
        year: of a monthly cube, where the file says it.
    """

    has_scl: bool
    step: np.ndarray
    dated: bool
    x: np.ndarray
    y: np.ndarray
    crs: CRS
    radiometry: Radiometry
    raised: bool
    year: int | None

    def step_of(self, axis: str) -> float:
        """Signed size of a pixel along ``"x"`` or ``"y"``; one pixel alone is square, or 10 m."""
        for centres in (getattr(self, axis), self.x, self.y):
            if len(centres) > 1:
                return float(centres[-1] - centres[0]) / (len(centres) - 1)
        return 9e-5 if self.crs.is_geographic else 10.0

    def edges(self, axis: str) -> tuple[float, float]:
        """Lowest and highest edge of the pixels along an axis."""
        centres, half = getattr(self, axis), abs(self.step_of(axis)) / 2
        return float(centres.min() - half), float(centres.max() + half)

    def index(self, axis: str, at: float) -> int:
        """The pixel that a coordinate lies in; below 0 or past the end when it is outside."""
        pixels = (at - float(getattr(self, axis)[0])) / self.step_of(axis) + 0.5
        return math.floor(pixels) if math.isfinite(pixels) else -1


Given = Path | xr.Dataset | xr.DataArray


class Opener:
    """Opens a cube, and keeps what its metadata say: that is most of the work, above all of a folder of files.

    Between two readings no file is held, so that each may be written again; threads that read at the same time have
    files of their own.

    Args:
        given: a path, or a dataset in memory.
        options: how it is to be read.
    """

    def __init__(self, given: Given, options: Options) -> None:
        self.given, self.options = given, options
        self._idle: list[tuple[xr.Dataset, xr.Dataset, xr.DataArray | None, Callable[[], None]]] = []

    @contextmanager
    def opened(self) -> Iterator[tuple[xr.Dataset, xr.Dataset, xr.DataArray | None]]:
        """A cube while it is read: the whole dataset, its ten bands and its scene classes, (step, y, x) as stored."""
        try:
            data, bands, scl, close = self._idle.pop()
        except IndexError:
            data, close = open_cube(self.given, self.options.group, self.options.rename)
            try:
                bands, scl = _bands(data)
            except BaseException:
                close()
                raise
        try:
            yield data, bands, scl
        finally:
            close()
        self._idle.append((data, bands, scl, close))


def stored_values(bands: xr.Dataset) -> np.ndarray:
    """(t, 10, ...) float32 as stored; ValueError in words for whatever keeps them from being read."""
    try:
        with np.errstate(over="ignore"):
            return np.stack([bands[b].values.astype(np.float32) for b in BANDS], axis=1)
    except Exception as error:
        raise explained(error, None) from error


def stored_classes(scl: xr.DataArray) -> np.ndarray:
    """(t, ...) scene classes as stored; as :func:`stored_values`."""
    try:
        return np.asarray(scl.values)
    except Exception as error:
        raise explained(error, None) from error


def read_layout(opener: Opener) -> CubeLayout:
    """The layout of a cube; ValueError that says what is wrong with it."""
    options = opener.options
    with opener.opened() as (data, bands, scl):
        check_surface(data, bands)
        dated = "time" in bands.dims
        step = dates_of(data, bands["time"]) if dated else months_of(bands["month"])
        x, y = centres_of(bands, "x"), centres_of(bands, "y")
        crs = _crs(data, bands, x, y, options.crs)
        days = step.astype("datetime64[D]") if dated else None
        radiometry, raised = _radiometry(data, bands, scl, step, days, options)
        # where a file was cut short its end is missing, and a click would find it too late
        stored_values(bands.isel(y=[0, -1], x=[0, -1]))
        year = None if dated else _year(data)
        return CubeLayout(scl is not None, step, dated, x, y, crs, radiometry, raised, year)


def _bands(data: xr.Dataset) -> tuple[xr.Dataset, xr.DataArray | None]:
    """The ten bands as (step, y, x) variables, and the scene classes where the cube has them."""
    own = [str(v) for v in data.data_vars]
    scl = [data[v] for v in own if band_name(v) == "SCL"]
    if any(band_name(v) in BANDS for v in own):
        named = {b: data[own[i]] for b, i in zip(BANDS, band_positions(own), strict=True)}
    else:
        stacked = [data[v] for v in own if "band" in data[v].dims]
        if len(stacked) != 1:
            raise ValueError(
                f"it has no bands: its variables are {', '.join(own) or 'none'}; expected "
                f"{', '.join(BANDS)} as variables, or one variable with a dimension 'band'. Say which is which: "
                "open_source(path, rename={'its name': 'B2'})."
            )
        names = [n.decode() if isinstance(n, bytes) else str(n) for n in stacked[0]["band"].values.tolist()]
        at = dict(zip(BANDS, band_positions(names), strict=True))
        named = {b: _band(stacked[0], i) for b, i in at.items()}
        scl += [_band(stacked[0], i) for i, n in enumerate(names) if band_name(n) == "SCL"]
    if len(scl) > 1:
        raise ValueError("it has two scene classifications (SCL); keep one of them.")
    layers = {b: by_step(v, b) for b, v in named.items()}
    for b, layer in layers.items():
        if layer.dtype.kind not in "iuf":
            raise ValueError(
                f"{b} holds {layer.dtype}; expected numbers: reflectance from 0 to 1 or x 10000."
            )
    sizes = {tuple(v.sizes[d] for d in v.dims) for v in layers.values()}
    if len(sizes) > 1:
        raise ValueError(
            f"its bands have the shapes {' and '.join(map(str, sorted(sizes)))}; expected one grid. Bring the bands of "
            "20 m to 10 m (nearest neighbour)."
        )
    classes = by_step(scl[0], "SCL") if scl else None
    if classes is not None and classes.shape != layers["B2"].shape:
        raise ValueError(
            f"SCL has the shape {classes.shape} and the bands {layers['B2'].shape}; they must be the same."
        )
    bands = xr.Dataset(
        {b: v.variable for b, v in layers.items()},
        {d: data[d].variable for d in layers["B2"].dims if d in data.coords},
    )
    for b, layer in named.items():
        bands[b].encoding = dict(layer.encoding)
    return bands, classes


def _band(stacked: xr.DataArray, i: int) -> xr.DataArray:
    """One of the bands along a dimension, with what the whole keeps of its file."""
    one = stacked.isel(band=i, drop=True)
    one.encoding = dict(stacked.encoding)
    return one


def _crs(data: xr.Dataset, bands: xr.Dataset, x: np.ndarray, y: np.ndarray, chosen: Any) -> CRS:
    """The coordinate system, held against the coordinates."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    if chosen is None:
        crs = crs_of(data.assign(bands.data_vars), BANDS)
    else:
        try:
            crs = CRS.from_user_input(chosen)
        except CRSError as error:
            raise ValueError(
                f"crs={chosen!r} is no coordinate system; expected 'EPSG:32631', say."
            ) from error
    check_coordinates(crs, x, y, str(bands["x"].attrs.get("units", "")).strip().lower())
    return crs


def _radiometry(
    data: xr.Dataset,
    bands: xr.Dataset,
    scl: xr.DataArray | None,
    step: np.ndarray,
    days: np.ndarray | None,
    options: Options,
) -> tuple[Radiometry, bool]:
    """What stored values mean, by what the cube states and a sample of it; and whether an offset seems to be on."""
    scale, add = packing_of(bands)
    try:
        nodata = tuple(float(n) for n in np.ravel([] if options.nodata is None else options.nodata))
    except (TypeError, ValueError):
        raise ValueError(f"nodata={options.nodata!r}; expected a number, or several: nodata=-9999.") from None
    declared = (*nodata, *declared_nodata(data, bands))
    units = {str(owner.get("units", "")) for owner in (data.attrs, *(v.attrs for v in bands.values()))}
    sample: np.ndarray = np.empty(0)
    stored: np.ndarray = sample
    for window in _windows(bands):
        stored = stored_values(bands.isel(window))
        stored = stored.reshape(*stored.shape[:2], -1)
        # codes that were divided by 10000 are told when the scale is known
        missing, _ = missing_in(stored, scale, add, 1.0, declared)
        sample = stored if missing is None else np.where(missing, np.float32(np.nan), stored)
        if np.isfinite(sample).any(axis=(0, 2)).all():
            break
    if not np.isfinite(sample).any():
        raise ValueError("it holds no value but 0, NaN and other codes for no data.")
    for i, b in enumerate(BANDS):
        if not np.isfinite(sample[:, i]).any():
            raise ValueError(f"{b} holds no value; expected reflectance in each band. Is it absent?")
        if not np.nan_to_num(sample[:, i]).any():
            raise ValueError(f"{b} holds nothing but 0; expected reflectance in each band. Is it absent?")
    if scl is not None:
        check_classes(stored_classes(scl.isel(window)))
    factor = scale_of(np.where(_wild(sample), np.nan, sample), units, [str(s)[:10] for s in step])
    missing, codes = missing_in(stored, scale, add, factor, declared)
    values = sample * np.float32(factor)
    if missing is not None:
        values[missing] = np.nan
    offset, rule, stated, baselines = offset_of(data, bands, values, days, options.offset)
    radiometry = Radiometry(
        factor,
        offset,
        scale,
        add,
        declared,
        rule,
        stated,
        bool(offset.any() or add.any()),
        baselines,
        tuple(sorted(codes)),
    )
    return radiometry, not stated and looks_raised(values, days)


def _wild(sample: np.ndarray) -> np.ndarray:
    """Codes of reflectance from 0 to 1 that were divided by 10000 along with it."""
    mask, _ = known_codes(sample * np.float32(REFLECTANCE_SCALE))
    return np.zeros(sample.shape, bool) if mask is None or np.nanmax(sample) > 255 else mask


def _windows(bands: xr.Dataset) -> list[dict[str, slice]]:
    """Where values are looked at: in the middle, or all over where the middle lacks some."""
    y, x = bands.sizes["y"], bands.sizes["x"]
    middle = {"y": slice(max(y // 2 - 8, 0), y // 2 + 8), "x": slice(max(x // 2 - 8, 0), x // 2 + 8)}
    spread = {"y": slice(None, None, max(y // 64, 1)), "x": slice(None, None, max(x // 64, 1))}
    return [middle, spread]


def check_classes(scl: np.ndarray) -> None:
    """ValueError where scene classes are none: averaged by resampling, or of another scheme."""
    if scl.dtype.kind not in "iuf":
        raise ValueError(
            f"SCL holds {scl.dtype}; expected the whole numbers 0 to 11 of Sentinel-2's scene classes. Is it a mask?"
        )
    there = scl[np.isfinite(scl)] if scl.dtype.kind == "f" else scl
    codes, _ = known_codes(there.astype(np.float32))
    known = np.isin(there, (*SCENE_CLASSES, *_NO_CLASS))
    if codes is not None:
        known |= codes
    if not known.all():
        odd = there[~known].ravel()[0]
        averaged = " It was averaged when it was resampled: take the nearest pixel." if odd % 1 else ""
        raise ValueError(
            f"SCL holds {odd:g} among others; expected the whole numbers 0 to 11 of Sentinel-2's scene classes."
            f"{averaged}"
        )


def _year(data: xr.Dataset) -> int | None:
    """The one year that the file or its variables say, if they do."""
    owners = (data.attrs, *(v.attrs for v in data.data_vars.values()))
    given = {str(y).strip() for owner in owners if "year" in owner for y in np.ravel(owner["year"])}
    years = {int(float(y)) for y in given if re.fullmatch(r"\d{4}(\.0*)?", y)}
    if len(years) > 1:
        raise ValueError(
            f"its months say that they are of {' and '.join(map(str, sorted(years)))}; expected one year."
        )
    return years.pop() if years else None
