"""Whether observations are of the year that labels are of: without one, every month would be missing in silence."""

from __future__ import annotations

import numpy as np


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
