"""Maps of whole regions: every pixel of a cube read in words, from a tile in memory to a country on a cluster.

region.py    what a cube must be, and into which chunks it is cut
layers.py    the variables of a map
chunk.py     what is done to one chunk: encode, keep the vectors, score against the words
store.py     where finished chunks go: memory, or Zarr that a stopped run takes up again
run.py       all chunks by Dask: threads here, or any cluster
mapping.py   map_region: all of these in one call
geotiff.py   maps out as Cloud Optimized GeoTIFF
areas.py     how much of each class there is
"""

from timesen_nb.plots.maps import plot_map
from timesen_nb.regions.areas import area_table
from timesen_nb.regions.geotiff import save_geotiff
from timesen_nb.regions.mapping import map_region
from timesen_nb.regions.run import Cancelled

__all__ = ["Cancelled", "area_table", "map_region", "plot_map", "save_geotiff"]
