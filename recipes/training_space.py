"""The space of :mod:`timesen_nb.model.applicability`: simulated series, sound and spoilt, and a small network.

No real pixel is in it. Faults are those that go unnoticed most often: reflectance halved or doubled (a wrong scale),
the offset of processing baseline 04.00 left on, months or bands in another order, and values that are none.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from recipes.earth import earth_places
from recipes.elsewhere import elsewhere_places
from recipes.untidy import untidy
from timesen_nb.composite import annual, quarters
from timesen_nb.model.applicability import FARTHEST, TrainingSpace, predictors
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.simulate.cover_types import COVER_TYPES
from timesen_nb.simulate.places import simulate_places

SEED, TAUGHT_SEED = 404, 411
#: Numbers of simulated series: those that lie in the space, those by which doubts are measured, and those by which a
#: network learns what a fault is.
POINTS, USUAL, TAUGHT = 3000, 3000, 40_000
HIDDEN = 64
#: Reflectance x 10000 that no doubling goes beyond.
BRIGHTEST = np.float32(19_000)
#: Share of sound simulated series that lie within the edge: half of them are harder than most places.
INSIDE = 0.7
LETTERS = np.array(["ABCDEFGH".index(k.land_cover) for k in COVER_TYPES])

Fault = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Series:
    """N simulated series (N, 12, 10), NaN = missing, and their cover types."""

    values: np.ndarray
    cover_type: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> Series:
        return Series(self.values[rows], self.cover_type[rows])

    def __len__(self) -> int:
        return len(self.values)


def simulated(n: int, seed: int = SEED) -> Series:
    """n series, half of Europe, three of eight of the whole earth, one of eight after regions elsewhere; mixed up."""
    rng = np.random.default_rng([seed, 2])
    europe = simulate_places(n // 2, seed)
    values, kinds = [europe.values], [europe.cover_type]
    for far in (earth_places(n * 3 // 8, seed), elsewhere_places(n - n // 2 - n * 3 // 8, seed)):
        values.append(untidy(far.values, far.cloudy, rng))
        kinds.append(far.cover_type)
    order = rng.permutation(n)
    return Series(np.concatenate(values).astype(np.float32)[order], np.concatenate(kinds)[order])


def shuffled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Months that are there, in another order."""
    out = values.copy()
    for series in out:
        there = np.flatnonzero(np.isfinite(series).any(axis=1))
        series[there] = series[rng.permutation(there)]
    return out


def random_light(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Values that are no spectrum, where there are some."""
    out = rng.uniform(50, 5000, values.shape).astype(np.float32)
    return np.where(np.isnan(values), np.float32(np.nan), out)


def bands_mixed_up(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bands in another order, a new one for each series."""
    order = np.argsort(rng.random((len(values), 1, values.shape[2])), axis=2)
    return np.take_along_axis(values, order, axis=2)


FAULTS: dict[str, Fault] = {
    "halved": lambda values, rng: values * np.float32(0.5),
    "doubled": lambda values, rng: np.minimum(values * 2, BRIGHTEST),
    "offset left on": lambda values, rng: values + np.float32(1000),
    "months shuffled": shuffled,
    "bands mixed up": bands_mixed_up,
    "random spectra": random_light,
}


def fit_space(model: TimeSenCLIP, series: Series, taught: Series) -> TrainingSpace:
    """The space of a model.

    Args:
        model: whose space it is.
        series: :data:`POINTS` that lie in the space, then :data:`USUAL` by which doubts are measured.
        taught: others, by which the network learns what a fault is.
    """
    mean, spread, net = _network(model, taught)
    (hidden, out), (hidden_bias, out_bias) = net.coefs_, net.intercepts_
    words = model.zero_shot("land_cover", "names")
    points, held = series[np.arange(POINTS)], series[np.arange(POINTS, POINTS + USUAL)]
    # by months, and a fifth by their medians too
    some = points.values[: len(points) // 5]
    x = np.concatenate([_seen(model, each) for each in (points.values, quarters(some), annual(some))])
    near = np.maximum(_standard(x, mean, spread) @ hidden + hidden_bias, 0)
    covers = LETTERS[np.concatenate([points.cover_type, *[points.cover_type[: len(some)]] * 2])]
    step = np.abs(near).max() / 127
    later = {"usual": [[[0.0, 1.0]] * 3] * 3, "edge": [1.0] * 3, "radius": [0.0] * 3}
    arrays = {
        **{
            "mean": mean,
            "spread": spread,
            "hidden": hidden,
            "hidden_bias": hidden_bias,
            "out": out,
            "out_bias": out_bias,
        },
        **{"step": step, "words": words.vectors, "scale": model.calibrated_logit_scale, **later},
    }
    space = TrainingSpace(
        points=np.round(near / step).astype(np.int8), covers=covers.astype(np.int8),
        **{k: np.asarray(v, dtype=np.float32) for k, v in arrays.items()},
    )  # fmt: skip
    return _measured(space, model, held.values)


def _network(model: TimeSenCLIP, taught: Series) -> tuple[np.ndarray, np.ndarray, MLPClassifier]:
    """Mean and spread of the predictors, and a network that tells sound series from each fault."""
    rng = np.random.default_rng(SEED)
    parts, labels = [], []
    for k, fault in enumerate((None, *FAULTS.values())):
        # months in another order are the hardest to tell
        n = len(taught) if fault in (None, shuffled) else len(taught) // 2
        values = taught.values if n == len(taught) else taught.values[rng.permutation(len(taught))[:n]]
        months = values if fault is None else fault(values, rng)
        # a fifth as composites of quarters and of the year: there, months have no order
        some = months[: n // 5]
        for seen in (months, quarters(some), annual(some))[: 1 if fault is shuffled else 3]:
            parts.append(_seen(model, seen))
            labels.append(np.full(len(seen), k))
    x, y = np.concatenate(parts), np.concatenate(labels)
    mean, spread = np.nanmean(x, axis=0), np.nanstd(x, axis=0) + 1e-6
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net = MLPClassifier(
            (HIDDEN,), alpha=1e-2, max_iter=15, batch_size=256, learning_rate_init=1e-3, random_state=0
        )
        net.fit(_standard(x, mean, spread), y)
    return mean, spread, net


def _seen(model: TimeSenCLIP, values: np.ndarray) -> np.ndarray:
    """(N, P) predictors of series."""
    return predictors(values, model.encode(values, allow_empty=True))


def _standard(x: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Predictors in deviations, as the space reads them; what is missing is as usual."""
    out: np.ndarray = np.clip(np.nan_to_num((x - mean) / spread), -FARTHEST, FARTHEST)
    return out


def _measured(space: TrainingSpace, model: TimeSenCLIP, values: np.ndarray) -> TrainingSpace:
    """The space with what is usual, and where the edge is, over sound series that do not lie in it."""
    usual, edges, radii = [], [], []
    for kind, series in enumerate((values, quarters(values), annual(values))):
        doubts, _, fault = space.doubts(series, model.encode(series, allow_empty=True))
        doubts, fault = doubts[~np.isnan(fault)], fault[~np.isnan(fault)]
        usual.append(np.stack([doubts.mean(axis=0), doubts.std(axis=0)], axis=1))
        now = replace(space, usual=np.stack([usual[-1]] * 3))
        edges.append(np.quantile(now.total(doubts, fault, kind), INSIDE))
        radii.append(np.quantile(doubts[:, 0], INSIDE))
    fitted = {"usual": usual, "edge": edges, "radius": radii}
    return replace(space, **{k: np.asarray(v, dtype=np.float32) for k, v in fitted.items()})
