"""The bands of a GeoTIFF, told apart by what they are described as: ``B2_m07``, band and month, or the band alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS, band_names, band_positions

_DESCRIPTION = re.compile(r"^(?P<band>.+?)[ _-]?m(?P<month>\d{1,2})$", re.IGNORECASE)


def bands_of_tiff(raster: Any, path: Path, rename: Mapping[str, str]) -> xr.Dataset:
    """A raster of described bands as variables by month, or, without months, as variables alone."""
    if not isinstance(raster, xr.DataArray):
        raise ValueError("it holds several rasters; expected one with bands described as B2_m01 ... B12_m12.")
    given = _descriptions(raster, path)
    unknown = set(rename) - set(given)
    if unknown:
        raise ValueError(
            f"rename= has {', '.join(sorted(unknown))}, which it does not hold; its bands are described as "
            f"{', '.join(given) or 'nothing'}."
        )
    described = tuple(rename.get(d, d) for d in given)
    found = [_DESCRIPTION.match(d) for d in described]
    raster = (
        raster.drop_vars("band")
        .drop_attrs(deep=False)
        .assign_attrs({k: v for k, v in raster.attrs.items() if k != "long_name"})
    )
    packed = {
        k: raster.encoding.pop(k)
        for k in ("scale_factor", "add_offset", "scales", "offsets")
        if k in raster.encoding
    }

    def packing(i: int) -> dict[str, float]:
        """Scale and offset of a band, as rioxarray took them off."""
        scale = packed.get("scale_factor", np.atleast_1d(packed.get("scales", 1.0)))
        offset = packed.get("add_offset", np.atleast_1d(packed.get("offsets", 0.0)))
        scale, offset = np.atleast_1d(scale), np.atleast_1d(offset)
        return {"scale_factor": float(scale[i % len(scale)]), "add_offset": float(offset[i % len(offset)])}

    def layer(at: int | list[int]) -> xr.DataArray:
        out = raster.isel(band=at)
        out.encoding = {**raster.encoding, **packing(at if isinstance(at, int) else at[0])}
        return out

    names = [
        name for name, _ in band_names(m["band"] if m else d for m, d in zip(found, described, strict=True))
    ]
    if not any(found) and set(names) & set(BANDS):
        at = dict(zip(BANDS, band_positions(described), strict=True))
        scl = [i for i, name in enumerate(names) if name == "SCL"]
        at |= {"SCL": scl[0]} if scl else {}
        return xr.Dataset({b: layer(i) for b, i in at.items()}, attrs=raster.attrs)
    if not found or not all(found):
        raise ValueError(
            f"it has {raster.sizes['band']} bands described as {', '.join(described[:4]) or 'nothing'}; "
            "it needs a description for each: B2_m01 ... B12_m12 (band and month)."
        )
    where = {(names[i], int(m["month"])): i for i, m in enumerate(found) if m}
    months = sorted({month for _, month in where})
    if len(where) < len(found):
        raise ValueError("it describes two bands alike; each band and month must be there once.")
    for month in months:
        band_positions([b for b, m in where if m == month])
    names = [*BANDS, *["SCL"] * all(("SCL", m) in where for m in months)]
    variables = {
        b: layer([where[b, m] for m in months]).rename(band="month").assign_coords(month=months)
        for b in names
    }
    return xr.Dataset(variables, attrs=raster.attrs)


def _descriptions(raster: xr.DataArray, path: Path) -> tuple[str, ...]:
    """What a GeoTIFF calls its bands: their descriptions, or a tag DESCRIPTION of each, or one of all."""
    described = raster.attrs.get("long_name", ())
    described = (described,) if isinstance(described, str) else tuple(d or "" for d in described)
    if len(described) == raster.sizes["band"] and all(described):
        return described
    import rasterio

    with rasterio.open(path, driver="GTiff") as file:
        tags = [{k.upper(): v for k, v in file.tags(i).items()} for i in file.indexes]
        whole = {k.upper(): v for k, v in file.tags().items()}
    for key in ("DESCRIPTION", "BAND_NAME", "BANDNAME", "LONG_NAME"):
        each = tuple(str(t.get(key, "")) for t in tags)
        if all(each):
            return each
        listed = tuple(n for n in re.split(r"[\s,;|'\"()\[\]]+", str(whole.get(key, ""))) if n)
        if len(listed) == len(tags):
            return listed
    return described
