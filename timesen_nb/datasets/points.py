"""Points that a person has labelled, on the click map or in a GIS, as places to learn from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.nodata import clean

if TYPE_CHECKING:
    import pandas as pd

    from timesen_nb.sources import Source

COLUMNS = [f"{band}_m{month:02d}" for month in range(1, 13) for band in BANDS]


def read_points(
    path: str | Path, label: str = "true_class", source: Source | None = None, year: int = 2018
) -> Pairs:
    """Labelled places from a file, ready for ``tn.fit`` and ``linear_probe``.

    path: .csv with the columns lon, lat and ``label``, or .geojson of points with that property; what the click map
    exports, or your own. label: the column of class names; empty = unknown. The series are those in the file (columns
    B2_m01 to B12_m12, as the click map writes them), or else fetched from ``source``, in the year of the column "year",
    or ``year``. Codes for "no data" are missing, with a warning (:mod:`timesen_nb.nodata`); what else is below zero is
    noise and becomes 0.
    Raises ValueError for a file that is none of these, without such a column or any label, and for series that are
    neither in the file nor to be had because no source was given.
    """
    path = Path(path)
    table = _read(path)
    missing = [name for name in ("lon", "lat", label) if name not in table]
    if missing:
        there = ", ".join(map(str, table.columns[:12]))
        raise ValueError(
            f"{path.name} has no {', '.join(missing)} among {there}; expected lon, lat "
            f"and a column of class names: label='its name'."
        )
    labels = table[label].astype(object).where(table[label].notna(), "").astype(str).str.strip().to_numpy()
    if not (labels != "").any():
        raise ValueError(
            f"no place in {path.name} has a {label}; fill in the class names of the places you know."
        )
    lonlats = table[["lon", "lat"]].to_numpy(dtype=np.float64)
    if set(COLUMNS) <= set(table):
        values = table[COLUMNS].to_numpy(dtype=np.float32).reshape(-1, 12, len(BANDS))
    elif source is not None:
        years = table["year"].to_numpy(dtype=int) if "year" in table else np.full(len(table), year)
        values = _fetch(source, lonlats, years)
    else:
        raise ValueError(
            f"{path.name} holds places but no series ({COLUMNS[0]} to {COLUMNS[-1]}); give the source to read them "
            "from: source=tn.open_source(...)."
        )
    values = clean(values, BANDS, 2, path.name)
    return Pairs(values.clip(min=0), labels=labels, lonlats=lonlats)


def _fetch(source: Source, lonlats: np.ndarray, years: np.ndarray) -> np.ndarray:
    """(N, 12, 10): series of places, a request for each year."""
    values = np.empty((len(lonlats), 12, len(BANDS)), dtype=np.float32)
    for year in np.unique(years):
        rows = np.flatnonzero(years == year)
        places = [(float(lon), float(lat)) for lon, lat in lonlats[rows]]
        values[rows] = [series.values for series in source.pixels(places, year=int(year))]
    return values


def _read(path: Path) -> pd.DataFrame:
    """A row a place."""
    import pandas as pd

    if path.suffix.lower() == ".csv":
        return pd.read_csv(path)
    if path.suffix.lower() not in (".geojson", ".json"):
        raise ValueError(f"{path.name}: expected a .csv or .geojson file of points.")
    try:
        features: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["features"]
        rows = [
            dict(zip(("lon", "lat"), _point(f), strict=True)) | (f.get("properties") or {}) for f in features
        ]
    except (json.JSONDecodeError, KeyError, TypeError) as problem:
        raise ValueError(
            f"{path.name} is no GeoJSON feature collection of points ({problem!r})."
        ) from problem
    return pd.DataFrame(rows, columns=None if rows else ["lon", "lat"])


def _point(feature: dict[str, Any]) -> tuple[float, float]:
    geometry = feature["geometry"]
    if geometry["type"] != "Point":
        raise ValueError(f"a feature is a {geometry['type']}; expected points. Use centroids of polygons.")
    lon, lat = geometry["coordinates"][:2]
    return float(lon), float(lat)
