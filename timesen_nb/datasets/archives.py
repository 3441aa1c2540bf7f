"""What readers of published data sets share: whole files, columns, the year that is read, no data by their makers."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.nodata import clean, other_unit, without_codes

#: What benchmarks fill up with, by their makers' word.
PADDED = (-999.0, -1.0)


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


def check_columns(there: Collection[str], needed: Collection[str], what: str) -> None:
    """Refuse a table that is another.

    Args:
        there: its columns.
        needed: those that are read.
        what: the table, for the message.

    Raises:
        ValueError: some are missing.
    """
    if lost := [name for name in needed if name not in there]:
        raise ValueError(
            f"{what} has the columns {', '.join(map(str, there))}; {', '.join(lost)} expected too, as its makers "
            "publish it. Download it again."
        )


def check_year(days: np.ndarray, year: int, what: str) -> None:
    """Refuse observations none of which lies in the year.

    Args:
        days: (t,) datetime64.
        year: that is read.
        what: whose they are, for the message.

    Raises:
        ValueError: all of them lie in other years, or there are none.
    """
    days = np.asarray(days, dtype="datetime64[D]")
    if (days.astype("datetime64[Y]") == np.datetime64(f"{year:04d}")).any():
        return
    found = f"dates from {days.min()} to {days.max()}" if len(days) else "no dates"
    raise ValueError(f"{what} has {found}; expected some of {year}, the year that is read.")


def cleaned(values: np.ndarray, what: str) -> np.ndarray:
    """Values that are data.

    Args:
        values: (..., 10) reflectance x 10000, as stored.
        what: what they are, for messages.

    Returns:
        float32 of the same shape, NaN where data are missing.

    Raises:
        ValueError: values that are no reflectance x 10000.
    """
    bands = values.ndim - 1
    values, _ = without_codes(values.astype(np.float32), bands, PADDED)
    if unit := other_unit(values):
        raise ValueError(f"{what}: {unit}")
    return clean(values, BANDS, bands, what)
