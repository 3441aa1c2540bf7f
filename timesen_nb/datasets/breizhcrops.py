"""BreizhCrops: the fields of Brittany in 2017, every observation of Sentinel-2, and what was declared.

Rußwurm et al. 2020 (ISPRS Archives). A folder as its makers publish it: ``<region>.csv`` (path, CODE_CULTU),
``<region>.h5`` with a data set (dates, 17) a field, and ``classmapping.csv`` (code, id, classname). The regions are
frh01 to frh04; frh04 is the one to test on. Top-of-atmosphere reflectance x 10000, means of a field; nothing says where
they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from timesen_nb.bands import band_positions
from timesen_nb.composite import monthly_medians
from timesen_nb.datasets.archives import check_columns, check_year, cleaned, open_hdf5
from timesen_nb.datasets.place_dataset import PlaceDataset
from timesen_nb.simulate.processing import surface_of_top

#: The columns of a field: doa is the date, in nanoseconds since 1970; QA60 above 0 says cloud.
COLUMNS = (
    "B1", "B10", "B11", "B12", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "QA10", "QA20", "QA60", "doa",
)  # fmt: skip
REGIONS = ("frh01", "frh02", "frh03", "frh04")
YEAR = 2017


def read_breizhcrops(folder: str | Path, region: str, most: int | None = None, seed: int = 0) -> PlaceDataset:
    """The fields of a region, with monthly medians of what is clear.

    Args:
        folder: that holds the index, the series and the class mapping.
        region: "frh01" to "frh04".
        most: so many fields, drawn at random; None: all.
        seed: of the draw.

    Returns:
        A data set with labels of the task "crop", the class names of the mapping; longitude and latitude are NaN.
        Reflectance is brought roughly to the surface; months without a clear date are missing.

    Raises:
        FileNotFoundError: a part of the folder is not there.
        ValueError: another region, or files that hold something else or another year.
    """
    if region not in REGIONS:
        raise ValueError(f"region={region!r} given; BreizhCrops has {', '.join(map(repr, REGIONS))}.")
    folder = Path(folder).expanduser()
    for name in (f"{region}.csv", f"{region}.h5", "classmapping.csv"):
        if not (folder / name).exists():
            raise FileNotFoundError(f"{folder / name} is not there; expected the files of BreizhCrops.")
    # a class may be called "NA"; and with a missing cell beside them numpy would cut names to a letter
    mapping = pd.read_csv(folder / "classmapping.csv", keep_default_na=False)
    check_columns(mapping, ("code", "classname"), "classmapping.csv")
    if nameless := mapping.loc[mapping["classname"].astype(str).str.strip() == "", "code"].tolist():
        raise ValueError(
            f"classmapping.csv has no name for {', '.join(map(str, nameless[:5]))}; expected one for each code. "
            "Name them, or take their rows out."
        )
    mapping = mapping.set_index("code")["classname"]
    index = pd.read_csv(folder / f"{region}.csv", keep_default_na=False)
    check_columns(index, ("path", "CODE_CULTU"), f"{region}.csv")
    index = index[index["CODE_CULTU"].isin(mapping.index)].reset_index(drop=True)
    if most is not None and most < len(index):
        index = index.iloc[np.sort(np.random.default_rng(seed).permutation(len(index))[:most])]
    values = []
    with open_hdf5(folder / f"{region}.h5", "BreizhCrops") as file:
        for path in index["path"]:
            if path not in file:
                raise ValueError(
                    f"{region}.h5 has no {path!r}, which {region}.csv names; download both again."
                )
            values.append(_series(np.asarray(file[path]), path))
    labels = mapping[index["CODE_CULTU"]].to_numpy(str)
    unknown = np.full((len(index), 2), np.nan)
    return PlaceDataset(np.stack(values), unknown, {"crop": labels}, index["path"].to_numpy(str))


def _series(field: np.ndarray, path: str) -> np.ndarray:
    """Composites (12, 10) of one field."""
    if field.ndim != 2 or field.shape[1] != len(COLUMNS):
        raise ValueError(f"{path} has shape {field.shape}; expected (dates, {len(COLUMNS)}).")
    values = cleaned(field[:, band_positions(COLUMNS)], path)
    values[field[:, COLUMNS.index("QA60")] > 0] = np.nan
    days = field[:, COLUMNS.index("doa")].astype("int64").astype("datetime64[ns]").astype("datetime64[D]")
    check_year(days, YEAR, path)
    return surface_of_top(monthly_medians(values, days, YEAR))
