"""Thresholds of :mod:`timesen_nb.model.sets`: ranks on simulated places, then which ranks real places need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from recipes.real_places import RealTask
from recipes.training_space import LETTERS, Series
from timesen_nb.composite import annual
from timesen_nb.model.sets import MONTHS, WORDS, Thresholds, conformal_quantile, month_bin, softmax, word_bin
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.simulate.cover_types import COVER_TYPES

SEED = 505
RANKS = 1 - 10 ** -np.linspace(0.05, 3.3, 48)
COVERAGES = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.875, 0.9, 0.925, 0.95, 0.975, 0.99])
#: Random lists of each simulated place, and of each real one beside the list as it is.
LISTS, SHORTER = 6, 1
#: Places that a class must have for quantiles of its own, and the cosine from which a word counts as that class.
PLACES, NEAR = 50, 0.92
#: Places that a class must have for a quantile of its own in its list; the mean cosine from which lists count as alike,
#: and how much less than the likest list is as like.
PLACES_IN_LIST, ALIKE = 20, (0.95, 0.02)
#: How much less than asked a class may be covered in one task, where it stands in several.
SLACK = 0.05


def simulated_scores(model: TimeSenCLIP, series: Series) -> np.ndarray:
    """(months, words, ranks) quantiles of 1 - p of the true class, over random lists of land covers or cover types."""
    rng = np.random.default_rng(SEED)
    values, months = _fewer(series.values, rng)
    vectors = model.encode(values, allow_empty=True)
    year = months == 0
    vectors[year] = model.encode(annual(values[year]), allow_empty=True)
    covers = [model.zero_shot("land_cover", style).vectors for style in ("names", "descriptions")]
    kinds = model.zero_shot([k.name for k in COVER_TYPES]).vectors
    found = defaultdict(list)
    for i in np.flatnonzero(~np.isnan(vectors[:, 0])):
        for n in range(LISTS):
            # all of them by turns, in lists of two to nearly all
            names, truth = (
                (kinds, series.cover_type[i])
                if n % 2
                else (covers[n // 2 % 2], LETTERS[series.cover_type[i]])
            )
            k = min(int(2 * 10 ** rng.uniform(0, 1.15)) if n % 2 else int(rng.integers(2, 9)), len(names))
            others = rng.permutation(len(names))
            listed = [truth, *others[others != truth][: k - 1]]
            p = softmax(model.calibrated_logit_scale * vectors[i] @ names[listed].T)
            found[int(month_bin(months[i])), word_bin(k)].append(1 - p[0])
    out = np.zeros((len(MONTHS), len(WORDS), len(RANKS)))
    for (m, w), scores in found.items():
        out[m, w] = np.quantile(scores, RANKS)
    return out


def _fewer(values: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Series with none or some of their months gone, and how many are left; 0 = to be read as an annual composite."""
    values = values.copy()
    kept = rng.integers(0, len(MONTHS), len(values))
    for series, k in zip(values, kept, strict=True):
        there = np.flatnonzero(np.isfinite(series).any(axis=1))
        most = rng.integers(MONTHS[k], [*MONTHS[1:], 13][k]) if k else 12
        series[rng.permutation(there)[most:]] = np.nan
    months = np.isfinite(values).any(axis=2).sum(axis=1)
    return values, np.where(kept == 0, 0, months)


class RealScores:
    """Scores of the true class of one real task, by the list as it is and by shorter ones."""

    def __init__(self, model: TimeSenCLIP, task: RealTask) -> None:
        self.task, self.words = task, task.vectors(model)
        self.months = task.months
        self.encoded = model.encode(task.values)
        self.p = softmax(model.calibrated_logit_scale * self.encoded @ self.words.T)

    def scores(self, rng: np.random.Generator) -> list[tuple[np.ndarray, int]]:
        """(N,) 1 - p of the true class and the number of words, a list at a time."""
        own = self.p[np.arange(len(self.p)), self.task.truth]
        out = [(1 - own, len(self.words))]
        for _ in range(SHORTER if len(self.words) > 2 else 0):
            k = int(rng.integers(2, len(self.words)))
            order = rng.random(self.p.shape) + (np.arange(len(self.words)) == self.task.truth[:, None])
            listed = np.argsort(-order, axis=1)[:, :k]
            out.append((1 - own / np.take_along_axis(self.p, listed, axis=1).sum(axis=1), k))
        return out


