"""One vector from the one to four photos of a place: average, attention, or one of them at random."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timesen_nb.training.options import CHOICES


class AveragePool(nn.Module):
    """The mean of the views that are there: the paper's final choice, and ours by default."""

    def forward(self, views: Tensor) -> Tensor:
        """Unit vectors (N, V, D), NaN = no view, or (N, D) -> unit vectors (N, D)."""
        if views.ndim == 2:
            return F.normalize(views, dim=-1)
        known = ~torch.isnan(views).any(-1, keepdim=True)  # (N, V, 1)
        return F.normalize(self.pooled(torch.where(known, views, 0.0), known), dim=-1)

    def pooled(self, views: Tensor, known: Tensor) -> Tensor:
        """(N, V, D), 0 = no view, and (N, V, 1) whether there is one -> (N, D) of any length."""
        return views.sum(1)


class AttentionPool(AveragePool):
    """A learned weighting of the views: one weight an image, or one for each of its dimensions."""

    def __init__(self, width: int, per_dimension: bool = False) -> None:
        super().__init__()
        self.score = nn.Linear(width, width if per_dimension else 1)
        nn.init.zeros_(self.score.weight)  # begins as the average
        nn.init.zeros_(self.score.bias)

    def pooled(self, views: Tensor, known: Tensor) -> Tensor:
        """The weighted sum."""
        weights = self.score(views).masked_fill(~known, -torch.inf).softmax(dim=1)  # (N, V, 1 or D)
        return (weights * views).sum(1)


class RandomView(AveragePool):
    """One view at random while training, the average otherwise. Draws from torch's global generator."""

    def pooled(self, views: Tensor, known: Tensor) -> Tensor:
        """The view that is drawn, of those that are there."""
        if not self.training:
            return super().pooled(views, known)
        chosen = (
            torch.rand(known.shape, device=views.device).masked_fill(~known, -1.0).argmax(1, keepdim=True)
        )
        return views.take_along_dim(chosen, dim=1)[:, 0]


POOLINGS = CHOICES["pooling"]


def make_pooling(name: str, width: int) -> nn.Module:
    """A pooling by name; ValueError for another name."""
    if name == "average":
        return AveragePool()
    if name == "random":
        return RandomView()
    if name in POOLINGS:
        return AttentionPool(width, per_dimension=name == "attention_dimension")
    raise ValueError(f"pooling={name!r}; expected one of {', '.join(map(repr, POOLINGS))}.")
