"""Splits that keep neighbours together: places near each other are alike, and must not stand on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


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
        ValueError: places that nobody knows: each would be a block of its own, and neighbours on both sides.
    """
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
