"""What a cube states of how its numbers are stored: their scale and offset, and which of them stand for no data."""

from __future__ import annotations

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE
from timesen_nb.sources.cube_offset import takes_offset_off
from timesen_nb.sources.cube_statements import plain

_NODATA = (
    "nodata", "nodatavals", "no_data", "nodata_value", "no_data_value", "fill_value", "fillvalue", "missing",
    "missing_value",
)  # fmt: skip


def packing_of(bands: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """(10,) scale and offset that xarray applied on the way from the file, by what it keeps of the file."""
    of = [bands[b].encoding for b in BANDS]
    return (
        np.array([float(e.get("scale_factor", 1.0) or 1.0) for e in of]),
        np.array([float(e.get("add_offset", 0.0) or 0.0) for e in of]),
    )


def check_unpacked(data: xr.Dataset, bands: xr.Dataset) -> None:
    """ValueError for packing that stands in attributes, and so was not applied, where it changes more than the unit."""
    for what, owner in (("the cube", data.attrs), *((b, bands[b].attrs) for b in BANDS)):
        scale, add = (
            np.ravel(owner.get(k, d)).astype(float) for k, d in (("scale_factor", 1), ("add_offset", 0))
        )
        if not (np.isclose(scale, 1) | np.isclose(scale, 1 / REFLECTANCE_SCALE)).all() or add.any():
            raise ValueError(
                f"{what} has scale_factor {scale[0]:g} and add_offset {add[0]:g} as attributes, which are not "
                "applied to its values; expected values that they were applied to. Open the file so that they "
                "are (mask and scale), or apply them and drop both attributes."
            )


def check_scales(data: xr.Dataset, bands: xr.Dataset, factor: float, chosen: float | None) -> None:
    """ValueError for scales in other attributes than CF's that say another unit, or leave in doubt what was applied.

    Args:
        data: the dataset with all its attributes.
        bands: the ten bands.
        factor: what makes its values reflectance x 10000, by a sample.
        chosen: the user's offset, if given.

    Raises:
        ValueError: values x 1000 and the like; a scale and an offset beside values from 0 to 1.
    """
    pixel = np.abs(np.diff(bands["x"].values[:2]))
    for owner in (data.attrs, *(v.attrs for v in bands.values())):
        names = {plain(key).strip("_"): key for key in owner}
        offset = any(np.ravel(owner[key]).any() for name, key in names.items() if name == "offset")
        for name, key in names.items():
            inverse = name.endswith("quantification_value")
            if not inverse and name not in ("scale", "scaling", "multiplier"):
                continue
            try:
                scale = np.ravel(owner[key]).astype(float)
            except (TypeError, ValueError):
                continue
            # scale= may be the size of pixels as well, in metres or degrees
            scale = 1 / scale[scale > 0] if inverse else scale[(scale > 0) & (scale <= 1)]
            known = np.isclose(scale, 1) | np.isclose(scale, 1 / REFLECTANCE_SCALE)
            if not (known | np.isclose(scale, pixel[0] if pixel.size else 1)).all():
                raise ValueError(
                    f"its attribute {key} is {owner[key]}; expected reflectance from 0 to 1 or x 10000. Convert the "
                    f"values and drop the attribute; drop it too where it says something else."
                )
            if offset and chosen is None and factor != 1 and (known & (scale < 1)).any():
                raise ValueError(
                    f"it has values from 0 to 1 and the attributes {key} {owner[key]} and offset, which may have been "
                    "applied to them. Say what is to be added: open_source(path, offset=0), or offset=-1000."
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


def fills_integers(bands: xr.Dataset) -> bool:
    """Whether packing spreads reflectance over all integers, such as -9999 and 32767, and declares its own no data.

    A scale that is a power of ten, with no offset or ESA's, leaves those numbers for no data, as everybody does.

    Args:
        bands: the ten bands.

    Returns:
        Whether no number but those declared stands for no data.
    """
    scale, add = packing_of(bands)
    powers = np.isclose(scale, 10.0 ** np.rint(np.log10(np.abs(scale))))
    plain_ = powers & ((add == 0) | takes_offset_off(add, 1) | takes_offset_off(add, REFLECTANCE_SCALE))
    own = all({"_FillValue", "missing_value"} & set(bands[b].encoding) for b in BANDS)
    return own and not plain_.all()
