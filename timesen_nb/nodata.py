"""What stands for "no data" where nobody says so, and what can be reflectance at all: one rule for whatever comes in.

Cube files, tables of points, Sen4Map and ``model.encode`` go through it, in reflectance x 10000:

1. a known code (:data:`CODES`, or anything beyond :data:`HUGE`) is missing, and said;
2. the same number, 0 or less, in all bands of an observation is missing: 0 is what Sentinel-2 products write, -1000
   what becomes of it when the radiometric offset is taken off. 0 in one band is a value: clipped dark water;
3. whatever else lies outside :data:`LOWEST` to :data:`HIGHEST` is refused by name. Snow and glint exceed 10,000, and a
   small negative reflectance is noise and a value;
4. reflectance from 0 to 1, or in percent, is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

#: What formats, tools and archives write for "no data": GDAL and FORCE -9999, Digital Earth Australia -999, the limits
#: of 16-bit integers and NetCDF's default of them, and -1 where reflectance goes from 0 to 1.
CODES = (-999.0, -9999.0, -10000.0, -99999.0, -32767.0, -32768.0, 32767.0, 65535.0)
#: Limits of 32-bit integers, 1e20 (CMIP), 9.97e36 (NetCDF), 3.4e38 (GDAL) and infinity lie beyond, and no reflectance.
HUGE = 1e9
#: Between these reflectance x 10000 lies.
LOWEST, HIGHEST = -2000.0, 20_000.0
#: Reflectance from 0 to 1 ends here, with snow and glint.
SHARE = 2.0
#: And in percent here. The darkest of 47,000 real series, water all of them, reach more than 300 x 10000 in a year.
PERCENT = 120.0
#: So many values are a year's: bands times months. Where none of them is above that, whole numbers are percent too.
YEAR = 120
AS_SHARE = "this looks like reflectance from 0 to 1; expected reflectance x 10000. Multiply by 10000."
AS_PERCENT = "this looks like reflectance in percent; expected reflectance x 10000. Multiply by 100."
#: Codes are met again within this share of them: what was divided by 10000 and multiplied again is not exact.
_NEAR = 2e-6


def with_masks(values: Any) -> Any:
    """What was given, a list of masked arrays as one: as an array of numbers it would lose its masks.

    Args:
        values: anything.

    Returns:
        A masked array (``numpy.ma``) where there is a mask, else the values as they are.

    Raises:
        ValueError: masked arrays of several shapes.
    """
    if isinstance(values, list | tuple) and any(np.ma.isMaskedArray(each) for each in values):
        return np.ma.stack(values)
    return values


def unmasked(values: Any, *, codes: bool = False) -> np.ndarray:
    """Numbers as float32 of their own, NaN where a masked array (``numpy.ma``) hides them.

    Args:
        values: an array, a list, a masked array, a list of these.
        codes: they are classes, which fit into bytes, and no reflectance.

    Returns:
        The same shape.

    Raises:
        ValueError: what is given holds no numbers, or bytes.
    """
    if not codes:
        check_not_bytes(values, "what is given")
    try:
        values = with_masks(values)
        kind = np.asanyarray(values).dtype.kind
        if kind in "cmM":
            raise TypeError("real numbers are needed")
        # what float32 cannot hold becomes infinite, and is refused as such by whoever reads it
        with np.errstate(over="ignore"):
            if np.ma.isMaskedArray(values):
                return np.asarray(np.ma.filled(values.astype(np.float32), np.nan))
            return np.array(values, dtype=np.float32)
    except (TypeError, ValueError) as problem:
        raise ValueError(
            f"the values given are no array of numbers ({str(problem)[:100]}); expected reflectance x 10000, NaN where "
            "data are missing."
        ) from None


def check_not_bytes(values: Any, what: str) -> None:
    """Refuse numbers of eight bits, which no reflectance x 10000 fits into.

    Args:
        values: anything.
        what: what they are, in words.

    Raises:
        ValueError: an array of bytes.
    """
    first = values[0] if isinstance(values, list | tuple) and len(values) else values
    kind = getattr(first, "dtype", None)
    if kind is not None and kind in (np.uint8, np.int8):
        raise ValueError(
            f"{what} is of type {kind}, which ends at {np.iinfo(kind).max}: colours of a picture, or percent; expected "
            "reflectance x 10000. Read the bands themselves, and multiply percent by 100."
        )


def flags(valid: Any) -> np.ndarray:
    """What is there, as bool.

    Args:
        valid: bool, or 0 and 1; what a masked array hides is not there.

    Returns:
        The same shape.

    Raises:
        ValueError: anything else: text and NaN would count as true.
    """
    valid = with_masks(valid)
    given = np.ma.filled(valid, 0) if np.ma.isMaskedArray(valid) else np.asarray(valid)
    if given.dtype.kind != "b" and not (given.dtype.kind in "iuf" and np.isin(given, (0, 1)).all()):
        example = given.ravel()[0] if given.size else "nothing"
        raise ValueError(
            f"valid holds {given.dtype}, such as {example!r}; expected True and False, or 1 and 0."
        )
    return given.astype(bool)


def check_unmasked(values: Any, what: str) -> None:
    """Refuse a masked array that hides some: what lies behind the mask would be counted.

    Args:
        values: anything that is counted place by place.
        what: what it is, in words.

    Raises:
        ValueError: values behind a mask.
    """
    if hidden := int(np.ma.count_masked(values)):
        raise ValueError(
            f"{what} hides {hidden} of {np.size(values)} values behind a mask; expected one of each place. Leave these "
            "places out of all that is given: x[~mask]."
        )


def known_codes(
    values: np.ndarray, also: Sequence[float] = ()
) -> tuple[np.ndarray | None, tuple[float, ...]]:
    """Where values are codes for "no data".

    Args:
        values: of any shape, as stored or x 10000; NaN is no code.
        also: further codes that somebody declared.

    Returns:
        A mask of the same shape, or None where there is no code, as is quickly seen; and the codes that were met, of
        those beyond :data:`HUGE` the lowest and the highest.
    """
    low, high = _ends(values)
    declared = [float(code) for code in also if np.isfinite(code)]
    if low > max(CODES[:6]) * (1 - _NEAR) and high < CODES[6] * (1 - _NEAR) and not declared:
        return None, ()
    mask = np.abs(values) >= HUGE
    met = {float(v) for v in (low, high) if abs(v) >= HUGE}
    for code in dict.fromkeys((*CODES, *declared)):
        if low - 1 <= code <= high + 1:
            here = np.abs(values - np.float32(code)) <= abs(code) * _NEAR
            if here.any():
                met.add(code)
                mask |= here
    return (mask, tuple(sorted(met))) if met else (None, ())


def blank(values: np.ndarray, axis: int) -> tuple[np.ndarray | None, tuple[float, ...]]:
    """Where all bands hold the same number, 0 or less.

    Args:
        values: bands along ``axis``; NaN is missing already.
        axis: of the bands.

    Returns:
        A mask without the bands' axis, or None where there is none; and the numbers that were met.
    """
    if not _ends(values)[0] <= 0:
        return None, ()
    last = np.moveaxis(values, axis, -1)
    # most observations are seen by one band alone
    mask = last[..., 0] <= 0
    few = last[mask]
    same = (few == few[:, :1]).all(axis=-1)
    if few.shape[-1] < 3:
        # so few bands may well be below zero by the same noise
        same &= few[:, 0] == 0
    mask[mask] = same
    return (mask, tuple(np.unique(few[same, 0]).tolist())) if same.any() else (None, ())


def without_codes(
    values: np.ndarray, axis: int, also: Sequence[float] = ()
) -> tuple[np.ndarray, tuple[float, ...]]:
    """Values with NaN where they are missing by rule 1 or 2.

    Args:
        values: float32, bands along ``axis``. They are changed in place.
        axis: of the bands.
        also: codes that somebody declared.

    Returns:
        The values, and the codes that were met and that nobody declared; 0 in all bands is no news.
    """
    codes, met = known_codes(values, also)
    if codes is not None:
        values[codes] = np.nan
    empty, numbers = blank(values, axis)
    if empty is not None:
        values[np.broadcast_to(np.expand_dims(empty, axis), values.shape)] = np.nan
    news = {*met, *numbers} - {0.0} - {float(code) for code in also}
    return values, tuple(sorted(news))


def outside(values: np.ndarray) -> np.ndarray | None:
    """Where values cannot be reflectance x 10000 (rule 3).

    Args:
        values: of any shape, x 10000; NaN can.

    Returns:
        A mask of the same shape, or None where all can.
    """
    low, high = _ends(values)
    return None if low >= LOWEST and high <= HIGHEST else (values < LOWEST) | (values > HIGHEST)


def other_unit(values: np.ndarray) -> str:
    """What values look like that are all too small for reflectance x 10000 (rule 4).

    Args:
        values: of whole series, of any shape; NaN = missing.

    Returns:
        Words that say so and what to do, or "" where they may be x 10000.
    """
    largest = _ends(values)[1]
    if not 0 < largest <= PERCENT:
        return ""
    if largest <= SHARE:
        return AS_SHARE
    return AS_PERCENT if _fractions(values).any() or np.isfinite(values).sum() >= YEAR else ""


def in_other_unit(series: np.ndarray) -> np.ndarray:
    """Which series look like shares of one or percent, whatever stands beside them (rule 4).

    Args:
        series: (n, ...) whole series, NaN = missing.

    Returns:
        (n,) bool.
    """
    flat = series.reshape(len(series), -1)
    largest = np.fmax.reduce(flat, axis=1, initial=-np.inf)
    found: np.ndarray = (largest > 0) & (largest <= PERCENT)
    found[found] = _fractions(flat[found]).any(axis=1)
    return found


def _fractions(values: np.ndarray) -> np.ndarray:
    """Where values are neither whole nor halves, as counts and their medians are: dark water, Sen4Map's clouds."""
    out: np.ndarray = np.isfinite(values) & (values * 2 % 1 > 1e-3)
    return out


