"""What clouds, neighbours and processing leave of a simulated year."""

from __future__ import annotations

import numpy as np

from timesen_nb.bands import BANDS

#: Rough path from surface to top-of-atmosphere reflectance x 10000, added and multiplied (mid-latitude),
#: B2 to B12; ``recipes/class_statistics.py`` takes it off.
TOA_ADDED = np.array([750, 450, 280, 220, 170, 140, 120, 100, 20, 10], dtype=np.float32)
TOA_TIMES = np.array([0.86, 0.88, 0.92, 0.92, 0.94, 0.95, 0.93, 0.96, 0.95, 0.92], dtype=np.float32)
#: Probability that a month has no clear date, January to December: round figures after temperate Europe.
MISSING = np.array([0.16, 0.08, 0.09, 0.05, 0.03, 0.02, 0.02, 0.02, 0.03, 0.06, 0.14, 0.22])


def surface_of_top(values: np.ndarray) -> np.ndarray:
    """Roughly the surface reflectance behind that of the top of the atmosphere, by one mid-latitude atmosphere for all.

    Args:
        values: (..., 10) reflectance x 10000 at the top of the atmosphere, NaN = missing.

    Returns:
        The same shape, reflectance x 10000.
    """
    out: np.ndarray = (values - TOA_ADDED) / TOA_TIMES
    return out


def mix(values: np.ndarray, rng: np.random.Generator, probability: float) -> np.ndarray:
    """Some pixels hold a share of another place: field margins, roads, hedges."""
    n = len(values)
    share = np.where(rng.random(n) < probability, rng.beta(1.3, 4.0, n), 0.0).astype(np.float32)[
        :, None, None
    ]
    return (1 - share) * values + share * values[rng.permutation(n)]


def noisy(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Radiometric noise, and monthly haze of mean zero: the class statistics hold haze of their own."""
    # in place, for a landscape has 8 million values
    seen = rng.normal(0, 0.012, values.shape)
    seen += 1
    seen *= values
    haze = rng.normal(0, 0.02, values.shape[:2])[..., None] * np.array(
        [1.0, 0.8, 0.6, 0.4, 0.3, 0.3, 0.3, 0.3, 0.1, 0.1]
    )
    haze += 1
    seen *= haze
    del haze
    seen += rng.normal(0, 8, values.shape)
    out: np.ndarray = seen.astype(np.float32)
    return np.clip(out, 1, 16000, out=out)


def processed(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What one processing chain leaves in a whole year and another does not: a gain a band, and haze under the blue.

    Args:
        values: (N, 12, 10) reflectance x 10000.
        rng: what chance is drawn from; half of the places come out of the chain that the class statistics are from.

    Returns:
        (N, 12, 10) reflectance x 10000.
    """
    n = len(values)
    other = rng.random((n, 1, 1)) < 0.5
    gain = np.exp(other * rng.normal(0, 0.03, (n, 1, len(BANDS))))
    haze = (
        other * rng.normal(0, 50, (n, 1, 1)) * np.array([1.0, 0.7, 0.5, 0.35, 0.25, 0.2, 0.2, 0.2, 0.1, 0.1])
    )
    out: np.ndarray = np.clip(values * gain + haze, 1, 16000).astype(np.float32)
    return out


def clouded(values: np.ndarray, lat: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Months without a clear date become NaN, more in northern winters; at least three months stay."""
    n = len(values)
    probability = MISSING * np.clip(1 + (lat[:, None] - 48) / 12, 0.3, 2.2)
    # Half of the places have a bad year, up to one with hardly a clear month: the model must read those too.
    bad = np.where(rng.random((n, 1)) < 0.5, rng.uniform(0.1, 0.8, (n, 1)), 0.0)
    gone = rng.random((n, 12)) < np.maximum(probability, bad)
    # Some have composites of the growing season alone, as many people make them: 4 to 7 months from March to June on.
    first, length = rng.integers(2, 6, (n, 1)), rng.integers(4, 8, (n, 1))
    out_of_season = (np.arange(12) < first) | (np.arange(12) >= first + length)
    gone |= out_of_season & (rng.random((n, 1)) < 0.15)
    few = (~gone).sum(axis=1) < 3
    gone[few, 4:9] = False
    left_over = rng.random((n, 12, 1)) < 0.015  # a cloud that the mask has missed
    cloud = left_over * rng.uniform(0.05, 0.5, (n, 12, 1))
    values = values * (1 - cloud) + cloud * 7500
    values[gone] = np.nan
    return values.astype(np.float32)
