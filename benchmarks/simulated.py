"""The pocket model on simulated places it never trained on, beside a supervised forest: part of ``make bench``.

Land covers and twelve crops by words only, and how well the probabilities mean what they say. All places are simulated.
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import confusion_matrix

import timesen_nb as tn
from benchmarks.real import confidence_error, half_masked
from recipes.pocket_model import TEST_SEED
from timesen_nb.evaluation.baselines import filled
from timesen_nb.simulate.cover_types import COVER_TYPES
from timesen_nb.simulate.places import simulate_places

COVERS = list(tn.tasks["land_cover"].classes)
TWELVE = (
    "winter wheat", "barley", "maize", "rice", "potatoes", "sugar beet", "sunflower", "rape", "soya", "lucerne",
    "olive grove", "vineyard",
)  # fmt: skip
FOREST_SEED = 404  # places the forest is trained on; the pocket model has seen neither these nor the test's


def show(
    title: str, zs: tn.ZeroShot, names: list[str], values: np.ndarray, truth: np.ndarray, forest: np.ndarray
) -> None:
    """One block of figures: overall, with half of the months gone, per class, calibration, and the forest's."""
    p = zs.probabilities(values)
    each = confusion_matrix(truth, p.argmax(axis=1), normalize="true").diagonal()
    print(f"\n{title}: {len(truth)} simulated places, top-1")
    print(
        f"  {'zero-shot, pocket':34s} {(p.argmax(axis=1) == truth).mean():.3f}, worst class {each.min():.3f}"
    )
    # some places had few months to begin with
    halves = half_masked(values, TEST_SEED)
    left = np.isfinite(halves).all(axis=2).any(axis=1)
    half = zs.probabilities(halves[left]).argmax(axis=1)
    print(f"  {'  six random months masked':34s} {(half == truth[left]).mean():.3f}")
    print(f"  {'random forest, supervised':34s} {(forest == truth).mean():.3f}")
    print(f"  {'expected calibration error':34s} {confidence_error(p, truth):.3f}")
    print("  " + ", ".join(f"{n} {r:.2f}" for n, r in zip(names, each, strict=True)))


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="pocket", help="what timesen_nb.load opens")
    parser.add_argument("--places", type=int, default=6_000)
    given = parser.parse_args()
    model = tn.load(given.model)

    cover_of = np.array(["ABCDEFGH".index(k.land_cover) for k in COVER_TYPES])
    test, other = (simulate_places(given.places, seed) for seed in (TEST_SEED, FOREST_SEED))
    forest = RandomForestClassifier(300, n_jobs=2, random_state=0)
    forest.fit(filled(other.values), cover_of[other.cover_type])
    zs = model.zero_shot("land_cover")
    show(
        "eight land covers",
        zs,
        COVERS,
        test.values,
        cover_of[test.cover_type],
        forest.predict(filled(test.values)),
    )

    crop_of = {
        next(i for i, k in enumerate(COVER_TYPES) if k.name == name): c for c, name in enumerate(TWELVE)
    }
    crops = list(TWELVE)
    test, other = (
        simulate_places(given.places // 2, seed, cover_types=crops) for seed in (TEST_SEED, FOREST_SEED)
    )
    truth, train = (np.array([crop_of[k] for k in places.cover_type]) for places in (test, other))
    forest = RandomForestClassifier(300, n_jobs=2, random_state=0).fit(filled(other.values), train)
    show(
        "twelve crops", model.zero_shot(crops), crops, test.values, truth, forest.predict(filled(test.values))
    )


if __name__ == "__main__":
    main()
