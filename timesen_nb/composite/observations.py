"""Dated observations: what they hold, by the names they bear, and which of them count."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection
from typing import Any

import numpy as np

from timesen_nb.arrays import unmasked
from timesen_nb.bands import AXES, BANDS, band_positions, only_counted
from timesen_nb.nodata import say_codes, without_codes

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
#: Every class there is.
SCENE_CLASSES = tuple(range(12))
# Kept on purpose: 2 (dark areas: wet soil and low sun as often as cast shadow), 4 vegetation, 5 bare, 6 water
# and 7 (unclassified: whole winter scenes under a low sun; thin haze that a median withstands).


#: Hours from midnight of the sun to that of a time zone: China's one zone, and summer time in the west of others.
_ZONE = 3.5
_ONE_DAY = np.timedelta64(1, "D")


def solar_days(times: np.ndarray, lon: float) -> np.ndarray:
    """The local date of each observation: UTC plus ``lon`` / 15 hours, so that midnight cuts no overpass.

    Not every stamp is an overpass. One at 00:00 is a date and stays; so is one in the last minute of a day, if all are
    dates or it is night there. At night, on the quarter of an hour, it is midnight of a time zone: the date that begins
    there. Where no stamp lies between 6 and 18 hours of local time the rest keep their date in UTC, and a warning says
    so where the next date would be of another month.

    Args:
        times: (t,) datetime64, UTC.
        lon: degrees, -180 to 180.

    Returns:
        (t,) datetime64[D].
    """
    stamps = np.asarray(times).astype("datetime64[s]")
    days = stamps.astype("datetime64[D]")
    clock, day = (stamps - days).astype(int), 24 * 3600
    shift = round(lon / 15 * 3600)
    solar = (clock + shift) % day
    dates, last = clock == 0, clock >= day - 60
    by_day = np.abs(solar - day // 2) <= day // 4
    if (dates | last).all():
        return days
    # noon everywhere is the middle of a date, though it is some zone's midnight in the Pacific
    near = (np.minimum(solar, day - solar) <= _ZONE * 3600) & ~(clock == day // 2).all()
    ends = near & (clock % 900 >= 840)
    midnight = near & (clock % 900 == 0) | ends
    begun = (stamps + np.timedelta64(shift + day // 2, "s")).astype("datetime64[D]") - ends.astype(
        "timedelta64[D]"
    )
    out = (stamps + np.timedelta64(shift, "s")).astype("datetime64[D]")
    if not by_day.any():
        out = days
        _say_midnights(stamps[~midnight])
    return np.where(dates | last & ~by_day, days, np.where(midnight, begun, out))


def _say_midnights(stamps: np.ndarray) -> None:
    """Warn of stamps that seem to be midnights of a time zone written in UTC, where that changes their month."""
    days = stamps.astype("datetime64[D]")
    clock = (stamps - days).astype(int)
    # overpasses differ by minutes; months that begin in a zone, with its summer time, have one hour or two
    hours = set((clock / 3600).tolist())
    if len(stamps) < 2 or len(hours) > 2 or (clock % 900 != 0).any() or hours == {12} or max(hours) < 12:
        return
    changed = (clock > 0) & ((days + _ONE_DAY).astype("datetime64[M]") != days.astype("datetime64[M]"))
    if changed.any():
        at = stamps[changed][0]
        warnings.warn(
            f"times such as {at} are taken by their date in UTC. If they are midnights of a time zone east of "
            f"Greenwich, they belong to {at.astype('datetime64[D]') + _ONE_DAY}, in the next month: give dates without "
            "hours.",
            UserWarning,
            stacklevel=4,
        )


def clear(scl: np.ndarray, masked: Collection[int] = tuple(MASKED)) -> np.ndarray:
    """Whether a scene class may enter the median.

    Args:
        scl: scene classes of any shape. NaN, a fraction or a number beyond 0 to 11 is no class, and not clear.
        masked: classes that are left out.

    Returns:
        bool of the same shape.
    """
    return np.isin(scl, [c for c in SCENE_CLASSES if c not in masked])


def usable(
    values: np.ndarray,
    days: np.ndarray,
    scl: np.ndarray | None = None,
    masked: Collection[int] = tuple(MASKED),
) -> np.ndarray:
    """Which observations enter a median: of each day the first that has all bands, where its class is clear.

    Args:
        values: (t, 10, ...), NaN = no data.
        days: (t,) datetime64[D].
        scl: (t, ...) scene classes; None masks nothing.
        masked: classes that are left out.

    Returns:
        (t, ...) bool.
    """
    shown = np.isfinite(values).all(axis=1)
    found, first = np.unique(days, return_index=True)
    if len(found) < len(days):
        taken = {day: shown[i].copy() for day, i in zip(found, first, strict=True)}
        for i in np.setdiff1d(np.arange(len(days)), first):
            shown[i] &= ~taken[days[i]]
            taken[days[i]] |= shown[i]
    return shown if scl is None else shown & clear(scl, masked)


def as_observations(
    values: Any, days: Any, scl: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Observations that somebody gives by hand, as arrays in order and without codes for no data.

    Args:
        values: (t, 10, ...) reflectance x 10000, or whatever :func:`by_name` reads.
        days: (t,) dates; of stamps with a time zone the date there.
        scl: (t, ...) scene classes or None.

    Returns:
        Values (t, 10, ...) float32, NaN = no data; days (t,) datetime64[D]; scene classes (t, ...) or None.

    Raises:
        ValueError: other shapes, numbers for days, days or scene classes that are not those of the values, or a mask in
            place of scene classes.
    """
    days = dates(days)
    values, scl = by_name(values, scl, days)
    check_classes(scl)
    values, scl = unmasked(values), None if scl is None else unmasked(scl, codes=True)
    if values.ndim < 2 or values.shape[1] != len(BANDS) or days.shape != values.shape[:1]:
        raise ValueError(
            f"values {values.shape} and days {days.shape} were given; expected (dates, {len(BANDS)}, ...) "
            "and (dates,). Put the bands second, in the order of timesen_nb.BANDS."
        )
    if scl is not None and scl.shape != values[:, 0].shape:
        raise ValueError(
            f"scene classes {scl.shape} were given for values {values.shape}; expected {values[:, 0].shape}."
        )
    return without_known_codes(values), days, scl


