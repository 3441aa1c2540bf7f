"""A stratified random sample of a map: a list of places to go and look at."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr

from timesen_nb.bands import check_count
from timesen_nb.plots.map_label import check_label
from timesen_nb.regions.areas import class_pixels, row_blocks
from timesen_nb.regions.georeference import lonlat_of, transform_of

if TYPE_CHECKING:
    import pandas as pd

#: The column that says of which map a place was drawn; what lacks it was chosen by somebody.
DRAWN = "drawn_from"
#: The column to fill in.
TRUE = "true_class"


def sample_points(maps: xr.Dataset, n: int = 200, at_least: int = 20, seed: int = 0) -> pd.DataFrame:
    """A stratified random sample of a map: the strata are its classes, the units its pixels.

    Go and look at every place (or at better pictures), write what stands there into the column "true_class", and give
    the table to :func:`estimate_areas`. A place that is left out because it is hard to reach or to tell bends the
    result.

    Args:
        maps: what ``map_region`` returned.
        n: places in all.
        at_least: places of each class at least, or all its pixels where it has fewer; what is left of ``n`` goes to the
            classes by their area, as Olofsson et al. 2014 (section 5.1.3) advise: rare classes need some of their own.
        seed: the same one draws the same.

    Returns:
        A row a place, in random order, so that any beginning of the list is a sample too: point (its number),
        map_class, true_class (empty, to fill in), lon and lat in degrees of the pixel's centre, row and column in the
        map, and drawn_from. :func:`save_points` writes it.

    Raises:
        ValueError: the map has no label that ``map_region`` made, no coordinate system or no pixel with data; or ``n``
            does not suffice for ``at_least``, or one of them is no whole number.
    """
    import pandas as pd

    label = check_label(maps)
    if label.rio.crs is None:
        raise ValueError(
            "the map given has no coordinate system (CRS), so that nobody can go there. Say which it is: "
            "maps.rio.write_crs('EPSG:32631')."
        )
    n, at_least = check_count("n", n, "places"), check_count("at_least", at_least, "places of each class")
    rng = np.random.default_rng(seed)
    pixels = class_pixels(label)
    wanted = [
        np.sort(rng.choice(int(have), int(some), replace=False))
        for have, some in zip(pixels, allocate(pixels, n, at_least), strict=True)
    ]
    places = _places(label, wanted)
    places = places[rng.permutation(len(places))]
    strata, rows, columns = places.T
    lon, lat = lonlat_of(label, rows, columns)
    classes = np.array(label.attrs["classes"], dtype=object)
    return pd.DataFrame(
        {"point": np.arange(1, len(places) + 1), "map_class": classes[strata], TRUE: "", "lon": lon, "lat": lat,
         "row": rows, "column": columns, DRAWN: map_name(maps)}
    )  # fmt: skip


def allocate(pixels: np.ndarray, n: int, at_least: int) -> np.ndarray:
    """How many places each class gets.

    Args:
        pixels: (K,) of each class.
        n: places in all.
        at_least: of each class, as far as it has pixels.

    Returns:
        (K,) whole numbers, no more than pixels, that sum to ``n``, or to all pixels where these are fewer.

    Raises:
        ValueError: there is no pixel, or ``n`` does not suffice.
    """
    if not pixels.sum():
        raise ValueError("the map given has no pixel with data, so there is nothing to draw from.")
    if n < 1 or at_least < 2:
        raise ValueError(
            f"n={n} and at_least={at_least} were given; expected at least two places of each class, for one alone "
            "has no spread."
        )
    out: np.ndarray = np.minimum(pixels, at_least)
    if out.sum() > n:
        raise ValueError(
            f"n={n} places do not suffice for {at_least} of each of {(pixels > 0).sum()} classes; expected "
            f"{out.sum()} or more. Draw more places, or fewer of each class."
        )
    while (left := min(n, int(pixels.sum())) - int(out.sum())) > 0:
        room = pixels - out
        share = np.where(room > 0, pixels, 0) / pixels[room > 0].sum() * left
        more = np.minimum(np.floor(share).astype(int), room)
        if not more.any():  # the last few go to the largest shares
            more[np.argsort(-share, kind="stable")[:left]] = 1
            more = np.minimum(more, room)
        out = out + more
    return out


def map_name(maps: xr.Dataset) -> str:
    """What tells one map from others: a hash of its classes, place and labels."""
    label = check_label(maps)
    digest = sha256(json.dumps(list(label.attrs["classes"])).encode())
    digest.update(f"{label.rio.crs} {tuple(transform_of(label))} {label.shape}".encode())
    for _, part in row_blocks(label):
        digest.update(np.ascontiguousarray(part, dtype="<i4").tobytes())
    return f"map {digest.hexdigest()[:16]}"


def _places(label: xr.DataArray, wanted: list[np.ndarray]) -> np.ndarray:
    """(n, 3) class, row and column of the pixels that are the so many-th of their class, read from top to bottom."""
    seen = np.zeros(len(wanted), dtype=np.int64)
    found = []
    for start, part in row_blocks(label):
        flat = part.ravel()
        for k, ranks in enumerate(wanted):
            at = np.flatnonzero(flat == k)
            here = ranks[(ranks >= seen[k]) & (ranks < seen[k] + len(at))] - seen[k]
            rows, columns = np.divmod(at[here], part.shape[1])
            found.append(np.column_stack([np.full(len(here), k), rows + start, columns]))
            seen[k] += len(at)
    return np.concatenate(found)
