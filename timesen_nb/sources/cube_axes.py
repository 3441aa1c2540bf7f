"""A cube's axes: its dates or months, and the centres of its pixels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import xarray as xr

from timesen_nb.bands import AXES, check_months

#: Days that a monthly composite may span: some reach into the months beside it.
_LONGEST = 45


def by_step(variable: xr.DataArray, name: str) -> xr.DataArray:
    """A band as (time or month, y, x), without axes of one; ValueError, by its name, where it has others."""
    variable = variable.squeeze(
        [d for d in variable.dims if variable.sizes[d] == 1 and d not in AXES], drop=True
    )
    for step in ("time", "month"):
        if set(variable.dims) == {step, "y", "x"}:
            if 0 in variable.shape:
                raise ValueError(f"{name} is empty: its shape is {variable.shape}.")
            return variable.transpose(step, "y", "x")
    raise ValueError(
        f"{name} has the dimensions {', '.join(map(str, variable.dims))}; expected time or month, y and x, and "
        "nothing else."
    )


def dates_of(data: xr.Dataset, time: xr.DataArray) -> np.ndarray:
    """(t,) UTC, in seconds; the middle of the period where the file states periods."""
    periods = time.encoding.get("bounds", time.attrs.get("bounds"))
    times: Any = time.values
    if periods in data.variables and data[periods].size == time.size * 2:
        ends = data[periods].values.reshape(-1, 2)
        if ends.dtype.kind == "M":
            longest = int(np.argmax(np.abs(ends[:, 1] - ends[:, 0])))
            check_period(*ends[longest].astype("datetime64[D]"))
            times = ends[:, 0] + (ends[:, 1] - ends[:, 0]) // 2
    if times.dtype.kind not in "MUSO":
        raise ValueError(f"its time is {times.dtype} without units; expected dates, or a dimension 'month'.")
    if times.dtype.kind != "M":
        given = [t.decode() if isinstance(t, bytes) else t for t in times.tolist()]
        given = [t.isoformat() if hasattr(t, "isoformat") else t for t in given]
        try:
            times = np.array([_stamp(t) for t in given], dtype="datetime64[s]")
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"its time cannot be read as dates ({given[0]!r} ...); expected datetime64 or texts such as "
                "2018-03-05T10:50:31."
            ) from error
    dates: np.ndarray = times.astype("datetime64[s]")
    if np.isnat(dates).any():
        raise ValueError("its time holds dates that are missing.")
    return dates


def _stamp(text: Any) -> Any:
    """What a text says in UTC; midnight, and the last minute of a day, of a zone that it states are a date there."""
    import pandas as pd

    # one format, for 01/02 is two days of the year
    stamp = pd.to_datetime(text, format="ISO8601")
    if stamp.tz is not None:
        local = stamp.tz_localize(None)
        is_date = local == local.normalize() or (local.hour, local.minute) == (23, 59)
        stamp = local.normalize() if is_date else stamp.tz_convert("UTC").tz_localize(None)
    return stamp.to_datetime64()


def check_period(start: np.datetime64, end: np.datetime64) -> None:
    """Refuse a composite of more than a month: it is no month of the twelve.

    Args:
        start: its first day.
        end: its last.

    Raises:
        ValueError: it is longer than 45 days.
    """
    if abs(end - start) > np.timedelta64(_LONGEST, "D"):
        raise ValueError(
            f"it holds a composite of {start} to {end}, and a month is expected. Annual and quarterly composites are "
            "no source: give their values (places, 1 or 4, 10) to model.encode, as annual and quarters of "
            "timesen_nb.composite make them."
        )


def months_of(month: xr.DataArray) -> np.ndarray:
    """(t,) calendar months, 1 to 12."""
    if "month" not in month.coords or not month.size:
        raise ValueError("its months are not numbered; expected numbers from 1 to 12 as coordinates.")
    return np.array(check_months(month.values.tolist(), "its months"), dtype=int)


def year_of(data: xr.Dataset) -> int | None:
    """The one year that a monthly cube says, as an attribute of the file or its variables or as a coordinate."""
    owners = (data.attrs, *(v.attrs for v in data.variables.values()))
    given = [value for owner in owners for key, value in owner.items() if str(key).lower() == "year"]
    given += [
        v.values for n, v in data.coords.items() if str(n).lower() == "year" and {*v.dims} <= {n, "month"}
    ]
    texts = {str(y).strip() for value in given for y in np.ravel(value)}
    found = (re.fullmatch(r"(\d{4})(\.0*|-\d\d-\d\d.*)?", text) for text in texts)
    years = sorted({int(year[1]) for year in found if year})
    if len(years) > 1:
        raise ValueError(
            f"its months say that they are of {' and '.join(map(str, years))}; expected one year."
        )
    return years[0] if years else None


_OF_AXIS = {
    "x": ("longitude", "projection_x_coordinate", "grid_longitude"),
    "y": ("latitude", "projection_y_coordinate", "grid_latitude"),
}


def check_axis_names(bands: xr.Dataset) -> None:
    """Refuse coordinates along x that say they are latitude or northing, and the other way round.

    Args:
        bands: with the coordinates x and y.

    Raises:
        ValueError: they are swapped.
    """
    for axis, other in (("x", "y"), ("y", "x")):
        attributes = bands[axis].attrs
        name, units = (str(attributes.get(key, "")).strip().lower() for key in ("standard_name", "units"))
        east = units.startswith(("degrees_e", "degree_e"))
        north = units.startswith(("degrees_n", "degree_n"))
        if name in _OF_AXIS[other] or (axis == "x" and north) or (axis == "y" and east):
            raise ValueError(
                f"its {axis} says that it is {name or units}; expected {_OF_AXIS[axis][0]} or metres "
                f"{'east' if axis == 'x' else 'north'} there. Swap the names of the two axes in the file."
            )


def centres_of(bands: xr.Dataset, axis: str) -> np.ndarray:
    """Pixel centres; those that 32-bit numbers round are put back on their even grid."""
    if axis not in bands.coords:
        raise ValueError(f"its {axis} has no coordinates; expected the pixel centres.")
    stored = bands[axis].values
    if stored.dtype.kind not in "iuf":
        raise ValueError(f"its {axis} coordinates are {stored.dtype}; expected numbers: the pixel centres.")
    centres = stored.astype(float)
    if len(centres) > 1 and np.isfinite(centres).all():
        # the mean rise of both halves, so that no single rounding tilts the grid
        steps = np.arange(len(centres))
        rise, first = np.polyfit(steps, centres - centres[0], 1)
        even = centres[0] + first + rise * steps
        off, size = np.abs(centres - even).max(), abs(rise)
        rounded = 2 * float(np.finfo(np.float32).eps) * np.abs(centres).max()
        if size > 0 and off <= max(1e-3 * size, min(rounded, size / 4)):
            return centres if off <= 1e-6 * size else even
        if size > 0 and off <= rounded:
            raise ValueError(
                f"its {axis} coordinates are too coarse: {size:.3g} a pixel, rounded to {rounded:.3g}. Write them as "
                "64-bit numbers."
            )
    if not np.isfinite(centres).all() or len(centres) > 1:
        raise ValueError(f"its {axis} coordinates are not evenly spaced; expected a grid of equal pixels.")
    return centres
