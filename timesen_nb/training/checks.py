"""Whether what was asked for can be done, before anything is computed. ValueError says what to change."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.model.towers import Tower

LENGTHS = (12, 4, 1)
NUMBER = int | float | np.number
PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}


def check_counts(**counts: Any) -> None:
    """Every number that is given (not None) is whole and at least 1."""
    wrong = [f"{name}={n!r}" for name, n in counts.items() if n is not None and not (_whole(n) and n >= 1)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} given; expected a whole number, 1 or more.")


def check_rates(
    learning_rate: Any, weight_decay: Any, clip_gradient: Any, warmup_epochs: Any, epochs: int
) -> None:
    """Numbers with which training goes somewhere; None stands for no clipping, and for the usual warm-up."""
    rates = {"learning_rate": learning_rate, "clip_gradient": 1.0 if clip_gradient is None else clip_gradient}
    for name, rate in rates.items():
        if not (isinstance(rate, NUMBER) and 0 < rate < math.inf):
            raise ValueError(f"{name}={rate!r} given; expected a number above 0.")
    if not (isinstance(weight_decay, NUMBER) and 0 <= weight_decay < math.inf):
        raise ValueError(f"weight_decay={weight_decay!r} given; expected 0 or more.")
    if warmup_epochs is not None and not (isinstance(warmup_epochs, NUMBER) and 0 <= warmup_epochs <= epochs):
        raise ValueError(
            f"warmup_epochs={warmup_epochs!r} given; expected 0 to {epochs}, all the epochs there are."
        )


def check_kinds(model: Any, pairs: Any, validation: Any) -> None:
    """The three are what they are taken for."""
    if not isinstance(model, TimeSenCLIP) and not isinstance(getattr(model, "config", None), EncoderConfig):
        raise ValueError(
            f"model given: {model!r:.80}; expected a model, such as tn.load('pocket'), to train further, or an "
            "encoder, such as tn.SeriesEncoder(tn.EncoderConfig(embedding=128)), to begin with."
        )
    for name, given in (("pairs", pairs), ("validation", validation)):
        if not isinstance(given, Pairs) and not (name == "validation" and given is None):
            raise ValueError(
                f"{name} given: a {type(given).__name__}; expected Pairs(values, embeddings, labels), or what "
                "places.pairs(embeddings) makes of a data set."
            )


def _whole(n: Any) -> bool:
    return isinstance(n, int | np.integer) and not isinstance(n, bool)


def check_choice(name: str, given: str, known: Iterable[str]) -> None:
    """One of the known names."""
    names = list(known)
    if given not in names:
        raise ValueError(f"{name}={given!r}; expected one of {', '.join(map(repr, names))}.")


def find_accelerator(device: str, devices: int) -> str:
    """Lightning's name of the device; ValueError where it, or that many of them, are not there."""
    check_choice("device", device, ("auto", "cpu", "cuda"))
    there = torch.cuda.device_count()
    if device == "cpu" or (device == "auto" and not there):
        return "cpu"
    if there < devices:
        raise ValueError(
            f"{devices} CUDA device{'s' * (devices > 1)} asked for; this machine has {there or 'none'}. "
            "Use device='cpu', fewer devices, or a runtime with a GPU (Colab: Runtime > Change runtime type)."
        )
    return "gpu"


def check_batches(pairs: Pairs, batch_size: int, accumulate: int, devices: int, bank: int) -> None:
    """There are pairs for a whole update, and batches go into the bank and over the devices without a rest."""
    if len(pairs) < batch_size * accumulate:
        fitting = max(1, len(pairs) // 8 // accumulate)
        raise ValueError(
            f"{len(pairs)} pairs for updates of {accumulate} x {batch_size}; expected at least one whole update. "
            f"Use a smaller batch, such as batch_size={fitting}."
        )
    if not _whole(bank) or bank < 0:
        raise ValueError(
            f"memory_bank={bank!r} given; expected how many past photos are kept: a multiple of batch_size, or 0."
        )
    if bank % batch_size:
        raise ValueError(
            f"memory_bank={bank} is no multiple of batch_size={batch_size}: whole batches go in and out. "
            f"Use {max(1, round(bank / batch_size)) * batch_size}, or 0 for none."
        )
    if batch_size % devices:
        raise ValueError(f"batch_size={batch_size} cannot be shared evenly by {devices} devices.")


def check_widths(encoder: SeriesEncoder, tower: Tower, pairs: Pairs, which: str = "pairs") -> None:
    """Series fit the encoder; encoder, tower and photos are in spaces of one width. which: what ``pairs`` is."""
    config = encoder.config
    given = tuple(pairs.series(slice(0, 1)).shape[2:])
    wanted = (len(config.bands), config.patch, config.patch)
    if given != wanted:
        raise ValueError(
            f"series of {which} have bands, height and width {given}; this encoder reads {wanted}. Give Pairs values "
            "of (N, months, bands[, H, W]), and EncoderConfig bands and patch to fit."
        )
    if pairs.values.shape[1] not in LENGTHS:
        raise ValueError(
            f"series of {which} have {pairs.values.shape[1]} composites; expected 12 months, 4 quarters "
            "or 1 year. Where months are missing, give all twelve, with NaN in those."
        )
    widths = {"the encoder": config.embedding, f"tower {tower.name!r}": tower.width}
    if pairs.embeddings is not None:
        widths[f"the photos of {which}"] = pairs.embeddings.shape[-1]
    if len(set(widths.values())) > 1:
        said = ", ".join(f"{width} of {what}" for what, width in widths.items())
        raise ValueError(
            f"vectors have different widths: {said}; expected one. Embed the photos with the tower that is given, and "
            "set EncoderConfig(embedding=) to its width."
        )
