"""Answers for a table of places: thousands in few requests, and how right they are where the table knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from timesen_nb.bands import BANDS, month_columns, ndvi
from timesen_nb.datasets.points import PointTable, read_point_table
from timesen_nb.datasets.splits import blocks
from timesen_nb.evaluation.metrics import Tally, confusion
from timesen_nb.evaluation.own_labels import effective_number, wilson
from timesen_nb.model.inputs import months_there
from timesen_nb.model.prompts import NONE_OF_THESE
from timesen_nb.model.zeroshot import ZeroShot
from timesen_nb.tasks.names import tidy

if TYPE_CHECKING:
    from timesen_nb.sources import Source

#: Places that a source is asked for at once.
BATCH = 256
#: So many places without a series, and none with one: it is not the places.
GIVEN_UP = 16
#: Places nearer than this are no independent proofs of accuracy.
BLOCK_KM = 1.0


@dataclass(frozen=True)
class TableAnswers:
    """What stands at the places of a table.

    Attributes:
        table: a row a place, in the order of the file: lon, lat, year, source, true_class ("" = unknown), top_class and
            its probability, set_size (classes of the set that holds the true one nine times in ten; only of words that
            were not taught), ``p_<class>``, ndvi_01 to ndvi_12, and problem, why a place has no answer. NaN and None =
            missing. ``regions.save_points`` writes it.
        classes: K names.
        strange: labels of the file that are no class; such places are not scored.
    """

    table: pd.DataFrame
    classes: list[str]
    strange: list[str]

    @property
    def scored(self) -> pd.DataFrame:
        """The rows with an answer whose label is one of the classes."""
        known = self.table["true_class"].isin(self.classes) & self.table["top_class"].isin(self.classes)
        return self.table[known]

    @property
    def confusion(self) -> pd.DataFrame:
        """(K, K) counts: rows are the true classes, columns the predicted ones."""
        rows, names = self.scored, pd.Index(self.classes)
        counts = confusion(
            names.get_indexer(rows["true_class"]), names.get_indexer(rows["top_class"]), len(self.classes)
        )
        return pd.DataFrame(
            counts,
            pd.Index(self.classes, name="true class"),
            pd.Index(self.classes, name="predicted class"),
        )

    @property
    def accuracy(self) -> pd.DataFrame:
        """A row a class: places, producer's accuracy (recall) and user's accuracy (precision); NaN = none."""
        tally = Tally.of(self.confusion.to_numpy())
        return pd.DataFrame(
            {"places": tally.true, "producers": tally.recall, "users": tally.precision},
            index=pd.Index(self.classes, name="class"),
        )

    @property
    def overall(self) -> tuple[float, float, float]:
        """Overall accuracy with its 95 % interval; neighbours within a kilometre count as one. NaN without labels."""
        rows = self.scored
        if not len(rows):
            return float("nan"), float("nan"), float("nan")
        right = float((rows["true_class"] == rows["top_class"]).mean())
        n = effective_number(blocks(rows[["lon", "lat"]].to_numpy(float), BLOCK_KM))
        return right, *wilson(right, n)

    def __str__(self) -> str:
        """How many have an answer, and how many are right, in sentences."""
        lost = int((self.table["problem"] != "").sum())
        said = [f"{len(self.table) - lost} of {len(self.table)} places have an answer."]
        if len(self.scored):
            share, low, high = self.overall
            said.append(
                f"{share:.0%} of {len(self.scored)} labelled places are right (95 % interval {low:.0%} to {high:.0%}; "
                f"neighbours within {BLOCK_KM:g} km count as one)."
            )
        if self.strange:
            said.append(f"Labels that are no class, not scored: {', '.join(self.strange)}.")
        return " ".join(said)


def answer_table(
    zs: ZeroShot,
    points: str | Path | PointTable,
    source: Source | None = None,
    *,
    label: str = "true_class",
    year: int = 2018,
    progress: bool | Callable[[float], None] = True,
) -> TableAnswers:
    """Answers for every place of a table, and their accuracy where the table has labels.

    Near places are asked for together, in batches. A place that the source has nothing for gets no answer and says why;
    the others are answered all the same.

    Args:
        zs: the classifier.
        points: .csv, .geojson or .gpkg of points with lon and lat (or geometry); or what
            ``datasets.read_point_table`` gave.
        source: where the series come from, if the file has none in columns B2_m01 to B12_m12.
        label: the column of true classes, where there is one.
        year: of the series, where the file has no column "year".
        progress: a bar, none, or a function that is told the share done, 0 to 1.

    Returns:
        The answers; ``print`` them for a summary.

    Raises:
        ValueError: the file is no table of points, has not the column of labels that was named, has no series and no
            source is given, or the source has a series for none of the first places.
    """
    if not isinstance(points, PointTable):
        file = Path(points).name
        points = read_point_table(points, label, source, year)
        if points.labels is None and label != "true_class":
            found = ", ".join(map(str, points.table.columns[:12]))
            raise ValueError(
                f"{file} has no column {label!r} among {found}; expected that of the true classes. Name one "
                "that is there, or leave out label=."
            )
    values, names = points.values, np.full(len(points.lonlats), "the file", dtype=object)
    problems = np.full(len(points.lonlats), "", dtype=object)
    if values is None:
        if source is None:
            raise ValueError(
                "the table holds places but no series; give the source to read them from: "
                "source=tn.open_source(...)."
            )
        values, problems = fetch_series(source, points, progress)
        names[:] = source.name
    vectors = zs.encode(values, allow_empty=True)
    there = np.isfinite(vectors[:, 0])
    problems[~there & (problems == "")] = "no month that can be read"
    p = np.full((len(vectors), len(zs.classes)), np.nan, dtype=np.float32)
    p[there] = zs.of_vectors(vectors[there])
    chosen = np.where(there, zs.choose(np.nan_to_num(p)), -1)
    top = [
        zs.classes[k] if k >= 0 else NONE_OF_THESE if ok else None
        for k, ok in zip(chosen, there, strict=True)
    ]
    labels = points.labels if points.labels is not None else np.full(len(p), "")
    known = {name.casefold(): name for name in zs.classes}
    true = [known.get(tidy(str(name)).casefold(), str(name)) for name in labels]
    columns = {
        "lon": points.lonlats[:, 0], "lat": points.lonlats[:, 1], "year": points.years, "source": names,
        "true_class": true, "top_class": top,
        "probability": np.where(chosen >= 0, p[np.arange(len(p)), chosen], np.nan),
    }  # fmt: skip
    sizes = _set_sizes(zs, np.nan_to_num(vectors), months_there(values))
    if sizes is not None:
        columns["set_size"] = np.where(there, sizes, np.nan)
    columns |= {f"p_{name}": p[:, k] for k, name in enumerate(zs.classes)}
    columns |= dict(zip(ndvi_columns(), ndvi(values).T, strict=True))
    strange = sorted({name for name in true if name and name not in zs.classes})
    return TableAnswers(pd.DataFrame(columns | {"problem": problems}), list(zs.classes), strange)


def _set_sizes(zs: ZeroShot, vectors: np.ndarray, months: np.ndarray) -> np.ndarray | None:
    """(N,) sizes of prediction sets; None where nothing was fitted for this model, or labels taught the words."""
    try:
        return zs.sets_of_vectors(vectors, months).sum(axis=1)
    except ValueError:
        return None


def ndvi_columns() -> list[str]:
    """Names of flat columns of months: ndvi_01 to ndvi_12."""
    return [name.lower().replace("_m", "_") for name in month_columns(["NDVI"])]


def fetch_series(
    source: Source, points: PointTable, progress: bool | Callable[[float], None] = True
) -> tuple[np.ndarray, np.ndarray]:
    """The series of places from a source, near ones together, in batches.

    Args:
        source: where from.
        points: the places and their years.
        progress: as in :func:`answer_table`.

    Returns:
        (N, 12, 10) reflectance x 10000, NaN where there is none; and (N,) why there is none, "" where there is one.

    Raises:
        ValueError: the source has a series for none of the first places.
    """
    from tqdm.auto import tqdm

    n = len(points.lonlats)
    values = np.full((n, 12, len(BANDS)), np.nan, dtype=np.float32)
    problems = np.full(n, "", dtype=object)
    # neighbours side by side, for sources read near places together
    lon, lat = np.floor(points.lonlats * 10).T
    order = np.lexsort((points.lonlats[:, 0], lon, lat, points.years))
    cuts = np.flatnonzero(np.diff(points.years[order])) + 1
    batches = [part[i : i + BATCH] for part in np.split(order, cuts) for i in range(0, len(part), BATCH)]
    done = 0
    with tqdm(total=n, desc=source.name, unit="place", disable=progress is not True) as bar:
        for rows in batches:
            _ask(source, points, rows, values, problems)
            bar.update(len(rows))
            done += len(rows)
            if callable(progress):
                progress(done / n)
    return values, problems


def _ask(
    source: Source, points: PointTable, rows: np.ndarray, values: np.ndarray, problems: np.ndarray
) -> None:
    """The series of some places of one year; where one of them has none, halves are asked until it stands alone."""
    places = [(float(lon), float(lat)) for lon, lat in points.lonlats[rows]]
    try:
        found = source.pixels(places, year=int(points.years[rows[0]]))
    except ValueError as problem:
        if len(rows) == 1:
            problems[rows[0]] = str(problem)
            if (problems != "").sum() == GIVEN_UP and not np.isfinite(values).any():
                raise ValueError(
                    f"the first {GIVEN_UP} places asked of {source.name} all have no series. The last one: {problem}"
                ) from problem
            return
        for half in np.array_split(rows, 2):
            _ask(source, points, half, values, problems)
        return
    values[rows] = np.clip([series.values for series in found], 0, None)
