"""Points that a person has labelled, on the click map or in a GIS, as places to learn from."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.bands import BANDS, band_name, month_columns
from timesen_nb.datasets.geojson import read_geojson, read_geopackage
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.datasets.tables import (
    NO_NUMBER,
    check_thousands,
    names_of,
    numbers,
    read_table,
    say_doubtful,
    where,
    without_fraction,
)
from timesen_nb.nodata import SHARE, clean, in_other_unit
from timesen_nb.series import CALENDAR
from timesen_nb.spreadsheet import unescaped
from timesen_nb.tasks.names import tidy

if TYPE_CHECKING:
    import pandas as pd

    from timesen_nb.sources import Source
    from timesen_nb.sources.grid import BBox

EARTH = (-180.0, -90.0, 180.0, 90.0)
COLUMNS = month_columns()
SPELT_OUT = {"longitude": "lon", "latitude": "lat"}
_FOLDED = {name.casefold() for name in COLUMNS}
#: The year in 2018-05-31, 31.5.2018 and 20180531.
_YEAR = re.compile(r"(?<!\d)\d{4}(?=((0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))?(\D|$))")
#: The maxima of land lie above this, x 10000, where those in percent end at 100.
_LAND = 2550


@dataclass(frozen=True)
class PointTable:
    """Places of a file, as far as it tells of them.

    Attributes:
        table: a row a place, its cells as they stand in the file.
        lonlats: (N, 2) degrees, longitude before latitude.
        labels: (N,) class names, "" = unknown; None: the file has no such column.
        years: (N,) of the series to read, where none is in the file.
        values: (N, 12, 10) surface reflectance x 10000, NaN = missing; None: the file has no series.
    """

    table: pd.DataFrame
    lonlats: np.ndarray
    labels: np.ndarray | None
    years: np.ndarray
    values: np.ndarray | None

    def take(self, rows: np.ndarray) -> PointTable:
        """Some of the places.

        Args:
            rows: their indices.

        Returns:
            Their table, in that order.
        """
        labels = None if self.labels is None else self.labels[rows]
        values = None if self.values is None else self.values[rows]
        return PointTable(self.table.iloc[rows], self.lonlats[rows], labels, self.years[rows], values)


def read_points(
    path: str | Path, label: str = "true_class", source: Source | None = None, year: int = 2018
) -> Pairs:
    """Labelled places from a file, ready for ``tn.fit`` and ``linear_probe``.

    Args:
        path: .csv (or .tsv, .txt) with the columns lon, lat (or longitude, latitude) and ``label``, or .geojson or
            .gpkg of points with that property; what the click map exports, or your own. Capitals of column names do not
            matter. Cells are parted by commas, semicolons or tabs; decimal commas are understood where commas do not
            part cells.
        label: the column of class names, kept as the text they are: 0100 stays 0100, NA stays NA, and a warning says
            so; empty = unknown.
        source: where the series come from if the file has none in columns B2_m01 to B12_m12, as the click map writes
            them: surface reflectance x 10000, empty = missing. A warning says where a file has only some of them.
        year: of the series to fetch, where the file has no column "year" and no column "date", or nothing in it.

    Returns:
        Pairs with labels and lonlats. Reflectance a little below zero is noise and becomes 0.

    Raises:
        ValueError: the file is none of these, has no such column or no label at all; a place is missing, not on Earth,
            or has longitude and latitude the other way round than the source; a number cannot be read, or may have a
            mark between thousands; some series are in another unit than the rest; series are neither
            in the file nor to be had because no source was given.
    """
    points, name = read_point_table(path, label, source, year), Path(path).name
    if points.labels is None:
        there = ", ".join(map(str, points.table.columns[:12]))
        raise ValueError(
            f"{name} has no {label} among {there}; expected lon, lat and a column of class names: label='its name'."
        )
    if not (points.labels != "").any():
        raise ValueError(f"no place in {name} has a {label}; fill in the class names of the places you know.")
    say_doubtful(points.labels, name)
    values = points.values
    if values is None and source is None and set(COLUMNS) & set(points.table):
        raise ValueError(
            f"{_lacking(points.table, name)}. Add them, or give the source to read from: source=."
        )
    if values is None and source is None:
        raise ValueError(
            f"{name} holds places but no series ({COLUMNS[0]} to {COLUMNS[-1]}); give the source to read them "
            "from: source=tn.open_source(...)."
        )
    if values is None and source is not None:
        values = _fetch(source, points.lonlats, points.years).clip(min=0)
    return Pairs(values, labels=points.labels, lonlats=points.lonlats)


def read_point_table(
    path: str | Path, label: str = "true_class", source: Source | None = None, year: int = 2018
) -> PointTable:
    """Places from a file, with or without labels and series; nothing is fetched.

    Args:
        path: as for :func:`read_points`.
        label: the column of class names, where there is one.
        source: that the places shall be read from; they are held against its bounds.
        year: for places without one.

    Returns:
        The places.

    Raises:
        ValueError: the file is no table of points, a place is missing, not on Earth, or has longitude and latitude the
            other way round than the source, or a number cannot be read.
    """
    path = Path(path).expanduser()
    table = _read(path)
    sought = {
        name.casefold(): name for name in ("lon", "lat", label, "year", "date", *COLUMNS) if name not in table
    }
    table = table.rename(columns=lambda name: sought.get(_series_column(name).casefold(), name))
    # as other programs spell them out, where no column has the short name
    spelt = {whole: short for whole, short in SPELT_OUT.items() if short not in table}
    table = table.rename(columns=lambda name: spelt.get(str(name).strip().casefold(), name))
    twice = [name for name in dict.fromkeys(table.columns) if (table.columns == name).sum() > 1]
    if set(twice) & {"lon", "lat", label, "year", "date", *COLUMNS}:
        raise ValueError(
            f"{path.name} has several columns {twice[0]!r}; expected each once. Remove the others."
        )
    missing = [name for name in ("lon", "lat") if name not in table]
    if missing:
        there = ", ".join(map(str, table.columns[:12]))
        raise ValueError(
            f"{path.name} has no {', '.join(missing)} among {there}; expected columns lon "
            "and lat (or longitude and latitude), in degrees. Rename the columns that hold them."
        )
    labels = None
    if label in table:
        # as they were before the click map's CSV kept spreadsheets from taking them for formulas
        names = without_fraction(names_of(table[label].to_numpy(object))).tolist()
        labels = np.array([tidy(unescaped(name)) for name in names], dtype=str)
    lonlats = numbers(table, ["lon", "lat"], path.name)
    _check_places(lonlats, table, source, path.name)
    values = None
    if set(COLUMNS) <= set(table):
        check_thousands(table, COLUMNS, path.name)
        values = numbers(table, COLUMNS, path.name).astype(np.float32).reshape(-1, 12, len(BANDS))
        values = _reflectance(values, path.name)
    elif source is not None and set(COLUMNS) & set(table):
        warnings.warn(f"{_lacking(table, path.name)}. Series are read from the source instead.", stacklevel=2)
    return PointTable(table, lonlats, labels, _years(table, year, path.name), values)


def _series_column(name: object) -> str:
    """A column's name as series have it: ``B02_m01`` is ``B2_m01``; any other as it is."""
    band, _, month = str(name).rpartition("_")
    return f"{band_name(band)}_{month}" if f"{band_name(band)}_{month}".casefold() in _FOLDED else str(name)


