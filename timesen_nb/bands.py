"""The ten Sentinel-2 bands the model reads, their order, units and statistics."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

#: Band order everywhere in this package. 10 m: B2 B3 B4 B8; 20 m: the others.
BANDS: tuple[str, ...] = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")

#: Centre wavelength in nanometres (Sentinel-2A MSI, ESA spectral response functions v3.1).
WAVELENGTHS: dict[str, float] = dict(
    zip(BANDS, (492.4, 559.8, 664.6, 704.1, 740.5, 782.8, 832.8, 864.7, 1613.7, 2202.4), strict=True)
)

#: Reflectance is stored as reflectance x 10000.
REFLECTANCE_SCALE = 10_000.0

#: TimeSenCLIP normalisation, (x - OFFSET) / SCALE clamped to [0, 1]; x = surface reflectance x 10000.
#: Source: Jain et al. 2026, doi 10.1016/j.isprsjprs.2026.03.043, released statistics in band order.
OFFSET: tuple[float, ...] = (67.0, 122.0, 93.27, 158.5, 160.77, 174.27, 162.27, 149.0, 84.5, 66.27)
SCALE: tuple[float, ...] = (
    2089.0, 2598.45, 3214.5, 3620.45, 4033.61, 4613.0, 4825.45, 4945.72, 5140.84, 4414.45,
)  # fmt: skip

MONTHS: tuple[str, ...] = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

#: What files call an axis, and what it is called here.
AXES = {
    "x": ("x", "lon", "longitude", "easting"),
    "y": ("y", "lat", "latitude", "northing"),
    "time": ("time", "t", "date"),
    "month": ("month", "months"),
    "band": ("band", "bands", "variable", "channel"),
}

_ALIASES = {
    "BLUE": "B2", "GREEN": "B3", "RED": "B4", "REDEDGE1": "B5", "REDEDGE2": "B6", "REDEDGE3": "B7",
    "NIR": "B8", "NIR08": "B8A", "NIRNARROW": "B8A", "SWIR16": "B11", "SWIR22": "B12",
    "SWIR1": "B11", "SWIR2": "B12", "SCENECLASSIFICATION": "SCL", "QUALITYSCENECLASSIFICATION": "SCL",
}  # fmt: skip
#: A band by its number, after what products and tools put before it (never what says another level, a count or a
#: spread) and before its pixel size: S2-L2A-B02, SR_B02, B8A_20m, "B2, central wavelength 492 nm".
_NUMBERED = re.compile(
    r"^(?:(?:S2[ABC]?|SENTINEL[ _-]?2[ABC]?|MSI|L2A|SR|BOA|REFLECTANCE|BAND)[ _.:-]+)*"
    r"(?P<name>B0?[1-9]A?|B1[0-2]|SCL)"
    r"(?:[ _.-]*(?P<metres>[126]0) ?M)?(?:, CENTRAL WAVELENGTH.*)?$"
)


def band_name(name: str) -> str:
    """The standard name of a band, or ``SCL``: ``B02``, ``blue``, ``S2-L2A-B02`` and ``B02_10m`` are all ``B2``.

    The one rule for files and catalogs.

    Args:
        name: as a file or a catalog has it.

    Returns:
        A name such as "B2", "B8A" or "SCL"; one that is no band comes back in capitals, without separators.
    """
    return band_and_pixel(name)[0]


def band_and_pixel(name: str) -> tuple[str, int | None]:
    """The standard name of a band, and the size of its pixels where the name says it: ``B05_20m`` is ``B5``, 20.

    Args:
        name: as a file or a catalog has it.

    Returns:
        What :func:`band_name` gives; and 10, 20 or 60 metres, or None.
    """
    given = str(name).strip().upper()
    numbered = _NUMBERED.match(given)
    if numbered:
        metres = numbered["metres"]
        return re.sub(r"^B0", "B", numbered["name"]), int(metres) if metres else None
    key = re.sub(r"[-_ ]", "", given)
    return _ALIASES.get(key, key), None


def band_positions(names: Sequence[str]) -> list[int]:
    """Where each of :data:`BANDS` stands in ``names``: ``x[..., positions]`` is then in order.

    Bands are matched by name, never by position. Of one band in several pixel sizes (``B02_10m``, ``B02_20m``) the
    finest counts.

    Args:
        names: as :func:`band_name` understands them, in any order and among others.

    Returns:
        Ten indices into ``names``.

    Raises:
        ValueError: a band is missing, or named twice.
    """
    given = [band_and_pixel(n) for n in names]
    there: dict[str, list[int]] = {b: [i for i, (name, _) in enumerate(given) if name == b] for b in BANDS}
    missing = [b for b in BANDS if not there[b]]
    sizes = {b: [given[i][1] for i in there[b]] for b in BANDS}
    twice = [b for b, of in sizes.items() if len(of) > 1 and (None in of or len(set(of)) < len(of))]
    if missing or twice:
        wrong = [f"missing {', '.join(missing)}"] * bool(missing) + [f"twice {', '.join(twice)}"] * bool(
            twice
        )
        raise ValueError(
            f"bands given: {', '.join(map(str, names)) or 'none'}; expected each of {', '.join(BANDS)} once "
            f"({'; '.join(wrong)}). Name the bands so (B02, blue or nir08 are understood) or add the missing ones."
        )
    return [min(there[b], key=lambda i: given[i][1] or 0) for b in BANDS]


def by_name(observations: Any, scl: Any = None, days: Any = None) -> tuple[Any, Any]:
    """Dated observations as (time, band, ...) with the ten bands in order, and scene classes as (time, ...), by name.

    Args:
        observations: a DataArray, whose axes may have any of the names in :data:`AXES` and stand in any order; or a
            table, a row a date and a column a band. Arrays without names come back as they are.
        scl: their scene classes, a DataArray, an array or None.
        days: (t,) datetime64[D], solar, that were given beside them; None: nothing to compare.

    Returns:
        Both; an axis that has no known name stays behind the others, bands without names as they are.

    Raises:
        ValueError: no time, bands by name that are not each of :data:`BANDS` once, a list of arrays with names, or
            scene classes or days of other times or places.
    """
    observations, scl = _in_order(observations), _in_order(scl)
    if not hasattr(observations, "dims"):
        return observations, scl
    if hasattr(scl, "dims"):
        axes = [d for d in observations.dims if d != "band"]
        if set(scl.dims) != set(axes):
            raise ValueError(
                f"the scene classes have the dimensions {', '.join(map(str, scl.dims))}; expected "
                f"{', '.join(map(str, axes))}, as the observations."
            )
        scl = scl.transpose(*axes)
        _check_same_pixels(observations, scl)
    if days is not None and "time" in observations.coords and len(days) == len(observations):
        named = observations["time"].values.astype("datetime64[D]")
        # a solar day is that of UTC, or its neighbour
        apart = np.abs(named - days) > np.timedelta64(1, "D")
        if apart.any():
            at = int(apart.argmax())
            raise ValueError(
                f"day {at} given is {days[at]}, and observation {at} names {named[at]} as its own; expected the days "
                "of the same observations, in their order: solar_days(observations.time, lon)."
            )
    return observations, scl


def _in_order(given: Any) -> Any:
    """A DataArray as (time, band, ...), a table as an array, with the ten bands in order; anything else as it is."""
    if isinstance(given, list | tuple) and any(hasattr(g, "dims") or hasattr(g, "columns") for g in given):
        raise ValueError(
            f"a list of {type(given[0]).__name__} was given, whose names are not read; expected one DataArray: "
            "xr.concat(the_list, 'time')."
        )
    if hasattr(given, "columns"):
        return given.iloc[:, band_positions(list(given.columns))].to_numpy()
    if not hasattr(given, "dims"):
        return given
    names = {d: axis for axis in ("time", "band") for d in given.dims if str(d).lower() in AXES[axis]}
    if "time" not in names.values():
        raise ValueError(
            f"the observations given have the dimensions {', '.join(map(str, given.dims))}; expected time among them. "
            "Rename the one of their dates."
        )
    given = given.rename({d: axis for d, axis in names.items() if d != axis})
    given = given.transpose(*dict.fromkeys(["time", *sorted(names.values())]), ...)
    if "band" in given.dims and "band" in given.coords and given["band"].dtype.kind not in "iuf":
        given = given.isel(band=band_positions(given["band"].values.tolist()))
    return given


def _check_same_pixels(observations: Any, scl: Any) -> None:
    """ValueError for scene classes of other days, rows or columns."""
    for axis in scl.dims:
        there, given = (data[axis].values for data in (observations, scl))
        if axis == "time":
            there, given = (times.astype("datetime64[D]").astype(float) for times in (there, given))
        exact = there.dtype.kind not in "iuf" or given.dtype.kind not in "iuf"
        # a grid that was computed twice differs in the last digits
        same = (
            np.array_equal(there, given)
            if exact or there.shape != given.shape
            else (np.allclose(there, given, rtol=1e-8, atol=0))
        )
        if not same:
            raise ValueError(
                f"the scene classes have another {axis} than the observations. Take scl.reindex_like(observations)."
            )


def month_columns(names: Iterable[str] = BANDS) -> list[str]:
    """What a year's values are called in tables and files, month by month: ``B2_m01``, ``B3_m01`` ... ``B12_m12``.

    Args:
        names: of what each month has: the bands, or "ndvi".

    Returns:
        Twelve times as many names.
    """
    names = tuple(names)
    return [f"{name}_m{month:02d}" for month in range(1, 13) for name in names]


def check_months(given: Iterable[Any], what: str = "months given") -> tuple[int, ...]:
    """Calendar months as whole numbers.

    Args:
        given: 1 to 12, in any order.
        what: what they are called in the error.

    Returns:
        The same months, in the same order.

    Raises:
        ValueError: others, or one that is there twice.
    """
    months = list(given)
    if any(m not in range(1, 13) for m in months) or len(set(months)) < len(months):
        found = ", ".join(map(str, months))
        raise ValueError(f"{what}: {found}; expected whole numbers from 1 to 12, each once.")
    return tuple(int(m) for m in months)


def ndvi(values: np.ndarray) -> np.ndarray:
    """Normalised difference vegetation index, (B8 - B4) / (B8 + B4) (Rouse et al. 1974).

    Args:
        values: (..., 10) reflectance x 10000 by :data:`BANDS`, NaN = missing.

    Returns:
        (...) float32, -1 to 1 where no reflectance is negative; NaN where B4 or B8 is missing or their sum is not
        positive.
    """
    red, nir = values[..., BANDS.index("B4")], values[..., BANDS.index("B8")]
    total = nir + red
    out = np.full(np.shape(total), np.nan, dtype=np.float32)
    np.divide(nir - red, total, out=out, where=total > 0)
    return out
