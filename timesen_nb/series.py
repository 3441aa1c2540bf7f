"""One pixel's year: what every source returns and the model reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.arrays import flags, unmasked
from timesen_nb.bands import BANDS, MONTHS, check_order, ndvi
from timesen_nb.nodata import say_codes, without_codes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


#: What can be a year of somebody's data at all; others are typing errors, or numbers of something else.
CALENDAR = range(1900, 2201)
#: Rules of thumb for :func:`year_in_words`: NDVI above 0.6 is dense leaves and below 0.2 hardly any (US
#: Geological Survey, "NDVI, the foundation for remote sensing phenology").
DENSE, BARE = 0.6, 0.2
#: A change from one month to the next that the eye sees in the curve.
STEEP = 0.2
#: Less than this between the greenest and the least green month is a level year.
LEVEL = 0.25


@dataclass(frozen=True, eq=False)
class PixelSeries:
    """Twelve monthly composites of one 10 m pixel.

    Attributes:
        values: (12, 10) surface reflectance x 10000, months 1 to 12 by :data:`timesen_nb.bands.BANDS`, float32; NaN =
            missing, and so are known codes for "no data" and what is 0 in all bands (:mod:`timesen_nb.nodata`).
        valid: (12,) bool, False where the month had no clear observation; those rows are all NaN.
        lon: degrees, of the point that was asked for.
        lat: degrees, of the point that was asked for.
        year: calendar year, as a whole number.
        source: where it came from, in words.
        truth: the true class where the source knows it (the samples), else None.
        provenance: what the values were made of, as far as the source knows it, as a dict that JSON can hold; a copy of
            what was given, and no part of what makes two series equal. Its keys, each of which may be absent:

            - ``acquisitions``: 12 counts, the clear observations that each month's median was taken of, at this pixel;
            - ``dates``: their solar days in ISO form, ascending, one each: ``len(dates) == sum(acquisitions)``;
            - ``satellites``: such as ``["S2A", "S2B"]``; ``baselines``: ESA's processing baselines, such as
              ``["02.12"]``;
            - ``offset``: ``{"applied": bool, "rule": str}``: whether a radiometric offset was taken off on the way from
              the stored values of any of them, and by which rule;
            - ``mask``: the rule by which observations were left out, in words;
            - ``composites``: in place of the first two, where the data hold months alone: that they do, in words;
            - ``catalog`` and ``collections``: who lists the data, and the names of the collections they came from;
            - ``left_out``: ``[{"what": str, "why": str}]``: what could not be used and is lacking in the medians.

    Raises:
        ValueError: shapes are wrong, the place is not on Earth, the year is none, a valid month has no value at all or
            an infinite one, the truth is no text, or JSON cannot hold the provenance. Reflectance in another unit is
            refused where it is encoded.
    """

    values: np.ndarray
    valid: np.ndarray
    lon: float
    lat: float
    year: int
    source: str
    truth: str | None = None
    provenance: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_order(self.values, ("month", "band"), "the values of a PixelSeries")
        values = unmasked(self.values)
        valid = flags(self.valid)
        if values.shape != (12, len(BANDS)) or valid.shape != (12,):
            raise ValueError(
                f"a PixelSeries was given values {values.shape} and valid {valid.shape}; expected (12, 10) and (12,): "
                "months 1 to 12 by the bands of timesen_nb.BANDS. Put missing months in as NaN."
            )
        lon, lat = check_place(self.lon, self.lat)
        if not isinstance(self.truth, str | None):
            raise ValueError(
                f"truth given: {self.truth!r}; expected the name of a class, or None where it is not known."
            )
        empty = valid & np.isnan(values).all(axis=1)
        if empty.any():
            raise ValueError(
                f"{', '.join(MONTHS[m] for m in np.flatnonzero(empty))} marked valid but without any value; "
                "mark a month without observations as not valid."
            )
        values[~valid] = np.nan
        valid &= _missing_put_in(values)
        values.flags.writeable = valid.flags.writeable = False
        read = {
            "values": values,
            "valid": valid,
            "lon": lon,
            "lat": lat,
            "year": check_calendar_year(self.year),
        }
        for name, value in {**read, "provenance": _copied(self.provenance)}.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PixelSeries):
            return NotImplemented
        same = self._named == other._named and np.array_equal(self.valid, other.valid)
        return same and np.array_equal(self.values, other.values, equal_nan=True)

    def __hash__(self) -> int:
        return hash(self._named)

    @property
    def _named(self) -> tuple[float, float, int, str, str | None]:
        return self.lon, self.lat, self.year, self.source, self.truth

    @property
    def ndvi(self) -> np.ndarray:
        """(12,) vegetation index, NaN in missing months."""
        return ndvi(self.values)

    @property
    def title(self) -> str:
        """Place, year and source, as figures are headed."""
        return f"{self.lon:.4f}, {self.lat:.4f} · {self.year} · {self.source}"

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the months without a clear observation."""
        return tuple(MONTHS[m] for m in np.flatnonzero(~self.valid))

    def __repr__(self) -> str:
        months = f"{int(self.valid.sum())} of 12 months"
        return f"<PixelSeries: {self.lon:.5f}, {self.lat:.5f} in {self.year}, {months}, from {self.source}>"

    def _repr_html_(self) -> str:
        """Months with their NDVI, and the year in a sentence: what a notebook shows."""
        heads = "".join(f"<th>{name[:3]}</th>" for name in MONTHS)
        cells = "".join(
            f"<td>{v:.2f}</td>" if np.isfinite(v) else '<td title="missing">–</td>' for v in self.ndvi
        )
        truth = f" · true class: {escape(self.truth)}" if self.truth else ""
        return (
            f"<div><b>{escape(self.title)}</b>{truth}<table><tr><th></th>{heads}</tr>"
            f"<tr><th>NDVI</th>{cells}</tr></table>{escape(self.describe())}</div>"
        )

    def describe(self) -> str:
        """The year in words by rules of thumb on NDVI: how green, when most and least, when it turns.

        Returns:
            A sentence or two, see :func:`year_in_words`.
        """
        return year_in_words(self.ndvi)

    def table(self) -> pd.DataFrame:
        """Months by bands, as a data frame.

        Returns:
            A row for each of months 1 to 12: the ten bands in reflectance x 10000, NDVI, and valid; NaN = missing.
        """
        import pandas as pd

        frame = pd.DataFrame(
            self.values.astype(float), columns=list(BANDS), index=pd.Index(range(1, 13), name="month")
        )
        return frame.assign(NDVI=self.ndvi, valid=self.valid)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Reflectance of red, near infrared and short-wave infrared over the year with NDVI; gaps are hatched.

        Args:
            ax: where to draw; None: on a new figure.

        Returns:
            The axes of reflectance.
        """
        from timesen_nb.plots.series import plot_series

        return plot_series(self, ax)


def _copied(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON makes of it, so that nobody else holds a part; ValueError where it is no mapping that JSON can hold."""
    if not provenance:
        return {}
    try:
        copy = json.loads(json.dumps(dict(provenance), allow_nan=False))
    except (TypeError, ValueError) as problem:
        raise ValueError(
            f"the provenance given cannot be kept as JSON ({problem}); expected a dict of plain numbers, texts, lists "
            "and dicts. Turn arrays into lists and dates into text."
        ) from None
    return dict(copy)


