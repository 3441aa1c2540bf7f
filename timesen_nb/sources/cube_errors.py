"""What a reader's errors mean, in words, and what a path holds: its kind and its groups."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import xarray as xr

_CODEC = re.compile(r"required filter|codec|filter plugin|compressor", re.IGNORECASE)


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
        groups = groups_of(path, None)
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
            if is_zarr(path)
            else xr.open_dataset(path, engine=netcdf_engine(path), **how)
        ) as data:
            times = [v.attrs for v in data.variables.values() if " since " in str(v.attrs.get("units", ""))]
    except Exception:  # noqa: BLE001 - the words are for a file that is odd already
        return ""
    said = [f"{a['units']!r}" + (f", calendar {a['calendar']!r}" if "calendar" in a else "") for a in times]
    return f": it is given as {'; '.join(sorted(set(said)))}" if said else ""


def netcdf_engine(path: Path) -> Literal["h5netcdf", "scipy"]:
    """What reads the file, by its first bytes: NetCDF 4 is HDF5, older kinds are scipy's."""
    with path.open("rb") as file:
        first = file.read(8)
    if first == b"\x89HDF\r\n\x1a\n":
        return "h5netcdf"
    if first.startswith(b"CDF"):
        return "scipy"
    raise OSError(f"it begins with {first.decode('ascii', 'replace')!r}, which is no NetCDF")


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr store."""
    return path.is_dir() and (
        path.suffix.lower() == ".zarr"
        or any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zmetadata"))
    )


def groups_of(path: Path, group: str | None) -> list[str]:
    """Names of the groups of a store, those of all depths; none where it cannot be seen."""
    found: list[str] = []
    try:
        if is_zarr(path):
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
