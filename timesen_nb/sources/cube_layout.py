"""What a cube file holds, found by name: its bands, dates, scene classes, coordinate system and units.

What is understood (anything else is refused by name, never guessed):

- NetCDF and Zarr: bands as variables (``B02``, ``blue``, ``B8A`` ...) or along a dimension ``band`` with names;
  ``time`` (dates) or ``month`` (1 to 12); ``y`` and ``x`` (or ``lat`` and ``lon``) as evenly spaced coordinates;
  a scene classification ``SCL`` beside the bands or among them;
- GeoTIFF: twelve months by ten bands, each described as ``B2_m01`` ... ``B12_m12``;
- a coordinate system as CF or rioxarray write it, or an attribute ``crs`` or ``epsg``;
- reflectance from 0 to 1 or x 10000, with the radiometric offset taken off; 0 and NaN mean no data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS, REFLECTANCE_SCALE, band_name, band_positions

if TYPE_CHECKING:
    from pyproj import CRS

_AXES = {
    "x": ("x", "lon", "longitude", "easting"),
    "y": ("y", "lat", "latitude", "northing"),
    "time": ("time", "t", "date"),
    "month": ("month", "months"),
    "band": ("band", "bands", "variable", "channel"),
}
_DESCRIPTION = re.compile(r"^(?P<band>[A-Za-z0-9]+)[ _-]?m(?P<month>\d{1,2})$")
_OTHER_UNITS = re.compile(r"%|percent|\bdb\b|decibel|kelvin|^k$|celsius|radiance|\bw[ /.]?m", re.IGNORECASE)


@dataclass(frozen=True)
class CubeLayout:
    """A file's cube in this package's words; nothing but coordinates and a sample has been read.

    bands: the ten variables of :data:`BANDS`, each (step, y, x), as stored; scl: (step, y, x) or None.
    step: (t,) datetime64 UTC of a dated cube, or (t,) months 1 to 12. x, y: pixel centres in ``crs``.
    factor: what makes the stored values reflectance x 10000. year: of a monthly cube, where the file says it.
    """

    bands: xr.Dataset
    scl: xr.DataArray | None
    step: np.ndarray
    dated: bool
    x: np.ndarray
    y: np.ndarray
    crs: CRS
    factor: float
    year: int | None

    def step_of(self, axis: str) -> float:
        """Signed size of a pixel along ``"x"`` or ``"y"``; one pixel alone is square, or 10 m."""
        for centres in (getattr(self, axis), self.x, self.y):
            if len(centres) > 1:
                return float(centres[-1] - centres[0]) / (len(centres) - 1)
        return 9e-5 if self.crs.is_geographic else 10.0

    def edges(self, axis: str) -> tuple[float, float]:
        """Lowest and highest edge of the pixels along an axis."""
        centres, half = getattr(self, axis), abs(self.step_of(axis)) / 2
        return float(centres.min() - half), float(centres.max() + half)

    def index(self, axis: str, at: float) -> int:
        """The pixel that a coordinate lies in; below 0 or past the end when it is outside."""
        pixels = (at - float(getattr(self, axis)[0])) / self.step_of(axis) + 0.5
        return math.floor(pixels) if math.isfinite(pixels) else -1


def read_layout(path: Path) -> CubeLayout:
    """The layout of a cube file; ValueError that names what is wrong with it."""
    try:
        data = _open(path)
        bands, scl = _bands(data)
        _check_end(bands)
        dated = "time" in bands.dims
        return CubeLayout(
            bands=bands,
            scl=scl,
            step=_dates(bands["time"]) if dated else _months(bands["month"]),
            dated=dated,
            x=_centres(bands, "x"),
            y=_centres(bands, "y"),
            crs=_crs(data),
            factor=_factor(bands, data.attrs),
            year=_year(data),
        )
    except ValueError as error:
        raise ValueError(f"{path.name} cannot be used: {error}") from error


def _open(path: Path) -> xr.Dataset:
    """The file as a dataset with this package's names for its axes, opened lazily."""
    kind = path.suffix.lower()
    if kind not in (".nc", ".nc4", ".cdf", ".h5", ".zarr", ".tif", ".tiff"):
        raise ValueError(f"its name ends in {kind or 'nothing'!r}; expected .nc, .zarr or .tif.")
    try:
        data: Any
        if kind in (".tif", ".tiff"):
            import rioxarray

            data = rioxarray.open_rasterio(path, mask_and_scale=True)
        elif kind == ".zarr":
            data = xr.open_zarr(path, chunks=None, consolidated=False, decode_coords="all")
        else:
            data = xr.open_dataset(path, engine=_netcdf_engine(path), decode_coords="all")
    except ModuleNotFoundError as error:
        raise ValueError(f'{error.name} is needed to read it: pip install "timesen_nb[regions]".') from error
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        raise _damaged(error) from error
    if kind in (".tif", ".tiff"):
        data = _months_of_tiff(data)
    names = {name: axis for axis, known in _AXES.items() for name in data.dims if str(name).lower() in known}
    if len(set(names.values())) < len(names):
        raise ValueError(f"two dimensions mean the same: {', '.join(map(str, names))}. Keep one of them.")
    geographic = {str(n).lower() for n in names} & {"lon", "longitude"}
    data = data.rename({old: new for old, new in names.items() if old != new})
    return data.assign_attrs(crs="EPSG:4326") if geographic and not _has_crs(data) else data