def _missing_put_in(values: np.ndarray) -> np.ndarray:
    """(12,) months that hold a value once codes in ``values`` are NaN; ValueError where they are no reflectance."""
    if np.isinf(values).any():
        month, band = np.argwhere(np.isinf(values))[0]
        raise ValueError(
            f"{BANDS[band]} of {MONTHS[month]} is infinite; expected reflectance x 10000, with NaN where data are "
            "missing."
        )
    _, met = without_codes(values, 1)
    if met:
        say_codes(met, "the values of a PixelSeries")
    there: np.ndarray = ~np.isnan(values).all(axis=1)
    return there


def check_calendar_year(year: Any) -> int:
    """A calendar year.

    Args:
        year: 2018, or what reads so and is exactly that: 2018.0, "2018".

    Returns:
        The year as a whole number.

    Raises:
        ValueError: it is no year from 1900 to 2200.
    """
    try:
        asked = int(year)
        known = asked == float(year) and asked in CALENDAR
    except (TypeError, ValueError, OverflowError):
        known = False
    if not known:
        raise ValueError(f"year given: {year!r}; expected a calendar year such as 2018.")
    return asked


def check_place(lon: float, lat: float) -> tuple[float, float]:
    """Whether two numbers are a place on Earth.

    Args:
        lon: degrees, -180 to 180.
        lat: degrees, -90 to 90.

    Returns:
        Longitude and latitude as floats.

    Raises:
        ValueError: they are no longitude and latitude in degrees.
    """
    try:
        x, y = float(lon), float(lat)
    except (TypeError, ValueError):
        raise ValueError(
            f"the place given is lon={lon!r}, lat={lat!r}; expected two numbers in degrees, longitude first, "
            "for example 4.35, 50.85."
        ) from None
    if not (-180 <= x <= 180 and -90 <= y <= 90):
        swapped = (
            " They fit the other way round: longitude comes first." if abs(y) <= 180 and abs(x) <= 90 else ""
        )
        raise ValueError(
            f"the place given is lon={x:g}, lat={y:g}; expected longitude -180 to 180 and latitude -90 to 90.{swapped}"
        )
    return x, y


