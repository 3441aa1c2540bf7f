"""A file, a folder of files, or a dataset in memory -> one lazy dataset with this package's names for its axes.

What cannot be opened is told by what it is: a web page or a Git LFS pointer in a cube's place, a codec that is not
installed, time that cannot be read, groups to choose from.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from timesen_nb.bands import AXES
from timesen_nb.sources.cube_errors import explained, groups_of, is_zarr, netcdf_engine
from timesen_nb.sources.cube_folder import dated_part, joined
from timesen_nb.sources.cube_geotiff import bands_of_tiff
from timesen_nb.sources.cube_names import FolderNames

ENDINGS = (".nc", ".nc4", ".cdf", ".h5", ".zarr", ".tif", ".tiff")
#: First bytes of what people save or clone in place of a cube, and what it is.
_OTHER = {
    b"version https://git-lfs": "a Git LFS pointer, not the file itself: run `git lfs pull` where it came from",
    b"<!doctype html": "a web page, not a cube: the address it was saved from asks for a login or has moved. Download "
    "it again and look at it first",
    b"<html": "a web page, not a cube: the address it was saved from asks for a login or has moved. Download it again "
    "and look at it first",
    b"<?xml": "XML, often a server's error message, not a cube: open it in an editor, and download the file again",
    b"pk\x03\x04": "a zip archive: unpack it and open what is inside",
    b"\x1f\x8b": "compressed with gzip: unpack it and open what is inside",
    b"{": "JSON, not a cube: open it in an editor, and download the file again",
}
#: How names of quality layers end, such as FORCE's QAI beside its BOA.
_BESIDE = re.compile(
    r"[-_](QAI|SCL|QA\d*|QC|FMASK|CLM|CLD(PRB)?|CLOUDS?|MASK|DST|HOT|VZN|AOT|AOD|WVP|TCI|OVV)(_\d+m)?$",
    re.IGNORECASE,
)


def open_cube(
    given: Path | xr.Dataset | xr.DataArray, group: str | None, rename: Mapping[str, str]
) -> tuple[xr.Dataset, Callable[[], None]]:
    """The dataset, opened lazily, and what lets go of its files, each time it is called: they open again when read.

    Args:
        given: a path, or a dataset in memory.
        group: of a Zarr store or NetCDF file that has several.
        rename: names in the file -> names of bands, ``SCL``, or ``B2_m01`` of a GeoTIFF.

    Returns:
        The dataset, and what lets go of its file: it opens itself again when it is read.

    Raises:
        ValueError: in words, for whatever cannot be opened.
    """
    # bands that are numbered along a dimension are renamed by their numbers
    rename = {_text(old): new for old, new in rename.items()}
    if isinstance(given, xr.DataArray):
        given = given.to_dataset(name=given.name or "reflectance")
    if isinstance(given, xr.Dataset):
        if group is not None:
            raise ValueError("group= was given with a dataset in memory, which has none. Leave it out.")
        return _axes(_renamed(given, rename)), lambda: None
    if given.is_dir() and not is_zarr(given):
        closing: list[Callable[[], None]] = []

        def close() -> None:
            for let_go in closing:
                let_go()

        try:
            return _folder(given, group, rename, closing), close
        except BaseException:
            close()
            raise
    return _open(given, group, rename)


def _open(path: Path, group: str | None, rename: Mapping[str, str]) -> tuple[xr.Dataset, Callable[[], None]]:
    kind = path.suffix.lower()
    if kind not in ENDINGS and not is_zarr(path):
        raise ValueError(f"its name ends in {kind or 'nothing'!r}; expected .nc, .zarr or .tif.")
    if path.is_file():
        _check_first_bytes(path)
    data: Any
    with warnings.catch_warnings():
        # what xarray, rioxarray and zarr say of attributes and fill values is said here, or needs no word
        warnings.simplefilter("ignore")
        try:
            if kind in (".tif", ".tiff"):
                import rioxarray

                # No VRT under the name of a TIFF: it would read whatever it lists.
                data = rioxarray.open_rasterio(path, mask_and_scale=True, driver="GTiff")
            else:
                data = _open_arrays(path, group)
        except ModuleNotFoundError as error:
            raise ValueError(
                f'{error.name} is needed to read it. Install it with: pip install "timesen_nb[regions]".'
            ) from error
        except Exception as error:
            raise explained(error, path, group) from error
    # xarray's own close() lets go of a file once only, though the file opens again when it is read
    close = getattr(data, "_close", None) or (lambda: None)
    if kind in (".tif", ".tiff"):
        data = bands_of_tiff(data, path, rename)
    else:
        if not data.data_vars and (groups := groups_of(path, group)):
            close()
            raise ValueError(
                f"it has no variables {'at its root' if group is None else f'in {group!r}'} but the groups "
                f"{', '.join(groups)}. Choose one: open_source(path, group={groups[0]!r})."
            )
        data = _renamed(data, rename)
    return _axes(data), close


def _open_arrays(path: Path, group: str | None) -> xr.Dataset:
    how: dict[str, Any] = {} if group is None else {"group": group}
    if path.suffix.lower() == ".zarr" or is_zarr(path):
        return xr.open_zarr(path, chunks=None, consolidated=False, decode_coords="all", **how)
    return xr.open_dataset(
        path, engine=netcdf_engine(path), decode_coords="all", decode_timedelta=False, **how
    )


def _check_first_bytes(path: Path) -> None:
    with path.open("rb") as file:
        first = file.read(64)
    if not first:
        raise ValueError("it is empty: cut short while it was written or copied. Fetch it again.")
    for start, meaning in _OTHER.items():
        if first.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(start):
            raise ValueError(f"it is {meaning}.")


def _renamed(data: xr.Dataset, rename: Mapping[str, str]) -> xr.Dataset:
    """With the user's names for variables, and for what stands along a dimension of bands."""
    if not rename:
        return data
    known = {str(v) for v in data.variables}
    along = [str(d) for d in data.dims if str(d).lower() in AXES["band"] and d in data.coords]
    labels = {d: [_text(n) for n in data[d].values.tolist()] for d in along}
    unknown = set(rename) - known - {n for names in labels.values() for n in names}
    if unknown:
        there = sorted(known | {n for names in labels.values() for n in names})
        raise ValueError(
            f"rename= has {', '.join(sorted(unknown))}, which it does not hold; it holds {', '.join(there)}."
        )
    data = data.assign_coords(
        {d: [rename.get(n, n) for n in names] for d, names in labels.items() if set(names) & set(rename)}
    )
    return data.rename({old: new for old, new in rename.items() if old in known and old != new})


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _axes(data: xr.Dataset) -> xr.Dataset:
    """With the names x, y, time, month and band for its dimensions; one date alone is a dimension too."""
    names = {name: axis for axis, known in AXES.items() for name in data.dims if str(name).lower() in known}
    if len(set(names.values())) < len(names):
        raise ValueError(f"two dimensions mean the same: {', '.join(map(str, names))}. Keep one of them.")
    taken = {new for old, new in names.items() if old != new} & {str(v) for v in data.variables}
    if taken:
        data = data.drop_vars(taken & {str(c) for c in data.coords})
    degrees = {str(n).lower() for n in names} & {"lon", "longitude"}
    data = data.rename({old: new for old, new in names.items() if old != new})
    if degrees and "x" in data.coords:
        data = data.assign_coords(x=data["x"].assign_attrs({"standard_name": "longitude"} | data["x"].attrs))
    scalars = {
        axis: name
        for axis in ("time", "month")
        for name in data.coords
        if str(name).lower() in AXES[axis] and data[name].ndim == 0
    }
    if scalars and not {"time", "month"} & set(data.dims):
        axis, name = next(iter(scalars.items()))
        if name != axis:
            data = data.rename({name: axis})
        step = data[axis]
        # on Dask first: a new dimension would read the whole file
        layers = {
            v: data[v].chunk().expand_dims(axis) for v in data.data_vars if {"y", "x"} <= set(data[v].dims)
        }
        values = (axis, np.atleast_1d(step.values), step.attrs, step.encoding)
        data = data.drop_vars(axis).assign(layers).assign_coords({axis: values})
    return data


def _folder(
    path: Path, group: str | None, rename: Mapping[str, str], closing: list[Callable[[], None]]
) -> xr.Dataset:
    """Files of one grid, a month or a date each or several, as one dataset on Dask; closing: takes what lets go."""
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in ENDINGS)
    if not files:
        raise ValueError(
            f"it is a folder without a cube in it; expected files that end in {', '.join(ENDINGS)}, or a Zarr store."
        )
    parts = []
    names = FolderNames([file.stem for file in files])
    for file in files:
        try:
            data, let_go = _open(file, group, rename)
            closing.append(let_go)
            parts.append(dated_part(data, file, names))
        except ValueError as error:
            beside = ""
            if _BESIDE.search(file.stem):
                beside = (
                    " By its name it is no cube but a layer beside one; move such files elsewhere. Nothing is masked "
                    "by them: mask clouds before, or give each file its scene classes (SCL)."
                )
            raise ValueError(f"{file.name} in it: {error}{beside}") from error
    return joined(parts)
