"""Vectors as they are kept, in half or a quarter of their bytes, and as classifiers read them: of unit length."""

from __future__ import annotations

from typing import Any

import numpy as np

#: The largest number that int8 holds on both sides.
STEPS = 127
#: Unit vectors in float16 are so near to length 1.
_ROUNDED = 1e-3


def pack(vectors: np.ndarray, keep: str) -> np.ndarray:
    """Vectors in half or a quarter of their bytes.

    Args:
        vectors: (..., D) float32, NaN = none.
        keep: "float16": as they are; "int8": in steps of their own largest number, for only the direction counts.

    Returns:
        (..., D) of that type; in int8 0 = none.
    """
    if keep == "float16":
        return vectors.astype(np.float16)
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.round(vectors * (STEPS / largest))).astype(np.int8)


def unpack(kept: np.ndarray) -> np.ndarray:
    """The inverse of :func:`pack`: unit float32 vectors (..., D), NaN = none."""
    vectors = np.asarray(kept, dtype=np.float32)
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.full_like(vectors, np.nan), where=length > 0)


def of_unit_length(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., D) of length 1; those that have it but for rounding are left to the last bit, and so are zeros."""
    length = np.sqrt(np.einsum("...d,...d->...", vectors, vectors))
    other = (np.abs(length - 1) > _ROUNDED) & (length > 0)
    if not other.any():
        return vectors
    return vectors / np.where(other, length, 1).astype(vectors.dtype)[..., None]


def as_read(vectors: Any, width: int) -> np.ndarray:
    """Vectors for a classifier, whether they come from a model or from where they were kept.

    Args:
        vectors: (..., D) of a model, float, or int8 as :func:`pack` makes them. Only the direction counts, of the mean
            of several photos too; one of length 0 is none.
        width: D of the classifier.

    Returns:
        (..., D) float32 unit vectors, NaN = none; what a masked array hides is none.

    Raises:
        ValueError: no numbers, infinite ones, or vectors of another length.
    """
    given = vectors.detach().cpu() if hasattr(vectors, "detach") else vectors
    hidden = np.ma.getmask(given)
    x = np.asarray(given)
    if x.dtype.kind not in "if" or not x.ndim or x.shape[-1] != width:
        raise ValueError(
            f"vectors {x.shape} of {x.dtype} were given; expected (..., {width}) as the model makes them. Ask "
            "model.encode(series) for them."
        )
    if hidden is not np.ma.nomask:
        x = np.where(hidden.any(axis=-1, keepdims=True), np.nan, x)
    if x.dtype.kind == "i":
        return unpack(x)
    if np.isinf(x).any():
        raise ValueError("vectors hold infinite numbers; expected unit vectors, NaN where there is none.")
    unit = of_unit_length(x.astype(np.float32, copy=False))
    none = ~unit.any(axis=-1, keepdims=True)
    return np.where(none, np.float32(np.nan), unit) if none.any() else unit
