"""Series as people have them -> the arrays that encoders read; and which of their composites can be read at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import band_name
from timesen_nb.nodata import clean, flags, unmasked
from timesen_nb.series import PixelSeries

if TYPE_CHECKING:
    from timesen_nb.model.config import EncoderConfig

#: Numbers of composites' positions: 0 to 11 the months, from here on the quarters, then the year.
QUARTERS, YEAR, POSITIONS = 12, 16, 17
#: Reflectance from 0 to 1 ends here, with snow and glint.
_SHARE = 2.0


def known_bands(values: Any) -> Any:
    """(N, T, C) bool: the band is there over the whole patch.

    Args:
        values: (N, T, C[, H, W]) numpy array or torch tensor, NaN = missing.
    """
    # NaN is the only value that differs from itself: one line for arrays and for tensors
    return (values == values).reshape(*values.shape[:3], -1).all(-1)


def readable(values: Any, config: EncoderConfig) -> Any:
    """(N, T) bool: the composites that an encoder of this configuration can read.

    A composite with a band missing is missing as a whole, unless the encoder has learned vectors for absent bands. This
    is the one place that decides it, for training, inference and evaluation.

    Args:
        values: (N, T, C[, H, W]) numpy array or torch tensor, NaN = missing.
        config: of the encoder.
    """
    known = known_bands(values)
    return known.any(-1) if config.absent_bands else known.all(-1)


def composite_positions(t: int, months: Sequence[int] | None = None) -> np.ndarray:
    """(T,) int64: which position each of t composites has; 0 to 11 months, 12 to 15 quarters, 16 the year.

    Args:
        t: number of composites; without ``months`` 12 are the months, 4 the quarters, 1 the year.
        months: calendar month (1 to 12) of each.

    Raises:
        ValueError: other numbers of composites, or months that are not so many different ones.
    """
    if months is not None:
        if len(months) != t or len(set(months)) != t or not all(m in range(1, 13) for m in months):
            raise ValueError(
                f"months={list(months)} for {t} composites; expected {t} different calendar months from 1 to 12."
            )
        return np.array(months, dtype=np.int64) - 1
    first = {12: 0, 4: QUARTERS, 1: YEAR}.get(t)
    if first is None:
        raise ValueError(
            f"{t} composites given; expected 12 months, 4 quarters or 1 year. "
            "For other subsets say which months they are: months=[4, 5, 6, 7, 8, 9]."
        )
    return np.arange(first, first + t)


def as_arrays(series: Any, valid: Any = None) -> tuple[Any, Any]:
    """Values (N, T, C[, H, W]) and valid (N, T) or None, of whatever was given as series.

    Args:
        series: a :class:`~timesen_nb.series.PixelSeries`, a list of them, or arrays, which come back as they are.
        valid: (N, T) bool with arrays; a PixelSeries says itself what is valid.

    Raises:
        ValueError: no series in the list, or ``valid`` beside PixelSeries.
    """
    if isinstance(series, PixelSeries):
        series = [series]
    if not (isinstance(series, Sequence) and any(isinstance(s, PixelSeries) for s in series)):
        return series, valid
    if valid is not None or not all(isinstance(s, PixelSeries) for s in series):
        raise ValueError(
            "PixelSeries were given beside valid=, or beside arrays; expected PixelSeries alone, which say themselves "
            "what is missing, or one array (N, T, 10) with valid (N, T)."
        )
    return np.stack([s.values for s in series]), np.stack([s.valid for s in series])


def check_values(values: Any, valid: Any, config: EncoderConfig) -> np.ndarray:
    """Series as (N, T, C, H, W) float32 with invalid composites NaN.

    Codes for "no data" become NaN, with a warning, and so does what is 0 in all bands: see :mod:`timesen_nb.nodata`.

    Args:
        values: (N, T, C[, H, W]) reflectance x 10000, NaN = missing; masked values of a masked array are missing too. A
            DataArray's dimensions ``band`` and ``month`` are put in order by their names.
        valid: (N, T) bool or None; False = the composite is missing, whatever it holds.
        config: of the encoder that reads them.

    Raises:
        ValueError: another shape; in a composite that is valid, infinite values or others that can be no reflectance;
            or reflectance from 0 to 1, all of it or some bands or composites.
    """
    channels, patch = len(config.bands), config.patch
    x = unmasked(_in_order(values, config.bands))
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
    if np.isinf(x).any():
        raise ValueError(
            "values hold infinities; expected reflectance x 10000, with NaN where data are missing."
        )
    x = clean(x, config.bands, 2, "the series given")
    _check_scale(x, config.bands)
    return x


def _in_order(values: Any, bands: Sequence[str]) -> Any:
    """An xarray DataArray by its names: months before bands, each in the order that is read; else what is given."""
    dims = getattr(values, "dims", ())
    if "band" not in dims or not hasattr(values, "coords"):
        return values
    steps = [d for d in dims if d in ("month", "time")]
    rest = [d for d in dims if d not in ("band", *steps)]
    if len(steps) == 1 and rest:
        values = values.transpose(rest[0], steps[0], "band", *rest[1:])
    if "band" in values.coords and values["band"].dtype.kind in "OU":
        names = [band_name(n) for n in values["band"].values.tolist()]
        lost = [b for b in bands if b not in names]
        if lost:
            raise ValueError(
                f"the series given have the bands {', '.join(map(str, values['band'].values))}; expected "
                f"{', '.join(lost)} among them."
            )
        values = values.isel(band=[names.index(b) for b in bands])
    if "month" in values.coords and sorted(values["month"].values.tolist()) == list(range(1, 13)):
        values = values.sortby("month")
    return values.values


def _check_scale(x: np.ndarray, bands: Sequence[str]) -> None:
    """ValueError where reflectance goes from 0 to 1: everywhere, in one band, or in one composite."""
    if np.fmin.reduce(x, axis=None, initial=np.inf) > _SHARE:
        return
    largest = float(np.fmax.reduce(x, axis=None, initial=-np.inf))
    found = ""
    if 0 < largest <= _SHARE:
        found = f"the largest value is {largest:.3g}"
    elif len(bands) > 1:
        of_bands = np.fmax.reduce(x, axis=(0, 1, 3, 4), initial=-np.inf)
        for i in np.flatnonzero((of_bands > 0) & (of_bands <= _SHARE)).tolist():
            if _no_count(x[:, :, i]).any():
                found = f"the largest value of {bands[i]} is {of_bands[i]:.3g}, of all bands {largest:.6g}"
        low = ((x[:, :, 0] <= _SHARE) & _no_count(x[:, :, 0])).any(axis=(-2, -1))
        low[low] = np.fmax.reduce(x[low], axis=(1, 2, 3), initial=-np.inf) <= _SHARE
        if low.any():
            n, t = np.argwhere(low)[0]
            found = f"all bands of series {n}, composite {t}, are below {_SHARE:g}, of all others up to {largest:.6g}"
    if found:
        raise ValueError(
            f"{found}: this looks like reflectance from 0 to 1; expected reflectance x 10000. Multiply by 10000."
        )


def _no_count(x: np.ndarray) -> np.ndarray:
    """True where a value is neither whole nor a half, as medians of whole numbers are: dark water that was clipped."""
    return np.isfinite(x) & (x * 2 % 1 > 0)