def _lacking(table: pd.DataFrame, name: str) -> str:
    """Which columns of series a table lacks that has others of them, in words."""
    lacking = [column for column in COLUMNS if column not in table]
    return (
        f"{name} has {len(COLUMNS) - len(lacking)} of the {len(COLUMNS)} columns of series, and lacks "
        f"{', '.join(lacking[:6])}{' ...' if len(lacking) > 6 else ''}"
    )


def _read(path: Path) -> pd.DataFrame:
    """A row a place; the index says which line or feature it was."""
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv", ".txt"):
        return read_table(path)
    if suffix in (".geojson", ".json"):
        return read_geojson(path)
    if suffix == ".gpkg":
        return read_geopackage(path)
    raise ValueError(f"{path.name}: expected a .csv, .geojson or .gpkg file of points.")


def _check_places(lonlats: np.ndarray, table: pd.DataFrame, source: Source | None, name: str) -> None:
    """ValueError for places that are none, or that only a source the other way round would hold."""
    lost = np.isnan(lonlats).any(axis=1)
    if lost.any():
        first = where(table, int(lost.argmax()))
        raise ValueError(
            f"{name} has {lost.sum()} rows without lon or lat, the first at {first}; expected degrees. Fill them in, "
            "or remove these rows."
        )
    areas = {"at no place on Earth": EARTH}
    if source is not None and source.bounds is not None:
        areas[f"outside {source.name}"] = source.bounds
    for seen, area in areas.items():
        outside = ~_within(lonlats, area)
        turned = outside.any() and _within(lonlats[outside][:, ::-1], area).all()
        if turned or (area is EARTH and outside.any()):
            lon, lat = lonlats[outside][0]
            cure = (
                "They fit the other way round: swap the columns lon and lat."
                if turned
                else "Metres of a map projection must be turned into degrees first."
            )
            raise ValueError(
                f"{name} has {outside.sum()} of {len(lonlats)} places {seen}, such as lon {lon:g}, lat {lat:g}; "
                f"expected degrees, longitude in lon and latitude in lat. {cure}"
            )