def _netcdf_engine(path: Path) -> Literal["h5netcdf", "scipy"]:
    """What reads the file, by its first bytes: NetCDF 4 is HDF5, older kinds are scipy's."""
    with path.open("rb") as file:
        first = file.read(8)
    if first == b"\x89HDF\r\n\x1a\n":
        return "h5netcdf"
    if first.startswith(b"CDF"):
        return "scipy"
    raise OSError(f"its first bytes are {first!r}, which is no NetCDF")


def _damaged(error: Exception) -> ValueError:
    return ValueError(
        f"it cannot be read ({error}). It is damaged, cut short or of another kind: fetch it again."
    )


def _check_end(bands: xr.Dataset) -> None:
    """Read the corners: where a file was cut short its end is missing, and a click would find it too late."""
    try:
        bands.isel(y=[0, -1], x=[0, -1]).load()
    except (OSError, RuntimeError) as error:
        raise _damaged(error) from error


def _months_of_tiff(raster: Any) -> xr.Dataset:
    """A raster of 120 described bands as ten variables by month."""
    if not isinstance(raster, xr.DataArray):
        raise ValueError("it holds several rasters; expected one with bands described as B2_m01 ... B12_m12.")
    described = raster.attrs.get("long_name", ())
    described = (described,) if isinstance(described, str) else tuple(described)
    found = [_DESCRIPTION.match(str(d)) for d in described]
    if not found or not all(found):
        raise ValueError(
            f"it has {raster.sizes['band']} bands described as {', '.join(map(str, described[:4])) or 'nothing'}; "
            "it needs a description for each: B2_m01 ... B12_m12 (band and month)."
        )
    where = {(band_name(m["band"]), int(m["month"])): i for i, m in enumerate(found) if m}
    months = sorted({month for _, month in where})
    if len(where) < len(found):
        raise ValueError("it describes two bands alike; each band and month must be there once.")
    for month in months:
        band_positions([b for b, m in where if m == month])
    raster = raster.drop_vars("band").assign_attrs(
        {k: v for k, v in raster.attrs.items() if k != "long_name"}
    )
    variables = {
        b: raster.isel(band=[where[b, m] for m in months]).rename(band="month").assign_coords(month=months)
        for b in BANDS
    }
    return xr.Dataset(variables, attrs=raster.attrs)


def _bands(data: xr.Dataset) -> tuple[xr.Dataset, xr.DataArray | None]:
    """The ten bands as (step, y, x) variables, and the scene classes where the file has them."""
    named = {band_name(str(v)): data[v] for v in data.data_vars}
    if any(b in named for b in BANDS):
        band_positions([str(v) for v in data.data_vars])
    else:
        stacked = [data[v] for v in data.data_vars if "band" in data[v].dims]
        if len(stacked) != 1:
            raise ValueError(
                f"it has no bands: its variables are {', '.join(map(str, data.data_vars)) or 'none'}; expected "
                f"{', '.join(BANDS)} as variables, or one variable with a dimension 'band'."
            )
        names = [n.decode() if isinstance(n, bytes) else str(n) for n in stacked[0]["band"].values.tolist()]
        where = dict(zip(BANDS, band_positions(names), strict=True))
        if "SCL" in names:
            where["SCL"] = names.index("SCL")
        named = {**named, **{b: stacked[0].isel(band=i, drop=True) for b, i in where.items()}}
    scl = _steps(named["SCL"], "SCL") if "SCL" in named else None
    bands = xr.Dataset({b: _steps(named[b], b) for b in BANDS})
    if scl is not None and scl.shape != bands["B2"].shape:
        raise ValueError(
            f"SCL has the shape {scl.shape} and the bands {bands['B2'].shape}; they must be the same."
        )
    return bands, scl


def _steps(variable: xr.DataArray, name: str) -> xr.DataArray:
    variable = variable.squeeze(
        [d for d in variable.dims if variable.sizes[d] == 1 and d not in _AXES], drop=True
    )
    for step in ("time", "month"):
        if set(variable.dims) == {step, "y", "x"}:
            return variable.transpose(step, "y", "x")
    raise ValueError(
        f"{name} has the dimensions {', '.join(map(str, variable.dims))}; expected time or month, y and x, and "
        "nothing else."
    )


def _dates(time: xr.DataArray) -> np.ndarray:
    if time.dtype.kind not in "MUSO":
        raise ValueError(f"its time is {time.dtype} without units; expected dates, or a dimension 'month'.")
    try:
        dates = time.values.astype("datetime64[s]")
    except (TypeError, ValueError) as error:
        raise ValueError(f"its time cannot be read as dates ({error}).") from error
    if np.isnat(dates).any():
        raise ValueError("its time holds dates that are missing.")
    return dates