#: Among many series so few may hold a value that is no reflectance: theirs are composites lost, not another unit.
FEW = 0.01


def clean(values: np.ndarray, bands: Sequence[str], axis: int, what: str) -> np.ndarray:
    """Series by all three rules, with a warning for codes that nobody declared.

    Where at most :data:`FEW` of the series hold a value that is no reflectance, the composites it stands in are
    missing, and a warning says so; more of them are refused.

    Args:
        values: float32 reflectance x 10000, bands along ``axis``, NaN = missing. They are changed in place.
        bands: names of the bands, for the words of a refusal.
        axis: of the bands.
        what: what the values are, in words: "the series given".

    Returns:
        The values.

    Raises:
        ValueError: a value that is neither a known code nor reflectance x 10000, by band and value.
    """
    values, met = without_codes(values, axis)
    if met:
        say_codes(met, what)
    wrong = outside(values)
    if wrong is not None:
        at = tuple(np.argwhere(wrong)[0])
        found = (
            f"{what}: {bands[at[axis]]} is {values[at]:g} at index {', '.join(map(str, at))}, and {int(wrong.sum())} "
            f"values in all are no reflectance"
        )
        expected = f"expected reflectance x 10000 between {LOWEST:g} and {HIGHEST:g}"
        series = int(wrong.reshape(len(wrong), -1).any(axis=1).sum())
        if series > FEW * len(wrong):
            raise ValueError(f"{found}; {expected}. Put NaN where data are missing, and scale the rest.")
        composites = wrong.any(axis=tuple(range(axis, wrong.ndim)), keepdims=True)
        values[np.broadcast_to(composites, values.shape)] = np.nan
        warnings.warn(
            f"{found}; {expected}. The composites of {series} series that hold them are taken as missing.",
            stacklevel=4,
        )
    return values


