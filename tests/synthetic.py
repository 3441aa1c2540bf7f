"""A small world of known answers for the tests of the click map: no file, no network, no trained weights."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import torch
import xarray as xr

import timesen_nb as tn
from timesen_nb.bands import BANDS
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.timesenclip import TimeSenCLIP

WEST, SOUTH, PIXELS, METRES = 500_000.0, 5_600_000.0, 32, 10.0


class WordTower:
    """Words -> vectors that depend on nothing but the words."""

    name, width = "words", 16

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        rows = [np.random.default_rng(crc32(t.encode())).normal(size=self.width) for t in texts]
        out = np.array(rows, dtype=np.float32)
        return out / np.linalg.norm(out, axis=1, keepdims=True)

    def encode_photos(self, photos: object) -> np.ndarray:
        raise NotImplementedError


class GridSource:
    """32 x 32 pixels of 10 m in UTM 31N. The south-west pixel has no valid month, December no valid pixel.

    requests: every place asked for, in order. fail: raised by the next request. pause: a hook inside it.
    """

    name = "a synthetic grid"
    years = (2018, 2019)

    def __init__(self) -> None:
        self.requests: list[tuple[float, float]] = []
        self.fail: Exception | None = None
        self.pause = lambda: None
        rng = np.random.default_rng(0)
        values = rng.uniform(200, 4000, size=(12, len(BANDS), PIXELS, PIXELS)).astype(np.float32)
        values[11] = np.nan
        values[:, :, -1, 0] = np.nan
        axis = (np.arange(PIXELS) + 0.5) * METRES
        coords = {
            "month": range(1, 13),
            "band": list(BANDS),
            "y": SOUTH + axis[::-1],
            "x": WEST + axis,
        }
        import rioxarray  # noqa: F401

        self.grid = xr.DataArray(values, coords, ("month", "band", "y", "x")).rio.write_crs("EPSG:32631")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        from rasterio.warp import transform_bounds

        return transform_bounds("EPSG:32631", "EPSG:4326", *self.grid.rio.bounds())

    def place(self, column: int, row: int) -> tuple[float, float]:
        """Longitude and latitude of a pixel's centre."""
        from rasterio.warp import transform

        lon, lat = transform(
            "EPSG:32631", "EPSG:4326", [self.grid.x[column].item()], [self.grid.y[row].item()]
        )
        return lon[0], lat[0]

    def pixel(self, lon: float, lat: float, year: int = 2018) -> tn.PixelSeries:
        from rasterio.warp import transform

        self.requests.append((lon, lat))
        self.pause()
        if self.fail is not None:
            problem, self.fail = self.fail, None
            raise problem
        x, y = transform("EPSG:4326", "EPSG:32631", [lon], [lat])
        values = self.grid.sel(x=x[0], y=y[0], method="nearest").values + (year - 2018)
        return tn.PixelSeries(values, ~np.isnan(values).any(axis=1), lon, lat, year, self.name)

    def pixels(self, lonlats: Sequence[tuple[float, float]], year: int = 2018) -> list[tn.PixelSeries]:
        return [self.pixel(lon, lat, year) for lon, lat in lonlats]

    def cube(self, bbox: tuple[float, float, float, float], year: int = 2018) -> xr.DataArray:
        return self.grid.rio.clip_box(*bbox, crs="EPSG:4326")


def small_model() -> TimeSenCLIP:
    """An untrained encoder of the real class, the same every time."""
    torch.manual_seed(0)
    return TimeSenCLIP(SeriesEncoder(EncoderConfig(width=32, depth=1, heads=2, embedding=16)), WordTower())
