"""Maps of whole regions: every pixel of a cube read in words, from a tile in memory to a country on a cluster.

One idea a file.

    region        what a cube must be, and into which chunks it is cut
    map_layers    the variables of a map
    chunk         what is done to one chunk: encode, keep the vectors, score against the words
    store         where finished chunks go: memory, or Zarr that a stopped run takes up again
    run           all chunks by Dask: threads here, or any cluster
    mapping       map_region: all of these in one call
    geotiff       maps out as Cloud Optimized GeoTIFF
    areas         how much of each class there is
    parcels       what stands in fields: mean series, classes in hectares
    sampling      a random sample to go and look at
    estimate      error-adjusted areas from it
    alike_places  places like one, in a mapped region
    picture       maps as PNG
    vector_files  points and polygons in files
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
