"""What a cube's attributes and coordinates say of the radiometric offset, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from timesen_nb.bands import REFLECTANCE_SCALE
from timesen_nb.sources.offset_rule import baseline_of_product


def is_statement(key: str) -> bool:
    """Whether an attribute or coordinate of this name says something of the offset."""
    return any(_says(key, kind) for kind in ("applied", "offset", "baseline"))


def _says(key: Any, kind: str) -> bool:
    name = plain(key)
    if kind == "applied":
        return name.endswith("boa_offset_applied")
    if kind == "offset":
        return name in ("offset", "boa_offset", "radiometric_offset") or name.startswith("boa_add_offset")
    return name.endswith(
        ("processing_baseline", "processing_version", "product_uri", "product_id")
    ) or name in (
        "baseline",
        "product",
        "product_name",
    )


def plain(key: Any) -> str:
    """A name as it is compared: in small letters, with underscores between its words."""
    return re.sub(r"[^a-z0-9]+", "_", str(key).lower())


def statements(data: xr.Dataset, bands: xr.Dataset, kind: str, t: int) -> Iterator[tuple[str, np.ndarray]]:
    """(name, value) of what says something: values of shape () or (t,), or more numbers where all are alike."""
    owners: list[Mapping[Any, Any]] = [data.attrs, *(v.attrs for v in bands.values())]
    for owner in owners:
        for key, value in owner.items():
            if _says(key, kind):
                numbers = np.unique(np.ravel(value)) if not isinstance(value, str) else np.array([value])
                if len(numbers) == 1:
                    yield str(key), numbers[0]
                elif len(numbers):
                    # whose order is nobody's: dates may have been sorted or left out since
                    raise ValueError(
                        f"it states {key} {np.ravel(value).tolist()[:6]} as an attribute; expected one value, or a "
                        "coordinate along time with one for each date. Or say what is to be added to the values: "
                        "open_source(path, offset=-1000)."
                    )
    for name, variable in data.variables.items():
        dated = variable.dims in (("time",), ("month",)) and variable.size == t
        if _says(name, kind) and name not in bands and (variable.ndim == 0 or dated):
            yield str(name), np.asarray(variable.values)


def stated_offset(value: Any, key: str) -> float:
    """A stated offset x 10000: -0.1 is -1000."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if abs(number) <= 1:
        number *= REFLECTANCE_SCALE
    if not -2000 <= number <= 0:
        raise ValueError(
            f"the radiometric offset is given as {key} {value}; expected what is to be added to values x 10000: 0, or "
            "a negative number such as -1000. Say it: open_source(path, offset=-1000), or offset=0."
        )
    return round(number, 6)


def baselines_of(said: list[tuple[str, np.ndarray]], t: int) -> np.ndarray:
    """(t,) processing baselines, NaN where none is stated."""
    out = np.full(t, np.nan)
    for key, value in said:
        product = "product" in plain(key)
        of = np.broadcast_to([_baseline(v, product) for v in np.ravel(value)], t)
        out = np.where(np.isfinite(out), out, of)
    return out


def _baseline(value: Any, product: bool) -> float:
    """5.09 for "05.09", "N0509", 509 or, with ``product``, a product's name; NaN for what is none."""
    text = (value.decode() if isinstance(value, bytes) else str(value)).strip()
    named = baseline_of_product(text)
    if named or product:
        return named or float("nan")
    plain = re.fullmatch(r"N?(\d\d)\.?(\d\d)", text)
    if plain:
        return float(f"{plain[1]}.{plain[2]}")
    try:
        number = float(text)
    except ValueError:
        return float("nan")
    number = number / 100 if number >= 100 else number
    return round(number, 2) if 0 < number < 20 else float("nan")
