"""Cross-view training on simulated places, in the shape of the paper's ablations: ``make bench-train``.

A small series encoder learns from four drawn views a place through the pocket photo tower; it sees no word. It is
judged on other simulated places by words (zero-shot accuracy, eight land covers, five descriptions each) and by their
photos (satellite-to-ground Recall@1 by land cover), with T = 12 months and T = 1, their median. Two tables, each
figure the mean over seeds:

options: the paper's options and what is left out of them, at the same batch; how good they are over training; other
encoders.
bank: batches of 32 to 256 without a memory bank, with one of twice the batch as in the paper, and with 2048.

The options have the paper's proportions, not its size: 64 places a batch, and a bank of twice the batch. 40,960 places
seen eight times, rather than fewer seen more often: what a photo shows by chance is then not learned by heart.
All is simulated. Runs that were made are kept beside the drawn places, by their settings and the code they ran on, so
that tables can be made in pieces.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import timesen_nb as tn
from recipes.earth import earth_places
from recipes.pocket_model import TEST_SEED, TRAIN_SEED
from recipes.untidy import untidy
from timesen_nb.datasets import simulated_labels
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.evaluation import recall
from timesen_nb.evaluation.encoding import COMPOSITES
from timesen_nb.evaluation.validation import LabelledClasses, Validation
from timesen_nb.model.ablation import ENCODERS, make_encoder
from timesen_nb.model.towers.pocket import PocketTower
from timesen_nb.simulate.ground_views import ground_views
from timesen_nb.simulate.places import observe, simulate_places
from timesen_nb.training.pooling import AveragePool

SIZES = {
    "transformer": {"width": 64, "depth": 2, "heads": 4, "feedforward": 128, "dropout": 0.1},
    "mlp": {"width": 128}, "cnn1d": {"width": 64}, "tempcnn": {}, "convtran": {},
}  # fmt: skip
OPTIONS: dict[str, Any] = {
    "batch_size": 64, "memory_bank": 128, "learning_rate": 1e-3, "weight_decay": 1e-2, "device": "cpu",
    "progress": False,
}  # fmt: skip
ROWS: dict[str, dict[str, Any]] = {
    "the paper's options": {},
    "without memory bank": {"memory_bank": 0},
    "without temporal masking": {"augment": False},
}
BATCHES, LARGE_BANK = (32, 64, 256), 2048
CODE = (  # what decides how a run ends, beside its settings
    "model/ablation.py", "model/encoder.py", "model/prompts.py", "training/augment.py", "training/loop.py",
    "training/loss.py", "training/pooling.py",
)  # fmt: skip
COLUMNS = ("accuracy T=12", "R@1 T=12", "accuracy T=1", "R@1 T=1")
Figures = dict[str, float]


@dataclass(frozen=True)
class Trial:
    """One run of training, for a process of its own. validated: measured at every epoch, not at the end only."""

    pairs: Path
    test: Path
    epochs: int
    seed: int
    options: dict[str, Any] = field(default_factory=dict)
    encoder: str = "transformer"
    validated: bool = False

    def kept_in(self) -> Path:
        """Where its result is kept: another place for other settings, other drawn places, other code."""
        code = 0
        for name in CODE:
            code = zlib.crc32((Path(tn.__file__).parent / name).read_bytes(), code)
        drawn = [zlib.crc32(path.read_bytes()) for path in (self.pairs, self.test)]
        sizes = SIZES[self.encoder]
        settings = json.dumps(
            [self.encoder, sizes, {**OPTIONS, **self.options}, self.epochs, self.seed, code, drawn]
        )
        return (
            self.pairs.parent
            / "runs"
            / f"{zlib.crc32(settings.encode()):08x}{'-validated' * self.validated}.json"
        )

    def measure(self) -> tuple[Figures, pd.DataFrame]:
        """How good it is at the end, and its log: made now, or kept from before."""
        path, validated = self.kept_in(), replace(self, validated=True).kept_in()
        if validated.is_file():
            path = validated
        if not path.is_file():
            figures, log = self.make()
            path.parent.mkdir(exist_ok=True)
            path.with_suffix(".part").write_text(json.dumps([figures, log.to_dict("list")]))
            path.with_suffix(".part").replace(path)
        figures, log = json.loads(path.read_text())
        return figures, pd.DataFrame(log)

    def make(self) -> tuple[Figures, pd.DataFrame]:
        """Train and judge."""
        torch.set_num_threads(1)
        tower, pairs, test = PocketTower(), Pairs.load(self.pairs), Pairs.load(self.test)
        classes = LabelledClasses(test, "land_cover", tower)
        torch.manual_seed(self.seed)
        start = make_encoder(self.encoder, embedding=tower.width, **SIZES[self.encoder])
        first = Validation(test, classes)(start)
        with tempfile.TemporaryDirectory() as folder:
            model = tn.fit(
                start, pairs, tower=tower, epochs=self.epochs, seed=self.seed, folder=folder,
                classes="land_cover", validation=test if self.validated else None, checkpoint_every=10**9,
                **{**OPTIONS, **self.options},
            )  # fmt: skip
            log = pd.read_csv(Path(folder) / "metrics.csv")
        before = pd.DataFrame({"epoch": [0], "accuracy": [first[0]], "recall_at_1": [first[1]]})
        return judge(model, test, classes), pd.concat([before, log], ignore_index=True)


def make_pairs(tower: PocketTower, n: int, seed: int) -> Pairs:
    """Simulated places, half of them in Europe, with the vectors of their four drawn views, labelled by cover type."""
    rng = np.random.default_rng([seed, 1])
    europe, earth = simulate_places(n // 2, seed, clouds=False), earth_places(n // 2, seed)
    values = observe(europe, rng).values, untidy(earth.values, earth.cloudy, rng)
    views = np.concatenate([ground_views(places, seed) for places in (europe, earth)])
    vectors = tower.encode_photos(views.reshape(-1, *views.shape[2:])).reshape(len(views), 4, -1)
    labels = np.concatenate([europe.cover_type, earth.cover_type])
    return Pairs(np.concatenate(values), vectors, labels=labels, tower=tower)


def drawn_pairs(n: int, seed: int, folder: Path) -> Path:
    """Simulated pairs labelled by land cover; drawn once, and again when the photo tower has changed."""
    tower = PocketTower()
    weights = zlib.crc32((tower.folder / "photo.safetensors").read_bytes())
    path = folder / f"simulated-{n}-{seed}-{weights:08x}.pairs"
    if not path.is_file():
        pairs = make_pairs(tower, n, seed)
        labels = simulated_labels(pairs.labels.astype(int))["land_cover"]
        replace(pairs, labels=labels).save(path)
    return path


def judge(model: tn.TimeSenCLIP, test: Pairs, classes: LabelledClasses) -> dict[str, float]:
    """Accuracy and Recall@1, both in percent, with T = 12 and T = 1."""
    out = {}
    ground = AveragePool()(torch.from_numpy(test.photos())).numpy()
    truth = classes.numbers(test)
    for t in (12, 1):
        vectors = model.encode(COMPOSITES[t](test.values))
        out[f"accuracy T={t}"] = 100 * float(((vectors @ classes.vectors.T).argmax(1) == truth).mean())
        out[f"R@1 T={t}"] = 100 * float(recall(vectors, ground, {"class": test.labels})["R@1"]["class"])
    return out


def over_seeds(results: Iterable[Figures]) -> dict[str, str]:
    """Mean and standard deviation of every figure."""
    table = pd.DataFrame(list(results))
    return {name: f"{table[name].mean():5.1f} ± {table[name].std(ddof=0):.1f}" for name in table}


def gains(with_it: Sequence[Figures], without: Sequence[Figures]) -> dict[str, str]:
    """Mean difference of runs of the same seed, and its standard error."""
    table = pd.DataFrame(
        [{name: a[name] - b[name] for name in a} for a, b in zip(with_it, without, strict=True)]
    )
    return {name: f"{table[name].mean():+5.1f} ± {table[name].sem():.1f}" for name in table}


def line(title: str, figures: dict[str, str]) -> None:
    """One row of a table."""
    print(f"{title:<34}" + "".join(f"{figures[name]:>15}" for name in COLUMNS), flush=True)


def show_learning(logs: list[pd.DataFrame]) -> None:
    """Accuracy and recall over the epochs of the paper's options, mean of the seeds, and whether they rise together."""
    mean = pd.concat(logs).groupby("epoch")[["accuracy", "recall_at_1"]].mean() * 100
    last = mean.index.max()
    shown = sorted({0, 1, 2, 3, 5, 8, 12, 20, 30, last} & set(mean.index))
    print("\nover training, the paper's options, T = 12, mean of the seeds")
    print("epoch                  " + "".join(f"{e:>7}" for e in shown))
    for column, title in (("accuracy", "zero-shot accuracy %"), ("recall_at_1", "R@1 by class %")):
        print(f"{title:<23}" + "".join(f"{v:>7.1f}" for v in mean.loc[shown, column]))
    print(f"rank correlation of the two over the epochs: {mean.corr('spearman').iloc[0, 1]:.2f}")


