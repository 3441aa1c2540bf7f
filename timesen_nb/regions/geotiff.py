"""Maps out as Cloud Optimized GeoTIFF, with the names and colours of their classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree
from zlib import crc32

import numpy as np
import rasterio
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.shutil import copy
from rasterio.windows import Window

from timesen_nb.plots.map_label import check_label, with_place
from timesen_nb.regions.georeference import transform_of
from timesen_nb.regions.map_layers import ORIGIN
from timesen_nb.tensor_file import whole_file

#: Rows that are read and written at once.
ROWS = 512
#: What a map may hold beside its label: type in files, and what means no data.
_BESIDE = {"probability": ("float32", np.nan), "probabilities": ("float32", np.nan),
           "dissimilarity": ("float32", np.nan), "set_size": ("int16", -1)}  # fmt: skip


def save_geotiff(maps: xr.Dataset, path: str | Path) -> list[Path]:
    """Write the label of a map as Cloud Optimized GeoTIFF, and beside it what else the map holds, a file each.

    ``..._probability.tif`` of the label; where the map has them ``..._probabilities.tif``, a band a class in its name,
    ``..._dissimilarity.tif`` (area of applicability: 1 is its edge) and ``..._set_size.tif``. All have overviews, and
    are written in strips, so that the map may be lazy. Tags say source, year and model as the map does, and how many
    labels taught its words, where any did. The label has a palette, the class names in its tags (``classes``, JSON)
    and, for QGIS and GDAL, in ``....tif.aux.xml``; its values are those of the map, with the type's largest value (255,
    or 65535 from 255 classes on) for no data. Files of these
    names that an earlier map left are replaced, and removed where this one has no such layer.

    Args:
        maps: what ``map_region`` returned.
        path: of the label, which ends in .tif; folders are made.

    Returns:
        The paths, that of the label first.

    Raises:
        ValueError: no such map, a name that does not end in .tif, or more than 65,535 classes.
        OSError: a file could not be written whole, as where the disk is full.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise ValueError(f"the name given is {path.name!r}; expected one that ends in .tif.")
    maps, label = with_place(maps), check_label(maps)
    classes, colours = label.attrs["classes"], label.attrs["colours"]
    dtype = "uint8" if len(classes) < 255 else "uint16"
    nothing = int(np.iinfo(dtype).max)
    if len(classes) > nothing:
        raise ValueError(
            f"the map given has {len(classes)} classes; a GeoTIFF palette holds at most {nothing}."
        )

    def finish(file: Any) -> None:
        palette = {k: (*(int(c[i : i + 2], 16) for i in (1, 3, 5)), 255) for k, c in enumerate(colours)}
        file.write_colormap(1, {**palette, nothing: (0, 0, 0, 0)})
        file.update_tags(classes=json.dumps(classes, ensure_ascii=False))
        file.set_band_description(1, "class")

    def numbers(part: np.ndarray) -> np.ndarray:
        return np.where(part < 0, nothing, part).astype(dtype)

    about = {key: str(maps.attrs[key]) for key in ORIGIN if key in maps.attrs}
    _write(label, path, dtype, nothing, "NEAREST", numbers, finish, about)
    _write_names(path, classes, colours)
    paths = [path]
    for name, (kind, missing) in _BESIDE.items():
        beside = path.with_name(f"{path.stem}_{name}{path.suffix}")
        # what an earlier map left there is of other classes, and so is what a GIS noted of it
        for stale in (beside, beside.with_name(f"{beside.name}.aux.xml")):
            stale.unlink(missing_ok=True)
        if name in maps:
            paths.append(beside)
            names = classes if name == "probabilities" else [maps[name].attrs.get("long_name", name)]
            # numbers that are counts are not averaged in overviews
            resampling = "AVERAGE" if kind == "float32" else "NEAREST"
            layer = maps[name].transpose(..., "y", "x")
            told = partial(_describe, names)
            _write(layer, paths[-1], kind, missing, resampling, _as(kind, missing), told, about)
    return paths


def _as(dtype: str, missing: float) -> Callable[[np.ndarray], np.ndarray]:
    # whole numbers that were masked, or opened by xarray alone, have NaN for no data
    return lambda part: np.where(np.isnan(part), missing, part).astype(dtype)


def _describe(names: list[str], file: Any) -> None:
    for band, name in enumerate(names, 1):
        file.set_band_description(band, name)


def _write(
    data: xr.DataArray, path: Path, dtype: str, nothing: float, resampling: str,
    convert: Callable[[np.ndarray], np.ndarray], finish: Callable[[Any], Any], about: dict[str, str],
) -> None:  # fmt: skip
    """Strips into a plain GeoTIFF, which GDAL then lays out for the cloud; the name is there once it is complete."""
    height, width = data.shape[-2:]
    count = data.shape[0] if data.ndim > 2 else 1
    profile = {
        "driver": "GTiff", "height": height, "width": width, "count": count, "dtype": dtype, "nodata": nothing,
        "crs": data.rio.crs, "transform": transform_of(data), "tiled": True, "compress": "deflate",
        "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    strips = [Window(0, start, width, min(ROWS, height - start)) for start in range(0, height, ROWS)]
    written = []
    with (
        # the last is what rasterio raises where GDAL does not say why
        whole_file(path, (RasterioError, CPLE_BaseError, SystemError)) as laid_out,
        TemporaryDirectory(dir=path.parent) as folder,
    ):
        plain = Path(folder) / "plain.tif"
        with rasterio.open(plain, "w", **profile) as file:
            for strip in strips:
                rows = slice(strip.row_off, strip.row_off + strip.height)
                values = convert(data[..., rows, :].values).reshape(file.count, -1, width)
                file.write(values, window=strip)
                written.append(crc32(values.tobytes()))
            file.update_tags(**about)
            finish(file)
        copy(
            plain, laid_out, driver="COG", compress="deflate", overview_resampling=resampling,
            bigtiff="IF_SAFER",
        )  # fmt: skip
        with rasterio.open(laid_out) as file:
            # GDAL closes files that a full disk cut short without a word
            if written != [crc32(file.read(window=strip).tobytes()) for strip in strips]:
                raise OSError("it was cut short")


def _write_names(path: Path, classes: list[str], colours: list[str]) -> None:
    """Class names and colours as GDAL keeps them beside a file: category names and an attribute table."""
    band = ElementTree.Element("PAMRasterBand", band="1")
    root = ElementTree.Element("PAMDataset")
    root.append(band)
    names = ElementTree.SubElement(band, "CategoryNames")
    table = ElementTree.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    # name, type (0 integer, 2 text) and usage (5 value, 2 name, 6 red, 7 green, 8 blue) of GDAL's attribute tables
    columns = (("value", 0, 5), ("class", 2, 2), ("red", 0, 6), ("green", 0, 7), ("blue", 0, 8))
    for index, (name, kind, usage) in enumerate(columns):
        column = ElementTree.SubElement(table, "FieldDefn", index=str(index))
        for tag, value in (("Name", name), ("Type", kind), ("Usage", usage)):
            ElementTree.SubElement(column, tag).text = str(value)
    for k, (name, colour) in enumerate(zip(classes, colours, strict=True)):
        ElementTree.SubElement(names, "Category").text = name
        row = ElementTree.SubElement(table, "Row", index=str(k))
        for value in (str(k), name, *(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))):
            ElementTree.SubElement(row, "F").text = value
    with whole_file(path.with_name(path.name + ".aux.xml")) as partial:
        ElementTree.ElementTree(root).write(partial, encoding="utf-8")