def check_used(values: np.ndarray, used: np.ndarray, days: np.ndarray, bands: Sequence[str]) -> None:
    """Refuse observations that are used and cannot be reflectance (rule 3).

    Args:
        values: (t, bands, ...) x 10000, NaN = missing.
        used: (t, ...) which of them enter a median.
        days: (t,) their dates.
        bands: names of the bands.

    Raises:
        ValueError: by band, value and date.
    """
    mask = outside(values)
    if mask is None:
        return
    wrong = np.argwhere(mask & used[:, None])
    if len(wrong):
        t, band, *at = wrong[0]
        raise ValueError(
            f"{bands[band]} is {values[(t, band, *at)]:g} on {days[t]}, and {len(wrong)} values in all are no "
            f"reflectance; expected reflectance x 10000 between {LOWEST:g} and {HIGHEST:g}. Put NaN where data are "
            "missing, and scale the rest."
        )


def say_codes(codes: Sequence[float], what: str) -> None:
    """Warn that codes stand in values and were taken as missing.

    Args:
        codes: that were met.
        what: what the values are, in words.
    """
    warnings.warn(
        f"{what}: {said(codes)} stands for no data without being declared so; it is taken as missing. Declare it, or "
        "put NaN in its place.",
        UserWarning,
        stacklevel=2,
    )


def said(codes: Sequence[float]) -> str:
    """Codes in words.

    Args:
        codes: numbers.

    Returns:
        Such as ``"-9999"``, ``"-9999 and 9.96921e+36"``.
    """
    return " and ".join(f"{code:g}" for code in codes)


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Lowest and highest value that is not NaN; infinite, the wrong way round, where there is none."""
    return (
        float(np.fmin.reduce(values, axis=None, initial=np.inf)),
        float(np.fmax.reduce(values, axis=None, initial=-np.inf)),
    )
