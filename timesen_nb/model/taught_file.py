"""Classifiers in files: words, what labels made of them, and which weights they belong to. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from timesen_nb.model.config import is_number
from timesen_nb.model.prompts import PHOTO
from timesen_nb.model.teach import Lesson
from timesen_nb.tensor_file import read_tensors, write_tensors

#: The key of our JSON among the safetensors metadata.
FORMAT = "timesen_nb.taught"
VERSION = 1
#: Cosine from which two vectors are of the same sentence.
SAME = 0.999


@dataclass(frozen=True)
class TaughtFile:
    """What a file holds of a classifier: no place's coordinates, and no weights of the model.

    Attributes:
        classes: K names.
        vectors: (K, D) the classes' vectors, words and labels together: the coefficients.
        scale: what cosines are multiplied by before the softmax.
        passing: (K,) bool: the words that may be the answer.
        prompts: the style of prompts that new words are read in.
        template: of the style "template", with {} for the name; None in files of before, which do not say it.
        lesson: what it was taught, and by vectors of which weights; without a label where it is made of words alone.
    """

    classes: list[str]
    vectors: np.ndarray
    scale: float
    passing: np.ndarray
    prompts: str
    template: str | None
    lesson: Lesson

    def write(self, path: str | Path) -> Path:
        """Write one safetensors file; it has its name only once it is complete.

        Args:
            path: of the file; folders are made.

        Returns:
            The path.
        """
        lesson = self.lesson
        tensors = {"vectors": self.vectors, "words": lesson.words, "places": lesson.places}
        tensors = {name: np.asarray(v, dtype=np.float32) for name, v in tensors.items()}
        tensors["labels"] = np.asarray(lesson.labels, dtype=np.int64)
        about = {"version": VERSION, "classes": self.classes, "passing": [bool(p) for p in self.passing],
                 "scale": self.scale, "lesson_scale": lesson.scale, "prompts": self.prompts,
                 "model": lesson.weights}  # fmt: skip
        if self.template is not None:
            about["template"] = self.template
        return write_tensors(path, tensors, FORMAT, about)

    def read_words(self, read: Callable[[list[str]], np.ndarray], words: list[str]) -> np.ndarray:
        """Vectors of new words, beside those that it has.

        Args:
            read: words -> vectors in its style and template; in that of free words where the file says none.
            words: n texts.

        Returns:
            (n, D).

        Raises:
            ValueError: the file does not say its template, and its own words lie elsewhere than ``read`` puts them.
        """
        if self.template is None and self.prompts == "template":
            again = read(self.classes)
            if ((again * self.lesson.words).sum(axis=1) < SAME).any():
                raise ValueError(
                    f"{', '.join(words)}: no class of this classifier, which was saved before files said in which "
                    f"template words are read, and its own were not read as {PHOTO!r}. Make it anew by "
                    "model.zero_shot(task, prompts='template') and teach it by the same labels."
                )
        return read(words)


def is_taught(path: Path) -> bool:
    """Whether a safetensors file holds a classifier, by what it says of itself."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            return FORMAT in (file.metadata() or {})
    except SafetensorError:
        return False


def read_taught(path: Path, model: str) -> TaughtFile:
    """What :meth:`TaughtFile.write` wrote.

    Args:
        path: of the file.
        model: fingerprint of the weights that it shall answer with.

    Returns:
        Its content.

    Raises:
        ValueError: it is damaged, of a later version, or belongs to other weights.
    """
    tensors, about = read_tensors(
        path, FORMAT, "holds no classifier; expected a file written by taught.save."
    )
    if not (isinstance(about, dict) and _whole(tensors, about)):
        raise ValueError(
            f"{path.name} does not hold what taught.save writes: its parts do not fit each other. Copy it again, or "
            "write it again by taught.save."
        )
    if about["version"] > VERSION:
        raise ValueError(
            f"{path.name} has format version {about['version']}; this timesen_nb reads up to {VERSION}. "
            "Upgrade timesen_nb."
        )
    if about["model"] != model:
        raise ValueError(
            f"{path.name} was taught by vectors of weights {about['model'][:12]}…; the model at hand has weights "
            f"{model[:12]}…, whose vectors mean something else. Give the model that it was taught with: "
            "tn.load(path, model=tn.load(...)); or teach this one by the same labels."
        )
    # files of before have one scale for both
    scale: float = about["scale"]
    of_lesson: float = about.get("lesson_scale", scale)
    lesson = Lesson(tensors["words"], of_lesson, tensors["places"], tensors["labels"], about["model"])
    passing = np.array(about["passing"], dtype=bool)
    template = about.get("template")
    return TaughtFile(
        about["classes"], tensors["vectors"], scale, passing, about["prompts"], template, lesson
    )


def _whole(tensors: dict[str, np.ndarray], about: dict[str, Any]) -> bool:
    """Whether everything is there, and of sizes that fit."""
    classes, passing = about.get("classes"), about.get("passing")
    said = isinstance(classes, list) and isinstance(passing, list) and len(classes) == len(passing) > 0
    said = said and all(isinstance(name, str) for name in classes or [])
    said = said and all(isinstance(about.get(key), str) for key in ("prompts", "model"))
    template = about.get("template", PHOTO)
    said = said and isinstance(template, str) and "{}" in template
    said = said and isinstance(about.get("version"), int) and is_number(about.get("scale"))
    said = said and is_number(about.get("lesson_scale", about.get("scale")))
    if not said or set(tensors) != {"vectors", "words", "places", "labels"}:
        return False
    vectors, words, places, labels = (tensors[name] for name in ("vectors", "words", "places", "labels"))
    k, fits = len(classes or []), vectors.ndim == 2 and vectors.shape == words.shape and len(vectors)
    fits = fits and len(vectors) == k and places.shape == (len(labels), vectors.shape[1]) and labels.ndim == 1
    fits = fits and labels.dtype.kind == "i" and bool(((labels >= 0) & (labels < k)).all())
    return bool(fits and all(np.isfinite(v).all() for v in (vectors, words, places)))
