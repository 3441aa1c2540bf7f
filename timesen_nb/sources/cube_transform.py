"""Coordinates held against the transform that a cube states: corners of pixels are made centres."""

from __future__ import annotations

import numpy as np
import xarray as xr


def centred(
    data: xr.Dataset, bands: xr.Dataset, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres, by coordinates that are centres or the upper left corners that a stated transform names.

    A transform of other pixels is what a cube that was thinned or averaged keeps, and counts for nothing; so does one
    that begins elsewhere, which a cube that was cut keeps, where coordinates are centres by it all the same.

    Args:
        data: the dataset with all its coordinates and attributes.
        bands: the ten bands.
        x: coordinates as they stand.
        y: coordinates as they stand.

    Returns:
        Centres along x and y.

    Raises:
        ValueError: by the transform the coordinates are neither.
    """
    for left, width, top, height in _transforms(data, bands):
        if not (_same_size(x, width) and _same_size(y, height)):
            continue
        at = np.array([(x[0] - left) / width, (y[0] - top) / height])
        off = at - np.floor(at)
        if (np.abs(off - 0.5) <= 0.25).all():
            continue
        if (np.abs(at) <= 0.05).all() and _same_way(x, width) and _same_way(y, height):
            return x + width / 2, y + height / 2
        raise ValueError(
            f"its coordinates begin at {x[0]:.10g}, {y[0]:.10g}, and its transform (GeoTransform) at {left:.10g}, "
            f"{top:.10g} with pixels of {width:.6g} by {height:.6g}: by it they are no centres of pixels. Keep the one "
            "that is right: write the transform anew from the coordinates, or the coordinates from the transform."
        )
    return x, y


def _transforms(data: xr.Dataset, bands: xr.Dataset) -> list[tuple[float, float, float, float]]:
    """(left, width, top, height) of all that are stated, without those of turned pixels."""
    orders = []
    for variable in data.variables.values():
        if variable.ndim == 0 and "GeoTransform" in variable.attrs:
            orders.append((variable.attrs["GeoTransform"], (0, 1, 2, 3, 4, 5)))
    # as Affine says it, in attributes of stackstac and of older rasters
    for owner in (data.attrs, *(v.attrs for v in bands.data_vars.values())):
        if "transform" in owner:
            orders.append((owner["transform"], (2, 0, 1, 5, 3, 4)))
    found = []
    for stated, order in orders:
        try:
            numbers = [float(n) for n in (stated.split() if isinstance(stated, str) else np.ravel(stated))]
            left, width, skew, top, other, height = (numbers[i] for i in order)
        except (AttributeError, IndexError, TypeError, ValueError):
            continue
        if width and height and not skew and not other:
            found.append((left, width, top, height))
    return list(dict.fromkeys(found))


def _same_size(centres: np.ndarray, size: float) -> bool:
    """Whether pixels are as large as the transform says, whichever way they run; one alone is taken to be."""
    steps = len(centres) - 1
    return steps == 0 or abs(abs(float(centres[-1] - centres[0])) - abs(size) * steps) <= 0.25 * abs(size)


def _same_way(centres: np.ndarray, size: float) -> bool:
    return len(centres) == 1 or (centres[-1] > centres[0]) == (size > 0)