def dates(days: Any) -> np.ndarray:
    """Days as dates; a warning says stamps that seem to be midnights of another time zone.

    Args:
        days: (t,) dates or stamps; of those with a time zone the date there counts.

    Returns:
        (t,) datetime64[D].

    Raises:
        ValueError: numbers, digits without dashes, which would be read as a year, or what is no date.
    """
    if not hasattr(days, "dims") and any(getattr(day, "tzinfo", None) for day in days):
        days = np.array([day.replace(tzinfo=None) for day in days], dtype="datetime64[s]")
    if np.asarray(days).dtype.kind in "iuf":
        raise ValueError(
            "the days given are numbers, which may count anything; expected dates, such as 2018-05-31."
        )
    given = np.asarray(days)
    if given.dtype.kind == "M" and given.size:
        _say_midnights(given.ravel().astype("datetime64[s]"))
    try:
        out = np.asarray(days, dtype="datetime64[D]")
    except (TypeError, ValueError):
        raise ValueError(
            f"the days given, such as {next(iter(days), None)!r}, cannot be read as dates; expected year, month and "
            "day: 2018-05-31. Of other texts: pd.to_datetime(days, format='%d/%m/%Y')."
        ) from None
    if (out >= np.datetime64("3000")).any():
        given = np.asarray(days).ravel()[int((out >= np.datetime64("3000")).argmax())]
        raise ValueError(f"the days given hold {given}; expected dates with dashes, such as 2018-05-31.")
    return out


def check_classes(scl: Any) -> None:
    """Refuse a mask in place of scene classes: True is no class, and nothing would be clear.

    Args:
        scl: of any shape, or None.

    Raises:
        ValueError: it is True and False.
    """
    if scl is not None and getattr(scl, "dtype", np.asarray(scl[:1]).dtype).kind == "b":
        raise ValueError(
            "the scene classes given are True and False; expected numbers from 0 to 11 (SCL). Is it a mask? Then put "
            "NaN in the values where it hides them, and leave scl out."
        )


def without_known_codes(values: np.ndarray) -> np.ndarray:
    """Observations with NaN for codes; a warning says those that nobody declared.

    Args:
        values: (t, 10, ...) float32, changed in place.

    Returns:
        The values.
    """
    values, met = without_codes(values, 1)
    if met:
        say_codes(met, "the observations given")
    return values


