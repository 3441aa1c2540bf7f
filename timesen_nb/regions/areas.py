"""How much of each class a map holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr
from pyproj import Geod, Transformer
from rasterio.transform import xy

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
        degrees, Web Mercator), and share of what has data by its area on the ground, 0 to 1: in degrees, pixels
        near the poles are smaller.

    Raises:
        ValueError: the map has no label that ``map_region`` made.
    """
    import pandas as pd

    label = check_label(maps)
    classes = label.attrs["classes"]
    pixels, areas = _counted(label, row_areas(label))
    table = pd.DataFrame(
        {
            "pixels": pixels,
            "hectares": pixels * pixel_hectares(label),
            "share": areas / (areas.sum() or 1.0),
        },
        index=pd.Index(classes, name="class"),
    )
    return table.sort_values("pixels", ascending=False, kind="stable")


def class_pixels(label: xr.DataArray) -> np.ndarray:
    """(K,) how many pixels of a map's label are of each class."""
    return _counted(label, np.ones(label.shape[0]))[0]


def _counted(label: xr.DataArray, area: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(K,) pixels of each class, and (K,) their area, where that of a pixel of each row is given."""
    counts = np.zeros(len(label.attrs["classes"]) + 1, dtype=np.int64)
    areas = np.zeros(len(counts))
    for start, part in row_blocks(label):
        numbers, weights = part + 1, np.broadcast_to(area[start : start + len(part), None], part.shape)
        counts += np.bincount(numbers.ravel(), minlength=len(counts))
        areas += np.bincount(numbers.ravel(), weights.ravel(), minlength=len(counts))
    return counts[1:], areas[1:]


def row_areas(data: xr.DataArray) -> np.ndarray:
    """(y,) what a pixel of each row covers on the ellipsoid; 1 where all are nearly alike, or have no known place."""
    # areas change slowly: so many rows tell those between them
    height, width = data.shape[-2:]
    rows = np.unique(np.linspace(0, height - 1, 257).round())
    areas = _true_areas(data, np.full(len(rows), width // 2), rows) if data.rio.crs else np.ones(len(rows))
    if not areas.max() / areas.min() - 1 > DISTORTED:
        return np.ones(height)
    return np.interp(np.arange(height), rows, areas)


def _true_areas(data: xr.DataArray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(n,) square metres on the ellipsoid of the pixels that begin there; NaN where there is no such place."""
    around = np.add.outer(rows, [0, 0, 1, 1]).ravel(), np.add.outer(columns, [0, 1, 1, 0]).ravel()
    x, y = xy(transform_of(data), *around, offset="ul")
    corners = np.array(Transformer.from_crs(data.rio.crs, 4326, always_xy=True).transform(x, y)).reshape(
        2, -1, 4
    )
    return np.array([abs(_ELLIPSOID.polygon_area_perimeter(*corners[:, n])[0]) for n in range(len(rows))])


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
    columns, rows = np.array([(0, 0), (width, 0), (0, height), (width, height), (width / 2, height / 2)]).T
    if not (np.abs(_true_areas(data, columns, rows) / nominal - 1) <= DISTORTED).all():
        return float("nan")
    return nominal / 10_000


def row_blocks(label: xr.DataArray) -> Iterator[tuple[int, np.ndarray]]:
    """The label a block of rows at a time with its first row, so that a lazy one need not fit in memory."""
    rows = max(1, 4_000_000 // label.shape[1])
    return ((start, label[start : start + rows].values) for start in range(0, label.shape[0], rows))
