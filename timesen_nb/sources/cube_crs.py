"""The coordinate system of a cube: what its bands name, held against the coordinates themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

if TYPE_CHECKING:
    from pyproj import CRS

_KEYS = ("crs", "epsg", "EPSG", "proj:epsg", "proj:code", "crs_wkt", "spatial_ref")
#: Metres a pixel may measure: Sentinel-2's own are 10 to 60.
_METRES = (0.5, 5000.0)
#: Degrees a pixel may measure: 5 km at the equator. Numbers of pixels in their place are a degree apart.
_DEGREES = 0.045
#: Degrees by which a cube may lie beyond the area that its coordinate system is made for.
_BEYOND = 12.0


def crs_of(data: xr.Dataset, bands: tuple[str, ...] = ()) -> CRS:
    """The coordinate system that the bands name, or else the one that the dataset states.

    Args:
        data: with the dimensions x and y.
        bands: variables whose grid mapping comes first.

    Returns:
        The coordinate system.

    Raises:
        ValueError: none, none that is understood, or several where nothing names one.
    """
    named = {
        str(name)
        for b in bands
        if (name := data[b].encoding.get("grid_mapping", data[b].attrs.get("grid_mapping")))
    }
    named = {name.split(":")[0].strip() for name in named}
    given: list[Any] = [c for name in sorted(named & set(data.variables)) for c in _of_variable(data, name)]
    found = _read(given)
    if not found:
        for candidates in _others(data, bands):
            given += candidates
            found = _read(candidates)
            if found:
                break
    if len(found) > 1:
        raise ValueError(
            f"it states several coordinate systems ({', '.join(c.name for c in found)}); expected one, or a "
            "grid_mapping of the bands that names the right one. Say it: open_source(path, crs='EPSG:32631')."
        )
    if found:
        return found[0]
    if "x" in data.coords and (
        data["x"].attrs.get("standard_name") == "longitude"
        or str(data["x"].attrs.get("units", "")).startswith("degrees")
    ):
        return _read(["EPSG:4326"])[0]
    said = "; ".join(str(c)[:60] for c in given)
    raise ValueError(
        f"its coordinate system (CRS) is {'not understood: ' + said if given else 'not said'}; expected "
        "a grid mapping (rioxarray's write_crs) or an attribute crs such as 'EPSG:32631'. Or say it: "
        "open_source(path, crs='EPSG:32631')."
    )


def check_coordinates(crs: CRS, x: np.ndarray, y: np.ndarray, units: str) -> None:
    """Whether coordinates can be those of the coordinate system.

    Args:
        crs: as stated.
        x: pixel centres.
        y: pixel centres.
        units: what the coordinates say of themselves; "" for nothing.

    Raises:
        ValueError: they cannot.
    """
    where = f"x goes from {x.min():.6g} to {x.max():.6g} and y from {y.min():.6g} to {y.max():.6g}"
    cure = "State the right one: open_source(path, crs='EPSG:32631'), say."
    in_degrees = np.abs(y).max() <= 90 and np.abs(x).max() <= 540
    if crs.is_geographic:
        if not in_degrees or units in ("m", "metre", "metres", "meter", "meters", "km"):
            raise ValueError(
                f"its coordinates are no degrees ({where}{units and ', in ' + units}), but its coordinate system is "
                f"{_called(crs)}, in degrees. They look like metres. {cure}"
            )
        for axis in (x, y):
            size = abs(float(axis[-1] - axis[0])) / max(len(axis) - 1, 1)
            if size > _DEGREES:
                raise ValueError(
                    f"its pixels measure {size:.4g} degrees in {_called(crs)} ({where}); expected up to {_DEGREES}. "
                    "Are x and y numbers of pixels, and the degrees in other coordinates (lon, lat)? Give x and y the "
                    "coordinates of their centres."
                )
        return
    if units.startswith("degree") or (in_degrees and max(np.ptp(x), np.ptp(y)) < 20):
        raise ValueError(
            f"its coordinates look like degrees ({where}), but its coordinate system is {_called(crs)}, in metres. "
            f"{cure.replace('32631', '4326')}"
        )
    metres = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    for axis in (x, y):
        size = abs(float(axis[-1] - axis[0])) / max(len(axis) - 1, 1) * metres
        if len(axis) > 1 and not _METRES[0] <= size <= _METRES[1]:
            raise ValueError(
                f"its pixels measure {size:.4g} m in {_called(crs)} ({where}); expected {_METRES[0]:g} to "
                f"{_METRES[1]:g} m. Are its coordinates in kilometres, or of another coordinate system? {cure}"
            )
    if not _in_area(crs, float(x.mean()), float(y.mean())):
        raise ValueError(
            f"its coordinates ({where}) lie outside of where {_called(crs)} is used. Are x and y swapped, or "
            f"is it another zone? {cure}"
        )


def _in_area(crs: CRS, x: float, y: float) -> bool:
    """Whether a place lies, generously, where a coordinate system is made for."""
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    if not (np.isfinite(lon) and np.isfinite(lat)):
        return False
    area = crs.area_of_use
    if area is None:
        return True
    middle = (area.west + (area.east if area.east >= area.west else area.east + 360)) / 2
    half = ((area.east - area.west) % 360 or 360) / 2
    off = abs((lon - middle + 180) % 360 - 180)
    # zones of the north are used for the south as well, with northings below zero
    reach = max(abs(area.south), abs(area.north)) + _BEYOND
    return bool(off <= half + _BEYOND and abs(lat) <= reach)


def _called(crs: CRS) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code} ({crs.name})" if code else crs.name


def _others(data: xr.Dataset, bands: tuple[str, ...]) -> Iterator[list[Any]]:
    """What else may state it, the most explicit first: each list is of one rank."""
    yield [c for b in bands for c in _of_attributes(data[b].attrs)]
    scalars = [str(n) for n, v in data.variables.items() if v.ndim == 0]
    yield [c for name in scalars for c in _of_variable(data, name)]
    yield _of_attributes(data.attrs)
    yield [c for v in data.variables.values() for c in _of_attributes(v.attrs)]
    yield [
        int(data[name].values)
        for name in ("spatial_ref", "epsg", "proj:epsg")
        if name in data.coords and data[name].ndim == 0 and str(data[name].values).strip().isdigit()
    ]


def _of_variable(data: xr.Dataset, name: str) -> list[Any]:
    """What a grid mapping says: as WKT, and else by CF's parameters."""
    attributes = data[name].attrs
    for key in ("crs_wkt", "spatial_ref"):
        if key in attributes:
            return [attributes[key]]
    if "grid_mapping_name" in attributes:
        return [{str(k): v for k, v in attributes.items()}]
    return _of_attributes(attributes)


def _of_attributes(attributes: dict[Any, Any]) -> list[Any]:
    return [attributes[key] for key in _KEYS if key in attributes]


def _read(candidates: list[Any]) -> list[CRS]:
    """Those that are understood, each once."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    found: list[CRS] = []
    for candidate in candidates:
        try:
            if isinstance(candidate, dict):
                crs = CRS.from_cf(candidate)
            else:
                plain = candidate.item() if isinstance(candidate, np.generic) else candidate
                crs = CRS.from_user_input(int(plain) if str(plain).strip().isdigit() else plain)
        except (CRSError, KeyError, TypeError, ValueError):
            continue
        if not any(crs.equals(other, ignore_axis_order=True) or _alike(crs, other) for other in found):
            found.append(crs)
    return found


def _alike(crs: CRS, other: CRS) -> bool:
    """WKT of one tool and the code of another are one coordinate system in two spellings."""
    code = crs.to_epsg(min_confidence=20)
    return code is not None and code == other.to_epsg(min_confidence=20)
