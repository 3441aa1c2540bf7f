"""What a cube's stored values mean: their scale, what stands for no data, and the radiometric offset.

From processing baseline 04.00 on (January 2022, and old images that are processed anew) ESA adds 1000 to what it
stores. What a cube states of it is applied; where it states nothing nothing is taken off, and it is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE
from timesen_nb.nodata import SHARE, blank, known_codes
from timesen_nb.sources.cube_statements import baselines_of, plain, stated_offset, statements
from timesen_nb.sources.offset_rule import NO, OFFSET, OFFSET_FROM, SINCE, YES

#: Stored values below this show that nothing was added: reflectance would be below -0.05, which no clear surface has.
PLAIN = 500.0
_NODATA = ("nodata", "no_data", "nodata_value", "no_data_value", "fill_value", "fillvalue", "missing")
_OTHER_UNITS = re.compile(r"%|percent|\bdb\b|decibel|kelvin|^k$|celsius|radiance|\bw[ /.]?m", re.IGNORECASE)


@dataclass(frozen=True)
class Radiometry:
    """How stored values become reflectance x 10000: :meth:`measure`.

    Attributes:
        factor: 1 or 10000.
        offset: (t,) added to values x 10000.
        scale: (10,) what values were multiplied by on the way from the file, so that its own numbers can be told.
        add: (10,) what was added to them there.
        nodata: numbers that the file or the user declares.
        rule: how the offset is known.
        stated: whether anything says it.
        applied: whether one was taken off anywhere.
        baselines: as stated.
        codes: of the sample: what stood in it for no data without being declared.
    """

    factor: float
    offset: np.ndarray
    scale: np.ndarray
    add: np.ndarray
    nodata: tuple[float, ...] = ()
    rule: str = ""
    stated: bool = True
    applied: bool = False
    baselines: tuple[str, ...] = ()
    codes: tuple[float, ...] = field(default=(), compare=False)

    def measure(self, stored: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, dict[float, np.ndarray]]:
        """Reflectance x 10000 with NaN where there is none, and where which code stood for it.

        Args:
            stored: (t, 10, ...) float32 as xarray reads it.
            offset: (t,), of these dates.

        Returns:
            Values of the same shape, and for each code that nobody declared a mask (t, ...).
        """
        missing, codes = missing_in(stored, self.scale, self.add, self.factor, self.nodata)
        shape = (len(offset), *[1] * (stored.ndim - 1))
        values = stored * np.float32(self.factor) + offset.astype(np.float32).reshape(shape)
        if missing is not None:
            values = np.where(missing, np.float32(np.nan), values)
        return values, codes


def missing_in(
    stored: np.ndarray, scale: np.ndarray, add: np.ndarray, factor: float, declared: Sequence[float]
) -> tuple[np.ndarray | None, dict[float, np.ndarray]]:
    """Where stored values (t, 10, ...) stand for no data, in the file's own numbers, and which code stood where."""
    packed = bool((scale != 1).any() or add.any())
    views = [stored]
    if packed:
        shape = (1, len(BANDS), *[1] * (stored.ndim - 2))
        views = [np.rint((stored - add.reshape(shape)) / scale.reshape(shape)).astype(np.float32)]
    elif factor != 1:
        # codes that somebody divided by 10000 along with the rest
        views.append(stored * np.float32(factor))
    missing: np.ndarray | None = None
    found: dict[float, np.ndarray] = {}
    for view in views:
        mask, met = known_codes(view, declared)
        if mask is not None:
            missing = mask if missing is None else missing | mask
            for code in set(met) - set(declared):
                here = (
                    np.abs(view - np.float32(code)) <= abs(code) * 1e-5
                    if np.isfinite(code)
                    else np.isinf(view)
                )
                found[code] = np.logical_or(here.any(axis=1), found.get(code, False))
    empty, numbers = blank(views[-1], 1)
    if empty is not None:
        everywhere = np.broadcast_to(empty[:, None], stored.shape)
        missing = everywhere if missing is None else missing | everywhere
        lowest = views[-1].min(axis=1)
        found |= {n: empty & (lowest == n) for n in numbers if n and n not in (*found, *declared)}
    return missing, found


