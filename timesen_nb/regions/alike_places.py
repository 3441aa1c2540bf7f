"""Places like one, in a mapped region: a list to go and look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr

from timesen_nb.model.alike import similar
from timesen_nb.plots.map_label import with_place
from timesen_nb.regions.georeference import lonlat_of

if TYPE_CHECKING:
    import pandas as pd


def similar_places(maps: xr.Dataset, query: np.ndarray, k: int = 100) -> pd.DataFrame:
    """Where the pixels of a map lie that are most alike a query.

    Args:
        maps: made with ``map_region(..., keep="int8")``; it may lie on disk.
        query: (D,) vector of a place (``model.encode(series)[0]``) or of words (``zs.vectors[0]``); or several (Q, D).
        k: how many.

    Returns:
        A row a pixel, the most alike first: cosine, lon and lat in degrees of its centre, row and column in the map.
        :func:`save_points` writes it.

    Raises:
        ValueError: a map without vectors or coordinate system, vectors of another model, or a query without direction.
    """
    import pandas as pd

    maps = with_place(maps).transpose("y", "x", ...)
    found = similar(maps, query, k)
    if maps.rio.crs is None:
        raise ValueError(
            "the map given has no coordinate system (CRS), so that nobody can go there. Say which it is: "
            "maps.rio.write_crs('EPSG:32631')."
        )
    rows, columns = np.divmod(found.indices, maps.sizes["x"])
    lon, lat = lonlat_of(maps, rows, columns)
    return pd.DataFrame({"cosine": found.cosines, "lon": lon, "lat": lat, "row": rows, "column": columns})
