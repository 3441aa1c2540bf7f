"""The series encoder: a pixel's annual time series -> one vector in CLIP's space. Readable in one sitting.

Shapes, used throughout: N pixels, T composites (months, quarters or one year), C bands, H x W pixels around the place,
W = width of the transformer, D = width of the embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timesen_nb.model.config import RECALL_SCALE, RECALL_SHARE, EncoderConfig
from timesen_nb.model.inputs import composite_positions, known_bands, readable


class Attention(nn.Module):
    """Multi-head self-attention. Parameter names are those of ``torch.nn.MultiheadAttention``."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, mask: Tensor | None, queries: int) -> Tensor:
        """x (N, L, W), mask (N, 1, 1, L) True = may be looked at -> (N, queries, W): the first ``queries`` tokens."""
        n, length, width = x.shape
        if queries == length:
            q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, dim=-1)  # each (N, L, W)
        else:
            q = F.linear(x[:, :queries], self.in_proj_weight[:width], self.in_proj_bias[:width])
            k, v = F.linear(x, self.in_proj_weight[width:], self.in_proj_bias[width:]).chunk(2, dim=-1)
        q, k, v = (t.reshape(n, -1, self.heads, width // self.heads).transpose(1, 2) for t in (q, k, v))
        dropout = self.dropout if self.training else 0.0
        out = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, dropout_p=dropout
        )  # (N, heads, queries, W/heads)
        return self.out_proj(out.transpose(1, 2).reshape(n, queries, width))


class Block(nn.Module):
    """One post-norm transformer layer. Parameter names are those of ``torch.nn.TransformerEncoderLayer``."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width = config.width
        self.self_attn = Attention(width, config.heads, config.dropout)
        self.linear1 = nn.Linear(width, config.feedforward)
        self.linear2 = nn.Linear(config.feedforward, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor | None, queries: int) -> Tensor:
        """x (N, L, W) -> (N, queries, W)."""
        x = self.norm1(x[:, :queries] + self.dropout(self.self_attn(x, mask, queries)))
        hidden = self.dropout(F.relu(self.linear1(x)))
        return self.norm2(x + self.dropout(self.linear2(hidden)))


class Recall(nn.Module):
    """What a vector recalls of photos: attention over a bank of their vectors, one step of a modern Hopfield network.

    Light that could be several things lies between them, where words that fit none of them well may be nearest. The
    step moves it towards the photos that it is most like. Ramsauer et al. 2021, arXiv 2008.02217; between images and
    words: Fürst et al. 2022 (CLOOB), arXiv 2110.11316.
    """

    photos: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.register_buffer("photos", torch.zeros(config.photos, config.embedding))

    def forward(self, x: Tensor) -> Tensor:
        """(N, D) unit vectors -> (N, D) unit vectors."""
        shares = torch.softmax(RECALL_SCALE * x @ self.photos.T, dim=-1)  # (N, photos)
        return F.normalize(x + RECALL_SHARE * shares @ self.photos, dim=-1)


class SeriesEncoder(nn.Module):
    """Pixel series -> vector: embed each month, add its calendar position, let a class token attend, project.

    Months keep their own position whatever is missing, and missing months are masked out of attention. Architecture:
    Jain et al. 2026, doi 10.1016/j.isprsjprs.2026.03.043.

    Args:
        config: bands, statistics and sizes; None: those of the published model.
    """

    offset: Tensor
    scale: Tensor

    def __init__(self, config: EncoderConfig | None = None) -> None:
        """An encoder that has learned nothing: its numbers are drawn at random."""
        super().__init__()
        self.config = config = config or EncoderConfig()
        channels, pixels = len(config.bands), config.patch**2
        self.register_buffer("offset", torch.tensor(config.offset).view(-1, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(config.scale).view(-1, 1, 1), persistent=False)
        self.spectral_embedding = nn.Sequential(nn.Flatten(2), nn.Linear(channels * pixels, config.width))
        self.time_pos_encoding = nn.Parameter(torch.randn(1, 12, config.width) * 0.02)
        own = config.annual_position == "own"
        self.year_pos_encoding = nn.Parameter(torch.zeros(1, 1, config.width)) if own else None
        self.class_token = nn.Parameter(torch.randn(1, 1, config.width) * 0.02)
        self.absent_band = nn.Parameter(torch.zeros(channels, config.width)) if config.absent_bands else None
        self.transformer = nn.Module()
        self.transformer.layers = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.mlp_head = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, config.embedding))
        self.recall = Recall(config) if config.photos else nn.Identity()

    def forward(self, values: Tensor, months: Sequence[int] | None = None) -> Tensor:
        """Vectors of series.

        Args:
            values: (N, T, C[, H, W]) reflectance x 10000, NaN = missing. A month with a band missing is missing as a
                whole, unless the model has learned vectors for absent bands.
            months: calendar month (1 to 12) of each composite; None: T = 12 are the months, 4 the quarters, 1 the year.

        Returns:
            (N, D), L2-normalised; NaN for a series without any month left.

        Raises:
            ValueError: months that do not fit T, or another T without them.
        """
        if values.ndim == 3:
            values = values[..., None, None]
        n, t = values.shape[:2]
        known = known_bands(values)  # (N, T, C)
        month_valid = readable(values, self.config)  # (N, T)
        x = torch.clamp((values - self.offset) / self.scale, 0.0, 1.0)
        x = torch.where(known[..., None, None], x, 0.0)
        x = self.spectral_embedding(x)  # (N, T, W)
        if self.absent_band is not None:
            x = x + (~known).to(x.dtype) @ self.absent_band
        x = x + self.positions(t, months)
        x = torch.cat([self.class_token.expand(n, -1, -1), x], dim=1)  # (N, 1 + T, W)

        mask = None
        if not bool(month_valid.all()):
            mask = F.pad(month_valid, (1, 0), value=True)[:, None, None, :]  # the class token is always there
        layers = self.layers
        for i, layer in enumerate(
            layers
        ):  # only the class token leaves the last layer: only it is computed there
            x = layer(x, mask, queries=1 if i == len(layers) - 1 else t + 1)
        x = self.recall(F.normalize(self.mlp_head(x[:, 0]), dim=-1))  # (N, D)
        return x if mask is None else torch.where(month_valid.any(-1, keepdim=True), x, torch.nan)

    def positions(self, t: int, months: Sequence[int] | None = None) -> Tensor:
        """Learned positions of composites: by calendar month, or of quarters (lower median of three) or the year.

        Args:
            t: number of composites.
            months: calendar month (1 to 12) of each; None as in :meth:`forward`.

        Returns:
            (1, T, W).

        Raises:
            ValueError: months that do not fit T, or another T without them.
        """
        each, c = self.time_pos_encoding, self.config
        quarters = each.view(1, 4, 3, -1).median(dim=2).values
        year: Tensor | None = self.year_pos_encoding
        if year is None:
            year = each[:, :1] if c.annual_position == "january" else each.mean(dim=1, keepdim=True)
        table = torch.cat([each, quarters, year], dim=1)  # (1, 17, W)
        return table[:, composite_positions(t, months)]

    @property
    def layers(self) -> nn.ModuleList:
        """The transformer's layers, first to last: fine-tuning frees the last ones."""
        return cast(nn.ModuleList, self.transformer.layers)

    @property
    def parameters_count(self) -> int:
        """How many numbers are learned."""
        return sum(p.numel() for p in self.parameters())
