"""Probabilities one can trust: does 70 % come true seven times in ten, and the scale that makes it so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from timesen_nb.arrays import check_unmasked
from timesen_nb.bands import check_count
from timesen_nb.model.kept_vectors import as_read
from timesen_nb.model.truth import check_truth
from timesen_nb.model.zeroshot import ZeroShot


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """How often answers of each confidence are right.

    Args:
        confidence: (N,) probability of the predicted class, 0 to 1.
        right: (N,) bool, was it so.
        bins: of equal width from 0 to 1.

    Returns:
        A row a bin that holds places: low, high, places, confidence (mean), accuracy.

    Raises:
        ValueError: other lengths, confidences outside 0 to 1, what is neither true nor false, or bins that are no whole
            number from 1.
    """
    bins = check_count("bins", bins, "bins")
    for what, given in (("confidence", confidence), ("right", right)):
        check_unmasked(given, what)
    confidence, right = np.asarray(confidence, dtype=np.float64), _truths(right)
    if confidence.shape != right.shape or confidence.ndim != 1:
        raise ValueError(
            f"confidence {confidence.shape} and right {right.shape} were given; expected one of each a place, (N,)."
        )
    if len(confidence) and not (confidence.min() >= 0 and confidence.max() <= 1 + 1e-6):
        raise ValueError(
            f"confidences from {confidence.min():.3g} to {confidence.max():.3g}; expected 0 to 1. "
            "Give probabilities, not percentages or cosines."
        )
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    places = np.bincount(which, minlength=bins)
    used = np.flatnonzero(places)
    mean = np.bincount(which, confidence, bins)[used] / places[used]
    accuracy = np.bincount(which, right, bins)[used] / places[used]
    return pd.DataFrame({"low": used / bins, "high": (used + 1) / bins, "places": places[used],
                         "confidence": mean, "accuracy": accuracy})  # fmt: skip


def _truths(right: np.ndarray) -> np.ndarray:
    """(N,) bool; ValueError for NaN and texts, which would count as true."""
    given = np.asarray(right)
    if given.dtype.kind != "b" and not np.isin(given.tolist(), (0, 1)).all():
        raise ValueError(
            f"right holds {given.dtype}, such as {given.ravel().tolist()[0]!r}; expected True and False, or 1 and 0. "
            "Leave out places without an answer."
        )
    return given.astype(bool)


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: |accuracy - confidence| averaged over bins by their share of the places.

    Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599.

    Args:
        confidence: (N,) probability of the predicted class, 0 to 1.
        right: (N,) bool, was it so.
        bins: of equal width from 0 to 1.

    Returns:
        0 to 1; NaN without any place.

    Raises:
        ValueError: as :func:`reliability`.
    """
    if not len(confidence):
        return float("nan")
    table = reliability(confidence, right, bins)
    gap = (table["accuracy"] - table["confidence"]).abs()
    return float((gap * table["places"]).sum() / table["places"].sum())


def fit_logit_scale(zs: ZeroShot, vectors: np.ndarray, truth: np.ndarray) -> float:
    """The scale (one over the temperature) that makes the true classes of labelled places most likely.

    Temperature scaling: Guo et al. 2017, arXiv 1706.04599.

    Args:
        zs: the classifier whose scale is wanted.
        vectors: (N, D) of places that the model was not trained on, and not those that are reported on; NaN = no month,
            left out.
        truth: (N,) class numbers, -1 = none of these, left out.

    Returns:
        What cosines are multiplied by before the softmax, 0.1 to 1000.

    Raises:
        ValueError: no labelled place, or a truth that is no class number of each place.
    """
    return common_scale([(zs.vectors, vectors, truth)])


def common_scale(tasks: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> float:
    """The one scale that suits several tasks best: the sum of their mean log losses is least.

    Args:
        tasks: of each the vectors of its words (K, D), those of places (N, D) and truth (N,), as in
            :func:`fit_logit_scale`.

    Returns:
        What cosines are multiplied by before the softmax, 0.1 to 1000.

    Raises:
        ValueError: a task without a labelled place, or a truth that is no class number of each of its places.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    parts = []
    for words, vectors, truth in tasks:
        vectors = as_read(vectors, words.shape[1])
        truth = check_truth(truth, len(vectors), len(words))
        rows = np.flatnonzero((truth >= 0) & ~np.isnan(vectors).any(axis=1))
        if not len(rows):
            raise ValueError(
                "no labelled place to fit the scale on; give truth with class numbers from 0 up."
            )
        cosines = (vectors[rows] @ words.T).astype(np.float64)
        parts.append((cosines, cosines[np.arange(len(rows)), truth[rows]]))

    def loss(log_scale: float) -> float:
        scale = np.exp(log_scale)
        return sum(float((logsumexp(scale * cosines, axis=1) - scale * own).mean()) for cosines, own in parts)

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.1), np.log(1000)), method="bounded").x))


def calibrated(zs: ZeroShot, vectors: np.ndarray, truth: np.ndarray) -> ZeroShot:
    """The same words with the scale of :func:`fit_logit_scale`: classes keep their order, probabilities change.

    Args:
        zs: the classifier.
        vectors: (N, D) of labelled places, as in :func:`fit_logit_scale`.
        truth: (N,) class numbers, -1 = none of these, left out.

    Returns:
        A new classifier.

    Raises:
        ValueError: as :func:`fit_logit_scale`.
    """
    return zs.changed(scale=fit_logit_scale(zs, vectors, truth))
