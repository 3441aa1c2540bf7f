"""Arrays that name their axes (xarray): read by the names, never by where an axis or a month happens to stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from timesen_nb.bands import AXES, band_positions, check_months

#: Axes whose steps are no months.
_COARSE = ("quarter", "year")


def in_order(given: Any, bands: Sequence[str] = ()) -> tuple[Any, tuple[int, ...] | None]:
    """An xarray DataArray as places, steps, bands, and what its steps are; anything else as it is.

    Args:
        given: a DataArray, whose axes, bands and months may have names and stand in any order; or any array.
        bands: that are read where bands have names; none: whichever are there.

    Returns:
        The array; and the calendar month (1 to 12) of each step, None where it does not say.

    Raises:
        ValueError: bands or months by name that are not those.
    """
    if not (hasattr(given, "dims") and hasattr(given, "coords") and hasattr(given, "isel")):
        return given, None
    names = {
        axis: d for axis in ("month", "time", "band") for d in given.dims if str(d).lower() in AXES[axis]
    }
    steps = [d for d in given.dims if d in (names.get("month"), names.get("time")) or d in _COARSE]
    band = names.get("band")
    if len(steps) == 1:
        rest = [d for d in given.dims if d not in (band, *steps)]
        given = given.transpose(*rest[:1], *steps, *([band] if band else []), *rest[1:])
    if bands and band in given.coords and given[band].dtype.kind not in "iuf":
        given = given.isel({band: band_positions(given[band].values.tolist(), bands)})
    if "quarter" in steps:
        given = quarters_in_order(given)
    if len(steps) != 1 or steps[0] in _COARSE or steps[0] not in given.coords:
        return given.values, None
    return given.values, _months(given[steps[0]])


def quarters_in_order(given: Any) -> Any:
    """A DataArray with a dimension quarter, from the first to the fourth where it says which they are.

    Args:
        given: with or without numbers of quarters.

    Returns:
        The same, in order.

    Raises:
        ValueError: other numbers than 1 to 4, each once.
    """
    if "quarter" not in given.coords:
        return given
    numbers = given["quarter"].values.tolist()
    if sorted(map(str, numbers)) != ["1", "2", "3", "4"]:
        raise ValueError(
            f"quarters given: {', '.join(map(str, numbers))}; expected 1 to 4, each once, or no numbers and "
            "the order of the year."
        )
    return given.isel(quarter=np.argsort([int(n) for n in numbers]))


def whole_year(given: np.ndarray, months: Sequence[int] | None) -> np.ndarray:
    """Twelve steps, January first, of an array of some months: those that are not there are missing.

    Args:
        given: (N, T, ...) float or bool.
        months: calendar month of each of T steps; None: the array as it is.

    Returns:
        (N, 12, ...): NaN, or False, in months that are not there; an array of other steps comes back as it is.
    """
    if months is None or given.ndim < 2 or given.shape[1] != len(months):
        return given
    missing = False if given.dtype.kind == "b" else np.nan
    out = np.full((len(given), 12, *given.shape[2:]), missing, dtype=given.dtype)
    out[:, np.array(months) - 1] = given
    return out


def _months(steps: Any) -> tuple[int, ...]:
    """The calendar months of a DataArray's steps, from their numbers or their dates."""
    what = f"the series given have along {steps.name!r} the months"
    if steps.dtype.kind != "M":
        return check_months(steps.values.tolist(), what)
    if len(steps) in (1, 4):
        raise ValueError(
            f"the series given have {len(steps)} dates along {steps.name!r}, which may be months, quarters or a year; "
            "expected to be told. Name the dimension 'quarter' or 'year', or 'month' with numbers from 1 to 12."
        )
    return check_months(steps.dt.month.values.tolist(), what)
