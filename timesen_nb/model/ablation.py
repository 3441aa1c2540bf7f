"""The other encoders of the paper's ablation, in the same training: they give what SeriesEncoder gives, from the same.

    encoder = make_encoder("tempcnn", embedding=128)
    model = tn.fit(encoder, pairs, tower="pocket")

They read a calendar of twelve months: a quarter stands in each of its months, a year in all, a month that is missing is
zero, and one more number a month says whether it is there. Sizes are EncoderConfig's; :data:`SIZES` has the defaults.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timesen_nb.bands import BANDS, OFFSET, SCALE
from timesen_nb.model.checkpoint import check_fit
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.inputs import composite_positions, known_bands, readable


class CalendarEncoder(nn.Module):
    """What the encoders below share: normalise, lay out the calendar, read it, project, normalise.

    Called as :class:`SeriesEncoder`: values (N, T, C[, H, W]) reflectance x 10000, NaN = missing -> (N, D) unit
    vectors, NaN for a series without any month left.
    """

    offset: Tensor
    scale: Tensor

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("offset", torch.tensor(config.offset).view(-1, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(config.scale).view(-1, 1, 1), persistent=False)
        self.layers = nn.Sequential(*self.make_layers(len(config.bands) * config.patch**2 + 1))
        self.mlp_head = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, config.embedding))

    def make_layers(self, features: int) -> list[nn.Module]:
        """The layers from (N, 12, features) to (N, width), or to what :meth:`read` takes."""
        raise NotImplementedError

    def read(self, x: Tensor, known: Tensor) -> Tensor:
        """(N, 12, features), (N, 12) whether the month is there -> (N, width)."""
        raise NotImplementedError

    def forward(self, values: Tensor, months: Sequence[int] | None = None) -> Tensor:
        """As :meth:`SeriesEncoder.forward`."""
        if values.ndim == 3:
            values = values[..., None, None]
        t = values.shape[1]
        there = known_bands(values)  # (N, T, C)
        known = readable(values, self.config)  # (N, T)
        x = torch.clamp((values - self.offset) / self.scale, 0.0, 1.0)
        x = torch.where(there[..., None, None] & known[..., None, None, None], x, 0.0).flatten(2)  # (N, T, F)
        x = torch.cat([x, known[..., None].to(x.dtype)], dim=-1)
        x = F.pad(x, (0, 0, 0, 1))[
            :, calendar(t, months)
        ]  # (N, 12, F + 1); composite T stands for a month not given
        out = F.normalize(self.mlp_head(self.read(x, x[..., -1] > 0)), dim=-1)
        return torch.where(known.any(-1, keepdim=True), out, torch.nan)


def calendar(t: int, months: Sequence[int] | None) -> list[int]:
    """Which of t composites stands for each of the twelve months; t itself where none does."""
    places = composite_positions(t, months)
    if months is None:
        return [m * t // 12 for m in range(12)]
    return [places.tolist().index(m) if m in places else t for m in range(12)]


class MLP(CalendarEncoder):
    """All months at once through ``depth`` fully connected layers."""

    def make_layers(self, features: int) -> list[nn.Module]:
        """Linear, batch norm, ReLU, dropout."""
        c = self.config
        return [
            nn.Sequential(nn.Linear(size, c.width), nn.BatchNorm1d(c.width), nn.ReLU(), nn.Dropout(c.dropout))
            for size in (12 * features, *[c.width] * (c.depth - 1))
        ]

    def read(self, x: Tensor, known: Tensor) -> Tensor:
        """One layer after the other."""
        return self.layers(x.flatten(1))


def _convolution(inputs: int, outputs: int, months: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, months, padding=months // 2), nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout(dropout)
    )  # fmt: skip


class CNN1D(CalendarEncoder):
    """``depth`` convolutions over three months each, then the mean of the months that are there."""

    def make_layers(self, features: int) -> list[nn.Module]:
        """Convolutions along the year."""
        c = self.config
        return [_convolution(size, c.width, 3, c.dropout) for size in (features, *[c.width] * (c.depth - 1))]

    def read(self, x: Tensor, known: Tensor) -> Tensor:
        """Convolve, then average."""
        x = self.layers(x.transpose(1, 2))
        share = known / known.sum(1, keepdim=True).clamp(min=1)
        return (x * share[:, None]).sum(-1)


class TempCNN(CalendarEncoder):
    """``depth`` convolutions over five months each with a quarter of the width, then one dense layer of the width.

    Pelletier, Webb and Petitjean 2019, doi 10.3390/rs11050523: 3 convolutions of 64, dense 256, dropout 0.5.
    """

    def make_layers(self, features: int) -> list[nn.Module]:
        """Convolutions along the year, and what reads all of them."""
        c = self.config
        channels = c.width // 4
        sizes = (features, *[channels] * (c.depth - 1))
        dense = nn.Sequential(
            nn.Flatten(), nn.Linear(12 * channels, c.width), nn.BatchNorm1d(c.width), nn.ReLU(), nn.Dropout(c.dropout)
        )  # fmt: skip
        return [*(_convolution(size, channels, 5, c.dropout) for size in sizes), dense]

    def read(self, x: Tensor, known: Tensor) -> Tensor:
        """Convolve, then the dense layer."""
        return self.layers(x.transpose(1, 2))


class ConvTran(CalendarEncoder):
    """Convolutions along the year, then across bands, then attention with positions, absolute and relative.

    Foumani, Tan, Webb and Salehi 2024, doi 10.1007/s10618-023-00948-2: width 16, 8 heads, feed-forward 256, one block;
    tAPE positions and eRPE biases after their formulas. Missing months are not attended to.
    """

    def make_layers(self, features: int) -> list[nn.Module]:
        """The convolutions, and one block of attention."""
        c = self.config
        stem = nn.Sequential(
            nn.ZeroPad2d((3, 4, 0, 0)), nn.Conv2d(1, 4 * c.width, (1, 8)), nn.BatchNorm2d(4 * c.width), nn.GELU(),
            nn.Conv2d(4 * c.width, c.width, (features, 1)), nn.BatchNorm2d(c.width), nn.GELU(),
        )  # fmt: skip
        return [stem, *(RelativeBlock(c) for _ in range(c.depth))]

    def read(self, x: Tensor, known: Tensor) -> Tensor:
        """Convolve, attend, average the months that are there."""
        x = self.layers[0](x.transpose(1, 2)[:, None])[:, :, 0].transpose(1, 2)  # (N, 12, width)
        known = known | ~known.any(1, keepdim=True)  # nothing there: the answer is NaN anyway
        positions = time_positions(12, x.shape[-1]).to(x)
        for block in self.layers[1:]:
            x = block(x, positions, known)
        share = known / known.sum(1, keepdim=True)
        return (x * share[..., None]).sum(1)


class RelativeBlock(nn.Module):
    """Attention whose softmax gets a learned bias for each head and distance in months (eRPE), then feed-forward."""

    def __init__(self, c: EncoderConfig) -> None:
        super().__init__()
        self.heads = c.heads
        self.queries_keys_values = nn.Linear(c.width, 3 * c.width, bias=False)
        self.bias = nn.Parameter(torch.zeros(c.heads, 23))  # distances -11 to 11
        self.norm = nn.LayerNorm(c.width)
        self.norm1, self.norm2 = nn.LayerNorm(c.width), nn.LayerNorm(c.width)
        self.feedforward = nn.Sequential(
            nn.Linear(c.width, c.feedforward), nn.ReLU(), nn.Dropout(c.dropout), nn.Linear(c.feedforward, c.width)
        )  # fmt: skip
        self.dropout = nn.Dropout(c.dropout)

    def forward(self, x: Tensor, positions: Tensor, known: Tensor) -> Tensor:
        """(N, 12, W), (12, W), (N, 12) -> (N, 12, W)."""
        n, t, width = x.shape
        q, k, v = (
            part.reshape(n, t, self.heads, -1).transpose(1, 2)
            for part in self.queries_keys_values(x + positions).chunk(3, dim=-1)
        )  # (N, heads, 12, W / heads)
        scores = (q @ k.transpose(-1, -2)) * width**-0.5
        attention = scores.masked_fill(~known[:, None, None], -torch.inf).softmax(-1)
        month = torch.arange(t, device=x.device)
        attention = attention + self.bias[:, month[:, None] - month + t - 1] * known[:, None, None]
        x = self.norm1(x + self.norm((attention @ v).transpose(1, 2).reshape(n, t, width)))
        return self.norm2(x + self.dropout(self.feedforward(x)))


def time_positions(length: int, width: int) -> Tensor:
    """(length, width) sines and cosines whose frequency follows length and width (tAPE)."""
    angle = torch.arange(length)[:, None] * torch.exp(
        torch.arange(0, width, 2) * (-math.log(10000.0) / width)
    )
    angle = angle * (width / length)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


ENCODERS: dict[str, type[Any]] = {
    "transformer": SeriesEncoder, "mlp": MLP, "cnn1d": CNN1D, "tempcnn": TempCNN, "convtran": ConvTran,
}  # fmt: skip

#: Sizes of the original publications where they say them; those of MLP and CNN1D are ours.
SIZES: dict[str, dict[str, Any]] = {
    "transformer": {},
    "mlp": {"width": 512, "depth": 3, "dropout": 0.2},
    "cnn1d": {"width": 256, "depth": 3, "dropout": 0.2},
    "tempcnn": {"width": 256, "depth": 3, "dropout": 0.5},
    "convtran": {"width": 16, "depth": 1, "heads": 8, "feedforward": 256, "dropout": 0.01},
}


def make_encoder(name: str, bands: Sequence[str] = BANDS, **config: Any) -> Any:
    """A new encoder by name, untrained.

    Args:
        name: "transformer" (the model), "mlp", "cnn1d", "tempcnn" or "convtran".
        bands: those it reads, by name and in the order of its input: ("B4", "B3", "B2") is the RGB variant.
        config: fields of :class:`timesen_nb.model.config.EncoderConfig` that differ from :data:`SIZES`, such as
            embedding= or patch=.

    Returns:
        A torch module that is called as :class:`SeriesEncoder`.

    Raises:
        ValueError: an unknown name or band, or a size that cannot be.
    """
    if name not in ENCODERS:
        raise ValueError(f"encoder={name!r}; expected one of {', '.join(map(repr, ENCODERS))}.")
    given = dict(zip(BANDS, zip(OFFSET, SCALE, strict=True), strict=True))
    if "offset" not in config or "scale" not in config:
        unknown = [band for band in bands if band not in given]
        if unknown:
            raise ValueError(
                f"bands {', '.join(unknown)}: expected some of {', '.join(BANDS)}; or give offset= and scale=."
            )
        config |= {"offset": tuple(given[b][0] for b in bands), "scale": tuple(given[b][1] for b in bands)}
    return ENCODERS[name](EncoderConfig(bands=tuple(bands), **{**SIZES[name], **config}))


def build_encoder(
    name: str, config: EncoderConfig, weights: Mapping[str, np.ndarray], file: str = "the model"
) -> Any:
    """An encoder with its weights, in evaluation mode.

    Args:
        name: of its class.
        config: bands, statistics and sizes.
        weights: name -> array.
        file: what they come from, for messages.

    Returns:
        A torch module that is called as :class:`SeriesEncoder`.

    Raises:
        ValueError: an encoder that is none of these; every missing, unexpected or misshapen key is named.
    """
    known = {e.__name__: e for e in ENCODERS.values()}
    if name not in known:
        raise ValueError(
            f"{file} holds an encoder {name!r}; expected one of {', '.join(known)}. Of a class of your own make it "
            "yourself: timesen_nb.model.checkpoint.read_checkpoint(path) gives its config and weights."
        )
    # on the meta device first, where sizes cost no memory
    try:
        with torch.device("meta"):
            expected = {k: tuple(v.shape) for k, v in known[name](config).state_dict().items()}
    except (RuntimeError, OverflowError) as problem:
        raise ValueError(f"{file} says sizes that no encoder can have: {problem}") from problem
    check_fit(weights, expected, name, file)
    encoder = known[name](config)
    encoder.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in weights.items()})
    return encoder.eval()
