"""The ten Sentinel-2 bands the model reads, their order, units and statistics."""

from collections.abc import Sequence

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

_ALIASES = {f"B{n:02d}": f"B{n}" for n in range(1, 13)} | {
    "BLUE": "B2", "GREEN": "B3", "RED": "B4", "REDEDGE1": "B5", "REDEDGE2": "B6", "REDEDGE3": "B7",
    "NIR": "B8", "NIR08": "B8A", "NIRNARROW": "B8A", "SWIR16": "B11", "SWIR22": "B12",
    "SWIR1": "B11", "SWIR2": "B12", "B08A": "B8A",
}  # fmt: skip


def band_name(name: str) -> str:
    """The standard name of a band: ``B02``, ``blue`` and ``b2`` are all ``B2``; others come back unchanged."""
    key = str(name).strip().upper().replace("-", "").replace("_", "").replace(" ", "")
    return _ALIASES.get(key, key)


def band_positions(names: Sequence[str]) -> list[int]:
    """Where each of :data:`BANDS` stands in ``names``: ``x[..., positions]`` is then in order.

    Raises ValueError when a band is missing or named twice: bands are matched by name, never by position.
    """
    given = [band_name(n) for n in names]
    missing = [b for b in BANDS if b not in given]
    twice = sorted({b for b in given if b in BANDS and given.count(b) > 1})
    if missing or twice:
        wrong = [f"missing {', '.join(missing)}"] * bool(missing) + [f"twice {', '.join(twice)}"] * bool(
            twice
        )
        raise ValueError(
            f"bands given: {', '.join(map(str, names)) or 'none'}; expected each of {', '.join(BANDS)} once "
            f"({'; '.join(wrong)}). Name the bands so (B02, blue or nir08 are understood) or add the missing ones."
        )
    return [given.index(b) for b in BANDS]


def ndvi(values: np.ndarray) -> np.ndarray:
    """Normalised difference vegetation index (B8 - B4) / (B8 + B4).

    ``values``: (..., 10) reflectance x 10000, NaN = missing -> (...) in -1 to 1, NaN where B4 or B8 is missing or
    their sum is not positive.
    """
    red, nir = values[..., BANDS.index("B4")], values[..., BANDS.index("B8")]
    total = nir + red
    out = np.full(np.shape(total), np.nan, dtype=np.float32)
    np.divide(nir - red, total, out=out, where=total > 0)
    return out
