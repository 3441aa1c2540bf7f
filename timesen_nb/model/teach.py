"""Words that move to labelled places as they come.

Multinomial logistic regression on the model's vectors whose prior is the words: each class's weights begin as its
zero-shot vector times the logit scale, and a penalty keeps them near until labels say otherwise. That is the maximum of
the posterior under a normal prior; without labels it is the words, with many a linear probe. The same idea for CLIP's
few-shot learners: Silva-Rodríguez et al. 2024 (CVPR, arXiv 2312.12730). How wide the prior is, the labels decide by
cross-validation: where the words are right already, a few labels are to move them little. It is wider along what does
not vary within the labelled classes, narrower along what does.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from timesen_nb.bands import check_count
from timesen_nb.model.prompts import check_free
from timesen_nb.model.sets import softmax
from timesen_nb.model.words import check_words
from timesen_nb.tasks.names import check_no_table, tidy

#: How far labels may move a class, one or the other: the prior's standard deviation of each of a vector's numbers, as
#: a share of the length that words have.
FREEDOMS = (0.1, 0.3)
#: Parts of the labels, each judged by the others, to choose between them.
FOLDS = 4


@dataclass(frozen=True)
class Lesson:
    """What a classifier was taught.

    Attributes:
        words: (K, D) unit vectors that the words alone have.
        scale: what cosines are multiplied by before the softmax.
        places: (n, D) unit vectors of the labelled places.
        labels: (n,) class number of each.
        weights: fingerprint of the model that made the places' vectors, "" where nobody knows it.
    """

    words: np.ndarray
    scale: float
    places: np.ndarray
    labels: np.ndarray
    weights: str = ""

    def vectors(self) -> np.ndarray:
        """(K, D) float32: the classes' vectors that words and labels together make most probable."""
        return fitted(self.words, self.scale, self.places, self.labels)

    def only(self, kept: np.ndarray, scale: float) -> Lesson | None:
        """What was taught of some of the classes.

        Args:
            kept: (k,) numbers of these, in their new order.
            scale: what cosines are multiplied by, of a list of these words.

        Returns:
            The lesson; None where none of these has a label.
        """
        number = np.full(len(self.words), -1)
        number[kept] = np.arange(len(kept))
        labels = number[self.labels]
        there = labels >= 0
        if not there.any():
            return None
        return Lesson(self.words[kept], scale, self.places[there], labels[there], self.weights)

    def doubts(self, folds: int = 10) -> np.ndarray:
        """How little each label fits its light, judged by a classifier that was taught without it.

        A high one is a place to look at again: a wrong label, a mixed pixel, or a kind that the others do not show.

        Args:
            folds: how many parts the labels are cut into, each judged by the others; classes are spread over them.

        Returns:
            (n,) one minus the probability of the label, 0 to 1.

        Raises:
            ValueError: folds that are no whole number from 2.
        """
        folds = check_count("folds", folds, "parts", least=2)
        given = self.words, self.scale, self.places, self.labels
        with one_thread():
            return (1 - _left_out(*given, freedom(*given), folds)).astype(np.float32)


