"""What one click gives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from timesen_nb.model.zeroshot import ZeroShot
from timesen_nb.series import PixelSeries


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
    """

    series: PixelSeries
    vector: np.ndarray
    classes: tuple[str, ...]
    probabilities: np.ndarray
    prompts: str
    cover_type: str | None = None
    simulated: bool = False

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
    def top(self) -> str:
        """The most probable class."""
        return self.classes[int(np.argmax(self.probabilities))]

    def ranked(self) -> list[tuple[str, float]]:
        """Classes with their probabilities.

        Returns:
            (class, probability), the most probable first.
        """
        order = np.argsort(-self.probabilities, kind="stable")
        return [(self.classes[k], float(self.probabilities[k])) for k in order]

    def scored(self, words: ZeroShot, prompts: str) -> Answer:
        """The same place against other words: one matrix product, nothing fetched.

        Args:
            words: the classifier.
            prompts: the prompt style it was made by.

        Returns:
            A new answer.
        """
        probabilities = words.of_vectors(self.vector[None])[0]
        return replace(self, classes=tuple(words.classes), probabilities=probabilities, prompts=prompts)
