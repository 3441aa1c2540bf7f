"""Does the area of applicability notice land that a model never saw? ``python -m benchmarks.left_out``, half an hour.

One land cover after the other is left out of a short training (600 steps, the same for all) and of the space that is
fitted for it; then real places of that cover, and simulated ones, are held against all others: how often is one of the
left out more dissimilar (AUROC; 0.5 is chance). Beside it the same encoder's plain distance to its nearest vectors.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import torch

from benchmarks.honest import auroc
from recipes.pocket_model import CONFIG, TRAIN_SEED, mean_photos, recalling
from recipes.real_places import RealTask, elsewhere, europe
from recipes.series_training import STAGES, Share, Stage, train, training_parts
from recipes.training_space import LETTERS, POINTS, TAUGHT, USUAL, Series, fit_space, simulated
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.hub import weights_folder
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.model.towers.pocket import PocketTower

COVERS = (
    "artificial land",
    "cropland",
    "woodland",
    "shrubland",
    "grassland",
    "bareland",
    "water",
    "wetlands",
)
#: What the words of real tasks mean.
WORDS = {"built-up area": 0, "forest": 2, "bare ground": 5, "wetland": 7, "pasture": 4, "savanna": 4}
#: Simulated places that are held against each other.
JUDGED = 2000
SHORT = Stage(600, STAGES[0].rate, STAGES[1].shares, STAGES[1].annual)


def cover_of(task: RealTask) -> np.ndarray:
    """(N,) land cover of each real place, -1 where its words name none."""
    names = [word.casefold() for word in task.words]
    numbers = [WORDS.get(name, COVERS.index(name) if name in COVERS else -1) for name in names]
    return np.array(numbers)[task.truth]


def trained_without(
    cover: int, parts: Sequence[Share], photos: np.ndarray, tower: PocketTower
) -> TimeSenCLIP:
    """A short training that never saw the cover, neither its light nor its photos."""
    kept = [
        Share(p.values[keep], p.cover_type[keep]) for p in parts for keep in [LETTERS[p.cover_type] != cover]
    ]
    torch.manual_seed(0)
    encoder = SeriesEncoder(CONFIG)
    scale = train(encoder, kept, photos, SHORT, cover)
    return TimeSenCLIP(recalling(encoder, photos[cover != LETTERS]), tower, scale)


def main() -> None:
    """Print a line for each cover."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=6_000, help="of Europe; elsewhere about as many each")
    parser.add_argument("--covers", type=int, nargs="*", default=range(len(COVERS)), help="by number, from 0")
    given = parser.parse_args()
    tower = PocketTower(weights_folder())
    parts, photos = training_parts(given.places, TRAIN_SEED), mean_photos(tower)
    series = simulated(2 * (POINTS + USUAL) + TAUGHT)
    tasks = [
        t for t in (*europe(), *elsewhere()) if not t.name.endswith("phrases") and (cover_of(t) >= 0).all()
    ]
    print("AUROC of a cover that was left out (plain nearest vectors)", flush=True)
    for cover in given.covers:
        model = trained_without(cover, parts, photos, tower)
        seen = LETTERS[series.cover_type] != cover
        known, strange = Series(series.values[seen], series.cover_type[seen]), series.values[~seen][:JUDGED]
        own, rest = np.split(np.arange(len(known)), [POINTS + USUAL])
        space, bank = fit_space(model, known[own], known[rest[JUDGED:]]), known.values[:POINTS]
        vectors = model.encode(bank, allow_empty=True)
        vectors = vectors[np.isfinite(vectors[:, 0])]
        print(f"  {COVERS[cover]:16s}", end="")
        usual = known.values[rest[:JUDGED]]
        rows = [("simulated", usual, strange)]
        rows += [
            (t.name.split(",")[0], t.values[cover_of(t) != cover], t.values[cover_of(t) == cover])
            for t in tasks
        ]
        for name, near, far in rows:
            if len(near) < 30 or len(far) < 30:
                continue
            scores = []
            for values in (near, far):
                v = model.encode(values, allow_empty=True)
                there = np.isfinite(v[:, 0])
                away = 1 - (v[there] @ vectors.T).max(axis=1)
                scores.append((space.measure(values[there], v[there]).dissimilarity, away))
            (a, plain_a), (b, plain_b) = scores
            print(f"   {name} {auroc(a, b):.2f} ({auroc(plain_a, plain_b):.2f})", end="", flush=True)
        print(flush=True)


if __name__ == "__main__":
    main()
