"""What clouds, neighbours and the many ways to make composites leave of a simulated year."""

from __future__ import annotations

import numpy as np

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE

#: Rough path from surface to top-of-atmosphere reflectance x 10000, added and multiplied (mid-latitude),
#: B2 to B12; ``recipes/class_statistics.py`` takes it off.
TOA_ADDED = np.array([750, 450, 280, 220, 170, 140, 120, 100, 20, 10], dtype=np.float32)
TOA_TIMES = np.array([0.86, 0.88, 0.92, 0.92, 0.94, 0.95, 0.93, 0.96, 0.95, 0.92], dtype=np.float32)
CLOUD = REFLECTANCE_SCALE * np.array(
    [0.62, 0.62, 0.63, 0.64, 0.65, 0.66, 0.67, 0.67, 0.5, 0.38], dtype=np.float32
)
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


def untidy(
    values: np.ndarray, cloudy: np.ndarray, rng: np.random.Generator, mixed: float = 0.25
) -> np.ndarray:
    """A clear year (N, 12, 10) as some processing chain would give it, NaN = missing; another draw gives another.

    Args:
        values: reflectance x 10000 of every month.
        cloudy: (N, 12) probability that a month has no clear acquisition.
        rng: of what is drawn.
        mixed: share of pixels that hold a part of another place.

    Returns:
        (N, 12, 10) float32 with at least two months left: left-over clouds and haze where the mask is poor, gains
        between processors, top-of-atmosphere residues, composites of two months, gaps filled between neighbours or
        left, composites of a season alone.
    """
    n = len(values)
    out = mix(values, rng, mixed).astype(np.float32)

    def some(p: float) -> np.ndarray:
        return rng.random((n, 1)) < p

    # clouds that the mask has missed, in most places few, in some most of the wet season
    poor = np.where(some(0.3), rng.uniform(0.2, 0.9, (n, 1)), 0.03)
    left = (rng.random((n, 12)) < poor * np.clip(cloudy * 2.0, 0.1, 1)) * rng.beta(0.8, 1.6, (n, 12))
    out += left[..., None].astype(np.float32) * (
        CLOUD * rng.uniform(0.7, 1.2, (n, 12, 1)).astype(np.float32) - out
    )
    shadow = (rng.random((n, 12)) < 0.25 * poor) * rng.uniform(0.1, 0.6, (n, 12))
    out *= (1 - shadow[..., None]).astype(np.float32)
    gain = np.exp(some(0.6)[..., None] * rng.normal(0, 0.035, (n, 1, len(BANDS))))
    haze = some(0.6) * rng.normal(0, 70, (n, 1)) + rng.normal(0, 15, (n, 12))
    blue = np.array([1.0, 0.75, 0.5, 0.4, 0.3, 0.25, 0.22, 0.2, 0.08, 0.05])
    out = out * gain + haze[..., None] * blue
    top = (some(0.12) * rng.uniform(0.3, 1, (n, 1)))[..., None]
    out = (1 - top) * out + top * (out * TOA_TIMES + TOA_ADDED)
    pairs = 0.5 * (out[:, ::2] + out[:, 1::2])
    out = np.where(some(0.15)[..., None], np.repeat(pairs, 2, axis=1), out)
    # gaps
    bad = np.where(some(0.4), rng.uniform(0.1, 0.8, (n, 1)), 0.0)
    gone = rng.random((n, 12)) < np.maximum(cloudy * rng.uniform(0.1, 1.1, (n, 1)), bad)
    first, length = rng.integers(0, 12, (n, 1)), rng.integers(4, 9, (n, 1))
    gone |= ((np.arange(12) - first) % 12 >= length) & some(0.12)
    few = (~gone).sum(axis=1) < 2
    gone[few] = rng.random((int(few.sum()), 12)) < 0.4
    gone[gone.all(axis=1), 5] = False
    filled = _between(out, gone)
    out = np.where(some(0.35)[..., None], filled, np.where(gone[..., None], np.nan, out))
    noise = rng.normal(0, 10, out.shape) + out * rng.normal(0, 0.012, out.shape)
    return np.clip(out + noise, 1, 16000).astype(np.float32)


def _between(values: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """Missing months as the line between the months before and after, around the year."""
    steps = np.arange(12)
    before, after = np.zeros_like(gone, int), np.zeros_like(gone, int)
    for m in range(24):
        k = m % 12
        before[:, k] = np.where(gone[:, k], before[:, (k - 1) % 12] + 1, 0)
    for m in range(24, 0, -1):
        k = m % 12
        after[:, k] = np.where(gone[:, k], after[:, (k + 1) % 12] + 1, 0)
    rows = np.arange(len(values))[:, None]
    a, b = values[rows, (steps - before) % 12], values[rows, (steps + after) % 12]
    w = (before / np.maximum(before + after, 1))[..., None]
    return (1 - w) * a + w * b
