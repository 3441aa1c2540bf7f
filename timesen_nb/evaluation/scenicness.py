"""How scenic a place looks, by descriptions that people have rated.

Levering et al. 2024, doi 10.1371/journal.pone.0307083: voters describe landscapes and rate them from 1 to 10. How well
a place fits each description tells how to weigh the ratings.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from timesen_nb.arrays import check_unmasked
from timesen_nb.model.kept_vectors import as_read
from timesen_nb.model.prompts import EncodeText
from timesen_nb.model.sets import softmax

ENSEMBLES = ("early", "late")


@dataclass(frozen=True)
class RatedPrompts:
    """P descriptions, each with its voter and the voter's rating.

    Attributes:
        voters: (P,) names.
        descriptions: (P,) texts.
        ratings: (P,) numbers, on a scale of the voters' own.

    Raises:
        ValueError: lengths differ, there is none, a text is empty, or a rating is no number.
    """

    voters: np.ndarray
    descriptions: np.ndarray
    ratings: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "voters", np.asarray(self.voters).astype(str))
        object.__setattr__(self, "descriptions", np.asarray(self.descriptions).astype(str))
        object.__setattr__(self, "ratings", np.asarray(self.ratings, dtype=np.float64))
        lengths = {len(self.voters), len(self.descriptions), len(self.ratings)}
        if len(lengths) > 1 or not len(self.ratings):
            raise ValueError(
                f"{len(self.voters)} voters, {len(self.descriptions)} descriptions and {len(self.ratings)} ratings "
                "were given; expected one of each a row, and at least one row."
            )
        for what, texts in (("voter", self.voters), ("description", self.descriptions)):
            if rows := np.flatnonzero(np.char.strip(texts) == "")[:5].tolist():
                raise ValueError(f"rows {rows} have no {what}; expected one each. Leave those rows out.")
        if not np.isfinite(self.ratings).all():
            rows = np.flatnonzero(~np.isfinite(self.ratings))[:5].tolist()
            raise ValueError(f"rows {rows} have no rating; expected a number each. Leave those rows out.")

    def __len__(self) -> int:
        return len(self.ratings)

    @classmethod
    def read(cls, path: str | Path) -> RatedPrompts:
        """Prompts from a CSV file.

        Args:
            path: with the columns voter, description and rating.

        Returns:
            The prompts.

        Raises:
            ValueError: a column is missing, or a rating is no number.
        """
        # with a missing cell beside them numpy would cut texts to a letter
        table = pd.read_csv(path, keep_default_na=False)
        missing = [c for c in ("voter", "description", "rating") if c not in table]
        if missing:
            raise ValueError(
                f"{Path(path).name} has no column {', '.join(missing)}; expected voter, description, rating."
            )
        rating = pd.to_numeric(table["rating"], errors="coerce")
        return cls(table["voter"].to_numpy(str), table["description"].to_numpy(str), rating.to_numpy())

    @classmethod
    def bundled(cls) -> RatedPrompts:
        """A few prompts to try things on, which the authors of this package made up, ratings included: no survey.

        Returns:
            The prompts, rated from 1 to 10.
        """
        return cls.read(Path(str(files(__package__).joinpath("scenic_prompts.csv"))))


def scenicness(
    vectors: np.ndarray,
    prompts: RatedPrompts,
    encode_text: EncodeText,
    scale: float,
    ensemble: str = "late",
) -> np.ndarray:
    """Predicted ratings of places, by how well each description fits them (Levering et al. 2024).

    Args:
        vectors: (N, D) vectors of places, or as a map keeps them: int8, 0 = none.
        prompts: descriptions and their ratings.
        encode_text: sentences -> vectors of the same space.
        scale: what cosines are multiplied by before the softmax, from 0 up.
        ensemble: "early", one softmax over all descriptions weighs their ratings; "late", one for each voter's own, and
            the voters' results are averaged.

    Returns:
        (N,) on the voters' own scale; NaN where there is no vector.

    Raises:
        ValueError: another ensemble, vectors of another length, or a scale below 0.
    """
    if ensemble not in ENSEMBLES:
        raise ValueError(f"ensemble={ensemble!r}; expected 'early' or 'late'.")
    if not scale >= 0:
        raise ValueError(f"scale={scale!r}; expected 0 or more, for example model.calibrated_logit_scale.")
    words = np.asarray(encode_text(prompts.descriptions.tolist()), dtype=np.float32)
    logits = scale * (as_read(vectors, words.shape[1]) @ words.T)
    # early: all descriptions in one; late: those of each voter, then the mean
    groups = (
        [slice(None)] if ensemble == "early" else [prompts.voters == v for v in np.unique(prompts.voters)]
    )
    return np.mean([softmax(logits[:, group]) @ prompts.ratings[group] for group in groups], axis=0)


def agreement(predicted: Any, rated: Any) -> dict[str, float]:
    """How well predicted ratings follow true ones.

    Args:
        predicted: (N,) numbers, N at least 2.
        rated: (N,) numbers.

    Returns:
        "pearson", Pearson's R, and "kendall", Kendall's tau-b, -1 to 1.

    Raises:
        ValueError: other shapes, or fewer than two places.
    """
    from scipy.stats import kendalltau, pearsonr

    for what, given in (("predicted", predicted), ("rated", rated)):
        check_unmasked(given, what)
    predicted, rated = np.asarray(predicted, dtype=np.float64), np.asarray(rated, dtype=np.float64)
    if predicted.shape != rated.shape or predicted.ndim != 1 or len(predicted) < 2:
        raise ValueError(
            f"predicted {predicted.shape} and rated {rated.shape} were given; expected (N,) each, at least two places."
        )
    return {
        "pearson": float(pearsonr(predicted, rated).statistic),
        "kendall": float(kendalltau(predicted, rated).statistic),
    }
