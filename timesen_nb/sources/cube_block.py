"""A block of a cube as it is read: the months of its pixels, and what became of their observations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.composite import MASKED, SCENE_CLASSES, clear, medians_by_month, usable
from timesen_nb.nodata import HIGHEST, LOWEST, SHARE, fractions, outside, said
from timesen_nb.sources.cube_layout import CubeLayout, Opener
from timesen_nb.sources.cube_values import check_classes, stored_classes, stored_values

#: Pixels a side of what is read at once: 118 dates of it are 20 MB as stored, its twelve months 2 MB.
SIZE = 64


@dataclass(frozen=True)
class CubeBlock:
    """The months of a block of the cube, and what became of its observations.

    Attributes:
        months: (12, 10, y, x) reflectance x 10000, NaN = missing.
        days: (t,) of the year.
        used: (t, y, x) those in a median.
        left_out: masks (t, y, x) of others by the reason why.
        wrong: why a pixel is refused, by row and column.
        codes: what stood for no data without being declared.
    """

    months: np.ndarray
    days: np.ndarray
    used: np.ndarray
    left_out: dict[str, np.ndarray]
    wrong: dict[tuple[int, ...], str]
    codes: tuple[float, ...]


def read_block(
    opener: Opener, cube: CubeLayout, at: tuple[int, int], days: np.ndarray, year: int, missing: bool
) -> CubeBlock:
    """The months of up to 64 x 64 pixels, and what they were made of.

    Args:
        opener: of the cube.
        cube: its layout.
        at: row and column of the block.
        days: (t,) the day of each step.
        year: whose months they are.
        missing: an observation that can be no reflectance is missing; else its pixel is refused.

    Returns:
        The block.

    Raises:
        ValueError: it cannot be read, or holds scene classes that are none.
    """
    steps = np.flatnonzero(days.astype("datetime64[Y]") == np.datetime64(f"{year:04d}", "Y"))
    days, radiometry = days[steps], cube.radiometry
    window: dict[str, Any] = {"time" if cube.dated else "month": steps}
    window |= {axis: slice(n * SIZE, (n + 1) * SIZE) for axis, n in zip("yx", at, strict=True)}
    try:
        with opener.opened() as (_, bands, scl):
            stored = stored_values(bands.isel(window))
            classes = None if scl is None else stored_classes(scl.isel(window))
    except ValueError as error:
        why = str(error).removeprefix("it cannot be read ")
        raise ValueError(f"{opener.label} cannot be read here {why}") from error
    if classes is not None:
        check_classes(classes)
    values, codes = radiometry.measure(stored, radiometry.offset[steps])
    left_out = {f"{said([code])} stands for no data": where for code, where in sorted(codes.items())}
    off = outside(values) if missing else None
    if off is not None:
        values[off] = np.nan
        left_out[f"no reflectance: outside {LOWEST:g} to {HIGHEST:g}"] = np.asarray(off.any(axis=1))
    if classes is not None:
        left_out["scene class not clear"] = np.isfinite(values).all(axis=1) & ~clear(classes)
    used = usable(values, days, classes)
    wrong = _wrong(values, used, days, radiometry.factor)
    months = medians_by_month(values, days, classes, year)
    return CubeBlock(months, days, used, left_out, wrong, tuple(codes))


def _wrong(
    values: np.ndarray, used: np.ndarray, days: np.ndarray, factor: float
) -> dict[tuple[int, ...], str]:
    """Pixels (...) with a used observation that can be no reflectance, and why."""
    found: dict[tuple[int, ...], str] = {}
    mask = outside(values)
    if mask is not None:
        for t, b, *at in np.argwhere(mask & used[:, None]):
            found.setdefault(
                tuple(map(int, at)),
                f"{BANDS[b]} is {values[(t, b, *at)]:g} on {days[t]}, which is no reflectance; expected reflectance x "
                f"10000 between {LOWEST:g} and {HIGHEST:g}. If it stands for no data, open the cube with nodata= that "
                "number, or with out_of_range='missing'.",
            )
    if factor == 1:
        # a date from 0 to 1 among dates x 10000: all bands at most SHARE, and no whole numbers, as clipped water is
        low = used & (values[:, 0] <= SHARE) & fractions(values[:, 0])
        if low.any():
            for t, *at in np.argwhere(low & (values.max(axis=1) <= SHARE)):
                found.setdefault(
                    tuple(map(int, at)),
                    f"all bands are below {SHARE:g} on {days[t]}: reflectance from 0 to 1 among dates x 10000. Bring "
                    "all dates to one scale.",
                )
    return found


def provenance_of(block: CubeBlock, inside: tuple[int, int], cube: CubeLayout) -> dict[str, Any]:
    """What the months of a pixel were made of; :class:`PixelSeries` says how it is told."""
    radiometry = cube.radiometry
    days = np.sort(block.days[block.used[(..., *inside)]])
    months = days.astype("datetime64[M]").astype(int) % 12
    counts = {why: int(where[(..., *inside)].sum()) for why, where in block.left_out.items()}
    rule = radiometry.rule
    if cube.raised:
        rule += "; hardly a value lies below 1000, so that it may still be on"
    kept = ", ".join(str(c) for c in SCENE_CLASSES if c not in MASKED)
    made_of: dict[str, Any] = {
        "acquisitions": np.bincount(months, minlength=12).tolist(),
        "dates": [str(day) for day in days] if cube.dated else [],
        "offset": {"applied": radiometry.applied, "rule": rule},
        "mask": f"scene classes (SCL) kept: {kept}" if cube.has_scl else "none: no SCL",
        "left_out": [{"what": f"{n} observations", "why": why} for why, n in counts.items() if n],
    }
    if not cube.dated:
        made_of["composites"] = "monthly, as the data hold them: acquisitions are not known"
        del made_of["acquisitions"], made_of["dates"]
    if radiometry.baselines:
        made_of["baselines"] = list(radiometry.baselines)
    return made_of
