"""Models in files: one safetensors file with its configuration inside. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from timesen_nb.model.config import EncoderConfig
from timesen_nb.tensor_file import read_tensors, write_tensors

#: The key of our JSON among the safetensors metadata.
FORMAT = "timesen_nb"
VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds of a model.

    Attributes:
        config: of the encoder: bands, statistics and sizes.
        weights: name -> array of the encoder, named as in its torch module.
        tower: name of the tower whose space it shares.
        logit_scale: what cosines were multiplied by in training.
        calibrated_logit_scale: the same, fitted on validation places so that probabilities mean what they say.
        encoder: name of its class; the ablation has others.
    """

    config: EncoderConfig
    weights: Mapping[str, np.ndarray]
    tower: str
    logit_scale: float
    calibrated_logit_scale: float
    encoder: str = "SeriesEncoder"


def is_safetensors(path: Path) -> bool:
    """Whether the file is named so, or begins as safetensors do: eight bytes of header length, then JSON."""
    with path.open("rb") as file:
        return path.suffix == ".safetensors" or file.read(9)[8:] == b"{"


def write_checkpoint(path: str | Path, checkpoint: Checkpoint) -> Path:
    """Write one safetensors file; it has its name only once it is complete. Returns its path.

    Its metadata hold, as JSON under timesen_nb: version, encoder (class), config (bands, statistics, sizes), tower
    (name), logit_scale and calibrated_logit_scale.
    """
    return write_tensors(path, checkpoint.weights, FORMAT, about_checkpoint(checkpoint))


def about_checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    """What a file says of a model beside its weights, for JSON."""
    return {
        "version": VERSION,
        "encoder": checkpoint.encoder,
        "config": checkpoint.config.as_dict(),
        "tower": checkpoint.tower,
        "logit_scale": checkpoint.logit_scale,
        "calibrated_logit_scale": checkpoint.calibrated_logit_scale,
    }


def read_checkpoint(path: Path) -> Checkpoint:
    """What :func:`write_checkpoint` wrote; weights are mapped from disk.

    Raises:
        ValueError: the file is cut off, none of ours, or of a later version.
    """
    weights, about = read_tensors(
        path,
        FORMAT,
        "holds weights but no timesen_nb configuration; expected a file written by model.save(path).",
    )
    return checkpoint_from(about, weights, path.name)


def checkpoint_from(about: Mapping[str, Any], weights: Mapping[str, np.ndarray], file: str) -> Checkpoint:
    """The inverse of :func:`about_checkpoint`. ValueError for a later version than this package knows."""
    if about["version"] > VERSION:
        raise ValueError(
            f"{file} has format version {about['version']}; this timesen_nb reads up to {VERSION}. "
            "Upgrade timesen_nb."
        )
    # files of 0.1 call it so
    calibrated = about.get("calibrated_logit_scale", about.get("probability_scale"))
    return Checkpoint(
        EncoderConfig.from_dict(about["config"]),
        weights,
        about["tower"],
        about["logit_scale"],
        about["logit_scale"] if calibrated is None else calibrated,
        about["encoder"],
    )


def check_fit(
    arrays: Mapping[str, np.ndarray], expected: Mapping[str, tuple[int, ...]], encoder: str, file: str
) -> None:
    """Raise ValueError unless weights have the names and shapes of an encoder, naming every one that has not."""
    given = {k: tuple(v.shape) for k, v in arrays.items()}
    wrong = [f"missing {k}" for k in expected if k not in given]
    wrong += [f"unexpected {k}" for k in given if k not in expected]
    wrong += [
        f"{k} has shape {given[k]}, expected {shape}"
        for k, shape in expected.items()
        if k in given and given[k] != shape
    ]
    if wrong:
        raise ValueError(
            f"{file} does not fit {encoder}: {'; '.join(wrong)}. Is it a checkpoint of another model?"
        )
