"""Maps of whole regions: every pixel of a cube read in words, from a tile in memory to a country on a cluster.

region.py    what a cube must be, and into which chunks it is cut
map_layers.py  the variables of a map
chunk.py     what is done to one chunk: encode, keep the vectors, score against the words
store.py     where finished chunks go: memory, or Zarr that a stopped run takes up again
run.py       all chunks by Dask: threads here, or any cluster
mapping.py   map_region: all of these in one call
geotiff.py   maps out as Cloud Optimized GeoTIFF
areas.py     how much of each class there is
parcels.py   what stands in fields: mean series, classes in hectares
sampling.py, estimate.py    a random sample to go and look at, and error-adjusted areas from it
alike_places.py    places like one, in a mapped region
picture.py, vector_files.py    maps as PNG; points and polygons in files
"""

from timesen_nb.plots.maps import plot_map
from timesen_nb.regions.alike_places import similar_places
from timesen_nb.regions.areas import area_table
from timesen_nb.regions.estimate import AreaEstimate, estimate_areas
from timesen_nb.regions.geotiff import save_geotiff
from timesen_nb.regions.mapping import map_region
from timesen_nb.regions.parcels import field_series, field_table
from timesen_nb.regions.picture import save_picture
from timesen_nb.regions.run import Cancelled
from timesen_nb.regions.sampling import sample_points
from timesen_nb.regions.vector_files import save_points

__all__ = [
    "AreaEstimate",
    "Cancelled",
    "area_table",
    "estimate_areas",
    "field_series",
    "field_table",
    "map_region",
    "plot_map",
    "sample_points",
    "save_geotiff",
    "save_picture",
    "save_points",
    "similar_places",
]
