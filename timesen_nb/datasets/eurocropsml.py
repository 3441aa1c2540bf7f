"""EuroCropsML: fields of Estonia, Latvia and Portugal in 2021, every observation of Sentinel-2, and what was declared.

Reuss et al. 2024, arXiv 2407.17458. A folder of files ``<NUTS 3>_<parcel>_<crop>.npz`` as its makers'
preprocessing writes them: ``data`` (dates, 13) top-of-atmosphere reflectance x 10000 of B1 to B12, medians of a field,
``dates`` and ``center`` (longitude, latitude). Clouds were taken off by them, roughly.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from timesen_nb.bands import band_positions
from timesen_nb.composite import monthly_medians
from timesen_nb.datasets.archives import check_year, cleaned
from timesen_nb.datasets.place_dataset import PlaceDataset
from timesen_nb.simulate.processing import surface_of_top
from timesen_nb.sources.grid import holds

#: The columns of ``data``.
COLUMNS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
YEAR = 2021
#: Where the countries lie, islands too (degrees: west, south, east, north), rounded outwards.
BOXES = {
    "EE": (21.0, 57.0, 29.0, 60.0),
    "LV": (20.0, 55.0, 29.0, 59.0),
    "PT": (-32.0, 30.0, -6.0, 43.0),
}


def read_eurocropsml(
    folder: str | Path,
    country: str,
    names: Mapping[str, str] | None = None,
    most: int | None = None,
    seed: int = 0,
) -> PlaceDataset:
    """The fields of a country, with monthly medians.

    Args:
        folder: of the .npz files; those in folders below it count too.
        country: its two letters in NUTS: "EE", "LV" or "PT".
        names: what a crop code (HCAT, ten digits) is called, as the labels of the data set say it; None: its code.
        most: so many fields, drawn at random; None: all.
        seed: of the draw.

    Returns:
        A data set with labels of the task "crop". Reflectance is brought roughly to the surface; months without any
        date are missing.

    Raises:
        FileNotFoundError: no field of that country is there.
        ValueError: a file that holds something else, or whose center lies in its country with latitude first, or of
            another year.
    """
    paths = sorted(Path(folder).expanduser().rglob(f"{country}*_*_*.npz"))
    if not paths:
        raise FileNotFoundError(
            f"{folder} has no field of {country!r} ({country}..._<parcel>_<crop>.npz); expected the preprocessed files "
            "of EuroCropsML, and EE, LV or PT."
        )
    if most is not None and most < len(paths):
        paths = [paths[i] for i in np.sort(np.random.default_rng(seed).permutation(len(paths))[:most])]
    read = [_field(path) for path in paths]
    lonlats = np.stack([at for _, at in read])
    _check_order(lonlats, country, paths)
    crops = [path.stem.rpartition("_")[2] for path in paths]
    labels = np.array([(names or {}).get(crop, crop) for crop in crops])
    ids = np.array([path.stem for path in paths])
    return PlaceDataset(np.stack([v for v, _ in read]), lonlats, {"crop": labels}, ids)


def _check_order(lonlats: np.ndarray, country: str, paths: list[Path]) -> None:
    """ValueError for centres that lie in their country the other way round alone: it is far from its mirror image."""
    if (box := BOXES.get(country[:2])) is None:
        return
    turned = [i for i, (x, y) in enumerate(lonlats.tolist()) if not holds(box, x, y) and holds(box, y, x)]
    if turned:
        raise ValueError(
            f"{len(turned)} of {len(paths)} files have a center that lies in {country[:2]} the other way round alone, "
            f"such as {paths[turned[0]].name} with {lonlats[turned[0]].tolist()}; expected longitude before latitude, "
            "as the preprocessing of EuroCropsML writes it. Turn center round in these files."
        )


def _field(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Composites (12, 10) and centre of one field."""
    try:
        with np.load(path) as file:
            data, dates, centre = file["data"], file["dates"], file["center"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as problem:
        raise ValueError(
            f"{path.name} holds no data, dates and center ({problem}); expected a field of EuroCropsML."
        ) from problem
    if data.ndim != 2 or data.shape[1] != len(COLUMNS) or len(dates) != len(data) or centre.shape != (2,):
        raise ValueError(
            f"{path.name}: {len(dates)} dates, data of shape {data.shape} and a center of {centre.shape}; expected "
            f"(dates, {len(COLUMNS)}) and (2,)."
        )
    values = cleaned(data[:, band_positions(COLUMNS)], path.name)
    months = monthly_medians(values, dates, YEAR)
    check_year(dates, YEAR, path.name)
    return surface_of_top(months), centre.astype(float)