def fit_thresholds(
    simulated: np.ndarray, real: Sequence[RealScores], rows: Sequence[np.ndarray]
) -> Thresholds:
    """The thresholds by these rows (bool) of each real task; tasks count alike, classes are known by their words."""
    rng = np.random.default_rng(SEED)
    nothing = np.zeros(0)
    first = Thresholds(
        RANKS, simulated, COVERAGES, nothing, np.zeros((0, real[0].words.shape[1])), nothing.astype(bool),
        np.zeros((0, len(COVERAGES))), nothing, np.array(NEAR), np.array(ALIKE),
    )  # fmt: skip
    ranks, weights = [], []
    # vector, whether by annual composites, levels, and the number of the list: of words in their lists
    known: list[tuple[np.ndarray, bool, list[float], int]] = []
    # by word, and whether by annual composites: (lists, places) ranks, a task after another
    of_class: dict[tuple[str, bool], list[np.ndarray]] = defaultdict(list)
    vectors: dict[tuple[str, bool], np.ndarray] = {}
    for each, some in zip(real, rows, strict=True):
        if not some.any():
            continue
        year, truth = each.task.values.shape[1] == 1, each.task.truth[some]
        lists = np.stack([first.rank(s[some], each.months[some], k) for s, k in each.scores(rng)])
        ranks.append(lists.ravel())
        weights.append(np.full(lists.size, 1 / len(truth)))
        for k, word in enumerate(each.task.words):
            of_class[word.casefold(), year].append(lists[:, truth == k])
            vectors[word.casefold(), year] = each.words[k]
        for word, needed in zip(each.words, _levels_in_list(lists, truth, len(each.words)), strict=True):
            known.append((word, year, needed, len(ranks)))
    known += [
        (vectors[word, year], year, _levels(of), 0)
        for (word, year), of in of_class.items()
        if sum(r.shape[1] for r in of) >= PLACES
    ]
    pooled, weight = np.concatenate(ranks), np.concatenate(weights)
    order = np.argsort(pooled)
    share = np.cumsum(weight[order]) / weight.sum()
    at = np.minimum(np.searchsorted(share, COVERAGES), len(order) - 1)
    columns = (np.array(column) for column in zip(*known, strict=True))
    return Thresholds(
        RANKS, simulated, COVERAGES, pooled[order][at], *columns, np.array(NEAR), np.array(ALIKE)
    )


def _levels(tasks: Sequence[np.ndarray]) -> list[float]:
    """The ranks that a class needs, by its (lists, places) ranks: in all tasks together, and nearly in each alone."""
    every = np.concatenate([ranks.ravel() for ranks in tasks])
    alone = [ranks.ravel() for ranks in tasks if ranks.shape[1] >= PLACES]
    return [
        min(1.0, max([conformal_quantile(every, c), *(conformal_quantile(r, c - SLACK) for r in alone)]))
        for c in COVERAGES
    ]


def _levels_in_list(ranks: np.ndarray, truth: np.ndarray, words: int) -> list[list[float]]:
    """The ranks that each word of a list needs, by (lists, places) ranks; what few places have, those of all together.

    Which ranks a word needs that no place has, or a word of a list with few places, is not known: all of them.
    """
    count = np.bincount(truth, minlength=words)
    out = []
    for k in range(words):
        own = ranks[:, truth == k] if count[k] >= PLACES_IN_LIST else ranks
        known = len(truth) >= PLACES and count[k] > 0
        out.append([min(1.0, conformal_quantile(own.ravel(), c)) if known else 1.0 for c in COVERAGES])
    return out
