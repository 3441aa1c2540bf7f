"""Dated observations -> monthly medians of one calendar year, and quarters and years of those.

Every source goes through these rules, so that one place has one series wherever it was read:

1. an observation counts when its scene class is clear and all ten bands have data: a month has ten bands or none;
2. observations of one solar day are one, the first with data: overlapping tiles and duplicates count once;
3. a month is the median of its clear observations; a month without one stays missing.

The radiometric offset belongs to the source (products are stored with it or not): values come in without it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.arrays import unmasked
from timesen_nb.bands import BANDS
from timesen_nb.composite.observations import (
    MASKED,
    SCENE_CLASSES,
    as_observations,
    by_name,
    check_classes,
    clear,
    dates,
    solar_days,
    usable,
    without_known_codes,
)
from timesen_nb.nodata import check_used

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "MASKED",
    "SCENE_CLASSES",
    "annual",
    "clear",
    "median",
    "median_of_observations",
    "medians_by_month",
    "monthly_cube",
    "monthly_medians",
    "quarters",
    "solar_days",
    "usable",
]


def median_of_observations(
    values: np.ndarray,
    days: np.ndarray,
    scl: np.ndarray | None = None,
    masked: Collection[int] = tuple(MASKED),
) -> np.ndarray:
    """One composite: the median of the clear observations, whatever their dates.

    Args:
        values: (t, 10, ...), NaN = no data.
        days: (t,) datetime64[D]; of one day the first with all bands counts.
        scl: (t, ...) scene classes; None masks nothing.
        masked: classes that are left out.

    Returns:
        (10, ...) float32, NaN where no observation is clear.
    """
    return median(np.where(usable(values, days, scl, masked)[:, None], values, np.nan))


def monthly_medians(
    values: Any,
    days: Any,
    year: int,
    scl: Any = None,
    masked: Collection[int] = tuple(MASKED),
) -> np.ndarray:
    """Twelve medians of the clear observations of a calendar year.

    Codes for no data are missing, with a warning, and so is what is 0 in all bands: see :mod:`timesen_nb.nodata`.

    Args:
        values: (t, 10, ...) reflectance x 10000, NaN or masked = no data, in any order of time. A DataArray, or a table
            of dates by bands, is read by its names: :func:`timesen_nb.composite.observations.by_name`.
        days: (t,) datetime64[D], solar, as :func:`solar_days` gives them.
        year: what lies in other years is left out.
        scl: (t, ...) scene classes; None masks nothing (the values are masked already).
        masked: classes that are left out.

    Returns:
        (12, 10, ...) float32, NaN in months without a clear observation.

    Raises:
        ValueError: other shapes, numbers for days, days or scene classes that are not those of the values, a mask in
            place of scene classes, or what can be no reflectance among the observations that count.
    """
    values, days, scl = as_observations(values, days, scl)
    inside = days.astype("datetime64[Y]") == np.datetime64(f"{year:04d}")
    used = usable(values[inside], days[inside], None if scl is None else scl[inside], masked)
    check_used(values[inside], used, days[inside], BANDS)
    return medians_by_month(values, days, scl, year, masked)


def medians_by_month(
    values: np.ndarray,
    days: np.ndarray,
    scl: np.ndarray | None,
    year: int,
    masked: Collection[int] = tuple(MASKED),
) -> np.ndarray:
    """:func:`monthly_medians` of arrays whose reader has put NaN where data are missing: no number is a code.

    Args:
        values: (t, 10, ...) float32 reflectance x 10000, NaN = no data, in any order of time.
        days: (t,) datetime64[D], solar.
        scl: (t, ...) scene classes; None masks nothing.
        year: what lies in other years is left out.
        masked: classes that are left out.

    Returns:
        (12, 10, ...) float32, NaN in months without a clear observation.
    """
    out = np.full((12, *values.shape[1:]), np.nan, dtype=np.float32)
    for m in range(12):
        inside = _in_month(days, year, m + 1)
        if len(inside):
            classes = None if scl is None else scl[inside]
            out[m] = median_of_observations(values[inside], days[inside], classes, masked)
    return out


def monthly_cube(
    observations: xr.DataArray,
    year: int,
    scl: xr.DataArray | None = None,
    masked: Collection[int] = tuple(MASKED),
) -> xr.DataArray:
    """:func:`monthly_medians` of a cube: lazily where it lies on Dask, month by month.

    Args:
        observations: (time, band, y, x) reflectance x 10000, NaN or a known code = no data; ``time`` in solar days, in
            any order; axes and bands by their names.
        year: what lies in other years is left out.
        scl: (time, y, x) scene classes of the same observations; None masks nothing.
        masked: classes that are left out.

    Returns:
        (month 1 to 12, band, y, x) float32, NaN in months without a clear observation.

    Raises:
        ValueError: a band is missing, or the scene classes are of other times or places; and, when the values of a lazy
            cube are read, what can be no reflectance among the observations that count.
    """
    import xarray as xr

    observations, scl = by_name(observations, scl)
    check_classes(scl)
    days = dates(observations["time"].values)
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
        observed = stack.isel(time=inside)
        if not len(inside):
            months.append(observed.isel(band=slice(len(BANDS))).sum("time", min_count=1))  # NaN everywhere
            continue
        if observed.chunks is not None:
            observed = observed.chunk(time=-1)
        month = xr.apply_ufunc(
            _median_of_stack,
            observed,
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


def _median_of_stack(stack: np.ndarray, days: np.ndarray, masked: Collection[int] | None) -> np.ndarray:
    """(..., t, 10 bands and, with ``masked``, scene classes) -> (..., 10)."""
    stack = np.moveaxis(stack, (-2, -1), (0, 1))
    values = without_known_codes(stack[:, : len(BANDS)].copy())
    used = usable(values, days, None if masked is None else stack[:, len(BANDS)], masked or ())
    check_used(values, used, days, BANDS)
    return np.moveaxis(median(np.where(used[:, None], values, np.nan)), 0, -1)


def _in_month(days: np.ndarray, year: int, month: int) -> np.ndarray:
    return np.flatnonzero(days.astype("datetime64[M]") == np.datetime64(f"{year:04d}-{month:02d}", "M"))


def quarters(months: np.ndarray, axis: int = -2) -> np.ndarray:
    """Four medians of three months each, of those that are there.

    Args:
        months: twelve along ``axis``, NaN = missing.
        axis: of the months: second to last, as in (..., 12, 10); 0 for a cube.

    Returns:
        The same shape with four along ``axis``, float32; NaN where all three months are missing.

    Raises:
        ValueError: there are not twelve along ``axis``.
    """
    series = _twelve(months, axis)
    return np.moveaxis(np.stack([median(series[q : q + 3]) for q in (0, 3, 6, 9)]), 0, axis)


def annual(months: np.ndarray, axis: int = -2) -> np.ndarray:
    """The median of the months that are there.

    Args:
        months: twelve along ``axis``, NaN = missing.
        axis: of the months: second to last, as in (..., 12, 10); 0 for a cube.

    Returns:
        The same shape with one along ``axis``, float32; NaN where all months are missing.

    Raises:
        ValueError: there are not twelve along ``axis``.
    """
    return np.moveaxis(median(_twelve(months, axis))[None], 0, axis)


def _twelve(months: np.ndarray, axis: int) -> np.ndarray:
    series = np.moveaxis(unmasked(months), axis, 0)
    if len(series) != 12:
        raise ValueError(f"shape {np.shape(months)} has {len(series)} along axis {axis}; expected 12 months.")
    return series


def median(observed: np.ndarray) -> np.ndarray:
    """Median along the first axis of what is not NaN; many times faster than ``np.nanmedian``.

    Args:
        observed: (t, ...), NaN = missing.

    Returns:
        (...) float32, NaN where all are missing; of an even number the mean of the two in the middle.
    """
    ordered = np.sort(observed, axis=0)
    count = np.isfinite(observed).sum(axis=0, keepdims=True)
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, len(observed) - 1)
    middle = np.take_along_axis(ordered, low, axis=0) + np.take_along_axis(ordered, high, axis=0)
    return np.where(count > 0, middle / 2, np.nan)[0].astype(np.float32)
