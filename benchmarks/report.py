"""The whole report on 50,000 x 12 x 10 pixels at full size, and what encoding the prompts once saves.

``python -m benchmarks.report`` prints: seconds to encode the places (once for T = 12, 4 and 1), seconds to encode the
prompts of six tasks in three styles, seconds to score everything; beside a loop that encodes the prompts again for
every batch of 64 places, as the released evaluation does. The loop is measured on a few batches and scaled up, for the
whole would take hours. Weights are random: only times count here, and labels are drawn at random.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import timesen_nb as tn
from timesen_nb.datasets import PlaceDataset
from timesen_nb.evaluation.encoding import encode_places, readable
from timesen_nb.evaluation.paper import STYLES
from timesen_nb.evaluation.scoring import encode_words, score
from timesen_nb.timesenclip import TimeSenCLIP
from timesen_nb.towers import Tower, open_tower
from timesen_nb.zeroshot import class_prompts, class_vectors

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

    from timesen_nb.towers.clip import ClipTower

    torch.manual_seed(0)
    torch.save(open_clip.create_model("ViT-B-32").state_dict(), folder / "random.pt")
    return ClipTower("ViT-B-32", folder / "random.pt")


def loop_batch(model: TimeSenCLIP, vectors: np.ndarray, truth: dict[str, np.ndarray]) -> int:
    """What the loop does with one batch of vectors: every prompt again, then every task and style."""
    right = 0
    for name, task in tn.tasks.items():
        for style in STYLES:
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
    words = encode_words(tn.tasks.values(), STYLES, model.encode_text)
    prompts = time.perf_counter() - clock
    classes = {name: task.classes for name, task in tn.tasks.items()}
    for t in vectors:
        found: Any = score(vectors[t], words, truth, classes, model.probability_scale)
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


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--places", type=int, default=50_000)
    parser.add_argument(
        "--batches", type=int, default=2, help="of the loop that are measured with CLIP's text tower"
    )
    given = parser.parse_args()
    places = random_places(given.places)
    torch.manual_seed(0)
    encoder = tn.SeriesEncoder(tn.EncoderConfig())
    with tempfile.TemporaryDirectory() as folder:
        model = TimeSenCLIP(encoder, clip_tower(Path(folder)))
        print(
            f"{encoder.parameters_count:,} parameters, {torch.get_num_threads()} threads, {given.places:,} places"
        )
        rows = readable([model], places)
        truth = {name: task.index(places.labels[name][rows]) for name, task in tn.tasks.items()}
        vectors = {}
        for t in (12, 4, 1):
            clock = time.perf_counter()
            vectors |= encode_places(model, places, rows, (t,))
            seconds = time.perf_counter() - clock
            print(f"encoding, T = {t:2d}: {seconds:8.1f} s, {len(rows) / seconds:8.0f} places/s", flush=True)
        show_scoring("CLIP's text tower (ViT-B/32)", model, vectors, truth, given.batches)
        small = TimeSenCLIP(encoder, open_tower("pocket"))
        narrow = {t: v[:, : small.tower.width].copy() for t, v in vectors.items()}
        show_scoring("the pocket text tower (word vectors, nearly free)", small, narrow, truth, 50)
        clock = time.perf_counter()
        tn.report(model, places.take(np.arange(min(2000, len(places)))), progress=False)
        print(f"\ntn.report on 2,000 of the places, bootstrap included: {time.perf_counter() - clock:.1f} s")


if __name__ == "__main__":
    main()
