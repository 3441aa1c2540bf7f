"""How much of each class a map holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr
from pyproj import Geod, Transformer

from timesen_nb.plots.map_label import check_label
from timesen_nb.regions.georeference import transform_of

if TYPE_CHECKING:
    import pandas as pd

#: Areas may differ so much from those on the ground. UTM keeps to 0.2 % in its zone, Lambert-93 to 0.6 % in France
#: (the areal scale that `pyproj.Proj.get_factors` gives).
DISTORTED = 0.01
_ELLIPSOID = Geod(ellps="WGS84")


def area_table(maps: xr.Dataset) -> pd.DataFrame:
    """How much of each class a map holds.

    Args:
        maps: what ``map_region`` returned.

    Returns:
        A row a class, the largest first: pixels, hectares (NaN where the coordinate system does not keep areas:
        degrees, Web Mercator), and share of what has data, 0 to 1.

    Raises:
        ValueError: the map has no label that ``map_region`` made.
    """
    import pandas as pd

    label = check_label(maps)
    classes = label.attrs["classes"]
    pixels = class_pixels(label)
    table = pd.DataFrame(
        {
            "pixels": pixels,
            "hectares": pixels * pixel_hectares(label),
            "share": pixels / max(pixels.sum(), 1),
        },
        index=pd.Index(classes, name="class"),
    )
    return table.sort_values("pixels", ascending=False, kind="stable")


def class_pixels(label: xr.DataArray) -> np.ndarray:
    """(K,) how many pixels of a map's label are of each class."""
    counts = np.zeros(len(label.attrs["classes"]) + 1, dtype=np.int64)
    for _, part in row_blocks(label):
        counts += np.bincount(part.ravel() + 1, minlength=len(counts))
    return counts[1:]


def pixel_hectares(data: xr.DataArray) -> float:
    """The area of a pixel; NaN where the coordinate system does not count in metres, or not in those of the ground.

    Args:
        data: a map or cube with a coordinate system.

    Returns:
        Hectares; NaN for degrees, and where a pixel has another area on the ellipsoid, at the corners or in the middle:
        a metre of Web Mercator is 0.63 m at 51 degrees north.
    """
    crs, transform = data.rio.crs, transform_of(data)
    if crs is None or crs.linear_units not in ("metre", "meter"):
        return float("nan")
    nominal = abs(transform.determinant)
    height, width = data.shape[-2:]
    spots = [(0, 0), (width, 0), (0, height), (width, height), (width / 2, height / 2)]
    to_degrees = Transformer.from_crs(crs, 4326, always_xy=True)
    for column, row in spots:
        corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
        x, y = zip(*(transform * corner for corner in corners), strict=True)
        lons, lats = to_degrees.transform(x, y)
        true = abs(_ELLIPSOID.polygon_area_perimeter(lons, lats)[0])
        if not abs(true / nominal - 1) <= DISTORTED:
            return float("nan")
    return nominal / 10_000


def row_blocks(label: xr.DataArray) -> Iterator[tuple[int, np.ndarray]]:
    """The label a block of rows at a time with its first row, so that a lazy one need not fit in memory."""
    rows = max(1, 4_000_000 // label.shape[1])
    return ((start, label[start : start + rows].values) for start in range(0, label.shape[0], rows))
