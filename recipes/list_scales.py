"""The scales of :mod:`timesen_nb.model.list_scales`: how sure each list of real places may be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recipes.prediction_sets import RealScores
from timesen_nb.model.list_scales import ListScales
from timesen_nb.model.sets import softmax

FACTORS = np.exp(np.linspace(np.log(0.3), np.log(2.5), 65))
#: Looked at on halves of the real places: widths of 0.02 to 0.1 and weights of 0.05 to 0.3 give the same within 0.005.
WIDTH, ALL_LISTS = 0.05, 0.1


def fit_list_scales(scale: float, real: Sequence[RealScores], rows: Sequence[np.ndarray]) -> ListScales:
    """The scales by these rows (bool) of each real task.

    Args:
        scale: the model's calibrated logit scale.
        real: the tasks; each is a list of words.
        rows: of each task those to fit on; a task without any is left out, and one with places of one class alone.

    Returns:
        What the file of the model's confidence holds.
    """
    used = [
        (each, some)
        for each, some in zip(real, rows, strict=True)
        # places of one class alone do not say how sure the other words may be
        if some.any() and each.task.truth.max() > 0
    ]
    losses = []
    for each, some in used:
        cosines = each.encoded[some] @ each.words.T
        right = cosines.argmax(axis=1) == each.task.truth[some]
        losses.append([_loss(softmax(scale * factor * cosines).max(axis=1), right) for factor in FACTORS])
    return ListScales(
        FACTORS,
        np.array(losses),
        np.concatenate([each.words for each, _ in used]),
        np.repeat(np.arange(len(used)), [len(each.words) for each, _ in used]),
        np.array(WIDTH),
        np.array(ALL_LISTS),
    )


def _loss(sure: np.ndarray, right: np.ndarray) -> float:
    """Mean log loss of the most probable word."""
    sure = np.clip(sure, 1e-6, 1 - 1e-6)
    return -float(np.log(np.where(right, sure, 1 - sure)).mean())
