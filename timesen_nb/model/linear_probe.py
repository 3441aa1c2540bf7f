"""A classifier learned from labelled places on top of a model that stays as it is. Needs no torch of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.model.zeroshot import ZeroShot

if TYPE_CHECKING:
    from timesen_nb.datasets.pairs import Pairs
    from timesen_nb.model.timesenclip import TimeSenCLIP


def linear_probe(model: TimeSenCLIP, pairs: Pairs, strength: float = 1.0) -> ZeroShot:
    """A classifier learned from labelled places on the vectors of a model.

    Logistic regression through the origin: like words, each class is one vector, so that the result is used as what
    ``model.zero_shot`` returns, on maps too.

    Args:
        model: whose vectors they are.
        pairs: labelled; "" = unknown is left out.
        strength: the inverse of the regularisation (scikit-learn's C on vectors of unit length).

    Returns:
        A classifier of the classes that occur, in alphabetical order.

    Raises:
        ValueError: fewer than two classes.
    """
    from sklearn.linear_model import LogisticRegression

    rows = np.flatnonzero(pairs.labels != "") if pairs.labels is not None else np.empty(0, dtype=int)
    classes = sorted(set(pairs.labels[rows].tolist())) if len(rows) else []
    if len(classes) < 2:
        raise ValueError(
            f"{len(classes)} classes among the labels; a probe needs at least two. Label more places."
        )
    regression = LogisticRegression(C=strength, fit_intercept=False, max_iter=1000)
    weights = regression.fit(model.encode(pairs.series(rows)), pairs.labels[rows]).coef_
    if len(classes) == 2:
        weights = np.concatenate([-weights / 2, weights / 2])
    return ZeroShot(classes, weights, 1.0, model.weights.encode, fingerprint=model.weights.fingerprint)
