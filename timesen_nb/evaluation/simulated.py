"""Simulated places as a labelled data set, for the tables of those who have no Sen4Map at hand."""

from __future__ import annotations

import numpy as np

from timesen_nb.datasets import PlaceDataset
from timesen_nb.simulate.kinds import KINDS
from timesen_nb.simulate.places import simulate_places
from timesen_nb.tasks import tasks


def simulated_dataset(n: int, seed: int = 303) -> PlaceDataset:
    """n simulated places with labels for land_cover, crops and habitat; simulated, and to be called so.

    The bundled model was trained on other places of the same simulator: its scores here flatter it.
    """
    places = simulate_places(n, seed)
    cover = np.array([k.lc1 for k in KINDS])[places.kind]
    habitat = np.array([k.habitat for k in KINDS])[places.kind]
    labels = {
        name: np.array([*tasks[name].classes, ""])[tasks[name].index(codes)]
        for name, codes in (("land_cover", cover), ("crops", cover), ("habitat", habitat))
    }
    ids = np.array([f"simulated {seed}-{i}" for i in range(n)])
    return PlaceDataset(places.values, np.stack([places.lon, places.lat], axis=1), labels, ids)
