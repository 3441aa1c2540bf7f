"""The arrays of training pairs as they are kept, and what they must hold: refused by place, with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from timesen_nb.arrays import check_not_bytes, unmasked, with_masks
from timesen_nb.bands import BANDS, check_order
from timesen_nb.nodata import HIGHEST, in_other_unit, other_unit

#: What stands for NaN where series are kept as 16-bit integers.
MISSING = -32768


def as_series(given: Any) -> np.ndarray:
    """Series as an array, int16 or float32, what a mask hides NaN; ValueError where names say another order."""
    check_order(given, ("place", "month", "band"), "the series given")
    check_not_bytes(given, "what is given as series")
    return as_array(given, (np.int16, np.float32))


def as_numbers(values: np.ndarray, bands: int) -> np.ndarray:
    """Series as float32 of their own, bands along axis ``bands``; what is MISSING, and 0 in all bands, is NaN."""
    out = values.astype(np.float32)
    if values.dtype == np.int16:
        out[values == MISSING] = np.nan
    np.copyto(out, np.nan, where=(out == 0).all(axis=bands, keepdims=True))
    return out


def as_array(given: Any, kept: tuple[type, ...]) -> np.ndarray:
    """As an array of its own type, if that is kept, or else float32; what a mask hides is NaN."""
    given = with_masks(given)
    # asarray would take from a mapped file what says that it is one
    plain = given if isinstance(given, np.ndarray) else np.asarray(given)
    array = unmasked(given) if np.ma.isMaskedArray(given) else plain
    return array if array.dtype in kept else array.astype(np.float32)


def bands_of(values: np.ndarray, given: Sequence[str] | None) -> tuple[str, ...] | None:
    """Names of the bands along axis 2: those given, or ours where there are as many; ValueError unless one a band."""
    count = values.shape[2]
    if given is None:
        return BANDS if count == len(BANDS) else None
    if not len(set(given)) == len(given) == count:
        raise ValueError(
            f"bands given: {', '.join(map(str, given))}, for series of {count}; expected the name of each, once."
        )
    return tuple(given)


def check_series(series: np.ndarray, start: int) -> None:
    """ValueError unless series (n, T, C, H, W), from place ``start`` on, are reflectance x 10000 with some month."""
    places = f"places {start} to {start + len(series) - 1}"
    known = np.where(np.isnan(series), 0.0, series)
    low, high = known.min(), known.max()
    if not high <= HIGHEST or low < 0:
        raise ValueError(
            f"reflectance from {low:.4g} to {high:.4g} among {places}; expected reflectance x 10000, finite, "
            f"not negative and up to {HIGHEST:.0f}. Set no-data codes to NaN and clip noise below zero to 0."
        )
    if unit := other_unit(series):
        raise ValueError(f"the largest reflectance among {places} is {high:.3g}: {unit}")
    if (other := in_other_unit(series)).any():
        at = int(other.argmax())
        raise ValueError(
            f"the largest reflectance of place {start + at} is {known[at].max():.3g}: {other_unit(series[at])}"
        )
    dark = np.isnan(series).reshape(len(series), -1).all(axis=1)
    _check_lost(dark, start, "no month with data", "at least one")


def check_places(lonlats: np.ndarray) -> None:
    """ValueError unless they are (N, 2) degrees on Earth."""
    if lost := int(np.isnan(lonlats).reshape(len(lonlats), -1).any(axis=1).sum()):
        raise ValueError(
            f"{lost} of {len(lonlats)} places have no longitude or latitude; expected (N, 2) degrees. Leave these "
            "places out, or give lonlats=None."
        )
    if lonlats.ndim != 2 or lonlats.shape[1] != 2 or not (np.abs(lonlats) <= (180, 90)).all():
        raise ValueError(
            f"lonlats {lonlats.shape} from {lonlats.min():.6g} to {lonlats.max():.6g} were given; expected (N, 2) "
            "degrees, longitude before latitude."
        )


def check_photos(photos: np.ndarray, start: int) -> None:
    """ValueError unless each place, from ``start`` on, has a photo vector with a direction: (n, D) or (n, V, D)."""
    views = photos.reshape(len(photos), -1, photos.shape[-1])
    missing = np.isnan(views).any(axis=-1)  # (n, V)
    with np.errstate(over="ignore"):
        length = np.linalg.norm(views, axis=-1)
    wrong = ~missing & ((length == 0) | np.isinf(length))
    _check_lost(missing.all(axis=1), start, "no photo embedding", "at least one")
    _check_lost(
        wrong.any(axis=1),
        start,
        "a photo vector that is infinite or zero",
        "directions, as a tower gives them",
    )


def _check_lost(lost: np.ndarray, start: int, what: str, expected: str) -> None:
    if lost.any():
        rows = ", ".join(str(start + i) for i in np.flatnonzero(lost)[:5])
        raise ValueError(
            f"{int(lost.sum())} places have {what} (rows {rows}, ...); expected {expected}. Leave them out: pairs.take."
        )