def by_name(observations: Any, scl: Any = None, days: Any = None) -> tuple[Any, Any]:
    """Dated observations as (time, band, ...) with the ten bands in order, and scene classes as (time, ...), by name.

    Args:
        observations: a DataArray, whose axes may have any of the names in :data:`AXES` and stand in any order; or a
            table, a row a date and a column a band. Arrays without names come back as they are.
        scl: their scene classes, a DataArray, an array or None.
        days: (t,) datetime64[D], solar, that were given beside them; None: nothing to compare.

    Returns:
        Both; an axis that has no known name stays behind the others, bands without names as they are.

    Raises:
        ValueError: no time, bands by name that are not each of :data:`BANDS` once, a list of arrays with names, or
            scene classes or days of other times or places.
    """
    named = _dates_of_rows(observations)
    observations, scl = _in_order(observations), _in_order(scl)
    if "time" in getattr(observations, "coords", ()):
        named = observations["time"].values.astype("datetime64[D]")
    if hasattr(observations, "dims") and hasattr(scl, "dims"):
        axes = [d for d in observations.dims if d != "band"]
        if set(scl.dims) != set(axes):
            raise ValueError(
                f"the scene classes have the dimensions {', '.join(map(str, scl.dims))}; expected "
                f"{', '.join(map(str, axes))}, as the observations."
            )
        scl = scl.transpose(*axes)
        _check_same_pixels(observations, scl)
    if days is not None and named is not None and len(days) == len(observations):
        # a solar day is that of UTC, or its neighbour
        apart = np.abs(named - days) > _ONE_DAY
        if apart.any():
            at = int(apart.argmax())
            raise ValueError(
                f"day {at} given is {days[at]}, and observation {at} names {named[at]} as its own; expected the days "
                "of the same observations, in their order: solar_days(observations.time, lon), or of a table "
                "days=table.index."
            )
    return observations, scl


def _dates_of_rows(given: Any) -> np.ndarray | None:
    """(t,) datetime64[D] of a table whose index is dates; None of whatever else."""
    index = given.index if hasattr(given, "columns") else ()
    texts = [str(step) for step in index]
    dated = getattr(getattr(index, "dtype", None), "kind", "") in "MOUT"
    if not texts or not dated or not all(re.match(r"\d{4}-\d\d-\d\d", text) for text in texts):
        return None
    return dates([text[:10] for text in texts])


def _in_order(given: Any) -> Any:
    """A DataArray as (time, band, ...), a table as an array, with the ten bands in order; anything else as it is."""
    if isinstance(given, list | tuple) and any(hasattr(g, "dims") or hasattr(g, "columns") for g in given):
        raise ValueError(
            f"a list of {type(given[0]).__name__} was given, whose names are not read; expected one DataArray: "
            "xr.concat(the_list, 'time')."
        )
    if hasattr(given, "columns"):
        return given.iloc[:, band_positions(list(given.columns))].to_numpy()
    if not hasattr(given, "dims"):
        return given
    names = {d: axis for axis in ("time", "band") for d in given.dims if str(d).lower() in AXES[axis]}
    if "time" not in names.values():
        raise ValueError(
            f"the observations given have the dimensions {', '.join(map(str, given.dims))}; expected time among them. "
            "Rename the one of their dates."
        )
    given = given.rename({d: axis for d, axis in names.items() if d != axis})
    given = given.transpose(*dict.fromkeys(["time", *sorted(names.values())]), ...)
    if "band" in given.coords and "band" in given.dims and not only_counted(given["band"].values.tolist()):
        given = given.isel(band=band_positions(given["band"].values.tolist()))
    return given


def _check_same_pixels(observations: Any, scl: Any) -> None:
    """ValueError for scene classes of other days, rows or columns."""
    for axis in scl.dims:
        there, given = (data[axis].values for data in (observations, scl))
        if axis == "time":
            there, given = (times.astype("datetime64[D]").astype(float) for times in (there, given))
        exact = there.dtype.kind not in "iuf" or given.dtype.kind not in "iuf"
        # a grid that was computed twice differs in the last digits
        same = (
            np.array_equal(there, given)
            if exact or there.shape != given.shape
            else (np.allclose(there, given, rtol=1e-8, atol=0))
        )
        if not same:
            raise ValueError(
                f"the scene classes have another {axis} than the observations. Take scl.reindex_like(observations)."
            )
