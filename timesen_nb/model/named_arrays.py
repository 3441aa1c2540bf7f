"""Arrays that name their axes (xarray): read by the names, never by where an axis or a month happens to stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from timesen_nb.bands import AXES, band_positions, check_months, only_counted

#: Axes whose steps are no months, and how many there are.
COARSE = {"quarter": 4, "year": 1}


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
    steps = [d for d in given.dims if d in (names.get("month"), names.get("time")) or d in COARSE]
    band = names.get("band")
    if len(steps) == 1:
        rest = [d for d in given.dims if d not in (band, *steps)]
        given = given.transpose(*rest[:1], *steps, *([band] if band else []), *rest[1:])
    if bands and band in given.coords and not only_counted(given[band].values.tolist()):
        given = given.isel({band: band_positions(given[band].values.tolist(), bands)})
    if len(steps) == 1:
        check_steps(given, str(steps[0]))
    elif not steps and band and given.ndim > 2:
        _check_unnamed(given)
    if "quarter" in steps:
        given = quarters_in_order(given)
    if len(steps) != 1 or steps[0] in COARSE or steps[0] not in given.coords:
        return given.values, None
    return given.values, _months(given[steps[0]])


def check_steps(given: Any, axis: str) -> None:
    """ValueError in words where an axis has other steps than its name says, and nothing says which they are.

    Args:
        given: a DataArray.
        axis: "quarter", "year", or a name of months.
    """
    steps, expected = given.sizes[axis], COARSE.get(axis, 12)
    if steps == expected or (axis not in COARSE and axis in given.coords):
        return
    cure = {
        "year": "Of several years: take one, given.isel(year=0), or say which months they are",
        "quarter": "Median of three months each: given.groupby('time.quarter').median()",
    }.get(axis, "Say which months they are: given.assign_coords(month=[6, 7, 8])")
    raise ValueError(f"{axis} given with {steps} steps; expected {expected}. {cure}.")


def _check_unnamed(given: Any) -> None:
    """ValueError where the axis of the steps has names of its own, such as seasons: they are no months or quarters."""
    axis = given.dims[1]
    if axis in given.coords and given[axis].dtype.kind in "OUS":
        raise ValueError(
            f"the second axis given is {axis!r}: {', '.join(map(str, given[axis].values[:6]))}; expected month, "
            "quarter (January to March is the first) or year. Of dates: given.groupby('time.quarter').median()."
        )


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
