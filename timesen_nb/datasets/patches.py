"""The middle of a patch: one rule for what is read from files and for what a model looks at."""

from __future__ import annotations

from collections.abc import Sequence


def middle(shape: Sequence[int], size: int) -> tuple[slice, slice]:
    """Where the middle pixels of a patch are.

    A single pixel of 64 x 64 is (32, 32), as Sen4Map has its points.

    Args:
        shape: rows and columns of the patch.
        size: pixels a side that are kept; no more than there are.

    Returns:
        Slices of rows and columns.
    """
    top, left = (each // 2 - size // 2 for each in shape)
    return slice(top, top + size), slice(left, left + size)
