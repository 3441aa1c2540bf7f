"""An empty sheet of country, and the pencils that put fields, stands, plots and lines on it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from timesen_nb.simulate.cover_types import INDEX


def noise(rng: np.random.Generator, size: int, waves: float) -> np.ndarray:
    """(size, size) smooth noise (cubic splines) of about unit spread, with so many bumps along a side."""
    n = round(waves)
    at = (np.arange(size) + 0.5) / size * n
    left, t = at.astype(int), at % 1
    spline = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * t * (1 + t - t**2) + 1, t**3]) * 0.242
    rough = rng.standard_normal((n + 3, n + 3))
    half = np.add.reduce([spline[k, :, None] * rough[left + k] for k in range(4)])
    out: np.ndarray = np.add.reduce([spline[k] * half[:, left + k] for k in range(4)])
    return out


class Sheet:
    """The plan while it is drawn. u, v: shares of the side, eastward and southward."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self.rng, self.size = rng, size
        axis = (np.arange(size) + 0.5) / size
        self.u, self.v = np.meshgrid(axis, axis)
        self.cover_type = np.zeros((size, size), dtype=np.int16)
        self.parcel = np.zeros((size, size), dtype=np.int64)
        self.altitude = np.zeros((size, size))
        self.river = np.zeros((size, size))  # metres from its middle
        self.roads = np.zeros((size, size))  # metres from the nearest road
        self.block = np.zeros((size, size), dtype=np.int64)  # fields between the same tracks
        self._labels = 0

    def noise(self, waves: float) -> np.ndarray:
        """(y, x) smooth noise of about unit spread, with so many bumps along a side."""
        return noise(self.rng, self.size, waves)

    def crooked(self) -> np.ndarray:
        """(y, x) noise that bends outlines, coarse and fine."""
        return 0.11 * self.noise(5) + 0.09 * self.noise(12) + 0.05 * self.noise(30)

    def label(self, cells: np.ndarray) -> np.ndarray:
        """Labels not used before, one for each value of ``cells``."""
        _, own = np.unique(cells, return_inverse=True)
        own = own.reshape(cells.shape) + self._labels
        self._labels = int(own.max()) + 1
        return own

    def lay(self, where: np.ndarray, cover_type: str | np.ndarray, cells: np.ndarray | None = None) -> None:
        """Put a cover type there: as one parcel, or as a parcel for each value of ``cells``."""
        if not where.any():
            return
        self.cover_type[where] = INDEX[cover_type] if isinstance(cover_type, str) else cover_type[where]
        self.parcel[where] = self.label(np.zeros(where.sum()) if cells is None else cells[where])

    def stands(self, metres: float, ragged: float = 0.35) -> np.ndarray:
        """Cells of about that size with crooked borders."""
        count = max(3, round((self.size * 10 / metres) ** 2))
        u = self.u + ragged * metres / self.size / 10 * self.noise(self.size * 10 / metres)
        v = self.v + ragged * metres / self.size / 10 * self.noise(self.size * 10 / metres)
        return nearest(u, v, self.rng.random((count, 2)))

    def plots(self, metres: float, turned: float) -> np.ndarray:
        """Square cells of that size, turned by so many radians."""
        side = metres / 10 / self.size
        a = self.u * np.cos(turned) + self.v * np.sin(turned)
        b = self.v * np.cos(turned) - self.u * np.sin(turned)
        cells: np.ndarray = np.floor(a / side) * 10_000 + np.floor(b / side)
        return cells

    def spot(self, u: float, v: float, across: float, down: float, ragged: float = 1.0) -> np.ndarray:
        """(y, x) bool: a round patch with a crooked outline; half axes as shares of the side."""
        reach, waves = np.hypot((self.u - u) / across, (self.v - v) / down), 0.5 / max(across, down)
        bent = 0.16 * self.noise(1.2 * waves) + 0.11 * self.noise(3 * waves)
        out: np.ndarray = reach + ragged * bent < 1
        return out

    def away(self, lines: Sequence[Sequence[tuple[float, float]]]) -> tuple[np.ndarray, np.ndarray]:
        """Metres from the nearest of some lines through points (u, v), and which of them that is; (y, x) each."""
        parts, owner = [], []
        for i, line in enumerate(lines):
            for a, b in pairwise(np.asarray(line)):
                parts.append(np.linspace(a, b, max(2, round(2 * self.size * float(np.hypot(*(b - a)))))))
                owner += [i] * len(parts[-1])
        pixels = np.stack([self.u.ravel(), self.v.ravel()], axis=1)
        far, which = cKDTree(np.concatenate(parts)).query(pixels)
        shape = (self.size, self.size)
        return far.reshape(shape) * self.size * 10, np.array(owner)[which].reshape(shape)


def nearest(u: np.ndarray, v: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """(y, x) index of the nearest seed."""
    found: np.ndarray = cKDTree(seeds).query(np.stack([u.ravel(), v.ravel()], axis=1))[1]
    return found.reshape(u.shape)
