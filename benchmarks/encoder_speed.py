"""Pixels a second of the encoder beside ONNX Runtime on the plain export of its forward pass, and beside torch.

    python -m benchmarks.encoder_speed            # the bundled model: one thread, then two sessions on two cores
    python -m benchmarks.encoder_speed --full     # 512 wide, 6 layers, as published; random unless --model names a file

Same weights everywhere. Contenders take turns, and the quickest tenth of each one's turns counts: on a machine that is
busy read the ratios. One thread is timed by its own clock, two sessions by the wall's. The plain export has neither
masks nor groups: missing months are NaN to it as they are to ``forward``, whose mask it always computes.
"""

from __future__ import annotations

import argparse
import copy
import platform
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from torch.nn import functional as F

import timesen_nb as tn
from timesen_nb.model import inference
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.inference import GraphSession, Inference

MONTHS = np.arange(12)
BATCHES = (64, 128)


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
        x = torch.clamp((values[..., None, None] - e.offset) / e.scale, 0, 1)
        x = e.spectral_embedding(x) + e.time_pos_encoding
        x = self.transformer(torch.cat([e.class_token.expand(len(x), -1, -1), x], dim=1))
        return F.normalize(e.mlp_head(x[:, 0]), dim=-1)


class Masked(nn.Module):
    """``SeriesEncoder.forward`` as an exporter can follow it: its mask is there whether a month is missing or not."""

    def __init__(self, encoder: SeriesEncoder) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder)
        # those of twelve months; the medians of the quarters, made beside them, are more than the exporter knows
        self.encoder.positions = lambda t, months: self.encoder.time_pos_encoding

    def forward(self, values: Tensor) -> Tensor:
        return self.encoder(values)


def export_plain(
    encoder: SeriesEncoder, folder: Path
) -> tuple[GraphSession, GraphSession, GraphSession, GraphSession]:
    """The plain export: float32 and dynamic int8 of complete years, then of years with gaps."""
    out = []
    complete = torch.rand(8, 12, 10) * 4000
    gaps = complete.clone()
    gaps[0, 3] = torch.nan
    for name, example in (("complete", complete), ("gaps", gaps)):
        path, narrow = folder / f"{name}.onnx", folder / f"{name}8.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                Masked(encoder), (example,), str(path), dynamo=False, opset_version=17, input_names=["values"],
                dynamic_axes={"values": {0: "N"}},
            )  # fmt: skip
        quantize_dynamic(path, narrow, weight_type=QuantType.QInt8)
        out += [GraphSession(str(path)), GraphSession(str(narrow))]
    return out[0], out[1], out[2], out[3]


