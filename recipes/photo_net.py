"""The photo tower of the pocket model as it is trained; what runs it is made of its weights (towers/pocket.py)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timesen_nb.model.towers.pocket import WIDTH


class PhotoNet(nn.Module):
    """Four strided convolutions over a 48 x 64 view, their mean and maximum, one linear layer.

    (n, 3, 48, 64) in 0 to 1 -> (n, D) unit vectors.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        sizes = (3, 24, 48, 96, 128)
        layers: list[nn.Module] = []
        for a, b in pairwise(sizes):
            layers += [nn.Conv2d(a, b, 3, stride=2, padding=1), nn.BatchNorm2d(b), nn.GELU()]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(2 * sizes[-1], width)

    def forward(self, views: Tensor) -> Tensor:
        """Views to unit vectors."""
        x = self.features(views - 0.5)  # (n, 128, 3, 4)
        x = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        return F.normalize(self.head(x), dim=-1)
