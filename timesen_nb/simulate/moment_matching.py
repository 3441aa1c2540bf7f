"""Moving the physics to the level and spread of real places, class by class.

Two steps, both in the logarithm of reflectance. :func:`calibrate` honours monthly class statistics where a cover type
has them: each (month, band) gets the statistics' typical value and spread, and part of the variation is drawn with the
statistics' correlations between months and between bands. :func:`anchor` honours annual class statistics of the land
cover: one factor per band for the whole year, so that annual medians get the statistics' mean and covariance over
Europe.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.simulate.class_statistics import ANNUAL_BANDS, logarithm, table
from timesen_nb.simulate.cover_types import COVER_TYPES

MonthlyPhysics = Callable[[str, float, float, float], tuple[np.ndarray, np.ndarray]]
AnnualPhysics = Callable[[str], tuple[np.ndarray, np.ndarray]]

#: Names of the land covers in annual.csv, by LUCAS letter.
COVERS = dict(
    zip("ABCDEFGH", ("Artificial land", "Cropland", "Woodland", "Shrubland", "Grassland", "Bareland", "Water",
                     "Wetlands"), strict=True)
)  # fmt: skip

#: Deviation of the logarithm, band by band, that is added to annual medians before they are moved to the class
#: statistics.
BLUR = 0.05

#: Figures of n places are worth n places; the spread of all crops together is worth this many.
PRIOR = 12.0


def moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (12, 10) of log reflectance over places."""
    logs = logarithm(values)
    return logs.mean(axis=0), logs.std(axis=0)


@cache
def _monthly(group: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[float, float, float]]:
    """A group's statistics: log mean and spread (12, 10), Cholesky factors of month and band correlations, place."""
    everything = table("monthly")
    rows = everything[everything["group"] == group]
    spreads = [f"{b}_spread" for b in BANDS]
    n = float(rows["n"].iloc[0])
    pooled = everything.groupby("month")[spreads].median().to_numpy()
    spread = np.sqrt((n * rows[spreads].to_numpy() ** 2 + PRIOR * pooled**2) / (n + PRIOR))
    place = (float(rows["lat"].iloc[0]), float(rows["lat_sd"].iloc[0]), float(rows["lon"].iloc[0]))
    months, bands = (
        np.linalg.cholesky(_correlation(group, axis, names, n / (n + doubt)))
        for axis, (names, doubt) in _AXES.items()
    )
    return np.log(rows[list(BANDS)].to_numpy(float)), spread, months, bands, place


#: Names along an axis, and of how many places a correlation is half trusted: a place shows its bands in twelve months.
_AXES = {"month": ([str(m) for m in range(1, 13)], 8.0), "band": (list(BANDS), 1.0)}


def _correlation(group: str, axis: str, names: list[str], trust: float = 1.0) -> np.ndarray:
    """Correlations of a group; ``trust`` below one draws them towards none, for those of few places."""
    rows = table("correlations")
    c = rows[(rows["group"] == group) & (rows["axis"] == axis)][names].to_numpy(float)
    c = trust * (c + c.T) / 2
    np.fill_diagonal(c, 1.0)
    return c


