"""The radiometric offset of a cube: what is to be added to its values, and how that is known.

From processing baseline 04.00 on (January 2022, and old images that are processed anew) ESA adds 1000 to what it
stores. What a cube states of it is applied; where it states nothing nothing is taken off, and it is said.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS
from timesen_nb.sources.cube_statements import baselines_of, stated_offset, statements
from timesen_nb.sources.offset_rule import NO, OFFSET, OFFSET_FROM, SINCE, YES

#: Stored values below this show that nothing was added: reflectance would be below -0.05, which no clear surface has.
PLAIN = 500.0


def offset_of(
    data: xr.Dataset, bands: xr.Dataset, sample: np.ndarray, chosen: float | None, packed: np.ndarray
) -> tuple[np.ndarray, str, bool, tuple[str, ...]]:
    """What is to be added to values x 10000, and how that is known.

    In this order: what the user says; a statement that it is off already; an offset in the file's own packing; an
    offset that is stated; the processing baseline of each date, unless values show that nothing was added.

    Args:
        data: the dataset with all its coordinates and attributes.
        bands: the ten bands.
        sample: (t, 10, n) values x 10000 without any offset, NaN = missing.
        chosen: the user's.
        packed: (10,) whether the file's own packing takes it off, see :func:`takes_offset_off`.

    Returns:
        (t,) offsets; the rule in words; whether anything states it; the baselines.

    Raises:
        ValueError: an offset that can be none, or statements that do not agree.
    """
    t = len(sample)
    none = np.zeros(t)
    said = {kind: list(statements(data, bands, kind, t)) for kind in ("applied", "offset", "baseline")}
    baselines = baselines_of(said["baseline"], t)
    names = tuple(sorted({f"{b:05.2f}" for b in baselines[np.isfinite(baselines)]}))
    if chosen is not None:
        number = stated_offset(chosen, "offset=")
        return none + number, f"offset={number:g}, as given", True, names
    applied = np.zeros(t, dtype=bool)
    denied = False
    for _, value in said["applied"]:
        texts = np.array([str(v).strip().lower() for v in np.broadcast_to(value, t)])
        applied |= np.isin(texts, YES)
        denied |= bool(np.isin(texts, NO).any())
    if applied.all():
        return none, "none: the data say that it is off already", True, names
    if packed.any():
        if not packed.all():
            raise ValueError(
                f"its packing (add_offset) takes the radiometric offset off in {', '.join(np.array(BANDS)[packed])} "
                "alone. Bring all bands to one packing, or say what is to be added to the values: "
                "open_source(path, offset=0)."
            )
        return none, "taken off as the file's own packing says (add_offset)", True, names
    if said["offset"]:
        every = np.stack(
            [
                np.broadcast_to([stated_offset(v, key) for v in np.ravel(value)], t)
                for key, value in said["offset"]
            ]
        )
        if (every != every[0]).any():
            raise ValueError(
                f"it states different radiometric offsets ({', '.join(f'{v:g}' for v in np.unique(every))}); "
                "expected one. Say it: open_source(path, offset=-1000)."
            )
        if (every[0] < 0).any() and _too_low(sample[~applied]):
            raise ValueError(
                f"it states the radiometric offset {said['offset'][0][0]} {every[0].min():g}, but its values lie so "
                "low that it seems to be off already. Say what is to be added to them: open_source(path, offset=0), or "
                "offset=-1000."
            )
        return every[0] * ~applied, f"as stated: {said['offset'][0][0]}", True, names
    late = np.isfinite(baselines) & (baselines >= OFFSET_FROM) & ~applied
    if np.isfinite(baselines).any():
        rule = "1000 is added from processing baseline 04.00 on"
        if (~np.isfinite(baselines) & ~applied).any():
            rule += "; some dates state no baseline, and keep their values"
        if _too_low(sample[late]):
            rule = (
                "none: the baseline is 04.00 or later, but values lie so low that it is off already; if it is not, "
                "say offset=-1000"
            )
            return none, rule, True, names
        return np.where(late, OFFSET, 0.0), rule, True, names
    if denied:
        raise ValueError(
            "it says that the radiometric offset is not taken off, but no processing baseline and no offset. Say it: "
            "open_source(path, offset=-1000), or offset=0 for baselines before 04.00."
        )
    return none, "none is stated, and none was taken off", False, names


def _too_low(sample: np.ndarray) -> bool:
    """Whether values x 10000 lie too low for 1000 to be on them; 0 is no data to products that have it on."""
    known = sample[np.isfinite(sample) & (sample != 0)]
    return bool(known.size) and bool((known < PLAIN).mean() > 0.01)


def takes_offset_off(add: np.ndarray, factor: float) -> np.ndarray:
    """Whether a file's own packing takes the radiometric offset off: it adds -0.1, or -1000 x 10000.

    Whatever else it adds only fills the range of its integers.

    Args:
        add: (10,) what it adds to each band.
        factor: what makes its values reflectance x 10000.

    Returns:
        (10,) bool.
    """
    return np.isclose(add * factor, OFFSET, rtol=1e-3)


def looks_raised(sample: np.ndarray, days: np.ndarray | None) -> bool:
    """Whether values look as if 1000 were still on them: hardly any lies below it, in all of them or since 2022.

    Args:
        sample: (t, 10, n) values x 10000, NaN = missing.
        days: (t,) datetime64[D], or None where they are not known.

    Returns:
        Whether they do.
    """
    groups = [sample] if days is None else [sample, sample[days >= SINCE]]
    for group in groups:
        there = group[np.isfinite(group)]
        if there.size and (there < -OFFSET).mean() < 0.005 and there.min() >= PLAIN:
            return True
    return False
