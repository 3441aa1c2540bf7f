"""What is asked of every place: a task or words of one's own, and what labels have taught them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import category

import numpy as np

from timesen_nb.model.prompts import NONE_OF_THESE, check_classes, check_style
from timesen_nb.model.words import ARTICLES, NegationLost, NeverTheAnswer, WordCheck, check_words, words_of
from timesen_nb.model.zeroshot import ZeroShot
from timesen_nb.tasks import tasks
from timesen_nb.tasks.names import tidy

if TYPE_CHECKING:
    from timesen_nb.model.timesenclip import TimeSenCLIP
    from timesen_nb.tasks import Task

MOST_CLASSES = 200  # more bars than anyone reads, and a second of work for a large text tower
LONGEST_CLASS = 200  # characters; text towers read about 77 tokens
OWN_WORDS = "your own words"
#: What a list of one's own begins with: what most of the land is.
STARTER = ("crop field", "grassland", "woodland", "houses and gardens", "water")


class Taught(NamedTuple):
    """A classifier, with the words and the labels that it was made of."""

    untaught: ZeroShot
    vectors: np.ndarray
    labels: list[str]
    words: ZeroShot


class Question:
    """Words as a classifier.

    Args:
        model: whose text tower reads the words.
        classes: a task, its name, or a list of your own.
        prompts: "descriptions", "template" or "names".

    Attributes:
        task: a name of ``timesen_nb.tasks``, or :data:`OWN_WORDS`.
        prompts: the prompt style.
        words: the classifier, moved to the labels where there are any.
        checks: what is known of your own words, one a class; none for a task.
        meant: the classifier without the classes that mean nothing: they have no probability, and take none from the
            others. None where nothing means anything.
    """

    def __init__(
        self, model: TimeSenCLIP, classes: Task | str | Sequence[str], prompts: str = "descriptions"
    ) -> None:
        self._model, self.prompts = model, check_style(prompts)
        self._lesson: Mapping[int, tuple[np.ndarray, str]] = {}
        self.ask(classes)

    @property
    def classes(self) -> list[str]:
        """The names that are scored, in order."""
        return self.words.classes

    @property
    def untaught(self) -> list[str]:
        """The names that were asked for, without those that labels brought."""
        return self._untaught.classes

    @property
    def empty(self) -> list[int]:
        """Classes of which not one word is known."""
        return [k for k, check in enumerate(self.checks) if not check.meaningful]

    @property
    def alone(self) -> bool:
        """Whether there is one class only that means anything: then a share says nothing."""
        return len(self.classes) - len(self.empty) == 1

    def shares(self, vectors: np.ndarray) -> np.ndarray:
        """How well each class fits places that are encoded already: what the screen says, wherever it says it.

        Args:
            vectors: (N, D) unit vectors.

        Returns:
            (N, K) float32, rows sum to 1; 0 for classes that mean nothing.
        """
        return self._spread(vectors, np.float32, lambda words: words.of_vectors(vectors))

    def members(self, vectors: np.ndarray, months: np.ndarray) -> np.ndarray:
        """(N, K) bool: the classes of the sets, as :meth:`ZeroShot.sets_of_vectors`; never one that means nothing."""
        return self._spread(vectors, np.bool_, lambda words: words.sets_of_vectors(vectors, months))

    def _spread(self, vectors: np.ndarray, kind: type, of: Callable[[ZeroShot], np.ndarray]) -> np.ndarray:
        """(N, K): what is said of the classes that mean something, 0 for the others."""
        out: np.ndarray = np.zeros((len(vectors), len(self.classes)), dtype=kind)
        if self.meant is not None:
            out[:, np.delete(np.arange(len(self.classes)), self.empty)] = of(self.meant)
        return out

    @property
    def asked(self) -> Task | str | Sequence[str]:
        """What the words were made of: a task, its name, or own classes."""
        return self._asked

    @property
    def labels(self) -> int:
        """How many labels taught the words."""
        return len(self._lesson)

    @property
    def added(self) -> list[str]:
        """Classes that labels brought, each with the one that may have been meant, if that is seen."""
        asked, added = {_core(name): name for name in self.untaught}, []
        for name in self.classes[len(self.untaught) :]:
            meant = asked.get(_core(name)) or check_words([name])[0].suggestion
            added.append(f"{name!r} (did you mean {meant!r}?)" if meant else repr(name))
        return added

    @property
    def own(self) -> bool:
        """Whether these are one's own words."""
        return self.task not in tasks

    @property
    def title(self) -> str:
        """The question in a few words: the task's name, or the first of the words."""
        if not self.own:
            return self.task.replace("_", " ").capitalize()
        more = f" and {len(self.classes) - 3} more" if len(self.classes) > 3 else ""
        return ", ".join(self.classes[:3]) + more

    def ask(self, classes: Task | str | Sequence[str], prompts: str | None = None) -> None:
        """Ask something else; ValueError for what cannot be asked, and all stays as it was.

        Args:
            classes: a task, its name, or a list of your own.
            prompts: another prompt style; None: as it is.
        """
        style = check_style(prompts or self.prompts)
        with warnings.catch_warnings():
            # the page says so beside the word
            for kind in (NeverTheAnswer, NegationLost):
                warnings.simplefilter("ignore", kind)
            untaught, before = self._model.zero_shot(classes, prompts=style), vars(self).copy()
        self._untaught: ZeroShot = untaught
        self._asked, self.prompts = classes, style
        self.task = classes if isinstance(classes, str) else getattr(classes, "name", OWN_WORDS)
        try:
            self.learn(self._lesson)
        except ValueError:
            vars(self).update(before)
            raise

    def restyle(self, prompts: str) -> None:
        """The same classes by another prompt style; ValueError where there is no such style."""
        self.ask(self._asked, prompts)

    def taught(self, lesson: Mapping[int, tuple[np.ndarray, str]]) -> Taught:
        """The words moved to labels, which takes long for thousands; nothing changes, so it runs on any thread.

        Args:
            lesson: vector (D,) and label of places, by their numbers; none: the words as they are.

        Returns:
            The classifier, and what it was made of.
        """
        untaught, (vectors, labels) = self._untaught, _parted(lesson)
        # the page says itself what may have been meant
        words = untaught.teach_vectors(vectors, labels, quiet=True) if labels else untaught
        return Taught(untaught, vectors, labels, words)

    def learn(self, lesson: Mapping[int, tuple[np.ndarray, str]], ready: Taught | None = None) -> None:
        """Move the words to labels; ValueError for labels that cannot be learned, and all stays as it was.

        Args:
            lesson: as for :meth:`taught`.
            ready: what that gave; it is used where words and labels are still the same.
        """
        vectors, labels = _parted(lesson)
        same = ready is not None and ready.untaught is self._untaught and ready.labels == labels
        if ready is None or not same or not np.array_equal(ready.vectors, vectors):
            ready = self.taught(lesson)
        self._lesson, self.words = lesson, ready.words
        asked = tasks[self._asked] if isinstance(self._asked, str) else self._asked
        checks = check_words(asked if hasattr(asked, "descriptions") else self._untaught.classes)
        seen = {label.casefold() for label in labels}
        # what somebody has seen there is an answer, whatever stands in lists of words
        self.checks = [
            checks[k] if k < len(checks) and name.casefold() not in seen else WordCheck(name)
            for k, name in enumerate(self.words.classes)
        ]
        kept = [name for k, name in enumerate(self.words.classes) if k not in self.empty]
        self.meant = (self.words.only(kept) if self.empty else self.words) if kept else None


