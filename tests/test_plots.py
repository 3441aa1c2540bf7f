"""Figures can be read by the colour-blind."""

from itertools import combinations

import numpy as np
import pytest

from timesen_nb.plots.colours import AREAS

#: What linear RGB becomes for an eye that lacks one kind of cone: Machado, Oliveira and Fernandes (2009), severity 1.
EYES = {
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)


def seen(colour: str, eye: str) -> np.ndarray:
    """CIE Lab of #RRGGBB as an eye sees it."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    t = TO_XYZ @ np.clip(np.array(EYES[eye]) @ linear, 0, 1) / WHITE
    x, y, z = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", EYES)
def test_no_two_classes_of_a_map_look_alike(eye: str) -> None:
    """A difference of 2.3 can just be seen side by side; across a map it takes some ten times that."""
    for a, b in combinations(AREAS, 2):
        assert np.linalg.norm(seen(a, eye) - seen(b, eye)) > 24, f"{a} and {b}"
