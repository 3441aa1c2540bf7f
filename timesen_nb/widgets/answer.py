"""What one click gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from timesen_nb.model.prompts import NONE_OF_THESE
from timesen_nb.series import PixelSeries
from timesen_nb.widgets.answer_trust import NO_FIT, UNLIKE, Trust
from timesen_nb.widgets.charts import percent
from timesen_nb.widgets.question import Question

NO_ANSWER = "These words give no answer"
ADDED = 3  # classes by labels that a note names


@dataclass(frozen=True)
class Answer:
    """A place, its annual time series, and how well each class fits.

    Attributes:
        series: what the source gave.
        vector: (D,) its encoding, kept so that other words cost no new request.
        classes: K names.
        probabilities: (K,) in the same order, summing to 1.
        prompts: the prompt style they came from.
        cover_type: what stands there, finer than the true class ("maize"), where the source knows it (the samples);
            else None or "".
        simulated: the place is there in a simulation only.
        question: what was asked, in a few words.
        task: the task that was asked, or what stands for one's own words.
        trust: how far it may be believed.
        labels: how many labels taught the words; 0 for words alone.
        added: classes that labels brought, as :attr:`Question.added` says them.
        taught_elsewhere: numbers of the kept places that taught the words and were read from other data.
    """

    series: PixelSeries
    vector: np.ndarray
    classes: tuple[str, ...]
    probabilities: np.ndarray
    prompts: str
    cover_type: str | None = None
    simulated: bool = False
    question: str = ""
    task: str = ""
    trust: Trust = field(default_factory=Trust, compare=False)
    labels: int = 0
    added: tuple[str, ...] = ()
    taught_elsewhere: tuple[int, ...] = ()

    @property
    def known(self) -> str:
        """The true class in words, and whether it is that of a simulated place; "" where it is not known."""
        if not self.truth:
            return ""
        return f"{'True class of this simulated place' if self.simulated else 'Declared here'}: {self.truth}"

    @property
    def lon(self) -> float:
        """Longitude in degrees."""
        return self.series.lon

    @property
    def lat(self) -> float:
        """Latitude in degrees."""
        return self.series.lat

    @property
    def truth(self) -> str | None:
        """The true class, where the source knows it (the samples)."""
        return self.series.truth

    @property
    def passing(self) -> np.ndarray:
        """(K,) bool: the classes that may be the answer."""
        passing = self.trust.passing
        return np.ones(len(self.classes), bool) if passing is None else passing

    @property
    def top(self) -> str:
        """The most probable class of those whose words are known and are land; else "none of these"."""
        known = np.where(self.passing, self.probabilities, -1)
        return self.classes[int(np.argmax(known))] if self.passing.any() else NONE_OF_THESE

    @property
    def probability(self) -> float:
        """Of :attr:`top`; 0 where there is none."""
        return float(np.max(self.probabilities[self.passing], initial=0.0))

    @property
    def alone(self) -> bool:
        """Whether there is one class only that means anything: then a share says nothing."""
        return len(self.classes) - len(self.trust.empty) == 1

    @property
    def share(self) -> float | None:
        """The probability of :attr:`top`; None where there is no percentage: one class alone, or none that passes."""
        return None if self.alone or not self.passing.any() else self.probability

    @property
    def said(self) -> str:
        """The answer as a class: :attr:`top`, but of one class alone that does not fit "none of these"."""
        return NONE_OF_THESE if self.alone and self.trust.fits is False else self.top

    @property
    def headline(self) -> str:
        """The answer in a few words; of one class alone there is no probability, but how well it fits."""
        if not self.passing.any():
            return NO_ANSWER
        if not self.alone:
            return f"{self.top}: {percent(self.probability)}"
        if self.trust.nearer is None:
            return f"{self.top}: nothing to compare with"
        if self.trust.fits is False:
            return f"{self.top}: does not fit this place"
        better, others = self.trust.nearer
        return f"{self.top}: {better} of {others} other words for land fit better"

    @property
    def likely(self) -> list[str]:
        """The classes of the set that holds the truth nine times in ten, most probable first."""
        members = self.trust.members
        return [] if members is None else [c for c, _ in self.ranked() if members[self.classes.index(c)]]

    @property
    def notes(self) -> list[str]:
        """What a reader should know of the answer, a line each."""
        notes = self.trust.notes(self.likely)
        if self.labels:
            taught = f"Taught by {self.labels:,} label{'s' * (self.labels > 1)}."
            if self.added:
                more = f" and {len(self.added) - ADDED} more" if len(self.added) > ADDED else ""
                taught += f" New by labels: {', '.join(self.added[:ADDED])}{more}."
            notes.insert(sum(note in (UNLIKE, NO_FIT) for note in notes), taught)
        if numbers := ", ".join(map(str, self.taught_elsewhere)):
            places = "place" if len(self.taught_elsewhere) == 1 else "places"
            notes.append(f"The words were taught by kept {places} {numbers} of other data too.")
        return notes

    def ranked(self) -> list[tuple[str, float]]:
        """Classes with their probabilities.

        Returns:
            (class, probability), the most probable first.
        """
        order = np.argsort(-self.probabilities, kind="stable")
        return [(self.classes[k], float(self.probabilities[k])) for k in order]

    def scored(self, question: Question) -> Answer:
        """The same place against other words: one matrix product, nothing fetched.

        Args:
            question: the words.

        Returns:
            A new answer.
        """
        words = question.words
        trust = Trust.of(self.series, self.vector, question)
        probabilities = question.shares(self.vector[None])[0]
        return replace(
            self, classes=tuple(words.classes), probabilities=probabilities, prompts=question.prompts,
            question=question.title, task=question.task, trust=trust, labels=question.labels,
            added=tuple(question.added),
        )  # fmt: skip