def _core(name: str) -> tuple[str, ...]:
    """The words of a name without articles and signs: "a meadow." and "Meadow" have the same."""
    return tuple(word for word in words_of(name) if word not in ARTICLES) or (name,)


def _parted(lesson: Mapping[int, tuple[np.ndarray, str]]) -> tuple[np.ndarray, list[str]]:
    """Vectors (n, D) and labels of a lesson."""
    vectors = [vector for vector, _ in lesson.values()]
    return np.array(vectors), [label for _, label in lesson.values()]


def lines_of(text: str) -> list[str]:
    """The names in a box, one a line, as one reads them; empty lines are none."""
    return [name for line in text.splitlines() if (name := tidy(line))]


def listed(text: str) -> list[str]:
    """Your own classes as they were typed; blank lines are left out.

    Args:
        text: lines.

    Returns:
        The classes.

    Raises:
        ValueError: no class, more than :data:`MOST_CLASSES`, a class given twice, or one longer than
            :data:`LONGEST_CLASS` characters.
    """
    lines = lines_of(text)
    if not lines:
        raise ValueError("the list of words is empty; expected one a line, for example: vineyard.")
    if len(lines) > MOST_CLASSES:
        raise ValueError(
            f"{len(lines):,} classes given; at most {MOST_CLASSES} can be compared here. Shorten the "
            "list. From Python, model.zero_shot(classes) has no limit."
        )
    for line in lines:
        check_length(line)
    return check_classes(lines)


def check_label(label: str) -> None:
    """ValueError in words for what cannot stand anywhere."""
    check_length(label)
    if label.casefold() in (NONE_OF_THESE, "nan") or any(category(c) == "Cc" for c in label):
        raise ValueError(
            f"{label!r} is no label: it stands for no answer. Say what stands there in other words."
        )


def check_length(name: str) -> None:
    """ValueError in words for a class of too many characters."""
    if len(name) > LONGEST_CLASS:
        raise ValueError(
            f"a class has {len(name):,} characters ({name[:40]!r}...); expected at most {LONGEST_CLASS}. "
            "Write it as a few words."
        )
