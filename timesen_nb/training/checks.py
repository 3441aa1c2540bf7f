"""Whether what was asked for can be done, before anything is computed. ValueError says what to change."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from timesen_nb.model import SeriesEncoder
from timesen_nb.pairs import Pairs
from timesen_nb.towers import Tower

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}


def check_numbers(**numbers: float | None) -> None:
    """Every number that is given is at least 1."""
    wrong = [f"{name}={n}" for name, n in numbers.items() if n is not None and not n >= 1]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} given; expected 1 or more.")


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
    if bank % batch_size:
        raise ValueError(
            f"memory_bank={bank} is no multiple of batch_size={batch_size}: whole batches go in and out. "
            f"Use {max(1, round(bank / batch_size)) * batch_size}, or 0 for none."
        )
    if batch_size % devices:
        raise ValueError(f"batch_size={batch_size} cannot be shared evenly by {devices} devices.")


def check_widths(encoder: SeriesEncoder, tower: Tower, pairs: Pairs) -> None:
    """Series fit the encoder; encoder, tower and photos are in spaces of one width."""
    config = encoder.config
    given = tuple(pairs.series(slice(0, 1)).shape[2:])
    wanted = (len(config.bands), config.patch, config.patch)
    if given != wanted:
        raise ValueError(f"series have bands, height and width {given}; this encoder reads {wanted}.")
    widths = {"the encoder": config.embedding, f"tower {tower.name!r}": tower.width}
    if pairs.embeddings is not None:
        widths["the photos"] = pairs.embeddings.shape[-1]
    if len(set(widths.values())) > 1:
        said = ", ".join(f"{width} of {what}" for what, width in widths.items())
        raise ValueError(
            f"vectors have different widths: {said}; expected one. Embed the photos with the tower that is given, and "
            "set EncoderConfig(embedding=) to its width."
        )
