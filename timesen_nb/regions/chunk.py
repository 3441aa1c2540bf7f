"""What is done to one chunk of a region: encode its pixels, keep their vectors, score them against the words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np

from timesen_nb.model.inference import on_one_core
from timesen_nb.model.inputs import months_there
from timesen_nb.model.kept_vectors import pack, unpack
from timesen_nb.model.zeroshot import Encode, ZeroShot
from timesen_nb.nodata import without_codes
from timesen_nb.regions.map_layers import Layer

#: Pixels encoded between two looks at whether to stop; bounds memory as well.
SLICE = 8192


@dataclass(frozen=True)
class ChunkWork:
    """What to make of every chunk of a region, and by what; travels to the workers.

    Attributes:
        words: the classifier.
        layers: the variables that are asked for.
        encoded: chunks are kept vectors (y, x, feature), else composites (composite, band, y, x).
        months: calendar month (1 to 12) of each composite, where they are a choice of the year.
        nodata: what means missing beside NaN, or None.
        exact: encode in float32.
        alone: it is the only chunk, and may use every core.
    """

    words: ZeroShot
    layers: Mapping[str, Layer]
    encoded: bool
    months: Sequence[int] | None
    nodata: float | None
    exact: bool
    alone: bool

    def __call__(self, block: np.ndarray, stop: Callable[[], None] = lambda: None) -> dict[str, np.ndarray]:
        """One chunk of a region -> its part of the maps.

        Args:
            block: the chunk, as :attr:`encoded` says.
            stop: called before every slice; what it raises ends the work.

        Returns:
            The layers of the chunk, by name.
        """
        height, width = block.shape[:2] if self.encoded else block.shape[2:]
        vectors = self._vectors(block, stop)
        out = {n: layer.empty(len(vectors)) for n, layer in self.layers.items() if n != "vectors"}
        there = np.flatnonzero(~np.isnan(vectors[:, 0]))
        series = series_of(block, self.nodata) if {"dissimilarity", "set_size"} & set(out) else None
        for start in range(0, len(there), SLICE):
            rows = there[start : start + SLICE]
            p = self.words.of_vectors(vectors[rows])
            chosen = self.words.choose(p)
            out["label"][rows] = chosen
            out["probability"][rows] = np.where(chosen < 0, np.nan, p[np.arange(len(p)), chosen])
            if "probabilities" in out:
                out["probabilities"][:, rows] = p.T
            if series is not None:
                stop()
                # codes for "no data" that nobody declared are missing here as they are to the encoder
                self._trust(rows, without_codes(series(rows), 2)[0], vectors[rows], out)
        out = {name: values.reshape(*values.shape[:-1], height, width) for name, values in out.items()}
        if "vectors" in self.layers:
            out["vectors"] = pack(vectors, self.layers["vectors"].dtype).reshape(height, width, -1)
        return out

    def _trust(
        self, rows: np.ndarray, series: np.ndarray, vectors: np.ndarray, out: dict[str, np.ndarray]
    ) -> None:
        """How far the answers of some pixels may be believed: into the layers that were asked for."""
        if "dissimilarity" in out and self.words.limits is not None:
            space = self.words.limits("area of applicability").space
            out["dissimilarity"][rows] = space.measure(series, vectors).dissimilarity
        if "set_size" in out:
            out["set_size"][rows] = self.words.sets_of_vectors(vectors, months_there(series)).sum(axis=1)

    def _vectors(self, block: np.ndarray, stop: Callable[[], None]) -> np.ndarray:
        """(y * x, D) float32 of a chunk, NaN = no data."""
        if self.encoded:
            return unpack(block.reshape(-1, block.shape[2]))
        encode = partial(self.words.encode, months=self.months, exact=self.exact)
        features = self.words.vectors.shape[1]
        # Dask keeps the other cores busy with other chunks
        with nullcontext() if self.alone else on_one_core():
            return encode_block(block, encode, features, lambda share: stop(), nodata=self.nodata)


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
