"""Labelled places from published surveys, and simulated ones: one dataclass for all, one file a data set.

    from timesen_nb.datasets import download_photos, read_lucas, read_sen4map
    places = read_sen4map("test.h5")  # series, photo addresses, labels
    near, far = places.split((0.8, 0.2), block_km=50)

Photos become vectors by :func:`timesen_nb.model.towers.embed_photos`; ``places.pairs(vectors, tower=tower)`` is what
training takes.
"""

from timesen_nb.datasets.breizhcrops import read_breizhcrops
from timesen_nb.datasets.codes import read_codes
from timesen_nb.datasets.cropharvest import read_cropharvest
from timesen_nb.datasets.download import download_photos
from timesen_nb.datasets.eurocropsml import read_eurocropsml
from timesen_nb.datasets.lesotho import lesotho_points
from timesen_nb.datasets.lucas import photo_address, read_lucas
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.datasets.place_dataset import PlaceDataset
from timesen_nb.datasets.points import PointTable, read_point_table, read_points
from timesen_nb.datasets.sen4map import read_sen4map
from timesen_nb.datasets.simulated import simulated_dataset, simulated_labels, simulated_survey

__all__ = [
    "Pairs",
    "PlaceDataset",
    "PointTable",
    "download_photos",
    "lesotho_points",
    "photo_address",
    "read_breizhcrops",
    "read_codes",
    "read_cropharvest",
    "read_eurocropsml",
    "read_lucas",
    "read_point_table",
    "read_points",
    "read_sen4map",
    "simulated_dataset",
    "simulated_labels",
    "simulated_survey",
]
