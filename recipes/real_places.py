"""Labelled real pixels by task, for fitting and judging how far answers may be believed: ``../shared/real``.

Not installed, and not copied: only quantiles of ranks go into the package.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.real import COVERS, REAL, SEVEN, TEN, THREE, read_annual, read_series
from timesen_nb.bands import BANDS
from timesen_nb.model.timesenclip import TimeSenCLIP

#: Of the annual points, every so many-th.
ANNUAL_EVERY = 4


@dataclass(frozen=True)
class RealTask:
    """Real places of one task, with the words that are asked for.

    name: of the task. europe: whether it is there. values: (N, T, 10), NaN = missing. truth: (N,) index into words.
    words: as asked. of: the name of a bundled task whose descriptions the words have, or "". group: (N,) of neighbours,
    which are never split.
    """

    name: str
    europe: bool
    values: np.ndarray
    truth: np.ndarray
    words: tuple[str, ...]
    of: str
    group: np.ndarray

    def vectors(self, model: TimeSenCLIP) -> np.ndarray:
        """(K, D) of the words."""
        if not self.of:
            return model.zero_shot(list(self.words)).vectors
        zs = model.zero_shot(self.of)
        return zs.vectors[[zs.classes.index(w) for w in self.words]]

    @property
    def region(self) -> str:
        """Where it is; the tasks of a region share their places."""
        return "Europe" if self.europe else self.name.split("_")[0]

    @property
    def months(self) -> np.ndarray:
        """(N,) numbers of months that are there, 0 for an annual composite."""
        seen: np.ndarray = np.isfinite(self.values).any(axis=2).sum(axis=1)
        return seen * (self.values.shape[1] > 1)


def europe() -> list[RealTask]:
    """Three covers, seven crop groups and ten crops by months, and eight covers by annual composites."""
    rows, values = read_series()
    group = rows["group"].astype(str).to_numpy()
    seven = {label: i for i, (_, labels) in enumerate(SEVEN.values()) for label in labels}
    ten = {label: i for i, label in enumerate(TEN)}
    asked = (
        ("three covers", rows["lc_class"], {c: i for i, c in enumerate(THREE)}, tuple(THREE), "land_cover"),
        ("seven crop groups", rows["crop_std"], seven, tuple(words for words, _ in SEVEN.values()), ""),
        ("ten crops", rows["crop_std"], ten, tuple(TEN), ""),
    )
    out = []
    for name, labels, index, words, of in asked:
        some = labels.isin(list(index)).to_numpy()
        truth = labels[some].map(index).to_numpy(int)
        out.append(RealTask(name, True, values[some], truth, words, of, group[some]))
    labels, years = read_annual()
    points = pd.read_parquet(REAL / "lucas2018_s2_metrics.parquet", columns=["lon", "lat"])
    truth = np.array([COVERS.index(c) for c in labels])
    some = slice(None, None, ANNUAL_EVERY)
    out.append(RealTask("eight covers at T = 1", True, years[some], truth[some], tuple(COVERS), "land_cover",
                        cells(points, 1.0)[some]))  # fmt: skip
    return out


def elsewhere() -> list[RealTask]:
    """The tasks outside Europe in two wordings each; of those with "other", the places of the first class alone."""
    rows = pd.read_parquet(REAL / "s2_world_dev.parquet")
    values = np.stack([[rows[f"{b}_m{m:02d}"] for b in BANDS] for m in range(1, 13)]).transpose(2, 0, 1)
    values = np.where(values == 0, np.nan, values).astype(np.float32)
    there = ~np.isnan(values).all(axis=(1, 2))
    out = []
    for name, task in json.loads((REAL / "world_tasks.json").read_text()).items():
        classes = task["classes"] if len(task["classes"]) == len(task["names"]) else task["classes"][:1]
        some = (rows["task"] == name).to_numpy() & rows["label"].isin(classes).to_numpy() & there
        truth = np.array([classes.index(label) for label in rows["label"][some]])
        group = cells(rows[some], 0.1)
        for wording in ("names", "phrases"):
            words = tuple(task[wording])
            out.append(RealTask(f"{name}, {wording}", False, values[some], truth, words, "", group))
    return out


def cells(points: pd.DataFrame, degrees: float) -> np.ndarray:
    """(N,) cell of a grid, so many degrees wide, in which each point lies."""
    cell = np.floor(points[["lon", "lat"]].to_numpy(float) / degrees).astype(int)
    return np.array([f"{x} {y}" for x, y in cell])
