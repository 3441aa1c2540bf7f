"""Simulated places with the class statistics of real regions outside Europe (``elsewhere.csv``).

A year is drawn from a class's monthly medians, spreads and correlations, then moved: its season by days or by half a
year, its spectrum and brightness by as much as regions differ. They stand beside the places of ``earth.py``, which
know no real pixel and have to carry every region that is not here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from recipes.earth import EarthPlaces
from timesen_nb.bands import BANDS
from timesen_nb.simulate.class_statistics import logarithm
from timesen_nb.simulate.cover_types import INDEX
from timesen_nb.simulate.spectra import surface

#: What each class of a region is drawn as: one of these cover types, by chance.
DRAWN: dict[tuple[str, str], tuple[str, ...]] = {
    ("lesotho_covers", "Cropland"): ("maize", "sorghum", "dry pulses", "winter wheat", "potatoes"),
    ("lesotho_covers", "Grassland"): ("mountain grassland", "mountain grassland", "steppe"),
    ("lesotho_covers", "Shrubland"): ("mountain shrubland", "mountain shrubland", "sagebrush"),
    ("lesotho_covers", "Trees"): (
        "riverine forest",
        "eucalypt plantation",
        "pine forest",
        "broadleaved wood",
    ),
    ("lesotho_covers", "Barren"): ("rock", "bare soil", "stony desert"),
    ("lesotho_covers", "Urban"): ("tin-roofed village", "village"),
    ("lesotho_covers", "Water"): ("reservoir", "river", "lake"),
    ("lesotho_covers", "Wetland"): ("mountain wetland", "tropical marsh", "reed bed"),
    ("sudan_cropland", "cropland"): ("winter wheat", "cotton", "sorghum", "vegetables", "groundnut"),
    ("iran_cropland", "cropland"): ("winter wheat", "barley", "vegetables", "rice"),
    ("arkansas_crops", "corn"): ("maize",),
    ("arkansas_crops", "cotton"): ("cotton",),
    ("arkansas_crops", "rice"): ("rice",),
    ("arkansas_crops", "soybeans"): ("soya",),
    ("canada_crops", "maize"): ("maize",),
    ("canada_crops", "soya"): ("soya",),
    ("canada_crops", "spring wheat"): ("spring wheat",),
    ("canada_crops", "winter wheat"): ("winter wheat",),
    ("canada_crops", "potatoes"): ("potatoes",),
    ("canada_crops", "alfalfa"): ("lucerne",),
    ("canada_crops", "grassland"): ("pasture", "meadow", "prairie"),
    ("canada_crops", "orchard"): ("fruit orchard",),
    ("amazonia_covers", "forest"): ("tropical rainforest",),
    ("amazonia_covers", "pasture"): ("tropical pasture",),
    ("amazonia_covers", "savanna"): ("savanna",),
    ("petrolina_covers", "cropland"): ("mango orchard", "vegetables", "vineyard", "banana plantation"),
    ("petrolina_covers", "shrubland"): ("thorn scrub",),
    ("petrolina_covers", "bare ground"): ("bare soil", "sand"),
    ("petrolina_covers", "built-up area"): ("city", "tin-roofed village", "industry"),
    ("petrolina_covers", "water"): ("reservoir", "river", "lake"),
}


@cache
def _statistics() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name("elsewhere.csv"))


@cache
def _class(task: str, label: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Log median and spread (12, 10), factors of the month and band correlations, share of months seen (12,)."""
    rows = _statistics().query("task == @task and label == @label")
    months = np.linalg.cholesky(_sound(rows[[f"month_{m}" for m in range(1, 13)]].to_numpy(float)))
    bands = rows[[f"band_{b}" for b in BANDS]].to_numpy(float)[:10]
    there = ~np.isnan(np.diag(bands))
    factor = np.zeros((10, 10))
    factor[np.ix_(there, there)] = np.linalg.cholesky(_sound(bands[np.ix_(there, there)]))
    middle = np.log(rows[list(BANDS)].to_numpy(float))
    spread = rows[[f"{b}_spread" for b in BANDS]].to_numpy(float)
    return middle, spread, months, factor, rows["seen"].to_numpy(float)


def _sound(c: np.ndarray) -> np.ndarray:
    """A correlation matrix that stays positive definite after rounding."""
    c = (c + c.T) / 2
    out: np.ndarray = 0.98 * c + 0.02 * np.eye(len(c))
    return out


