"""What a run of training is asked for: every option with its default, checked as soon as it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.model.towers import Tower
from timesen_nb.tasks import Task

CHOICES = {
    "targets": ("photos", "words"), "device": ("auto", "cpu", "cuda"), "precision": ("32", "bf16", "fp16", "auto"),
    "pooling": ("average", "attention_image", "attention_dimension", "random"),
}  # fmt: skip
#: Numbers that may be 0.
FROM_ZERO = ("memory_bank", "train_layers", "warmup_epochs", "weight_decay", "seed")


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingOptions:
    """Options of :func:`timesen_nb.fit`. Defaults are those of Jain et al. 2026; ValueError for what cannot be.

    Attributes:
        targets: "photos", by InfoNCE with a memory bank, or "words" of the class names. None: photos if there are any.
        classes: a task, its name, or names, for words and validation. None: the labels that occur.
        train_layers: how many of the last layers are trained, with the head; 0: the head alone. None: everything.
        tower: a tower, or its name: whose space it is, for an encoder that has none yet.
        epochs: how often every pair is seen, but for those that fill no batch: other ones each time.
        batch_size: pairs a batch, over all devices.
        learning_rate: after the warm-up; it falls along a cosine to zero.
        weight_decay: of AdamW.
        memory_bank: so many photo vectors of past batches are negatives too: a multiple of batch_size, or 0.
        warmup_epochs: while the learning rate rises. None: a twentieth of all.
        augment: temporal augmentation, of half of the batches: an annual composite, a quarter of the months missing, or
            months missing. Without it what is said of few months and of annual composites gets worse while twelve get
            better. Quarterly composites (T = 4) are seen with it as little as without.
        spectral_masking: drop bands other than red, green and blue, of 70 % of the series.
        pooling: of several photos of a place: "average", "attention_image", "attention_dimension", "random".
        validation: labelled pairs, on which zero-shot accuracy and Recall@1 by class are measured.
        validate_every: in epochs.
        patience: epochs without a better accuracy after which training stops; the best weights are returned.
        seed: of order, dropout and augmentation.
        device: "auto" (a GPU where there is one), "cpu" or "cuda".
        devices: how many processes share each batch, on a GPU each; forked here, or started by torchrun.
        precision: "32", "bf16", "fp16", or "auto": bf16 on GPUs that have it, fp16 on others, 32 on CPUs.
        accumulate: batches to one update of the weights; the last of an epoch has those that are left.
        clip_gradient: the largest norm of the gradient. None: no clipping.
        folder: where metrics.csv, loss.png and last.ckpt are kept; the same call takes up a run that was stopped.
        checkpoint_every: in updates of the weights. None: every epoch.
        overwrite: start anew, whatever the folder holds of an earlier run.
        progress: show a bar.
    """

    targets: str | None = None
    classes: Task | str | Sequence[str] | None = None
    train_layers: int | None = None
    tower: Tower | str | None = None
    epochs: int = 200
    batch_size: int = 1024
    learning_rate: float = 1e-4
    weight_decay: float = 1e-6
    memory_bank: int = 2048
    warmup_epochs: float | None = None
    augment: bool = True
    spectral_masking: bool = False
    pooling: str = "average"
    validation: Pairs | None = None
    validate_every: int = 1
    patience: int | None = None
    seed: int = 0
    device: str = "auto"
    devices: int = 1
    precision: str = "32"
    accumulate: int = 1
    clip_gradient: float | None = 1.0
    folder: str | Path | None = None
    checkpoint_every: int | None = None
    overwrite: bool = False
    progress: bool = True

    def __post_init__(self) -> None:
        for name, kind in self.__annotations__.items():
            given = getattr(self, name)
            if isinstance(given, np.generic):
                object.__setattr__(self, name, given := given.item())
            if given is None and "None" in kind:
                continue
            if kind.startswith(("int", "float")):
                whole, zero = kind.startswith("int"), name in FROM_ZERO
                number = isinstance(given, int if whole else int | float) and not isinstance(given, bool)
                if not number or not (0 if zero else 5e-324) <= given < math.inf:
                    said = f"a {'whole ' * whole}number {'from' if zero else 'above'} 0"
                    raise ValueError(f"{name}={given!r} given; expected {said}.")
            if kind == "bool" and not isinstance(given, bool):
                # text and numbers count as true
                raise ValueError(f"{name}={given!r} given; expected True or False.")
            if name in CHOICES and given not in CHOICES[name]:
                raise ValueError(f"{name}={given!r} given; expected {', '.join(map(repr, CHOICES[name]))}.")
        if (self.warmup_epochs or 0) > self.epochs:
            raise ValueError(f"warmup_epochs={self.warmup_epochs} given; expected 0 to {self.epochs} epochs.")
        if self.patience is not None and self.validation is None:
            raise ValueError("patience given without validation; expected labelled pairs to judge by.")
