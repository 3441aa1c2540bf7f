"""Splits that keep neighbours together: places near each other are alike, and must not stand on both sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from numbers import Real
from typing import Any

import numpy as np

#: Series of some rows.
Series = Callable[[np.ndarray], np.ndarray]


def as_lonlats(given: Any) -> np.ndarray:
    """Places as (N, 2) float64, longitude before latitude: a table by the names of its columns; NaN = masked."""
    named = {str(name).strip().lower(): name for name in getattr(given, "columns", ())}
    for names in (("lon", "lat"), ("longitude", "latitude")):
        if set(names) <= set(named):
            given = given[[named[name] for name in names]]
    return np.ma.filled(np.ma.asarray(given, dtype=np.float64), np.nan)


def blocks(lonlats: np.ndarray, edge_km: float) -> np.ndarray:
    """The square block that each place lies in.

    Args:
        lonlats: (N, 2) degrees, longitude before latitude.
        edge_km: of the blocks, cells of equal area.

    Returns:
        (N,) integers.

    Raises:
        ValueError: places that nobody knows, or an edge that is none: each place would be a block of its own, and
            neighbours on both sides.
    """
    if not isinstance(edge_km, Real) or not edge_km > 0:
        raise ValueError(f"block_km={edge_km!r}; expected the edge of a block in kilometres, above 0.")
    if lost := int(np.isnan(lonlats).any(axis=1).sum()):
        raise ValueError(
            f"{lost} of {len(lonlats)} places have no coordinates, so that nobody can say which are neighbours; "
            "expected longitude and latitude of each. Leave them out, or split place by place: block_km=None."
        )
    lon, lat = np.asarray(lonlats, dtype=np.float64).T
    row = np.floor(lat * 111.32 / edge_km)
    middle = np.radians((row + 0.5) * edge_km / 111.32)
    column = np.floor(lon * 111.32 * np.cos(middle) / edge_km)
    return np.unique(np.stack([row, column]), axis=1, return_inverse=True)[1].reshape(-1)


def same_places(lonlats: np.ndarray | None, series: Series | None, n: int) -> np.ndarray:
    """The row where each place stands first: those of one place must not stand on both sides either.

    Args:
        lonlats: (N, 2) degrees, NaN = unknown; None: of none.
        series: of some rows, (n, ...) float32, NaN = missing: it tells places whose coordinates are not known; None:
            each of those is one of its own.
        n: places.

    Returns:
        (N,) integers, those of a place that occurs once its own row.
    """
    where = np.full((n, 2), np.nan) if lonlats is None else lonlats + 0.0
    unknown = np.isnan(where.sum(axis=1))
    first: dict[bytes, int] = {}
    out = np.arange(n)
    for start in range(0, n, 4096):
        rows = np.arange(start, min(start + 4096, n))
        keys = [f"row {i}".encode() if unknown[i] else where[i].tobytes() for i in rows]
        if series is not None and len(lost := rows[unknown[rows]]):
            for i, one in zip(lost, series(lost), strict=True):
                if not np.isnan(one).all():
                    keys[i - start] = sha256(one.tobytes()).digest()
        out[rows] = [first.setdefault(key, i) for key, i in zip(keys, rows.tolist(), strict=True)]
    return out


def split_rows(block: np.ndarray, shares: Sequence[float], seed: int = 0) -> list[np.ndarray]:
    """Row indices of disjoint parts that keep blocks whole and come as near to the shares as blocks allow."""
    if not np.isclose(sum(shares), 1.0) or min(shares) <= 0:
        raise ValueError(
            f"shares={tuple(shares)}; expected positive shares that sum to 1, such as (0.8, 0.2)."
        )
    found, member, size = np.unique(block, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(found))
    middle = (np.cumsum(size[order]) - size[order] / 2) / len(block)
    part = np.empty(len(found), dtype=int)
    part[order] = np.searchsorted(np.cumsum(shares)[:-1], middle)
    rows = [np.flatnonzero(part[member.reshape(-1)] == p) for p in range(len(shares))]
    if not all(len(r) for r in rows):
        raise ValueError(
            f"{len(found)} blocks cannot be split by {tuple(shares)}; a part is empty. Use smaller blocks."
        )
    return rows
