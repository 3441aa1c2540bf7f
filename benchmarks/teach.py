"""How far a few labels lift words, on real pixels: ``python -m benchmarks.teach [--draws 20]``.

Balanced accuracy over the other places when 1 to 20 places a class have labels, means of draws; neighbours (groups in
Europe, cells of 0.05 degrees elsewhere) are never on both sides, and at most half of a class's are learned from. Seven
crop groups of Europe, and the tasks of ``../shared/real/world_tasks.json`` by their names. Words see no label.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from torch.nn import functional as F

import timesen_nb as tn
from benchmarks.elsewhere import scorer
from benchmarks.real import REAL, SEVEN, read_series
from timesen_nb.evaluation.baselines import filled

COUNTS = (1, 2, 5, 10, 20)
CELL = 0.05
STEPS = 150


@dataclass(frozen=True)
class FewLabels:
    """Labelled places: series, vectors, class numbers, groups, and a classifier of the words of each class.

    Words beyond the classes stand for the last class, as the scoring of the release has it.
    """

    name: str
    values: np.ndarray
    vectors: np.ndarray
    truth: np.ndarray
    groups: np.ndarray
    zs: tn.ZeroShot
    classes: int

    def score(self, rows: np.ndarray, chosen: np.ndarray) -> float:
        """Balanced accuracy of word numbers at some places."""
        return balanced_accuracy_score(self.truth[rows], np.minimum(chosen, self.classes - 1))


def tasks(model: tn.TimeSenCLIP) -> list[FewLabels]:
    """All of them."""
    rows, values = read_series()
    truth = np.full(len(rows), -1)
    for k, (_, labels) in enumerate(SEVEN.values()):
        truth[rows["crop_std"].isin(labels)] = k
    some = truth >= 0
    found = [
        FewLabels("Europe, seven crop groups", values[some], model.encode(values[some]), truth[some],
             rows["group"].to_numpy(str)[some], model.zero_shot([words for words, _ in SEVEN.values()]), len(SEVEN))
    ]  # fmt: skip
    world = pd.read_parquet(REAL / "s2_world_dev.parquet")
    for name, task in json.loads((REAL / "world_tasks.json").read_text()).items():
        part = world[world.task == name]
        series, valid = scorer().series(part, [f"_m{m:02d}" for m in range(1, 13)])
        seen = valid.any(axis=1)
        part, series = part[seen], series[seen].astype(np.float32)
        cell = np.floor(part[["lon", "lat"]].to_numpy() / CELL).astype(int)
        found.append(
            FewLabels(name, series, model.encode(series), np.array([task["classes"].index(c) for c in part.label]),
                 np.array([f"{x} {y}" for x, y in cell]), model.zero_shot(task["names"]), len(task["classes"]))
        )  # fmt: skip
    return found


def draw(task: FewLabels, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from, at most so many a class and from half of its groups, and rows of all other groups."""
    rng = np.random.default_rng(seed)
    rows: list[int] = []
    for k in range(task.classes):
        own = rng.permutation(np.unique(task.groups[task.truth == k]))
        mine: list[int] = []
        for group in own[: max(1, len(own) // 2)]:
            mine += rng.permutation(np.flatnonzero((task.truth == k) & (task.groups == group))).tolist()
        rows += mine[:count]
    learned = np.array(rows)
    return learned, np.flatnonzero(~np.isin(task.groups, np.unique(task.groups[learned])))


def by_words(task: FewLabels, learned: np.ndarray, rest: np.ndarray) -> np.ndarray:
    return task.zs.of_vectors(task.vectors[rest]).argmax(axis=1)


def by_teaching(task: FewLabels, learned: np.ndarray, rest: np.ndarray) -> np.ndarray:
    # a class that words beyond it stand for too is taught as a new word
    names = [
        *task.zs.classes[: task.classes - 1],
        "other land" if task.classes < len(task.zs.classes) else task.zs.classes[-1],
    ]
    taught = task.zs.teach_vectors(task.vectors[learned], [names[k] for k in task.truth[learned]])
    return taught.of_vectors(task.vectors[rest]).argmax(axis=1)


def by_prototypes(task: FewLabels, learned: np.ndarray, rest: np.ndarray) -> np.ndarray:
    x, y = task.vectors[learned], task.truth[learned]
    means = np.stack([x[y == k].mean(axis=0) for k in range(task.classes)])
    return (task.vectors[rest] @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T).argmax(axis=1)


def by_probe(task: FewLabels, learned: np.ndarray, rest: np.ndarray) -> np.ndarray:
    probe = LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced")
    return probe.fit(task.vectors[learned], task.truth[learned]).predict(task.vectors[rest])


def by_forest(task: FewLabels, learned: np.ndarray, rest: np.ndarray) -> np.ndarray:
    forest = RandomForestClassifier(200, class_weight="balanced_subsample", random_state=0)
    x = np.nan_to_num(filled(task.values))
    return forest.fit(x[learned], task.truth[learned]).predict(x[rest])


def by_transformer(task: FewLabels, learned: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """A small transformer from scratch on the series of the labels alone: 64 wide, 2 layers, months dropped."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    encoder = tn.SeriesEncoder(
        tn.EncoderConfig(width=64, depth=2, heads=4, feedforward=128, embedding=64, absent_bands=True)
    )
    head = torch.nn.Linear(64, task.classes)
    x, y = torch.from_numpy(task.values), torch.from_numpy(task.truth)
    counts = torch.bincount(y[learned], minlength=task.classes).clamp(min=1).float()
    optimiser = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], 2e-3, weight_decay=0.05)
    encoder.train()
    for _ in range(STEPS):
        batch = torch.from_numpy(rng.choice(learned, min(32, len(learned)), replace=False))
        part = x[batch].clone()
        gone = torch.rand(part.shape[:2]) < 0.15
        gone[:, torch.randint(12, (1,))] = False
        part[gone] = torch.nan
        part = torch.where(torch.isnan(part).all(dim=(1, 2), keepdim=True), x[batch], part)
        loss = F.cross_entropy(head(encoder(part)) * 4, y[batch], weight=1 / counts)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.inference_mode():
        return (head(encoder.eval()(x[rest]))).argmax(dim=1).numpy()


METHODS: dict[str, Callable[[FewLabels, np.ndarray, np.ndarray], np.ndarray]] = {
    "words": by_words, "teach": by_teaching, "prototypes": by_prototypes, "linear probe": by_probe,
    "forest": by_forest, "transformer": by_transformer,
}  # fmt: skip


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--slow-draws", type=int, default=3, help="of forest and transformer")
    parser.add_argument("--model", default="pocket", help="what timesen_nb.load opens")
    given = parser.parse_args()
    means: dict[tuple[str, int], list[float]] = {}
    slowest = 0.0
    all_tasks = tasks(tn.load(given.model))
    for task in all_tasks:
        print(f"\n{task.name}: {len(task.truth):,} places; balanced accuracy, mean of draws (standard error)")
        print(f"{'labels a class':16s}" + "".join(f"{name:>18s}" for name in METHODS))
        for count in COUNTS:
            scores: dict[str, list[float]] = {name: [] for name in METHODS}
            for seed in range(given.draws):
                learned, rest = draw(task, count, seed)
                for name, method in METHODS.items():
                    if name in ("forest", "transformer") and seed >= given.slow_draws:
                        continue
                    started = time.perf_counter()
                    scores[name].append(task.score(rest, method(task, learned, rest)))
                    if name == "teach":
                        slowest = max(slowest, time.perf_counter() - started)
            row = ""
            for name, found in scores.items():
                means.setdefault((name, count), []).append(float(np.mean(found)))
                row += f"{np.mean(found):10.3f} ({np.std(found) / np.sqrt(len(found)):.3f})"
            print(f"{count:<16d}{row}", flush=True)
    print("\nmean of the world's tasks")
    for count in COUNTS:
        print(
            f"{count:<16d}" + "".join(f"{np.mean(means[name, count][1:]):10.3f}        " for name in METHODS)
        )
    print(f"teaching took at most {1000 * slowest:.0f} ms")


if __name__ == "__main__":
    main()
