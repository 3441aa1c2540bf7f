"""Evaluation at the size of Sen4Map's test set, 50,000 places: seconds and peak memory of its three parts.

``python -m benchmarks.report`` prints, each part in a process of its own:

scoring: seconds to encode the places at full size (once for T = 12, 4 and 1), the prompts of six tasks in three styles,
and to score everything; beside a loop that encodes the prompts again for every batch of 64 places, as the released
evaluation does. The loop is measured on a few batches and scaled up, for the whole would take hours.
report: ``tn.report`` with both bootstraps (500 resamples, place by place and by blocks), vectors given; beside a plain
bootstrap with scikit-learn's scores, measured on a few resamples and scaled up.
retrieval: Recall@1, 5 and 10 among all of them, photos to series and back; a tenth of it beside scikit-learn's nearest
neighbours.

Weights, vectors and labels are random: only times and memory count here.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.neighbors import NearestNeighbors

import timesen_nb as tn
from timesen_nb.datasets import PlaceDataset
from timesen_nb.evaluation.encoding import encode_places, readable_places
from timesen_nb.evaluation.retrieval import nearest, recall_table
from timesen_nb.evaluation.scoring import encode_words, score
from timesen_nb.model.prompts import PROMPT_STYLES, class_prompts, class_vectors
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.model.towers import Tower, open_tower

LOOP_BATCH = 64


def random_places(n: int) -> PlaceDataset:
    """Places with a class in every task, a tenth of the months missing."""
    rng = np.random.default_rng(0)
    values = rng.integers(100, 5000, (n, 12, 10)).astype(np.float32)
    values[rng.random((n, 12)) < 0.1] = np.nan
    labels = {name: rng.choice(np.array(task.classes), n) for name, task in tn.tasks.items()}
    lonlats = np.stack([rng.uniform(-9, 30, n), rng.uniform(36, 66, n)], axis=1)
    return PlaceDataset(values, lonlats, labels, np.arange(n))


def clip_tower(folder: Path) -> Tower:
    """ViT-B/32 with random weights: as slow as the real one, and nothing is downloaded."""
    import open_clip

    from timesen_nb.model.towers.clip import ClipTower

    torch.manual_seed(0)
    torch.save(open_clip.create_model("ViT-B-32").state_dict(), folder / "random.pt")
    return ClipTower("ViT-B-32", folder / "random.pt")


def loop_batch(model: TimeSenCLIP, vectors: np.ndarray, truth: dict[str, np.ndarray]) -> int:
    """What the loop does with one batch of vectors: every prompt again, then every task and style."""
    right = 0
    for name, task in tn.tasks.items():
        for style in PROMPT_STYLES:
            words = class_vectors(class_prompts(task, style)[1], model.encode_text)
            right += int(((vectors @ words.T).argmax(axis=1) == truth[name]).sum())
    return right


def show_scoring(
    title: str, model: TimeSenCLIP, vectors: dict[int, np.ndarray], truth: dict[str, np.ndarray], batches: int
) -> None:
    """Seconds of both ways to score vectors that are encoded already."""
    n = len(vectors[12])
    model.encode_text(["warm up"])
    clock = time.perf_counter()
    words = encode_words(tn.tasks.values(), PROMPT_STYLES, model.encode_text)
    prompts = time.perf_counter() - clock
    classes = {name: task.classes for name, task in tn.tasks.items()}
    for t in vectors:
        found: Any = score(
            vectors[t], words, truth, classes, dict.fromkeys(words, model.calibrated_logit_scale)
        )
    once = time.perf_counter() - clock
    clock = time.perf_counter()
    for b in range(batches):
        rows = slice(b * LOOP_BATCH, (b + 1) * LOOP_BATCH)
        loop_batch(model, vectors[12][rows], {name: t[rows] for name, t in truth.items()})
    each = (time.perf_counter() - clock) / batches
    loop = each * len(vectors) * int(np.ceil(n / LOOP_BATCH))
    assert len(found) == len(words)
    print(f"\nscoring {n:,} places, T = 12, 4, 1, six tasks, three styles, with {title}")
    print(f"  prompts once, {sum(len(w) for w in words.values())} class vectors   {prompts:10.1f} s")
    print(f"  prompts once and all scores           {once:10.1f} s")
    print(
        f"  prompts for every batch of {LOOP_BATCH}         {loop:10.1f} s  (scaled up from {batches} batches)"
    )
    print(f"  times faster                          {loop / once:10.1f}")


class Given:
    """Stands in for a model of the full width whose vectors cost next to nothing."""

    calibrated_logit_scale, width = 50.0, 512

    def encode(self, values: np.ndarray) -> np.ndarray:
        """The first composites, turned by a fixed matrix: (n, 512) unit vectors."""
        turned = np.nan_to_num(values).mean(axis=1) @ np.random.default_rng(0).normal(size=(10, self.width))
        return (turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32)

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """A fixed direction for every sentence."""
        rows = [np.random.default_rng(zlib.crc32(t.encode())).normal(size=self.width) for t in texts]
        return unit(np.stack(rows))


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length one, float32."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32, copy=False)


def scoring(n: int, batches: int) -> None:
    """Encode and score at full size."""
    places = random_places(n)
    torch.manual_seed(0)
    encoder = tn.SeriesEncoder(tn.EncoderConfig())
    with tempfile.TemporaryDirectory() as folder:
        model = TimeSenCLIP(encoder, clip_tower(Path(folder)))
        print(f"{encoder.parameters_count:,} parameters, {torch.get_num_threads()} threads, {n:,} places")
        rows = readable_places([model], places)
        truth = {name: task.index(places.labels[name][rows]) for name, task in tn.tasks.items()}
        vectors = {}
        for t in (12, 4, 1):
            clock = time.perf_counter()
            vectors |= encode_places(model, places, rows, (t,))
            seconds = time.perf_counter() - clock
            print(f"encoding, T = {t:2d}: {seconds:8.1f} s, {len(rows) / seconds:8.0f} places/s", flush=True)
        show_scoring("CLIP's text tower (ViT-B/32)", model, vectors, truth, batches)
        small = TimeSenCLIP(encoder, open_tower("pocket"))
        narrow = {t: v[:, : small.tower.width].copy() for t, v in vectors.items()}
        show_scoring("the pocket text tower (word vectors, nearly free)", small, narrow, truth, 50)


def whole_report(n: int, batches: int) -> None:
    """``tn.report`` with its bootstraps, and a plain one."""
    places = random_places(n)
    before = peak_memory()
    clock = time.perf_counter()
    found = tn.report(Given(), places, progress=False)
    seconds = time.perf_counter() - clock
    said(f"tn.report, {len(found.scores)} rows of scores, 2 x 500 resamples each", seconds, before)
    clock = time.perf_counter()
    tn.report(Given(), places, resamples=1, progress=False)
    without = time.perf_counter() - clock
    answers, rng = found.one("crops"), np.random.default_rng(0)
    clock = time.perf_counter()
    for _ in range(batches):
        drawn = rng.integers(0, len(answers.truth), len(answers.truth))
        true, told = answers.truth[drawn], answers.predicted[drawn]
        accuracy_score(true, told), balanced_accuracy_score(true, told), f1_score(true, told, average="macro")
    plain = (time.perf_counter() - clock) / batches * 1000 * len(found.scores)
    bootstraps = f"{plain / max(seconds - without, 1e-3):.0f} x the {seconds - without:.1f} s they take in it"
    print(f"  {'its bootstraps, plain, scaled up from ' + str(batches):<62}{plain:10.1f} s   {bootstraps}")


def retrieval(n: int, batches: int) -> None:
    """Every series among every photo, and back."""
    rng = np.random.default_rng(0)
    series = unit(rng.standard_normal((n, Given.width), dtype=np.float32))
    photos = unit(series + 0.1 * rng.standard_normal(series.shape, dtype=np.float32))
    labels = {name: rng.choice(np.array(tn.tasks[name].classes), n) for name in ("land_cover", "country")}
    before = peak_memory()
    clock = time.perf_counter()
    recall_table(series, photos, labels)
    said("recall both ways, by place and two labels", time.perf_counter() - clock, before)
    some = series[: max(1, n // 10)]  # enough to compare
    clock = time.perf_counter()
    rows, _ = nearest(some, photos, 11)
    said(f"nearest 11 of {len(some):,} series", time.perf_counter() - clock, before)
    clock = time.perf_counter()
    plain = NearestNeighbors(n_neighbors=11, metric="cosine", algorithm="brute").fit(photos)
    theirs = plain.kneighbors(some, return_distance=False)
    said("the same by scikit-learn's NearestNeighbors", time.perf_counter() - clock, before)
    print(f"  the nearest one is the same in {(rows[:, 0] == theirs[:, 0]).mean():.2%}")


PARTS: dict[str, Callable[[int, int], None]] = {
    "scoring": scoring,
    "report": whole_report,
    "retrieval": retrieval,
}


def peak_memory() -> float:
    """The most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def said(what: str, seconds: float, before: float) -> None:
    """A line: seconds, and the peak of memory beside what was held before."""
    print(f"  {what:<62}{seconds:10.1f} s   peak {peak_memory():,.0f} MB (before {before:,.0f})", flush=True)


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--places", type=int, default=50_000)
    parser.add_argument("--batches", type=int, default=2, help="of the slow loops that are measured")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    for part in given.parts:
        if given.here:
            PARTS[part](given.places, given.batches)
            continue
        print(f"\n{part}, {given.places:,} places, {torch.get_num_threads()} threads", flush=True)
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.report", "--here", "--parts", part]
        subprocess.run([*command, "--places", str(given.places), "--batches", str(given.batches)], check=True)


if __name__ == "__main__":
    main()