def show_options(pool: ProcessPoolExecutor, run: dict[str, Any], seeds: int, encoders: bool) -> None:
    """The paper's options, what is left out of them, other encoders."""
    rows = [
        Trial(**run, seed=s, options=options, validated=not options)
        for options in ROWS.values()
        for s in range(seeds)
    ]
    names = list(ENCODERS)[1:] if encoders else []
    rows += [Trial(**run, seed=0, encoder=name) for name in names]
    found = pool.map(Trial.measure, rows)
    line("percent, mean ± sd over seeds", dict(zip(COLUMNS, COLUMNS, strict=True)))
    results, logs = {}, []
    for row in ROWS:
        runs = [next(found) for _ in range(seeds)]
        results[row] = [figures for figures, _ in runs]
        logs = logs or [log for _, log in runs]
        line(row, over_seeds(results[row]))
    for name in names:
        line(f"encoder {name}, one seed", {k: f"{v:.1f}" for k, v in next(found)[0].items()})
    show_learning(logs)
    print()
    line("points gained, mean ± its error", dict.fromkeys(COLUMNS, ""))
    for row in list(ROWS)[1:]:
        line("by " + row.removeprefix("without "), gains(results["the paper's options"], results[row]))


def show_bank(pool: ProcessPoolExecutor, run: dict[str, Any], seeds: int, batches: Sequence[int]) -> None:
    """Batches with and without a bank."""
    print()
    line("percent, mean ± sd over seeds", dict(zip(COLUMNS, COLUMNS, strict=True)))
    banks = {batch: (0, 2 * batch, LARGE_BANK) for batch in batches}
    found = pool.map(
        Trial.measure,
        [
            Trial(**run, seed=s, options={"batch_size": batch, "memory_bank": bank})
            for batch in batches for bank in banks[batch] for s in range(seeds)
        ],
    )  # fmt: skip
    said = []
    for batch in batches:
        results = {bank: [next(found)[0] for _ in range(seeds)] for bank in banks[batch]}
        for bank, figures in results.items():
            line(f"batch {batch}, " + (f"bank {bank}" if bank else "no bank"), over_seeds(figures))
            if bank:
                said.append((f"batch {batch}, by a bank of {bank}", gains(figures, results[0])))
    print()
    line("points gained, mean ± its error", dict.fromkeys(COLUMNS, ""))
    for title, figures in said:
        line(title, figures)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Cross-view training on simulated places.")
    parser.add_argument("--tables", nargs="+", choices=("options", "bank"), default=("options", "bank"))
    parser.add_argument("--pairs", type=int, default=40_960)
    parser.add_argument("--test", type=int, default=3_000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, help="of the table of banks")
    parser.add_argument("--encoders", action="store_true", help="the other encoders too, one seed each")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="where drawn pairs are kept")
    given = parser.parse_args()
    started = time.monotonic()
    run = {
        "pairs": drawn_pairs(given.pairs, TRAIN_SEED + 1000, given.folder),
        "test": drawn_pairs(given.test, TEST_SEED + 1000, given.folder),
        "epochs": given.epochs,
    }
    cores = len(os.sched_getaffinity(0))
    print(
        f"{given.pairs:,} simulated places to learn from, {given.test:,} others; {given.epochs} epochs, "
        f"{given.seeds} seeds; {cores} runs at a time ({time.monotonic() - started:.0f} s to draw the places)"
    )
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        if "options" in given.tables:
            print(f"\nthe paper's options: batch {OPTIONS['batch_size']}, bank {OPTIONS['memory_bank']}")
            show_options(pool, run, given.seeds, given.encoders)
        if "bank" in given.tables:
            show_bank(pool, run, given.seeds, given.batches)
    print(f"\n{(time.monotonic() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
