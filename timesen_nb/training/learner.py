"""What Lightning trains: the encoder and the temperature, pulled to the photos of a place, or to the word for it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.training import augment
from timesen_nb.training.batches import Batches, derived_seed
from timesen_nb.training.loss import MemoryBank, info_nce

LARGEST_LOG_SCALE = math.log(100.0)
RGB = ("B2", "B3", "B4")


@dataclass(frozen=True)
class Recipe:
    """The numbers of a run. Steps are updates of the weights."""

    steps: int
    warmup_steps: int
    learning_rate: float
    weight_decay: float
    temporal: bool
    spectral: bool
    seed: int

    def rate(self, step: int) -> float:
        """Learning rate at a step: a linear warm-up, then a cosine to zero."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


class Learner(pl.LightningModule):
    """What both ways of training share; :meth:`loss_of` is what they differ in."""

    step: Tensor

    def __init__(self, encoder: SeriesEncoder, scale: float, recipe: Recipe) -> None:
        super().__init__()
        self.encoder, self.recipe = encoder, recipe
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.register_buffer("step", torch.zeros((), dtype=torch.long))  # updates made so far
        self.loss = math.nan
        self.batches: Batches | None = None
        self.optimizer_state: dict[str, Any] | None = None  # of the run that is taken up

    @property
    def scale(self) -> float:
        """What cosines are multiplied by now."""
        return float(self.log_scale.detach().exp())

    def loss_of(self, satellite: Tensor, rows: Tensor, targets: Tensor) -> Tensor:
        """The loss of unit vectors (n, D) of the places ``rows`` (n,), against what the batches say is right."""
        raise NotImplementedError

    def train_dataloader(self) -> Batches:
        """This rank's share of the batches of the run."""
        if self.batches is None:
            raise RuntimeError("the learner has no batches; set learner.batches first.")
        return replace(self.batches, rank=self.global_rank, ranks=self.trainer.world_size)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW over everything that is learned."""
        learned = [p for p in self.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            learned, self.recipe.learning_rate, weight_decay=self.recipe.weight_decay
        )
        if self.optimizer_state is not None:
            optimizer.load_state_dict(self.optimizer_state)
        return optimizer

    def training_step(self, batch: tuple[int, Tensor, Tensor, Tensor], batch_idx: int) -> Tensor:
        """The loss of one batch. Its chances (dropout, augmentation) come from the seed and its number alone."""
        number, rows, values, targets = batch
        seed = derived_seed(self.recipe.seed, 1, number, self.global_rank)
        torch.manual_seed(seed)
        values, months = self.hide(values, torch.Generator(values.device).manual_seed(seed))
        loss = self.loss_of(self.encoder(values, months).float(), rows, targets)
        self.loss = float(loss.detach())
        if not math.isfinite(self.loss):
            raise FloatingPointError(
                f"the loss is {self.loss} at step {int(self.step)}. Try a lower learning_rate, or precision='32'."
            )
        return loss

    def hide(self, values: Tensor, generator: torch.Generator) -> tuple[Tensor, augment.Months]:
        """The series as the encoder sees them in training."""
        bands = self.encoder.config.bands
        if self.encoder.config.absent_bands:
            values = augment.without_bands(values, generator)
        if self.recipe.spectral:
            kept = [i for i, band in enumerate(bands) if band in RGB]
            gone = torch.nan if self.encoder.config.absent_bands else self.encoder.offset
            values = augment.without_bands(values, generator, gone, kept, chance=0.7)
        if self.recipe.temporal:
            return augment.temporal(values, generator)
        return values, None

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """The learning rate of this step."""
        for group in optimizer.param_groups:
            group["lr"] = self.recipe.rate(int(self.step))

    def on_before_zero_grad(self, optimizer: torch.optim.Optimizer) -> None:
        """The temperature stays between 1 and 0.01."""
        with torch.no_grad():
            self.log_scale.clamp_(0.0, LARGEST_LOG_SCALE)


class PhotoLearner(Learner):
    """Cross-view training: each series to the photos of its place (InfoNCE, Jain et al. 2026)."""

    def __init__(
        self, encoder: SeriesEncoder, scale: float, recipe: Recipe, pooling: nn.Module, bank: MemoryBank
    ) -> None:
        super().__init__(encoder, scale, recipe)
        self.pooling, self.bank = pooling, bank

    def loss_of(self, satellite: Tensor, rows: Tensor, targets: Tensor) -> Tensor:
        """targets: photo vectors (n, D) or (n, V, D)."""
        ground, rows, positives = self._gather(self.pooling(targets).float(), rows)
        loss = info_nce(satellite, ground, rows, positives, self.log_scale.exp(), self.bank)
        self.bank.put(ground, rows)
        return loss

    def _gather(self, ground: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Photos of all ranks, their places, and where this rank's own stand among them."""
        own = torch.arange(len(rows), device=rows.device)
        if self.trainer.world_size == 1:
            return ground, rows, own
        everyone: Any = self.all_gather(ground, sync_grads=ground.requires_grad)
        every_row: Any = self.all_gather(rows)
        return everyone.flatten(0, 1), every_row.flatten(), own + self.global_rank * len(rows)


class WordLearner(Learner):
    """Fine-tuning on class names: each series to the vector of its word, which stays where the text tower has it."""

    words: Tensor

    def __init__(self, encoder: SeriesEncoder, scale: float, recipe: Recipe, words: Tensor) -> None:
        super().__init__(encoder, scale, recipe)
        self.register_buffer("words", words)  # (K, D) unit vectors

    def loss_of(self, satellite: Tensor, rows: Tensor, targets: Tensor) -> Tensor:
        """targets: (n,) class numbers. Series of which nothing was left do not count."""
        seen = ~torch.isnan(satellite).any(dim=1)
        return F.cross_entropy(self.log_scale.exp() * satellite[seen] @ self.words.T, targets[seen])
