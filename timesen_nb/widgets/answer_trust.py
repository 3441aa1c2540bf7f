"""How far one answer may be believed, and the lines that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.model.confidence import Confidence
from timesen_nb.model.inputs import months_there
from timesen_nb.model.words import WordCheck
from timesen_nb.model.zeroshot import ZeroShot
from timesen_nb.series import PixelSeries

if TYPE_CHECKING:
    from timesen_nb.widgets.question import Question

UNLIKE = "Unlike what this model has learned: do not trust the bars."
NO_FIT = "None of these words fits this place: something else may stand here."


@dataclass(frozen=True)
class Trust:
    """What is known beside the probabilities of K classes; None where the model has nothing fitted for it.

    Attributes:
        checks: one a class.
        passing: (K,) which classes may be the headline; None: all.
        members: (K,) which are in the set that holds the truth nine times in ten.
        fits: whether the light fits any of the words.
        inside: whether the model has learned from such light.
        nearer: how many other words for land fit better than the best of these, and of how many.
    """

    checks: tuple[WordCheck, ...] = ()
    passing: np.ndarray | None = None
    members: np.ndarray | None = None
    fits: bool | None = None
    inside: bool | None = None
    nearer: tuple[int, int] | None = None

    @classmethod
    def of(cls, series: PixelSeries, vector: np.ndarray, question: Question) -> Trust:
        """What can be said of one series, its vector (D,), and these words."""
        words, checks = question.words, tuple(question.checks)
        fitted = _fitted(words)
        if fitted is None:
            return cls(checks, words.passing)
        rows, values = np.asarray(vector, dtype=np.float32)[None], series.values[None]
        # how often sets hold the truth was measured for words that nobody taught
        members = None if words.lesson else question.members(rows, months_there(values))[0] & words.passing
        inside = bool(fitted.space.measure(values, rows).inside[0])
        if not words.passing.any():
            return cls(checks, words.passing, members, None, inside)
        known = (words.lesson.words if words.lesson else words.vectors)[words.passing]
        own, others = (rows @ known.T).max(), rows[0] @ fitted.others(known).T
        fits = bool(others.max(initial=-np.inf) - own <= fitted.margin)
        nearer = int((others > own).sum()), len(others)
        return cls(checks, words.passing, members, fits, inside, nearer)

    @property
    def empty(self) -> list[int]:
        """Classes of which not one word is known."""
        return [k for k, check in enumerate(self.checks) if not check.meaningful]

    def notes(self, ranked: Sequence[str]) -> list[str]:
        """Lines for a reader, gravest first; ``ranked``: the classes in the set, most probable first."""
        out = [UNLIKE] if self.inside is False else []
        out += [NO_FIT] if self.fits is False else []
        if len(ranked) > 1 and self.fits is not False:
            out.append(f"Probably one of: {', '.join(ranked)}.")
        return out + [note for check in self.checks if (note := said(check))]


def said(check: WordCheck) -> str:
    """What is wrong with the words of a class, or ""."""
    if check.passes and check.negation:
        return (
            f"{check.text!r}: {check.negation!r} is lost on the model, which reads the other words alone. Say what "
            "stands there instead."
        )
    meant = f" Did you mean {check.suggestion!r}?" if check.suggestion else ""
    if check.unknown:
        return f"{check.text!r} is no answer: {', '.join(check.unknown)} is no word we know.{meant}"
    return "" if check.land else f"{check.text!r} is no answer: it names nothing that land can be.{meant}"


def _fitted(words: ZeroShot) -> Confidence | None:
    try:
        return words.limits("measure of confidence") if words.limits else None
    except ValueError:  # of other weights: the bars stand alone
        return None
