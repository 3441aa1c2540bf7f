"""Do probabilities mean what they say on real pixels: part of ``python -m benchmarks.honest``.

How sure a list of words may be is fitted on real places. So each place is judged by what was fitted without its
neighbours: half of the groups, then the other half, twenty times; and once without its whole region.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.elsewhere import scorer
from benchmarks.real import REAL
from recipes.list_scales import fit_list_scales
from recipes.prediction_sets import SEED, RealScores
from recipes.real_places import cells
from timesen_nb.bands import month_columns
from timesen_nb.evaluation import calibration_error
from timesen_nb.model.list_scales import ListScales
from timesen_nb.model.sets import softmax
from timesen_nb.model.timesenclip import TimeSenCLIP

SPLITS = 20


@dataclass(frozen=True)
class Asked:
    """Places that a list of words was asked for, as ``score_world.py`` counts them.

    name: of task and wording. region: whose task it is. words: (K, D). cosines: (N, K). right: (N,) whether the nearest
    word is. group: (N,) of neighbours.
    """

    name: str
    region: str
    words: np.ndarray
    cosines: np.ndarray
    right: np.ndarray
    group: np.ndarray

    def error(self, scale: np.ndarray) -> float:
        """Calibration error by a scale for each place."""
        return calibration_error(softmax(scale[:, None] * self.cosines).max(axis=1), self.right)


def europe_asked(real: Sequence[RealScores]) -> list[Asked]:
    """Europe's tasks."""
    out = []
    for each in real:
        if each.task.europe:
            cosines = each.encoded @ each.words.T
            right = cosines.argmax(axis=1) == each.task.truth
            out.append(Asked(each.task.name, "Europe", each.words, cosines, right, each.task.group))
    return out


def world_asked(model: TimeSenCLIP) -> list[Asked]:
    """The nine tasks outside Europe, in two wordings each; Tonga's lists are fitted on nowhere."""
    out = []
    rows = pd.read_parquet(REAL / "s2_world_dev.parquet")
    for name, task in json.loads((REAL / "world_tasks.json").read_text()).items():
        values, valid = scorer().series(rows[rows.task == name], month_columns([""]))
        seen = valid.any(axis=1)
        places = rows[rows.task == name][seen]
        vectors, truth = model.encode(values[seen], valid=valid[seen]), places.label.to_numpy(str)
        for wording in ("names", "phrases"):
            words = model.zero_shot(task[wording]).vectors
            cosines = vectors @ words.T
            top = cosines.argmax(axis=1)
            if len(task["classes"]) == len(words):
                right = np.array(task["classes"])[top] == truth
            else:
                right = (top == 0) == (truth == task["classes"][0])
            asked = f"{name}, {wording}"
            out.append(Asked(asked, name.split("_")[0], words, cosines, right, cells(places, 0.1)))
    return out


def show_calibration(model: TimeSenCLIP, real: Sequence[RealScores]) -> None:
    """Expected calibration error of the most probable word, by scales that were fitted without it."""
    asked, scale = [*europe_asked(real), *world_asked(model)], model.calibrated_logit_scale
    rng = np.random.default_rng(SEED)
    groups = np.unique(np.concatenate([each.group for each in asked]))
    crossed = np.zeros(len(asked))
    for _ in range(SPLITS):
        chosen = rng.permutation(groups)[: len(groups) // 2]
        fit = [np.isin(each.task.group, chosen) for each in real]
        halves = [fit_list_scales(scale, real, some) for some in (fit, [~some for some in fit])]
        for n, each in enumerate(asked):
            other = np.where(
                np.isin(each.group, chosen), *(scale * h.factor(each.words) for h in halves[::-1])
            )
            crossed[n] += each.error(other) / SPLITS
    table = pd.DataFrame({"one scale": [each.error(np.full(len(each.right), scale)) for each in asked],
                          "by lists": crossed}, index=[each.name for each in asked])  # fmt: skip
    without = {region: _without(scale, real, region) for region in {each.region for each in asked}}
    table["region left out"] = [
        each.error(np.full(len(each.right), scale * without[each.region].factor(each.words)))
        for each in asked
    ]
    table["factor as shipped"] = [model.weights.list_factor(each.words) for each in asked]
    far = np.array([each.region != "Europe" for each in asked])
    like_none = model.weights.list_factor(np.zeros_like(asked[0].words))
    table.loc["Europe, mean"], table.loc["elsewhere, mean of 18"] = table[~far].mean(), table[far].mean()
    print(
        "\ncalibration error, by scales that were fitted without the neighbours of each place, or without its region"
    )
    print(table.round(3).to_string())
    print(f"  factor of a list like none of these: {like_none:.2f}")
    world = scorer()
    rows, annual = (pd.read_parquet(REAL / f"{n}.parquet") for n in ("s2_world_dev", "s2_tonga_annual_dev"))
    tasks = json.loads((REAL / "world_tasks.json").read_text())
    _, (_, _, shipped) = world.table(world.run(model, rows, tasks, annual))
    print(f"  as shipped, elsewhere, mean of twenty rows with Tonga's: {shipped:.3f}")
    show_months(model, real)


def show_months(model: TimeSenCLIP, real: Sequence[RealScores]) -> None:
    """How sure and how often right by fewer months, as shipped; means over the tasks with places of several classes."""
    rng = np.random.default_rng(SEED)
    rows = []
    for each in real:
        if each.task.values.shape[1] != 12 or each.task.truth.max() == 0:
            continue
        scale = model.calibrated_logit_scale * model.weights.list_factor(each.words)
        for months in (12, 6, 3, 1):
            values = each.task.values.copy()
            for series in values:
                series[rng.permutation(np.flatnonzero(np.isfinite(series).any(axis=1)))[months:]] = np.nan
            vectors = model.encode(values, allow_empty=True)
            seen = ~np.isnan(vectors[:, 0])
            p = softmax(scale * vectors[seen] @ each.words.T)
            right = p.argmax(axis=1) == each.task.truth[seen]
            error = calibration_error(p.max(axis=1), right)
            rows.append((each.task.europe, months, p.max(axis=1).mean(), right.mean(), error))
    table = pd.DataFrame(rows, columns=["Europe", "months", "sure", "right", "calibration error"])
    print("\nby the number of months that are left, drawn at random")
    print(table.groupby(["Europe", "months"], sort=False).mean().round(3).to_string())


def _without(scale: float, real: Sequence[RealScores], region: str) -> ListScales:
    """What is fitted without a region."""
    return fit_list_scales(scale, real, [np.full(len(each.p), each.task.region != region) for each in real])
