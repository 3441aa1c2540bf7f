"""Pixels a second of the full-size encoder beside ``torch.nn.TransformerEncoder``, in one run and interleaved.

    python -m benchmarks.encoder_speed            # wall clock, every core
    python -m benchmarks.encoder_speed --cpu      # one core by its own clock: ratios on a machine that is busy

Same weights everywhere (512 wide, 6 layers, as published; random unless ``--train``, which teaches them simulated land
cover for some minutes, so that agreement is judged on weights with the outliers that training makes). Each round times
every contender once; the best round counts. ``--pocket`` does the same for the bundled model.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import timesen_nb as tn
from timesen_nb.model import inference
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.simulate.places import simulate_places

BATCHES = (32, 64, 128, 256, 512, 1024)
COVERS = "ABCDEFGH"


class Plain(nn.Module):
    """The published forward pass in torch's own layers: nothing but ``nn.TransformerEncoder`` between two products."""

    def __init__(self, encoder: SeriesEncoder) -> None:
        super().__init__()
        c = encoder.config
        layer = nn.TransformerEncoderLayer(c.width, c.heads, c.feedforward, c.dropout, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, c.depth)
        self.transformer.load_state_dict(encoder.transformer.state_dict())
        self.encoder = encoder

    def forward(self, values: Tensor) -> Tensor:
        e = self.encoder
        x = torch.clamp((values - e.offset) / e.scale, 0, 1)
        x = e.spectral_embedding(x) + e.time_pos_encoding
        x = self.transformer(torch.cat([e.class_token.expand(len(x), -1, -1), x], dim=1))
        return F.normalize(e.mlp_head(x[:, 0]), dim=-1)


def macs(c: EncoderConfig, folded: bool) -> float:
    """Multiplications a pixel, all twelve months there: of the plain arithmetic, or of ``model.inference``."""
    tokens, w, f = 13, c.width, c.feedforward
    attention = 2 * tokens * tokens * w
    layer = tokens * (4 * w * w + 2 * w * f) + attention
    if not folded:
        return 12 * len(c.bands) * w + c.depth * layer + w * c.embedding
    features = len(c.bands) * (2 if c.absent_bands else 1) + tokens
    entry = tokens * features * 4 * w
    last = 4 * w * w + 2 * w * f + 2 * tokens * w * c.heads
    return entry + (layer - tokens * 3 * w * w) + (c.depth - 2) * layer + last + w * c.embedding


def best(run: Callable[[], object], clock: Callable[[], float], times: int = 7) -> float:
    """Seconds of the best of some runs."""
    run()
    spent = []
    for _ in range(times):
        start = clock()
        run()
        spent.append(clock() - start)
    return min(spent)


def peaks(clock: Callable[[], float]) -> dict[str, float]:
    """Multiplications a second of the best plain matrix product of each kind of number, 1e9."""
    n = 2048
    a, b = torch.randn(n, n), torch.randn(n, n)
    ints = (a * 20).to(torch.int8), (b * 20).to(torch.int8)
    out = {"float32": n**3 / best(lambda: a @ b, clock) / 1e9}
    out["int8"] = n**3 / best(lambda: torch._int_mm(*ints), clock) / 1e9
    return out


