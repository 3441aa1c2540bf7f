"""How good the model is as it trains: zero-shot accuracy, and how often the nearest photo is of the right class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.zeroshot import class_prompts, class_vectors
from timesen_nb.training.pooling import AveragePool

if TYPE_CHECKING:
    from timesen_nb.model.towers import Tower
    from timesen_nb.tasks import Task

BATCH = 1024


class Words:
    """Classes: names (K) and vectors (K, D).

    classes: a task, its name, or names; None: the labels that occur among the pairs. ValueError for pairs without
    labels, and for labels that are not among the classes.
    """

    def __init__(self, pairs: Pairs, classes: Task | str | Sequence[str] | None, tower: Tower) -> None:
        if isinstance(classes, str):
            from timesen_nb.tasks import tasks

            classes = tasks[classes]
        self.names, sentences = class_prompts(_labels(pairs) if classes is None else classes, "descriptions")
        self.answers(pairs)
        self.vectors = torch.from_numpy(class_vectors(sentences, tower.encode_text))

    def answers(self, pairs: Pairs) -> Tensor:
        """(N,) the class number of each place, -1 = unknown."""
        number = {name: k for k, name in enumerate(self.names)} | {"": -1}
        foreign = [name for name in _labels(pairs) if name not in number]
        if foreign:
            raise ValueError(
                f"labels {', '.join(map(repr, foreign[:5]))} are not among the classes {', '.join(self.names[:5])}... "
                "Use the names of the classes as labels, '' where a place has none of them."
            )
        return torch.tensor([number[name] for name in pairs.labels.tolist()])


def _labels(pairs: Pairs) -> list[str]:
    """The class names that occur, in alphabetical order."""
    found = set() if pairs.labels is None else set(pairs.labels.tolist()) - {""}
    if not found:
        raise ValueError("the pairs have no labels; give Pairs(..., labels=class names), '' where unknown.")
    return sorted(found)


class Validation:
    """Measures an encoder on labelled pairs.

    accuracy: share of places whose class is the one of the nearest words. recall: satellite-to-ground Recall@1 by class
    (:func:`timesen_nb.evaluation.recall`), NaN without photos.
    """

    def __init__(self, pairs: Pairs, words: Words) -> None:
        answers = words.answers(pairs)
        self.pairs, self.answers = pairs.take(answers >= 0), answers[answers >= 0]
        self.words = words.vectors
        self.ground = None if pairs.embeddings is None else AveragePool()(self.pairs.photos(slice(None)))

    def __call__(self, encoder: SeriesEncoder, device: torch.device) -> tuple[float, float]:
        """(accuracy, recall) of the encoder as it is now, in float32."""
        training = encoder.training
        encoder.eval()
        with torch.inference_mode():
            parts = torch.arange(len(self.pairs)).split(BATCH)
            vectors = torch.cat([encoder(self.pairs.series(rows).to(device)).float().cpu() for rows in parts])
        encoder.train(training)
        right = (vectors @ self.words.T).argmax(dim=1) == self.answers
        return float(right.float().mean()), self._recall(vectors)

    def _recall(self, vectors: Tensor) -> float:
        if self.ground is None:
            return float("nan")
        from timesen_nb.evaluation.retrieval import recall

        table = recall(vectors.numpy(), self.ground.numpy(), {"class": self.pairs.labels}, ks=(1,))
        return float(table["R@1"].get("class", float("nan")))
