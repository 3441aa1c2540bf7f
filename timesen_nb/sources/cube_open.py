"""A file, a folder of files, or a dataset in memory -> one lazy dataset with this package's names for its axes.

What cannot be opened is told by what it is: a web page or a Git LFS pointer in a cube's place, a codec that is not
installed, time that cannot be read, groups to choose from.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS, band_name, band_positions
from timesen_nb.sources.cube_crs import crs_of
from timesen_nb.sources.cube_radiometry import is_statement

ENDINGS = (".nc", ".nc4", ".cdf", ".h5", ".zarr", ".tif", ".tiff")
AXES = {
    "x": ("x", "lon", "longitude", "easting"),
    "y": ("y", "lat", "latitude", "northing"),
    "time": ("time", "t", "date"),
    "month": ("month", "months"),
    "band": ("band", "bands", "variable", "channel"),
}
_DESCRIPTION = re.compile(r"^(?P<band>.+?)[ _-]?m(?P<month>\d{1,2})$", re.IGNORECASE)
_DATED = re.compile(r"(?<!\d)(20\d\d)[-_]?([01]\d)(?:[-_]?([0-3]\d))?(?!\d)")
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
_CODEC = re.compile(r"required filter|codec|filter plugin|compressor", re.IGNORECASE)


def open_cube(
    given: Path | xr.Dataset | xr.DataArray, group: str | None, rename: Mapping[str, str]
) -> tuple[xr.Dataset, Callable[[], None]]:
    """The dataset, opened lazily, and what lets go of its files, each time it is called: they open again when read.

    Args:
        given: a path, or a dataset in memory.
        group: of a Zarr store or NetCDF file that has several.
        rename: names in the file -> names of bands, ``SCL``, or ``B2_m01`` of a GeoTIFF.

    Raises:
        ValueError: in words, for whatever cannot be opened.
    """
    if isinstance(given, xr.DataArray):
        given = given.to_dataset(name=given.name or "reflectance")
    if isinstance(given, xr.Dataset):
        if group is not None:
            raise ValueError("group= was given with a dataset in memory, which has none. Leave it out.")
        return _axes(_renamed(given, rename)), lambda: None
    if given.is_dir() and not _is_zarr(given):
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
    if kind not in ENDINGS and not _is_zarr(path):
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
                f'{error.name} is needed to read it: pip install "timesen_nb[regions]".'
            ) from error
        except Exception as error:
            raise explained(error, path, group) from error
    # xarray's own close() lets go of a file once only, though the file opens again when it is read
    close = getattr(data, "_close", None) or (lambda: None)
    if kind in (".tif", ".tiff"):
        data = _bands_of_tiff(data, path, rename)
    else:
        if not data.data_vars and (groups := _groups(path, group)):
            close()
            raise ValueError(
                f"it has no variables {'at its root' if group is None else f'in {group!r}'} but the groups "
                f"{', '.join(groups)}. Choose one: open_source(path, group={groups[0]!r})."
            )
        data = _renamed(data, rename)
    return _axes(data), close


def _open_arrays(path: Path, group: str | None) -> xr.Dataset:
    how: dict[str, Any] = {} if group is None else {"group": group}
    if path.suffix.lower() == ".zarr" or _is_zarr(path):
        return xr.open_zarr(path, chunks=None, consolidated=False, decode_coords="all", **how)
    return xr.open_dataset(
        path, engine=_netcdf_engine(path), decode_coords="all", decode_timedelta=False, **how
    )


def explained(error: Exception, path: Path | None, group: str | None = None) -> ValueError:
    """What a reader's error means, in words that say what to do."""
    said = " ".join(str(error).split())[:300]
    if re.search(r"time units|calendar|decode time|out of bounds|cftime", said, re.IGNORECASE):
        about = "" if path is None else _time_of(path, group)
        return ValueError(
            f"its time cannot be read{about}; expected a unit such as 'days since 2018-01-01' in the standard "
            "calendar. Write time as dates (datetime64)."
        )
    if _CODEC.search(said) and not isinstance(error, FileNotFoundError):
        return ValueError(
            f"its compression needs a codec that is not installed ({said}). Install the codec (hdf5plugin for "
            "NetCDF and HDF5, numcodecs for Zarr), or write the file anew without compression or with zlib."
        )
    if group is not None and isinstance(error, (KeyError, FileNotFoundError, OSError)) and path is not None:
        groups = _groups(path, None)
        if group.strip("/") not in groups:
            there = f"it has {', '.join(groups)}" if groups else "it has none"
            return ValueError(f"group={group!r} was given; {there}. Choose one of those, or leave it out.")
    return ValueError(
        f"it cannot be read ({said or type(error).__name__}). It is damaged, cut short or of another kind: fetch it "
        "again."
    )


