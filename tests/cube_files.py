"""Cubes as people write them, and what comes of them."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from dated_cube import DatedCube, dated_cube
from pyproj import Transformer

import timesen_nb as tn
from timesen_nb.bands import BANDS


def small_world() -> DatedCube:
    return dated_cube(dates=20, height=4, width=6)


def with_offset(world: DatedCube) -> xr.Dataset:
    """The cube as ESA stores it since 2022: 1000 added, 0 = no data."""
    return bands_of(world.dataset(), lambda v: v.where(v == 0, v + 1000))


def opened(data: Any, **options: Any) -> tuple[tn.Source, list[str]]:
    """The source, and what was warned of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        source = tn.open_source(data, **options)
    return source, [str(w.message) for w in said]


def months(source: tn.Source, year: int = 2018) -> np.ndarray:
    return source.cube(source.bounds, year).values


def bands_of(data: xr.Dataset, change: Callable[[xr.DataArray], Any]) -> xr.Dataset:
    """The dataset with something done to each band."""
    return data.assign({b: change(data[b]) for b in BANDS})


def source_place(source: Any, row: int, column: int) -> tuple[float, float]:
    """Longitude and latitude of a pixel's centre, by the cube's own coordinates."""
    cube = source.cube(source.bounds)
    to_degrees = Transformer.from_crs(cube.rio.crs, 4326, always_xy=True)
    return to_degrees.transform(float(cube.x[column]), float(cube.y[row]))
