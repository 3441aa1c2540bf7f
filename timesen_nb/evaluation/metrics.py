"""Scores of a classifier, all from how often each class was right, true and predicted; and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np

from timesen_nb.arrays import check_unmasked
from timesen_nb.bands import check_count


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """How often each class was taken for which.

    Args:
        truth: (N,) integers from 0 to K - 1.
        predicted: (N,) integers from 0 to K - 1.
        classes: K.

    Returns:
        (K, K) counts: rows are the true classes, columns the predicted ones.

    Raises:
        ValueError: other lengths, or other numbers, which would be counted as other classes.
    """
    cells = _cells(truth, predicted, classes)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def _cells(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """(N,) the cell of the flat confusion table of each place; ValueError for other lengths and what is no class."""
    for what, given in (("truth", truth), ("predicted", predicted)):
        check_unmasked(given, what)
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if truth.ndim != 1 or truth.shape != predicted.shape:
        raise ValueError(
            f"truth {truth.shape} and predicted {predicted.shape} were given; expected (N,) each, one of each a place."
        )
    for what, numbers in (("truth", truth), ("predicted", predicted)):
        if numbers.dtype.kind not in "iufb" or (numbers % 1 != 0).any():
            raise ValueError(
                f"{what} holds {numbers.dtype}, such as {numbers.ravel().tolist()[0]!r}; expected the numbers of "
                f"classes, 0 to {classes - 1}. Of names: np.array([classes.index(name) for name in names])."
            )
        if len(numbers) and not (numbers.min() >= 0 and numbers.max() < classes):
            raise ValueError(
                f"{what} holds {numbers.min()} to {numbers.max()} of {classes} classes; expected 0 to {classes - 1}. "
                "Leave out places without a class, or count what is none of them as one more."
            )
    # in the narrow integers that files hold the product would overflow
    cells: np.ndarray = truth.astype(np.int64) * classes + predicted.astype(np.int64)
    return cells


@dataclass(frozen=True)
class Tally:
    """How often each of K classes was right, true and predicted: one set of places, or many resamples at once.

    Attributes:
        right: (..., K) places of the class that were predicted to be of it.
        true: (..., K) places of the class.
        predicted: (..., K) places that were predicted to be of the class.
    """

    right: np.ndarray
    true: np.ndarray
    predicted: np.ndarray

    @classmethod
    def of(cls, table: np.ndarray) -> Tally:
        """The tally of a confusion table.

        Args:
            table: (K, K) counts, rows true and columns predicted.

        Returns:
            Its counts, (K,) each.
        """
        return cls(table.diagonal(), table.sum(axis=1), table.sum(axis=0))

    @property
    def accuracy(self) -> np.ndarray:
        """Share of the places that are right (top-1)."""
        return _share(self.right.sum(axis=-1), self.true.sum(axis=-1))

    @property
    def recall(self) -> np.ndarray:
        """(..., K) share of each class's places that are right; NaN for a class without places."""
        return _share(self.right, self.true)

    @property
    def precision(self) -> np.ndarray:
        """(..., K) share of what was predicted to be each class that is; NaN where it was never predicted."""
        return _share(self.right, self.predicted)

    @property
    def f1(self) -> np.ndarray:
        """(..., K) harmonic mean of recall and precision; NaN for a class neither true nor predicted anywhere."""
        return _share(2 * self.right, self.true + self.predicted)

    @property
    def balanced(self) -> np.ndarray:
        """Mean recall over the classes that have places."""
        return _mean(self.recall)

    @property
    def macro_f1(self) -> np.ndarray:
        """Mean F1 over the classes that are true or predicted somewhere."""
        return _mean(self.f1)


@dataclass(frozen=True)
class Judged:
    """Predicted classes beside the true ones, or beside what people labelled.

    Attributes:
        classes: K names.
        truth: (n,) class numbers.
        predicted: (n,) class numbers.
    """

    classes: Sequence[str]
    truth: np.ndarray
    predicted: np.ndarray

    @property
    def table(self) -> np.ndarray:
        """(K, K) confusion: rows true, columns predicted."""
        return confusion(self.truth, self.predicted, len(self.classes))

    @property
    def tally(self) -> Tally:
        """How often each class was right, true and predicted."""
        return Tally.of(self.table)