def _time_of(path: Path, group: str | None) -> str:
    """Units and calendar as they stand in the file."""
    try:
        how: dict[str, Any] = {"decode_times": False} | ({} if group is None else {"group": group})
        with (
            xr.open_zarr(path, chunks=None, consolidated=False, **how)
            if _is_zarr(path)
            else xr.open_dataset(path, engine=_netcdf_engine(path), **how)
        ) as data:
            times = [v.attrs for v in data.variables.values() if " since " in str(v.attrs.get("units", ""))]
    except Exception:  # noqa: BLE001 - the words are for a file that is odd already
        return ""
    said = [f"{a['units']!r}" + (f", calendar {a['calendar']!r}" if "calendar" in a else "") for a in times]
    return f": it is given as {'; '.join(sorted(set(said)))}" if said else ""


def _check_first_bytes(path: Path) -> None:
    with path.open("rb") as file:
        first = file.read(64)
    if not first:
        raise ValueError("it is empty: cut short while it was written or copied. Fetch it again.")
    for start, meaning in _OTHER.items():
        if first.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(start):
            raise ValueError(f"it is {meaning}.")


def _netcdf_engine(path: Path) -> Literal["h5netcdf", "scipy"]:
    """What reads the file, by its first bytes: NetCDF 4 is HDF5, older kinds are scipy's."""
    with path.open("rb") as file:
        first = file.read(8)
    if first == b"\x89HDF\r\n\x1a\n":
        return "h5netcdf"
    if first.startswith(b"CDF"):
        return "scipy"
    raise OSError(f"its first bytes are {first!r}, which is no NetCDF")


def _is_zarr(path: Path) -> bool:
    return path.is_dir() and (
        path.suffix.lower() == ".zarr"
        or any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zmetadata"))
    )


def _groups(path: Path, group: str | None) -> list[str]:
    """Names of the groups of a store, those of all depths; none where it cannot be seen."""
    found: list[str] = []
    try:
        if _is_zarr(path):
            import zarr

            store = zarr.open_group(path, mode="r", path=group or "")
            found = [name for name, member in store.members(None) if isinstance(member, zarr.Group)]
        elif path.read_bytes()[:4] == b"\x89HDF":
            import h5py

            with h5py.File(path, "r") as file:
                file[group or "/"].visititems(
                    lambda name, member: found.append(name) if isinstance(member, h5py.Group) else None
                )
    except Exception:  # noqa: BLE001 - they are only for the words
        return []
    return sorted(f"{group}/{name}" if group else name for name in found)


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
        data = data.assign_coords(x=data["x"].assign_attrs(standard_name="longitude"))
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
        values = (axis, np.atleast_1d(step.values), step.attrs)
        data = data.drop_vars(axis).assign(layers).assign_coords({axis: values})
    return data


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


def _bands_of_tiff(raster: Any, path: Path, rename: Mapping[str, str]) -> xr.Dataset:
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

    if described and not any(found) and {band_name(d) for d in described} >= set(BANDS):
        at = dict(zip(BANDS, band_positions(described), strict=True))
        scl = [i for i, d in enumerate(described) if band_name(d) == "SCL"]
        at |= {"SCL": scl[0]} if scl else {}
        return xr.Dataset({b: layer(i) for b, i in at.items()}, attrs=raster.attrs)
    if not found or not all(found):
        raise ValueError(
            f"it has {raster.sizes['band']} bands described as {', '.join(described[:4]) or 'nothing'}; "
            "it needs a description for each: B2_m01 ... B12_m12 (band and month)."
        )
    where = {(band_name(m["band"]), int(m["month"])): i for i, m in enumerate(found) if m}
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
    for file in files:
        try:
            data, let_go = _open(file, group, rename)
            closing.append(let_go)
            parts.append(_part(data, file))
        except ValueError as error:
            raise ValueError(f"{file.name} in it: {error}") from error
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


def _part(data: xr.Dataset, file: Path) -> xr.Dataset:
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
