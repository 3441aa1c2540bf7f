"""Series of many places as they are read, one by one: in memory, or in a file for more than memory holds."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from timesen_nb.datasets.pair_arrays import MISSING
from timesen_nb.tensor_file import whole_file


class SeriesStore:
    """Series as they come: in memory, or in a .npy file that has its name once it is whole."""

    values: np.ndarray
    _file: BinaryIO

    def __init__(self, path: str | Path | None, n: int) -> None:
        self.path, self.n, self.at = None if path is None else Path(path).expanduser(), n, 0
        self._opened = ExitStack()

    def __enter__(self) -> SeriesStore:
        if self.path is not None:
            partial = self._opened.enter_context(whole_file(self.path))
            # a file that is mapped would end the process, without a word, where the disk is full
            self._file = self._opened.enter_context(partial.open("wb"))
        return self

    def add(self, series: np.ndarray) -> None:
        """The next point's."""
        if not self.at:
            self._begin(series.shape)
        if series.shape != self._shape:
            raise ValueError(f"point {self.at} has shape {series.shape}, those before it {self._shape}.")
        if self.path is None:
            self.values[self.at] = series
        else:
            whole = np.where(np.isnan(series), MISSING, np.clip(np.rint(series), 0, 32767))
            self._file.write(whole.astype("<i2").tobytes())
        self.at += 1

    def _begin(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        if self.path is None:
            self.values = np.empty((self.n, *shape), np.float32)
        else:
            header = {"descr": "<i2", "fortran_order": False, "shape": (self.n, *shape)}
            np.lib.format.write_array_header_1_0(self._file, header)

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, problem, trace)
        if self.path is not None and kind is None:
            self.values = np.load(self.path, mmap_mode="c")
