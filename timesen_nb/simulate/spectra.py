"""Reflectance of canopies and surfaces in the ten Sentinel-2 bands.

Canopies are PROSAIL (PROSPECT-D leaves in a 4SAIL canopy; Jacquemoud et al. 2009, doi 10.1016/j.rse.2008.01.026;
Féret et al. 2017, doi 10.1016/j.rse.2017.03.004), run once over a grid of canopy states by ``recipes/canopy_table.py``
and interpolated after, so that a landscape takes seconds and PROSAIL itself is needed only to rebuild the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np

from timesen_nb.bands import BANDS

#: Nodes of the canopy table. lai: leaf area index; cab: chlorophyll, ug/cm2; brown: brown pigment (0 to 1);
#: water: equivalent leaf water, cm; angle: mean leaf angle, degrees; sun: sun zenith, degrees; soil: reflectance below.
AXES: dict[str, tuple[float, ...]] = {
    "lai": (0.0, 0.3, 0.7, 1.3, 2.2, 3.5, 6.0),
    "cab": (10.0, 25.0, 42.0, 65.0),
    "brown": (0.0, 0.4, 1.0),
    "water": (0.004, 0.014, 0.030),
    "angle": (40.0, 62.0),
    "sun": (25.0, 48.0, 70.0),
    "soil": (0.0, 0.2, 0.5),
}

#: Reflectance of surfaces without a canopy, in band order. Our own round figures after the usual spectral libraries
#: (soil after the PROSAIL package's dry and wet soils); real places vary around them, and are drawn so.
SURFACES: dict[str, tuple[float, ...]] = {
    "dry soil": (0.085, 0.125, 0.175, 0.200, 0.220, 0.240, 0.258, 0.270, 0.360, 0.330),
    "wet soil": (0.040, 0.060, 0.085, 0.100, 0.112, 0.124, 0.135, 0.142, 0.170, 0.130),
    "peat": (0.025, 0.034, 0.044, 0.056, 0.075, 0.090, 0.105, 0.112, 0.130, 0.085),
    "straw": (0.080, 0.120, 0.175, 0.215, 0.255, 0.285, 0.310, 0.330, 0.380, 0.280),
    "litter": (0.035, 0.050, 0.075, 0.100, 0.130, 0.155, 0.180, 0.195, 0.260, 0.180),
    "sand": (0.170, 0.225, 0.280, 0.300, 0.315, 0.330, 0.345, 0.355, 0.430, 0.400),
    "light rock": (0.170, 0.205, 0.235, 0.250, 0.258, 0.265, 0.272, 0.278, 0.310, 0.280),
    "dark rock": (0.070, 0.085, 0.100, 0.107, 0.112, 0.117, 0.122, 0.126, 0.165, 0.150),
    "clear water": (0.032, 0.030, 0.018, 0.013, 0.010, 0.009, 0.008, 0.007, 0.003, 0.002),
    "turbid water": (0.060, 0.085, 0.075, 0.060, 0.032, 0.032, 0.026, 0.024, 0.010, 0.007),
    "snow": (0.850, 0.850, 0.840, 0.830, 0.820, 0.810, 0.790, 0.770, 0.090, 0.060),
    "asphalt": (0.075, 0.085, 0.095, 0.100, 0.104, 0.108, 0.112, 0.115, 0.140, 0.130),
    "concrete": (0.170, 0.195, 0.220, 0.230, 0.238, 0.246, 0.254, 0.260, 0.310, 0.290),
    "tile roof": (0.070, 0.095, 0.150, 0.175, 0.190, 0.200, 0.210, 0.218, 0.280, 0.260),
    "metal roof": (0.240, 0.255, 0.270, 0.275, 0.280, 0.285, 0.290, 0.292, 0.310, 0.290),
    # soils and surfaces of other climates, rounded after classes of the ECOSTRESS library (Meerdink et al. 2019,
    # doi 10.1016/j.rse.2019.05.015: Oxisol, Vertisol, Aridisol, gypsum, roofing) and the water types of Spyrakos et al.
    # 2018, doi 10.1002/lno.10674
    "laterite": (0.045, 0.075, 0.155, 0.185, 0.205, 0.220, 0.240, 0.255, 0.350, 0.290),
    "vertisol": (0.045, 0.058, 0.072, 0.082, 0.092, 0.100, 0.110, 0.118, 0.175, 0.155),
    "desert pavement": (0.105, 0.140, 0.185, 0.205, 0.220, 0.232, 0.245, 0.252, 0.320, 0.290),
    "red sand": (0.080, 0.130, 0.250, 0.300, 0.330, 0.350, 0.375, 0.390, 0.500, 0.460),
    "pale sand": (0.200, 0.280, 0.360, 0.385, 0.400, 0.415, 0.430, 0.435, 0.520, 0.480),
    "loess": (0.090, 0.135, 0.190, 0.220, 0.245, 0.262, 0.280, 0.292, 0.370, 0.320),
    "salt": (0.360, 0.420, 0.460, 0.475, 0.485, 0.490, 0.495, 0.495, 0.380, 0.300),
    "lava": (0.050, 0.055, 0.060, 0.063, 0.066, 0.069, 0.072, 0.074, 0.095, 0.095),
    "char": (0.028, 0.034, 0.042, 0.048, 0.056, 0.063, 0.072, 0.080, 0.135, 0.140),
    "dry grass": (0.060, 0.095, 0.145, 0.180, 0.215, 0.240, 0.262, 0.282, 0.340, 0.225),
    "rusty roof": (0.070, 0.085, 0.130, 0.160, 0.190, 0.210, 0.230, 0.240, 0.290, 0.270),
    "mud wall": (0.100, 0.145, 0.200, 0.225, 0.243, 0.258, 0.272, 0.282, 0.350, 0.310),
    "plastic sheet": (0.330, 0.370, 0.390, 0.400, 0.410, 0.420, 0.430, 0.435, 0.400, 0.330),
    "solar panel": (0.075, 0.065, 0.062, 0.066, 0.075, 0.085, 0.100, 0.110, 0.135, 0.110),
    "green water": (0.035, 0.065, 0.035, 0.050, 0.040, 0.042, 0.032, 0.030, 0.008, 0.005),
    "shallow water": (0.110, 0.130, 0.090, 0.055, 0.028, 0.024, 0.018, 0.016, 0.006, 0.004),
    "muddy water": (0.090, 0.130, 0.165, 0.175, 0.135, 0.135, 0.110, 0.095, 0.020, 0.012),
    "old ice": (0.480, 0.500, 0.470, 0.440, 0.400, 0.370, 0.320, 0.290, 0.020, 0.012),
}


def surface(name: str) -> np.ndarray:
    """(10,) reflectance 0 to 1 of a bare surface; KeyError for a name that is not in :data:`SURFACES`."""
    return np.array(SURFACES[name], dtype=np.float32)


@cache
def _table() -> np.ndarray:
    from safetensors.numpy import load_file

    path = files("timesen_nb").joinpath("weights", "canopy.safetensors")
    return load_file(str(path))["reflectance"].astype(np.float32)


def canopy(state: Mapping[str, np.ndarray], soil: np.ndarray) -> np.ndarray:
    """Reflectance of canopies over a soil: multilinear in the state, quadratic in the soil.

    Args:
        state: an (N,) array for each of lai, cab, brown, water, angle, sun (see :data:`AXES`; values outside are
            clipped).
        soil: (N, 10) reflectance of the ground below, 0 to 1.

    Returns:
        (N, 10), 0 to 1.
    """
    n = len(soil)
    table = _table()
    corners: list[tuple[np.ndarray, np.ndarray]] = []  # per axis: index below, weight of the node above
    for name, nodes in list(AXES.items())[:-1]:
        grid = np.asarray(nodes, dtype=np.float32)
        x = np.clip(np.asarray(state[name], dtype=np.float32), grid[0], grid[-1])
        low = np.clip(np.searchsorted(grid, x, side="right") - 1, 0, len(grid) - 2)
        above = (x - grid[low]) / (grid[low + 1] - grid[low])
        if n and x.min() == x.max():  # the same for all: half the corners are left
            axis = len(corners)
            table = table.take(low[0], axis) * (1 - above[0]) + table.take(low[0] + 1, axis) * above[0]
        else:
            corners.append((low, above))
    nodes3 = np.zeros((n, 3, len(BANDS)), dtype=np.float32)
    for corner in range(2 ** len(corners)):
        index, weight = [], np.ones(n, dtype=np.float32)
        for axis, (low, above) in enumerate(corners):
            up = corner >> axis & 1
            index.append(low + up)
            weight = weight * (above if up else 1 - above)
        nodes3 += weight[:, None, None] * table[tuple(index)]
    s0, s1, s2 = AXES["soil"]
    l0 = (soil - s1) * (soil - s2) / ((s0 - s1) * (s0 - s2))
    l1 = (soil - s0) * (soil - s2) / ((s1 - s0) * (s1 - s2))
    l2 = (soil - s0) * (soil - s1) / ((s2 - s0) * (s2 - s1))
    out: np.ndarray = nodes3[:, 0] * l0 + nodes3[:, 1] * l1 + nodes3[:, 2] * l2
    return out
