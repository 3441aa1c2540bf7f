"""Training pairs: the series of a place beside the photos taken there, or the class it is known to be, in one file."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from timesen_nb.bands import BANDS
from timesen_nb.datasets.splits import blocks, split_rows
from timesen_nb.tensor_file import read_tensors, write_tensors

FORMAT = "timesen_nb.pairs"
#: What stands for NaN where series are kept as 16-bit integers.
MISSING = -32768


@dataclass(frozen=True, repr=False)
class Pairs:
    """N places, with photos, class names or both.

    values: (N, T, C[, H, W]) surface reflectance x 10000 in calendar order, NaN = missing; or int16, -32768 = missing.
    embeddings: photo vectors (N, D), or (N, V, D) of up to V photos each where a photo that is missing is NaN; float16
    or float32; None: no photos. labels: (N,) class names, "" = unknown; optional. lonlats: (N, 2) degrees; optional.
    Raises ValueError when lengths differ, reflectance is negative or from 0 to 1, a place has no month or no photo, a
    photo vector is infinite or zero, lonlats are not on Earth, or there are neither photos nor labels.
    """

    values: Any
    embeddings: Any = None
    labels: Any = None
    lonlats: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _tensor(self.values, (torch.int16, torch.float32)))
        if self.embeddings is not None:
            object.__setattr__(self, "embeddings", _tensor(self.embeddings, (torch.float16, torch.float32)))
        if self.labels is not None:
            object.__setattr__(self, "labels", _names(self.labels))
        if self.lonlats is not None:
            object.__setattr__(self, "lonlats", np.asarray(self.lonlats, dtype=np.float64))
        self._check()

    def _check(self) -> None:
        n = len(self.values)
        photos = None if self.embeddings is None else tuple(self.embeddings.shape)
        if self.values.ndim not in (3, 5) or (photos is not None and len(photos) not in (2, 3)):
            raise ValueError(
                f"values {tuple(self.values.shape)} and embeddings {photos} were given; expected "
                "(N, T, bands[, H, W]) and (N, D) or (N, photos, D)."
            )
        if photos is None and self.labels is None:
            raise ValueError(
                "neither embeddings nor labels were given; expected photo vectors, or class names."
            )
        lengths = {"values": n}
        names = ("embeddings", "labels", "lonlats")
        lengths |= {name: len(v) for name in names if (v := getattr(self, name)) is not None}
        if len(set(lengths.values())) > 1 or not n:
            said = ", ".join(f"{v} {k}" for k, v in lengths.items())
            raise ValueError(
                f"{said} were given; expected one of each for every place, and at least one place."
            )
        if self.lonlats is not None:
            _check_places(self.lonlats)
        for start in range(0, n, 4096):
            rows = slice(start, start + 4096)
            _check_series(self.series(rows), start)
            if photos is not None:
                _check_photos(self.photos(rows), start)

    def __repr__(self) -> str:
        photos = "no photos" if self.embeddings is None else f"photos {tuple(self.embeddings.shape[1:])}"
        known = "no labels" if self.labels is None else f"{len(set(self.labels.tolist()) - {''})} classes"
        return f"<{len(self)} pairs: series {tuple(self.values.shape[1:])}, {photos}, {known}>"

    def __len__(self) -> int:
        return len(self.values)

    def series(self, rows: Any) -> Tensor:
        """Series of some places, (n, T, C, H, W) float32, NaN = missing."""
        values = self.values[rows]
        out = values.float()
        if values.dtype == torch.int16:
            out[values == MISSING] = torch.nan
        return out if out.ndim == 5 else out[..., None, None]

    def photos(self, rows: Any) -> Tensor:
        """Photo vectors of some places, (n, D) or (n, V, D) float32, NaN = no photo. ValueError when there are none."""
        if self.embeddings is None:
            raise ValueError("these pairs have no photos; expected embeddings.")
        photos: Tensor = self.embeddings[rows].float()
        return photos

    def take(self, rows: Any) -> Pairs:
        """Some of the places: indices, a mask or a slice."""
        rows = np.arange(len(self))[rows] if isinstance(rows, slice) else np.asarray(rows)
        index = torch.from_numpy(np.flatnonzero(rows) if rows.dtype == bool else rows)
        labels, lonlats = (None if v is None else v[index.numpy()] for v in (self.labels, self.lonlats))
        photos = None if self.embeddings is None else self.embeddings[index]
        return Pairs(self.values[index], photos, labels, lonlats)

    def with_bands(self, bands: Sequence[str]) -> Pairs:
        """The same places with some of the bands, by name and in that order: ("B4", "B3", "B2") for red, green, blue.

        Raises ValueError for a band that is none, or when the series have other bands than BANDS.
        """
        unknown = [band for band in bands if band not in BANDS]
        if unknown or self.values.shape[2] != len(BANDS):
            raise ValueError(
                f"bands {', '.join(bands)} of series with {self.values.shape[2]}; expected some of {', '.join(BANDS)}."
            )
        values = self.values[:, :, [BANDS.index(band) for band in bands]]
        return Pairs(values, self.embeddings, self.labels, self.lonlats)

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file, types as they are; it has its name only once it is complete. Returns its path."""
        tensors = {"values": self.values.numpy()}
        if self.embeddings is not None:
            tensors["embeddings"] = self.embeddings.numpy()
        about: dict[str, Any] = {"version": 1}
        if self.labels is not None:
            names, codes = np.unique(self.labels, return_inverse=True)
            about["classes"], tensors["labels"] = names.tolist(), codes
        if self.lonlats is not None:
            tensors["lonlats"] = self.lonlats
        return write_tensors(path, tensors, FORMAT, about)

    @classmethod
    def load(cls, path: str | Path) -> Pairs:
        """Pairs from :meth:`save`, mapped from disk: more of them than memory holds will do.

        Raises FileNotFoundError when there is no such file, ValueError when it is none of ours or cut off.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(
                f"no pairs {path}; expected a file written by Pairs.save(path). Check the path."
            )
        tensors, about = read_tensors(
            path, FORMAT, "holds no pairs; expected a file written by Pairs.save(path)."
        )
        labels = tensors.get("labels")
        if labels is not None:
            labels = np.array(about["classes"])[labels]
        return cls(tensors["values"], tensors.get("embeddings"), labels, tensors.get("lonlats"))

    def split(
        self, shares: Sequence[float], seed: int = 0, block_km: float | None = None
    ) -> tuple[Pairs, ...]:
        """Disjoint parts by share, for example (0.8, 0.2).

        block_km: edge of the square blocks that stay together, so that neighbours, which are alike, do not stand on
        both sides; None splits place by place. Raises ValueError when shares do not sum to 1 or lonlats are needed.
        """
        if block_km is None:
            block = np.arange(len(self))
        elif self.lonlats is None:
            raise ValueError("block_km was given for pairs without lonlats; give each place its lonlats.")
        else:
            block = blocks(self.lonlats, block_km)
        return tuple(self.take(rows) for rows in split_rows(block, shares, seed))


def _tensor(given: Any, kept: tuple[torch.dtype, ...]) -> Tensor:
    """As a tensor; float32 unless it is one of the types that are kept. Files that are mapped stay on disk."""
    if not isinstance(given, Tensor):
        with warnings.catch_warnings():  # arrays that must not be written to: nothing here writes to them
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            given = torch.from_numpy(np.ascontiguousarray(given))
    return given if given.dtype in kept else given.float()


def _check_series(series: Tensor, start: int) -> None:
    places = f"places {start} to {start + len(series) - 1}"
    low, high = torch.where(torch.isnan(series), 0.0, series).aminmax()
    if not torch.isfinite(high) or low < 0:
        raise ValueError(
            f"reflectance from {low:.4g} to {high:.4g} among {places}; expected reflectance x 10000, finite and not "
            "negative. Set no-data codes to NaN and clip noise below zero to 0."
        )
    if 0 < high <= 2.0:
        raise ValueError(
            f"the largest reflectance among {places} is {high:.3g}; expected reflectance x 10000. Multiply by 10000."
        )
    _check_lost(torch.isnan(series).flatten(1).all(-1), start, "no month with data", "at least one")


def _names(labels: Any) -> np.ndarray:
    """Labels as text; None and NaN, as tables have them, are unknown."""
    known = np.asarray(labels)
    if known.dtype == object:
        known = np.array(
            ["" if label is None or label != label else str(label) for label in known], dtype=str
        )
    return known.astype(str)


def _check_places(lonlats: np.ndarray) -> None:
    if lonlats.ndim != 2 or lonlats.shape[1] != 2 or not (np.abs(lonlats) <= (180, 90)).all():
        raise ValueError(
            f"lonlats {lonlats.shape} from {lonlats.min():.6g} to {lonlats.max():.6g} were given; expected (N, 2) "
            "degrees, longitude before latitude."
        )


def _check_photos(photos: Tensor, start: int) -> None:
    views = photos if photos.ndim == 3 else photos[:, None]
    missing = torch.isnan(views).any(-1)  # (n, V)
    length = views.norm(dim=-1)
    wrong = ~missing & ((length == 0) | torch.isinf(length))
    _check_lost(missing.all(1), start, "no photo embedding", "at least one")
    _check_lost(
        wrong.any(1), start, "a photo vector that is infinite or zero", "directions, as a tower gives them"
    )


def _check_lost(lost: Tensor, start: int, what: str, expected: str) -> None:
    if lost.any():
        rows = ", ".join(str(start + i) for i in torch.nonzero(lost)[:5, 0].tolist())
        raise ValueError(
            f"{int(lost.sum())} places have {what} (rows {rows}, ...); expected {expected}. Leave them out: pairs.take."
        )
