"""Reflectance as benchmarks store it, from the top of the atmosphere: by the rules for whatever comes in."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.nodata import clean, other_unit, without_codes

#: What benchmarks fill up with, by their makers' word.
PADDED = (-999.0, -1.0)


def cleaned(values: np.ndarray, what: str) -> np.ndarray:
    """Values that are data.

    Args:
        values: (..., 10) reflectance x 10000, as stored.
        what: what they are, for messages.

    Returns:
        float32 of the same shape, NaN where data are missing.

    Raises:
        ValueError: values that are no reflectance x 10000.
    """
    bands = values.ndim - 1
    values, _ = without_codes(values.astype(np.float32), bands, PADDED)
    if unit := other_unit(values):
        raise ValueError(f"{what}: {unit}")
    return clean(values, BANDS, bands, what)


def check_columns(there: Collection[str], needed: Collection[str], what: str) -> None:
    """Refuse a table that is another.

    Args:
        there: its columns.
        needed: those that are read.
        what: the table, for the message.

    Raises:
        ValueError: some are missing.
    """
    if lost := [name for name in needed if name not in there]:
        raise ValueError(
            f"{what} has the columns {', '.join(map(str, there))}; {', '.join(lost)} expected too, as its makers "
            "publish it. Download it again."
        )
