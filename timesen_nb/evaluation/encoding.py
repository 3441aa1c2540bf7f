"""Labelled places -> vectors: read once, cut to what a model takes, encoded once for each number of composites."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from timesen_nb.arrays import unmasked
from timesen_nb.bands import BANDS
from timesen_nb.composite import annual, quarters
from timesen_nb.datasets.patches import middle
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.inputs import cleaned_series, known_bands, readable

CHUNK = 4096
#: Number of composites -> how the twelve months along axis 1 become so many.
COMPOSITES: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    12: lambda months: months,
    4: lambda months: quarters(months, axis=1),
    1: lambda months: annual(months, axis=1),
}


class Labelled(Protocol):
    """Places with labels: what a report is made on, such as a :class:`timesen_nb.datasets.PlaceDataset`."""

    @property
    def labels(self) -> Mapping[str, np.ndarray]:
        """Task -> (N,) class names or codes of that task, "" (or anything that is none) = unknown."""
        ...

    @property
    def lonlats(self) -> np.ndarray | None:
        """(N, 2) degrees, longitude before latitude; None: not known."""
        ...

    def __len__(self) -> int: ...

    def series(self, rows: Any) -> Any:
        """Series of some of the places.

        Args:
            rows: n indices, a mask or a slice.

        Returns:
            (n, 12, 10[, H, W]) reflectance x 10000, NaN = missing.
        """
        ...


class Encodes(Protocol):
    """Series and words into one space: a :class:`timesen_nb.model.timesenclip.TimeSenCLIP`, or a baseline.

    Attributes:
        calibrated_logit_scale: what cosines are multiplied by before the softmax.
    """

    calibrated_logit_scale: float

    def encode(self, values: Any) -> Any:
        """Vectors of series.

        Args:
            values: (n, T, 10[, H, W]) reflectance x 10000, NaN = missing.

        Returns:
            (n, D) unit vectors.
        """
        ...

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of sentences, in the space of the series.

        Args:
            texts: n sentences.

        Returns:
            (n, D) unit vectors.
        """
        ...


def encode_places(
    model: Encodes,
    dataset: Labelled,
    rows: np.ndarray,
    composites: Sequence[int] = (12,),
    label: str | None = None,
) -> dict[int, np.ndarray]:
    """Vectors of some places, read once and encoded once for each number of composites.

    Args:
        model: what encodes; larger patches than it takes are cut to their centre.
        dataset: the places.
        rows: (n,) which of them.
        composites: of 12 monthly, 4 quarterly and 1 annual.
        label: a name for the progress bar; None: no bar.

    Returns:
        Number of composites -> (n, D) float32.
    """
    from tqdm.auto import tqdm

    out: dict[int, list[np.ndarray]] = {t: [] for t in composites}
    size = getattr(getattr(model, "config", None), "patch", None)
    parts = range(0, len(rows), CHUNK)
    for start in tqdm(parts, desc=f"encoding, {label}", unit="batch", disable=label is None, mininterval=1):
        values = read_series(dataset, rows[start : start + CHUNK], size)
        for t in composites:
            out[t].append(np.asarray(model.encode(COMPOSITES[t](values))))
    return {t: np.concatenate(v).astype(np.float32, copy=False) for t, v in out.items()}


def read_series(dataset: Labelled, rows: Any, size: int | None) -> np.ndarray:
    """Series of some places as encoders read them: missing is NaN, whatever stands for it, and no other unit passes.

    Composites are made of these, so that no code for "no data" enters a median.

    Args:
        dataset: the places.
        rows: n indices, a mask or a slice.
        size: pixels a side around the middle; None leaves patches whole.

    Returns:
        (n, 12, 10[, size, size]) float32.

    Raises:
        ValueError: patches are smaller, or values that can be no reflectance x 10000.
    """
    values = centre(unmasked(dataset.series(rows)), size)
    pixels = values if values.ndim == 5 else values[..., None, None]
    return cleaned_series(pixels, BANDS).reshape(values.shape)


def centre(values: np.ndarray, size: int | None) -> np.ndarray:
    """The middle pixels of patches.

    Args:
        values: (n, T, C, H, W), or (n, T, C), which comes back as it is.
        size: pixels a side that are kept; None leaves patches whole.

    Returns:
        (n, T, C, size, size); a single pixel as (n, T, C).

    Raises:
        ValueError: patches are smaller.
    """
    if values.ndim == 5 and size is not None:
        height, width = values.shape[3:]
        if size > min(height, width):
            raise ValueError(
                f"the model reads patches of {size} x {size} pixels, the data set has {height} x {width}. "
                "Read the data set with larger patches."
            )
        values = values[(..., *middle((height, width), size))]
    return values[..., 0, 0] if values.ndim == 5 and values.shape[3:] == (1, 1) else values


def readable_places(models: Collection[Encodes], dataset: Labelled) -> np.ndarray:
    """Rows of the places with a month that each model can read; for one without an encoder, a month with all bands."""
    configs = dict.fromkeys(getattr(model, "config", None) for model in models)
    kept = [np.empty(0, dtype=bool)]
    for start in range(0, len(dataset), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(dataset)))
        kept.append(np.logical_and.reduce([_has_month(dataset, rows, config) for config in configs]))
    return np.flatnonzero(np.concatenate(kept))


def _has_month(dataset: Labelled, rows: np.ndarray, config: EncoderConfig | None) -> np.ndarray:
    """(n,) bool: such an encoder can read a month of these places."""
    values = read_series(dataset, rows, config.patch if config else 1)
    months = readable(values, config) if config else known_bands(values).all(axis=-1)
    found: np.ndarray = months.any(axis=1)
    return found
