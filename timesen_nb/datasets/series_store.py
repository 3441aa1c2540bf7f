"""Series of many places as they are read, one by one: in memory, or in a file for more than memory holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from timesen_nb.datasets.pair_arrays import MISSING


class SeriesStore:
    """Series as they come: in memory, or in a .npy file that has its name once it is whole."""

    values: np.ndarray

    def __init__(self, path: str | Path | None, n: int) -> None:
        self.path, self.n, self.at = None if path is None else Path(path).expanduser(), n, 0

    def __enter__(self) -> SeriesStore:
        return self

    def add(self, series: np.ndarray) -> None:
        """The next point's."""
        if not self.at:
            self._open((self.n, *series.shape))
        if series.shape != self.values.shape[1:]:
            raise ValueError(
                f"point {self.at} has shape {series.shape}, those before it {self.values.shape[1:]}."
            )
        if self.path is not None:
            series = np.where(np.isnan(series), MISSING, np.clip(np.rint(series), 0, 32767))
        self.values[self.at] = series
        self.at += 1

    def _open(self, shape: tuple[int, ...]) -> None:
        if self.path is None:
            self.values = np.empty(shape, np.float32)
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.values = np.lib.format.open_memmap(self._partial, "w+", np.int16, shape)

    @property
    def _partial(self) -> Path:
        assert self.path is not None
        return self.path.with_name(self.path.name + ".part")

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if self.path is None:
            return
        self.values = np.empty(0)  # closes the map
        if failed:
            self._partial.unlink(missing_ok=True)
        else:
            self._partial.replace(self.path)
            self.values = np.load(self.path, mmap_mode="c")
