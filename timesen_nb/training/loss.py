"""What learns, and by what loss: InfoNCE from satellite to ground, with a first-in-first-out bank of past photos."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.inputs import readable
from timesen_nb.training.augment import augmented
from timesen_nb.training.options import TrainingOptions
from timesen_nb.training.pooling import make_pooling


class MemoryBank(nn.Module):
    """The last ground embeddings, the places they are of, and how many were put in; all in the state dict.

    Args:
        size: embeddings that are kept.
        width: numbers of an embedding (D).
    """

    embeddings: Tensor
    rows: Tensor
    count: Tensor

    def __init__(self, size: int, width: int) -> None:
        """An empty bank."""
        super().__init__()
        self.register_buffer("embeddings", torch.zeros(size, width))
        self.register_buffer("rows", torch.full((size,), -1))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def filled(self) -> int:
        """How many embeddings are there.

        Returns:
            0 to ``size``.
        """
        return min(int(self.count), len(self.embeddings))

    def put(self, embeddings: Tensor, rows: Tensor) -> None:
        """Replace the oldest embeddings.

        Args:
            embeddings: (n, D); the bank's size is a multiple of n.
            rows: (n,) places they are of.
        """
        if len(self.embeddings):
            start = int(self.count) % len(self.embeddings)
            self.embeddings[start : start + len(rows)] = embeddings.detach()
            self.rows[start : start + len(rows)] = rows
            self.count += len(rows)


def info_nce(
    satellite: Tensor, ground: Tensor, rows: Tensor, positives: Tensor, scale: Tensor, bank: MemoryBank | None = None
) -> Tensor:  # fmt: skip
    """Mean cross-entropy of picking each series' own photos among all (van den Oord et al. 2018, arXiv 1807.03748).

    Args:
        satellite: (n, D) unit vectors of series; one that is NaN, for nothing of it was left, does not count.
        ground: (m, D) unit vectors of photos, of the whole batch over all devices.
        rows: (m,) places of ``ground``.
        positives: (n,) index into ``ground`` of each series' own photos.
        scale: what cosines are multiplied by.
        bank: more negatives, of past batches; those of the place itself are left out.

    Returns:
        The loss, one number; 0 where no series counts.
    """
    seen = ~torch.isnan(satellite).any(dim=1)
    satellite, positives = satellite[seen], positives[seen]
    logits = scale * satellite @ ground.T  # (n, m)
    if bank is not None and (filled := bank.filled()):
        # a copy, for the bank moves on before backward
        past = scale * satellite @ bank.embeddings[:filled].clone().T  # (n, filled)
        own = rows[positives][:, None] == bank.rows[:filled]
        logits = torch.cat([logits, past.masked_fill(own, -torch.inf)], dim=1)
    return F.cross_entropy(logits, positives) if len(positives) else logits.sum()


def derived_seed(*numbers: int) -> int:
    """One seed from several numbers; different numbers give unrelated seeds."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = (state ^ (number + 1)) * 0xBF58476D1CE4E5B9 % 2**64
        state ^= state >> 29
    return state % 2**63


class Learner(nn.Module):
    """All that changes in training but the optimizer. words: (K, D) vectors of class names, in place of photos."""

    step: Tensor
    words: Tensor | None

    def __init__(
        self, encoder: SeriesEncoder, scale: float, options: TrainingOptions, words: Tensor | None
    ) -> None:
        super().__init__()
        self.encoder, self.options = encoder, options
        self.rank, self.ranks, self.computes_in = 0, 1, torch.float32
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self.register_buffer("step", torch.zeros((), dtype=torch.long))
        self.register_buffer("words", words)
        if words is None:
            self.pooling = make_pooling(options.pooling, encoder.config.embedding)
            self.bank = MemoryBank(options.memory_bank, encoder.config.embedding)
        layers, count = list(encoder.layers), options.train_layers
        if count is not None:
            if count > len(layers):
                raise ValueError(f"train_layers={count}; expected 0 to {len(layers)}, or None for all.")
            encoder.requires_grad_(False)
            nn.ModuleList([encoder.mlp_head, *layers[len(layers) - count :]]).requires_grad_(True)

    def forward(self, number: int, rows: Tensor, values: Tensor, targets: Tensor) -> Tensor:
        """The loss of one batch. Dropout and augmentation follow from the seed and its number alone."""
        # rows (B,) of the batch; values (b, T, C, H, W) of this rank's share of them; targets of all of them: photos
        # (B, D) or (B, V, D), or class numbers (B,)
        own, seed = slice(self.rank, None, self.ranks), derived_seed(self.options.seed, 1, number, self.rank)
        torch.manual_seed(seed)
        generator = Generator(values.device).manual_seed(seed)
        values, months = augmented(values, self.encoder, self.options, generator)
        with torch.autocast(values.device.type, self.computes_in, enabled=self.computes_in != torch.float32):
            satellite = self.encoder(values, months)
        satellite, scale = satellite.float(), self.log_scale.exp()
        # NaN where a month was left is a fault, not a series that does not count: it becomes the loss
        fault = 0.0 * satellite[readable(values, self.encoder.config).any(dim=1)].sum()
        if self.words is not None:
            return info_nce(satellite, self.words, rows, targets[own], scale) + fault
        if self.ranks > 1:
            # every rank pools the whole batch, and draws the same views: photos need not be gathered
            torch.manual_seed(derived_seed(self.options.seed, 2, number))
        ground = self.pooling(targets)
        positives = torch.arange(len(rows), device=rows.device)[own]
        loss = info_nce(satellite, ground, rows, positives, scale, self.bank)
        self.bank.put(ground, rows)
        return loss + fault
