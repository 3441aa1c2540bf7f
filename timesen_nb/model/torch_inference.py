"""Vectors by torch: on a GPU, in bfloat16 where it has it, and of encoders that have no graph (the ablation's).

On a GPU the arithmetic is that of :mod:`timesen_nb.model.graph`: the first layer's products are folded into a table of
features, only the class token leaves the last layer, and series with equally many composites are encoded together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.inference import AGREEMENT, cores_allowed, draw_series, equally_many
from timesen_nb.model.inputs import readable

#: Series at once, on a GPU and by an encoder's own forward.
GPU_BATCH, FORWARD_BATCH = 8192, 512


def encode(
    encoder: nn.Module, values: np.ndarray, months: Sequence[int] | None = None, exact: bool | None = None
) -> np.ndarray:
    """Vectors by torch, on the device of the encoder.

    Args:
        encoder: a SeriesEncoder, or one that is called as it is.
        values: (N, T, C, H, W) float32 reflectance x 10000, NaN = missing.
        months: calendar month (1 to 12) of each composite.
        exact: True for float32; otherwise bfloat16 on a GPU that has it, where it keeps the vectors' direction.

    Returns:
        (N, D) float32, unit length; NaN for a series without any composite to read.
    """
    device = next(encoder.parameters()).device
    with torch.inference_mode():
        if type(encoder) is not SeriesEncoder:
            with _threads(), _in_use(encoder):
                parts = torch.from_numpy(values).split(FORWARD_BATCH)
                return torch.cat([encoder(part.to(device), months).cpu() for part in parts]).numpy()
        prepared = Prepared(encoder, values.shape[1], months)
        if not exact and device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
            prepared = narrowed(prepared)
        return prepared(values)


@contextmanager
def _in_use(encoder: nn.Module) -> Iterator[None]:
    """The encoder in evaluation mode; afterwards each of its parts is as it was, for it may be in training."""
    modes = [(part, part.training) for part in encoder.modules()]
    encoder.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


@contextmanager
def _threads() -> Iterator[None]:
    """Torch on as many cores as this thread may use."""
    before, allowed = torch.get_num_threads(), cores_allowed()
    if allowed is None or allowed >= before:
        yield
        return
    torch.set_num_threads(allowed)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def narrowed(plain: Prepared) -> Prepared:
    """The same encoder in bfloat16, all of it: attention and memory gain as well.

    Args:
        plain: the encoder in float32.

    Returns:
        It in bfloat16, or as it was where it loses too much; that is judged on series drawn for it, so that it hangs on
        the weights alone.
    """
    encoder = plain.encoder
    narrow = deepcopy(encoder).bfloat16()
    narrow.offset, narrow.scale = encoder.offset, encoder.scale  # reflectance has more than 8 bits
    narrow.recall = encoder.recall  # it is given float32
    drawn = draw_series(encoder.config)[0][0]
    years = drawn.reshape(*drawn.shape[:3], encoder.config.patch, encoder.config.patch)
    cosines = (Prepared(encoder, 12)(years) * Prepared(narrow, 12)(years)).sum(axis=1)
    return Prepared(narrow, plain.tokens - 1, plain.months) if cosines.min() >= AGREEMENT else plain


class Prepared:
    """An encoder's weights arranged for a call: T composites of given months.

    Shapes as in :mod:`timesen_nb.model.encoder`; L = 1 + k tokens: the class token and the k composites that are there.
    """

    def __init__(self, encoder: SeriesEncoder, t: int, months: Sequence[int] | None = None) -> None:
        self.encoder, self.months = encoder, months
        self.width, self.heads = encoder.config.width, encoder.config.heads
        embedding: Any = encoder.spectral_embedding[1]
        layers: Any = encoder.transformer.layers
        rows = [embedding.weight.t()]
        if encoder.absent_band is not None:
            rows.append(encoder.absent_band)
        positions = encoder.positions(t, months)[0] + embedding.bias  # (T, W)
        rows += [encoder.class_token[0], positions]
        table = torch.cat(rows)  # (features, W): a token is its features times this
        self.tokens = t + 1
        self.spectral = len(table) - self.tokens  # features that are bands or say that one is absent
        # otherwise it is less work to go through the tokens
        self.folded = len(layers) > 1 and len(table) < self.width
        if self.folded:
            attention = layers[0].self_attn
            qkv = table @ attention.in_proj_weight.t()  # (features, 3 W)
            qkv[self.spectral :] += attention.in_proj_bias  # each token has exactly one of these features
            table = torch.cat([table, qkv], dim=1)
        self.table = table
        self.layers = list(layers)

    @torch.inference_mode()
    def __call__(self, values: np.ndarray) -> np.ndarray:
        """values (N, T, C, H, W) -> unit float32 vectors (N, D), NaN without any composite."""
        x = torch.from_numpy(values).to(self.table.device)  # one transfer
        out = x.new_full((len(x), self.encoder.config.embedding), torch.nan)
        valid = readable(values, self.encoder.config)
        for some in equally_many(valid, GPU_BATCH):
            there = np.nonzero(valid[some])[1].reshape(len(some), -1)
            rows = torch.from_numpy(some).to(x.device)
            out[rows] = self.batch(x[rows], torch.from_numpy(there).to(x.device))
        vectors: np.ndarray = out.cpu().numpy()
        return vectors

    def batch(self, values: Tensor, there: Tensor) -> Tensor:
        """values (N, T, C, H, W), of which the composites ``there`` (N, k) are valid -> unit vectors (N, D)."""
        product = self.features(values, there) @ self.table
        # without folding qkv is empty, and not used
        x, qkv = product[..., : self.width], product[..., self.width :]
        for i, layer in enumerate(self.layers[:-1]):
            attention = layer.self_attn
            if i or not self.folded:
                qkv = F.linear(x, attention.in_proj_weight, attention.in_proj_bias)
            x = layer.norm1(attention.out_proj(self.attend(qkv)).add_(x))
            x = layer.norm2(layer.linear2(layer.linear1(x).relu_()).add_(x))
        return self.encoder.recall(F.normalize(self.encoder.mlp_head(self.class_token(x)).float(), dim=-1))

    def features(self, values: Tensor, there: Tensor) -> Tensor:
        """(N, L, features): normalised bands, which of them are absent, and one for the token's position."""
        encoder, (n, k) = self.encoder, there.shape
        bands = values.gather(1, there[:, :, None, None, None].expand(-1, -1, *values.shape[2:]))
        out = self.table.new_zeros(n, 1 + k, self.spectral + self.tokens)
        if encoder.absent_band is not None:
            absent = torch.isnan(bands).flatten(3).any(-1)  # (N, k, C)
            bands = bands.masked_fill(absent[..., None, None], -torch.inf)  # normalised to 0, as in forward
            out[:, 1:, self.spectral - absent.shape[2] : self.spectral] = absent
        bands = ((bands - encoder.offset) / encoder.scale).clamp_(0.0, 1.0).flatten(2)
        out[:, 1:, : bands.shape[2]] = bands
        out[:, 0, self.spectral] = 1.0
        out[:, 1:].scatter_(2, there[:, :, None] + self.spectral + 1, 1.0)
        return out

    def attend(self, qkv: Tensor) -> Tensor:
        """Queries, keys and values (N, L, 3 W) -> (N, L, W) by multi-head attention."""
        q, k, v = (
            t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in qkv.chunk(3, dim=-1)
        )  # (N, heads, L, d)
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    def class_token(self, x: Tensor) -> Tensor:
        """The class token after the last layer.

        With one query q a head, q . (K x) = (K^T q) . x and sum a (V x) = V (sum a x): tokens are never multiplied by K
        and V. The bias of the keys adds the same to every token and drops out of the softmax.

        Args:
            x: tokens (N, L, W) before it.

        Returns:
            (N, W).
        """
        layer, heads, (n, _, width) = self.layers[-1], self.heads, x.shape
        attention, size = layer.self_attn, width // heads
        to_q, to_k, to_v = attention.in_proj_weight.chunk(3)
        q_bias, _, v_bias = attention.in_proj_bias.chunk(3)
        token = x[:, 0]
        q = F.linear(token, to_q, q_bias).view(n, heads, size).transpose(0, 1)  # (heads, N, d)
        q = torch.bmm(q, to_k.view(heads, size, width)).transpose(0, 1)  # (N, heads, W)
        # one head of width W whose queries are the heads, and whose keys and values are the tokens
        seen = F.scaled_dot_product_attention(q[:, None], x[:, None], x[:, None], scale=size**-0.5)[:, 0]
        v = torch.bmm(seen.transpose(0, 1), to_v.view(heads, size, width).transpose(1, 2))  # (heads, N, d)
        v = v.transpose(0, 1).reshape(n, width) + v_bias
        token = layer.norm1(token + attention.out_proj(v))
        return layer.norm2(token + layer.linear2(F.relu(layer.linear1(token))))
