"""What clouds, neighbours and the many ways to make composites leave of a simulated year, anywhere on earth."""

from __future__ import annotations

import numpy as np

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE
from timesen_nb.simulate.processing import TOA_ADDED, TOA_TIMES, mix

CLOUD = REFLECTANCE_SCALE * np.array(
    [0.62, 0.62, 0.63, 0.64, 0.65, 0.66, 0.67, 0.67, 0.5, 0.38], dtype=np.float32
)


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
