"""Real points of another continent: Lesotho 2021, with their land cover. Bundled, offline.

Taken from the training data of land_cover_mapping_DEAfrica (Apache-2.0). Contains modified Copernicus Sentinel data
2021.
``data/README.md`` is their data card.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from timesen_nb.bands import BANDS, month_columns
from timesen_nb.datasets.place_dataset import PlaceDataset

FILE = Path(str(files("timesen_nb").joinpath("data", "lesotho_2021.csv")))
#: What a class is called in the survey -> in the task "land_cover".
LAND_COVERS = {
    "Urban": "Artificial land",
    "Cropland": "Cropland",
    "Trees": "Woodland",
    "Shrubland": "Shrubland",
    "Grassland": "Grassland",
    "Barren": "Bareland",
    "Water": "Water",
    "Wetland": "Wetlands",
}


def lesotho_points() -> PlaceDataset:
    """Some 390 real places in Lesotho, southern Africa, in 2021: at most 50 of each of eight land covers.

    Months are those of the calendar, so summer lies at both ends. Two months share one composite, and gaps had been
    interpolated by those who made the data: a series tells six dates, not twelve, and no month is missing.

    Returns:
        Places with series (surface reflectance x 10000) and labels of the task "land_cover".
    """
    table = pd.read_csv(FILE)
    values = table[month_columns()].to_numpy(np.float32).reshape(-1, 12, len(BANDS))
    values[values == 0] = np.nan
    covers = table["true_class"].map(LAND_COVERS).to_numpy(str)
    ids = np.array([f"lesotho-{k}" for k in range(len(table))])
    return PlaceDataset(values, table[["lon", "lat"]].to_numpy(), {"land_cover": covers}, ids)
