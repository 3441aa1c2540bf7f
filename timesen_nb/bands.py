"""The ten Sentinel-2 bands the model reads, their order, units and statistics."""

import re
from collections.abc import Iterable, Sequence
from math import isfinite
from numbers import Real
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
    "band": ("band", "bands", "variable", "channel", "wavelength", "wavelengths"),
}

_ALIASES = {
    "BLUE": "B2", "GREEN": "B3", "RED": "B4", "REDEDGE1": "B5", "REDEDGE2": "B6", "REDEDGE3": "B7",
    "NIR": "B8", "BROADNIR": "B8", "NIR08": "B8A", "NIRNARROW": "B8A", "SWIR16": "B11", "SWIR22": "B12",
    "SWIR1": "B11", "SWIR2": "B12", "SCENECLASSIFICATION": "SCL", "QUALITYSCENECLASSIFICATION": "SCL",
}  # fmt: skip
#: A band by its centre wavelength, in nanometres or micrometres: so far from one in :data:`WAVELENGTHS` it is another.
_NEAR = 20.0
_WAVELENGTH = re.compile(r"(?P<length>\d{3,4}(?:\.\d*)?|[0-2]\.\d+)(?: ?NM| ?[U\u039c]M)?")
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
    if wavelength := _WAVELENGTH.fullmatch(given):
        length = float(wavelength["length"])
        length = length * 1000 if length < 3 else length
        nearest = min(BANDS, key=lambda band: abs(WAVELENGTHS[band] - length))
        return nearest if abs(WAVELENGTHS[nearest] - length) <= _NEAR else given, None
    key = re.sub(r"[-_ ]", "", given)
    return _ALIASES.get(key, key), None


def band_names(names: Iterable[Any]) -> list[tuple[str, int | None]]:
    """:func:`band_and_pixel` of names that stand together: beside BROADNIR, FORCE's B8, its NIR is B8A.

    Args:
        names: as a file or a catalog has them.

    Returns:
        Standard name and size of pixels of each.
    """
    names = list(names)
    force = any(re.sub(r"[-_ ]", "", str(name)).upper() == "BROADNIR" for name in names)
    return [band_and_pixel("NIR08" if force and str(name).upper() == "NIR" else name) for name in names]


def only_counted(names: Iterable[Any]) -> bool:
    """Whether numbers in place of names say no more than the position: from 0, or from 1.

    Args:
        names: along an axis.

    Returns:
        Whether they do; other numbers, such as wavelengths, are names.
    """
    names = list(names)
    return names in ([*range(len(names))], [*range(1, len(names) + 1)])


def band_positions(names: Sequence[str], wanted: Sequence[str] = BANDS) -> list[int]:
    """Where each of :data:`BANDS` stands in ``names``: ``x[..., positions]`` is then in order.

    Bands are matched by name, never by position. Of one band in several pixel sizes (``B02_10m``, ``B02_20m``) the
    finest counts.

    Args:
        names: as :func:`band_name` understands them, in any order and among others.
        wanted: standard names of other bands than all ten.

    Returns:
        Indices into ``names``, one for each that is wanted.

    Raises:
        ValueError: a band is missing, or named twice.
    """
    given = band_names(names)
    there: dict[str, list[int]] = {b: [i for i, (name, _) in enumerate(given) if name == b] for b in wanted}
    missing = [b for b in wanted if not there[b]]
    sizes = {b: [given[i][1] for i in there[b]] for b in wanted}
    twice = [b for b, of in sizes.items() if len(of) > 1 and (None in of or len(set(of)) < len(of))]
    if missing or twice:
        wrong = [f"missing {', '.join(missing)}"] * bool(missing) + [f"twice {', '.join(twice)}"] * bool(
            twice
        )
        raise ValueError(
            f"bands given: {', '.join(map(str, names)) or 'none'}; expected each of {', '.join(wanted)} once "
            f"({'; '.join(wrong)}). Name the bands so (B02, blue or nir08 are understood) or add the missing ones."
        )
    return [min(there[b], key=lambda i: given[i][1] or 0) for b in wanted]


def check_order(given: Any, axes: Sequence[str], what: str) -> None:
    """Refuse a table or DataArray whose names say another order than that in which it would be read.

    Args:
        given: anything; arrays without names pass.
        axes: what is expected along each: "month", "band", or "place" for what may be called as it likes.
        what: what the values are, for the message.

    Raises:
        ValueError: bands or months along another axis, bands in another order than :data:`BANDS`, or months that do not
            ascend, whether they are numbers, names or dates.
    """
    if hasattr(given, "columns"):
        dims, names = ["month", "band"], [given.index, given.columns]
    elif hasattr(given, "dims"):
        dims = [str(dim).lower() for dim in given.dims]
        names = [given.indexes.get(dim, []) for dim in given.dims]
    else:
        return
    kinds = {"month": (*AXES["month"], *AXES["time"]), "band": AXES["band"]}
    along = [next((axis for axis, known in kinds.items() if dim in known), "") for dim in dims]
    right = all(axis in ("", there) for axis, there in zip(along, axes, strict=False))
    for axis, steps in zip(along, names, strict=True):
        named = all(isinstance(step, str | int | float) for step in steps) and not only_counted(steps)
        if axis == "band" and named:
            bands = [band for band, _ in band_names(steps)]
            right &= bands == [band for band in BANDS if band in bands]
        elif axis == "month":
            months = _months_of(steps)
            right &= months == sorted(months)
    if not right:
        raise ValueError(
            f"{what} have names that say another order than they are read in; expected {', '.join(axes)}: months 1 to "
            f"12, and bands as in timesen_nb.BANDS. Put them so by their names: table.sort_index()[list(tn.BANDS)], or "
            "array.transpose(...).sortby('month').sel(band=list(tn.BANDS)). Of dates: "
            "table.groupby(table.index.month).median()."
        )


def _months_of(steps: Any) -> list[Any]:
    """What pandas' dates, periods, numbers or texts along an axis say of the months, in their order; or nothing."""
    if hasattr(steps, "month"):
        return list(steps.month)
    months = [step if isinstance(step, int | float) else _month_of(str(step)) for step in steps]
    return [] if None in months else months


def _month_of(text: str) -> int | None:
    """7 for 07, m07, July, Jul 2018 and 2018-07-15; None where it says no month."""
    text = text.strip().lower()
    number = re.fullmatch(r"(?:m|months?)?[ _-]?(\d{1,2})|\d{4}-(\d\d)(?:-\d\d.*)?", text)
    if number:
        return int(number[1] or number[2])
    word = re.match(r"[a-z]{3,}", text)
    named = [m for m, name in enumerate(MONTHS, 1) if word and name.lower().startswith(word[0])]
    return named[0] if named else None


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


def check_count(name: str, given: Any, of: str, most: int | None = None, least: int = 1) -> int:
    """A whole number.

    Args:
        name: Of the argument.
        given: What it was given.
        of: What is counted.
        most: The largest, None for any.
        least: The smallest.

    Returns:
        The number.

    Raises:
        ValueError: It is another number, or none.
    """
    whole = isinstance(given, Real) and not isinstance(given, bool) and isfinite(given)
    if not whole or given != int(given) or not least <= given <= (most or given):
        to = f"from {least} to {most}" if most else f"from {least}"
        raise ValueError(f"{name} given: {given!r}; expected a whole number of {of} {to}.")
    return int(given)


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
