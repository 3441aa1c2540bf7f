"""Find places by photos, photos by places, places by words: nearest vectors, in bounded memory."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from timesen_nb.bands import check_count
from timesen_nb.datasets.tables import names_of
from timesen_nb.model.kept_vectors import as_read
from timesen_nb.tasks.names import check_no_table

#: Rows of the block of cosines that is in memory at a time: 8 MiB, and twice that for their order.
QUERIES, GALLERY = 256, 8192


def nearest(queries: np.ndarray, gallery: np.ndarray, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of a gallery to each query. However many there are, one block of cosines is in memory at a time.

    Args:
        queries: (n, D) vectors, or as a map keeps them; of what is no unit vector the direction counts.
        gallery: (m, D) vectors of the same space; a row with NaN, without direction or masked is never found.
        k: 1 to the number of rows without NaN.

    Returns:
        (n, k) rows of the gallery and (n, k) float32 cosines, nearest first.

    Raises:
        ValueError: widths that differ, queries with NaN, or another k.
    """
    queries, gallery = _read(queries, gallery)
    if np.isnan(queries).any():
        raise ValueError(
            f"{np.isnan(queries).any(axis=1).sum()} of {len(queries)} queries are NaN, of places without a vector; "
            "leave them out."
        )
    empty = np.isnan(gallery).any(axis=1)
    m = int((~empty).sum())
    if check_count("k", k, "vectors") > m:
        raise ValueError(f"k={k} for a gallery of {m} vectors without NaN; expected 1 to {m}.")
    rows, cosines = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), QUERIES):
        span = slice(start, start + QUERIES)
        some = queries[span]
        best, where = np.empty((len(some), 0), np.float32), np.empty((len(some), 0), np.int64)
        for first in range(0, len(gallery), GALLERY):
            block = some @ gallery[first : first + GALLERY].T
            block[:, empty[first : first + GALLERY]] = -np.inf  # NaN would count as the nearest
            top = _largest(block, k)
            best = np.concatenate([best, np.take_along_axis(block, top, axis=1)], axis=1)
            where = np.concatenate([where, first + top], axis=1)
            top = _largest(best, k)
            best, where = np.take_along_axis(best, top, axis=1), np.take_along_axis(where, top, axis=1)
        order = np.argsort(-best, axis=1, kind="stable")
        rows[span], cosines[span] = (np.take_along_axis(each, order, axis=1) for each in (where, best))
    return rows, cosines


def _largest(x: np.ndarray, k: int) -> np.ndarray:
    """Columns of the k largest numbers of each row, in any order."""
    k = min(k, x.shape[1])
    out: np.ndarray = np.argpartition(x, x.shape[1] - k, axis=1)[:, x.shape[1] - k :]
    return out


def recall(
    queries: np.ndarray,
    gallery: np.ndarray,
    labels: Mapping[str, np.ndarray] | None = None,
    ks: Sequence[int] = (1, 5, 10),
) -> pd.DataFrame:
    """Recall@k of pairs: the share of queries that find what they should among the k nearest.

    Args:
        queries: (N, D) unit vectors; a pair with NaN in either is left out, which is said.
        gallery: (N, D) unit vectors, row i of the place of query i.
        labels: what -> (N,) class names, "" = unknown, such as the labels of a data set (land cover, country).
        ks: the k.

    Returns:
        Columns R@k, shares from 0 to 1, and "chance", R@1 of a random answer. In the row "place" a query finds its own
        place; in a row a label another place of its class: its own is left out, for it is no proof, and so are queries
        whose class has no other place.

    Raises:
        ValueError: other lengths, or ks that are no counts.
    """
    ks = _counts(ks)
    queries, gallery, there = _known(queries, gallery)
    n = len(queries)
    own, others = _neighbours(queries, gallery, max(ks))
    table = {"place": [own[:, :k].any(axis=1).mean() for k in ks] + [1 / n]}
    for what, names in (labels or {}).items():
        names = _names(names, len(there))[there]
        _, code, count = np.unique(names, return_inverse=True, return_counts=True)
        asked = np.flatnonzero((names != "") & (count[code] > 1))
        if not len(asked):
            continue
        same = code[others[asked]] == code[asked][:, None]
        chance = (count[code[asked]] - 1).mean() / (n - 1)
        table[what] = [same[:, :k].any(axis=1).mean() for k in ks] + [chance]
    return pd.DataFrame.from_dict(table, orient="index", columns=[*(f"R@{k}" for k in ks), "chance"])


def recall_table(
    series: np.ndarray,
    photos: np.ndarray,
    labels: Mapping[str, np.ndarray] | None = None,
    ks: Sequence[int] = (1, 5, 10),
) -> pd.DataFrame:
    """:func:`recall` both ways: ground to satellite (photos ask) and satellite to ground (series ask).

    Args:
        series: (N, D) unit vectors.
        photos: (N, D) unit vectors of the same places.
        labels: what -> (N,) class names, "" = unknown.
        ks: the k.

    Returns:
        Columns as in :func:`recall`; rows by direction and what must agree.

    Raises:
        ValueError: other lengths.
    """
    return pd.concat(
        {
            "ground to satellite": recall(photos, series, labels, ks),
            "satellite to ground": recall(series, photos, labels, ks),
        },
        names=["direction", "same"],
    )


