"""LUCAS 2018: points surveyed on the ground, with what grows there and photos to the north, east, south and west.

Micro data: Eurostat, LUCAS 2018, one CSV for the EU (EU_2018_20200213.CSV), or the harmonised tables of d'Andrimont et
al. 2020, doi 10.1038/s41597-020-00675-z, which also give the addresses of the photos.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from timesen_nb.datasets.codes import lucas_labels
from timesen_nb.datasets.place_dataset import PlaceDataset

#: Where Eurostat serves the photos: year / country / first three digits / next three / point and view.
PHOTOS = "https://gisco-services.ec.europa.eu/lucas/photos"
#: The four views, in the order of :attr:`PlaceDataset.photos`, and the columns that say whether each was taken (1).
VIEWS: Mapping[str, str] = {"N": "photo_north", "E": "photo_east", "S": "photo_south", "W": "photo_west"}
_COLUMNS = ("point_id", "nuts0", "th_lat", "th_long", "lc1", "lu1")


def read_lucas(
    path: str | Path, *, countries: Collection[str] | None = None, year: int = 2018
) -> PlaceDataset:
    """Points of the micro data: places, photo addresses, and labels for land_cover, land_use, crops and country.

    countries: NUTS 0 codes to keep, such as {"BE", "NL"}; None keeps all. year: the survey to keep where the file holds
    several. Positions are those of the point itself (TH_LONG, TH_LAT), not of the surveyor. There are no series yet:
    they come from a source or from Sen4Map.
    Raises ValueError for missing columns, for codes that LUCAS does not have (how many, and examples), for places that
    are none, and when nothing is left.
    """
    path = Path(path)
    with path.open("rb") as file:
        head = file.readline().decode("utf-8-sig", errors="replace").replace('"', "").strip().split(",")
    given = {name.strip().lower(): name.strip() for name in head}
    missing = [name for name in (*_COLUMNS, *VIEWS.values()) if name not in given]
    if missing:
        raise ValueError(
            f"{path.name} has no column {', '.join(m.upper() for m in missing)}; expected the LUCAS 2018 micro data as "
            "Eurostat publishes them, separated by commas. Download the CSV again, unchanged."
        )
    wanted = [given[n] for n in (*_COLUMNS, *VIEWS.values(), "year") if n in given]
    table = pd.read_csv(path, usecols=wanted, dtype=str, keep_default_na=False, encoding="utf-8-sig",
                        encoding_errors="replace")  # fmt: skip
    table = table.rename(columns=str.lower).apply(lambda column: column.str.strip().str.upper())
    if "year" in table:
        table = table[table["year"] == str(year)]
    if countries is not None:
        table = table[table["nuts0"].isin([c.upper() for c in countries])]
    if not len(table):
        raise ValueError(f"{path.name} has no point of {year} in {countries or 'any country'}; check both.")
    ids = table["point_id"].to_numpy(str)
    labels = lucas_labels(table["lc1"], table["lu1"], table["nuts0"], ids)
    lonlats = table[["th_long", "th_lat"]].apply(pd.to_numeric, errors="coerce").to_numpy()
    wrong = ~(np.abs(lonlats) <= (180, 90)).all(axis=1)
    if wrong.any():
        first = table[wrong].iloc[0]
        raise ValueError(
            f"{wrong.sum()} points are at no place on Earth, such as {first['point_id']} at TH_LONG "
            f"{first['th_long'] or 'nothing'}, TH_LAT {first['th_lat'] or 'nothing'}; expected degrees. Mend or remove "
            "these rows."
        )
    taken = table[list(VIEWS.values())].to_numpy(str) == "1"
    addresses = [
        [photo_address(p, c, v, year) for v in VIEWS] for p, c in zip(ids, table["nuts0"], strict=True)
    ]
    return PlaceDataset(None, lonlats, labels, ids, np.where(taken, np.array(addresses), ""))


def photo_address(point: str, country: str, view: str, year: int = 2018) -> str:
    """Where Eurostat keeps the photo of a point (eight digits, NUTS 0 country) in a view "N", "E", "S" or "W".

    Surveys up to 2018 are laid out so. A photo that was not taken has an address too, and nothing there.
    """
    return f"{PHOTOS}/{year}/{country}/{point[:3]}/{point[3:6]}/{point}{view}.jpg"


def grid_places(points: np.ndarray) -> np.ndarray:
    """Longitude and latitude that point numbers stand for: (N,) of eight digits -> (N, 2) degrees, NaN for others.

    A number is the place on the LUCAS grid: kilometres east and north in ETRS89-LAEA (EPSG:3035), four digits each.
    """
    numbers = np.array([float(p) if len(p) == 8 and p.isdigit() else np.nan for p in points])
    degrees = np.stack(_to_degrees().transform(numbers // 10_000 * 1000.0, numbers % 10_000 * 1000.0), axis=1)
    return np.where(np.isfinite(degrees), degrees, np.nan)


@cache
def _to_degrees() -> Any:
    from pyproj import Transformer

    return Transformer.from_crs("EPSG:3035", "EPSG:4326", always_xy=True)
