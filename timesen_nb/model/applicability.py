"""Whether a model knows such light: the area of applicability, and how many training series lie near.

After Meyer and Pebesma (2021, doi 10.1111/2041-210X.13650), whose dissimilarity index is the distance to the nearest
training series in a space that weighs each predictor by its importance, and Schumacher et al. (2024, arXiv
2410.18730), who count the training series near (local point density). Here the space is the hidden layer of a small
network that was taught to tell simulated series from the same series spoilt (halved, an offset left on, months
shuffled, random numbers): what it needs for that is what matters. Three doubts are added to the distance, each in
standard deviations over simulated series: how undecided the model is between eight land covers, how many of the nearest
training series have another cover than it says, and how spoilt the series looks.

What it cannot see: words that do not fit, a cover that looks like another, a year that was unusual, faults too small to
leave what is usual (``benchmarks/honest`` prints them).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.model.sets import softmax

RED, INFRARED, SHORTWAVE = (BANDS.index(b) for b in ("B4", "B8", "B11"))
#: Training series that are asked what they are, and those whose distance counts.
VOTERS, NEAREST = 10, 3
#: Vectors are lengthened by this beside the features of the light, and nothing counts as more than so many deviations.
LENGTH, FARTHEST = 8.0, 5.0
#: What distance, indecision and disagreement count.
WEIGHTS = np.array([1.0, 1.0, 2.0])
#: Rows at a time: bounds memory.
BATCH = 2048


@dataclass(frozen=True)
class Applicability:
    """How far N series are from what the model was trained on.

    Attributes:
        dissimilarity: (N,) from 0 up; 1 is the edge of what it was trained on. NaN for a series without any month.
        inside: (N,) bool: within the edge. False says: do not trust the probabilities.
        density: (N,) number of training series near, of as many as the space holds.
    """

    dissimilarity: np.ndarray
    inside: np.ndarray
    density: np.ndarray


@dataclass(frozen=True)
class TrainingSpace:
    """What :meth:`measure` needs; made by ``recipes/confidence.py``.

    Attributes:
        mean: of the P predictors (features of the light, then the vector), over simulated series.
        spread: (P,) standard deviations.
        hidden: (P, H) and hidden_bias (H,): the layer whose values are the space.
        hidden_bias: of the layer.
        out: (H, faults + 1) and out_bias: from there to "sound" (first) and each fault.
        out_bias: of the outputs.
        points: (M, H) int8 training series in the space, in steps of ``step``.
        step: of points.
        covers: (M,) int8 number of each one's land cover.
        words: (K, D) vectors of the land covers, and the scale of their softmax.
        scale: of the words' softmax.
        usual: (3, 3, 2) of months, quarters and annual composites, which leave more open: mean and deviation over
            simulated series of distance, indecision and disagreement.
        edge: (3,) sum of doubts that counts as 1, of each.
        radius: (3,) distance within which a training series counts as near, of each.
    """

    mean: np.ndarray
    spread: np.ndarray
    hidden: np.ndarray
    hidden_bias: np.ndarray
    out: np.ndarray
    out_bias: np.ndarray
    points: np.ndarray
    step: np.ndarray
    covers: np.ndarray
    words: np.ndarray
    scale: np.ndarray
    usual: np.ndarray
    edge: np.ndarray
    radius: np.ndarray

    def measure(self, values: np.ndarray, vectors: np.ndarray) -> Applicability:
        """The applicability to series (N, T, 10), NaN = missing, and their vectors (N, D)."""
        kind, parts = {4: 1, 1: 2}.get(values.shape[1], 0), [np.zeros((2, 0))]
        for start in range(0, len(values), BATCH):
            some = slice(start, start + BATCH)
            doubts, away, fault = self.doubts(values[some], vectors[some])
            near = (away <= self.radius[kind]).sum(axis=1)
            parts.append(np.stack([self.total(doubts, fault, kind) / self.edge[kind], near]))
        far, density = np.concatenate(parts, axis=1)
        return Applicability(far, far <= 1, density.astype(int))

    def total(self, doubts: np.ndarray, fault: np.ndarray, kind: int) -> np.ndarray:
        """(N,) of (N, 3) doubts and log odds of a fault: what is far from sound outweighs all else."""
        mean, deviation = self.usual[kind].T
        # a series as near and as decided as any has no doubt left
        doubt = np.maximum((doubts - mean) / deviation + 2, 0) @ WEIGHTS
        with np.errstate(invalid="ignore"):
            out: np.ndarray = doubt + 2 * np.logaddexp(0, fault + 1)
        return out

    def doubts(self, values: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N, 3) distance, indecision and disagreement; (N, M) how far each point is; (N,) log odds of a fault."""
        x = self.space(values, vectors)
        points, lengths = self._far_apart
        square = (x**2).sum(axis=1)[:, None] + lengths - 2 * x @ points.T
        away = np.sqrt(np.maximum(square, 0))
        order = np.argpartition(away, VOTERS, axis=1)[:, :VOTERS]
        near = np.sort(np.take_along_axis(away, order, axis=1), axis=1)[:, :NEAREST].mean(axis=1)
        p = softmax(self.scale * vectors @ self.words.T)
        indecision = -(p * np.log(p + 1e-9)).sum(axis=1)
        other = (self.covers[order] != p.argmax(axis=1)[:, None]).mean(axis=1)
        sound = softmax(x @ self.out + self.out_bias)[:, 0]
        fault = np.log(1 - sound + 1e-4) - np.log(sound + 1e-4)
        return np.stack([near, indecision, other], axis=1), away, fault

    @cached_property
    def _far_apart(self) -> tuple[np.ndarray, np.ndarray]:
        """The training series as numbers, and their squared lengths."""
        points = self.points.astype(np.float32) * self.step
        return points, (points**2).sum(axis=1)

    def space(self, values: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """(N, H) float32."""
        seen = predictors(values, vectors) - self.mean
        # a band that is missing is as usual
        seen = np.where(np.isnan(seen) & ~np.isnan(vectors[:, :1]), 0, seen) / self.spread
        out: np.ndarray = np.maximum(np.clip(seen, -FARTHEST, FARTHEST) @ self.hidden + self.hidden_bias, 0)
        return out


def predictors(values: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(N, P) float32: light (its level in dark, middle and bright months, how smoothly it goes), then the vector."""
    return np.concatenate([light(values), LENGTH * vectors], axis=1).astype(np.float32)


def light(values: np.ndarray) -> np.ndarray:
    """(N, 48) features of series (N, T, 10): what a vector may have forgotten. NaN where a band is missing."""
    x = np.log(np.clip(values, 20, None))
    red, infrared = values[:, :, RED], values[:, :, INFRARED]
    with np.errstate(invalid="ignore", divide="ignore"):
        green = np.clip((infrared - red) / (infrared + red), -1, 1)
    # green first, then the bands
    rough, step, spread = _course(np.concatenate([green[:, :, None], x], axis=2))
    courses = [each[:, i] for i in (0, 1 + SHORTWAVE) for each in (rough, step, spread)]
    months, alone = np.isfinite(green).mean(axis=1), np.full(len(x), float(x.shape[1] == 1))
    rest = np.stack([*courses, *rough[:, 1:].T, months, alone], axis=1)
    return np.concatenate([_levels(x).reshape(len(x), -1), rest], axis=1)


def _levels(x: np.ndarray) -> np.ndarray:
    """(N, 3, C) of (N, T, C): in dark, middle and bright months, as quantiles of those that are known."""
    last = np.maximum(np.isfinite(x).sum(axis=1) - 1, 0)[:, None]
    at = np.array([0.15, 0.5, 0.85])[:, None] * last
    low = at.astype(int)
    ordered = np.sort(x, axis=1)  # NaN last
    a, b = (np.take_along_axis(ordered, i, axis=1) for i in (low, np.minimum(low + 1, last)))
    out: np.ndarray = a + (b - a) * (at - low)
    return out


def _course(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, C) of (N, T, C): how far months are from the middle of both neighbours, by the spread; both in logarithms."""
    months = np.arange(x.shape[1])
    steps = np.abs(x - (x[:, months - 1] + x[:, (months + 1) % len(months)]) / 2)
    known, both = np.isfinite(x), np.isfinite(steps)
    step = np.where(both, steps, 0).sum(axis=1) / np.maximum(both.sum(axis=1), 1)
    count = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, x, 0).sum(axis=1) / count
    spread = np.sqrt((np.where(known, x - mean[:, None], 0) ** 2).sum(axis=1) / count)
    return step / (spread + 0.03), np.log(step + 0.01), np.log(spread + 0.01)
