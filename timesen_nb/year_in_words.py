"""What a year of NDVI says, as a sentence for people who cannot read the curve yet.

Rules of thumb, not the model: the model never sees these words, and these words never see the model. NDVI above 0.6 is
dense leaves and below 0.2 hardly any (US Geological Survey, "NDVI, the foundation for remote sensing phenology").
"""

from __future__ import annotations

import numpy as np

from timesen_nb.bands import MONTHS

DENSE, BARE = 0.6, 0.2
#: A change from one month to the next that the eye sees in the curve.
STEEP = 0.2
#: Less than this between the greenest and the least green month is a level year.
LEVEL = 0.25


def year_in_words(ndvi: np.ndarray) -> str:
    """A sentence or two about (12,) NDVI of months 1 to 12, NaN = missing; missing months are not guessed at.

    Says how green the year is, its greenest and least green month where they differ, and the steepest rise and fall
    between two neighbouring months. Raises ValueError for another shape.
    """
    if np.shape(ndvi) != (12,):
        raise ValueError(
            f"NDVI given has shape {np.shape(ndvi)}; expected (12,): months 1 to 12, NaN = missing."
        )
    known = np.flatnonzero(np.isfinite(ndvi))
    if not len(known):
        return "No month can be read."
    if len(known) == 1:
        return f"Only {MONTHS[known[0]]} can be read: NDVI {ndvi[known[0]]:.2f}."
    palest, greenest = int(known[np.argmin(ndvi[known])]), int(known[np.argmax(ndvi[known])])
    low, high = float(ndvi[palest]), float(ndvi[greenest])
    gaps = f" in the {len(known)} months that are there" if len(known) < 12 else ""
    between = f"NDVI stays between {low:.2f} and {high:.2f}{gaps}"
    if low >= DENSE:
        return f"Green all year: {between}."
    if high < BARE:
        return f"Never green: {between}."
    if high - low < LEVEL:
        return f"Hardly changes over the year: {between}."
    said = f"Greenest in {MONTHS[greenest]} (NDVI {high:.2f}), least green in {MONTHS[palest]} ({low:.2f})."
    steps = np.diff(ndvi)  # NaN beside a missing month
    turns: list[tuple[int, str]] = []
    if np.nanmax(steps, initial=-np.inf) >= STEEP:
        turns.append((int(np.nanargmax(steps)), "greens up"))
    if np.nanmin(steps, initial=np.inf) <= -STEEP:
        turns.append((int(np.nanargmin(steps)), "fades"))
    told = [f"{does} fastest from {MONTHS[m]} to {MONTHS[m + 1]}" for m, does in sorted(turns)]
    return f"{said} It {' and '.join(told)}." if told else said
