"""How high the sun stands, in the middle of each month."""

from __future__ import annotations

import numpy as np

from timesen_nb.simulate.phenology import MID_MONTH

#: (12,) degrees: where the sun stands in the zenith at noon (Cooper 1969, doi 10.1016/0038-092X(69)90047-4).
DECLINATION = 23.4 * np.sin(2 * np.pi * (MID_MONTH - 81) / 365)


def noon_elevation(lat: float, month: int) -> float:
    """Degrees above the horizon at noon; month: 1 to 12."""
    return float(90 - abs(lat - DECLINATION[month - 1]))


def overpass_zenith(lat: np.ndarray) -> np.ndarray:
    """(n,) latitudes -> (n, 12) degrees from the zenith at Sentinel-2's overpass, 10:30, where it takes images."""
    zenith: np.ndarray = np.clip(np.abs(lat[:, None] - DECLINATION) * 0.97 + 6, 20, 72)
    return zenith
