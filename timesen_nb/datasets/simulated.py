"""Simulated places as data sets, to try everything offline. Nothing in them is real.

:func:`simulated_dataset` gives as many as wanted, from all over Europe; :func:`simulated_survey` those of the sample
landscape, with drawn photos as files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from timesen_nb.datasets.codes import read_codes
from timesen_nb.datasets.lucas import VIEWS
from timesen_nb.datasets.place_dataset import PlaceDataset


def simulated_labels(cover_types: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
    """Labels of simulated places by their cover types.

    Args:
        cover_types: (N,) rows of ``simulate.cover_types.COVER_TYPES``.

    Returns:
        "land_cover", "crops" and "habitat" -> (N,) class names, "" where the task has no such class.
    """
    from timesen_nb.simulate.cover_types import COVER_TYPES

    cover_types = np.asarray(cover_types, dtype=int)
    codes = {"land_cover": "lc1", "crops": "lc1", "habitat": "habitat"}
    return {
        task: read_codes(task, np.array([getattr(k, field) for k in COVER_TYPES])[cover_types])
        for task, field in codes.items()
    }


def simulated_dataset(n: int, seed: int = 303) -> PlaceDataset:
    """Simulated places from all over Europe with labels for land_cover, crops and habitat, and no photos.

    Scores on them flatter the bundled model, which was trained on other places of the same simulator.

    Args:
        n: how many.
        seed: the same one gives the same places.

    Returns:
        The places; ids begin with "simulated".
    """
    from timesen_nb.simulate.places import simulate_places

    places = simulate_places(n, seed)
    ids = np.array([f"simulated-{seed}-{i:05d}" for i in range(n)])
    lonlats = np.stack([places.lon, places.lat], axis=1)
    return PlaceDataset(places.values, lonlats, simulated_labels(places.cover_type), ids, simulated=True)


def simulated_survey(
    folder: str | Path, each: int = 20, seed: int = 0, year: int = 2018, size: tuple[int, int] = (96, 128)
) -> PlaceDataset:
    """Places of every land cover in the sample landscape, with four drawn photos each as JPEG files in a folder.

    Args:
        folder: of the photos; those that are there already are not drawn again.
        each: places of a land cover.
        seed: another one picks other places.
        year: calendar year.
        size: height and width of a photo in pixels.

    Returns:
        The places, with labels for land_cover, crops and habitat. Nothing in them is real.

    Raises:
        ValueError: there are not so many places of a land cover.
    """
    from PIL import Image

    from timesen_nb.simulate.cover_types import INDEX
    from timesen_nb.sources.sample import SampleSource

    source = SampleSource()
    lonlats = source.survey(each, seed, year)
    values = np.stack([series.values for series in source.pixels(lonlats, year)])
    ids = [f"{lon:.6f},{lat:.6f}" for lon, lat in lonlats]
    written = Path(folder).expanduser()
    files = [[written / f"{place},{year}{view}.jpg" for view in VIEWS] for place in ids]
    written.mkdir(parents=True, exist_ok=True)
    for place, paths in zip(lonlats, files, strict=True):
        if not all(path.is_file() for path in paths):
            for view, path in zip(source.views(*place, year=year, size=size), paths, strict=True):
                Image.fromarray(view).save(path, quality=92)
    labels = simulated_labels([INDEX[source.cover_type(*place, year=year)] for place in lonlats])
    photos = np.array(files, dtype=str)
    return PlaceDataset(values, np.array(lonlats), labels, np.array(ids), photos, simulated=True)
