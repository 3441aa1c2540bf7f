"""Cross-view training: pull the series of a place to the photos taken there; and fine-tuning, by photos or by names."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.model.towers import open_tower
from timesen_nb.training.checks import (
    PRECISIONS,
    check_batches,
    check_choice,
    check_counts,
    check_kinds,
    check_rates,
    check_widths,
    find_accelerator,
)
from timesen_nb.training.fine_tuning import freeze, linear_probe
from timesen_nb.training.learner import Learner, PhotoLearner, Recipe, WordLearner
from timesen_nb.training.loss import MemoryBank, info_nce
from timesen_nb.training.pooling import make_pooling
from timesen_nb.training.run import fingerprint, run
from timesen_nb.training.validation import Validation, Words
from timesen_nb.training.watch import Watch, plot_metrics

if TYPE_CHECKING:
    from timesen_nb.model.towers import Tower
    from timesen_nb.tasks import Task

__all__ = ["MemoryBank", "Pairs", "fit", "info_nce", "linear_probe", "plot_metrics"]


def fit(
    model: TimeSenCLIP | SeriesEncoder,
    pairs: Pairs,
    *,
    targets: str | None = None,
    classes: Task | str | Sequence[str] | None = None,
    train_layers: int | None = None,
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
    """Train a copy of ``model`` so that series land where their photos do; the model given stays as it is.

    model: an encoder, with tower= whose space the photos are in; or a model, which is trained further (fine-tuning).
    pairs: series with photo vectors, or with class names. targets: what they are pulled to: "photos", by InfoNCE with a
    memory bank, or "words", the vectors of their class names; None: photos where there are any.
    classes: a task, its name, or names, for words and validation; None: the labels that occur.
    train_layers: how many of the last layers are trained, with the head; 0 the head alone; None everything.
    epochs, batch_size (over all devices), learning_rate, weight_decay, memory_bank (0: none): defaults are the paper's,
    where 200 epochs begin with 10 of warm-up (warmup_epochs=None: a twentieth).
    augment: temporal augmentation on half of the batches. spectral_masking: hide bands other than red, green, blue.
    pooling: of several photos: "average", "attention_image", "attention_dimension", "random".
    validation: labelled pairs; zero-shot accuracy and Recall@1 by class are measured every ``validate_every`` epochs;
    after ``patience`` epochs without a better accuracy training stops, and the best is returned.
    device: "auto", "cpu", "cuda"; devices: how many; precision: "32" or "bf16"; accumulate: batches to an update.
    folder: metrics.csv, loss.png and last.ckpt go there. The same call takes up a run that was killed, and on a CPU
    with as many threads ends with the same weights as one left alone; checkpoint_every: in steps (None: each epoch).
    Raises ValueError for too few pairs, a bank that is no multiple of the batch, widths that do not fit, a device that
    is not there, and a folder that holds another run; FloatingPointError when the loss is no number any more.
    """
    check_kinds(model, pairs, validation)
    encoder, tower, scale = _start(model, tower)
    targets = targets or ("words" if pairs.embeddings is None else "photos")
    memory_bank = memory_bank if targets == "photos" else 0
    check_choice("targets", targets, ("photos", "words"))
    check_choice("precision", precision, PRECISIONS)
    check_counts(
        epochs=epochs, batch_size=batch_size, accumulate=accumulate, devices=devices, patience=patience,
        validate_every=validate_every, checkpoint_every=checkpoint_every,
    )  # fmt: skip
    check_rates(learning_rate, weight_decay, clip_gradient, warmup_epochs, epochs)
    accelerator = find_accelerator(device, devices)
    check_widths(encoder, tower, pairs)
    if validation is not None:
        check_widths(encoder, tower, validation, "validation")
    if patience is not None and validation is None:
        raise ValueError(f"patience={patience} without validation; give labelled pairs to be judged by.")
    labelled = pairs if targets == "words" else validation
    words = None if labelled is None else Words(labelled, classes, tower)
    if words is not None and targets == "words":
        pairs = pairs.take(words.answers(pairs) >= 0)
    check_batches(pairs, batch_size, accumulate, devices, memory_bank)

    steps_per_epoch = len(pairs) // batch_size // accumulate
    steps = epochs * steps_per_epoch
    warmup = round(steps / 20 if warmup_epochs is None else warmup_epochs * steps_per_epoch)
    recipe = Recipe(steps, warmup, learning_rate, weight_decay, augment, spectral_masking, seed)
    learner: Learner
    if words is not None and targets == "words":
        learner, right = WordLearner(encoder, scale, recipe, words.vectors), words.answers(pairs).__getitem__
    else:
        bank = MemoryBank(memory_bank, tower.width)
        learner = PhotoLearner(encoder, scale, recipe, make_pooling(pooling, tower.width), bank)
        right = pairs.photos
    freeze(encoder, train_layers)
    settings = {
        "pairs": len(pairs), "targets": targets, "train_layers": train_layers, "epochs": epochs,
        "batch_size": batch_size, "learning_rate": learning_rate, "weight_decay": weight_decay,
        "memory_bank": memory_bank, "warmup_steps": warmup, "augment": augment, "spectral_masking": spectral_masking,
        "pooling": pooling, "patience": patience, "seed": seed, "devices": devices, "precision": precision,
        "accumulate": accumulate, "clip_gradient": clip_gradient, "start and data": fingerprint(learner, pairs, right),
    }  # fmt: skip
    watch = Watch(
        settings,
        steps_per_epoch,
        accumulate=accumulate,
        validation=None if validation is None or words is None else Validation(validation, words),
        validate_every=validate_every,
        patience=patience,
        folder=None if folder is None else Path(folder),
        checkpoint_every=checkpoint_every or steps_per_epoch,
        progress=progress,
    )
    run(
        learner, pairs, right, watch, batch_size=batch_size, accelerator=accelerator, devices=devices,
        precision=precision, clip_gradient=clip_gradient,
    )  # fmt: skip
    calibration = model.probability_scale / model.logit_scale if isinstance(model, TimeSenCLIP) else 1.0
    return TimeSenCLIP(learner.encoder.cpu(), tower, learner.scale, learner.scale * calibration)


def _start(
    model: TimeSenCLIP | SeriesEncoder, tower: Tower | str | None
) -> tuple[SeriesEncoder, Tower, float]:
    """A copy of the encoder, the tower, and the scale to begin with (1 / 0.07 for a new model, as in the paper)."""
    if isinstance(model, TimeSenCLIP):
        encoder, scale, tower = model.encoder, model.logit_scale, tower or model.tower
    else:
        encoder, scale = model, 1 / 0.07
    if tower is None:
        raise ValueError(
            "an encoder was given without a tower; say whose space it is to learn: tower='pocket'."
        )
    return copy.deepcopy(encoder).train(), open_tower(tower) if isinstance(tower, str) else tower, scale