def train(encoder: SeriesEncoder, tower: object, steps: int) -> None:
    """Teach land cover by its words, plainly: weights as training makes them, not a good model."""
    places = simulate_places(12_000, 505)
    values = torch.from_numpy(places.values)[..., None, None]
    truth = torch.tensor([COVERS.index(c) for c in places.land_cover])
    words = torch.from_numpy(TimeSenCLIP(encoder, tower).zero_shot("land_cover").vectors)  # type: ignore[arg-type]
    words = F.pad(words, (0, encoder.config.embedding - words.shape[1]))
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=2e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-4, total_steps=steps)
    encoder.train()
    for step in range(steps):
        rows = torch.randint(len(values), (96,))
        loss = F.cross_entropy(10 * encoder(values[rows]) @ words.T, truth[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(f"  training, step {step}: loss {loss.item():.2f}", flush=True)
    encoder.eval()


def show_agreement(encoder: SeriesEncoder, words: np.ndarray | None) -> None:
    """Cosines of int8 to exact vectors on simulated places never seen, and their zero-shot accuracy."""
    places = simulate_places(3000, 606)
    values = torch.from_numpy(places.values)[..., None, None]
    truth = np.array([COVERS.index(c) for c in places.land_cover])
    exact = inference.encode(encoder, values, exact=True)
    with torch.inference_mode():
        forward = torch.cat([encoder(part) for part in values.split(256)])
        kinds = {
            "float32": exact,
            "int8": inference.Prepared(encoder, 12, make=inference.int8_product)(values),
        }
    print("\nagreement over 3,000 simulated places with their missing months")
    print(f"  float32: largest difference to encoder.forward {(exact - forward).abs().max():.1e}")
    for name, vectors in kinds.items():
        cosine = (vectors * exact).sum(dim=1)
        line = f"  {name:9s} cosine to exact: least {cosine.min():.5f}, mean {cosine.mean():.5f}"
        if words is not None:
            right = (vectors.numpy() @ words.T).argmax(axis=1) == truth
            line += f"; zero-shot land cover right in {right.mean():.2%}"
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cpu", action="store_true", help="one core, by the clock of its own work")
    parser.add_argument(
        "--train", type=int, default=0, metavar="STEPS", help="teach the weights first; 300 is enough"
    )
    parser.add_argument("--pocket", action="store_true", help="the bundled model instead of the full size")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--series", type=int, default=4096)
    given = parser.parse_args()
    if given.cpu:
        torch.set_num_threads(1)
    clock = time.thread_time if given.cpu else time.perf_counter

    torch.manual_seed(0)
    words = None
    if given.pocket:
        model = tn.load("pocket")
        encoder, words = model.encoder, model.zero_shot("land_cover").vectors
    else:
        encoder = SeriesEncoder().eval()
        if given.train:
            from timesen_nb.model.towers import open_tower

            tower = open_tower("pocket")
            train(encoder, tower, given.train)
            words = TimeSenCLIP(encoder, tower).zero_shot("land_cover").vectors
            words = np.pad(words, ((0, 0), (0, encoder.config.embedding - words.shape[1])))
    c = encoder.config
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}; "
          f"{c.width} wide, {c.depth} layers, {encoder.parameters_count:,} parameters")  # fmt: skip
    peak = peaks(clock)
    print("matrix products of 2048 x 2048, 1e9 multiplications a second: "
          + ", ".join(f"{name} {value:.0f}" for name, value in peak.items()))  # fmt: skip

    n = given.series
    values = torch.from_numpy(np.random.default_rng(0).uniform(0, 5000, (n, 12, 10, 1, 1)).astype(np.float32))
    plain = Plain(encoder).eval()

    def loop(batch: int) -> Callable[[], object]:
        return lambda: [plain(part) for part in values.split(batch)]

    with torch.inference_mode():
        narrow = inference.reduced(inference.Prepared(encoder, 12))
    kind = "exact" if narrow is None else "int8"
    contenders: dict[str, Callable[[], object]] = {f"TransformerEncoder, batch {b}": loop(b) for b in BATCHES}
    contenders |= {
        "encode, exact": lambda: inference.encode(encoder, values, exact=True),
        f"encode, {kind}": lambda: inference.encode(encoder, values, exact=False),
    }
    spent = dict.fromkeys(contenders, np.inf)
    with torch.inference_mode():
        for _ in range(given.rounds):
            for name, run in contenders.items():
                start = clock()
                run()
                spent[name] = min(spent[name], clock() - start)
    base = min(seconds for name, seconds in spent.items() if name.startswith("Tr"))
    print(f"\n{'':34s}{'pixels/s':>10s}{'times':>8s}   share of the measured peak")
    for name, seconds in spent.items():
        folded, numbers = (
            not name.startswith("Tr"),
            kind if name.endswith(kind) and kind != "exact" else "float32",
        )
        share = macs(c, folded) * n / seconds / 1e9 / peak[numbers]
        print(f"{name:34s}{n / seconds:10,.0f}{base / seconds:8.2f}   {share:.0%} of {numbers}")
    print(
        f"multiplications a pixel: {macs(c, False) / 1e6:.1f} million plainly, {macs(c, True) / 1e6:.1f} as encoded"
    )
    show_agreement(encoder, words)


if __name__ == "__main__":
    main()
