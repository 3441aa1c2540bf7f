"""What is stored in a cube, read: values and scene classes, or in words why they cannot be."""

from __future__ import annotations

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS
from timesen_nb.composite import SCENE_CLASSES
from timesen_nb.nodata import known_codes
from timesen_nb.sources.cube_errors import explained

#: What scene classes hold where they are unknown, beside NaN: the limits of small integers.
_NO_CLASS = (255, 127, -128, -1)


def stored_values(bands: xr.Dataset) -> np.ndarray:
    """(t, 10, ...) float32 as stored; ValueError in words for whatever keeps them from being read."""
    try:
        with np.errstate(over="ignore"):
            return np.stack([bands[b].values.astype(np.float32) for b in BANDS], axis=1)
    except Exception as error:
        raise explained(error, None) from error


def stored_classes(scl: xr.DataArray) -> np.ndarray:
    """(t, ...) scene classes as stored; as :func:`stored_values`."""
    try:
        return np.asarray(scl.values)
    except Exception as error:
        raise explained(error, None) from error


def check_classes(scl: np.ndarray) -> None:
    """ValueError where scene classes are none: averaged by resampling, or of another scheme."""
    if scl.dtype.kind not in "iuf":
        raise ValueError(
            f"SCL holds {scl.dtype}; expected the whole numbers 0 to 11 of Sentinel-2's scene classes. Is it a mask?"
        )
    there = scl[np.isfinite(scl)] if scl.dtype.kind == "f" else scl
    codes, _ = known_codes(there.astype(np.float32))
    known = np.isin(there, (*SCENE_CLASSES, *_NO_CLASS))
    if codes is not None:
        known |= codes
    if not known.all():
        odd = there[~known].ravel()[0]
        averaged = " It was averaged when it was resampled: take the nearest pixel." if odd % 1 else ""
        raise ValueError(
            f"SCL holds {odd:g} among others; expected the whole numbers 0 to 11 of Sentinel-2's scene classes."
            f"{averaged}"
        )
