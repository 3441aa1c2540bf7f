"""Models in files: one safetensors file with its configuration inside. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from timesen_nb.model.config import EncoderConfig, is_number
from timesen_nb.tensor_file import read_tensors, write_tensors

#: The key of our JSON among the safetensors metadata.
FORMAT = "timesen_nb"
VERSION = 1
#: Kinds of values of JSON in words.
WORDS = {int: "a whole number", str: "a name", dict: "names with values"}


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

    Raises:
        ValueError: a scale that is not positive and finite.
    """

    config: EncoderConfig
    weights: Mapping[str, np.ndarray]
    tower: str
    logit_scale: float
    calibrated_logit_scale: float
    encoder: str = "SeriesEncoder"

    def __post_init__(self) -> None:
        for name in ("logit_scale", "calibrated_logit_scale"):
            if not is_number(scale := getattr(self, name)) or scale <= 0:
                raise ValueError(f"{name} is {scale!r}; expected a positive and finite number.")


def is_safetensors(path: Path) -> bool:
    """Whether the file is named so, or begins as safetensors do: eight bytes of header length, then JSON."""
    with path.open("rb") as file:
        return path.suffix == ".safetensors" or file.read(9)[8:] == b"{"


def write_checkpoint(path: str | Path, checkpoint: Checkpoint) -> Path:
    """Write one safetensors file; it has its name only once it is complete.

    Its metadata hold, as JSON under timesen_nb: version, encoder (class), config (bands, statistics, sizes), tower
    (name), logit_scale and calibrated_logit_scale.

    Args:
        path: of the file.
        checkpoint: its content.

    Returns:
        The path.
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
    """What :func:`write_checkpoint` wrote.

    Args:
        path: of the file.

    Returns:
        Its content; weights are mapped from disk.

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
    """The inverse of :func:`about_checkpoint`.

    Args:
        about: what a file says of its model.
        weights: name -> array.
        file: its name, for messages.

    Returns:
        The model as a file holds it.

    Raises:
        ValueError: a later version than this package knows, or a description that is incomplete or wrong; it is held
            against the weights before anything is built from it.
    """
    try:
        return _checkpoint(about, weights, file)
    except (ValueError, TypeError, OverflowError) as problem:
        if str(problem).startswith(file):
            raise
        raise ValueError(
            f"{file} describes its model wrongly: {problem} Write it again by model.save, or download it again."
        ) from problem


def _checkpoint(about: Any, weights: Mapping[str, np.ndarray], file: str) -> Checkpoint:
    if not isinstance(about, Mapping):
        raise ValueError(f"{type(about).__name__} where names with values were expected.")
    kinds = {"version": int, "encoder": str, "config": dict, "tower": str}
    for key, kind in kinds.items():
        if not isinstance(about.get(key), kind) or isinstance(about.get(key), bool):
            raise ValueError(f"{key} is {about.get(key, 'missing')!r}; expected {WORDS[kind]}.")
    if about["version"] > VERSION:
        raise ValueError(
            f"{file} has format version {about['version']}; this timesen_nb reads up to {VERSION}. "
            "Upgrade timesen_nb."
        )
    # files of 0.1 call it so
    calibrated = about.get("calibrated_logit_scale", about.get("probability_scale"))
    scale: Any = about.get("logit_scale")
    calibrated = scale if calibrated is None else calibrated
    config = EncoderConfig.from_dict(about["config"])
    weights = plain_names(weights, file)
    check_weights(weights, config, file)
    # 0.1 had one edition of its tower, whose space is another than today's
    tower = "pocket:1" if about["tower"] == "pocket" else about["tower"]
    return Checkpoint(config, weights, tower, scale, calibrated, about["encoder"])


def plain_names(weights: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Weights without what torch's wrappers put into their names: ``module.`` (DataParallel), ``_orig_mod.`` (compile).

    Args:
        weights: name -> weight.
        file: what they come from, for messages.

    Returns:
        Plain name -> weight.

    Raises:
        ValueError: two weights have one name then, or a name is no text.
    """
    plain: dict[str, Any] = {}
    for name, value in weights.items():
        if not isinstance(name, str):
            raise ValueError(f"{file} has a weight named {name!r}; expected names as text.")
        short = ".".join(part for part in name.split(".") if part not in ("module", "_orig_mod"))
        if short in plain:
            raise ValueError(f"{file} has the weights of {short} twice; expected each once.")
        plain[short] = value
    return plain


def check_weights(weights: Mapping[str, np.ndarray], config: EncoderConfig, file: str) -> None:
    """ValueError for more layers than there are weights, which would be built for nothing, and for weights like NaN."""
    # an exported graph holds its weights itself
    if weights and config.depth > len(weights):
        raise ValueError(
            f"{file} says it has {config.depth} layers and holds {len(weights)} weights; expected some for each layer. "
            "Write it again by model.save, or download it again."
        )
    wrong = [k for k, v in weights.items() if v.dtype.kind == "f" and not np.isfinite(v).all()]
    if wrong:
        raise ValueError(
            f"{file} has weights that are no numbers, in {wrong[0]} and {len(wrong) - 1} others; expected finite ones. "
            "Its training diverged, or the file is damaged: take an earlier checkpoint."
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