def elsewhere_places(n: int, seed: int, without: tuple[str, ...] = ()) -> EarthPlaces:
    """n simulated places after the class statistics of regions outside Europe; the same seed gives the same.

    Args:
        n: how many, classes evenly.
        seed: of the random numbers.
        without: tasks whose statistics are left out, to see how a region does that nothing was known of.

    Returns:
        Clear years; a band that a region's files lack is NaN.
    """
    rng = np.random.default_rng([seed, 17])
    groups = [g for g in DRAWN if g[0] not in without]
    group = rng.integers(len(groups), size=n)
    values = np.zeros((n, 12, len(BANDS)))
    cover_type, cloudy = np.zeros(n, int), np.zeros((n, 12))
    lat = rng.uniform(5, 45, n)
    for g, key in enumerate(groups):
        rows = np.flatnonzero(group == g)
        middle, spread, months, bands, seen = _class(*key)
        drawn = np.einsum(
            "st,bc,ntc->nsb", months, bands, rng.standard_normal((len(rows), 12, 10)), optimize=True
        )
        values[rows] = middle + spread * np.clip(drawn, -3, 3)
        cover_type[rows] = rng.choice([INDEX[name] for name in DRAWN[key]], len(rows))
        cloudy[rows] = np.clip(1 - seen, 0.02, 0.9)
    # other places of the class
    values, turned = _moved(values, rng, late=0.35, turned=0.25, tint=0.03, light=0.06)
    cloudy[turned] = np.roll(cloudy[turned], 6, axis=1)
    values = np.exp(values)
    values = np.clip(values, 1, 16000).astype(np.float32)
    red, infrared = values[..., BANDS.index("B4")], values[..., BANDS.index("B8")]
    green = np.clip(((infrared - red) / (infrared + red) - 0.15) / 0.65, 0, 1)
    brown = np.clip(0.5 - green, 0, 0.5) * 0.6
    peak = green.argmax(axis=1)
    stage = np.clip(0.5 + ((np.arange(12)[None] - peak[:, None] + 6) % 12 - 6) / 5.0, 0, 1)
    zero = np.zeros(n)
    return EarthPlaces(
        cover_type, zero, lat, zero, values, green, brown, np.zeros((n, 12), bool), cloudy, stage
    )


def _moved(
    logs: np.ndarray, rng: np.random.Generator, *, late: float, turned: float, tint: float, light: float
) -> tuple[np.ndarray, np.ndarray]:
    """Stands as they would be somewhere else.

    Args:
        logs: (N, 12, 10) log reflectance.
        rng: what chance is drawn from.
        late: deviation of the season, months.
        turned: share that goes to the other hemisphere.
        tint: deviation of the spectrum, from band to band.
        light: deviation of the brightness.

    Returns:
        (N, 12, 10) log reflectance, and which of them (N,) lie in the other hemisphere.
    """
    n = len(logs)
    months = rng.normal(0, late, n)
    whole = np.floor(months).astype(int)
    rows = (np.arange(12) - whole[:, None]) % 12
    a, b = (np.take_along_axis(logs, r[..., None], axis=1) for r in (rows, (rows - 1) % 12))
    share = (months - whole)[:, None, None]
    out = (1 - share) * a + share * b
    south = rng.random(n) < turned
    out[south] = np.roll(out[south], 6, axis=1)
    walk = np.cumsum(rng.normal(0, tint, (n, len(BANDS))), axis=1)
    out = out + (walk - walk.mean(axis=1, keepdims=True) + rng.normal(0, light, (n, 1)))[:, None]
    return out, south


def moved(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Clear years of northern stands as they would be on another continent.

    A third get snow in up to six months around January; then all get a season of their own, and some the other
    hemisphere.

    Args:
        values: (N, 12, 10) reflectance x 10000.
        rng: what chance is drawn from.

    Returns:
        (N, 12, 10) float32 reflectance x 10000.
    """
    n = len(values)
    away = np.abs((np.arange(12) - rng.normal(0, 0.5, (n, 1)) + 6) % 12 - 6)
    lies = (away < rng.uniform(0.5, 3.2, (n, 1))) & (rng.random((n, 1)) < 0.35)
    share = (lies * rng.uniform(0.2, 1, (n, 12)) * rng.uniform(0.4, 1, (n, 1)))[..., None]
    snow = 1e4 * surface("snow") * np.exp(rng.normal(0, 0.15, (n, 1, 1)))
    logs = logarithm((1 - share) * values + share * snow)
    out, _ = _moved(logs, rng, late=0.7, turned=0.3, tint=0.04, light=0.08)
    return np.clip(np.exp(out), 1, 16000).astype(np.float32)
