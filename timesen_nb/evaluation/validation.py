"""How good an encoder is as it trains: zero-shot accuracy, and how often the nearest photo is of the right class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.evaluation.retrieval import recall
from timesen_nb.model.prompts import class_prompts, class_vectors

if TYPE_CHECKING:
    from timesen_nb.datasets.pairs import Pairs
    from timesen_nb.model.encoder import SeriesEncoder
    from timesen_nb.model.towers import Tower
    from timesen_nb.tasks import Task

BATCH = 1024


class LabelledClasses:
    """The classes that pairs are labelled by, and where a tower puts their words.

    Attributes:
        names: K class names.
        vectors: (K, D) unit vectors.
    """

    def __init__(self, pairs: Pairs, classes: Task | str | Sequence[str] | None, tower: Tower) -> None:
        """Of a task, its name, or names; None: the labels that occur.

        Raises:
            ValueError: pairs without labels, labels that are not among the classes, or photo vectors of another tower.
        """
        pairs.check_tower(tower)
        if isinstance(classes, str):
            from timesen_nb.tasks import tasks

            classes = tasks[classes]
        labels = sorted(set([] if pairs.labels is None else pairs.labels.tolist()) - {""})
        if not labels:
            raise ValueError(
                "the pairs have no labels; give Pairs(..., labels=class names), '' where unknown."
            )
        self.names, sentences = class_prompts(labels if classes is None else classes, "descriptions")
        foreign = [name for name in labels if name not in self.names]
        if foreign:
            raise ValueError(
                f"labels {', '.join(map(repr, foreign[:5]))} are not among the classes {', '.join(self.names[:5])}... "
                "Use the names of the classes as labels, '' where a place has none of them."
            )
        self.vectors = class_vectors(sentences, tower.encode_text)

    def numbers(self, pairs: Pairs) -> np.ndarray:
        """(N,) the class number of each place, -1 = unknown."""
        number = {name: k for k, name in enumerate(self.names)}
        return np.array([number.get(label, -1) for label in pairs.labels.tolist()])


class Validation:
    """Measures encoders on labelled pairs."""

    def __init__(self, pairs: Pairs, classes: LabelledClasses) -> None:
        numbers = classes.numbers(pairs)
        self.pairs, self.numbers = pairs.take(numbers >= 0), numbers[numbers >= 0]
        self.words, self.photos = classes.vectors, None
        if pairs.embeddings is not None:
            photos = self.pairs.photos()
            if photos.ndim == 3:
                known = ~np.isnan(photos).any(axis=-1, keepdims=True)
                photos = photos.sum(axis=1, where=known)
            self.photos = photos / np.linalg.norm(photos, axis=-1, keepdims=True)

    def __call__(self, encoder: SeriesEncoder, device: Any = "cpu") -> tuple[float, float]:
        """Accuracy and recall of an encoder as it is now, in float32.

        Returns:
            The share of places whose class is that of the nearest words, and satellite-to-ground Recall@1 by class
            (:func:`timesen_nb.evaluation.recall`), NaN without photos.
        """
        import torch

        training = encoder.training
        encoder.eval()
        with torch.inference_mode():
            starts = range(0, len(self.pairs), BATCH)
            parts = (torch.from_numpy(self.pairs.series(slice(i, i + BATCH))).to(device) for i in starts)
            vectors = torch.cat([encoder(part).float().cpu() for part in parts]).numpy()
        encoder.train(training)
        # no number is no answer, though the largest of such a row is called the first class
        answered = ~np.isnan(vectors).any(axis=1)
        right = answered & ((vectors @ self.words.T).argmax(axis=1) == self.numbers)
        accuracy = float(right.mean())
        if self.photos is None or not answered.any():
            return accuracy, float("nan")
        some, labels = np.flatnonzero(answered), np.asarray(self.pairs.labels)
        table = recall(vectors[some], self.photos[some], {"class": labels[some]}, ks=(1,))
        return accuracy, float(table["R@1"].get("class", float("nan")))
