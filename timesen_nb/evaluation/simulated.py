"""Simulated places as a labelled data set, for the tables of those who have no Sen4Map at hand."""

from __future__ import annotations

import numpy as np

from timesen_nb.datasets import PlaceDataset, read_codes


def simulated_dataset(n: int, seed: int = 303) -> PlaceDataset:
    """n simulated places with labels for land_cover, crops and habitat, and no photos; the same seed gives the same.

    Nothing in it is real, and scores on it flatter the bundled model, which was trained on other places of the same
    simulator.
    """
    from timesen_nb.simulate.kinds import KINDS
    from timesen_nb.simulate.places import simulate_places

    places = simulate_places(n, seed)
    lc1 = np.array([k.lc1 for k in KINDS])[places.kind]
    labels = {
        "land_cover": read_codes("land_cover", lc1),
        "crops": read_codes("crops", lc1),
        "habitat": read_codes("habitat", np.array([k.habitat for k in KINDS])[places.kind]),
    }
    ids = np.array([f"simulated-{seed}-{i:05d}" for i in range(n)])
    return PlaceDataset(places.values, np.stack([places.lon, places.lat], axis=1), labels, ids)
