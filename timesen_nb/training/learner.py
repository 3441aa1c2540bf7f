"""What Lightning trains: the encoder, the pooling of the photos, the temperature; and the memory bank."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from timesen_nb import augment
from timesen_nb.model import SeriesEncoder
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


class CrossViewLearner(pl.LightningModule):
    """Pulls each series to the photos of its place (InfoNCE, Jain et al. 2026)."""

    step: Tensor

    def __init__(
        self, encoder: SeriesEncoder, pooling: nn.Module, scale: float, bank: MemoryBank, recipe: Recipe
    ) -> None:
        super().__init__()
        self.encoder, self.pooling, self.bank, self.recipe = encoder, pooling, bank, recipe
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.register_buffer("step", torch.zeros((), dtype=torch.long))  # updates made so far
        self.loss = math.nan
        self.batches: Batches | None = None
        self.optimizer_state: dict[str, Any] | None = None  # of the run that is taken up

    def train_dataloader(self) -> Batches:
        """This rank's share of the batches of the run."""
        if self.batches is None:
            raise RuntimeError("the learner has no batches; set learner.batches first.")
        return replace(self.batches, rank=self.global_rank, ranks=self.trainer.world_size)

    @property
    def scale(self) -> float:
        """What cosines are multiplied by now."""
        return float(self.log_scale.detach().exp())

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
        number, rows, values, photos = batch
        seed = derived_seed(self.recipe.seed, 1, number, self.global_rank)
        torch.manual_seed(seed)
        values, months = self.hide(values, torch.Generator(values.device).manual_seed(seed))
        satellite = self.encoder(values, months).float()
        ground, rows, positives = self._gather(self.pooling(photos).float(), rows)
        loss = info_nce(satellite, ground, rows, positives, self.log_scale.exp(), self.bank)
        if not torch.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {float(loss.detach())} at step {int(self.step)}. Try a lower learning_rate, or precision='32'."
            )
        self.bank.put(ground, rows)
        self.loss = float(loss.detach())
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

    def _gather(self, ground: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Photos of all ranks, their places, and where this rank's own begin."""
        own = torch.arange(len(rows), device=rows.device)
        if self.trainer.world_size == 1:
            return ground, rows, own
        everyone: Any = self.all_gather(ground, sync_grads=ground.requires_grad)
        every_row: Any = self.all_gather(rows)
        return everyone.flatten(0, 1), every_row.flatten(), own + self.global_rank * len(rows)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """The learning rate of this step."""
        for group in optimizer.param_groups:
            group["lr"] = self.recipe.rate(int(self.step))

    def on_before_zero_grad(self, optimizer: torch.optim.Optimizer) -> None:
        """The temperature stays between 1 and 0.01."""
        with torch.no_grad():
            self.log_scale.clamp_(0.0, LARGEST_LOG_SCALE)
