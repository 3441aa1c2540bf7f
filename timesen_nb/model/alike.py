"""The most alike among many vectors: places like this one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

#: Vectors that are compared at once: as many as stay in a processor's cache.
AT_ONCE = 4096
#: The largest number that int8 holds on both sides.
STEPS = 127


class Similar(NamedTuple):
    """The most alike.

    Attributes:
        indices: (k,) places among the vectors, the most alike first.
        cosines: (k,) float32 of each, -1 to 1.
    """

    indices: np.ndarray
    cosines: np.ndarray


def similar(vectors: np.ndarray, query: np.ndarray, k: int = 100) -> Similar:
    """The vectors most alike a query, by a scan of all of them.

    Args:
        vectors: (..., D) float, or int8 as :func:`as_int8` makes them, a quarter of the size; NaN rows, and rows of
            zeros, are alike nothing.
        query: (D,) of a place or of words, float or int8; or (Q, D): then the most alike any of them.
        k: how many are wanted; fewer come back where there are fewer.

    Returns:
        Indices into the flattened leading axes of ``vectors`` (``np.unravel_index`` turns them back), and cosines.

    Raises:
        ValueError: vectors and query of different length, a query without direction, or k below 1.
    """
    vectors = np.asarray(vectors)
    wanted = np.atleast_2d(np.asarray(query, dtype=np.float32))
    if vectors.ndim < 2 or wanted.ndim != 2 or wanted.shape[1] != vectors.shape[-1]:
        raise ValueError(
            f"vectors {vectors.shape} and query {np.shape(query)} were given; expected (..., D) and (D,) or (Q, D), "
            "of one model."
        )
    length = np.linalg.norm(wanted, axis=1, keepdims=True)
    if not (np.isfinite(length).all() and (length > 0).all()):
        raise ValueError("the query has no direction: it is NaN, of a place without any month, or zero.")
    if k < 1:
        raise ValueError(f"k={k}; expected how many of the most alike are wanted, 1 or more.")
    flat = vectors.reshape(-1, vectors.shape[-1])
    cosines = np.concatenate([np.empty(0, np.float32), *_scan(flat, (wanted / length).T)])
    known = np.flatnonzero(cosines >= -1)
    k = min(k, len(known))
    best = known[np.argpartition(-cosines[known], k - 1)[:k]] if k else known
    best = best[np.argsort(-cosines[best], kind="stable")]
    return Similar(best, cosines[best])


def as_int8(vectors: np.ndarray) -> np.ndarray:
    """Vectors as whole numbers: each in steps of its own largest number, which keeps its direction.

    Args:
        vectors: (..., D) float; NaN rows become zeros.

    Returns:
        (..., D) int8.
    """
    x = np.nan_to_num(np.asarray(vectors, dtype=np.float32), nan=0.0)
    largest = np.abs(x).max(axis=-1, keepdims=True)
    out: np.ndarray = np.rint(x / np.where(largest > 0, largest, 1) * STEPS).astype(np.int8)
    return out


def _scan(flat: np.ndarray, wanted: np.ndarray) -> Iterator[np.ndarray]:
    """(n,) highest cosine of each vector to a column of ``wanted``, block by block; NaN where it has no direction."""
    for start in range(0, len(flat), AT_ONCE):
        part = flat[start : start + AT_ONCE].astype(np.float32)
        length = np.sqrt(np.einsum("nd,nd->n", part, part))
        with np.errstate(invalid="ignore", divide="ignore"):
            yield np.clip((part @ wanted).max(axis=1) / length, -1, 1)
