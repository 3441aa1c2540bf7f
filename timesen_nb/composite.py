"""Dated observations -> monthly medians of one calendar year, and quarters and years of those.

Every source goes through these rules, so that one place has one series wherever it was read:

1. a look counts when its scene class is clear and all ten bands have data: a month has ten bands or none;
2. looks of one solar day are one look, the first with data: overlapping tiles and duplicates count once;
3. a month is the median of its clear looks; a month without one stays missing.

The radiometric offset belongs to the source (products are stored with it or not): values come in without it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.bands import BANDS

if TYPE_CHECKING:
    import xarray as xr

#: Scene classes (SCL, ESA Sentinel-2 level 2A) left out of the median, and why.
MASKED: dict[int, str] = {
    0: "no data",
    1: "saturated or defective: the value is no measurement",
    3: "cloud shadow: too dark in every band",
    8: "cloud, medium probability",
    9: "cloud, high probability",
    10: "thin cirrus: brightens the visible bands",
    11: "snow or ice: over mid-latitudes it is ice cloud as often, and the published composites leave it out",
}
# Kept on purpose: 2 (dark areas: wet soil and low sun as often as cast shadow), 4 vegetation, 5 bare, 6 water
# and 7 (unclassified: whole winter scenes under a low sun; thin haze that a median withstands).


def solar_days(times: np.ndarray, lon: float) -> np.ndarray:
    """The local date of each observation: UTC plus ``lon`` / 15 hours, so that midnight cuts no overpass.

    times: (t,) datetime64, UTC; lon: degrees -> (t,) datetime64[D].
    """
    shift = np.timedelta64(round(lon / 15 * 3600), "s")
    return (np.asarray(times).astype("datetime64[s]") + shift).astype("datetime64[D]")


def clear(scl: np.ndarray, masked: Collection[int] = tuple(MASKED)) -> np.ndarray:
    """True where a scene class (any shape, NaN = unknown) may enter the median."""
    return ~(np.isin(scl, list(masked)) | ~np.isfinite(scl))


def median_of_looks(
    values: np.ndarray,
    days: np.ndarray,
    scl: np.ndarray | None = None,
    masked: Collection[int] = tuple(MASKED),
) -> np.ndarray:
    """One composite: the median of the clear looks, whatever their dates; arguments as :func:`monthly_medians`.

    -> (10, ...) float32, NaN where no look is clear.
    """
    looks, classes = _one_look_a_day(values, days, scl)
    usable = np.isfinite(looks).all(axis=1)
    if classes is not None:
        usable &= clear(classes, masked)
    return _median(np.where(usable[:, None], looks, np.nan))


def monthly_medians(
    values: np.ndarray,
    days: np.ndarray,
    year: int,
    scl: np.ndarray | None = None,
    masked: Collection[int] = tuple(MASKED),
) -> np.ndarray:
    """Twelve medians of the clear looks of a calendar year.

    values: (t, 10, ...) reflectance x 10000, NaN = no data, in any order of time; days: (t,) datetime64[D],
    solar; scl: (t, ...) scene classes, or None when nothing is to be masked (the values are masked already).
    -> (12, 10, ...) float32, NaN in months without a clear look.
    """
    values, days = np.asarray(values, dtype=np.float32), np.asarray(days, dtype="datetime64[D]")
    if values.ndim < 2 or values.shape[1] != len(BANDS) or days.shape != values.shape[:1]:
        raise ValueError(
            f"values {values.shape} and days {days.shape} were given; expected (dates, {len(BANDS)}, ...) "
            "and (dates,). Put the bands second, in the order of timesen_nb.BANDS."
        )
    out = np.full((12, *values.shape[1:]), np.nan, dtype=np.float32)
    for m in range(12):
        inside = _in_month(days, year, m + 1)
        if len(inside):
            classes = None if scl is None else scl[inside]
            out[m] = median_of_looks(values[inside], days[inside], classes, masked)
    return out


def monthly_cube(
    observations: xr.DataArray,
    year: int,
    scl: xr.DataArray | None = None,
    masked: Collection[int] = tuple(MASKED),
) -> xr.DataArray:
    """:func:`monthly_medians` of a cube: lazily where it lies on Dask, month by month.

    observations: (time, band, y, x), reflectance x 10000, NaN = no data, ``time`` in solar days, in any order;
    scl: (time, y, x) scene classes, or None.
    -> (month 1 to 12, band, y, x) float32. A month without any date is missing.
    """
    import xarray as xr

    days = observations["time"].values.astype("datetime64[D]")
    # One stack, so that a lazy graph has one task a block and month: the classes ride behind the bands.
    stack = observations.astype(np.float32).drop_vars("time")
    if scl is not None:
        classes = scl.astype(np.float32).drop_vars("time").expand_dims(band=["SCL"])
        stack = xr.concat([stack, classes], dim="band", coords="minimal", compat="override", join="override")
    if stack.chunks is not None:
        stack = stack.chunk(band=-1)

    months = []
    for m in range(1, 13):
        inside = _in_month(days, year, m)
        looks = stack.isel(time=inside)
        if not len(inside):
            months.append(looks.isel(band=slice(len(BANDS))).sum("time", min_count=1))  # NaN everywhere
            continue
        if looks.chunks is not None:
            looks = looks.chunk(time=-1)
        month = xr.apply_ufunc(
            _median_of_stack,
            looks,
            kwargs={"days": days[inside], "masked": None if scl is None else tuple(masked)},
            input_core_dims=[["time", "band"]],
            output_core_dims=[["kept"]],
            dask="parallelized",
            output_dtypes=[np.float32],
            dask_gufunc_kwargs={"output_sizes": {"kept": len(BANDS)}},
        )
        months.append(month.rename(kept="band").assign_coords(band=list(BANDS)))
    out = xr.concat(months, dim="month", coords="minimal", compat="override", join="override")
    return out.assign_coords(month=np.arange(1, 13), band=list(BANDS)).transpose("month", "band", ...)


def _median_of_stack(looks: np.ndarray, days: np.ndarray, masked: Collection[int] | None) -> np.ndarray:
    """(..., t, 10 bands and, with ``masked``, scene classes) -> (..., 10)."""
    looks = np.moveaxis(looks, (-2, -1), (0, 1))
    if masked is None:
        return np.moveaxis(median_of_looks(looks, days), 0, -1)
    months = median_of_looks(looks[:, : len(BANDS)], days, looks[:, len(BANDS)], masked)
    return np.moveaxis(months, 0, -1)


def _in_month(days: np.ndarray, year: int, month: int) -> np.ndarray:
    return np.flatnonzero(days.astype("datetime64[M]") == np.datetime64(f"{year:04d}-{month:02d}", "M"))


def quarters(months: np.ndarray, axis: int = -2) -> np.ndarray:
    """Four medians of three months each, of those that are there; NaN where all three are missing.

    months: twelve along ``axis`` (second to last: (..., 12, 10); 0 for a cube), NaN = missing.
    """
    series = _twelve(months, axis)
    return np.moveaxis(np.stack([_median(series[q : q + 3]) for q in (0, 3, 6, 9)]), 0, axis)


def annual(months: np.ndarray, axis: int = -2) -> np.ndarray:
    """The median of the months that are there, ``axis`` kept at length one; arguments as :func:`quarters`."""
    return np.moveaxis(_median(_twelve(months, axis))[None], 0, axis)


def _twelve(months: np.ndarray, axis: int) -> np.ndarray:
    series = np.moveaxis(np.asarray(months, dtype=np.float32), axis, 0)
    if len(series) != 12:
        raise ValueError(f"shape {np.shape(months)} has {len(series)} along axis {axis}; expected 12 months.")
    return series


def _one_look_a_day(
    values: np.ndarray, days: np.ndarray, scl: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Looks of one day laid over each other: the first that has all bands shows."""
    found, first = np.unique(days, return_index=True)
    if len(found) == len(days):
        return values, scl
    merged, classes = values[first].copy(), None if scl is None else scl[first].copy()
    for i in np.setdiff1d(np.arange(len(days)), first):
        at = int(np.searchsorted(found, days[i]))
        gap = ~np.isfinite(merged[at]).all(axis=0) & np.isfinite(values[i]).all(axis=0)
        merged[at] = np.where(gap, values[i], merged[at])
        if scl is not None and classes is not None:
            classes[at] = np.where(gap, scl[i], classes[at])
    return merged, classes


def _median(looks: np.ndarray) -> np.ndarray:
    """Median along the first axis of what is not NaN; many times faster than ``np.nanmedian``."""
    ordered = np.sort(looks, axis=0)
    count = np.isfinite(looks).sum(axis=0, keepdims=True)
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, len(looks) - 1)
    middle = np.take_along_axis(ordered, low, axis=0) + np.take_along_axis(ordered, high, axis=0)
    return np.where(count > 0, middle / 2, np.nan)[0].astype(np.float32)
