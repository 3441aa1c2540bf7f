"""How large classes are by what was seen at a random sample, not by counting a map's pixels, errors and all.

The stratified estimator of Olofsson et al. 2014 (Remote Sensing of Environment 148, 42-57, equations 1 to 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from timesen_nb.plots.map_label import check_label
from timesen_nb.regions.areas import class_pixels, pixel_hectares, row_areas
from timesen_nb.regions.sampling import DRAWN, TRUE, map_name
from timesen_nb.spreadsheet import unescaped
from timesen_nb.tasks.names import tidy

if TYPE_CHECKING:
    import pandas as pd

#: The quantile of the normal distribution of a two-sided 95 % interval, as the paper rounds it.
Z95 = 1.96
#: What is said where no interval can be given.
CHOSEN = "no interval: these were chosen, not drawn"


@dataclass(frozen=True)
class AreaEstimate:
    """Areas and accuracies, with intervals where the places were drawn.

    Attributes:
        counts: places by the class of the map (rows) and what stands there (columns).
        table: a row a class, NaN where nothing can be said: mapped, its area by the map's pixels; area, error-adjusted,
            with area_low and area_high (95 %); users and producers accuracy, 0 to 1, each with the half width of its
            interval (_half). None: the places were chosen.
        accuracy: overall accuracy by area, 0 to 1, and the half width of its interval; None: the places were chosen.
        note: what a reader must know, in words; "" where there is nothing.
        unit: of the areas: "hectares", or "pixels" where the map's coordinate system does not keep areas.
    """

    counts: pd.DataFrame
    table: pd.DataFrame | None
    accuracy: tuple[float, float] | None
    note: str
    unit: str = "hectares"

    def __str__(self) -> str:
        """Counts, areas and the note, for print."""
        parts = [f"places by map class (rows) and true class (columns):\n{self.counts.to_string()}"]
        if self.table is not None and self.accuracy is not None:
            share, half = self.accuracy
            parts += [f"areas in {self.unit}:\n{self.table.round(3).to_string()}"]
            parts += [f"overall accuracy {share:.3f} ± {half:.3f}"]
        return "\n\n".join([*parts, *([self.note] if self.note else [])])


def estimate_areas(maps: xr.Dataset, points: pd.DataFrame) -> AreaEstimate:
    """Error-adjusted areas of the classes of a map, from a sample of it that somebody went to see.

    Args:
        maps: the map that was drawn from.
        points: the table of :func:`sample_points` with "true_class" filled in, a class of the map or another name,
            whatever their capitals and spaces; read from a file with every column as it was. Or places that a person
            chose: then map_class and true_class alone are asked for, and there are counts and no interval.

    Returns:
        The estimate; ``print`` it for tables and notes.

    Raises:
        ValueError: no such columns, no place with a true class, no true class that the map has, a map class that it has
            not, places drawn from another map, that stand there twice or were sorted column by column, or a class of
            the map without any place.
    """
    import pandas as pd

    label = check_label(maps)
    classes = list(label.attrs["classes"])
    # spreadsheets leave empty rows behind
    points = points[~(points.isna() | (points == "")).all(axis=1)]
    if missing := [name for name in ("map_class", TRUE) if name not in points]:
        raise ValueError(
            f"the points given have no column {', '.join(missing)}; expected what regions.sample_points gave, with "
            f"{TRUE} filled in."
        )
    # tables that were put together may have one index twice
    points = points.reset_index(drop=True)
    truth = _as_on_map(points[TRUE], classes)
    points = points.assign(map_class=_as_on_map(points["map_class"], classes))
    seen, unseen = points[truth != ""], int((truth == "").sum())
    truth = truth[truth != ""]
    if not len(seen):
        raise ValueError(f"no point has a {TRUE}; fill in what stands at each.")
    if strange := sorted(set(seen["map_class"]) - set(classes)):
        raise ValueError(
            f"points of the class {strange[0]!r}, which is not on this map; expected some of {', '.join(classes[:8])}. "
            "Give the map that they were drawn from."
        )
    if not truth.isin(classes).any():
        raise ValueError(
            f"no {TRUE} given is a class of this map: {', '.join(sorted(set(truth))[:8])}; expected some of "
            f"{', '.join(classes[:8])}. Write those that stand on the map by their names there."
        )
    names = [*classes, *sorted(set(truth) - set(classes))]
    counts = pd.crosstab(seen["map_class"], truth).reindex(index=classes, columns=names, fill_value=0)
    counts.index.name, counts.columns.name = "map class", "true class"
    drawn = seen[DRAWN].fillna("").astype(str) if DRAWN in seen else pd.Series("", index=seen.index)
    chosen = int((drawn == "").sum())
    if chosen:
        some = "" if chosen == len(seen) else f" ({chosen} of {len(seen)}; without these there is one)"
        return AreaEstimate(counts, None, None, f"{CHOSEN}{some}.")
    if set(drawn) != {map_name(maps)}:
        raise ValueError(
            "the points were drawn from another map, or this one was made anew since; the shares of its classes are "
            "what they are weighed by. Give the map that they were drawn from."
        )
    told = ["row", "column"] if {"row", "column"} <= set(points) else [c for c in ("point",) if c in points]
    twice = points.duplicated(told) if told else pd.Series(False, index=points.index)
    if twice.any():
        raise ValueError(
            f"{twice.sum()} of the {len(points)} rows given are of points that stand there already, which makes "
            "intervals too narrow; expected each point once. Was a table added twice? Leave the repeats out."
        )
    _check_sorted(label, points)
    hectares, pixels = pixel_hectares(label), class_pixels(label)
    unit = "hectares" if np.isfinite(hectares) else "pixels"
    area = pixels * (hectares if unit == "hectares" else 1.0)
    table, accuracy = stratified_estimate(counts.to_numpy(), area, names, pixels)
    said = [_left_out(points), _note(counts, pixels, unseen, len(points))]
    if unit == "pixels":
        said.append("Areas are in pixels: the coordinate system of the map does not keep areas in metres.")
    covered = row_areas(label)
    if covered.min() < covered.max():
        said.append(
            f"The smallest pixels of the map cover {covered.min() / covered.max():.0%} of what the largest do, so "
            "areas and accuracies are of pixels, not of ground. For those of ground, map it in metres and draw from "
            "that map."
        )
    return AreaEstimate(counts, table, accuracy, " ".join(filter(None, said)), unit)


def stratified_estimate(
    counts: np.ndarray, mapped: np.ndarray, names: Sequence[str], units: np.ndarray | None = None
) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Error-adjusted areas and accuracies of a stratified random sample whose strata are the classes of the map.

    Olofsson et al. 2014, equations 1 to 7 and 9 to 11; without correction for a finite population.

    Args:
        counts: (K, J) places by class of the map and true class; the first K of J are the classes of the map.
        mapped: (K,) area of each class on the map.
        names: J names.
        units: (K,) places that each class has in all: of one that was visited whole nothing is left to chance.

    Returns:
        A row for each of J classes as in :class:`AreaEstimate`, and overall accuracy with the half width of its 95 %
        interval. A class of the map with one place alone of several has no spread: intervals that need it are NaN.

    Raises:
        ValueError: a class has area on the map and no place.
    """
    import pandas as pd

    counts, mapped = np.asarray(counts, dtype=np.float64), np.asarray(mapped, dtype=np.float64)
    k, total = len(mapped), mapped.sum()
    places = counts.sum(axis=1)
    if lost := [name for name, n, area in zip(names, places, mapped, strict=False) if area > 0 and n == 0]:
        raise ValueError(
            f"{', '.join(lost)}: on the map, and no place of it has a true class, so that nothing is known of that "
            "area. Go to some of its places."
        )
    there = mapped > 0
    weight = np.where(there, mapped, 0) / total
    share = np.divide(counts, places[:, None], out=np.zeros_like(counts), where=places[:, None] > 0)
    p = weight[:, None] * share  # equation 4
    # of a stratum's share; a single place tells no spread
    spread = np.divide(share * (1 - share), (places - 1)[:, None],
                       out=np.full_like(counts, np.nan), where=places[:, None] > 1)  # fmt: skip
    spread[~there | (False if units is None else places == units)] = 0.0
    by_map, by_truth = p.sum(axis=1), p.sum(axis=0)
    right = np.diagonal(share)  # user's accuracy of each class of the map
    accuracy = min(float((weight * right).sum()), 1.0)
    half = Z95 * float(np.sqrt((weight**2 * np.diagonal(spread)).sum()))  # equation 5
    adjusted = total * by_truth
    error = total * np.sqrt((weight[:, None] ** 2 * spread).sum(axis=0))  # equations 10 and 11

    nothing = np.full(len(names), np.nan)
    users, users_half, producers, producers_half = (nothing.copy() for _ in range(4))
    users[:k] = np.where(there, right, np.nan)
    users_half[:k] = np.where(there, Z95 * np.sqrt(np.diagonal(spread)), np.nan)  # equation 6
    with np.errstate(invalid="ignore", divide="ignore"):
        producers[:k] = np.diagonal(p) / by_truth[:k]
        # equation 7: what the class's own stratum gives, and what the others give away
        own = weight**2 * (1 - producers[:k]) ** 2 * np.diagonal(spread)
        others = (weight[:, None] ** 2 * spread).sum(axis=0)[:k] - weight**2 * np.diagonal(spread)
        producers_half[:k] = Z95 * np.sqrt(own + producers[:k] ** 2 * others) / by_truth[:k]
    producers[k:] = np.where(by_truth[k:] > 0, 0.0, np.nan)
    table = pd.DataFrame(
        {"mapped": np.append(total * by_map, np.zeros(len(names) - k)), "area": adjusted,
         "area_low": np.maximum(adjusted - Z95 * error, 0), "area_high": np.minimum(adjusted + Z95 * error, total),
         "users": users, "users_half": users_half, "producers": producers, "producers_half": producers_half},
        index=pd.Index(names, name="class"),
    )  # fmt: skip
    return table, (accuracy, half)


