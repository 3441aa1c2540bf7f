"""Cubes of one grid, a month or a date each or several, as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS
from timesen_nb.sources.cube_crs import crs_of
from timesen_nb.sources.cube_statements import is_statement

_DATED = re.compile(r"(?<!\d)(20\d\d)[-_]?([01]\d)(?:[-_]?([0-3]\d))?(?!\d)")


def joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Parts along their months or dates; ValueError where they do not fit together."""
    steps = {"time" if "time" in part.dims else "month" for part in parts}
    if len(steps) > 1:
        raise ValueError("some of its files have months and some have dates; expected one of them in all.")
    systems = [crs_of(part, tuple(b for b in BANDS if b in part)) for part in parts]
    if any(not crs.equals(systems[0], ignore_axis_order=True) for crs in systems):
        raise ValueError("its files have different coordinate systems; expected one. Bring them to one grid.")
    step = steps.pop()
    years = {part.attrs.get("year") for part in parts}
    if step == "month" and len(years) > 1:
        raise ValueError(
            f"its files are months of {len(years)} years ({', '.join(sorted(map(str, years)))}); expected one year. "
            "Put each year in a folder of its own, or give the files dates."
        )
    try:
        whole = xr.concat(
            parts, step, data_vars="minimal", coords="minimal", compat="override", join="exact",
            combine_attrs="override",
        )  # fmt: skip
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"its files do not fit together ({str(error)[:200]}); expected the same grid and bands in each."
        ) from error
    return whole.sortby(step)


def dated_part(data: xr.Dataset, file: Path) -> xr.Dataset:
    """One file of a folder, with a step of its own: a date or month that it holds, or that its name says."""
    # on Dask first: a new dimension would read the whole file
    data = data.chunk()
    if not {"time", "month"} & set(data.dims):
        said = _DATED.search(file.stem)
        if said is None:
            raise ValueError(
                "it says no date, and its name none either; expected a time, or a name such as cube_2018-03.nc."
            )
        year, month, day = said.groups()
        layers = [v for v in data.data_vars if {"y", "x"} <= set(data[v].dims)]
        if day is None:
            data = data.assign({v: data[v].expand_dims(month=[int(month)]) for v in layers})
            data = data.assign_attrs(year=int(year))
        else:
            when = np.array([f"{year}-{month}-{day}"], dtype="datetime64[ns]")
            data = data.assign({v: data[v].expand_dims(time=when) for v in layers})
    step = "time" if "time" in data.dims else "month"
    # what differs between files, such as the processing baseline, goes along with the date
    owners = [data.attrs, *(v.attrs for v in data.data_vars.values())]
    stated = {k: v for owner in owners for k, v in owner.items() if is_statement(str(k)) and np.ndim(v) == 0}
    for owner in owners:
        for key in stated:
            owner.pop(key, None)
    of_date = {str(k): (step, [v] * data.sizes[step]) for k, v in stated.items() if k not in data.variables}
    return data.assign_coords(of_date)
