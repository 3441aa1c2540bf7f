"""Words -> classifier -> probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from timesen_nb.model.inputs import as_arrays, check_counts, months_there
from timesen_nb.model.kept_vectors import as_read
from timesen_nb.model.prompts import NONE_OF_THESE, PHOTO, check_classes
from timesen_nb.model.sets import softmax
from timesen_nb.model.taught_file import TaughtFile
from timesen_nb.model.teach import Lesson, check_labels, say_meant

if TYPE_CHECKING:
    from timesen_nb.model.confidence import Confidence

Encode = Callable[..., np.ndarray]


class ZeroShot:
    """A classifier made of words. Made by ``model.zero_shot(...)``.

    Attributes:
        classes: the K names, in order.
        vectors: (K, D) unit float32, one a class.
        scale: what cosines are multiplied by before the softmax, calibrated so that probabilities mean what they say.
        encode: series -> vectors, the model's.
        passing: (K,) bool: the words that may be the answer: each is known, and names something that land can be.
        limits: gives what was fitted for the model, for :meth:`prediction_sets`.
        list_factor: how much surer a list of words (K, D) may be than lists are by the model's calibrated logit scale.
        read_words: n words -> (n, D) unit vectors, for labels that are no class yet. It stays behind when the
            classifier is pickled, for a tower is large.
        lesson: what it was taught by labelled places; None for words alone.
        prompts: the style of its prompts.
        template: of the style "template", with {} for the name: a task's own, or that of free words; None where it was
            loaded from a file that does not say it.
        fingerprint: says which weights it belongs to, for :meth:`save`.
    """

    def __init__(
        self, classes: Sequence[str], vectors: np.ndarray, scale: float, encode: Encode, *,
        passing: Sequence[bool] | np.ndarray | None = None, limits: Callable[[str], Confidence] | None = None,
        list_factor: Callable[[np.ndarray], float] | None = None,
        read_words: Callable[[list[str]], np.ndarray] | None = None, lesson: Lesson | None = None,
        prompts: str = "descriptions", template: str | None = PHOTO,
        fingerprint: Callable[[], str] | None = None,
    ) -> None:  # fmt: skip
        self.classes = list(classes)
        self.vectors = np.asarray(vectors, dtype=np.float32)
        self.scale = float(scale)
        self.encode = encode
        self.passing = np.ones(len(self.classes), bool) if passing is None else np.asarray(passing, bool)
        self.limits = limits
        self.list_factor = list_factor or _alike
        self.read_words = read_words or _unread
        self.lesson = lesson
        self.prompts, self.template = prompts, template
        self.fingerprint = fingerprint

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "read_words": _unread}

    def probabilities(
        self, values: Any, valid: Any = None, months: Sequence[int] | None = None
    ) -> np.ndarray:
        """How well each class fits each series.

        Args:
            values: series as ``model.encode`` takes them: a PixelSeries, a list of them, or (N, T, 10) reflectance x
                10000, NaN = missing.
            valid: with arrays, (N, T) bool; False = that composite is missing.
            months: calendar month (1 to 12) of each composite.

        Returns:
            (N, K) float32, rows sum to 1.

        Raises:
            ValueError: series that ``model.encode`` refuses.
        """
        return self.of_vectors(self.encode(values, valid=valid, months=months))

    def of_vectors(self, vectors: Any) -> np.ndarray:
        """How well each class fits series that are encoded already: a new word costs one matrix product.

        Args:
            vectors: (N, D), of which the direction counts, or as a map keeps them: int8, 0 = none.

        Returns:
            (N, K) float32, rows sum to 1; a row with NaN, or without direction, is NaN.

        Raises:
            ValueError: vectors of another length, or what holds no numbers.
        """
        return softmax(self.scale * as_read(vectors, self.vectors.shape[1]) @ self.vectors.T)

    def __repr__(self) -> str:
        first = ", ".join(self.classes[:4])
        return f"<ZeroShot: {len(self.classes)} classes: {first}{', ...' if len(self.classes) > 4 else ''}>"

    def _repr_html_(self) -> str:
        """The classes, numbered: what a notebook shows."""
        said = [
            escape(c) if p else f"{escape(c)} (never the answer)"
            for c, p in zip(self.classes, self.passing, strict=True)
        ]
        rows = "".join(f"<tr><td>{k}</td><td>{name}</td></tr>" for k, name in enumerate(said))
        return (
            f"<div><b>zero-shot classifier of {len(self.classes)} classes</b>, calibrated logit scale "
            f"{self.scale:.1f}<table><tr><th></th><th>class</th></tr>{rows}</table></div>"
        )

    def predict(self, values: Any, valid: Any = None, months: Sequence[int] | None = None) -> list[str]:
        """The most probable class of each series among the words that pass; "none of these" where none passes.

        Args:
            values: as for :meth:`probabilities`.
            valid: as for :meth:`probabilities`.
            months: as for :meth:`probabilities`.

        Returns:
            N names.

        Raises:
            ValueError: series that ``model.encode`` refuses.
        """
        chosen = self.choose(self.probabilities(values, valid, months))
        return [self.classes[k] if k >= 0 else NONE_OF_THESE for k in chosen]

    def teach(
        self, values: Any, labels: Sequence[str], valid: Any = None, months: Sequence[int] | None = None
    ) -> ZeroShot:
        """A classifier that starts from these words and moves to labelled places as they come.

        Args:
            values: series of the labelled places, as in :meth:`probabilities`.
            labels: one for each: classes of this classifier, or new words.
            valid: with arrays, (N, T) bool.
            months: calendar month (1 to 12) of each composite.

        Returns:
            A classifier with the same methods. It can be taught further; ``lesson`` says what it was taught, and
            ``lesson.doubts()`` which labels hardly fit their light. A warning says of a new word that may be a class
            misspelt or in another language.

        Raises:
            ValueError: no label, another number of labels than series, or a series without any month.
        """
        vectors = self.encode(values, valid=valid, months=months, allow_empty=True)
        taught = self.teach_vectors(vectors, labels, quiet=True)
        say_meant(taught.classes, len(self.classes))
        return taught

    def teach_vectors(self, vectors: Any, labels: Sequence[str], *, quiet: bool = False) -> ZeroShot:
        """:meth:`teach`, by places that are encoded already.

        Args:
            vectors: (n, D), as for :meth:`of_vectors`.
            labels: n classes of this classifier, or new words, which stand last.
            quiet: no warning of a new word that may be a class misspelt; for those who say so themselves.

        Returns:
            The taught classifier.

        Raises:
            ValueError: as :meth:`teach`; or a new word where new words cannot be read; or a classifier that may answer
                "none of these", or whose model was trained since it was taught.
        """
        self._check_closed("taught")
        vectors, weights = as_read(vectors, self.vectors.shape[1]), self._weights()
        names = check_labels(vectors, labels)
        known = {name.casefold(): k for k, name in enumerate(self.classes)}
        new = list({name.casefold(): name for name in names if name.casefold() not in known}.values())
        classes = check_classes([*self.classes, *new])
        known |= {name.casefold(): len(self.classes) + k for k, name in enumerate(new)}
        numbers = np.array([known[name.casefold()] for name in names])
        words = self._words
        if new:
            words = np.concatenate([words, self.read_words(new)])
        passing = np.concatenate([self.passing, np.ones(len(new), dtype=bool)])
        passing[numbers] = True  # somebody has seen it there
        factor = self._factor_of(words)
        scale = factor * self.scale
        if self.lesson:
            vectors = np.concatenate([self.lesson.places, vectors])
            numbers = np.concatenate([self.lesson.labels, numbers])
        lesson = Lesson(words, factor * self._lesson_scale, vectors, numbers, weights)
        if not quiet:
            say_meant(classes, len(self.classes))
        return self.changed(classes=classes, vectors=lesson.vectors(), scale=scale, passing=passing,
                            lesson=lesson)  # fmt: skip

    def only(self, classes: Sequence[str]) -> ZeroShot:
        """A classifier of some of these classes, as if the others had never been asked for or taught.

        Args:
            classes: names of some, in the order wanted.

        Returns:
            The classifier; its probabilities are as sure as a list of these words may be.

        Raises:
            ValueError: a class that this classifier lacks, one twice, none at all; or a classifier that may answer
                "none of these".
        """
        self._check_closed("cut")
        number = {name.casefold(): k for k, name in enumerate(self.classes)}
        names = check_classes(classes)
        if strange := [name for name in names if name.casefold() not in number]:
            raise ValueError(f"{strange[:5]}: no classes of this classifier; it has {self.classes[:20]}.")
        kept = np.array([number[name.casefold()] for name in names])
        words = self._words[kept]
        factor = self._factor_of(words)
        lesson = self.lesson.only(kept, factor * self._lesson_scale) if self.lesson else None
        return self.changed(classes=[self.classes[k] for k in kept], vectors=lesson.vectors() if lesson else words,
                            scale=factor * self.scale, passing=self.passing[kept], lesson=lesson)  # fmt: skip

    @property
    def _words(self) -> np.ndarray:
        """(K, D) of the words alone."""
        return self.lesson.words if self.lesson else self.vectors

    def _factor_of(self, words: np.ndarray) -> float:
        """How much surer another list of words (K, D) may be than this one."""
        return self.list_factor(words) / self.list_factor(self._words)

    @property
    def _lesson_scale(self) -> float:
        """What cosines were multiplied by when it was taught: it may have been calibrated since."""
        return self.lesson.scale if self.lesson else self.scale

    def _weights(self) -> str:
        """Fingerprint of the model, as it was when places were encoded for teaching; "" where nobody knows it."""
        now = self.fingerprint() if self.fingerprint is not None else ""
        if self.lesson and self.lesson.weights != now:
            raise ValueError(
                "the model was trained since this classifier was taught, so that the vectors of its places mean "
                "something else. Teach it anew: model.zero_shot(words).teach(series, labels)."
            )
        return now

    def changed(self, **attributes: Any) -> Self:
        """The same classifier with other attributes.

        Args:
            attributes: by name.

        Returns:
            A new one.
        """
        out = copy(self)
        # a copy leaves the reader of words behind, as a pickle does
        out.__dict__.update({"read_words": self.read_words, **attributes})
        return out

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file of this classifier: its words, labels and coefficients; ``tn.load`` reads it.

        It holds the vectors of the labelled places, not where they lie, and says by a fingerprint which weights they
        come from.

        Args:
            path: of the file, which ends in .safetensors; folders are made.

        Returns:
            The path.

        Raises:
            ValueError: another name, a classifier that was not made by ``model.zero_shot``, one that may answer "none
                of these", or one whose model was trained since it was taught.
        """
        path = Path(path).expanduser()
        if path.suffix != ".safetensors":
            raise ValueError(f"the file given is {path.name!r}; expected a name that ends in .safetensors.")
        self._check_closed("saved")
        if self.fingerprint is None or self.limits is None:
            raise ValueError(
                "this classifier does not know which model it belongs to; expected one made by model.zero_shot(words), "
                "taught or not. Make it so, then save it."
            )
        nothing = np.empty((0, self.vectors.shape[1]), np.float32)
        weights = self._weights()
        lesson = self.lesson or Lesson(self.vectors, self.scale, nothing, np.empty(0, int), weights)
        file = TaughtFile(
            self.classes, self.vectors, self.scale, self.passing, self.prompts, self.template, lesson
        )
        return file.write(path)

    def _check_closed(self, what: str) -> None:
        if len(self.vectors) != len(self.classes):
            raise ValueError(
                f'a classifier that may answer "{NONE_OF_THESE}" cannot be {what}; '
                "use model.zero_shot(words) without open_set=True."
            )

    def choose(self, p: np.ndarray) -> np.ndarray:
        """The most probable class among those that pass.

        A word that stands in no list or names nothing that land can be is never the answer, however near it lies.

        Args:
            p: (N, K) probabilities.

        Returns:
            (N,) class numbers, -1 where no word passes, and where a row is NaN.
        """
        if not self.passing.any():
            return np.full(len(p), -1)
        out: np.ndarray = np.where(self.passing, p, -1).argmax(axis=1)
        return np.where(np.isnan(p).any(axis=1), -1, out)

    def prediction_sets(
        self, values: Any, valid: Any = None, coverage: float = 0.9, months: Sequence[int] | None = None
    ) -> np.ndarray:
        """Sets of classes that hold the true one this often (conformal prediction).

        The promise holds on average over places like those of the calibration, real pixels of Europe and of ten regions
        elsewhere, if the true class is among the words; not for each class, region or place. Light that the model does
        not know (``model.applicability``) is outside it. For a fixed task with labels of your own:
        :func:`timesen_nb.evaluation.marginal_sets`.

        Args:
            values: as for :meth:`probabilities`.
            valid: with arrays, (N, T) bool.
            coverage: 0.5 to 0.99.
            months: calendar month (1 to 12) of each composite.

        Returns:
            (N, K) bool, a column for each of ``classes``.

        Raises:
            ValueError: another coverage, or nothing was fitted for this model.
        """
        vectors = self.encode(values, valid=valid, months=months)
        return self.sets_of_vectors(vectors, months_there(*as_arrays(values, valid, months)), coverage)

    def sets_of_vectors(self, vectors: Any, months: Any, coverage: float = 0.9) -> np.ndarray:
        """:meth:`prediction_sets` of series that are encoded already.

        Args:
            vectors: (N, D), as for :meth:`of_vectors`.
            months: (N,) how many months each has; 0 = one annual composite.
            coverage: 0.5 to 0.99.

        Returns:
            (N, K) bool, a column for each of ``classes``.

        Raises:
            ValueError: another coverage, other numbers of months, nothing was fitted for this model, or it was taught
                by labels.
        """
        if self.lesson:
            raise ValueError(
                "prediction sets were fitted for words alone, and this classifier was taught; keep some labelled "
                "places apart and use timesen_nb.evaluation.marginal_sets with their probabilities."
            )
        months = check_counts(months, len(vectors))
        fitted = self._fitted("prediction sets")
        # by the scale that the thresholds were fitted with, whatever that of the probabilities is now
        vectors = as_read(vectors, self.vectors.shape[1])
        p = softmax(fitted.space.scale * vectors @ self.vectors.T)
        sets = fitted.thresholds.sets(p, self.vectors, months, coverage)
        others = np.arange(len(self.vectors), len(self.classes))
        if not len(others):
            return sets
        # what is no word, "none of these", is in the set where it is the answer
        return np.concatenate([sets, self.choose(self.of_vectors(vectors))[:, None] == others], axis=1)

    def _fitted(self, what: str) -> Confidence:
        if self.limits is None:
            raise ValueError(f"no {what} for this classifier; make it by model.zero_shot(words).")
        return self.limits(what)


def _alike(words: np.ndarray) -> float:
    """The factor of lists where nothing was fitted."""
    return 1.0


def _unread(words: list[str]) -> np.ndarray:
    raise ValueError(
        f"{', '.join(words)}: no class of this classifier, and it cannot read new words. Add them to "
        "model.zero_shot([...]) first."
    )
