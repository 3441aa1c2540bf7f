"""LUCAS 2018: points surveyed on the ground, with what grows there and photos to the north, east, south and west.

Micro data: Eurostat, LUCAS 2018, one CSV for the EU (EU_2018_20200213.CSV), or the harmonised tables of d'Andrimont et
al. 2020, doi 10.1038/s41597-020-00675-z, which also give the addresses of the photos.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.datasets.codes import lucas_labels
from timesen_nb.datasets.place_dataset import PlaceDataset
from timesen_nb.datasets.tables import numbers, read_table, where

if TYPE_CHECKING:
    import pandas as pd

#: Where Eurostat serves the photos: year / country / first three digits / next three / point and view.
PHOTOS = "https://gisco-services.ec.europa.eu/lucas/photos"
#: The four views, in the order of :attr:`PlaceDataset.photos`, and the columns that say whether each was taken (1).
VIEWS: Mapping[str, str] = {"N": "photo_north", "E": "photo_east", "S": "photo_south", "W": "photo_west"}
_COLUMNS = ("point_id", "nuts0", "th_lat", "th_long", "lc1", "lu1")
#: Columns that are read where they are there: the survey, and on which side of Greenwich a point lies: older files give
#: longitudes without a sign beside it.
_FURTHER = ("year", "th_ew")
#: What the photo columns hold: 1 = taken, 2 = not, 8 = not relevant; or the same in words.
_TAKEN = {
    **dict.fromkeys(("1", "1.0", "YES", "Y", "TRUE", "T"), True),
    **dict.fromkeys(("2", "2.0", "8", "8.0", "88", "0", "0.0", "NO", "N", "FALSE", "F", "", "NA", "NAN", "NONE",
                     "NOT RELEVANT"), False),
}  # fmt: skip
#: Degrees within which a point lies where its number says; coordinates are given to a metre, numbers to a kilometre.
_NEAR = 0.1


def read_lucas(
    path: str | Path, *, countries: Collection[str] | None = None, year: int = 2018
) -> PlaceDataset:
    """Points of the micro data: places, photo addresses, and labels for land_cover, land_use, crops and country.

    Positions are those of the point itself (TH_LONG, TH_LAT), not of the surveyor. There are no series yet: they come
    from a source or from Sen4Map. Point numbers that a spreadsheet wrote as 38863102.0 or 3.89E+07 are read from their
    digits, or told from the place.

    Args:
        path: CSV as Eurostat publishes it; semicolons and decimal commas are understood, too.
        countries: NUTS 0 codes to keep, such as {"BE", "NL"}; None keeps all.
        year: the survey to keep where the file holds several.

    Returns:
        Places; photos are "" where none was taken, and where a point's number is no number of its place, which a
        warning says.

    Raises:
        ValueError: a column is missing, codes are none of LUCAS (how many, and examples), places are none or have
            longitude and latitude the other way round, or nothing is left.
    """
    path = Path(path).expanduser()
    table = read_table(path, {*_COLUMNS, *VIEWS.values(), *_FURTHER}).rename(columns=str.lower)
    missing = [name for name in (*_COLUMNS, *VIEWS.values()) if name not in table]
    if missing:
        raise ValueError(
            f"{path.name} has no column {', '.join(m.upper() for m in missing)}; expected the LUCAS 2018 micro data as "
            "Eurostat publishes them. Download the CSV again, unchanged."
        )
    table = table.apply(lambda column: column.str.upper())
    if "year" in table:
        table = table[table["year"].str.removesuffix(".0") == str(year)]
    if countries is not None:
        table = table[table["nuts0"].isin([c.upper() for c in countries])]
    if not len(table):
        raise ValueError(f"{path.name} has no point of {year} in {countries or 'any country'}; check both.")
    lonlats = _places(table, path.name)
    ids = _point_numbers(table["point_id"].to_numpy(str), lonlats)
    labels = lucas_labels(table["lc1"], table["lu1"], table["nuts0"], ids)
    lonlats, known = held_against_numbers(ids, lonlats, path.name)
    located = known & (table["nuts0"] != "").to_numpy()
    taken: list[list[bool]] = (_taken(table, path.name) & located[:, None]).tolist()
    addresses = [
        [photo_address(p, c, v, year) if there else "" for v, there in zip(VIEWS, row, strict=True)]
        for p, c, row in zip(ids, table["nuts0"], taken, strict=True)
    ]
    return PlaceDataset(None, lonlats, labels, ids, np.array(addresses))


def photo_address(point: str, country: str, view: str, year: int = 2018) -> str:
    """Where Eurostat keeps a photo of LUCAS, of surveys up to 2018.

    A photo that was not taken has an address too, and nothing there.

    Args:
        point: number of the point, eight digits, as text.
        country: NUTS 0 code, such as "BE".
        view: "N", "E", "S" or "W".
        year: of the survey.

    Returns:
        An address.

    Raises:
        ValueError: the point is no number of eight digits: its address would be that of another, or of none.
    """
    point = str(point).removesuffix(".0")
    if not is_number(point):
        raise ValueError(
            f"the point given is {point!r}; expected its LUCAS number of eight digits, such as '38863102', as text."
        )
    return f"{PHOTOS}/{year}/{country}/{point[:3]}/{point[3:6]}/{point}{view}.jpg"


def is_number(point: str) -> bool:
    """Whether a text is a LUCAS number: eight digits."""
    return len(point) == 8 and point.isascii() and point.isdigit()


def grid_places(points: np.ndarray) -> np.ndarray:
    """Where points lie by their numbers: kilometres east and north in ETRS89-LAEA (EPSG:3035), four digits each.

    Args:
        points: (N,) numbers of eight digits, as text.

    Returns:
        (N, 2) degrees, longitude before latitude; NaN for what is no number.
    """
    numbers = np.array([float(p) if is_number(p) else np.nan for p in points])
    degrees = np.stack(_to_degrees().transform(numbers // 10_000 * 1000.0, numbers % 10_000 * 1000.0), axis=1)
    return np.where(np.isfinite(degrees), degrees, np.nan)


def grid_numbers(lonlats: np.ndarray) -> np.ndarray:
    """The inverse of :func:`grid_places`.

    Args:
        lonlats: (N, 2) degrees, longitude before latitude.

    Returns:
        (N,) numbers of the nearest kilometre, "" for places that lie 200 m or more beside the grid's points.
    """
    metres = np.stack(_to_degrees().transform(*np.asarray(lonlats).T, direction="INVERSE"), axis=1)
    kilometres = np.round(metres / 1000)
    on_grid = (np.abs(metres / 1000 - kilometres) < 0.2) & (kilometres >= 0) & (kilometres < 10_000)
    numbers = [f"{int(east):04d}{int(north):04d}" for east, north in np.nan_to_num(kilometres, posinf=0)]
    return np.where(on_grid.all(axis=1), np.array(numbers, dtype=str), "")


def _places(table: pd.DataFrame, name: str) -> np.ndarray:
    """(N, 2) longitude and latitude as the file gives them, west of Greenwich negative."""
    lonlats = numbers(table, ["th_long", "th_lat"], name)
    wrong = ~(np.abs(lonlats) <= (180, 90)).all(axis=1)
    if wrong.any():
        first = table[wrong].iloc[0]
        raise ValueError(
            f"{wrong.sum()} points are at no place on Earth, such as {first['point_id']} at TH_LONG "
            f"{first['th_long'] or 'nothing'}, TH_LAT {first['th_lat'] or 'nothing'}; expected degrees. Mend or remove "
            "these rows."
        )
    if "th_ew" in table:
        side = table["th_ew"].map({"W": -1.0, "WEST": -1.0, "E": 1.0, "EAST": 1.0}).to_numpy(float)
        lonlats[:, 0] = np.where(np.isnan(side), lonlats[:, 0], np.abs(lonlats[:, 0]) * side)
    return lonlats


def _point_numbers(given: np.ndarray, lonlats: np.ndarray) -> np.ndarray:
    """Point numbers as text; where a spreadsheet rounded them, those of the place."""
    ids = np.array([point.replace(",", ".").removesuffix(".0") for point in given.tolist()])
    # eight digits are kept by 3.8863102E+07, and lost by 3.89E+07
    rounded = np.array([bool(re.fullmatch(r"\d(\.\d*)?E\+?0?7", point)) for point in ids.tolist()])
    if rounded.any():
        whole = rounded & np.array([len(point.split("E")[0]) == 9 for point in ids.tolist()])
        ids = ids.astype(object)
        ids[whole] = [str(round(float(point))) for point in ids[whole]]
        ids[rounded & ~whole] = grid_numbers(lonlats[rounded & ~whole])
        if (ids == "").any():
            raise ValueError(
                f"{(ids == '').sum()} point numbers were rounded by a spreadsheet, such as {given[ids == ''][0]}, and "
                "their places lie on no grid point; expected eight digits. Export the column as text."
            )
    return ids.astype(str)


def held_against_numbers(ids: np.ndarray, lonlats: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Places, held against what their numbers say.

    Args:
        ids: (N,) point numbers.
        lonlats: (N, 2) degrees.
        name: of the file, for messages.

    Returns:
        The places with the sign that their numbers say, and (N,) whether a number is one and that of its place.

    Raises:
        ValueError: longitude and latitude the other way round.
    """
    grid = grid_places(ids)
    mirrored = _near(lonlats * (-1, 1), grid) & ~_near(lonlats, grid)
    lonlats = np.where(mirrored[:, None], lonlats * (-1, 1), lonlats)
    known = _near(lonlats, grid)
    turned = _near(lonlats[:, ::-1], grid) & ~known
    if turned.any():
        raise ValueError(
            f"{name} has {turned.sum()} points with longitude and latitude the other way round, such as "
            f"{ids[turned][0]}; expected TH_LONG and TH_LAT as its number says. Swap the two columns."
        )
    if not known.all():
        warnings.warn(
            f"{name}: {(~known).sum()} of {len(ids)} points have a number that is none or not that of their place, "
            f"such as {ids[~known][0]}; they get no photos. Mend the numbers (eight digits, as text) or the "
            "coordinates.",
            stacklevel=3,
        )
    return lonlats, known


def _near(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N,) whether places are the same to :data:`_NEAR`; False where one is unknown."""
    out: np.ndarray = (np.abs(a - b) < _NEAR).all(axis=1)
    return out


def _taken(table: pd.DataFrame, name: str) -> np.ndarray:
    """(N, 4) which photos were taken."""
    said = table[list(VIEWS.values())].to_numpy(str)
    unknown = ~np.isin(said, list(_TAKEN))
    if unknown.any():
        row, column = (int(i[0]) for i in np.nonzero(unknown))
        raise ValueError(
            f"{name} has {str(said[row, column])!r} in column {list(VIEWS.values())[column].upper()} of "
            f"{where(table, row)}; expected 1 or Yes where the photo was taken, 2, 8 or No elsewhere. Mend the cell."
        )
    return np.isin(said, [text for text, taken in _TAKEN.items() if taken])


@cache
def _to_degrees() -> Any:
    from pyproj import Transformer

    return Transformer.from_crs("EPSG:3035", "EPSG:4326", always_xy=True)
