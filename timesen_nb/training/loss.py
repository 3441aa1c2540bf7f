"""InfoNCE from satellite to ground, with a first-in-first-out bank of past ground embeddings."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MemoryBank(nn.Module):
    """The last ``size`` ground embeddings, the oldest replaced first. Kept in the state dict, so that runs resume.

    size: 0 for none; a multiple of the number that is put in at a time.
    """

    embeddings: Tensor
    rows: Tensor
    count: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.register_buffer("embeddings", torch.zeros(size, width))
        self.register_buffer("rows", torch.full((size,), -1))  # which place each is of
        self.register_buffer("count", torch.zeros((), dtype=torch.long))  # put in so far

    def filled(self) -> int:
        """How many embeddings are there."""
        return min(int(self.count), len(self.embeddings))

    def put(self, embeddings: Tensor, rows: Tensor) -> None:
        """Replace the oldest by (n, D) embeddings of the places ``rows`` (n,)."""
        if not len(self.embeddings):
            return
        start = int(self.count) % len(self.embeddings)
        self.embeddings[start : start + len(rows)] = embeddings.detach()
        self.rows[start : start + len(rows)] = rows
        self.count += len(rows)


def info_nce(
    satellite: Tensor, ground: Tensor, rows: Tensor, positives: Tensor, scale: Tensor, bank: MemoryBank
) -> Tensor:
    """Mean cross-entropy of picking each series' own photos among all.

    satellite: (n, D) unit vectors; ground: (m, D) unit vectors of the whole batch, over all devices; rows: (m,) places
    of ``ground``; positives: (n,) index into ``ground``; scale: what cosines are multiplied by. Negatives: the rest of
    the batch, and the bank without the place itself. A series that is NaN (nothing of it was left) does not count.
    """
    seen = ~torch.isnan(satellite).any(dim=1)
    satellite, positives = satellite[seen], positives[seen]
    logits = scale * satellite @ ground.T  # (n, m)
    if filled := bank.filled():
        past = (
            scale * satellite @ bank.embeddings[:filled].clone().T
        )  # (n, filled); the bank moves on before backward
        own = rows[positives][:, None] == bank.rows[:filled]
        logits = torch.cat([logits, past.masked_fill(own, -torch.inf)], dim=1)
    return F.cross_entropy(logits, positives)
