"""What a model says of its own limits, measured: coverage and size of sets, places turned away, places it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from timesen_nb.evaluation.encoding import CHUNK, COMPOSITES, Labelled, read_series
from timesen_nb.evaluation.scoring import Answers
from timesen_nb.model.confidence import Confidence
from timesen_nb.model.inputs import months_there
from timesen_nb.model.sets import softmax

#: What :func:`trust_scores` gives; sets are to hold the truth this often.
TRUST, COVERAGE = ("coverage", "set_size", "rejection", "inside"), 0.9


@dataclass(frozen=True)
class Seen:
    """Of n places by one number of composites: how many months each has, and whether the model knows such light."""

    months: np.ndarray
    inside: np.ndarray


def fitted(model: Any) -> Confidence | None:
    """What was fitted for a model; None where nothing was, as for baselines and other weights."""
    weights = getattr(model, "weights", None)
    return weights.known_confidence() if weights is not None else None


def look(
    limits: Confidence, dataset: Labelled, rows: np.ndarray, vectors: Mapping[int, np.ndarray]
) -> dict[int, Seen]:
    """What can be seen in the series of these places.

    Args:
        limits: what was fitted for the model.
        dataset: labelled places, whose series are read once more.
        rows: of the data set.
        vectors: number of composites -> (n, D) of these places.

    Returns:
        By number of composites.
    """
    found: dict[int, list[Seen]] = {t: [] for t in vectors}
    for start in range(0, len(rows), CHUNK):
        some = slice(start, start + CHUNK)
        values = read_series(dataset, rows[some], 1)
        for t, encoded in vectors.items():
            composites = COMPOSITES[t](values)
            inside = limits.space.measure(composites, encoded[some]).inside
            found[t].append(Seen(months_there(composites), inside))
    return {t: Seen(*(np.concatenate([getattr(s, f) for s in seen]) for f in ("months", "inside")))
            for t, seen in found.items()}  # fmt: skip


def trust_scores(
    limits: Confidence, seen: Seen, vectors: np.ndarray, words: np.ndarray, found: Answers
) -> dict[str, float]:
    """The scores named in :data:`TRUST`, over the places of these answers.

    Args:
        limits: what was fitted for the model.
        seen: of all places that were read.
        vectors: (n, D) of the same.
        words: (K, D) unit vectors of the classes.
        found: the answers, with the rows that they are of.

    Returns:
        ``coverage``: share of sets for 0.9 that hold the true class. ``set_size``: mean number of classes in one.
        ``rejection``: share of places that would be "none of these". ``inside``: share inside the area of
        applicability.
    """
    v = vectors[found.rows]
    cosines = v @ words.T
    p = softmax(limits.space.scale * cosines)
    sets = limits.thresholds.sets(p, words, seen.months[found.rows], COVERAGE)
    lead = (v @ limits.others(words).T).max(axis=1, initial=-np.inf) - cosines.max(axis=1)
    figures: Sequence[np.ndarray] = (
        sets[np.arange(len(sets)), found.truth], sets.sum(axis=1), lead > limits.margin, seen.inside[found.rows],
    )  # fmt: skip
    return {name: float(np.mean(f)) for name, f in zip(TRUST, figures, strict=True)}
