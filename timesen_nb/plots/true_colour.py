"""A month as people see it: red, green and blue light, brightened the same way wherever it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.composite import median

if TYPE_CHECKING:
    import xarray as xr

#: What a screen shows as red, green and blue.
RGB = ("B4", "B3", "B2")
#: Reflectance x 10000 drawn at full brightness, the same in every month so that seasons can be compared.
WHITE = 2800.0
#: Above 1 brightens woods and water, of which little light comes back, more than roofs and sand.
GAMMA = 1.5
#: Reflectance x 10000 that is white in patch images: the usual stretch of a true-colour image.
PATCH_WHITE = 3000.0
SMALLEST = 8  # pixels: below, there is no image to look at


def true_colour(cube: xr.DataArray, month: int) -> np.ndarray:
    """One month of a cube in the colours that people see, for ``imshow``.

    Args:
        cube: (month, band, y, x) reflectance x 10000 with bands and months by name, in numpy or Dask; NaN = missing.
        month: 1 to 12.

    Returns:
        (y, x, 3) float32 red, green and blue from 0 to 1; NaN = missing, which ``imshow`` leaves white.

    Raises:
        ValueError: the cube has no such month, or lacks one of the bands B4, B3, B2.
    """
    for axis, wanted in (("month", [month]), ("band", RGB)):
        given = cube[axis].values.tolist() if axis in cube.coords else []
        if not set(wanted) <= set(given):
            raise ValueError(
                f"the cube given has the {axis}s {', '.join(map(str, given)) or 'of no name'}; expected "
                f"{', '.join(map(str, wanted))} among them. Take the cube as source.cube(bbox, year) gives it."
            )
    picked = cube.sel(month=month, band=list(RGB))
    return brightened(picked.transpose("y", "x", "band").values)


def patch_images(patches: np.ndarray) -> np.ndarray:
    """What an image tower is shown of patches: the median of their composites in true colour.

    Args:
        patches: (n, T, 10, H, W) reflectance x 10000, NaN = missing.

    Returns:
        (n, H, W, 3) uint8 in proportion to light, :data:`PATCH_WHITE` drawn white; pixels without data are black.

    Raises:
        ValueError: patches under 8 x 8 pixels: one pixel is no image.
    """
    patches = np.asarray(patches, dtype=np.float32)
    if patches.ndim != 5 or min(patches.shape[3:]) < SMALLEST:
        raise ValueError(
            f"values given have shape {patches.shape}; an image needs patches of at least {SMALLEST} x {SMALLEST} "
            "pixels, (n, T, 10, H, W). Read the data set with whole patches, or leave this baseline out."
        )
    rgb = patches[:, :, [BANDS.index(b) for b in RGB]]
    middle = median(np.moveaxis(rgb, 1, 0))  # (n, 3, H, W)
    # what a tower makes of an image must not change with the drawing of maps: gamma stays 1
    shown = np.nan_to_num(brightened(middle, PATCH_WHITE, gamma=1)) * 255
    return shown.round().astype(np.uint8).transpose(0, 2, 3, 1)


def brightened(reflectance: np.ndarray, white: float = WHITE, gamma: float = GAMMA) -> np.ndarray:
    """Reflectance as brightness on a screen.

    Args:
        reflectance: any shape, x 10000, NaN = missing.
        white: what is drawn at full brightness, x 10000; more is no brighter.
        gamma: 1 leaves brightness in proportion to light; above 1 lifts what is dark.

    Returns:
        The same shape, float32 from 0 to 1, NaN = missing.
    """
    share: np.ndarray = np.clip(np.asarray(reflectance, dtype=np.float32) / np.float32(white), 0, 1)
    return share if gamma == 1 else share ** np.float32(1 / gamma)
