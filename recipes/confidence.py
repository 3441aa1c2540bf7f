"""What the bundled model needs to say how far it may be believed: ``python -m recipes.confidence``, three minutes.

To be run again whenever its weights change; the file bears their fingerprint.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.real import REAL
from recipes.list_scales import fit_list_scales
from recipes.prediction_sets import LISTS, SEED, RealScores, fit_thresholds, simulated_scores
from recipes.real_places import elsewhere, europe
from recipes.training_space import LETTERS, POINTS, TAUGHT, TAUGHT_SEED, USUAL, fit_space, simulated
from timesen_nb.model.confidence import Confidence, confidence_file, write_confidence
from timesen_nb.model.loading import load
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.simulate.cover_types import COVER_TYPES

#: Of places whose class is among the words 5 % may be turned away. Half a point less of those that the margin is fitted
#: on, for of others' neighbourhoods it turns away that much more (`benchmarks.honest`, halves of neighbours).
REFUSED = 0.045


def fit_confidence(model: TimeSenCLIP) -> Confidence:
    """Everything that is fitted, for one model."""
    series = simulated(POINTS + USUAL)
    space = fit_space(model, series, simulated(TAUGHT, TAUGHT_SEED))
    real = [RealScores(model, task) for task in (*europe(), *elsewhere())]
    every = [np.ones(len(each.p), bool) for each in real]
    # not the series that lie in the space
    scores = simulated_scores(model, series[np.arange(POINTS, POINTS + USUAL)])
    thresholds = fit_thresholds(scores, real, every)
    scales = fit_list_scales(model.calibrated_logit_scale, real, every)
    background, kin = background_words(model), kin_cosine(model)
    margin = common_margin(background, kin, real, every)
    return Confidence(model.weights.fingerprint(), space, thresholds, scales, background, margin, kin)


def background_words(model: TimeSenCLIP) -> np.ndarray:
    """(B, D) what land can be: the names of the cover types and of the eight land covers."""
    covers = model.zero_shot("land_cover", "names")
    names = [k.name for k in COVER_TYPES if k.name.casefold() not in {c.casefold() for c in covers.classes}]
    return np.concatenate([covers.vectors, model.zero_shot(names).vectors])


def kin_cosine(model: TimeSenCLIP) -> float:
    """From which cosine on one name is a kind of another: halfway between nine tenths of both sides.

    Cover types are kinds of their land cover, and of no other.
    """
    covers = model.zero_shot("land_cover", "names").vectors
    cosines = model.zero_shot([k.name for k in COVER_TYPES]).vectors @ covers.T
    own = LETTERS[:, None] == np.arange(len(covers))
    kinds, strangers = cosines[own], np.where(own, -1.0, cosines).max(axis=1)
    return float(np.quantile(kinds, 0.1) + np.quantile(strangers, 0.9)) / 2


def common_margin(
    background: np.ndarray,
    kin: float,
    real: Sequence[RealScores],
    rows: Sequence[np.ndarray],
    refused: float = REFUSED,
) -> float:
    """The margin that turns away so many of the places whose class is among the words, on average over the tasks.

    Each place is asked for half of the words of its task, its own among them.
    """
    rng = np.random.default_rng(SEED)
    leads, weights = [], []
    for each, some in zip([*real] * LISTS, [*rows] * LISTS, strict=True):
        words = len(each.words)
        own = each.encoded[some] @ each.words.T
        # the true word and others up to half of them, two at least
        order = rng.random(own.shape) - (np.arange(words) == each.task.truth[some][:, None])
        listed = np.argsort(order, axis=1)[:, : max(2, words // 2)]
        best = np.take_along_axis(own, listed, axis=1).max(axis=1)
        kinds = (background @ each.words.T >= kin)[:, listed].any(axis=2).T  # (places, background)
        others = np.where(kinds, -np.inf, each.encoded[some] @ background.T)
        lead = others.max(axis=1) - best
        leads.append(lead)
        weights.append(np.full(len(lead), 1 / max(len(lead), 1)))
    lead, weight = np.concatenate(leads), np.concatenate(weights)
    order = np.argsort(lead)
    share = np.cumsum(weight[order]) / weight.sum()
    return float(lead[order][np.searchsorted(share, 1 - refused)])


def main() -> None:
    """Write the file into the package, or elsewhere."""
    parser = argparse.ArgumentParser(description="Fit what the bundled model knows of its own limits.")
    parser.add_argument("--model", default="pocket", help="what timesen_nb.load opens")
    parser.add_argument("--file", type=Path, default=confidence_file())
    given = parser.parse_args()
    if not REAL.exists():
        raise SystemExit(
            f"real Sentinel-2 expected in {REAL.parent.name}/{REAL.name} beside the project; not there. Without it the "
            "bundled file stays as it is, and a model of other weights says that it knows no sets and no area."
        )
    started = time.monotonic()
    path = write_confidence(given.file, fit_confidence(load(given.model)))
    print(f"{path.name}: {path.stat().st_size:,} bytes, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
