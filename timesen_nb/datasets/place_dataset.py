"""Places with what is known of each: an annual time series, photos, and the class in every task."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from timesen_nb.datasets.pair_arrays import as_numbers, as_series
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.datasets.splits import as_lonlats, blocks, same_places, split_rows
from timesen_nb.datasets.tables import names_of


@dataclass(frozen=True, repr=False)
class PlaceDataset:
    """N places, with what is known of each.

    Attributes:
        values: (N, 12, 10[, H, W]) surface reflectance x 10000, months by bands: float32 with NaN = missing, or int16
            with -32768 = missing (memory-mapped files), and so is 0 in all bands of a composite; None when only the
            places are known. :meth:`series` reads both.
        lonlats: (N, 2) degrees, longitude before latitude.
        labels: task name -> (N,) class names of that task, "" = unknown.
        ids: (N,) unique names.
        photos: (N, 4) addresses or files of the views north, east, south, west, "" = no photo; None: no photos.
        simulated: whether the places are made up, which all that is made of them says.

    Raises:
        ValueError: lengths differ, or an id occurs twice.
    """

    values: Any
    lonlats: np.ndarray
    labels: Mapping[str, np.ndarray]
    ids: np.ndarray
    photos: np.ndarray | None = field(default=None)
    simulated: bool = False

    def __post_init__(self) -> None:
        lonlats = as_lonlats(self.lonlats)
        if lonlats.ndim > 1 and lonlats.shape[1:] != (2,):
            raise ValueError(
                f"lonlats {lonlats.shape} were given; expected (N, 2) degrees, longitude before latitude."
            )
        object.__setattr__(self, "lonlats", lonlats.reshape(-1, 2))
        wrong = (np.abs(self.lonlats) > (180, 90)).any(axis=1)
        if wrong.any():
            raise ValueError(
                f"lonlats has {wrong.sum()} places that are none, such as {self.lonlats[wrong][0].tolist()}; expected "
                "(N, 2) degrees, longitude before latitude."
            )
        if self.values is not None:
            object.__setattr__(self, "values", as_series(self.values))
        object.__setattr__(self, "ids", names_of(self.ids))
        object.__setattr__(self, "labels", {k: names_of(v) for k, v in self.labels.items()})
        lengths = {"lonlats": len(self.lonlats), "ids": len(self.ids)}
        lengths |= {f"labels of {task}": len(names) for task, names in self.labels.items()}
        lengths |= {k: len(v) for k in ("values", "photos") if (v := getattr(self, k)) is not None}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{n} {what}" for what, n in lengths.items())
            raise ValueError(f"{said} were given; expected one of each for every place.")
        names, counts = np.unique(self.ids, return_counts=True)
        if len(names) < len(self.ids):
            raise ValueError(
                f"{(counts > 1).sum()} ids occur twice, such as {str(names[counts > 1][0])!r}; expected each once."
            )

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        known = ", ".join(f"{task} {np.count_nonzero(names != '')}" for task, names in self.labels.items())
        series = "no series" if self.values is None else f"series {tuple(self.values.shape[1:])}"
        kind = "simulated places" if self.simulated else "places"
        return f"<{len(self)} {kind}: {series}; labels: {known or 'none'}>"

    def series(self, rows: Any = slice(None)) -> np.ndarray:
        """Series of some of the places.

        Args:
            rows: n indices, a mask or a slice.

        Returns:
            (n, 12, 10[, H, W]) float32 reflectance x 10000, NaN = missing.

        Raises:
            ValueError: these places have no series.
        """
        if self.values is None:
            raise ValueError(
                "these places have no series yet. Read them from a source, source.pixels(places.lonlats), "
                "and add them: places.with_values(values)."
            )
        values = np.asarray(self.values[rows])
        return as_numbers(values, 2 - self.values.ndim)

    def with_values(self, values: Any) -> PlaceDataset:
        """The same places with these series.

        Args:
            values: (N, 12, 10[, H, W]) reflectance x 10000, as :class:`PlaceDataset` holds them.

        Returns:
            A new data set.

        Raises:
            ValueError: there is not one series for each place.
        """
        return replace(self, values=values)

    def take(self, rows: Any) -> PlaceDataset:
        """Some of the places.

        Args:
            rows: indices, a mask or a slice.

        Returns:
            A data set of these, in that order.
        """
        labels = {task: names[rows] for task, names in self.labels.items()}
        values, photos = (None if v is None else v[rows] for v in (self.values, self.photos))
        return PlaceDataset(values, self.lonlats[rows], labels, self.ids[rows], photos, self.simulated)

    def select(self, ids: Any) -> PlaceDataset:
        """The places of these ids.

        Args:
            ids: names, in the order that is wanted.

        Returns:
            A data set of these.

        Raises:
            ValueError: ids that are not here.
        """
        row = {name: i for i, name in enumerate(self.ids.tolist())}
        wanted = names_of(ids).tolist()
        lost = [name for name in wanted if name not in row]
        if lost:
            raise ValueError(
                f"{len(lost)} of {len(wanted)} ids are not among these places, such as {lost[0]!r}."
            )
        return self.take([row[name] for name in wanted])

    def split(
        self, shares: Sequence[float], seed: int = 0, block_km: float | None = None
    ) -> tuple[PlaceDataset, ...]:
        """Disjoint parts by share.

        Args:
            shares: of each part, such as (0.8, 0.2).
            seed: another one draws other parts.
            block_km: edge of the square blocks that stay together: neighbours look alike, so that a split place by
                place (None) flatters whatever is tested. Those of one place (coordinates, or where they are not known
                the series) stay together in any case.

        Returns:
            A data set for each share.

        Raises:
            ValueError: shares do not sum to 1, or blocks are too large for them.
        """
        if block_km is None:
            block = same_places(self.lonlats, None if self.values is None else self.series, len(self))
        else:
            block = blocks(self.lonlats, block_km)
        return tuple(self.take(rows) for rows in split_rows(block, shares, seed))

    def pairs(
        self, embeddings: np.ndarray | None = None, task: str | None = "land_cover", tower: Any = None
    ) -> Pairs:
        """Training pairs: the series beside the photo vectors of the same places, labelled by a task.

        Places without any month or any photo are left out, and a warning says how many.

        Args:
            embeddings: (N, D) or (N, V, D), NaN = no photo, as ``model.towers.embed_photos`` gives them; None for
                labels alone.
            task: by name, whose labels; None for none.
            tower: that made the embeddings, or its name; training in the space of another one is refused then.

        Returns:
            Pairs of the places that are left.

        Raises:
            ValueError: no labels of that task, not one row of embeddings for each place, or no series.
        """
        if task is not None and task not in self.labels:
            raise ValueError(f"no labels of {task!r}; these places have {', '.join(self.labels) or 'none'}.")
        starts = range(0, len(self), 4096)
        dark = np.concatenate([_without_any_month(self.series(slice(i, i + 4096))) for i in starts])
        if embeddings is None:
            blind = np.zeros(len(self), dtype=bool)
        else:
            embeddings = np.asarray(embeddings)
            if len(embeddings) != len(self):
                raise ValueError(
                    f"{len(embeddings)} rows of embeddings for {len(self)} places; expected one each."
                )
            blind = np.isnan(embeddings).any(-1)
            blind = blind.all(-1) if blind.ndim == 2 else blind
        kept = np.flatnonzero(~(dark | blind))
        if len(kept) < len(self):
            warnings.warn(
                f"{len(self) - len(kept)} of {len(self)} places are left out: {dark.sum()} without any month, "
                f"{blind.sum()} without any photo.",
                stacklevel=2,
            )
        values = self.values if len(kept) == len(self) else self.values[kept]
        labels = None if task is None else self.labels[task][kept]
        vectors = None if embeddings is None else embeddings[kept]
        # some data sets say of no place where it is
        lonlats = None if np.isnan(self.lonlats).all() else self.lonlats[kept]
        return Pairs(values, vectors, labels, lonlats, tower)


def _without_any_month(series: np.ndarray) -> np.ndarray:
    out: np.ndarray = np.isnan(series).reshape(len(series), -1).all(axis=1)
    return out