def turns(
    contenders: dict[str, Callable[[], object]], pixels: int, rounds: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Pixels a second of each, by the quickest tenth of its turns."""
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    for _ in range(rounds):
        for name, run in contenders.items():
            start = clock()
            run()
            spent[name].append(clock() - start)
    return {name: pixels / float(np.percentile(s, 10)) for name, s in spent.items()}


def show(title: str, found: dict[str, float], best: str) -> None:
    """Pixels a second, and the same beside the best of the contenders that begin so."""
    base = max(speed for name, speed in found.items() if name.startswith(best))
    print(f"\n{title}\n{'':40s}{'pixels/s':>10s}{'times ' + best:>22s}")
    for name, speed in found.items():
        print(f"{name:40s}{speed:10,.0f}{speed / base:22.2f}")


def show_agreement(weights: Inference, encoder: SeriesEncoder, values: np.ndarray) -> None:
    """Differences to torch, and cosines of int8."""
    some = values[:1024]
    x = np.ascontiguousarray(some[..., None, None])
    exact, narrow = weights(x, MONTHS), weights(x, MONTHS, exact=False)
    with torch.inference_mode():
        forward = encoder(torch.from_numpy(some)).numpy()
    print(f"\nlargest difference to SeriesEncoder.forward: {np.abs(exact - forward).max():.1e}")
    if weights.session(False) is weights.session(True):
        print("int8: not used for this encoder on this processor")
    else:
        cosine = (exact * narrow).sum(axis=1)
        print(f"cosine of int8 to float32: least {cosine.min():.5f}, mean {cosine.mean():.5f}")


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the published size instead of the bundled model")
    parser.add_argument("--model", help="a file that tn.load opens, instead of either")
    parser.add_argument("--series", type=int, help="how many a turn encodes")
    parser.add_argument("--rounds", type=int, default=12)
    given = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    encoder = (
        SeriesEncoder().eval() if given.full and not given.model else tn.load(given.model or "pocket").encoder
    )
    c, n = encoder.config, given.series or (128 if encoder.config.width > 256 else 512)
    print(f"{platform.machine()}, torch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}; "
          f"{c.width} wide, {c.depth} layers; {n} series a turn")  # fmt: skip
    rng = np.random.default_rng(0)
    full = rng.uniform(0, 5000, (n, 12, 10)).astype(np.float32)
    gaps = full.copy()
    for series in gaps:
        series[rng.permutation(12)[:4]] = np.nan
    weights = Inference(c, {k: v.numpy() for k, v in encoder.state_dict().items()})
    plain_torch = Plain(encoder).eval()
    with tempfile.TemporaryDirectory() as folder:
        exports = export_plain(encoder, Path(folder))

    def ours(values: np.ndarray, exact: bool) -> Callable[[], object]:
        x = np.ascontiguousarray(values[..., None, None])
        return lambda: weights(x, MONTHS, exact)

    def plain(session: GraphSession, values: np.ndarray, batch: int) -> Callable[[], object]:
        return lambda: [session.all(values=values[i : i + batch]) for i in range(0, n, batch)]

    def by_torch(batch: int, times: int = 1) -> Callable[[], object]:
        def run() -> None:
            # two threads share what two sessions have each
            torch.set_num_threads(times)
            with torch.inference_mode():
                for part in torch.from_numpy(full).repeat(times, 1, 1).split(batch):
                    plain_torch(part)

        return run

    for title, values, (exact, narrow) in (
        ("twelve months, one thread", full, exports[:2]),
        ("four months missing, one thread", gaps, exports[2:]),
    ):
        contenders = {f"plain float32, batch {b}": plain(exact, values, b) for b in BATCHES}
        contenders |= {f"plain int8, batch {b}": plain(narrow, values, b) for b in BATCHES}
        if values is full:
            contenders |= {f"torch, batch {b}": by_torch(b) for b in BATCHES}
        contenders |= {"encode, float32": ours(values, True), "encode, exact=False": ours(values, False)}
        with inference.on_one_core():
            found = turns(contenders, n, given.rounds, time.process_time)
        for best in ("plain float32", "plain int8", *(["torch"] if values is full else [])):
            show(title, found, best)

    def twice(run: Callable[[], object]) -> Callable[[], object]:
        def alone() -> None:
            with inference.on_one_core():  # a thread of its own does not inherit it
                run()

        return lambda: list(pool.map(lambda _: alone(), range(2)))

    with ThreadPoolExecutor(2) as pool:
        contenders = {
            "plain float32": twice(plain(exports[0], full, 64)), "plain int8": twice(plain(exports[1], full, 64)),
            "encode, float32": twice(ours(full, True)), "encode, exact=False": twice(ours(full, False)),
        }  # fmt: skip
        contenders |= {f"torch on two threads, batch {b}": by_torch(b, 2) for b in (*BATCHES, 256)}
        found = turns(contenders, 2 * n, given.rounds, time.perf_counter)
    for best in ("plain float32", "plain int8", "torch"):
        show("twelve months, two sessions on two cores", found, best)
    show_agreement(weights, encoder, gaps)


if __name__ == "__main__":
    main()
