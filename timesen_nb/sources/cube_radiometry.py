"""What a cube's stored values mean, by what it states and by a sample: their scale, and what stands for no data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE
from timesen_nb.nodata import SHARE, blank, fractions, known_codes
from timesen_nb.sources.cube_offset import looks_raised, offset_of, takes_offset_off
from timesen_nb.sources.cube_packing import (
    check_scales,
    check_unpacked,
    declared_nodata,
    fills_integers,
    packing_of,
)
from timesen_nb.sources.cube_values import check_classes, stored_classes, stored_values
from timesen_nb.sources.offset_rule import OFFSET

_OTHER_UNITS = re.compile(
    r"%|percent|\bdb\b|decibel|kelvin|^k$|celsius|radiance|\bw[ /.]?m"
    # x 1000 and its like: 1e-3, 10^-3, 0.001, 1/1000, reflectance * 1000
    r"|‰|per ?mille"
    r"|(?<![\d.,])(1(\.0*)?e[-+]?0*[1235]|10(\^|\*\*)[-+]?[1235]|0\.(0{0,2}|0{4})1|100|1000|1,000)(?![\d.,^*e])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Radiometry:
    """How stored values become reflectance x 10000: :meth:`measure`.

    Attributes:
        factor: 1 or 10000.
        offset: (t,) added to values x 10000.
        scale: (10,) what values were multiplied by on the way from the file, so that its own numbers can be told.
        add: (10,) what was added to them there.
        nodata: numbers that the file or the user declares.
        full: whether they alone stand for no data, see :func:`timesen_nb.sources.cube_packing.fills_integers`.
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
    full: bool = False
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
        missing, codes = missing_in(stored, self.scale, self.add, self.factor, self.nodata, self.full)
        shape = (len(offset), *[1] * (stored.ndim - 1))
        values = stored * np.float32(self.factor) + offset.astype(np.float32).reshape(shape)
        taken_off = offset + OFFSET * takes_offset_off(self.add, self.factor).all()
        if taken_off.any():
            # 0 is no data in each band where 1000 is added: dark water stays above it
            zero = (np.abs(values - taken_off.astype(np.float32).reshape(shape)) < 0.5) & (
                taken_off < 0
            ).reshape(shape)
            missing = zero if missing is None else missing | zero
        if missing is not None:
            values = np.where(missing, np.float32(np.nan), values)
        return values, codes


def read_radiometry(
    data: xr.Dataset,
    bands: xr.Dataset,
    scl: xr.DataArray | None,
    step: np.ndarray,
    offset: float | None,
    nodata: float | Sequence[float] | None,
) -> tuple[Radiometry, bool]:
    """What stored values mean, by what the cube states and a sample of it; and whether an offset seems to be on.

    Args:
        data: the dataset with all its coordinates and attributes.
        bands: the ten bands.
        scl: the scene classes, if there are any.
        step: (t,) datetime64 of a dated cube, or months.
        offset: the user's, if given.
        nodata: what the user says stands for no data.

    Returns:
        The radiometry, and whether values look as if an offset that nothing states were on them.

    Raises:
        ValueError: units that are unknown or mixed, a band without values, an offset or classes that can be none.
    """
    days = step.astype("datetime64[D]") if step.dtype.kind == "M" else None
    check_unpacked(data, bands)
    scale, add = packing_of(bands)
    try:
        codes_given = tuple(float(n) for n in np.ravel([] if nodata is None else nodata))
    except (TypeError, ValueError):
        raise ValueError(f"nodata={nodata!r}; expected a number, or several: nodata=-9999.") from None
    declared, full = (*codes_given, *declared_nodata(data, bands)), fills_integers(bands)
    units = {str(owner.get("units", "")) for owner in (data.attrs, *(v.attrs for v in bands.values()))}
    sample: np.ndarray = np.empty(0)
    stored: np.ndarray = sample
    for window in _windows(bands):
        stored = stored_values(bands.isel(window))
        stored = stored.reshape(*stored.shape[:2], -1)
        # codes that were divided by 10000 are told when the scale is known
        missing, _ = missing_in(stored, scale, add, 1.0, declared, full)
        sample = stored if missing is None else np.where(missing, np.float32(np.nan), stored)
        if np.isfinite(sample).any(axis=(0, 2)).all():
            break
    if not np.isfinite(sample).any():
        raise ValueError("it holds no value but 0, NaN and other codes for no data.")
    for i, b in enumerate(BANDS):
        if not np.isfinite(sample[:, i]).any():
            raise ValueError(f"{b} holds no value; expected reflectance in each band. Is it absent?")
        if not np.nan_to_num(sample[:, i]).any():
            raise ValueError(f"{b} holds nothing but 0; expected reflectance in each band. Is it absent?")
    if scl is not None:
        check_classes(stored_classes(scl.isel(window)))
    factor = scale_of(np.where(_wild(sample), np.nan, sample), units, [str(s)[:10] for s in step])
    check_scales(data, bands, factor, offset)
    missing, codes = missing_in(stored, scale, add, factor, declared, full)
    values = sample * np.float32(factor)
    if missing is not None:
        values[missing] = np.nan
    packed = takes_offset_off(add, factor)
    added, rule, stated, baselines = offset_of(data, bands, values, offset, packed)
    radiometry = Radiometry(
        factor,
        added,
        scale,
        add,
        declared,
        full,
        rule,
        stated,
        bool(added.any() or packed.any()),
        baselines,
        tuple(sorted(codes)),
    )
    return radiometry, not stated and looks_raised(values, days)


def _wild(sample: np.ndarray) -> np.ndarray:
    """Codes of reflectance from 0 to 1 that were divided by 10000 along with it."""
    mask, _ = known_codes(sample * np.float32(REFLECTANCE_SCALE))
    return np.zeros(sample.shape, bool) if mask is None or np.nanmax(sample) > 255 else mask


def _windows(bands: xr.Dataset) -> list[dict[str, slice]]:
    """Where values are looked at: in the middle, or all over where the middle lacks some."""
    y, x = bands.sizes["y"], bands.sizes["x"]
    middle = {"y": slice(max(y // 2 - 8, 0), y // 2 + 8), "x": slice(max(x // 2 - 8, 0), x // 2 + 8)}
    spread = {"y": slice(None, None, max(y // 64, 1)), "x": slice(None, None, max(x // 64, 1))}
    return [middle, spread]


def missing_in(
    stored: np.ndarray,
    scale: np.ndarray,
    add: np.ndarray,
    factor: float,
    declared: Sequence[float],
    full: bool,
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
        mask, met = (np.isin(view, declared), declared) if full else known_codes(view, declared)
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
        odd = (highest > 0) & (highest <= SHARE) & fractions(sample).any(axis=2)
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
