"""The most alike among many vectors: places like this one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from timesen_nb.bands import check_count
from timesen_nb.model.kept_vectors import without_hidden

#: Vectors that are compared at once: as many as stay in a processor's cache.
AT_ONCE = 4096


class Similar(NamedTuple):
    """The most alike.

    Attributes:
        indices: (k,) places among the vectors, the most alike first.
        cosines: (k,) float32 of each, -1 to 1.
    """

    indices: np.ndarray
    cosines: np.ndarray


def similar(vectors: Any, query: np.ndarray, k: int = 100) -> Similar:
    """The vectors most alike a query, by a scan of all of them.

    Args:
        vectors: (..., D) float, or int8 as :func:`timesen_nb.model.kept_vectors.pack` makes them, a quarter of the
            size; rows that are NaN, zeros or masked are alike nothing. Or a map made with
            ``map_region(..., keep="int8")``: it may lie on disk and be larger than memory, and is read a row of its
            chunks at a time.
        query: (D,) of a place or of words, float or int8; or (Q, D): then the most alike any of them.
        k: how many are wanted; fewer come back where there are fewer.

    Returns:
        Indices into the flattened leading axes of ``vectors`` (``np.unravel_index`` turns them back), and cosines.

    Raises:
        ValueError: vectors and query that are none or of different length, a query without direction, or k below 1.
    """
    vectors = _vectors(vectors)
    if np.asarray(query).dtype.kind not in "if" or vectors.dtype.kind not in "if":
        raise ValueError(
            f"vectors of {vectors.dtype} and a query {query!r:.60} were given; expected float or int8 vectors. Ask "
            "model.encode(series)[0] for that of a place, zs.vectors[0] for that of words."
        )
    wanted = np.atleast_2d(np.asarray(query, dtype=np.float32))
    if len(vectors.shape) < 2 or wanted.ndim != 2 or wanted.shape[1] != vectors.shape[-1]:
        raise ValueError(
            f"vectors {vectors.shape} and query {np.shape(query)} were given; expected (..., D) and (D,) or (Q, D), "
            "of one model."
        )
    length = np.linalg.norm(wanted, axis=1, keepdims=True)
    if not (np.isfinite(length).all() and (length > 0).all()):
        raise ValueError("the query has no direction: it is NaN, of a place without any month, or zero.")
    k = check_count("k", k, "the most alike")
    unit = (wanted / length).T
    parts = [part for rows in _rows(vectors) for part in _scan(rows.reshape(-1, rows.shape[-1]), unit)]
    cosines = np.concatenate([np.empty(0, np.float32), *parts])
    known = np.flatnonzero(cosines >= -1)
    k = min(k, len(known))
    best = known[np.argpartition(-cosines[known], k - 1)[:k]] if k else known
    best = best[np.argsort(-cosines[best], kind="stable")]
    return Similar(best, cosines[best])


def cosines_to(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """How alike each vector is to a query.

    Args:
        vectors: (n, D) float or int8.
        query: (D,), or (Q, D): then to the most alike of them.

    Returns:
        (n,) float32, -1 to 1; NaN where a vector has no direction.
    """
    wanted = np.atleast_2d(np.asarray(query, dtype=np.float32))
    unit = (wanted / np.linalg.norm(wanted, axis=1, keepdims=True)).T
    return np.concatenate([np.empty(0, np.float32), *_scan(np.asarray(vectors), unit)])


def _vectors(given: Any) -> Any:
    """What has the vectors: a map's own, with the numbers of a vector last, read when it is asked for."""
    if not hasattr(given, "dims"):
        return without_hidden(given)
    if hasattr(given, "data_vars"):
        if "vectors" not in given:
            raise ValueError(
                f"the map given holds {', '.join(map(str, given)) or 'nothing'}; expected its vectors. Make it with "
                'tn.map_region(..., keep="int8").'
            )
        given = given["vectors"]
    return given.transpose(..., "feature") if "feature" in given.dims else given


def _rows(vectors: Any) -> Iterator[np.ndarray]:
    """The vectors some rows at a time: what lies on disk by its own chunks, each read once."""
    chunks = getattr(vectors, "chunks", None)
    rows = chunks[0][0] if chunks else len(vectors)
    return (np.asarray(vectors[start : start + rows]) for start in range(0, len(vectors), max(rows, 1)))


def _scan(flat: np.ndarray, wanted: np.ndarray) -> Iterator[np.ndarray]:
    """(n,) highest cosine of each vector to a column of ``wanted``, block by block; NaN where it has no direction."""
    for start in range(0, len(flat), AT_ONCE):
        part = flat[start : start + AT_ONCE].astype(np.float32)
        length = np.sqrt(np.einsum("nd,nd->n", part, part))
        with np.errstate(invalid="ignore", divide="ignore"):
            yield np.clip((part @ wanted).max(axis=1) / length, -1, 1)
