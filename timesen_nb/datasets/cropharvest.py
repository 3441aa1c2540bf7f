"""CropHarvest: labelled fields of the world with twelve 30-day composites each, and three tasks to be scored by.

Tseng et al. 2021 (NeurIPS Datasets and Benchmarks), CC BY-SA 4.0. A folder as its makers publish it:
``labels.geojson``, ``features/arrays/<index>_<dataset>.h5`` with an ``array`` (12, 18), and ``test_features/*.h5`` with
x (N, 12, 18), y (1, 0, or -1 for no label), lats and lons. The Sentinel-2 bands are top of atmosphere; months without
data were filled by its makers, so that none is missing here.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from timesen_nb.bands import band_positions
from timesen_nb.datasets.archives import check_columns, cleaned, open_hdf5
from timesen_nb.datasets.place_dataset import PlaceDataset
from timesen_nb.simulate.processing import surface_of_top

#: The columns of an array: radar, Sentinel-2 without B1 and B10, weather, terrain, NDVI.
COLUMNS = (
    "VV", "VH", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12", "temperature_2m",
    "total_precipitation", "elevation", "slope", "NDVI",
)  # fmt: skip
#: The first composite begins in February: 360 days before the first of February on which every year ends.
FIRST_MONTH = 2
OTHER = "other"


@dataclass(frozen=True)
class CropTask:
    """One of the three: what is asked for, where it is learned (degrees: west, south, east, north) and tested."""

    positive: str
    box: tuple[float, float, float, float]
    tested: str


#: The boxes of the countries are those of Natural Earth, rounded outwards.
TASKS = {
    "Kenya": CropTask("maize", (33.9, -4.7, 41.9, 5.5), "Kenya_maize"),
    "Brazil": CropTask("coffee", (-74.0, -33.8, -34.7, 5.3), "Brazil_coffee"),
    "Togo": CropTask("crop", (-0.2, 5.9, 1.9, 11.2), "togo-eval"),
}


def read_cropharvest(folder: str | Path, task: str) -> tuple[PlaceDataset, PlaceDataset]:
    """Places to learn from and places to score on.

    Args:
        folder: that holds labels.geojson, features and test_features.
        task: "Kenya" (maize or not), "Brazil" (coffee or not) or "Togo" (crop or not).

    Returns:
        Two data sets with labels of the task "crop": what is asked for ("maize", "coffee", "crop"), or "other".
        Reflectance is brought roughly to the surface. A warning says how many labels have no file of features.

    Raises:
        FileNotFoundError: a part of the folder is not there, or all features of a class.
        ValueError: another task, or files that hold something else.
    """
    if task not in TASKS:
        raise ValueError(f"task={task!r} given; CropHarvest is scored on {', '.join(map(repr, TASKS))}.")
    asked, folder = TASKS[task], Path(folder).expanduser()
    return _learned(folder, asked), _tested(folder, asked)


def _learned(folder: Path, asked: CropTask) -> PlaceDataset:
    """What its makers let a model of this task see: labels in the country that are no part of any test."""
    import geopandas as gpd

    path = folder / "labels.geojson"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is not there; expected the labels of CropHarvest. Download and unpack it."
        )
    table = gpd.read_file(path)
    check_columns(table, ("index", "dataset", "lon", "lat", "is_test", "is_crop", "label"), path.name)
    west, south, east, north = asked.box
    inside = table["lon"].between(west, east) & table["lat"].between(south, north)
    table = table[inside & (table["is_test"].astype(int) == 0)]
    files = [
        folder / "features" / "arrays" / f"{n}_{name}.h5"
        for n, name in zip(table["index"], table["dataset"], strict=True)
    ]
    is_crop, label = table["is_crop"].astype(int).to_numpy() == 1, table["label"].to_numpy(object)
    known = np.array([isinstance(name, str) and name != "" for name in label], dtype=bool)
    # a crop without a name may be the one that is asked for
    usable = known | ~is_crop | (asked.positive == "crop")
    positive = is_crop if asked.positive == "crop" else label == asked.positive
    names = np.where(positive, asked.positive, OTHER)
    there = np.array([file.exists() for file in files], dtype=bool)
    _say_lost(names[usable], there[usable], asked, folder / "features" / "arrays")
    rows = np.flatnonzero(usable & there)
    series = []
    for row in rows:
        with open_hdf5(files[row], "CropHarvest") as file:
            series.append(_series(_part(file, "array", files[row])[None], files[row])[0])
    ids = np.array([files[row].stem for row in rows])
    return PlaceDataset(
        np.stack(series), table[["lon", "lat"]].to_numpy(float)[rows], {"crop": names[rows]}, ids
    )


def _say_lost(names: np.ndarray, there: np.ndarray, asked: CropTask, arrays: Path) -> None:
    """A warning of labels without a file of features; FileNotFoundError where a class has none with one."""
    said = []
    for name in (asked.positive, OTHER):
        mine = there[names == name]
        if not mine.any():
            raise FileNotFoundError(
                f"{arrays} holds no field of class {name!r}, of which labels.geojson has {len(mine)} here; expected "
                "the features of CropHarvest. Download and unpack them whole."
            )
        if not mine.all():
            said.append(f"{(~mine).sum()} of {len(mine)} fields of class {name!r}")
    if said:
        warnings.warn(
            f"{arrays} lacks the features of {' and '.join(said)}; they are not learned from. Download and unpack them "
            "whole.",
            stacklevel=4,
        )


def _tested(folder: Path, asked: CropTask) -> PlaceDataset:
    parts = []
    paths = sorted((folder / "test_features").glob(f"{asked.tested}*.h5"))
    if not paths:
        raise FileNotFoundError(
            f"{folder / 'test_features'} has no {asked.tested}*.h5; expected the tests of CropHarvest. Download and "
            "unpack them."
        )
    for path in paths:
        with open_hdf5(path, "CropHarvest") as file:
            x, y, lats, lons = (_part(file, name, path) for name in ("x", "y", "lats", "lons"))
        seen = y != -1
        names = np.where(y[seen] == 1, asked.positive, OTHER)
        ids = np.array([f"{path.stem}-{n}" for n in np.flatnonzero(seen)])
        parts.append((_series(x[seen], path), np.stack([lons, lats], axis=1)[seen], names, ids))
    values, lonlats, labels, ids = (np.concatenate(part) for part in zip(*parts, strict=True))
    return PlaceDataset(values, lonlats, {"crop": labels}, ids)


def _part(file: Any, name: str, path: Path) -> np.ndarray:
    if name not in file:
        raise ValueError(
            f"{path.name} holds {', '.join(file) or 'nothing'}; expected {name!r}, as CropHarvest has it."
        )
    return np.asarray(file[name])


def _series(x: np.ndarray, path: Path) -> np.ndarray:
    """(N, 12, 10) from January on, of arrays as they are stored."""
    if x.ndim != 3 or x.shape[1:] != (12, len(COLUMNS)):
        raise ValueError(f"{path.name} holds arrays of shape {x.shape}; expected (N, 12, {len(COLUMNS)}).")
    values = cleaned(x[:, :, band_positions(COLUMNS)], path.name)
    return surface_of_top(np.roll(values, FIRST_MONTH - 1, axis=1))
