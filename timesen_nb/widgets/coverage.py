"""What can be read: whether something was opened, which year to begin with, and whether a place is covered."""

from __future__ import annotations

from collections.abc import Callable

from timesen_nb.series import PixelSeries
from timesen_nb.sources import Source
from timesen_nb.sources.checks import check_year
from timesen_nb.sources.grid import holds


class NotCovered(ValueError):
    """A place that a source has no data of."""


class NothingSeen(ValueError):
    """A place without a clear month in the year that was asked for."""


def check_opened(what: str, given: object, method: str, example: str) -> None:
    """ValueError for what was not opened yet: a name in place of a model or source."""
    if not hasattr(given, method):
        raise ValueError(f"the {what} given is {given!r:.80}; expected what {example} gives.")


def year_of(source: Source, year: int | None) -> int:
    """The year given, or the one to begin with: the newest of the whole Earth, else 2018, the samples' own."""
    years = list(source.years)
    if year is None and not (source.bounds is None and years):
        year = 2018 if not years or 2018 in years else years[-1]
    return check_year(year, years, source.name)


def every_year(source: Source, there: PixelSeries, cancelled: Callable[[], bool]) -> list[PixelSeries]:
    """A place in every year of its source that has a clear month there; ``cancelled`` is asked before each."""
    found = []
    for year in source.years:
        if cancelled():
            break
        series = there if year == there.year else source.pixel(there.lon, there.lat, year=year)
        found += [series] * bool(series.valid.any())
    return found


def check_inside(source: Source, lon: float, lat: float) -> None:
    """ValueError in words for a place, in degrees, that a source does not cover."""
    bounds = source.bounds
    if bounds is not None and not holds(bounds, lon, lat):
        west, south, east, north = bounds
        raise NotCovered(
            f"the place {lon:.5f}, {lat:.5f} is outside the data; {source.name} covers longitude "
            f"{west:.5f} to {east:.5f} and latitude {south:.5f} to {north:.5f}. Choose a place "
            "inside the frame, or open data that cover it: an open STAC catalog has the whole Earth."
        )