def _months(month: xr.DataArray) -> np.ndarray:
    given = month.values.tolist() if "month" in month.coords else []
    if not given or any(m not in range(1, 13) for m in given) or len(set(given)) < len(given):
        raise ValueError(
            f"its months are {', '.join(map(str, given)) or 'not numbered'}; expected 1 to 12, each once at most."
        )
    return np.array(given, dtype=int)


def _centres(bands: xr.Dataset, axis: str) -> np.ndarray:
    if axis not in bands.coords:
        raise ValueError(f"its {axis} has no coordinates; expected the pixel centres.")
    centres = bands[axis].values.astype(float)
    steps = np.diff(centres)
    if not np.isfinite(centres).all() or (
        len(steps) and not np.allclose(steps, steps.mean(), rtol=1e-3, atol=0)
    ):
        raise ValueError(f"its {axis} coordinates are not evenly spaced; expected a grid of equal pixels.")
    return centres


def _has_crs(data: xr.Dataset) -> bool:
    return any(True for _ in _crs_candidates(data))


def _crs_candidates(data: xr.Dataset) -> Iterator[Any]:
    """Whatever in the file may say its coordinate system, the most explicit first."""
    for variable in data.variables.values():
        for key in ("crs_wkt", "spatial_ref"):
            if key in variable.attrs:
                yield variable.attrs[key]
        if "grid_mapping_name" in variable.attrs:
            yield {str(k): v for k, v in variable.attrs.items()}
    for owner in (data.attrs, *(v.attrs for v in data.variables.values())):
        for key in ("crs", "epsg", "EPSG", "proj:epsg", "crs_wkt"):
            if key in owner:
                yield owner[key]
    for name in ("spatial_ref", "epsg", "proj:epsg"):
        if name in data.coords and data[name].ndim == 0 and int(data[name].values or 0) > 0:
            yield int(data[name].values)


def _crs(data: xr.Dataset) -> CRS:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    given = []
    for candidate in _crs_candidates(data):
        given.append(str(candidate)[:60])
        try:
            if isinstance(candidate, dict):
                return CRS.from_cf(candidate)
            return CRS.from_user_input(candidate.item() if isinstance(candidate, np.generic) else candidate)
        except CRSError:
            continue
    raise ValueError(
        f"its coordinate system (CRS) is {'not understood: ' + '; '.join(given) if given else 'not said'}; expected "
        "a grid mapping (rioxarray's write_crs) or an attribute crs such as 'EPSG:32631'."
    )


def _factor(bands: xr.Dataset, attrs: Mapping[Hashable, Any]) -> float:
    """What makes the stored values reflectance x 10000, judged by a sample of them.

    Clouds reach about 1.6 in reflectance, so a 99th percentile up to 2 is 0 to 1; percent and 8-bit pictures end at
    255, far below any scene x 10000; more than 32000 is a raw count. What lies between is refused.
    """
    units = {str(owner.get("units", "")) for owner in (attrs, *(v.attrs for v in bands.values()))}
    other = sorted(u for u in units if _OTHER_UNITS.search(u))
    if not other:
        sample = _sample(bands)
        low, top = np.percentile(sample, [50, 99])
        if low >= 0 and top <= 2:
            return REFLECTANCE_SCALE
        if low >= 0 and 255 < top <= 32_000:
            return 1.0
    found = (
        f"its units are {', '.join(other)}"
        if other
        else f"half of its values are below {low:.4g}, 1 % above {top:.4g}"
    )
    raise ValueError(
        f"its units are unknown ({found}); expected surface reflectance from 0 to 1 or x 10000. Convert the values."
    )


def _sample(bands: xr.Dataset) -> np.ndarray:
    """Some values that are there: from the middle, or from all over where the middle is empty."""
    y, x = bands.sizes["y"], bands.sizes["x"]
    middle = {"y": slice(max(y // 2 - 8, 0), y // 2 + 8), "x": slice(max(x // 2 - 8, 0), x // 2 + 8)}
    spread = {"y": slice(None, None, max(y // 64, 1)), "x": slice(None, None, max(x // 64, 1))}
    for window in (middle, spread):
        values = np.stack([bands[b].isel(window).values for b in BANDS]).astype(float)
        values = values[np.isfinite(values) & (values != 0)]
        if values.size:
            return values
    raise ValueError("it holds no value but 0 and NaN, which mean no data.")


def _year(data: xr.Dataset) -> int | None:
    """The one year that the file or its variables say, if they do."""
    owners = (data.attrs, *(v.attrs for v in data.data_vars.values()))
    given = {str(owner["year"]).strip() for owner in owners if "year" in owner}
    return int(given.pop()) if len(given) == 1 and re.fullmatch(r"\d{4}", min(given)) else None
