"""How much of each class a map holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr

from timesen_nb.plots.maps import check_label

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
    counts = np.zeros(len(classes) + 1, dtype=np.int64)
    for part in _blocks(label):
        counts += np.bincount(part.ravel() + 1, minlength=len(counts))
    pixels = counts[1:]
    across, down = label.rio.resolution()
    metric = label.rio.crs is not None and label.rio.crs.linear_units in ("metre", "meter")
    hectares = pixels * (abs(across * down) / 10_000 if metric else np.nan)
    table = pd.DataFrame(
        {"pixels": pixels, "hectares": hectares, "share": pixels / max(pixels.sum(), 1)},
        index=pd.Index(classes, name="class"),
    )
    return table.sort_values("pixels", ascending=False, kind="stable")


def _blocks(label: xr.DataArray) -> list[np.ndarray]:
    """The label a block of rows at a time, so that a lazy one need not fit in memory."""
    rows = max(1, 4_000_000 // label.shape[1])
    return [label[start : start + rows].values for start in range(0, label.shape[0], rows)]
