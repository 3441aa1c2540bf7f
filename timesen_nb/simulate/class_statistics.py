"""Class statistics of real Sentinel-2 (typical value, spread and correlations), carried as readable tables.

``recipes/class_statistics.py`` writes them once from development data: never a row of it. Sources: labelled monthly
pixels of Europe 2017-2023 (test files of WorldCereal repositories) and LUCAS 2018 points with Sentinel-2 statistics
(ELC10 study, doi 10.3390/rs13122301), both containing modified Copernicus Sentinel data.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

import numpy as np
import pandas as pd

from timesen_nb.bands import BANDS

ANNUAL_BANDS = tuple(b for b in BANDS if b != "B8A")
#: Reflectance x 10000 below which a logarithm says nothing.
FLOOR = 15.0


def logarithm(values: np.ndarray) -> np.ndarray:
    """Natural logarithm of reflectance x 10000, floored; NaN stays."""
    out: np.ndarray = np.log(np.maximum(values, FLOOR))
    return out


@cache
def table(name: str) -> pd.DataFrame:
    """One of the tables carried in the package: "monthly", "annual" or "correlations"."""
    with as_file(files(__package__).joinpath("statistics", f"{name}.csv")) as path:
        return pd.read_csv(path)
