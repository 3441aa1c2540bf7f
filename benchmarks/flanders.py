"""A field map of the real Flanders cube by words only, beside what the farmers declared: part of ``make bench-real``.

Saves a picture (true colour in July, the declared classes, the map by words) and prints the agreement by pixel and by
parcel: a parcel is a patch of one declared class, at least 10 pixels of it, and counts as what most of its pixels are
called. Reads ``../shared/real`` (development half).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.ndimage import binary_erosion, label

import timesen_nb as tn
from benchmarks.real import REAL
from timesen_nb.plots import class_colours, true_colour

#: Words of the map, and the declared crop or land-cover code.
CLASSES: dict[str, tuple[str, int]] = {
    "maize": ("crop_code", 1200),
    "potatoes": ("crop_code", 5100),
    "grassland": ("landcover_code", 13),
    "built-up area": ("landcover_code", 60),
}
SMALLEST = 10  # pixels of a parcel that is judged


def declared(cube: xr.Dataset) -> np.ndarray:
    """(y, x) index of :data:`CLASSES`, -1 where something else or nothing is declared."""
    truth = np.full(cube["landcover_code"].shape, -1)
    for k, (variable, code) in enumerate(CLASSES.values()):
        truth[cube[variable].values == code] = k
    return truth


def parcels(truth: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Class and mask (y, x) of every patch of one declared class with at least :data:`SMALLEST` pixels."""
    found = []
    for k in range(len(CLASSES)):
        patch, n = label(truth == k)
        found += [(k, patch == i) for i in range(1, n + 1) if (patch == i).sum() >= SMALLEST]
    return found


def picture(cube: xr.DataArray, truth: np.ndarray, guess: np.ndarray, path: Path) -> None:
    """True colour, declared classes and the map by words, side by side."""
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(12, 4.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    left.imshow(true_colour(cube, 7))
    left.set_title("July 2018, true colour")
    colours = ListedColormap(class_colours(len(CLASSES)))
    middle.imshow(np.ma.masked_less(truth, 0), cmap=colours, vmin=-0.5, vmax=len(CLASSES) - 0.5)
    middle.set_title("declared (white: something else, or nothing)")
    right.imshow(guess, cmap=colours, vmin=-0.5, vmax=len(CLASSES) - 0.5)
    right.set_title("by words only, every pixel")
    for axis in (left, middle, right):
        axis.set_axis_off()
    handles = [
        Patch(color=c, label=name) for name, c in zip(CLASSES, class_colours(len(CLASSES)), strict=True)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(CLASSES), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Print every figure and save the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="pocket", help="what timesen_nb.load opens")
    parser.add_argument("--picture", type=Path, default=Path("build/flanders.png"))
    given = parser.parse_args()
    path = REAL / "s2_l2a_flanders_2018.nc"
    with xr.open_dataset(path) as file:
        truth = declared(file)
    source = tn.open_source(path)
    bounds = source.bounds
    assert bounds is not None
    cube = source.cube(bounds, year=2018).compute()
    values = cube.transpose("y", "x", "month", "band").values.reshape(-1, 12, len(tn.BANDS))
    guess = (
        tn.load(given.model)
        .zero_shot(list(CLASSES))
        .probabilities(values)
        .argmax(axis=1)
        .reshape(truth.shape)
    )

    names = list(CLASSES)
    patches = parcels(truth)
    print(f"\nreal Flanders cube, 2018, {truth.size:,} pixels; words: {', '.join(names)}")
    print(f"  {'class':16s}{'pixels':>8s}{'right':>8s}{'parcels':>9s}{'right':>8s}")
    for k, name in enumerate(names):
        mask = truth == k
        own = [
            np.bincount(guess[patch], minlength=len(names)).argmax() == k for c, patch in patches if c == k
        ]
        print(f"  {name:16s}{mask.sum():8d}{(guess[mask] == k).mean():8.2f}{len(own):9d}{np.mean(own):8.2f}")
    known = truth >= 0
    inside = known & np.logical_or.reduce([binary_erosion(truth == k) for k in range(len(names))])
    print(f"  all pixels {(guess[known] == truth[known]).mean():.3f}, inside parcels (no edge pixel) "
          f"{(guess[inside] == truth[inside]).mean():.3f}")  # fmt: skip
    picture(cube, truth, guess, given.picture)
    print(f"  picture: {given.picture}")


if __name__ == "__main__":
    main()
