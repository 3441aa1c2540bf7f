"""Cubes of one grid, a month or a date each or several, as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS
from timesen_nb.nodata import CODES, HUGE
from timesen_nb.sources.cube_axes import dates_of, year_of
from timesen_nb.sources.cube_crs import crs_of
from timesen_nb.sources.cube_names import FolderNames
from timesen_nb.sources.cube_packing import declared_nodata
from timesen_nb.sources.cube_radiometry import check_surface
from timesen_nb.sources.cube_statements import is_statement


def joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Parts along their months or dates; ValueError where they do not fit together."""
    steps = {"time" if "time" in part.dims else "month" for part in parts}
    if len(steps) > 1:
        raise ValueError("some of its files have months and some have dates; expected one of them in all.")
    systems = [crs_of(part, tuple(b for b in BANDS if b in part)) for part in parts]
    if any(not crs.equals(systems[0], ignore_axis_order=True) for crs in systems):
        raise ValueError("its files have different coordinate systems; expected one. Bring them to one grid.")
    step = steps.pop()
    years = {year_of(part) for part in parts}
    if step == "month" and len(years) > 1:
        raise ValueError(
            f"its files are months of {len(years)} years ({', '.join(sorted(map(str, years)))}); expected one year. "
            "Put each year in a folder of its own, or give the files dates."
        )
    _check_alike(parts)
    try:
        whole = xr.concat(
            _with_the_same_coordinates(parts, step), step, data_vars="minimal", coords="minimal", compat="override",
            join="exact", combine_attrs=_merged,
        )  # fmt: skip
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"its files do not fit together ({str(error)[:200]}); expected the same grid and bands in each."
        ) from error
    return whole.sortby(step)


def _with_the_same_coordinates(parts: Sequence[xr.Dataset], step: str) -> list[xr.Dataset]:
    """Parts that all say of their dates what any of them says of the offset, and else what all of them do."""
    along = [{str(n) for n, c in part.coords.items() if step in c.dims and n != step} for part in parts]
    said = {n for names in along for n in names if is_statement(n)}
    kept = set.intersection(*along) | said
    out = []
    for part, names in zip(parts, along, strict=True):
        # nothing is stated there: no number, no text
        nothing = {n: (step, np.full(part.sizes[step], "", dtype=object)) for n in said - names}
        part = part.drop_vars(names - kept).assign_coords(nothing)
        out.append(part.assign_coords({n: part[n].astype(object) for n in said}))
    return out


def _check_alike(parts: Sequence[xr.Dataset]) -> None:
    """ValueError where files say different things of what their numbers mean."""
    for part in parts:
        check_surface(part, part)
    stated = [_meanings(part) for part in parts]
    for what in stated[0]:
        different = sorted({each[what] for each in stated} - {""})
        if len(different) > 1:
            raise ValueError(
                f"its files state different {what} ({'; '.join(different)}); expected the same in each. Bring them to "
                "one, or put them in folders of their own."
            )


def _meanings(part: xr.Dataset) -> dict[str, str]:
    """What a file states of its numbers, in words; "" where it need not state it."""
    layers = part[_layers(part)]
    owners = (part.attrs, *(v.attrs for v in layers.values()))
    nodata = [n for n in declared_nodata(part, layers) if n not in (0, *CODES) and abs(n) < HUGE]
    packed = sorted(str(v) for v in layers if layers[v].encoding.get("add_offset"))
    said: dict[str, list[Any]] = {
        "numbers for no data": nodata or ["none"],
        "packing with an offset": packed or ["none"],
        **{
            key: sorted({str(o[key]) for o in owners if key in o})
            for key in ("units", "scale_factor", "add_offset")
        },
    }
    return {what: ", ".join(map(str, each)) for what, each in said.items()}


def _layers(data: xr.Dataset) -> list[Any]:
    """Names of the variables that have pixels."""
    return [v for v in data.data_vars if {"y", "x"} <= set(data[v].dims)]


def _merged(attributes: Sequence[dict[Any, Any]], context: Any = None) -> dict[Any, Any]:
    """The attributes of all parts: of each the first that states it."""
    return {key: value for each in reversed(attributes) for key, value in each.items()}


def dated_part(data: xr.Dataset, file: Path, names: FolderNames) -> xr.Dataset:
    """One file of a folder, with a step of its own: a date or month that it holds, or that its name says."""
    # on Dask first: a new dimension would read the whole file
    data = data.chunk()
    if not {"time", "month"} & set(data.dims):
        said = names.date_of(file.stem)
        layers = _layers(data)
        if said.day is None:
            data = data.assign({v: data[v].expand_dims(month=[said.month]) for v in layers})
            if year_of(data) not in (None, said.year):
                raise ValueError(
                    f"it says the year {year_of(data)}, and its name {said.year}; expected one year."
                )
            data = data.assign_attrs(year=said.year)
        else:
            when = np.array([said.first()], dtype="datetime64[ns]")
            data = data.assign({v: data[v].expand_dims(time=when) for v in layers})
    elif "time" in data.dims:
        # bounds and zones of time are each file's own
        data = data.assign_coords(time=dates_of(data, data["time"]).astype("datetime64[ns]"))
    step = "time" if "time" in data.dims else "month"
    # what differs between files, such as the processing baseline, goes along with the date
    owners = [data.attrs, *(v.attrs for v in data.data_vars.values())]
    stated = {k: v for owner in owners for k, v in owner.items() if is_statement(str(k)) and np.ndim(v) == 0}
    for owner in owners:
        for key in stated:
            owner.pop(key, None)
    stated = {k: v for k, v in stated.items() if k not in data.variables}
    stated |= {n: c.values[()] for n, c in data.coords.items() if is_statement(str(n)) and c.ndim == 0}
    return data.assign_coords({str(k): (step, [v] * data.sizes[step]) for k, v in stated.items()})
