"""What a model needs to say how far it may be believed, in one small file that belongs to its weights.

``recipes/confidence.py`` makes it. It bears the fingerprint of the weights: a model with others has no such file, and
says so instead of answering.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from timesen_nb.model.applicability import TrainingSpace
from timesen_nb.model.hub import weights_folder
from timesen_nb.model.list_scales import ListScales
from timesen_nb.model.sets import Thresholds
from timesen_nb.tensor_file import read_tensors, write_tensors

KEY = "timesen_nb_confidence"
#: Arrays of the file begin with the name of their part.
PARTS: dict[str, type[Any]] = {"space": TrainingSpace, "thresholds": Thresholds, "scales": ListScales}


@dataclass(frozen=True)
class Confidence:
    """What was fitted for one model.

    Attributes:
        model: fingerprint of the weights it belongs to.
        space: for the area of applicability.
        thresholds: for prediction sets.
        scales: how sure a list of words may be.
        background: (B, D) vectors of what else land can be, for "none of these".
        margin: how much nearer than the best of the words one of these must be.
        kin: cosine from which on a word of the background is a kind of one of the words.
    """

    model: str
    space: TrainingSpace
    thresholds: Thresholds
    scales: ListScales
    background: np.ndarray
    margin: float
    kin: float

    def others(self, words: np.ndarray) -> np.ndarray:
        """What else land can be than these words (K, D) say: (B', D), by :func:`others`."""
        return others(self.background, words, self.kin)


def others(background: np.ndarray, words: np.ndarray, kin: float) -> np.ndarray:
    """What else land can be than these words say; a kind of one of them, as rye is of cropland, is nothing else.

    Args:
        background: (B, D) unit vectors of what land can be.
        words: (K, D) unit vectors.
        kin: cosine from which on a word of the background is a kind of one of the words.

    Returns:
        (B', D) of the background, maybe none.
    """
    out: np.ndarray = background[(background @ words.T).max(axis=1) < kin]
    return out


def confidence_file() -> Path:
    """Where that of the bundled model is."""
    return weights_folder() / "confidence.safetensors"


def write_confidence(path: Path, confidence: Confidence) -> Path:
    """Write the file; returns its path."""
    arrays = {
        f"{part}.{f.name}": _small(np.asarray(getattr(getattr(confidence, part), f.name)))
        for part, kind in PARTS.items()
        for f in fields(kind)
    }
    arrays["background"] = confidence.background.astype(np.float32)
    return write_tensors(
        path, arrays, KEY, {"model": confidence.model, "margin": confidence.margin, "kin": confidence.kin}
    )


def _small(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype == np.float64 else array


def read_confidence(model: str, what: str, path: Path | None = None) -> Confidence:
    """What was fitted for these weights.

    Args:
        model: fingerprint of the encoder's weights.
        what: that is asked for, in words.
        path: of the file; None: the bundled one.

    Returns:
        What the file holds.

    Raises:
        ValueError: it was fitted for other weights, or is missing.
    """
    path = path or confidence_file()
    cure = "Use tn.load('pocket') as it came, or fit them for these weights as recipes/confidence.py does"
    if not path.is_file():
        raise ValueError(f"no {what} for this model: {path.name} is missing. {cure}.")
    arrays, about = read_tensors(path, KEY, "is no file of fitted confidence; reinstall timesen_nb.")
    if about["model"] != model:
        raise ValueError(f"no {what} for this model: {path.name} was fitted for other weights. {cure}.")
    parts = {
        part: kind(**{f.name: arrays[f"{part}.{f.name}"] for f in fields(kind)})
        for part, kind in PARTS.items()
    }
    return Confidence(
        model, **parts, background=arrays["background"], margin=about["margin"], kin=about["kin"]
    )
