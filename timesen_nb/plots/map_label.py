"""The label of a map as all that read it expect it, however the map was kept, masked or opened."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from timesen_nb.plots.colours import class_colours

if TYPE_CHECKING:
    import xarray as xr

_MADE = "expected what timesen_nb.map_region returns"


def with_place(maps: xr.Dataset) -> xr.Dataset:
    """A map whose layers know their coordinate system.

    Args:
        maps: a map; one that was opened without ``decode_coords="all"`` has its coordinate system as a layer. What is
            no Dataset comes back as it is.

    Returns:
        The map, the coordinate system among its coordinates.
    """
    if not hasattr(maps, "data_vars"):
        return maps
    named = {layer.attrs.get("grid_mapping") for layer in maps.data_vars.values()}
    return maps.set_coords([str(name) for name in named if name in maps.data_vars])


def check_label(maps: xr.Dataset) -> xr.DataArray:
    """The label of a map, in the one form that all that read it share.

    Args:
        maps: what ``map_region`` returned, or such a map from a file, its labels masked or in another type.

    Returns:
        (y, x) whole numbers of ``classes``, -1 = no data, with ``classes`` and ``colours`` as lists; lazy where it was.

    Raises:
        ValueError: the map has no label that ``map_region`` made, or labels that are no numbers of its classes; where
            it is lazy, this is raised when the numbers are read.
    """
    import rioxarray  # noqa: F401 - adds .rio
    import xarray as xr

    label = with_place(maps)["label"] if isinstance(maps, xr.Dataset) and "label" in maps else None
    if label is None or "classes" not in label.attrs:
        raise ValueError(f"the map given is a {type(maps).__name__} without a label; {_MADE}.")
    if set(label.dims) != {"y", "x"} or label.dtype.kind not in "iuf":
        raise ValueError(
            f"the label of the map given has the dimensions {', '.join(map(str, label.dims))} and the type "
            f"{label.dtype}; expected the numbers of its classes along y and x, as map_region makes them."
        )
    label = label.transpose("y", "x")
    # a list of one text comes back from NetCDF as that text
    classes, colours = (_listed(label.attrs.get(name, [])) for name in ("classes", "colours"))
    if len(colours) != len(classes):
        colours = class_colours(classes)
    said = [
        about.get(key) for about in (label.attrs, label.encoding) for key in ("_FillValue", "missing_value")
    ]
    numbers = xr.apply_ufunc(
        _class_numbers,
        label,
        kwargs={"classes": len(classes), "nothing": [number for number in said if number is not None]},
        dask="parallelized",
        output_dtypes=[label.dtype if label.dtype.kind == "i" else np.int32],
    )
    about = {key: value for key, value in label.attrs.items() if key != "_FillValue"}
    numbers = numbers.assign_attrs({**about, "classes": classes, "colours": colours})
    return numbers.rio.write_grid_mapping(label.rio.grid_mapping)


def _listed(given: object) -> list[str]:
    """One text, or several in a list, an array or the JSON of a GeoTIFF's tag, as a list."""
    if isinstance(given, str) and given.startswith("["):
        with suppress(ValueError):
            given = json.loads(given)
    return [str(name) for name in np.atleast_1d(np.asarray(given, dtype=object)).tolist()]


def _class_numbers(values: np.ndarray, classes: int, nothing: list[float]) -> np.ndarray:
    """Labels as whole numbers, -1 where they are NaN or the layer's own number for no data."""
    whole = values.dtype.kind != "f"
    missing = np.isin(values, nothing) | (False if whole else np.isnan(values))
    numbers = np.where(missing, -1, values.astype(np.int64) if values.dtype.kind == "u" else values)
    wrong = (numbers < -1) | (numbers >= classes) | (False if whole else numbers != np.floor(numbers))
    if wrong.any():
        raise ValueError(
            f"the label of the map given holds {numbers[wrong][0]:g}, the number of none of its {classes} classes; "
            f"expected whole numbers from 0 to {classes - 1}, and -1 or NaN for no data. Where another number means "
            "no data, say so: maps['label'] = maps.label.rio.write_nodata(255)."
        )
    return numbers.astype(values.dtype if values.dtype.kind == "i" else np.int32)
