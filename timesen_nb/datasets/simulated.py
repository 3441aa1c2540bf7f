"""A simulated survey of the sample landscape: series, labels, and drawn photos as files; to try things offline."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from timesen_nb.datasets.lucas import VIEWS
from timesen_nb.datasets.places import PlaceDataset, read_codes


def simulated_survey(
    folder: str | Path, each: int = 20, seed: int = 0, year: int = 2018, size: tuple[int, int] = (96, 128)
) -> PlaceDataset:
    """Places of every land cover in the sample landscape, with four drawn photos each as JPEG files in a folder.

    each: places of a land cover. seed: another number picks other places. size: height and width of a photo. Labels:
    land_cover, crops and habitat. Photos that are there already are not drawn again. Nothing in it is real.
    """
    from PIL import Image

    from timesen_nb.simulate.kinds import INDEX, KINDS
    from timesen_nb.sources.sample import SampleSource

    source = SampleSource()
    lonlats = source.survey(each, seed, year)
    values = np.stack([series.values for series in source.pixels(lonlats, year)])
    ids = [f"{lon:.6f},{lat:.6f}" for lon, lat in lonlats]
    files = [[Path(folder) / f"{place},{year}{view}.jpg" for view in VIEWS] for place in ids]
    Path(folder).mkdir(parents=True, exist_ok=True)
    for place, paths in zip(lonlats, files, strict=True):
        if not all(path.is_file() for path in paths):
            for view, path in zip(source.views(*place, year=year, size=size), paths, strict=True):
                Image.fromarray(view).save(path, quality=92)
    kinds = [KINDS[INDEX[source.kind(*place, year=year)]] for place in lonlats]
    labels = {
        "land_cover": read_codes("land_cover", [k.lc1 for k in kinds]),
        "crops": read_codes("crops", [k.lc1 for k in kinds]),
        "habitat": read_codes("habitat", [k.habitat for k in kinds]),
    }
    return PlaceDataset(values, np.array(lonlats), labels, np.array(ids), np.array(files, dtype=str))