def _check_sorted(label: xr.DataArray, points: pd.DataFrame) -> None:
    """ValueError where the map has another class at a point's row and column than the table says."""
    if not {"row", "column"} <= set(points):
        return
    import pandas as pd

    at = points[["row", "column"]].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    lost = ~((at >= 0) & (at < label.shape) & (at == np.floor(at))).all(axis=1)
    if lost.any():
        first = points.iloc[int(lost.argmax())]
        raise ValueError(
            f"{lost.sum()} points have no row and column on the map of {label.shape[0]} x {label.shape[1]} pixels, "
            f"such as {first['row']}, {first['column']}. Give the table of sample_points, with {TRUE} filled in."
        )
    rows, columns = (("point", numbers) for numbers in at.astype(int).T)
    there = np.array(label.attrs["classes"], dtype=object)[label.isel(y=rows, x=columns).values]
    if (moved := there != points["map_class"].to_numpy(object)).any():
        first = int(moved.argmax())
        raise ValueError(
            f"{moved.sum()} points have another map_class than the map has at their row and column, such as "
            f"{points['map_class'].iloc[first]!r} where it has {there[first]!r}. Was a column sorted alone? Give the "
            "table as sample_points gave it, with true_class filled in."
        )


def _as_on_map(names: pd.Series, classes: Sequence[str]) -> pd.Series:
    """Names by the map's spelling, whatever their capitals and spaces; of others, the spelling that came first."""
    known = {name.casefold(): name for name in classes}
    # a name that a spreadsheet would run came with an apostrophe before it
    read = names.astype(object).fillna("").astype(str).map(unescaped).map(tidy)
    return read.map(lambda name: known.setdefault(name.casefold(), name))


