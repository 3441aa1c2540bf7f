"""Cross-view training: pull the series of a place to the photos taken there."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from timesen_nb.model import SeriesEncoder
from timesen_nb.pairs import Pairs
from timesen_nb.pooling import make_pooling
from timesen_nb.timesenclip import TimeSenCLIP
from timesen_nb.towers import open_tower
from timesen_nb.training.learner import CrossViewLearner, Recipe
from timesen_nb.training.loss import MemoryBank, info_nce
from timesen_nb.training.run import PRECISIONS, fingerprint, run
from timesen_nb.training.watch import Watch, plot_metrics
from timesen_nb.zeroshot import class_prompts, class_vectors

if TYPE_CHECKING:
    from timesen_nb.tasks import Task
    from timesen_nb.towers import Tower

__all__ = ["MemoryBank", "Pairs", "fit", "info_nce", "plot_metrics"]


def fit(
    model: TimeSenCLIP | SeriesEncoder,
    pairs: Pairs,
    *,
    tower: Tower | str | None = None,
    epochs: int = 200,
    batch_size: int = 1024,
    learning_rate: float = 1e-4,
    weight_decay: float = 1e-6,
    memory_bank: int = 2048,
    warmup_epochs: float | None = None,
    augment: bool = True,
    spectral_masking: bool = False,
    pooling: str = "average",
    validation: Pairs | None = None,
    classes: Task | str | Sequence[str] | None = None,
    validate_every: int = 1,
    patience: int | None = None,
    seed: int = 0,
    device: str = "auto",
    devices: int = 1,
    precision: str = "32",
    accumulate: int = 1,
    clip_gradient: float | None = 1.0,
    folder: str | Path | None = None,
    checkpoint_every: int | None = None,
    progress: bool = True,
) -> TimeSenCLIP:
    """Train a copy of ``model`` so that series land where the photos of their place do; the model given stays as it is.

    model: an encoder, with tower= whose space the photos are in; or a model, which is trained further.
    pairs: series and photo embeddings. epochs, batch_size (over all devices), learning_rate, weight_decay,
    memory_bank (0: none): as in the paper, where 200 epochs begin with 10 of warm-up (warmup_epochs=None: a twentieth).
    augment: temporal augmentation on half of the batches. spectral_masking: hide bands other than red, green, blue.
    pooling: of several photos: "average", "attention_image", "attention_dimension", "random".
    validation: labelled pairs; their zero-shot accuracy over ``classes`` (None: their labels) is measured every
    ``validate_every`` epochs; after ``patience`` epochs without a better one training stops, and the best is returned.
    device: "auto", "cpu", "cuda"; devices: how many; precision: "32" or "bf16"; accumulate: batches to an update.
    folder: metrics.csv, loss.png and last.ckpt go there. The same call takes up a run that was killed, and on a CPU
    ends with the same weights as one left alone; checkpoint_every: in steps (None: each epoch).
    Raises ValueError for too few pairs, a bank that is no multiple of the batch, widths that do not fit, a device that
    is not there, and a folder that holds another run.
    """
    encoder, tower, scale = _start(model, tower)
    _check(encoder, tower, pairs, batch_size, memory_bank, devices, accumulate, precision)
    steps_per_epoch = len(pairs) // batch_size // accumulate
    steps = epochs * steps_per_epoch
    warmup = round(steps / 20 if warmup_epochs is None else warmup_epochs * steps_per_epoch)
    recipe = Recipe(steps, warmup, learning_rate, weight_decay, augment, spectral_masking, seed)
    width = encoder.config.embedding
    learner = CrossViewLearner(
        encoder, make_pooling(pooling, width), scale, MemoryBank(memory_bank, width), recipe
    )
    settings = {
        "pairs": len(pairs), "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate,
        "weight_decay": weight_decay, "memory_bank": memory_bank, "warmup_steps": warmup,
        "augment": augment, "spectral_masking": spectral_masking, "pooling": pooling, "patience": patience,
        "seed": seed, "devices": devices, "precision": precision, "accumulate": accumulate,
        "clip_gradient": clip_gradient, "model and data": fingerprint(encoder, pairs),
    }  # fmt: skip
    watch = Watch(
        settings,
        steps_per_epoch,
        accumulate=accumulate,
        accuracy=_accuracy(learner, tower, validation, classes),
        validate_every=validate_every,
        patience=patience,
        folder=None if folder is None else Path(folder),
        checkpoint_every=None if folder is None else checkpoint_every or steps_per_epoch,
        progress=progress,
    )
    run(learner, pairs, watch, batch_size=batch_size, device=device, devices=devices, precision=precision,
        clip_gradient=clip_gradient)  # fmt: skip
    return TimeSenCLIP(learner.encoder.cpu(), tower, learner.scale)


def _start(
    model: TimeSenCLIP | SeriesEncoder, tower: Tower | str | None
) -> tuple[SeriesEncoder, Tower, float]:
    """A copy of the encoder, the tower and the scale to begin with (1 / 0.07, as in the paper, for a new model)."""
    if isinstance(model, TimeSenCLIP):
        encoder, scale, tower = model.encoder, model.logit_scale, tower or model.tower
    else:
        encoder, scale = model, 1 / 0.07
    if tower is None:
        raise ValueError(
            "an encoder was given without a tower; say whose space the photos are in: tower='pocket'."
        )
    return copy.deepcopy(encoder), open_tower(tower) if isinstance(tower, str) else tower, scale


def _check(
    encoder: SeriesEncoder, tower: Tower, pairs: Pairs, batch_size: int, bank: int, devices: int,
    accumulate: int, precision: str,
) -> None:  # fmt: skip
    """ValueError where the parts do not fit each other."""
    if min(batch_size, devices, accumulate) < 1 or bank < 0:
        raise ValueError(
            f"batch_size={batch_size}, devices={devices}, accumulate={accumulate}, memory_bank={bank}; expected "
            "1 or more, and a bank of 0 or more."
        )
    if len(pairs) < batch_size * accumulate:
        raise ValueError(
            f"{len(pairs)} pairs for updates of {accumulate} x {batch_size}; expected at least one whole update. "
            f"Use a smaller batch_size, such as {max(2, len(pairs) // 8 // accumulate)}."
        )
    if bank % batch_size:
        raise ValueError(
            f"memory_bank={bank} is no multiple of batch_size={batch_size}: whole batches go in and out. "
            f"Use {max(1, round(bank / batch_size)) * batch_size}, or 0 for none."
        )
    if batch_size % devices:
        raise ValueError(f"batch_size={batch_size} cannot be shared evenly by {devices} devices.")
    if precision not in PRECISIONS:
        raise ValueError(f"precision={precision!r}; expected one of {', '.join(map(repr, PRECISIONS))}.")
    config = encoder.config
    given = tuple(pairs.series(slice(0, 1)).shape[2:])
    wanted = (len(config.bands), config.patch, config.patch)
    if given != wanted:
        raise ValueError(f"series have bands, height and width {given}; this encoder reads {wanted}.")
    widths = {
        "the encoder": config.embedding, "the photos": pairs.embeddings.shape[-1], f"tower {tower.name!r}": tower.width
    }  # fmt: skip
    if len(set(widths.values())) > 1:
        said = ", ".join(f"{width} of {what}" for what, width in widths.items())
        raise ValueError(
            f"vectors have different widths: {said}; expected one. Embed the photos with the tower that is given, and "
            "set EncoderConfig(embedding=) to its width."
        )


def _accuracy(
    learner: CrossViewLearner,
    tower: Tower,
    validation: Pairs | None,
    classes: Task | str | Sequence[str] | None,
) -> Callable[[], float] | None:
    """What measures the zero-shot accuracy of the learner as it is; None without validation."""
    if validation is None:
        return None
    if validation.labels is None:
        raise ValueError("validation has no labels; give Pairs(..., labels=class names).")
    if isinstance(classes, str):
        from timesen_nb.tasks import tasks

        classes = tasks[classes]
    labels = validation.labels
    names, sentences = class_prompts(
        sorted(set(labels) - {""}) if classes is None else classes, "descriptions"
    )
    foreign = sorted(set(labels) - {"", *names})
    if foreign:
        raise ValueError(f"validation has labels {foreign[:5]} that are not among the classes {names[:5]}...")
    rows = torch.from_numpy(np.flatnonzero(labels != ""))
    truth = torch.tensor([names.index(label) for label in labels[rows.numpy()]])
    words = torch.from_numpy(class_vectors(sentences, tower.encode_text))

    def measure() -> float:
        encoder, right = learner.encoder.eval(), 0
        with torch.inference_mode():
            for part, answer in zip(rows.split(1024), truth.split(1024), strict=True):
                vectors = encoder(validation.series(part).to(learner.device)).float().cpu()
                right += int(((vectors @ words.T).argmax(dim=1) == answer).sum())
        encoder.train()
        return right / len(rows)

    return measure
