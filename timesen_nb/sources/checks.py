"""What every source says in the same words: a year it has not, a pixel without a clear month, its mask."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from timesen_nb.composite import MASKED, SCENE_CLASSES
from timesen_nb.series import PixelSeries, check_calendar_year, check_place


def check_year(year: int | None, years: Sequence[int], name: str) -> int:
    """The year that is read.

    Args:
        year: As it was asked for; None for the newest that the source has.
        years: Those that the source has; none means any, and then one must be asked for.
        name: Of the source, in words.

    Returns:
        A calendar year.

    Raises:
        ValueError: It is no year, or the source has others.
    """
    if year is None and len(years):
        return int(max(years))
    asked = check_calendar_year(year)
    if len(years) and asked not in years:
        first, last = min(years), max(years)
        there = f"{first} to {last}" if len(years) > 2 else " and ".join(map(str, sorted({first, last})))
        raise ValueError(f"year given: {asked}; {name} has {there}. Choose one of those.")
    return asked


def check_places(lonlats: Any) -> list[tuple[float, float]]:
    """Places as (longitude, latitude); ValueError for what is no list of them, or for one that is no place on Earth."""
    try:
        pairs = [(lon, lat) for lon, lat in lonlats]
    except (TypeError, ValueError):
        raise ValueError(
            f"places given: {' '.join(str(lonlats).split())[:80]}; expected a list of (longitude, latitude), such as "
            "[(4.35, 50.85), (3.02, 50.81)]. Of a table: list(zip(table.lon, table.lat))."
        ) from None
    return [check_place(lon, lat) for lon, lat in pairs]


def whole_years(today: datetime.date | None = None) -> range:
    """Calendar years that remote sources offer: 2017, the first with surface reflectance, to the last that is over.

    A year counts as over from the middle of January on, when its last images are there: what is cached then stays true.

    Args:
        today: None for today.

    Returns:
        The years, newest last.
    """
    day = today or datetime.datetime.now(datetime.UTC).date()
    return range(2017, (day - datetime.timedelta(days=14)).year)


def check_text(name: str, given: Any, needed: bool = False) -> None:
    """ValueError for an argument that is no text; None will do where none is needed."""
    if not isinstance(given, str) if given is not None else needed:
        raise ValueError(f"{name} given: {given!r}; expected text{'' if needed else ', or None'}.")
    if needed and not given.strip():
        raise ValueError(f"{name} given: {given!r}; expected text that is not empty.")


def check_masked(masked: Collection[int]) -> None:
    """ValueError for what is no list of scene classes: it would mask nothing."""
    if (
        isinstance(masked, (str, bytes))
        or not isinstance(masked, Iterable)
        or not all(c in SCENE_CLASSES and not isinstance(c, bool) for c in masked)
    ):
        raise ValueError(
            f"masked={masked!r}; expected scene classes to leave out, from 0 to 11, such as (3, 8, 9, 10)."
        )


def mask_rule(masked: Collection[int]) -> str:
    """Which scene classes are left out, in words."""
    classes = ", ".join(
        f"{c} ({MASKED[c].partition(':')[0]})" if c in MASKED else str(c) for c in sorted(masked)
    )
    return f"scene classes left out: {classes or 'none'}"


def series_of(
    months: np.ndarray,
    lon: float,
    lat: float,
    year: int,
    name: str,
    provenance: Mapping[str, Any] | None = None,
) -> PixelSeries:
    """A pixel's twelve months as a series; a month is valid when all ten bands are there.

    Args:
        months: (12, 10) reflectance x 10000, NaN = missing.
        lon: degrees, of the place that was asked for.
        lat: degrees.
        year: Calendar year.
        name: Of the source, in words.
        provenance: As :attr:`PixelSeries.provenance` describes it; None for nothing known.

    Returns:
        The series.

    Raises:
        ValueError: No month is valid.
    """
    valid = np.isfinite(months).all(axis=-1)
    if not valid.any():
        raise ValueError(
            f"no month of {year} has a clear observation at {lon:.5f}, {lat:.5f} in {name}. "
            "Choose a place nearby or another year."
        )
    return PixelSeries(months, valid, lon, lat, year, name, provenance=dict(provenance or {}))
