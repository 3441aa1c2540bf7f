"""A simulated survey: places, their year of light, and drawn photos as files; to try things without the real data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from timesen_nb.datasets.lucas import VIEWS
from timesen_nb.datasets.places import PlaceDataset, read_codes


def simulated_survey(
    folder: str | Path, n: int, seed: int = 404, kinds: Sequence[str] | None = None
) -> PlaceDataset:
    """n simulated places with four drawn photos each, kept as JPEG files in a folder; the same seed gives the same.

    kinds: names of ``timesen_nb.simulate.kinds.KINDS`` to draw from evenly; None draws from all. Labels: land_cover,
    crops and habitat. Photos that are there already are not drawn again. Nothing in it is real.
    """
    from PIL import Image

    from timesen_nb.simulate.kinds import KINDS
    from timesen_nb.simulate.places import simulate_places
    from timesen_nb.simulate.pocket import ground_views

    places = simulate_places(n, seed, None if kinds is None else list(kinds))
    ids = np.array([f"simulated-{seed}-{i:05d}" for i in range(n)])
    files = np.array([[str(Path(folder) / f"{place}{view}.jpg") for view in VIEWS] for place in ids])
    if not all(Path(file).is_file() for file in files.flat):
        Path(folder).mkdir(parents=True, exist_ok=True)
        for views, names in zip(ground_views(places, seed), files, strict=True):
            for view, name in zip(views, names, strict=True):
                Image.fromarray(view).save(name, quality=92)
    lc1 = [KINDS[k].lc1 for k in places.kind]
    labels = {
        "land_cover": read_codes("land_cover", lc1),
        "crops": read_codes("crops", lc1),
        "habitat": read_codes("habitat", [KINDS[k].habitat for k in places.kind]),
    }
    return PlaceDataset(places.values, np.stack([places.lon, places.lat], axis=1), labels, ids, files)
