"""A small dated Sentinel-2 cube for tests: known looks on a 10 m grid, as files and as arrays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS
from timesen_nb.composite import monthly_medians

EPSG, LEFT, TOP = 32631, 600_000.0, 5_620_000.0
TWENTY = ("B5", "B6", "B7", "B8A", "B11", "B12")


@dataclass
class DatedCube:
    """values: (t, 10, y, x) uint16 reflectance x 10000, 0 = no data; scl: (t, y, x); times: UTC, ascending."""

    values: np.ndarray
    scl: np.ndarray
    times: np.ndarray
    left: float = LEFT
    top: float = TOP

    def place(self, row: int, column: int) -> tuple[float, float]:
        """Longitude and latitude of a pixel's centre."""
        from pyproj import Transformer

        to_degrees = Transformer.from_crs(EPSG, 4326, always_xy=True)
        return to_degrees.transform(self.left + 10 * column + 5, self.top - 10 * row - 5)

    def months(self, year: int) -> np.ndarray:
        """(12, 10, y, x): what every source has to give."""
        looks = np.where(self.values == 0, np.nan, self.values.astype(np.float32))
        return monthly_medians(looks, self.times.astype("datetime64[D]"), year, self.scl)

    def dataset(self) -> xr.Dataset:
        """The cube as it lies in a NetCDF file: a variable a band, SCL, a CRS."""
        height, width = self.scl.shape[1:]
        coords = {
            "time": self.times.astype("datetime64[ns]"),
            "y": self.top - 10 * np.arange(height) - 5,
            "x": self.left + 10 * np.arange(width) + 5,
        }
        dims = ("time", "y", "x")
        bands = {b: (dims, self.values[:, i]) for i, b in enumerate(BANDS)}
        return xr.Dataset({**bands, "SCL": (dims, self.scl)}, coords, {"crs": f"EPSG:{EPSG}"})

    def write(self, path: Path) -> Path:
        """Write NetCDF or Zarr, by the path's ending."""
        if path.suffix == ".zarr":
            self.dataset().to_zarr(path, consolidated=False)
        else:
            self.dataset().to_netcdf(path)
        return path


def dated_cube(
    seed: int = 0, dates: int = 40, height: int = 12, width: int = 10, year: int = 2018, blank: int = 11
) -> DatedCube:
    """Random looks of a year, a third of them not clear, some without data; month ``blank`` has clouds only.

    Bands of 20 m, scene classes and gaps are 2 x 2 pixels large, as the satellite's are.
    """
    rng = np.random.default_rng(seed)
    at = np.sort(rng.choice(360, dates, replace=False))
    times = np.datetime64(f"{year}-01-02T10:50:31", "s") + at * np.timedelta64(86400, "s")
    values = rng.integers(100, 6000, (dates, len(BANDS), height, width)).astype(np.uint16)
    coarse = [BANDS.index(b) for b in TWENTY]
    values[:, coarse] = twice(values[:, coarse, ::2, ::2])
    scl = twice(rng.choice([4, 4, 4, 5, 6, 7, 2, 3, 8, 9, 10, 11], (dates, height // 2, width // 2)))
    gaps = twice(rng.random((dates, 1, height // 2, width // 2)) < 0.1)
    values[np.broadcast_to(gaps, values.shape)] = 0
    scl[times.astype("datetime64[M]") == np.datetime64(f"{year}-{blank:02d}", "M")] = 9
    return DatedCube(values, scl.astype(np.uint8), times)


def twice(pixels: np.ndarray) -> np.ndarray:
    """Pixels of 20 m on the 10 m grid."""
    return pixels.repeat(2, axis=-2).repeat(2, axis=-1)