def calibrate(
    cover_type: np.ndarray,
    values: np.ndarray,
    physics: MonthlyPhysics,
    rng: np.random.Generator,
    variants: int = 1,
    variety: float = 1.0,
) -> np.ndarray:
    """Series with the monthly class statistics of their cover types; those without come back as they are.

    Args:
        cover_type: (N,) indices of cover types.
        values: (N, 12, 10) reflectance x 10000.
        physics: gives the simulator's own mean and deviation where a group's class statistics are from.
        rng: what chance is drawn from.
        variants: this many rows after each other are one stand and share what is drawn.
        variety: share of what is drawn, for the class statistics' spread is a continent's.

    Returns:
        (N, 12, 10) reflectance x 10000.
    """
    out = values.copy()
    groups = np.array([k.statistics for k in COVER_TYPES])[cover_type]
    for group in np.unique(groups[groups != ""]):
        rows = np.flatnonzero(groups == group)
        mean, spread, months, bands, place = _monthly(group)
        center, deviation = physics(group, *place)
        n = len(rows) // variants
        z = np.clip((logarithm(values[rows]) - center) / np.maximum(deviation, 0.03), -3.0, 3.0)
        drawn = np.einsum(
            "st,bc,ntc->nsb", months, bands, rng.standard_normal((n, 12, len(BANDS))), optimize=True
        )
        share = rng.uniform(
            0.45, 0.95, (n, 1, 1)
        )  # of the variance that is drawn with the statistics' correlations
        drawn, share = np.repeat(drawn, variants, axis=0), np.repeat(share, variants, axis=0)
        z = np.sqrt(1 - share) * z + np.sqrt(share) * variety * drawn
        out[rows] = np.exp(mean + spread * z)
    return out


@cache
def _annual(cover: str) -> tuple[np.ndarray, np.ndarray]:
    """A land cover's statistics: log mean (10,) and covariance (10, 10) of annual medians; B8A as B8."""
    rows = table("annual").set_index("cover").loc[COVERS[cover]]
    source = [b if b in ANNUAL_BANDS else "B8" for b in BANDS]
    mean = np.log(rows[source].to_numpy(float))
    spread = rows[[f"{b}_spread" for b in source]].to_numpy(float)
    links = _correlation(COVERS[cover], "annual", list(ANNUAL_BANDS))
    index = [ANNUAL_BANDS.index(b) for b in source]
    return mean, links[np.ix_(index, index)] * np.outer(spread, spread)


def _root(covariance: np.ndarray, power: float) -> np.ndarray:
    w, v = np.linalg.eigh(covariance)
    out: np.ndarray = (v * np.maximum(w, 1e-7) ** power) @ v.T
    return out


def anchor(
    cover_type: np.ndarray,
    values: np.ndarray,
    physics: AnnualPhysics,
    rng: np.random.Generator,
    variants: int = 1,
    probability: float = 0.9,
    level_only: bool = False,
) -> np.ndarray:
    """Series, some of them moved to the annual class statistics, band by band.

    The map is the linear one between Gaussians (optimal transport), from the simulator's own annual medians of the land
    cover, each blurred a little, to the statistics': where physics varies in fewer ways than real places do, the blur
    fills the others.

    Args:
        cover_type: (N,) indices of cover types.
        values: (N, 12, 10) reflectance x 10000.
        physics: gives the simulator's own mean and covariance of a land cover.
        rng: what chance is drawn from.
        variants: this many rows after each other are moved, or left, together.
        probability: of being moved.
        level_only: the mean alone is moved, and stands differ as the physics says.

    Returns:
        (N, 12, 10) reflectance x 10000.
    """
    out = values.copy()
    moved = np.repeat(rng.random(len(cover_type) // variants) < probability, variants)
    letters = np.array([k.land_cover for k in COVER_TYPES])[cover_type]
    for cover in np.unique(letters):
        rows = np.flatnonzero((letters == cover) & moved)
        mean, covariance = _annual(cover)
        center, spread = physics(cover)
        logs = logarithm(np.median(values[rows], axis=1))
        if level_only:
            step = np.broadcast_to(mean - center, logs.shape)
        else:
            spread = spread + BLUR**2 * np.eye(len(BANDS))
            half, back = _root(spread, 0.5), _root(spread, -0.5)
            transport = back @ _root(half @ covariance @ half, 0.5) @ back
            blur = BLUR * rng.standard_normal((len(rows) // variants, len(BANDS)))
            step = mean + (logs + np.repeat(blur, variants, axis=0) - center) @ transport - logs
        step = np.clip(step, -2.0, 2.0)
        out[rows] = values[rows] * np.exp(step)[:, None]
    return out
