"""Places with a label, of clicks or of a file: what teaches the words, and what judges them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.sources.grid import holds
from timesen_nb.tasks.names import tidy
from timesen_nb.widgets.answer import Answer
from timesen_nb.widgets.kept import KeptPlaces, same_spot
from timesen_nb.widgets.question import check_label

if TYPE_CHECKING:
    from timesen_nb.datasets.points import PointTable
    from timesen_nb.evaluation.own_labels import BlockedAccuracy
    from timesen_nb.sources import Source
    from timesen_nb.widgets.session import Session


@dataclass(frozen=True)
class LabelledPlaces:
    """Places with a label.

    Attributes:
        vectors: (n, D), of the model.
        labels: n classes or new words.
        lonlats: (n, 2) degrees.
        series: (n, 12, 10) that the vectors were made of.
        left_out: how many places of a file are not among them, and why; "" for none.
    """

    vectors: np.ndarray
    labels: list[str]
    lonlats: np.ndarray
    series: np.ndarray
    left_out: str = ""

    @classmethod
    def of(cls, answers: Sequence[tuple[Answer, str]]) -> LabelledPlaces:
        """Kept places and what somebody says stands there."""
        vectors = np.array([a.vector for a, _ in answers], dtype=np.float32)
        lonlats = np.array([(a.lon, a.lat) for a, _ in answers], dtype=float).reshape(-1, 2)
        series = np.array([a.series.values for a, _ in answers], dtype=np.float32).reshape(-1, 12, len(BANDS))
        return cls(vectors, [label for _, label in answers], lonlats, series)

    def said_of(self, series: np.ndarray) -> str | None:
        """The label of a series (12, 10), None where it has none."""
        same = (np.array_equal(series, other, equal_nan=True) for other in self.series)
        return next((label for label, found in zip(self.labels, same, strict=True) if found), None)

    @property
    def numbered(self) -> dict[int, tuple[np.ndarray, str]]:
        """Vector and label of each, by a number."""
        return dict(enumerate(zip(self.vectors, self.labels, strict=True)))

    def __add__(self, more: LabelledPlaces) -> LabelledPlaces:
        if not self.labels:
            return more
        return LabelledPlaces(
            np.concatenate([self.vectors, more.vectors]),
            self.labels + more.labels,
            np.concatenate([self.lonlats, more.lonlats]),
            np.concatenate([self.series, more.series]),
        )


class TaughtPlaces:
    """What teaches the words: labels of kept places, and the places of a file.

    loaded: places that were labelled in a file, or None.

    Args:
        kept: the places that are kept.
    """

    def __init__(self, kept: KeptPlaces) -> None:
        self._kept = kept
        self.loaded: LabelledPlaces | None = None

    @property
    def labels(self) -> dict[int, str]:
        """Of kept places, by their numbers."""
        return self._kept.labels

    def label(self, number: int, label: str) -> None:
        """Say what stands at a kept place, "" for nothing; ValueError for one that is not kept, or what is no label."""
        if not isinstance(label, str):
            raise ValueError(f'the label given is {label!r}; expected words, or "" to take a label away.')
        label = tidy(label)
        if not isinstance(number, Real) or number not in dict(self._kept):
            raise ValueError(
                f"place {number!r} is not kept; kept are {[n for n, _ in self._kept] or 'none'}."
            )
        check_label(label)
        place = self._kept[number].series
        for other, said in self.labels.items():
            if label and said != label and other != number and same_spot(self._kept[other].series, place):
                raise ValueError(
                    f"places {other} and {number} are one place in one year, and {other} is labelled {said!r}. "
                    "Change that label, or take it away first."
                )
        said_in_file = self.loaded.said_of(place.values) if label and self.loaded else None
        if said_in_file and said_in_file.casefold() != label.casefold():
            raise ValueError(
                f"the file of labels says {said_in_file!r} of the pixel and year of place {number}. "
                "Give it that label, or forget the file first."
            )
        self.labels.pop(number, None)
        if label:
            self.labels[number] = label

    @property
    def places(self) -> LabelledPlaces:
        """Kept places with a label, then the places of the file."""
        return self.beside(self.loaded)

    def beside(self, loaded: LabelledPlaces | None) -> LabelledPlaces:
        """Kept places with a label, then others."""
        kept = LabelledPlaces.of([(self._kept[number], label) for number, label in self.labels.items()])
        return kept if loaded is None else kept + loaded


def labels_of_file(
    session: Session,
    path: str | Path,
    label: str = "true_class",
    progress: Callable[[float], None] = lambda _: None,
) -> LabelledPlaces:
    """The labelled places of a file, read by the session's source and model.

    Args:
        session: whose source and year; series in the file itself are taken from there.
        path: .csv, .geojson or .gpkg of points.
        label: the column of labels; places without one are left out.
        progress: told the share done, 0 to 1.

    Returns:
        The places that have a label and a month to read.

    Raises:
        ValueError: no path, no such column, no label, or none of the places can be read.
    """
    from timesen_nb.datasets.points import read_point_table
    from timesen_nb.evaluation.answer_table import fetch_series

    if not isinstance(path, (str, PathLike)):
        raise ValueError(
            f"the file given is {path!r}; expected the path of a .csv, .geojson or .gpkg of points."
        )
    source, name = session.source, Path(path).name
    points = read_point_table(path, label, source, session.year)
    if points.labels is None or not (points.labels != "").any():
        there = ", ".join(map(str, points.table.columns[:12]))
        raise ValueError(
            f"{name} has no labels in a column {label!r}; it has {there}. Write the name of the column that "
            "holds them into the box “Column of labels”."
        )
    unlabelled = int((points.labels == "").sum())
    points = points.take(np.flatnonzero(points.labels != ""))
    values = points.values if points.values is not None else fetch_series(source, points, progress)[0]
    vectors = session.model.encode(values, allow_empty=True)
    there = np.isfinite(vectors).all(axis=1)
    labels = [] if points.labels is None else points.labels.tolist()
    at_odds = there & _at_odds(values, labels, session.lesson)
    left_out = _reasons(points.take(np.flatnonzero(~there)), source, unlabelled, int(at_odds.sum()))
    there &= ~at_odds
    if not there.any():
        raise ValueError(f"none of the {len(there)} labelled places of {name} can be used: {left_out}.")
    rows = np.flatnonzero(there)
    kept = [labels[row] for row in rows]
    return LabelledPlaces(vectors[rows], kept, points.lonlats[rows], values[rows], left_out)


def _at_odds(values: np.ndarray, labels: Sequence[str], lesson: TaughtPlaces) -> np.ndarray:
    """(n,) bool: places whose series, that of one pixel in one year, has another label as well, there or kept."""
    said = defaultdict[bytes, set[str]](set)
    keys = [series.tobytes() for series in values]
    for key, label in zip(keys, labels, strict=True):
        said[key].add(label.casefold())
    kept = lesson.beside(None)
    for series, label in zip(kept.series.astype(values.dtype), kept.labels, strict=True):
        said[series.tobytes()].add(label.casefold())
    return np.array([len(said[key]) > 1 for key in keys], dtype=bool)


def _reasons(unread: PointTable, source: Source, unlabelled: int, at_odds: int) -> str:
    """How many places teach nothing, and why: "1 lies outside the data, 2 are of another year"; "" for none."""
    told = Counter({("has no label", "have no label"): unlabelled})
    told[
        "is labelled otherwise as well, at the same pixel and year",
        "are labelled otherwise as well, at the same pixel and year",
    ] = at_odds
    for (lon, lat), year in zip(unread.lonlats.tolist(), unread.years.tolist(), strict=True):
        if unread.values is None and source.bounds is not None and not holds(source.bounds, lon, lat):
            told["lies outside the data", "lie outside the data"] += 1
        elif unread.values is None and len(source.years) and year not in source.years:
            told["is of another year", "are of another year"] += 1
        else:
            told["has no month that can be read", "have no month that can be read"] += 1
    return ", ".join(f"{count} {one if count == 1 else more}" for (one, more), count in told.items() if count)


def label_accuracy(session: Session, block_km: float = 1.0) -> BlockedAccuracy:
    """How good the taught words are by their own labels; ValueError where there is none."""
    from timesen_nb.evaluation.own_labels import accuracy_by_blocks

    if not session.lesson.places.labels:
        raise ValueError("no place has a label yet. Keep places and label them.")
    return accuracy_by_blocks(session.words, session.lesson.places.lonlats, block_km)
