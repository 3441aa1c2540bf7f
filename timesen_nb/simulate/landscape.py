"""A simulated countryside as Sentinel-2 sees it: one year of monthly composites over a georeferenced scene."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import convolve1d

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE
from timesen_nb.simulate.countryside import Plan, plan
from timesen_nb.simulate.cover_types import COVER_TYPES
from timesen_nb.simulate.phenology import Weather, weather
from timesen_nb.simulate.places import grow
from timesen_nb.simulate.processing import MISSING
from timesen_nb.simulate.sheet import noise
from timesen_nb.simulate.spectra import surface

if TYPE_CHECKING:
    import xarray as xr

#: UTM zone 32 north, where the scene lies on the zone's middle at 50 degrees north; nothing real is shown there.
EPSG, EASTING, NORTHING, LON, LAT = 32632, 500_000.0, 5_538_630.0, 9.0, 50.0
PIXEL = 10.0


def corner(size: int) -> tuple[float, float]:
    """UTM easting and northing of the outer corner of the north-west pixel of a scene."""
    half = size // 2 * PIXEL
    return EASTING - half, NORTHING + half


@dataclass(frozen=True)
class Landscape:
    """A simulated scene. All (..., y, x), north up.

    Attributes:
        plan: cover type, parcel and altitude of every pixel.
        year: its weather and crops.
        reflectance: (12, 10, y, x) float32, surface reflectance x 10000 by ``bands.BANDS``, NaN = no clear observation.
        green: (12, y, x) share of the ground under green plants.
        brown: (12, y, x) share of the ground under dry standing plants.
        snow: (12, y, x) bool.
    """

    plan: Plan
    year: int
    reflectance: np.ndarray
    green: np.ndarray
    brown: np.ndarray
    snow: np.ndarray

    @property
    def size(self) -> int:
        """Pixels a side."""
        return len(self.plan.cover_type)

    @cached_property
    def land_cover(self) -> np.ndarray:
        """(y, x) LUCAS letters A to H: what is really there."""
        out: np.ndarray = np.array([k.land_cover for k in COVER_TYPES])[self.plan.cover_type]
        return out

    @cached_property
    def cube(self) -> xr.DataArray:
        """(month 1..12, band, y, x) reflectance x 10000 with coordinates and CRS."""
        import rioxarray  # noqa: F401 - adds .rio
        import xarray as xr

        left, top = corner(self.size)
        at = (np.arange(self.size) + 0.5) * PIXEL
        coords = {"month": np.arange(1, 13), "band": list(BANDS), "y": top - at, "x": left + at}
        cube = xr.DataArray(self.reflectance, coords, ("month", "band", "y", "x"), f"reflectance_{self.year}")
        cube = cube.assign_attrs(units="surface reflectance x 10000", source="simulated landscape")
        return cube.rio.write_crs(EPSG)


def landscape(seed: int = 7, size: int = 256, year: int = 2018) -> Landscape:
    """A simulated countryside in one year; the same seed, size and year give the same scene.

    Physics and class statistics of real places are those of :mod:`timesen_nb.simulate.places`; pixels at borders are
    mixed, and clouds take whole patches of a month away.

    Args:
        seed: which countryside.
        size: pixels of 10 m a side.
        year: another year has other weather and the next crops of each field's rotation, on the same ground.

    Returns:
        The scene.

    Raises:
        ValueError: a size under 128 (the village and the lake would have no room) or over 2048.
    """
    if not 128 <= size <= 2048:
        raise ValueError(f"size given: {size}; expected 128 to 2048 pixels a side.")
    ground = plan(seed, size, year)
    rng = np.random.default_rng([seed, year])
    flat = ground.altitude.ravel()
    one = np.ones(flat.size)
    climate = _weather(flat, rng)
    water = _is(ground, "G")
    fine, wide = (np.stack([noise(rng, size, waves) for _ in range(3)]) for waves in (size / 5, 3))
    blend = np.exp(3 * np.where(water, wide, fine)).reshape(3, -1)
    places = grow(
        ground.cover_type.ravel(), LON * one, LAT * one, flat, rng,
        parcel=ground.parcel.ravel(), blend=(blend / blend.sum(axis=0)).T, climate=climate, clouds=False, regional=True,
    )  # fmt: skip

    def scene(a: np.ndarray) -> np.ndarray:
        return np.moveaxis(a.reshape(size, size, *a.shape[1:]), (0, 1), (-2, -1))

    values = np.ascontiguousarray(scene(places.values))
    for month in values:  # what a pixel sees of its neighbours; month by month, for memory
        for axis in (1, 2):
            month[:] = convolve1d(month, [0.11, 0.78, 0.11], axis=axis, mode="nearest")
    snow = _snow(values, ground, climate, rng)
    _clouds(values, rng)
    return Landscape(ground, year, values, scene(places.green), scene(places.brown), snow)


def _is(ground: Plan, letter: str) -> np.ndarray:
    """(y, x) bool: where a land cover is."""
    out: np.ndarray = np.array([k.land_cover == letter for k in COVER_TYPES])[ground.cover_type]
    return out


def _weather(altitude: np.ndarray, rng: np.random.Generator) -> Weather:
    """One year's weather for the whole scene, cooler uphill; snow is laid afterwards."""
    one = np.ones(1)
    base = weather(LON * one, LAT * one, altitude.mean() * one, rng)
    cooler = -0.0065 * (altitude - altitude.mean())[:, None]
    shape = (len(altitude), 12)
    return Weather(base.temperature + cooler, np.broadcast_to(base.drought, shape), np.zeros(shape))


def _snow(values: np.ndarray, ground: Plan, climate: Weather, rng: np.random.Generator) -> np.ndarray:
    """Lay snow where a cold month leaves it, most on the hill and least under trees; (12, y, x) bool: it lies."""
    size = len(ground.cover_type)
    temperature = climate.temperature.T.reshape(12, size, size)
    tall, wet = _is(ground, "C"), _is(ground, "G")
    lies = np.zeros((12, size, size), dtype=bool)
    for m in range(12):
        patchy = 0.5 * noise(rng, size, 6) + 0.35 * noise(rng, size, 20)
        depth = np.clip(-0.7 - (temperature[m] + 0.9 * patchy), 0, 1) * ~wet
        lies[m] = depth > 0.3
        depth = np.where(tall, 0.35, 0.9) * depth
        values[m] += depth * (surface("snow")[:, None, None] * REFLECTANCE_SCALE - values[m])
    return lies


def _clouds(values: np.ndarray, rng: np.random.Generator) -> None:
    """Take away what clouds hid all month: patches with a hazy rim; every pixel keeps at least six months."""
    share = np.minimum(MISSING * rng.gamma(2.0, 0.5, 12), 0.7)
    size = values.shape[-1]
    seen = np.full((size, size), 12)
    for m in rng.permutation(12):
        cover = np.add.reduce([k * noise(rng, size, w) for w, k in ((3, 1), (8, 0.6), (24, 0.3), (60, 0.12))])
        limit = np.quantile(cover, 1 - share[m])
        gone = (cover > limit) & (seen > 6)
        seen -= gone
        haze = 0.10 * np.clip(1 - (limit - cover) / 0.25, 0, 1)
        values[m] += haze * (7000 - values[m])
        values[m][:, gone] = np.nan
