"""Opening HDF5 files, in words where one is cut short."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def open_hdf5(path: Path, origin: str) -> Any:
    """An HDF5 file, to be closed by who asked for it.

    Args:
        path: of the file.
        origin: whose file is expected, such as "Sen4Map".

    Returns:
        The ``h5py.File``, for reading.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no whole HDF5 file.
    """
    import h5py

    try:
        return h5py.File(path, "r")
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise ValueError(
            f"{path.name} is no whole HDF5 file ({problem}); expected one of {origin}. Copy or download it again."
        ) from problem
