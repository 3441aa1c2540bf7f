"""A model by name or file, whichever kind of file it is; or a classifier that was taught."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from timesen_nb.extras import needs
from timesen_nb.model.checkpoint import is_safetensors, read_checkpoint
from timesen_nb.model.encoder_weights import EncoderWeights
from timesen_nb.model.exported import is_onnx, read_onnx
from timesen_nb.model.hub import find_file
from timesen_nb.model.taught_file import is_taught
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.model.towers import open_tower

if TYPE_CHECKING:
    import torch

    from timesen_nb.model.towers import Tower
    from timesen_nb.model.zeroshot import ZeroShot


@overload
def load(
    which: Literal["pocket"], *, tower: Tower | str | None = ..., device: str | torch.device = ...
) -> TimeSenCLIP: ...


@overload
def load(
    which: str | Path,
    *,
    tower: Tower | str | None = ...,
    device: str | torch.device = ...,
    model: TimeSenCLIP | None = ...,
    **config: Any,
) -> Any: ...


def load(
    which: str | Path,
    *,
    tower: Tower | str | None = None,
    device: str | torch.device = "cpu",
    model: TimeSenCLIP | None = None,
    **config: Any,
) -> TimeSenCLIP | ZeroShot:
    """A model by name or file; or a classifier that was taught, by its file.

    Args:
        which: "pocket" (bundled, offline), a file written by ``model.save`` or ``model.export``, a published Lightning
            .ckpt, or "hf:OWNER/REPO/FILE" for any of them from the Hugging Face hub. Or what ``taught.save`` wrote.
        tower: instead of the one the file names; none is opened before words or photos are given.
        device: where the encoder computes: "cpu", or "cuda" by torch.
        model: for the file of a taught classifier alone: the model it was taught with; None: the bundled one.
        config: what a published .ckpt does not say: heads, bands, offset, scale, annual_position as in
            :class:`timesen_nb.model.config.EncoderConfig`.

    Returns:
        The model; of the file of a taught classifier, that :class:`timesen_nb.model.zeroshot.ZeroShot`.

    Raises:
        FileNotFoundError: there is no such file.
        ConnectionError: the hub cannot be reached.
        ImportError: a published .ckpt, an encoder of the ablation or a GPU, and torch is not installed.
        ValueError: the file is no checkpoint of these kinds, its keys and sizes do not fit, or the tower's vectors are
            of another width; or the classifier was taught by vectors of other weights.
    """
    path = find_file(str(which))
    if config and (is_safetensors(path) or is_onnx(path)):
        raise ValueError(
            f"options given: {', '.join(config)}; but {path.name} says its own configuration. "
            "Load it without them; only tower= and device= may be given."
        )
    if is_safetensors(path) and is_taught(path):
        return (model or load("pocket", tower=tower, device=device)).taught(path)
    if model is not None:
        raise ValueError(
            f"model= was given with {path.name}, which is a model itself; expected the file of a taught classifier. "
            "Leave model= out."
        )
    weights: EncoderWeights
    if is_onnx(path):
        checkpoint, weights = read_onnx(path)
    else:
        if is_safetensors(path):
            checkpoint = read_checkpoint(path)
        else:
            needs("torch", extra="train", what=f"the published checkpoint {path.name}")
            from timesen_nb.model.published import read_published

            checkpoint = read_published(path, config, tower is not None)
        weights = EncoderWeights.of_checkpoint(checkpoint, path.name)
    if tower == "pocket" and checkpoint.tower.startswith("pocket:"):
        tower = None  # the edition that the file names
    held = _opened(tower, checkpoint.tower, path.name)
    editions = {held.name, checkpoint.tower}
    if len(editions) > 1 and all(name.startswith("pocket:") for name in editions):
        raise ValueError(
            f"the tower given is {held.name}; {path.name} puts series into the space of {checkpoint.tower}, where the "
            "same words lie elsewhere. Leave tower= out: the one that the file names is in the package."
        )
    if tower is not None and held.width != checkpoint.config.embedding:
        raise ValueError(
            f"the tower given, {held.name}, has vectors of {held.width} numbers; {path.name} puts series among vectors "
            f"of {checkpoint.config.embedding}. Give the tower it was trained with; the file says "
            f"{checkpoint.tower!r}."
        )
    return TimeSenCLIP(weights, held, checkpoint.logit_scale, checkpoint.calibrated_logit_scale).to(device)


def _opened(tower: Tower | str | None, named: str, file: str) -> Tower:
    """The tower that is given, or else the one that the file names; ValueError where nobody knows it by its name."""
    if tower is not None:
        return open_tower(tower) if isinstance(tower, str) else tower
    try:
        return open_tower(named)
    except ValueError as problem:
        raise ValueError(
            f"{file} puts series into the space of the tower {named!r}, which cannot be opened by its name; expected "
            "'pocket' or 'clip:...' there. Give the tower itself: tn.load(file, tower=it)."
        ) from problem
