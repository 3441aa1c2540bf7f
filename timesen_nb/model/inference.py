"""The encoder at speed: what ``SeriesEncoder.forward`` computes, by less arithmetic and in narrower numbers.

Less arithmetic, the same result (differences near 1e-7; at full size 22 of 30 matrix products of 512 x 512 remain):

- what enters the first layer is linear in the bands of a month, so its tokens, queries, keys and values are one
  small product of the bands with a table;
- only the class token leaves the last layer: its one query goes through the key weights instead of every token, and
  attention sums tokens before, not after, the value weights;
- series with equally many months are encoded together, so that missing months are left out, not masked;
- every core takes batches of its own, small enough for its cache, and never waits for another within a product.

Narrower numbers, where the machine computes with them faster: on a processor int8, with a scale a token and a scale an
output (sums in int32); on a GPU bfloat16. A few series are encoded both ways first, and where their vectors differ the
whole call is exact. Everything is built from the weights at each call: nothing goes stale while a model is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.inputs import readable

#: Series a core takes at once: their tokens stay in its cache (measured: 32 and 128 are a little slower).
BATCH = 64
GPU_BATCH = 8192
#: Fewer series than this are always encoded exactly: there is little to gain.
FEW = 4096
#: The least cosine between reduced and exact vectors; series that are compared.
AGREEMENT, COMPARED = 0.999, 32
#: Bytes of the block by which the C library learns to keep memory; it learns from blocks of up to 32 MiB.
KEPT_MEMORY = 30 << 20
#: int8 pays from this width on (measured: 128 gains a quarter); below, turning numbers into bytes and back costs more.
INT8_WIDTH = 128

Product = Callable[[Tensor], Tensor]  # (..., in) -> (..., out): weights and bias are inside
MakeProduct = Callable[[Tensor, Tensor], Product]


def encode(
    encoder: SeriesEncoder, given: np.ndarray, months: Sequence[int] | None = None, exact: bool | None = None
) -> np.ndarray:
    """(N, T, C, H, W) float32, NaN = missing, as ``encoder.forward`` -> unit vectors (N, D) float32.

    exact: True for float32 throughout; False for int8 or bfloat16 where this machine gains by it; None chooses False
    for many series. A series without any month left gives NaN.
    """
    device, values = _device(encoder), torch.from_numpy(given)
    with torch.inference_mode():
        if type(encoder) is not SeriesEncoder:  # one of the ablation: nothing to save here
            parts = [encoder(part.to(device), months).cpu() for part in values.split(8 * BATCH)]
            return torch.cat(parts).numpy()
        values = values.to(device)  # one transfer
        keep_memory()
        plain = Prepared(encoder, values.shape[1], months)
        narrow = None if exact or (exact is None and len(values) < FEW) else reduced(plain)
        if narrow is not None:
            some = torch.nonzero(readable(values, encoder.config).any(dim=1))[:, 0]
            some = values[some[:: len(some) // COMPARED + 1]]
            alike = (plain(some) * narrow(some)).sum(dim=1)
            narrow = None if bool((alike < AGREEMENT).any()) else narrow
        return (narrow or plain)(values).cpu().numpy()


def reduced(plain: Prepared) -> Prepared | None:
    """The same encoder in the narrower numbers by which it gains on its device; None where there are none."""
    encoder, device = plain.encoder, _device(plain.encoder)
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        narrow = deepcopy(encoder).bfloat16()  # all of it: attention and memory gain as well
        narrow.offset, narrow.scale = encoder.offset, encoder.scale  # reflectance has more than 8 bits
        return Prepared(narrow, plain.tokens - 1, plain.months)
    if device.type == "cpu" and encoder.config.width >= INT8_WIDTH and _cpu_has_int8():
        return Prepared(encoder, plain.tokens - 1, plain.months, int8_product)
    return None


def keep_memory() -> None:
    """Have the C library keep what a batch frees for the next one, instead of handing it back to the system.

    glibc hands blocks above a threshold back at once, and the next batch finds every page of them anew, which took a
    fifth of the time of int8. The threshold follows the largest block freed so far (mallopt(3), M_MMAP_THRESHOLD);
    this block is never touched, so that it takes no memory itself. Elsewhere it does nothing.
    """
    torch.empty(KEPT_MEMORY, dtype=torch.uint8)


def _cpu_has_int8() -> bool:
    """Whether the processor has instructions for sums of bytes; torch tells it under names that may go."""
    return any(getattr(torch.cpu, f"_is_{name}_supported", bool)() for name in ("vnni", "amx_tile"))


def exact_product(weight: Tensor, bias: Tensor) -> Product:
    """x W^T + b as it is."""
    return lambda x: F.linear(x, weight, bias)


def int8_product(weight: Tensor, bias: Tensor) -> Product:
    """x W^T + b in int8: every token and every row of W is divided by its largest value / 127; sums are int32."""
    step = weight.abs().amax(dim=1).clamp_(min=1e-12) / 127  # (out,)
    narrow = (weight / step[:, None]).round_().to(torch.int8).t()  # (in, out)

    def product(x: Tensor) -> Tensor:
        largest = x.abs().amax(dim=-1, keepdim=True).clamp_(min=1e-12)
        tokens = (x * (127 / largest)).round_().to(torch.int8)
        sums = torch._int_mm(tokens.flatten(0, -2), narrow).float().mul_(step)
        return sums.view(*x.shape[:-1], -1).mul_(largest / 127).add_(bias)

    return product


def _device(encoder: SeriesEncoder) -> torch.device:
    return next(encoder.parameters()).device


def equally_many(valid: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """valid (N, T) -> batches of series with the same number k of valid composites, those without any in none.

    Each batch is row numbers (n,) and the positions (n, k) of their composites.
    """
    counts = valid.sum(dim=1)
    size = GPU_BATCH if valid.is_cuda else BATCH
    for k in range(1, valid.shape[1] + 1):
        same = torch.nonzero(counts == k)[:, 0]
        for rows in same.split(size) if len(same) else ():
            yield rows, torch.nonzero(valid[rows])[:, 1].view(len(rows), k)


def on_every_core(
    work: Callable[[Tensor, Tensor], None], batches: Sequence[tuple[Tensor, Tensor]], cores: int
) -> None:
    """Do ``work`` on every batch: each of the cores takes the next one. A single batch has all of them, as usual."""
    if cores == 1 or len(batches) == 1:
        for batch in batches:
            work(*batch)
        return

    def alone(batch: tuple[Tensor, Tensor]) -> None:
        with torch.inference_mode():  # a thread does not inherit it
            work(*batch)

    try:
        with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(alone, batches))
    finally:
        torch.set_num_threads(cores)  # what threads to come begin with is shared


class Prepared:
    """An encoder's weights arranged for a call: T composites of given months, by the products of ``make``.

    Shapes as in :mod:`timesen_nb.model.encoder`; L = 1 + k tokens: the class token and the k composites that are there.
    """

    def __init__(
        self,
        encoder: SeriesEncoder,
        t: int,
        months: Sequence[int] | None = None,
        make: MakeProduct = exact_product,
    ) -> None:
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
        self.layers = []
        for layer in layers[:-1]:
            attention = layer.self_attn
            done = self.folded and layer is layers[0]
            project = None if done else make(attention.in_proj_weight, attention.in_proj_bias)
            others = (attention.out_proj, layer.linear1, layer.linear2)
            self.layers.append((layer, project, *(make(linear.weight, linear.bias) for linear in others)))
        self.last = layers[-1]

    def __call__(self, values: Tensor) -> Tensor:
        """values (N, T, C, H, W) -> unit float32 vectors (N, D) on the encoder's device, NaN without any month."""
        out = torch.full((len(values), self.encoder.config.embedding), torch.nan, device=values.device)

        def encode(rows: Tensor, there: Tensor) -> None:
            out[rows] = self.batch(values[rows], there)

        batches = list(equally_many(readable(values, self.encoder.config)))
        on_every_core(encode, batches, 1 if values.is_cuda else torch.get_num_threads())
        return out

    def batch(self, values: Tensor, there: Tensor) -> Tensor:
        """values (N, T, C, H, W), of which the composites ``there`` (N, k) are valid -> unit vectors (N, D)."""
        product = self.features(values, there) @ self.table
        x, qkv = (
            product[..., : self.width],
            product[..., self.width :],
        )  # without folding qkv is empty, and not used
        for layer, project, join, widen, narrow in self.layers:
            qkv = qkv if project is None else project(x)
            x = layer.norm1(join(self.attend(qkv)).add_(x))
            x = layer.norm2(narrow(widen(x).relu_()).add_(x))
        return F.normalize(self.encoder.mlp_head(self.class_token(x)).float(), dim=-1)

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
        """Tokens (N, L, W) before the last layer -> the class token (N, W) after it.

        With one query q a head, q . (K x) = (K^T q) . x and sum a (V x) = V (sum a x): tokens are never multiplied by
        K and V. The bias of the keys adds the same to every token and drops out of the softmax.
        """
        layer, heads, (n, _, width) = self.last, self.heads, x.shape
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