def _within(lonlats: np.ndarray, bounds: BBox) -> np.ndarray:
    """(N,) bool: which places lie in (west, south, east, north)."""
    west, south, east, north = bounds
    lon, lat = lonlats.T
    out: np.ndarray = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return out


def _years(table: pd.DataFrame, year: int, name: str) -> np.ndarray:
    """(N,) years of the rows: of their column, or their dates, or ``year`` where there is neither or nothing in it."""
    if not {"year", "date"} & set(table):
        return np.full(len(table), year)
    years = numbers(table, ["year"], name)[:, 0] if "year" in table else np.full(len(table), np.nan)
    blank = np.isnan(years)
    if "date" in table and blank.any():
        years[blank] = _years_of_dates(table[blank], name)
    blank = np.isnan(years)
    if blank.all():
        return np.full(len(table), year)
    wrong = ~np.isin(years, CALENDAR)
    if wrong.any():
        first = where(table, int(wrong.argmax()))
        found = "no year" if blank[wrong][0] else f"the year {years[wrong][0]:g}"
        raise ValueError(
            f"{name} has {found} at {first}, and {wrong.sum()} such rows in all; expected a calendar year for each "
            "place. Fill it in, or remove the column to read all of them in one year."
        )
    return years.astype(int)


def _years_of_dates(table: pd.DataFrame, name: str) -> np.ndarray:
    """(N,) the four digits that tell the year in the column "date", NaN where nothing is written."""
    years = np.full(len(table), np.nan)
    for row, text in enumerate(names_of(table["date"].to_numpy(object)).tolist()):
        if text.upper() in NO_NUMBER:
            continue
        if not (found := _YEAR.search(text)):
            raise ValueError(
                f"{name} has {text!r} in column date of {where(table, row)}, which tells no year; expected a date such "
                "as 2018-05-31. Write the year into a column called year."
            )
        years[row] = int(found[0])
    return years


def _fetch(source: Source, lonlats: np.ndarray, years: np.ndarray) -> np.ndarray:
    """(N, 12, 10): series of places, a request for each year."""
    values = np.empty((len(lonlats), 12, len(BANDS)), dtype=np.float32)
    for year in np.unique(years):
        rows = np.flatnonzero(years == year)
        places = [(float(lon), float(lat)) for lon, lat in lonlats[rows]]
        values[rows] = [series.values for series in source.pixels(places, year=int(year))]
    return values


def _reflectance(values: np.ndarray, name: str) -> np.ndarray:
    """Series of a file as reflectance x 10000: known codes are missing, noise below zero is 0.

    Args:
        values: (N, 12, 10) as the file has them, NaN = missing.
        name: of the file, for messages.

    Returns:
        (N, 12, 10) float32, NaN = missing.

    Raises:
        ValueError: what is no reflectance, and bands or places that are on another scale than the rest.
    """
    values = clean(values, BANDS, 2, f"the series in {name}")
    for unit, times, found in (
        ("from 0 to 1", 10_000, _shares(values)),
        ("in percent", 100, _percent(values)),
    ):
        found &= np.isfinite(values)
        bands, months, places = (found.any(axis=axes) for axes in ((0, 1), (0, 2), (1, 2)))
        what = [f"bands {', '.join(np.array(BANDS)[bands])}"] * (not bands.all())
        what += [f"months {', '.join(map(str, np.flatnonzero(months) + 1))}"] * (not months.all())
        what += [f"{places.sum()} places"] * (not places.all())
        if found.any() and what:
            raise ValueError(
                f"{name} has {' of '.join(what)} with reflectance {unit} and others x 10000; expected x 10000 "
                f"throughout. Multiply these by {times}."
            )
    return values.clip(min=0)


def _shares(values: np.ndarray) -> np.ndarray:
    """Which values (N, 12, 10) are from 0 to 1: whole bands, whole places, and whole months of a place."""
    top = np.where(np.isfinite(values), values, -np.inf)
    found = np.zeros(values.shape, dtype=bool)
    for axes in ((0, 1), (1, 2)):
        highest = top.max(axis=axes, keepdims=True)
        found |= (highest > 0) & (highest <= SHARE)
    # whole numbers up to 2 in a month are dark water, as products clip it
    fractions = in_other_unit(values.reshape(-1, len(BANDS))).reshape(len(values), 12)
    return found | (fractions & (top.max(axis=2) <= SHARE))[..., None]


def _percent(values: np.ndarray) -> np.ndarray:
    """Which values (N, 12, 10) are in percent, bands or months of all places, where the others are those of land."""
    top = np.where(np.isfinite(values), values, -np.inf)
    found = np.zeros(values.shape, dtype=bool)
    for axes in ((0, 1), (0, 2)):
        highest = top.max(axis=axes, keepdims=True)
        if np.median(highest[np.isfinite(highest)]) > _LAND:
            found |= (highest > SHARE) & (highest <= 100)
    return found