def bootstrap(
    truth: np.ndarray,
    predicted: np.ndarray,
    classes: int,
    groups: np.ndarray | None = None,
    resamples: int = 500,
    seed: int = 0,
) -> Tally:
    """Tallies of resampled places: their spread is how sure a score is.

    Args:
        truth: (N,) integers from 0 to K - 1.
        predicted: (N,) integers from 0 to K - 1.
        classes: K.
        groups: (N,) labels of what is drawn as a whole, such as spatial blocks, for neighbours are no independent
            proofs; None draws place by place (Efron & Tibshirani 1993; for groups the cluster bootstrap). One group
            alone is no sample of groups: its spread is not known. Places whose group is NaN, not known, are left out.
        resamples: how many.
        seed: the same one draws the same.

    Returns:
        Counts (resamples, K) each; NaN where there are groups and fewer than two of them.

    Raises:
        ValueError: other lengths, other numbers than those of classes, or resamples that are no whole number from 1.
    """
    resamples, rng = check_count("resamples", resamples, "resamples"), np.random.default_rng(seed)
    cell = _cells(truth, predicted, classes)
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if groups is not None:
        groups = np.asarray(groups)
        if groups.shape != cell.shape:
            raise ValueError(f"{len(groups)} groups and {len(cell)} places were given; expected one each.")
        # NaN is the only value that differs from itself
        known = groups == groups
        truth, predicted, cell, groups = (each[known] for each in (truth, predicted, cell, groups))
    n = len(cell)
    if groups is None:  # drawing places is drawing cells of the confusion table
        cells, counts = np.unique(cell, return_counts=True)
        weights = rng.multinomial(n, counts / n, size=resamples)
        true_of, predicted_of = cells // classes, cells % classes
        member = np.arange(len(cells))
        amount = np.ones(len(cells))
    else:
        _, member = np.unique(groups, return_inverse=True)
        size = member.max(initial=-1) + 1
        if size < 2:  # drawn again and again it is always itself, which would look like certainty
            unknown = np.full((resamples, classes), np.nan)
            return Tally(unknown, unknown, unknown)
        weights = rng.multinomial(size, np.full(size, 1 / size), size=resamples)
        true_of, predicted_of, amount = truth, predicted, np.ones(n)
    shape = (weights.shape[1], classes)

    def count(of: np.ndarray, which: np.ndarray) -> np.ndarray:
        flat = np.bincount((member * classes + of)[which], amount[which], minlength=shape[0] * classes)
        out: np.ndarray = weights @ flat.reshape(shape)
        return out

    everything = np.ones(len(true_of), dtype=bool)
    return Tally(
        count(true_of, true_of == predicted_of), count(true_of, everything), count(predicted_of, everything)
    )


def interval(scores: np.ndarray, coverage: float = 0.95) -> tuple[float, float]:
    """The middle of resampled scores: the percentile interval of Efron & Tibshirani 1993.

    Args:
        scores: (R,), NaN is left out.
        coverage: share of the scores that it holds.

    Returns:
        Low and high; NaN where every score is.

    Raises:
        ValueError: a coverage that is no share.
    """
    if not isinstance(coverage, Real) or not 0 < coverage <= 1:
        raise ValueError(f"coverage={coverage!r}; expected a share above 0 and up to 1, such as 0.95.")
    if np.isnan(scores).all():
        return float("nan"), float("nan")
    tail = (1 - coverage) / 2
    low, high = np.nanquantile(scores, [tail, 1 - tail])
    return float(low), float(high)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    out = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=out, where=np.asarray(whole) > 0)
    return out


def _mean(shares: np.ndarray) -> np.ndarray:
    known = ~np.isnan(shares)
    return _share(np.where(known, shares, 0).sum(axis=-1), known.sum(axis=-1))