def _left_out(points: pd.DataFrame) -> str:
    """What must be said of places of the sample that are no row any more; any beginning of it is a sample too."""
    import pandas as pd

    if "point" not in points:
        return "Without the column point nobody can tell whether drawn places were left out."
    numbers = pd.to_numeric(points["point"], errors="coerce").dropna()
    lost = int(numbers.max()) - numbers.nunique() if len(numbers) else 0
    if lost <= 0:
        return ""
    return (
        f"{lost} of the first {int(numbers.max())} drawn places are no rows of the table: if what stands there had to "
        "do with it, areas and accuracies are wrong."
    )


def _note(counts: pd.DataFrame, pixels: np.ndarray, unseen: int, drawn: int) -> str:
    """What the figures do not say themselves."""
    said = []
    if unseen:
        said.append(
            f"{unseen} of {drawn} drawn places have no true class: if what stands there had to do with it, the areas "
            "are wrong."
        )
    places = counts.sum(axis=1).to_numpy()
    if alone := [name for name, n, a in zip(counts.index, places, pixels, strict=True) if n == 1 and a > 1]:
        said.append(f"One place alone of {', '.join(alone)}: no interval can be given.")
    strange = counts[[name for name in counts if name not in counts.index]].sum()
    if len(strange):
        named = ", ".join(f"{name} ({n})" for name, n in strange.items())
        said.append(
            f"True classes that the map has not, each for itself: {named}. Mend those that are misspelt."
        )
    alike = [name for name, n, most, a in zip(counts.index, places, counts.max(axis=1), pixels, strict=True)
             if n > 1 and most == n and a > n]  # fmt: skip
    if alike:
        said.append(
            f"All places of {', '.join(alike)} have one true class: by the formula that is known without error, which "
            "so few places cannot show."
        )
    return " ".join(said)
