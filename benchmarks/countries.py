"""Whether a pixel tells its country: ``python -m benchmarks.countries``, on real places of Europe, by words only.

Borders: Natural Earth 1:110 m (public domain), as pyogrio carries it. Baseline: guessing among the countries.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

import timesen_nb as tn
from benchmarks.real import REAL, read_annual, read_series

BORDERS = Path(pyogrio.__file__).parent / "tests/fixtures/naturalearth_lowres/naturalearth_lowres.shp"
#: As Natural Earth has it, as Eurostat has it.
NAMED = {"Czechia": "Czech Republic"}


def countries_of(places: pd.DataFrame) -> np.ndarray:
    """(N,) name of the country in which each place lies; "" where none does."""
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(places.lon, places.lat), crs=4326)
    found = gpd.sjoin(points, gpd.read_file(BORDERS)[["name", "geometry"]], how="left")
    names: np.ndarray = found.loc[~found.index.duplicated(), "name"].replace(NAMED).fillna("").to_numpy(str)
    return names


def main() -> None:
    """Print what is right."""
    zs = tn.load("pocket").zero_shot("country")
    points = pd.read_parquet(REAL / "lucas2018_s2_metrics.parquet", columns=["lon", "lat"])
    rows, values = read_series()
    for title, places, series in (
        ("by one annual composite", points, read_annual()[1]),
        ("by their months", rows, values),
    ):
        country = countries_of(places)
        some = np.isin(country, zs.classes)
        truth = np.array([zs.classes.index(name) for name in country[some]])
        best = zs.probabilities(series[some]).argmax(axis=1)
        recall = np.mean([np.mean(best[truth == k] == k) for k in np.unique(truth)])
        print(
            f"{some.sum():,} places {title}: {np.mean(best == truth):.3f} right, balanced {recall:.3f} over "
            f"{len(set(truth))} countries; guessing among {len(zs.classes)}: {1 / len(zs.classes):.3f}"
        )


if __name__ == "__main__":
    main()