def fitted(words: np.ndarray, scale: float, places: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The vectors of classes that words and labelled places together make most probable.

    Classes count alike, however many labels each has.

    Args:
        words: (K, D) unit vectors.
        scale: what cosines are multiplied by before the softmax.
        places: (n, D) unit vectors.
        labels: (n,) class numbers.

    Returns:
        (K, D) float32, to be used as the words are.
    """
    with one_thread():
        return _moved(words, scale, places, labels, freedom(words, scale, places, labels))


def one_thread() -> AbstractContextManager[object]:
    """Matrices as small as a lesson's are multiplied by one thread: several wait for each other longer than they work.

    Returns:
        The context in which it is so.
    """
    from threadpoolctl import threadpool_limits

    context: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return context


def freedom(words: np.ndarray, scale: float, places: np.ndarray, labels: np.ndarray) -> float:
    """The one of :data:`FREEDOMS` by which labels that were left out are most probable, classes counting alike.

    Args:
        words: (K, D) unit vectors.
        scale: what cosines are multiplied by before the softmax.
        places: (n, D) unit vectors.
        labels: (n,) class numbers.

    Returns:
        How far labels may move a class; the most where there are too few to judge by, which are taken at their word.
    """
    if len(np.unique(_first(places))) < FOLDS:
        return FREEDOMS[-1]
    weight = 1 / np.bincount(labels)[labels]

    def loss(free: float) -> float:
        return -float(weight @ np.log(_left_out(words, scale, places, labels, free, FOLDS) + 1e-9))

    return min(FREEDOMS, key=loss)


def _left_out(
    words: np.ndarray, scale: float, places: np.ndarray, labels: np.ndarray, free: float, folds: int
) -> np.ndarray:
    """(n,) the probability of each label by a classifier that was taught without its part of the labels."""
    parts, out = _spread(places, labels, folds), np.empty(len(labels))
    for part in np.unique(parts):
        there = parts == part
        vectors = _moved(words, scale, places[~there], labels[~there], free)
        p = softmax(scale * places[there] @ vectors.T)
        out[there] = p[np.arange(len(p)), labels[there]]
    return out


def _moved(
    words: np.ndarray, scale: float, places: np.ndarray, labels: np.ndarray, free: float
) -> np.ndarray:
    """(K, D) the most probable vectors, with a prior as wide as ``free``."""
    from scipy.optimize import minimize

    if not len(labels):
        return words
    stretch, back = _whitening(places.astype(np.float64), labels)
    start, x = scale * words.astype(np.float64) @ back, places.astype(np.float64) @ stretch
    counts = np.bincount(labels, minlength=len(words))
    weight = len(labels) / (counts > 0).sum() / counts[labels]
    tightness = 1 / (free * scale) ** 2
    rows = np.arange(len(labels))

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        now = flat.reshape(start.shape)
        p = softmax(x @ now.T)
        cost = -(weight * np.log(p[rows, labels] + 1e-300)).sum() + tightness / 2 * ((now - start) ** 2).sum()
        p[rows, labels] -= 1
        return float(cost), ((p * weight[:, None]).T @ x + tightness * (now - start)).ravel()

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-6})
    out: np.ndarray = (found.x.reshape(start.shape) @ stretch / scale).astype(np.float32)
    return out


def _whitening(places: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By what places are multiplied, so that those of one class scatter alike in every direction.

    Few labels know little of their covariance: it is shrunk to a sphere (Ledoit and Wolf 2004,
    doi 10.1016/S0047-259X(03)00096-4), by a share of one over their number at least. A place that stands
    there twice says nothing more of it.

    Returns:
        (D, D) symmetric, which keeps the length of the places in the mean, and its inverse.
    """
    once = np.unique(np.column_stack([labels, places]), axis=0)
    labels, places = once[:, 0], once[:, 1:]
    n, width = places.shape
    classes, which = np.unique(labels, return_inverse=True)
    apart = places - np.stack([places[which == k].mean(axis=0) for k in range(len(classes))])[which]
    _, spread, directions = np.linalg.svd(apart, full_matrices=False)
    variance = spread**2 / n
    if n - len(classes) < 2 or variance.sum() < 1e-9:
        return np.eye(width), np.eye(width)
    # residuals that mirror each other look as if they had no error at all, and a sphere of none cannot be turned back
    shrunk = max(_shrinkage(apart, variance), 1 / n)
    sphere = shrunk * variance.sum() / width
    ratio = np.sqrt(sphere / ((1 - shrunk) * variance + sphere))
    stretch = np.eye(width) + (directions.T * (ratio - 1)) @ directions
    back = np.eye(width) + (directions.T * (1 / ratio - 1)) @ directions
    length = np.sqrt(np.mean(((places @ stretch) ** 2).sum(axis=1)))
    return stretch / length, back * length


def _shrinkage(apart: np.ndarray, variance: np.ndarray) -> float:
    """How much of the covariance is to be a sphere.

    scikit-learn has it too, but takes seconds and 50 MB to be loaded, at the first label of every page.

    Args:
        apart: (n, D) residuals.
        variance: of the residuals along each of their own directions.

    Returns:
        0 to 1.
    """
    n, width = apart.shape
    error = (((apart**2).sum(axis=1) ** 2).mean() - (variance**2).sum()) / n
    unlike = (variance**2).sum() - variance.sum() ** 2 / width
    return float(np.clip(error / unlike, 0, 1)) if error < unlike else 1.0


def check_labels(vectors: np.ndarray, labels: Sequence[str]) -> list[str]:
    """The labels of places, trimmed.

    Args:
        vectors: (n, D) of the places.
        labels: n texts.

    Returns:
        n names.

    Raises:
        ValueError: no label, a table, another number of labels than places, one that is empty, or a place without any
            month.
    """
    if isinstance(labels, str | Set | Mapping):
        raise ValueError(
            f"the labels given are a {type(labels).__name__}, {labels!r:.60}; expected a list with one text for each "
            "place, in their order."
        )
    check_no_table(labels, "labels")
    # "nan" is what NumPy makes of NaN beside text
    names = [tidy(label) if isinstance(label, str) and label != "nan" else "" for label in labels]
    if not names or len(names) != len(vectors):
        raise ValueError(
            f"{len(names)} labels given for {len(vectors)} places; expected one for each, at least one."
        )
    if blank := [n for n, name in enumerate(names) if not name]:
        raise ValueError(
            f"the labels of places {blank[:5]} are empty or no text; expected words. Leave such places out."
        )
    if lost := np.flatnonzero(~np.isfinite(vectors).all(axis=1)).tolist():
        raise ValueError(f"places {lost[:5]} have no month that can be read. Leave them out.")
    check_free(names)
    return names


def say_meant(classes: Sequence[str], known: int) -> None:
    """Warn of new words that may be a class misspelt or in another language.

    Args:
        classes: names, the new words last.
        known: how many were classes before.
    """
    names = {name.casefold(): name for name in classes[:known]}
    for check in check_words(classes[known:]):
        if (meant := (check.suggestion or "").casefold()) in names:
            warnings.warn(
                f"the label {check.text!r} is now a class beside {names[meant]!r}, which may have been meant. "
                "If so, write it letter by letter and teach again.",
                stacklevel=3,
            )


def _spread(places: np.ndarray, labels: np.ndarray, folds: int) -> np.ndarray:
    """(n,) a part for each label, the labels of a class in parts of their own as far as there are so many.

    A place that stands there twice is in one part: its label must not be judged by itself.

    Returns:
        Numbers of parts, from 0.
    """
    first = _first(places)
    parts = np.empty(len(labels), dtype=int)
    for k in np.unique(labels):
        rows = np.flatnonzero(labels == k)
        parts[rows] = (np.unique(first[rows], return_inverse=True)[1] + k) % folds
    if len(np.unique(parts)) < 2:
        parts = np.unique(first, return_inverse=True)[1] % folds
    return parts


def _first(places: np.ndarray) -> np.ndarray:
    """(n,) the first row that holds the same place."""
    _, first, which = np.unique(places, axis=0, return_index=True, return_inverse=True)
    out: np.ndarray = first[which.reshape(-1)]
    return out
