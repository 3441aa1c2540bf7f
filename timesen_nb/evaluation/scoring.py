"""Vectors of places against the words of every task and prompt style at once: one matrix product a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from timesen_nb.evaluation.metrics import Judged, Tally, bootstrap
from timesen_nb.model.prompts import EncodeText, class_prompts, class_vectors
from timesen_nb.model.sets import softmax
from timesen_nb.tasks import Task

BATCH = 4096


@dataclass(frozen=True)
class Answers(Judged):
    """The predictions for the places that have a label in one task.

    Attributes:
        classes: K names.
        truth: (n,) class numbers.
        predicted: (n,) class numbers.
        rows: (n,) which of the N places that were scored.
        in_five: (n,) bool, the true class is among the five first.
        confidence: (n,) probability of the predicted class.
        transductive: (n,) class numbers by scores divided by their mean over all these places: the "normalised" answer
            of the released code, which needs the whole test set to answer for one place.
    """

    rows: np.ndarray
    in_five: np.ndarray
    confidence: np.ndarray
    transductive: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """(n,) whether the answer is right."""
        return self.predicted == self.truth

    def resampled(self, groups: np.ndarray | None = None, resamples: int = 500, seed: int = 0) -> Tally:
        """Tallies of resampled places: :func:`timesen_nb.evaluation.bootstrap`, their spread is how sure a score is.

        Args:
            groups: (N,) labels of what is drawn as a whole, such as spatial blocks, for all places that ``rows``
                counts; None draws place by place.
            resamples: how many.
            seed: the same one draws the same.

        Returns:
            Counts (resamples, K) each.
        """
        of = None if groups is None else groups[self.rows]
        return bootstrap(self.truth, self.predicted, len(self.classes), of, resamples, seed)


def encode_words(
    tasks: Iterable[Task], prompts: Sequence[str], encode_text: EncodeText, names_beside: bool = True
) -> dict[tuple[str, str], np.ndarray]:
    """Vectors of classes; every sentence of every task is encoded once, in one call.

    Args:
        tasks: whose classes.
        prompts: styles, of "names", "template" and "descriptions".
        encode_text: sentences -> vectors.
        names_beside: descriptions stand beside the class's name, as :meth:`TimeSenCLIP.zero_shot` has them; False
            leaves them alone, as the paper does.

    Returns:
        (task, prompt style) -> (K, D) unit vectors.
    """

    def sentences_of(task: Task, style: str) -> list[list[str]]:
        if style == "descriptions" and not names_beside:
            return [list(task.descriptions[c]) for c in task.classes]
        return class_prompts(task, style)[1]

    asked = [(task.name, style, sentences_of(task, style)) for task in tasks for style in prompts]
    flat = list(dict.fromkeys(s for _, _, groups in asked for sentences in groups for s in sentences))
    vector = dict(zip(flat, np.asarray(encode_text(flat), dtype=np.float32), strict=True))
    return {
        (name, style): class_vectors(groups, lambda sentences: np.stack([vector[s] for s in sentences]))
        for name, style, groups in asked
    }


def score(
    vectors: np.ndarray,
    words: Mapping[tuple[str, str], np.ndarray],
    truth: Mapping[str, np.ndarray],
    classes: Mapping[str, tuple[str, ...]],
    scales: Mapping[tuple[str, str], float],
) -> dict[tuple[str, str], Answers]:
    """Answers of places by the nearest words.

    Args:
        vectors: (N, D) unit vectors of places.
        words: as :func:`encode_words` gives them.
        truth: task -> (N,) class numbers, -1 = no label.
        classes: task -> K names.
        scales: what cosines are multiplied by for probabilities, by each of the words' keys.

    Returns:
        (task, prompt style) -> answers for the places with a label; tasks without any are left out.
    """
    parts: dict[tuple[str, str], list[tuple[np.ndarray, ...]]] = {key: [] for key in words}
    for task in {task: None for task, _ in words}:
        rows = np.flatnonzero(truth[task] >= 0)
        keys = [key for key in words if key[0] == task]
        stacked = np.concatenate([words[key] for key in keys])
        centre = vectors[rows].mean(axis=0) if len(rows) else vectors[:1].mean(axis=0)
        # mean score of each class: the mean of cosines is the cosine to the mean
        usual = stacked @ centre / 2 + 1
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]
            cosines, answer = vectors[some] @ stacked.T, truth[task][some]
            k = len(classes[task])
            for i, key in enumerate(keys):
                span = slice(i * k, (i + 1) * k)
                parts[key].append(_judge(cosines[:, span], answer, usual[span], scales[key]))
    answers = {}
    for (task, style), found in parts.items():
        if found:
            rows = np.flatnonzero(truth[task] >= 0)
            predicted, *more = (np.concatenate(column) for column in zip(*found, strict=True))
            answers[task, style] = Answers(classes[task], truth[task][rows], predicted, rows, *more)
    return answers


def _judge(cosines: np.ndarray, truth: np.ndarray, usual: np.ndarray, scale: float) -> tuple[np.ndarray, ...]:
    """predicted, in_five, confidence and transductive of a batch: cosines (n, K)."""
    each = np.arange(len(cosines))
    predicted = cosines.argmax(axis=1)
    in_five = (cosines > cosines[each, truth][:, None]).sum(axis=1) < 5
    return (
        predicted,
        in_five,
        softmax(scale * cosines).max(axis=1),
        ((cosines / 2 + 1) / usual).argmax(axis=1),
    )