def year_in_words(ndvi: np.ndarray) -> str:
    """A year of NDVI in words: how green, when most and least where that differs, and the steepest rise and fall.

    Rules of thumb, not the model: the model never sees these words, and these words never see the model. Missing months
    are not guessed at: rise and fall are those between two neighbouring months.

    Args:
        ndvi: (12,) of months 1 to 12, NaN = missing.

    Returns:
        A sentence or two.

    Raises:
        ValueError: another shape.
    """
    if np.shape(ndvi) != (12,):
        raise ValueError(
            f"NDVI given has shape {np.shape(ndvi)}; expected (12,): months 1 to 12, NaN = missing."
        )
    known = np.flatnonzero(np.isfinite(ndvi))
    if not len(known):
        return "No month can be read."
    if len(known) == 1:
        return f"Only {MONTHS[known[0]]} can be read: NDVI {ndvi[known[0]]:.2f}."
    palest, greenest = int(known[np.argmin(ndvi[known])]), int(known[np.argmax(ndvi[known])])
    low, high = float(ndvi[palest]), float(ndvi[greenest])
    # what nobody saw is not called green
    every = len(known) == 12
    there = f"{len(known)} months that are there"
    between = f"NDVI stays between {low:.2f} and {high:.2f}."
    if low >= DENSE:
        return f"Green {'all year' if every else f'in the {there}'}: {between}"
    if high < BARE:
        return f"{'Never green' if every else f'Not green in the {there}'}: {between}"
    if high - low < LEVEL:
        return f"Hardly changes over the {'year' if every else there}: {between}"
    said = f"Greenest in {MONTHS[greenest]} (NDVI {high:.2f}), least green in {MONTHS[palest]} ({low:.2f})"
    said += "." if every else f", of the {there}."
    steps = np.diff(ndvi)  # NaN beside a missing month
    turns: list[tuple[int, str]] = []
    if np.nanmax(steps, initial=-np.inf) >= STEEP:
        turns.append((int(np.nanargmax(steps)), "greens up"))
    if np.nanmin(steps, initial=np.inf) <= -STEEP:
        turns.append((int(np.nanargmin(steps)), "fades"))
    told = [f"{does} fastest from {MONTHS[m]} to {MONTHS[m + 1]}" for m, does in sorted(turns)]
    return f"{said} It {' and '.join(told)}." if told else said