def packing_of(bands: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """(10,) scale and offset that xarray applied on the way from the file, by what it keeps of the file."""
    of = [bands[b].encoding for b in BANDS]
    return (
        np.array([float(e.get("scale_factor", 1.0) or 1.0) for e in of]),
        np.array([float(e.get("add_offset", 0.0) or 0.0) for e in of]),
    )


def declared_nodata(data: xr.Dataset, bands: xr.Dataset) -> tuple[float, ...]:
    """Numbers that attributes beside CF's own call no data: ``nodata``, ``no_data_value`` and the like."""
    found = set()
    for owner in (data.attrs, *(v.attrs for v in bands.values())):
        for key, value in owner.items():
            if plain(key).strip("_") in _NODATA:
                for number in np.ravel(value):
                    try:
                        found.add(float(number))
                    except (TypeError, ValueError):
                        continue
    return tuple(sorted(n for n in found if np.isfinite(n)))


def scale_of(sample: np.ndarray, units: set[str], steps: Sequence[str]) -> float:
    """What makes stored values reflectance x 10000, judged by a sample, band by band and date by date.

    Clouds reach about 1.6 in reflectance, so a 99th percentile up to 2 is 0 to 1; percent and 8-bit pictures end at
    255, far below any scene x 10000; more than 32000 is a raw count. What lies between is refused.

    Args:
        sample: (t, 10, n) stored values, NaN = missing.
        units: what the file says.
        steps: the dates or months, in words.

    Returns:
        1 or 10000.

    Raises:
        ValueError: another unit, or not the same one everywhere.
    """
    there = sample[np.isfinite(sample)]
    if not there.size:
        raise ValueError("it holds no value but 0, NaN and codes for them, which mean no data.")
    low, top = np.percentile(there, [50, 99])
    other = sorted(u for u in units if _OTHER_UNITS.search(u))
    factor = 0.0
    if low >= -0.05 and top <= SHARE:
        factor = REFLECTANCE_SCALE
    elif low >= -500 and 255 < top <= 32_000:
        factor = 1.0
    if other or not factor:
        found = (
            f"its units are {', '.join(other)}"
            if other
            else f"half of its values are below {low:.4g}, 1 % above {top:.4g}"
        )
        raise ValueError(
            f"its units are unknown ({found}); expected surface reflectance from 0 to 1 or x 10000. Convert the values."
        )
    _check_even(sample, factor, steps)
    return factor


def _check_even(sample: np.ndarray, factor: float, steps: Sequence[str]) -> None:
    """ValueError where bands or dates are on different scales."""
    there = np.isfinite(sample).any(axis=2)
    highest = np.fmax.reduce(sample, axis=2, initial=-np.inf)
    found, rest = "values from 0 to 1", "values x 10000"
    if factor != 1:
        # all of a band on a date, not some glint in it
        odd = there & (np.fmin.reduce(sample, axis=2, initial=np.inf) > 2.5)
        found, rest = rest, found
    else:
        # whole numbers up to 2 are dark water, as products clip it
        fractions = (np.nan_to_num(sample, posinf=0, neginf=0) * 2 % 1 > 1e-3).any(axis=2)
        odd = (highest > 0) & (highest <= SHARE) & fractions
        if not odd.any():
            # percent lies far below the rest, a whole band or a whole date of it
            found = "values up to 100"
            bands, dates = highest.max(axis=0), highest.max(axis=1)
            if np.median(bands) > 2550:
                odd |= (bands > 2) & (bands <= 100)
            if np.median(dates[there.any(axis=1)]) > 2550:
                odd |= ((dates > 2) & (dates <= 100))[:, None]
            odd &= there
    if odd.any():
        t, b = np.argwhere(odd)[0]
        bands_ = "all bands" if odd.any(axis=0).all() else ", ".join(np.array(BANDS)[odd.any(axis=0)])
        raise ValueError(
            f"its scales are mixed: {bands_} on {int(odd.any(axis=1).sum())} of {len(steps)} dates (such as "
            f"{steps[t]}) hold {found} (up to {highest[t, b]:.4g}), the rest {rest}. Bring all to one scale."
        )


def offset_of(
    data: xr.Dataset, bands: xr.Dataset, sample: np.ndarray, days: np.ndarray | None, chosen: float | None
) -> tuple[np.ndarray, str, bool, tuple[str, ...]]:
    """What is to be added to values x 10000, and how that is known.

    In this order: what the user says; a statement that it is off already; an offset in the file's own packing; an
    offset that is stated; the processing baseline of each date, unless values show that nothing was added.

    Args:
        data: the dataset with all its coordinates and attributes.
        bands: the ten bands.
        sample: (t, 10, n) values x 10000 without any offset, NaN = missing.
        days: (t,) of dated cubes, else None.
        chosen: the user's.

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
    _, added = packing_of(bands)
    if added.any():
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
        return every[0] * ~applied, f"as stated: {said['offset'][0][0]}", True, names
    late = np.isfinite(baselines) & (baselines >= OFFSET_FROM) & ~applied
    if np.isfinite(baselines).any():
        rule = "1000 is added from processing baseline 04.00 on"
        if (~np.isfinite(baselines) & ~applied).any():
            rule += "; some dates state no baseline, and keep their values"
        of_late = sample[late]
        known = np.isfinite(of_late)
        if known.any() and (of_late[known] < PLAIN).mean() > 0.01:
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


def check_surface(data: xr.Dataset, bands: xr.Dataset) -> None:
    """ValueError for what says that it is top-of-atmosphere reflectance (Level-1C)."""
    for owner in (data.attrs, *(v.attrs for v in bands.values())):
        for key, value in owner.items():
            text = str(value).upper()
            level = "LEVEL" in str(key).upper() and re.fullmatch(r"(LEVEL[ _-]?|L)?1C", text.strip())
            if level or "MSIL1C" in text:
                raise ValueError(
                    f"it is top-of-atmosphere reflectance (Level-1C, says its attribute {key}); expected surface "
                    "reflectance (Level-2A). Take the Level-2A product."
                )
