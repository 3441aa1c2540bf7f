"""Series as people have them -> the arrays that encoders read; and which of their composites can be read at all."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.arrays import flags, unmasked
from timesen_nb.bands import check_months
from timesen_nb.model.named_arrays import in_order, whole_year
from timesen_nb.nodata import AS_SHARE, FEW, SHARE, clean, fractions, in_other_unit, other_unit, without_codes
from timesen_nb.series import PixelSeries

if TYPE_CHECKING:
    from timesen_nb.model.config import EncoderConfig

#: Numbers of composites' positions: 0 to 11 the months, from here on the quarters, then the year.
QUARTERS, YEAR, POSITIONS = 12, 16, 17


def known_bands(values: Any) -> Any:
    """Which bands are there over the whole patch.

    Args:
        values: (N, T, C[, H, W]) numpy array or torch tensor, NaN = missing.

    Returns:
        (N, T, C) bool, array or tensor.
    """
    # NaN is the only value that differs from itself: one line for arrays and for tensors
    return (values == values).reshape(*values.shape[:3], -1).all(-1)


def readable(values: Any, config: EncoderConfig) -> Any:
    """The composites that an encoder of this configuration can read.

    A composite with a band missing is missing as a whole, unless the encoder has learned vectors for absent bands. This
    is the one place that decides it, for training, inference and evaluation.

    Args:
        values: (N, T, C[, H, W]) numpy array or torch tensor, NaN = missing.
        config: of the encoder.

    Returns:
        (N, T) bool, array or tensor.
    """
    known = known_bands(values)
    return known.any(-1) if config.absent_bands else known.all(-1)


def composite_positions(t: int, months: Sequence[int] | None = None) -> np.ndarray:
    """Which position each composite has; 0 to 11 months, 12 to 15 quarters, 16 the year.

    Args:
        t: number of composites; without ``months`` 12 are the months, 4 the quarters, 1 the year.
        months: calendar month (1 to 12) of each.

    Returns:
        (T,) int64.

    Raises:
        ValueError: other numbers of composites, or months that are not so many different ones.
    """
    if months is not None:
        numbers = np.array(check_months(months), dtype=np.int64)
        if len(numbers) != t:
            raise ValueError(f"{len(numbers)} months for {t} composites; expected the month of each.")
        return numbers - 1
    first = {12: 0, 4: QUARTERS, 1: YEAR}.get(t)
    if first is None:
        raise ValueError(
            f"{t} composites given; expected 12 months, 4 quarters or 1 year. "
            "For other subsets say which months they are: months=[4, 5, 6, 7, 8, 9]."
        )
    return np.arange(first, first + t)


def as_arrays(
    series: Any, valid: Any = None, months: Sequence[int] | None = None, bands: Sequence[str] = ()
) -> tuple[Any, Any, Sequence[int] | None]:
    """Arrays of whatever was given as series.

    Args:
        series: a :class:`timesen_nb.series.PixelSeries`, a list of them, or arrays, which come back as they are. A
            DataArray is read by its names; months that it does not have are missing.
        valid: (N, T) bool with arrays; a PixelSeries says itself what is valid.
        months: calendar month (1 to 12) of each composite.
        bands: that are read of a DataArray; none: whichever it has.

    Returns:
        Values (N, T, C[, H, W]), valid (N, T) or None, and months, None where the composites are a whole year.

    Raises:
        ValueError: PixelSeries beside ``valid`` or other months, or beside something else in one list; a list of tables
            or DataArrays; a DataArray without these bands, or with other months.
    """
    if isinstance(series, PixelSeries):
        series = [series]
    if hasattr(series, "detach"):  # a torch tensor, without importing torch to see it
        series = series.detach().cpu().float().numpy()
    if isinstance(series, Sequence) and any(isinstance(s, PixelSeries) for s in series):
        if valid is not None or not all(isinstance(s, PixelSeries) for s in series):
            raise ValueError(
                "PixelSeries were given beside valid=, or beside arrays; expected PixelSeries alone, which say "
                "themselves what is missing, or one array (N, T, 10) with valid (N, T)."
            )
        if months is not None and list(months) != list(range(1, 13)):
            raise ValueError(
                f"months={list(months)} given for PixelSeries, which begin in January; expected them alone. Leave out "
                "months=; a month that shall not count is one that is not valid."
            )
        return np.stack([s.values for s in series]), np.stack([s.valid for s in series]), None
    if isinstance(series, list | tuple) and any(hasattr(s, "dims") or hasattr(s, "columns") for s in series):
        raise ValueError(
            f"a list of {type(series[0]).__name__} was given, whose names are not read; expected one DataArray: "
            "xr.concat(the_list, 'place'). Of tables: np.stack([table[list(tn.BANDS)] for table in the_list])."
        )
    values, named = in_order(series, bands)
    if named and months is not None and tuple(months) != named:
        raise ValueError(
            f"months={list(months)} given for series that name theirs: {', '.join(map(str, named))}; expected one of "
            "both. Leave out months=."
        )
    valid, own = in_order(valid)
    if named:
        values, months = whole_year(unmasked(values), named), None
    if valid is not None and (own or named):
        valid = whole_year(flags(valid), own or named)
    return values, valid, months


def months_there(values: Any, valid: Any = None, months: Sequence[int] | None = None) -> np.ndarray:
    """How many months series have: a quarter stands for three, and one annual composite for none.

    Args:
        values: (N, T, C[, H, W]); NaN, masked, 0 in all bands or a code for "no data" = missing.
        valid: (N, T) bool or None.
        months: calendar month of each composite, where they are a choice of the year.

    Returns:
        (N,) int, 0 to 12.
    """
    values, _ = without_codes(unmasked(values), 2)
    # NaN is not above 0
    there = (values > 0).reshape(*values.shape[:2], -1).any(axis=2)
    there &= True if valid is None else flags(valid)
    out: np.ndarray = there.sum(axis=1) * ({1: 0, 4: 3}.get(values.shape[1], 1) if months is None else 1)
    return out


def check_counts(months: Any, places: int) -> np.ndarray:
    """How many months places have, as :func:`months_there` gives it.

    Args:
        months: (N,) whole numbers.
        places: N.

    Returns:
        (N,) int.

    Raises:
        ValueError: another number of them than places, or others than 0 to 12.
    """
    given = np.asarray(months)
    if given.shape != (places,) or given.dtype.kind not in "iuf" or not np.isin(given, range(13)).all():
        raise ValueError(
            f"months given: {str(months)[:60]} for {places} places; expected how many months each has, 0 to 12, and 0 "
            "for one annual composite."
        )
    return given.astype(int)


def check_values(values: Any, valid: Any, config: EncoderConfig) -> np.ndarray:
    """Series as an encoder reads them, or refused.

    Codes for "no data" become NaN, with a warning, and so does what is 0 in all bands: see :mod:`timesen_nb.nodata`.

    Args:
        values: (N, T, C[, H, W]) reflectance x 10000, NaN = missing; masked values of a masked array are missing too.
        valid: (N, T) bool or None; False = the composite is missing, whatever it holds.
        config: of the encoder that reads them.

    Returns:
        (N, T, C, H, W) float32 with invalid composites NaN.

    Raises:
        ValueError: another shape; in a composite that is valid, infinite values or others that can be no reflectance;
            or reflectance from 0 to 1, all of it or some bands or composites, or in percent.
    """
    channels, patch = len(config.bands), config.patch
    x = unmasked(values)
    given = x.shape
    if x.ndim == 3:
        x = x[..., None, None]
    if x.ndim != 5 or not len(x) or x.shape[2] != channels or x.shape[3:] != (patch, patch):
        size = "" if patch == 1 else f", {patch}, {patch}"
        hint = " One series alone is values[None]." if len(given) == 2 else ""
        raise ValueError(
            f"values given have shape {given}; expected (N, T, {channels}{size}): pixels, composites, bands.{hint}"
        )
    if valid is not None:
        keep = flags(valid)
        if keep.shape != x.shape[:2]:
            raise ValueError(
                f"valid has shape {keep.shape} for values {given}; expected {x.shape[:2]}: one a composite."
            )
        x[~keep] = np.nan
    return cleaned_series(x, config.bands)


def cleaned_series(x: np.ndarray, bands: Sequence[str]) -> np.ndarray:
    """Series with NaN where data are missing by :mod:`timesen_nb.nodata`, or refused: whatever is read goes through it.

    Args:
        x: (N, T, C, H, W) float32 reflectance x 10000, NaN = missing. It is changed in place.
        bands: C names.

    Returns:
        The series.

    Raises:
        ValueError: infinite values or others that can be no reflectance; or reflectance from 0 to 1, all of it or some
            bands or composites, or in percent.
    """
    if np.isinf(x).any():
        raise ValueError(
            "values hold infinities; expected reflectance x 10000, with NaN where data are missing."
        )
    x = clean(x, bands, 2, "the series given")
    _check_scale(x, bands)
    return x


def _check_scale(x: np.ndarray, bands: Sequence[str]) -> None:
    """ValueError where reflectance goes from 0 to 1, or to 100: everywhere; or to 1 in one band or one composite."""
    if unit := other_unit(x):
        raise ValueError(f"the largest value is {np.nanmax(x):.3g}: {unit}")
    if (other := in_other_unit(x)).any():
        at = int(other.argmax())
        found = f"the largest value of series {at} is {np.nanmax(x[at]):.3g}, of all {np.nanmax(x):.6g}"
        if other.mean() > FEW:
            raise ValueError(f"{found}: {other_unit(x[at])}")
        x[other] = np.nan
        warnings.warn(f"{found}; {int(other.sum())} such series are taken as missing.", stacklevel=6)
    if np.fmin.reduce(x, axis=None, initial=np.inf) > SHARE:
        return
    largest, found = float(np.fmax.reduce(x, axis=None, initial=-np.inf)), ""
    if len(bands) > 1:
        of_bands = np.fmax.reduce(x, axis=(0, 1, 3, 4), initial=-np.inf)
        for i in np.flatnonzero((of_bands > 0) & (of_bands <= SHARE)).tolist():
            if fractions(x[:, :, i]).any():
                found = f"the largest value of {bands[i]} is {of_bands[i]:.3g}, of all bands {largest:.6g}"
        low = ((x[:, :, 0] <= SHARE) & fractions(x[:, :, 0])).any(axis=(-2, -1))
        low[low] = np.fmax.reduce(x[low], axis=(1, 2, 3), initial=-np.inf) <= SHARE
        if low.any():
            n, t = np.argwhere(low)[0]
            found = f"all bands of series {n}, composite {t}, are below {SHARE:g}, of all others up to {largest:.6g}"
    if found:
        raise ValueError(f"{found}: {AS_SHARE}")
