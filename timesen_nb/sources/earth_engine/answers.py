"""What Earth Engine answers, as arrays that were checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.sources.earth_engine import expressions, told
from timesen_nb.sources.earth_engine.calls import compute_pixels, compute_value
from timesen_nb.sources.earth_engine.errors import expected
from timesen_nb.sources.grid import Grid, Pixel


def read_points(
    places: list[Pixel], year: int, rule: expressions.CompositeRule
) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Of each place its numbers, as the server gives them, and what they were made of; in one call."""
    n, answer = len(places), compute_value(expressions.points(places, year, rule))
    with expected(f"{n} points, each with {len(expressions.NAMES) + 1} numbers and its days"):
        rows = {int(f["properties"]["n"]): f["properties"] for f in answer["features"]}
        found = [
            (np.array(row["values"], np.float32), told.of_pixel(row["clear"], row["told"]))
            for row in (rows[i] for i in range(n))
        ]
        for values, _ in found:
            _check_numbers(values, (len(expressions.NAMES) + 1,))
    return found


def read_window(grid: Grid, year: int, rule: expressions.CompositeRule) -> np.ndarray:
    """(12, 10, height, width) reflectance x 10000 of a window, NaN = missing; in one call."""
    answer = compute_pixels(expressions.window(grid, year, rule), grid)
    with expected(f"{len(expressions.NAMES)} bands of {grid.height} x {grid.width} pixels"):
        values = np.stack([answer[name] for name in expressions.NAMES], axis=-1)
        _check_numbers(values, (*grid.shape, len(expressions.NAMES)))
    return np.moveaxis(months_of(values), (-2, -1), (0, 1))


def _check_numbers(values: np.ndarray, shape: tuple[int, ...]) -> None:
    if values.shape != shape or not np.isfinite(values).all():
        raise ValueError(f"numbers of shape {values.shape}")


def months_of(values: np.ndarray) -> np.ndarray:
    """(..., 120) as the server gives them -> (..., 12, 10), NaN = missing."""
    months = values.reshape(*values.shape[:-1], 12, len(BANDS)).astype(np.float32)
    return np.where(months == expressions.MISSING, np.float32(np.nan), months)
