"""Colours of the classes of a map, the same wherever they are drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from colorsys import hls_to_rgb

import numpy as np

#: Eight colours of areas, in an order that suits land cover: roofs, fields, woods, scrub, grass, soil, lakes, marshes.
#: Told apart by the colour-blind, too: tests/test_plots.py measures it by the matrices of Machado and others (2009).
AREAS = ("#A63278", "#FCF0A9", "#1B692F", "#8A850C", "#A3EA37", "#E19EA6", "#444CE6", "#72B2FC")
#: Six that no cover has: no greens, and no blues of water; beside those above told apart by every eye, too.
NEUTRAL = ("#540C84", "#FC9060", "#FC1860", "#C0C0E4", "#F024C0", "#000000")

#: More, for long lists.
SHADES = tuple(
    "#" + "".join(f"{round(255 * c):02X}" for c in hls_to_rgb(hue / 36, light, saturation))
    for hue in range(36)
    for light in (0.25, 0.4, 0.55, 0.7, 0.82)
    for saturation in (0.4, 0.8)
)

#: Words that mean one of these covers, in the order of :data:`AREAS`.
COVERS = (
    "artificial built building house home town city village urban roof road street industrial factory railway airport "
    "solar greenhouse concrete asphalt",
    "cropland crop arable maize corn wheat barley rye oat triticale rice cereal rape rapeseed sunflower potato beet "
    "soya soybean cotton vineyard orchard olive ploughed plough farmland",
    "woodland wood forest tree spruce pine beech oak birch conifer broadleaved",
    "shrubland shrub scrub heath heather moor bush maquis",
    "grassland grass meadow pasture hay lawn clover",
    "bareland bare soil sand rock gravel quarry desert beach dune",
    "water lake river pond sea reservoir canal",
    "wetland marsh bog fen mire reed swamp peat flooded saltmarsh",
)
_COVER_OF = {word: cover for cover, words in enumerate(COVERS) for word in words.split()}


def class_colours(classes: int | Sequence[str]) -> list[str]:
    """The colours of classes: in the click map, in what ``map_region`` makes, in files and in plots.

    Args:
        classes: their names, or how many there are.

    Returns:
        A colour each as #RRGGBB. The first class whose name means a known cover takes that cover's of :data:`AREAS`,
        a single word ("grassland") before several ("hay meadow"). Beside such classes the others take :data:`NEUTRAL`
        first, so that none looks like a cover that it is not; then what is left of the eight in order, then each time
        the colour that is farthest from all those taken and from white, which is no data.
    """
    names = [""] * classes if isinstance(classes, int) else classes
    taken: dict[int, int] = {}
    for k in sorted(range(len(names)), key=lambda k: len(names[k].split()) > 1):
        cover = _cover(names[k])
        if cover is not None and cover not in taken.values():
            taken[k] = cover
    left = [*(NEUTRAL if taken else ()), *(c for cover, c in enumerate(AREAS) if cover not in taken.values())]
    more = max(0, len(names) - len(taken) - len(left))
    free = iter([*left, *_farthest([*(AREAS[cover] for cover in taken.values()), *left], more)])
    return [AREAS[taken[k]] if k in taken else next(free) for k in range(len(names))]


def _farthest(taken: Sequence[str], more: int) -> list[str]:
    """So many colours, each the farthest in RGB from those before it, as far as :data:`SHADES` has others."""
    chosen: list[str] = []
    shades = as_rgb(SHADES).astype(float)
    gap = np.linalg.norm(shades[:, None] - as_rgb([*taken, "#FFFFFF"]), axis=2).min(axis=1)
    for _ in range(more):
        chosen.append(SHADES[gap.argmax()])
        gap = np.minimum(gap, np.linalg.norm(shades - shades[gap.argmax()], axis=1))
    return chosen


def _cover(name: str) -> int | None:
    """Which of :data:`AREAS` a name means, by the first of its words that says so."""
    words = re.findall(r"[a-z]+", name.casefold())
    found = (
        _COVER_OF.get(form)
        for word in words
        for form in (word, word.removesuffix("s"), word.removesuffix("es"))
    )
    return next((cover for cover in found if cover is not None), None)


def as_rgb(colours: Sequence[str]) -> np.ndarray:
    """Colours as numbers.

    Args:
        colours: K of them as #RRGGBB.

    Returns:
        (K, 3) uint8 red, green and blue.
    """
    return np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours], dtype=np.uint8)
