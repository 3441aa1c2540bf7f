"""Samples a second of ``tn.fit`` beside a plain training loop: the second half of ``make bench-train``.

The plain loop is the usual one: a data set class that opens the HDF5 file and reads a point's group for every item, and
``torch.nn.TransformerEncoder`` (the same sizes, dropout and batch), cross-entropy over the batch, AdamW, float32.
Three layouts of a point: dated acquisitions of 64 x 64 pixels, whose monthly medians an item takes, as Sen4Map is
published; twelve composites of 64 x 64 pixels; twelve composites of one pixel, the best that the plain loop can have.
``tn.fit`` reads series that were read once before (``benchmarks.datasets`` has that speed). No augmentation on either
side, no memory bank; both take turns and the best of two counts. Share: of the rate of plain matrix products in the
same run, forward and backward counted as three times the encoder's multiplications. Where there is a GPU, ``tn.fit``
on it too.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import timesen_nb as tn
from benchmarks.datasets import plain_point, write_composed, write_dated
from benchmarks.encoder_speed import best, macs
from recipes.pocket_model import CONFIG
from timesen_nb.bands import BANDS
from timesen_nb.datasets.pairs import Pairs


class Words:
    """Stands in for a tower: fit asks only for its width."""

    name = "none"

    def __init__(self, width: int) -> None:
        self.width = width


class PlainEncoder(nn.Module):
    """The same encoder out of torch's own layers."""

    def __init__(self, config: tn.EncoderConfig) -> None:
        super().__init__()
        width = config.width
        layer = nn.TransformerEncoderLayer(
            width, config.heads, config.feedforward, config.dropout, batch_first=True
        )
        self.bands = nn.Linear(len(BANDS), width)
        self.months = nn.Parameter(torch.randn(1, 12, width) * 0.02)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.layers = nn.TransformerEncoder(layer, config.depth)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config.embedding))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 12, 10) in 0 to 1 -> (N, D)."""
        tokens = torch.cat([self.token.expand(len(x), -1, -1), self.bands(x) + self.months], dim=1)
        return F.normalize(self.head(self.layers(tokens)[:, 0]), dim=-1)


class GroupPerItem(Dataset):
    """A point an item, its middle pixel, scaled to 0 to 1; and its photo vector."""

    def __init__(self, path: Path, photos: Tensor) -> None:
        self.path, self.photos = path, photos
        with h5py.File(path, "r") as file:
            self.keys = list(file)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        image = plain_point(self.path, self.keys[i])
        middle = image.shape[-1] // 2
        return image[..., middle, middle].clamp(0, 5000) / 5000, self.photos[i]


def plain_loop(path: Path, config: tn.EncoderConfig, batch: int) -> float:
    """Samples a second of one epoch."""
    with h5py.File(path, "r") as file:
        n = len(file)
    data = GroupPerItem(path, F.normalize(torch.randn(n, config.embedding), dim=-1))
    encoder = PlainEncoder(config)
    optimizer = torch.optim.AdamW(encoder.parameters(), 1e-4)
    started, seen = time.perf_counter(), 0
    for values, photos in DataLoader(data, batch, shuffle=True, drop_last=True):
        loss = F.cross_entropy(encoder(values) @ photos.T / 0.07, torch.arange(len(values)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen += len(values)
    return seen / (time.perf_counter() - started)


def matrix_rate(device: str, kind: torch.dtype, n: int = 2048) -> float:
    """Multiplications a second in products of n x n matrices, the best of some runs."""
    a, b = (torch.randn(n, n, device=device, dtype=kind) for _ in range(2))
    times = 50 if device == "cuda" else 1

    def products() -> None:
        for _ in range(times):
            product = a @ b
        float(product[0, 0])  # waits for it

    return n**3 * times / best(products, time.perf_counter)


def ours(config: tn.EncoderConfig, batch: int, n: int, precision: str = "32", device: str = "cpu") -> float:
    """Samples a second of one epoch of ``tn.fit``, everything from the call to its return."""
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 5000, (n, 12, 10)).astype(np.float32)
    pairs = Pairs(values, rng.normal(size=(n, config.embedding)).astype(np.float32))
    encoder = tn.SeriesEncoder(config)
    started = time.perf_counter()
    tn.fit(encoder, pairs, tower=Words(config.embedding), epochs=1, batch_size=batch, memory_bank=0, augment=False,
           device=device, precision=precision, progress=False)  # fmt: skip
    return n / (time.perf_counter() - started)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Speed of training beside a plain loop.")
    parser.add_argument("--batch", type=int, default=128)
    given = parser.parse_args()
    pocket = tn.EncoderConfig(**{**CONFIG.as_dict(), "bands": BANDS, "absent_bands": False})
    models = {"pocket, 128 wide, 3 layers": (pocket, 16), "full, 512 wide, 6 layers": (tn.EncoderConfig(), 2)}
    print(f"samples a second of training, batch {given.batch}, {torch.get_num_threads()} threads")
    rates = {p: matrix_rate("cpu", kind) for p, kind in (("32", torch.float32), ("bf16", torch.bfloat16))}
    with tempfile.TemporaryDirectory() as folder:
        layouts = (
            "plain: dated acquisitions, 64 x 64", "plain: composites, 64 x 64", "plain: composites, one pixel"
        )  # fmt: skip
        paths = {name: Path(folder) / f"{i}.h5" for i, name in enumerate(layouts)}
        writers: list[Callable[[Path], None]] = [
            lambda p: write_dated(p, given.batch),
            lambda p: write_composed(p, given.batch, 64),
            lambda p: write_composed(p, 4 * given.batch),
        ]
        for path, write in zip(paths.values(), writers, strict=True):
            write(path)
        for title, (config, batches) in models.items():
            speeds: dict[str, float] = {}
            for _ in range(2):
                for name, path in paths.items():
                    speeds[name] = max(speeds.get(name, 0.0), plain_loop(path, config, given.batch))
                for precision in ("32", "bf16"):
                    speed = ours(config, given.batch, batches * given.batch, precision)
                    speeds[f"tn.fit, {precision}"] = max(speeds.get(f"tn.fit, {precision}", 0.0), speed)
            print(f"\n{title}")
            for name, speed in speeds.items():
                if name.startswith("plain"):
                    said = f"tn.fit is {speeds['tn.fit, 32'] / speed:.1f} x"
                else:
                    said = share(config, speed, rates[name.removeprefix("tn.fit, ")])
                print(f"  {name:<32}{speed:>8.0f}   {said}", flush=True)
            if torch.cuda.is_available():
                rate = matrix_rate("cuda", torch.bfloat16, 8192)
                speed = max(ours(config, 1024, 64 * 1024, "bf16", "cuda") for _ in range(2))
                print(
                    f"  {'tn.fit, bf16, GPU, batch 1024':<32}{speed:>8.0f}   {share(config, speed, rate)}",
                    flush=True,
                )


def share(config: tn.EncoderConfig, speed: float, rate: float) -> str:
    """How much of the measured matrix rate a speed of training is."""
    return f"{3 * macs(config, False) * speed / rate:.0%} of the measured matrix rate"


if __name__ == "__main__":
    main()
