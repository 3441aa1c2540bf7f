"""Less than the whole encoder: its last layers, or a linear probe on its vectors."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.timesenclip import encode_series
from timesen_nb.model.zeroshot import ZeroShot

if TYPE_CHECKING:
    from timesen_nb.model.timesenclip import TimeSenCLIP


def freeze(encoder: SeriesEncoder, train_layers: int | None) -> None:
    """Leave the head and so many of the last layers to be learned; None: everything. ValueError for too many."""
    layers = list(encoder.layers)
    if train_layers is not None and not 0 <= train_layers <= len(layers):
        raise ValueError(
            f"train_layers={train_layers}; expected 0 to {len(layers)} (this encoder's), or None for all."
        )
    encoder.requires_grad_(train_layers is None)
    if train_layers is not None:
        encoder.mlp_head.requires_grad_(True)
        for layer in layers[len(layers) - train_layers :]:
            layer.requires_grad_(True)


def linear_probe(model: TimeSenCLIP, pairs: Pairs, strength: float = 1.0) -> ZeroShot:
    """A classifier learned from labelled places on the vectors of a model that stays as it is.

    Logistic regression through the origin: like words, each class is one vector, so that the result is used as what
    ``model.zero_shot`` returns, on maps too. pairs: labelled, "" = unknown is left out. strength: the inverse of the
    regularisation (scikit-learn's C on vectors of unit length). Raises ValueError for fewer than two classes.
    """
    from sklearn.linear_model import LogisticRegression

    rows = np.flatnonzero(pairs.labels != "") if pairs.labels is not None else np.empty(0, dtype=int)
    classes = sorted(set(pairs.labels[rows].tolist())) if len(rows) else []
    if len(classes) < 2:
        raise ValueError(
            f"{len(classes)} classes among the labels; a probe needs at least two. Label more places."
        )
    vectors = model.encode(pairs.series(rows)).numpy()
    fitted = LogisticRegression(C=strength, fit_intercept=False, max_iter=1000).fit(
        vectors, pairs.labels[rows]
    )
    weights = fitted.coef_
    if len(classes) == 2:
        weights = np.concatenate([-weights / 2, weights / 2])
    return ZeroShot(classes, weights, 1.0, partial(encode_series, model.encoder))
