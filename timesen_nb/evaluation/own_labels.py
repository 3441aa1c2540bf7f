"""How good is a classifier that a person taught: by the labels themselves, neighbours never on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from timesen_nb.datasets.splits import as_lonlats, blocks
from timesen_nb.evaluation.metrics import Judged
from timesen_nb.model.teach import fitted
from timesen_nb.model.zeroshot import ZeroShot

#: An interval wider than this tells nothing that anybody could act on.
WIDEST = 0.3
#: Blocks are left out in this many parts at most, each at the cost of one fit.
PARTS = 20
#: The quantile of the normal distribution of a two-sided 95 % interval.
Z95 = 1.959964


@dataclass(frozen=True)
class BlockedAccuracy(Judged):
    """Accuracy of a taught classifier at its own labels, each judged by the labels of other blocks.

    Producer's accuracy is the ``recall`` of its tally, user's accuracy the ``precision``, a class each.

    Attributes:
        classes: K names.
        truth: (n,) class numbers, the labels.
        predicted: (n,) class numbers.
        by_words: (n,) class numbers that the words alone predict.
        block: (n,) the spatial block of each place.
        block_km: edge of a block.
    """

    by_words: np.ndarray
    block: np.ndarray
    block_km: float

    @property
    def accuracy(self) -> float:
        """Overall accuracy: the share of places that are right, 0 to 1."""
        return float((self.predicted == self.truth).mean())

    @property
    def accuracy_by_words(self) -> float:
        """The same of the words alone, which saw no label."""
        return float((self.by_words == self.truth).mean())

    @property
    def blocks(self) -> int:
        """Number of blocks with a label."""
        return len(np.unique(self.block))

    @property
    def effective(self) -> float:
        """How many independent places these are worth: those of a block count as one (Kish 1965)."""
        return effective_number(self.block)

    @property
    def interval(self) -> tuple[float, float]:
        """Of the accuracy at 95 %: Wilson's, of the effective number of places."""
        return wilson(self.accuracy, self.effective)

    @property
    def enough(self) -> bool:
        """Whether these labels tell anything: two blocks at least, and an interval of :data:`WIDEST` at most."""
        low, high = self.interval
        return self.blocks > 1 and high - low <= WIDEST

    @property
    def alone(self) -> list[str]:
        """Classes whose labels all lie in one block: with it left out, the words alone know them."""
        return [self.classes[k] for k in np.unique(self.truth) if len(set(self.block[self.truth == k])) == 1]

    def __str__(self) -> str:
        """The accuracy in a sentence, or that the labels are too few to tell."""
        low, high = self.interval
        share = f"{self.accuracy:.0%} of {len(self.truth)} labelled places are right"
        where = f"{self.blocks} blocks of {self.block_km:g} km" if self.blocks > 1 else "one block"
        said = f"{share}, each judged by the labels of other blocks ({where}; 95 % interval {low:.0%} to {high:.0%})."
        if not self.enough:
            said = (
                f"Too few to tell: {len(self.truth)} labelled places in {where}, whose interval is {low:.0%} to "
                f"{high:.0%}. Label places further apart."
            )
        if self.blocks > 1 and self.alone:
            said += f" In one block alone, so not taught when it is judged: {', '.join(self.alone)}."
        return said


def accuracy_by_blocks(
    taught: ZeroShot, lonlats: Any, block_km: float = 1.0, seed: int = 0
) -> BlockedAccuracy:
    """Overall accuracy of a taught classifier at its own labels, by leaving spatial blocks out.

    Neighbouring places are alike, and a classifier that saw one of them knows the other: judged so, every classifier
    looks good. Here the labels of a block are judged by a classifier that was taught without that block. It is the
    accuracy at places like the labelled ones; whether they are like the map, nobody drew them to say.

    Args:
        taught: what ``zs.teach`` gave.
        lonlats: (n, 2) degrees of the labelled places, longitude before latitude, in the order they were taught.
        block_km: edge of a block: larger than what makes neighbours alike, such as a field and the fields of its farm.
        seed: draws which blocks are left out together, where there are more than :data:`PARTS`.

    Returns:
        The accuracy with its interval; ``print`` it for a sentence.

    Raises:
        ValueError: a classifier that was not taught, another number of places than labels, places that are not on
            Earth, or an edge that is no length.
    """
    if taught.lesson is None:
        raise ValueError(
            "the classifier given was taught nothing; expected what zs.teach(values, labels) gives."
        )
    lesson, places = taught.lesson, as_lonlats(lonlats)
    if places.shape != (len(lesson.labels), 2):
        raise ValueError(
            f"places {places.shape} were given for {len(lesson.labels)} labels; expected (n, 2) degrees, longitude "
            "before latitude, of each labelled place in the order they were taught."
        )
    if not (np.isfinite(places).all() and (np.abs(places) <= (180, 90)).all()):
        raise ValueError(
            "a place given is not on Earth; expected degrees, longitude before latitude. Turn metres of a map "
            "projection into degrees first."
        )
    block = blocks(places, block_km)
    predicted = np.empty(len(block), dtype=int)
    for rows in _parts(block, seed):
        rest = np.setdiff1d(np.arange(len(block)), rows)
        vectors = fitted(lesson.words, lesson.scale, lesson.places[rest], lesson.labels[rest])
        predicted[rows] = _chosen(taught, vectors, lesson.places[rows])
    by_words = _chosen(taught, lesson.words, lesson.places)
    return BlockedAccuracy(list(taught.classes), lesson.labels, predicted, by_words, block, block_km)


def effective_number(groups: np.ndarray) -> float:
    """How many independent places grouped ones are worth if those of a group are all alike.

    The variance of a mean is then that of so many (Kish 1965, "Survey sampling", intraclass correlation 1).

    Args:
        groups: (n,) the group of each place.

    Returns:
        From 1, all in one group, to n, each in its own.
    """
    sizes = np.unique(groups, return_counts=True)[1]
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def wilson(share: float, n: float, z: float = Z95) -> tuple[float, float]:
    """The interval of a share, which holds for few places and for shares near 0 and 1 (Wilson 1927).

    Args:
        share: that was found, 0 to 1.
        n: of how many independent places.
        z: quantile of the normal distribution; 1.96 for 95 %.

    Returns:
        Low and high.

    Raises:
        ValueError: a share beyond 0 to 1, or of no places.
    """
    if not (0 <= share <= 1 and n > 0):
        raise ValueError(f"{share} of {n} places given; expected a share from 0 to 1, of places more than 0.")
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _parts(block: np.ndarray, seed: int) -> list[np.ndarray]:
    """Rows that are left out together: whole blocks, dealt out by chance."""
    _, member = np.unique(block, return_inverse=True)
    part = np.random.default_rng(seed).permutation(member.max() + 1)[member] % PARTS
    return [np.flatnonzero(part == p) for p in np.unique(part)]


def _chosen(taught: ZeroShot, vectors: np.ndarray, places: np.ndarray) -> np.ndarray:
    out: np.ndarray = np.where(taught.passing, places @ vectors.T, -np.inf).argmax(axis=1)
    return out
