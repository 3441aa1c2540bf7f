"""Colours of the classes of a map, the same wherever they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from colorsys import hls_to_rgb

import numpy as np

#: Eight colours of areas, in an order that suits land cover: roofs, fields, woods, scrub, grass, soil, lakes, marshes.
#: Told apart by the colour-blind, too: tests/test_plots.py measures it by the matrices of Machado and others (2009).
AREAS = ("#A63278", "#FCF0A9", "#1B692F", "#8A850C", "#A3EA37", "#E19EA6", "#444CE6", "#72B2FC")


def class_colours(k: int) -> list[str]:
    """The colours of ``k`` classes: in the click map, in what ``map_region`` makes, in files and in plots.

    Args:
        k: how many classes there are.

    Returns:
        ``k`` colours as #RRGGBB, by the order of the classes: :data:`AREAS`, then hues by the golden angle, every
        other one darker.
    """
    more = max(0, k - len(AREAS))
    rest = [hls_to_rgb((0.1 + n * 0.618034) % 1.0, (0.72, 0.42)[n % 2], 0.5) for n in range(more)]
    return [*AREAS[:k], *("#" + "".join(f"{round(255 * c):02X}" for c in rgb) for rgb in rest)]


def as_rgb(colours: Sequence[str]) -> np.ndarray:
    """Colours as numbers.

    Args:
        colours: K of them as #RRGGBB.

    Returns:
        (K, 3) uint8 red, green and blue.
    """
    return np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours], dtype=np.uint8)