def recall_by_class(
    queries: np.ndarray, gallery: np.ndarray, names: np.ndarray, ks: Sequence[int] = (1, 5, 10)
) -> pd.DataFrame:
    """Recall@k of each class, as :func:`recall` counts it: a class of one place has no other to find.

    Args:
        queries: (N, D) unit vectors.
        gallery: (N, D) unit vectors, row i of the place of query i.
        names: (N,) class names, "" = unknown.
        ks: the k.

    Returns:
        A row a class with its number of places and R@k, shares from 0 to 1, NaN for a class of one place; the last row
        has all places and the mean of the other classes.

    Raises:
        ValueError: other lengths, or ks that are no counts.
    """
    ks = _counts(ks)
    queries, gallery, there = _known(queries, gallery)
    names = _names(names, len(there))[there]
    _, others = _neighbours(queries, gallery, max(ks))
    same = names[others] == names[:, None]
    table: dict[str, list[float]] = {}
    for name in np.unique(names[names != ""]).tolist():
        mine = same[names == name]
        table[name] = [len(mine), *(mine[:, :k].any(axis=1).mean() if len(mine) > 1 else np.nan for k in ks)]
    out = pd.DataFrame.from_dict(table, orient="index", columns=["places", *(f"R@{k}" for k in ks)])
    out.loc["mean of classes"] = [out["places"].sum(), *out.iloc[:, 1:].mean()]
    return out.astype({"places": int})


def words_to_places(
    words: np.ndarray,
    classes: Sequence[str],
    gallery: np.ndarray,
    names: np.ndarray,
    ks: Sequence[int] = (1, 5, 10),
) -> pd.DataFrame:
    """Text to satellite: of the k places nearest to a class's words, the share that is of the class (precision@k).

    Args:
        words: (K, D) unit vectors, such as ``model.zero_shot(task).vectors``.
        classes: K names.
        gallery: (N, D) unit vectors of places.
        names: (N,) their classes, "" = unknown.
        ks: the k.

    Returns:
        A row a class with its places, P@k and "chance", its share among all; classes without any place are left out.
        With fewer than k places P@k is the share of all of them, which is said.

    Raises:
        ValueError: another number of words than classes, or of names than places; names of which none is a class; or
            ks that are no counts.
    """
    check_no_table(classes, "classes")
    if len(words) != len(classes):
        raise ValueError(f"{len(words)} words were given for {len(classes)} classes; expected one each.")
    names, ks = _names(names, len(gallery)), _counts(ks)
    gallery, _, there = _known(gallery, gallery)
    names = names[there]
    if not np.isin(names, list(classes)).any():
        raise ValueError(
            f"no place is of one of the classes: the names given are {np.unique(names)[:5].tolist()}, the classes "
            f"{list(classes[:5])}; expected names written as the classes are. Of codes: "
            "np.array(task.classes)[task.index(codes)]."
        )
    if few := [f"P@{k}" for k in ks if k > len(gallery)]:
        warnings.warn(
            f"{', '.join(few)}: there are {len(gallery)} places, so that it is the share of the class among all of "
            "them. Give more places or smaller ks.",
            stacklevel=2,
        )
    found, _ = nearest(words, gallery, min(max(ks), len(gallery)))
    table = {}
    for name, rows in zip(classes, found, strict=True):
        places = int((names == name).sum())
        if places:
            hit = names[rows] == name
            table[name] = [places, *(hit[:k].mean() for k in ks), places / len(names)]
    return pd.DataFrame.from_dict(
        table, orient="index", columns=["places", *(f"P@{k}" for k in ks), "chance"]
    )


def _counts(ks: Sequence[int]) -> list[int]:
    """The k of a table; ValueError for what are no whole numbers from 1."""
    given = np.asarray(ks)
    if given.ndim != 1 or not given.size or given.dtype.kind not in "iu" or given.min() < 1:
        raise ValueError(f"ks={ks!r}; expected whole numbers from 1, for example (1, 5, 10).")
    return [int(k) for k in given]


def _names(names: np.ndarray, places: int) -> np.ndarray:
    """(N,) text; ValueError where there are more or fewer than places."""
    out = names_of(names)
    if len(out) != places:
        raise ValueError(f"{len(out)} names for {places} places were given; expected one each.")
    return out


def _read(queries: np.ndarray, gallery: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, D) and (m, D) float32 unit vectors, NaN = none; ValueError for what are none of one space."""
    if np.ndim(queries) != 2 or np.ndim(gallery) != 2 or np.shape(queries)[1] != np.shape(gallery)[1]:
        raise ValueError(
            f"queries {np.shape(queries)} and gallery {np.shape(gallery)} were given; expected (n, D) and (m, D) of "
            "one space."
        )
    width = np.shape(gallery)[1]
    return as_read(queries, width), as_read(gallery, width)


def _known(queries: np.ndarray, gallery: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of which both have a vector, and where these stand; how many have none is said."""
    queries, gallery = _read(queries, gallery)
    if len(gallery) != len(queries):
        raise ValueError(
            f"{len(queries)} queries and {len(gallery)} places in the gallery; expected pairs, one of each a place."
        )
    there = ~(np.isnan(queries).any(axis=1) | np.isnan(gallery).any(axis=1))
    if not there.any():
        raise ValueError(f"none of the {len(there)} places given has a vector; expected some without NaN.")
    if not there.all():
        warnings.warn(
            f"{(~there).sum()} of {len(there)} places have no vector; they are left out.", stacklevel=3
        )
    return queries[there], gallery[there], there


def _neighbours(queries: np.ndarray, gallery: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, k + 1) which of the nearest is the own place; (n, k) the others, without the last where it is none."""
    found, _ = nearest(queries, gallery, min(k + 1, len(queries)))
    own = found == np.arange(len(queries))[:, None]
    drop = np.where(own.any(axis=1), own.argmax(axis=1), found.shape[1] - 1)
    keep = np.arange(found.shape[1]) != drop[:, None]
    return own, found[keep].reshape(len(found), -1)
