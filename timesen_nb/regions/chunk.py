"""What is done to one chunk of a region: encode its pixels, keep their vectors, score them against the words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np

from timesen_nb.model.inference import on_one_core
from timesen_nb.model.inputs import months_there
from timesen_nb.model.zeroshot import Encode, ZeroShot

#: Pixels encoded between two looks at whether to stop; bounds memory as well.
SLICE = 8192
#: The label of a pixel without data.
NOTHING = -1

Kept = str | None  # how vectors are kept: "float16", "int8" or not at all


@dataclass(frozen=True)
class ChunkWork:
    """What to make of every chunk; travels to the workers.

    Attributes:
        encoded: chunks are kept vectors (y, x, feature), else composites (composite, band, y, x).
        months: calendar month (1 to 12) of each composite, where they are a choice of the year.
        nodata: what means missing beside NaN, or None.
        exact: encode in float32.
        keep: "float16" or "int8" to return vectors.
        every_class: return the probability of every class.
        applicability: and how unlike the training series a pixel is.
        set_size: and how many classes the set has that holds the true one nine times in ten.
        alone: it is the only chunk, and may use every core.
    """

    encoded: bool
    months: Sequence[int] | None
    nodata: float | None
    exact: bool
    keep: Kept
    every_class: bool
    alone: bool  # the only chunk: it may use every core
    applicability: bool = False
    set_size: bool = False


def do_chunk(
    block: np.ndarray, words: ZeroShot, work: ChunkWork, stop: Callable[[], None] = lambda: None
) -> dict[str, np.ndarray]:
    """One chunk of a region -> its part of the maps.

    Args:
        block: the chunk, as ``work`` says.
        words: the classifier.
        work: what to make of it.
        stop: called before every slice; what it raises ends the work.

    Returns:
        label (y, x) int16, :data:`NOTHING` without data; probability (y, x) float32 of that label, NaN without data;
        vectors (y, x, feature) and probabilities (class, y, x) float16 where asked for.
    """
    height, width = block.shape[:2] if work.encoded else block.shape[2:]
    # Dask keeps the other cores busy with other chunks
    with nullcontext() if work.alone else on_one_core():
        if work.encoded:
            vectors = unpack(block.reshape(height * width, -1))
        else:
            encode = partial(words.encode, months=work.months, exact=work.exact)
            vectors = encode_block(
                block, encode, words.vectors.shape[1], lambda share: stop(), nodata=work.nodata
            )
    out: dict[str, np.ndarray] = {
        "label": np.full(len(vectors), NOTHING, dtype=np.int16),
        "probability": np.full(len(vectors), np.nan, dtype=np.float32),
    }
    if work.every_class:
        out["probabilities"] = np.full((len(words.classes), len(vectors)), np.nan, dtype=np.float16)
    there = np.flatnonzero(~np.isnan(vectors[:, 0]))
    for rows in _slices(there):
        p = words.of_vectors(vectors[rows])
        chosen = words.choose(p)
        out["label"][rows] = chosen
        out["probability"][rows] = np.where(chosen < 0, np.nan, p[np.arange(len(p)), chosen])
        if work.every_class:
            out["probabilities"][:, rows] = p.T
    if work.applicability and words.limits is not None:
        space = words.limits("area of applicability").space
        out["dissimilarity"] = np.full(len(vectors), np.nan, dtype=np.float32)
        series = series_of(block, work.nodata)
        for rows in _slices(there):
            stop()
            out["dissimilarity"][rows] = space.measure(series(rows), vectors[rows]).dissimilarity
    if work.set_size:
        out["set_size"] = np.full(len(vectors), NOTHING, dtype=np.int16)
        series = series_of(block, work.nodata)
        for rows in _slices(there):
            stop()
            out["set_size"][rows] = words.sets_of_vectors(vectors[rows], months_there(series(rows))).sum(
                axis=1
            )
    out = {name: values.reshape(*values.shape[:-1], height, width) for name, values in out.items()}
    if work.keep:
        out["vectors"] = pack(vectors, work.keep).reshape(height, width, -1)
    return out


def encode_block(
    block: np.ndarray, encode: Encode, features: int, tick: Callable[[float], None],
    pixels: int = SLICE, nodata: float | None = None,
) -> np.ndarray:  # fmt: skip
    """Vectors of the pixels of a block.

    Args:
        block: (composite, band, y, x) reflectance x 10000, NaN = missing.
        encode: that of a model.
        features: numbers of a vector.
        tick: told the share done, 0 to 1, before every ``pixels`` of them.
        pixels: encoded at once.
        nodata: what means missing beside NaN, or None.

    Returns:
        (y * x, features) float32, NaN where a pixel has no composite to read.
    """
    series = series_of(block, nodata)
    out = np.full((block.shape[2] * block.shape[3], features), np.nan, dtype=np.float32)
    for start in range(0, len(out), pixels):
        tick(start / len(out))
        values = series(slice(start, start + pixels))
        rows = np.flatnonzero(~np.isnan(values).all(axis=(1, 2)))
        if len(rows):
            out[start + rows] = encode(values[rows], allow_empty=True)
    return out


def series_of(block: np.ndarray, nodata: float | None) -> Callable[[slice | np.ndarray], np.ndarray]:
    """Rows of the pixels (y * x) of composites (composite, band, y, x) -> series (n, T, C) float32, NaN = no data."""
    flat = block.reshape(*block.shape[:2], -1)

    def of_rows(rows: slice | np.ndarray) -> np.ndarray:
        values = np.ascontiguousarray(flat[:, :, rows].transpose(2, 0, 1), dtype=np.float32)
        if nodata is not None:
            values[values == nodata] = np.nan
        return values

    return of_rows


def _slices(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Row numbers, a slice at a time."""
    return (rows[start : start + SLICE] for start in range(0, len(rows), SLICE))


def pack(vectors: np.ndarray, keep: str) -> np.ndarray:
    """Vectors in half or a quarter of their bytes.

    Args:
        vectors: (N, D) float32 unit vectors, NaN = none.
        keep: "float16": as they are; "int8": divided by their largest number / 127, for only the direction counts.

    Returns:
        (N, D) of that type; in int8 0 = none.
    """
    if keep == "float16":
        return vectors.astype(np.float16)
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return np.nan_to_num(np.round(vectors * (127 / largest))).astype(np.int8)


def unpack(kept: np.ndarray) -> np.ndarray:
    """The inverse of :func:`pack`: unit float32 vectors (N, D), NaN = none."""
    vectors = np.asarray(kept, dtype=np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.full_like(vectors, np.nan), where=length > 0)
