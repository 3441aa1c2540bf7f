"""How much of each class a map holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr

from timesen_nb.plots.maps import check_label
from timesen_nb.regions.georeference import transform_of

if TYPE_CHECKING:
    import pandas as pd


def area_table(maps: xr.Dataset) -> pd.DataFrame:
    """How much of each class a map holds.

    Args:
        maps: what ``map_region`` returned.

    Returns:
        A row a class, the largest first: pixels, hectares (NaN where the coordinate system does not count in metres),
        and share of what has data, 0 to 1.

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
    """The area of a pixel; NaN where the coordinate system does not count in metres."""
    transform = transform_of(data)
    metric = data.rio.crs is not None and data.rio.crs.linear_units in ("metre", "meter")
    return abs(transform.a * transform.e) / 10_000 if metric else float("nan")


def row_blocks(label: xr.DataArray) -> Iterator[tuple[int, np.ndarray]]:
    """The label a block of rows at a time with its first row, so that a lazy one need not fit in memory."""
    rows = max(1, 4_000_000 // label.shape[1])
    return ((start, label[start : start + rows].values) for start in range(0, label.shape[0], rows))
