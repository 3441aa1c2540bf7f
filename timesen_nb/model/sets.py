"""Prediction sets: words that hold the true class nine times in ten.

Split conformal prediction (Vovk et al. 2005; Angelopoulos and Bates 2023, arXiv 2107.07511): the score of a class is
1 - p, and a set holds the classes whose score is no higher than a quantile of true classes' scores over labelled
places. For a fixed task with labels of its own that is :func:`marginal_sets`. Words are free here, so
:class:`Thresholds` has two steps. What a score means depends on how many words and months there are: it is turned into
its rank among the scores of true classes, over random lists of words at simulated places. Which rank is high enough is
learned on real places, from all of them together or, for a word close to a known class with 50 places or more, from
those of that class alone (clustered conformal prediction: Ding et al. 2023, arXiv 2306.09335); where that class stands
in several tasks, none of them may have its truth left out much more often than asked. A list like one that places
were labelled by needs no more than was needed there.

The promise: on average over places like those, if the true class is among the words. A set may leave out a class
that is more probable than one of its members, where that class is known to need more.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from timesen_nb.arrays import check_unmasked
from timesen_nb.model.kept_vectors import without_hidden
from timesen_nb.model.truth import check_truth

#: Bins: first numbers of months (0 is one annual composite) and of words.
MONTHS, WORDS = np.array([0, 1, 4, 8]), np.array([1, 3, 4, 6, 10, 21])


@dataclass(frozen=True)
class Thresholds:
    """What :meth:`sets` needs; made by ``recipes/prediction_sets.py``.

    Attributes:
        ranks: (R,) shares of true classes, rising.
        scores: (months, words, R) score that this share of true classes has at most, on simulated places.
        coverages: (C,) shares of places, rising.
        pooled: (C,) rank that this share of real places has at most.
        known: (M, D) vectors of words that places were labelled by: of classes by all their lists, and of lists.
        annual: (M,) bool, what is known of it comes from annual composites.
        levels: (M, C) its ranks, as ``pooled``.
        list_of: (M,) number of the list that this is known of, 0 = of the class in all lists.
        near: cosine from which a word counts as a known class.
        alike: mean cosine from which lists count as alike, and how much less than the likest is as like.
    """

    ranks: np.ndarray
    scores: np.ndarray
    coverages: np.ndarray
    pooled: np.ndarray
    known: np.ndarray
    annual: np.ndarray
    levels: np.ndarray
    list_of: np.ndarray
    near: np.ndarray
    alike: np.ndarray

    def rank(self, score: np.ndarray, months: np.ndarray, words: int) -> np.ndarray:
        """Shares of true classes on simulated places that have a lower score, 0 to 1.

        Args:
            score: (N,) of 1 - p.
            months: (N,) numbers of months, 0 = one annual composite.
            words: how many there are.

        Returns:
            (N,) float64.
        """
        out = np.ones(len(score))
        for m in range(len(MONTHS)):
            rows = month_bin(months) == m
            # scores may be alike
            rising = self.scores[m, word_bin(words)] + 1e-9 * np.arange(len(self.ranks))
            out[rows] = np.interp(score[rows], rising, self.ranks, left=0.0, right=1.0)
        return out

    def sets(self, p: np.ndarray, words: np.ndarray, months: np.ndarray, coverage: float) -> np.ndarray:
        """The classes in each set; the most probable always is.

        Args:
            p: (N, K) probabilities, NaN rows have empty sets.
            words: (K, D) unit vectors.
            months: (N,) numbers of months, 0 = one annual composite.
            coverage: share of places whose set is to hold the true class.

        Returns:
            (N, K) bool.

        Raises:
            ValueError: a coverage that is not between 0.5 and 0.99.
        """
        low, high = float(self.coverages[0]), float(self.coverages[-1])
        if not isinstance(coverage, Real) or not low <= coverage <= high:
            raise ValueError(
                f"coverage={coverage!r}; expected a share of places from {low:g} to {high:g}, for example 0.9."
            )
        out = np.zeros(p.shape, dtype=bool)
        for m in range(len(MONTHS)):
            rows = month_bin(months) == m
            level = self._levels(words, coverage, annual=m == 0)
            # what only 1 reaches is never left out
            highest = np.interp(level, [*self.ranks, 1.0], [*self.scores[m, word_bin(len(words))], 1.0])
            out[rows] = 1 - p[rows] <= highest
        there = ~np.isnan(p).any(axis=1)
        out[there, p[there].argmax(axis=1)] = True
        return out

    def _levels(self, words: np.ndarray, coverage: float, annual: bool) -> np.ndarray:
        """(K,) rank that counts as high enough for each word."""
        out = np.full(len(words), np.interp(coverage, self.coverages, self.pooled))
        some = np.flatnonzero((self.annual == annual) & (self.list_of == 0))
        if len(some):
            cosines = words @ self.known[some].T
            own = self._of_nearest(some, cosines, coverage)
            out = np.where(cosines.max(axis=1) >= self.near, own, out)
        return np.minimum(out, self._in_lists(words, coverage, annual))

    def _in_lists(self, words: np.ndarray, coverage: float, annual: bool) -> np.ndarray:
        """(K,) rank that is high enough for each word in all lists that are like this one; 1 where no list is."""
        there = np.unique(self.list_of[(self.annual == annual) & (self.list_of > 0)])
        rows = [np.flatnonzero(self.list_of == number) for number in there]
        cosines = [words @ self.known[some].T for some in rows]
        likeness = [each.max(axis=1).mean() for each in cosines]
        closest, less = self.alike
        enough = max(closest, max(likeness, default=0) - less)
        levels = [
            self._of_nearest(some, each, coverage)
            for some, each, like in zip(rows, cosines, likeness, strict=True)
            if like >= enough
        ]
        return np.array(levels).max(axis=0) if levels else np.ones(len(words))

    def _of_nearest(self, some: np.ndarray, cosines: np.ndarray, coverage: float) -> np.ndarray:
        """(K,) rank of the nearest of some of the known, by cosines (K, some)."""
        nearest = self.levels[some[cosines.argmax(axis=1)]]
        return np.array([np.interp(coverage, self.coverages, each) for each in nearest])


def softmax(logits: np.ndarray) -> np.ndarray:
    """(..., K) -> (..., K) shares that sum to 1; a row with NaN is NaN."""
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: np.ndarray = odds / odds.sum(axis=-1, keepdims=True)
    return shares


def month_bin(months: np.ndarray) -> np.ndarray:
    """(N,) index into :data:`MONTHS`."""
    out: np.ndarray = np.searchsorted(MONTHS, months, side="right") - 1
    return out


def word_bin(words: int) -> int:
    """Index into :data:`WORDS`."""
    return int(np.searchsorted(WORDS, words, side="right") - 1)


def conformal_quantile(scores: np.ndarray, coverage: float) -> float:
    """The score that the next place exceeds with probability 1 - coverage at most: the ceil((n + 1) coverage)-th.

    Args:
        scores: (n,) of places like the next.
        coverage: share above 0, at most 1.

    Returns:
        Infinity where there are too few places for this coverage.

    Raises:
        ValueError: no score at all, one that is NaN, or a coverage that is no such share.
    """
    if not isinstance(coverage, Real) or not 0 < coverage <= 1:
        raise ValueError(
            f"coverage={coverage!r}; expected a share of places above 0, at most 1, for example 0.9."
        )
    check_unmasked(scores, "the scores given")
    scores = np.sort(np.asarray(scores, dtype=np.float64))
    if not len(scores):
        raise ValueError("no labelled place to fit on; expected one score or more.")
    if np.isnan(scores[-1]):
        raise ValueError("some scores are NaN; expected numbers. Leave out places without an answer.")
    rank = int(np.ceil((len(scores) + 1) * coverage - 1e-9))
    return float(scores[rank - 1]) if rank <= len(scores) else float("inf")


def marginal_sets(
    p: np.ndarray, labelled: np.ndarray, truth: np.ndarray, coverage: float = 0.9
) -> np.ndarray:
    """Prediction sets of a fixed task, by labelled places of its own.

    Args:
        p: (N, K) probabilities of the places that are asked for.
        labelled: (n, K) those of labelled places, which the model was not fitted on; NaN or masked = no answer, left
            out.
        truth: (n,) class numbers of these; -1 = none of these, left out.
        coverage: share of places like those whose set is to hold the true class.

    Returns:
        (N, K) bool; a set may be empty.

    Raises:
        ValueError: no labelled place, a coverage that is not between 0 and 1, probabilities of other classes than
            those of the labelled places, or a truth that is no class number of each of these.
    """
    if not isinstance(coverage, Real) or not 0 < coverage < 1:
        raise ValueError(
            f"coverage={coverage!r}; expected a share of places between 0 and 1, for example 0.9."
        )
    p, labelled = without_hidden(p), without_hidden(labelled)
    numbers = {p.dtype.kind, labelled.dtype.kind} <= set("fiu")
    if not numbers or not p.ndim == labelled.ndim == 2 or p.shape[1] != labelled.shape[1]:
        raise ValueError(
            f"p {p.shape} of {p.dtype} and labelled {labelled.shape} of {labelled.dtype} were given; expected (N, K) "
            "and (n, K), probabilities of the same K classes."
        )
    truth = check_truth(truth, *labelled.shape)
    rows = np.flatnonzero((truth >= 0) & ~np.isnan(labelled).any(axis=1))
    highest = conformal_quantile(1 - labelled[rows, truth[rows]], coverage)
    out: np.ndarray = 1 - p <= highest
    return out
