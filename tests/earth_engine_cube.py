"""The cube that the Earth Engine of the tests holds, and its pixels in what is found."""

from typing import Any

import numpy as np
from dated_cube import DatedCube, dated_cube

CUBE = dated_cube()
#: Options of a source: nothing is kept, and waits are short.
FAST = {"cache": False, "first_wait": 0.01}


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)


def box_of(cube: DatedCube) -> tuple[float, float, float, float]:
    """A box inside the cube's outer pixels, so that its window is the cube or a little more."""
    height, width = cube.scl.shape[1:]
    (west, south), (east, north) = cube.place(height - 1, 0), cube.place(0, width - 1)
    return west, south, east, north


def on_cube(found: Any, cube: DatedCube) -> Any:
    """The pixels of a window that lie on the cube."""
    height, width = cube.scl.shape[1:]
    x = cube.left + 10 * np.arange(width) + 5
    return found.sel(x=x, y=cube.top - 10 * np.arange(height) - 5)
