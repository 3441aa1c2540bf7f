"""Batches straight from memory. Every batch is a function of the seed and its number, so that runs resume exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from timesen_nb.datasets.pairs import Pairs


def derived_seed(*numbers: int) -> int:
    """One seed from several numbers; different numbers give unrelated seeds."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = (state ^ (number + 1)) * 0xBF58476D1CE4E5B9 % 2**64
        state ^= state >> 29
    return state % 2**63


@dataclass
class Batches:
    """The batches of a run from number ``first`` to ``last``; each epoch is a new order, its remainder left out.

    targets: what is right for some rows: their photo vectors, or their class numbers.
    A batch is (number, rows (B,), series (B, T, C, H, W), targets (B, ...)); B is this rank's share.
    """

    pairs: Pairs
    targets: Callable[[Tensor], Tensor]
    batch_size: int
    first: int
    last: int
    seed: int
    rank: int = 0
    ranks: int = 1

    @property
    def per_epoch(self) -> int:
        """Batches in one epoch."""
        return len(self.pairs) // self.batch_size

    def __len__(self) -> int:
        return self.last - self.first

    def __iter__(self) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
        order, epoch = None, -1
        for number in range(self.first, self.last):
            if number // self.per_epoch != epoch or order is None:
                epoch = number // self.per_epoch
                generator = torch.Generator().manual_seed(derived_seed(self.seed, 0, epoch))
                order = torch.randperm(len(self.pairs), generator=generator)
            start = number % self.per_epoch * self.batch_size
            rows = order[start : start + self.batch_size][self.rank :: self.ranks]
            yield number, rows, self.pairs.series(rows), self.targets(rows)
