"""Arrays as people give them: masks, types, and what is true or false. Which numbers mean "missing" says ``nodata``."""

from __future__ import annotations

from typing import Any

import numpy as np


def with_masks(values: Any) -> Any:
    """What was given, a list of masked arrays as one: as an array of numbers it would lose its masks.

    Args:
        values: anything.

    Returns:
        A masked array (``numpy.ma``) where there is a mask, else the values as they are.

    Raises:
        ValueError: masked arrays of several shapes.
    """
    if isinstance(values, list | tuple) and any(np.ma.isMaskedArray(each) for each in values):
        return np.ma.stack(values)
    return values


def unmasked(values: Any, *, codes: bool = False) -> np.ndarray:
    """Numbers as float32 of their own, NaN where a masked array (``numpy.ma``) hides them.

    Args:
        values: an array, a list, a masked array, a list of these.
        codes: they are classes, which fit into bytes, and no reflectance.

    Returns:
        The same shape.

    Raises:
        ValueError: what is given holds no numbers, or bytes.
    """
    if not codes:
        check_not_bytes(values, "what is given")
    try:
        values = with_masks(values)
        kind = np.asanyarray(values).dtype.kind
        if kind in "cmM":
            raise TypeError("real numbers are needed")
        # what float32 cannot hold becomes infinite, and is refused as such by whoever reads it
        with np.errstate(over="ignore"):
            if np.ma.isMaskedArray(values):
                return np.asarray(np.ma.filled(values.astype(np.float32), np.nan))
            return np.array(values, dtype=np.float32)
    except (TypeError, ValueError) as problem:
        raise ValueError(
            f"the values given are no array of numbers ({str(problem)[:100]}); expected reflectance x 10000, NaN where "
            "data are missing."
        ) from None


def check_not_bytes(values: Any, what: str) -> None:
    """Refuse numbers of eight bits, which no reflectance x 10000 fits into.

    Args:
        values: anything.
        what: what they are, in words.

    Raises:
        ValueError: an array of bytes.
    """
    first = values[0] if isinstance(values, list | tuple) and len(values) else values
    kind = getattr(first, "dtype", None)
    if kind is not None and kind in (np.uint8, np.int8):
        raise ValueError(
            f"{what} is of type {kind}, which ends at {np.iinfo(kind).max}: colours of a picture, or percent; expected "
            "reflectance x 10000. Read the bands themselves, and multiply percent by 100."
        )


def flags(valid: Any) -> np.ndarray:
    """What is there, as bool.

    Args:
        valid: bool, or 0 and 1; what a masked array hides is not there.

    Returns:
        The same shape.

    Raises:
        ValueError: anything else: text and NaN would count as true.
    """
    valid = with_masks(valid)
    given = np.ma.filled(valid, 0) if np.ma.isMaskedArray(valid) else np.asarray(valid)
    if given.dtype.kind != "b" and not (given.dtype.kind in "iuf" and np.isin(given, (0, 1)).all()):
        example = given.ravel()[0] if given.size else "nothing"
        raise ValueError(
            f"valid holds {given.dtype}, such as {example!r}; expected True and False, or 1 and 0."
        )
    return given.astype(bool)


def check_unmasked(values: Any, what: str) -> None:
    """Refuse a masked array that hides some: what lies behind the mask would be counted.

    Args:
        values: anything that is counted place by place.
        what: what it is, in words.

    Raises:
        ValueError: values behind a mask.
    """
    if hidden := int(np.ma.count_masked(values)):
        raise ValueError(
            f"{what} hides {hidden} of {np.size(values)} values behind a mask; expected one of each place. Leave these "
            "places out of all that is given: x[~mask]."
        )
