"""Cross-view training on simulated places, in the shape of the paper's ablations: ``make bench-train``.

A small series encoder learns from four drawn views a place through the pocket photo tower; it sees no word. It is
judged on other simulated places by words (zero-shot accuracy, eight land covers, five descriptions each) and by their
photos (satellite-to-ground Recall@1 by land cover): as it trains, and at the end with T = 12 months and T = 1, their
median. Rows are the recipe and what is left out of it, at the same batch; mean and standard deviation over seeds. All
is simulated.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import timesen_nb as tn
from timesen_nb.datasets import read_codes
from timesen_nb.encoders import ENCODERS, make_encoder
from timesen_nb.evaluation import recall
from timesen_nb.evaluation.encoding import COMPOSITES
from timesen_nb.pairs import Pairs
from timesen_nb.pooling import AveragePool
from timesen_nb.simulate.kinds import KINDS
from timesen_nb.simulate.pocket import TEST_SEED, TRAIN_SEED, make_pairs
from timesen_nb.towers.pocket import PocketTower
from timesen_nb.training.validation import Validation, Words

SIZES = {
    "transformer": {"width": 64, "depth": 2, "heads": 4, "feedforward": 128, "dropout": 0.1},
    "mlp": {"width": 128}, "cnn1d": {"width": 64}, "tempcnn": {}, "convtran": {},
}  # fmt: skip
RECIPE: dict[str, Any] = {
    "batch_size": 256, "memory_bank": 2048, "learning_rate": 1e-3, "weight_decay": 1e-2, "device": "cpu",
    "progress": False,
}  # fmt: skip
ROWS: dict[str, dict[str, Any]] = {
    "the recipe": {},
    "without memory bank": {"memory_bank": 0},
    "without temporal masking": {"augment": False},
}


def drawn_pairs(tower: PocketTower, n: int, seed: int, folder: Path) -> Pairs:
    """Simulated pairs labelled by land cover; drawn once, and again when the photo tower has changed."""
    weights = zlib.crc32((tower.folder / "photo.safetensors").read_bytes())
    path = folder / f"simulated-{n}-{seed}-{weights:08x}.pairs"
    if not path.is_file():
        pairs = make_pairs(tower, n, seed)
        lc1 = np.array([k.lc1 for k in KINDS])[pairs.labels.astype(int)]
        Pairs(pairs.values, pairs.embeddings, read_codes("land_cover", lc1)).save(path)
    return Pairs.load(path)


def judge(model: tn.TimeSenCLIP, test: Pairs, words: Words) -> dict[str, float]:
    """Accuracy and Recall@1, both in percent, with T = 12 and T = 1."""
    out = {}
    ground = AveragePool()(test.photos(slice(None))).numpy()
    truth = words.answers(test).numpy()
    for t in (12, 1):
        vectors = model.encode(COMPOSITES[t](test.values.numpy()))
        out[f"accuracy T={t}"] = 100 * float(((vectors @ words.vectors.numpy().T).argmax(1) == truth).mean())
        out[f"R@1 T={t}"] = 100 * float(recall(vectors, ground, {"class": test.labels})["R@1"]["class"])
    return out


def train(
    encoder: str,
    options: dict[str, Any],
    seed: int,
    epochs: int,
    tower: PocketTower,
    pairs: Pairs,
    test: Pairs,
) -> tuple[dict[str, float], pd.DataFrame]:
    """One run: how good it is at the end, and its log."""
    words = Words(test, "land_cover", tower)
    torch.manual_seed(seed)
    start = make_encoder(encoder, embedding=tower.width, **SIZES[encoder])
    first = Validation(test, words)(start, torch.device("cpu"))
    with tempfile.TemporaryDirectory() as folder:
        model = tn.fit(
            start, pairs, tower=tower, epochs=epochs, seed=seed, validation=test, classes="land_cover", folder=folder,
            checkpoint_every=10**9, **{**RECIPE, **options},
        )  # fmt: skip
        log = pd.read_csv(Path(folder) / "metrics.csv")
    start_row = pd.DataFrame({"epoch": [0], "accuracy": [first[0]], "recall_at_1": [first[1]]})
    return judge(model, test, words), pd.concat([start_row, log], ignore_index=True)


def over_seeds(results: Iterable[dict[str, float]]) -> dict[str, str]:
    """Mean and standard deviation of every figure."""
    table = pd.DataFrame(list(results))
    return {name: f"{table[name].mean():5.1f} ± {table[name].std(ddof=0):.1f}" for name in table}


def show_learning(logs: list[pd.DataFrame]) -> None:
    """Accuracy and recall over the epochs of the recipe, mean of the seeds, and whether they rise together."""
    mean = pd.concat(logs).groupby("epoch")[["accuracy", "recall_at_1"]].mean() * 100
    last = mean.index.max()
    shown = sorted({0, 1, 2, 3, 5, 8, 12, 20, 30, last} & set(mean.index))
    print("\nOver training, the recipe, T = 12, mean of the seeds")
    print("  epoch                " + "".join(f"{e:>7}" for e in shown))
    for column, words in (("accuracy", "zero-shot accuracy %"), ("recall_at_1", "R@1 by class %")):
        print(f"  {words:<21}" + "".join(f"{v:>7.1f}" for v in mean.loc[shown, column]))
    print(f"  rank correlation of the two over the epochs: {mean.corr('spearman').iloc[0, 1]:.2f}")


def show_differences(results: dict[str, list[dict[str, float]]]) -> None:
    """What each part of the recipe gives, run against run of the same seed, in points."""
    print("\nThe recipe less the run without, same seed, in points")
    for row, figures in list(results.items())[1:]:
        pairs = zip(results["the recipe"], figures, strict=True)
        gains = pd.DataFrame([{name: a[name] - b[name] for name in a} for a, b in pairs])
        said = "   ".join(
            f"{name} {gains[name].mean():+.1f} ± {gains[name].std(ddof=0):.1f}" for name in gains
        )
        print(f"  {row.removeprefix('without '):<18} {said}", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Cross-view training on simulated places.")
    parser.add_argument("--pairs", type=int, default=10_240)
    parser.add_argument("--test", type=int, default=3_000)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--encoders", action="store_true", help="the other encoders too, one seed each")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="where drawn pairs are kept")
    given = parser.parse_args()
    tower, started = PocketTower(), time.monotonic()
    pairs = drawn_pairs(tower, given.pairs, TRAIN_SEED + 1000, given.folder)
    test = drawn_pairs(tower, given.test, TEST_SEED + 1000, given.folder)
    print(f"{len(pairs)} simulated places to learn from, {len(test)} others; batch {RECIPE['batch_size']}, "
          f"{given.epochs} epochs, {given.seeds} seeds ({time.monotonic() - started:.0f} s to draw them)")  # fmt: skip

    results: dict[str, list[dict[str, float]]] = {}
    logs: list[pd.DataFrame] = []
    columns = "".join(f"{name:>16}" for name in ("accuracy T=12", "R@1 T=12", "accuracy T=1", "R@1 T=1"))
    print(f"\n{'percent, mean ± sd over seeds':<28}{columns}")
    for row, options in ROWS.items():
        runs = [
            train("transformer", options, s, given.epochs, tower, pairs, test) for s in range(given.seeds)
        ]
        results[row] = [figures for figures, _ in runs]
        logs = logs or [log for _, log in runs]
        print(f"{row:<28}" + "".join(f"{v:>16}" for v in over_seeds(results[row]).values()), flush=True)
    if given.encoders:
        for name in list(ENCODERS)[1:]:
            figures, _ = train(name, {}, 0, given.epochs, tower, pairs, test)
            print(
                f"{'encoder ' + name + ', one seed':<28}" + "".join(f"{v:>16.1f}" for v in figures.values()),
                flush=True,
            )
    show_learning(logs)
    show_differences(results)


if __name__ == "__main__":
    main()
