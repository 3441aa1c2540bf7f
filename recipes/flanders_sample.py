"""The bundled real sample, cut from the development data: ``python -m recipes.flanders_sample ../shared/real``.

Monthly medians of 2018 by the library's own rules, what farmers declared, the single acquisitions of a window of
16 x 16 pixels, and the vectors that the pocket model gives every pixel. ``--vectors`` makes only the last, anew after
the model changed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

import timesen_nb as tn
from timesen_nb.bands import BANDS
from timesen_nb.model.checkpoint import read_checkpoint
from timesen_nb.model.fingerprint import fingerprint
from timesen_nb.model.hub import find_file, weights_folder
from timesen_nb.model.kept_vectors import pack
from timesen_nb.sources.flanders import EPSG, MISSING

DATA = weights_folder().parent / "data"
#: Declared crop or land cover of the file -> land cover, and cover type in plain words.
CROPS = {1200: "maize", 2130: "cabbages", 5100: "potatoes", 7900: "beans and other pulses", 9120: "grassland"}
LAND_COVERS = {11: "Cropland", 13: "Grassland", 60: "Artificial land"}
#: Row and column where the window begins, pixels a side: maize, grassland, pulses and a farm lie in it.
WINDOW, SIDE = (0, 31), 16


def codes(wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Names (y, x) -> (codes uint8, names), code 0 = nothing declared."""
    names = ["", *sorted(set(wanted.ravel().tolist()) - {""})]
    return np.vectorize(names.index)(wanted).astype(np.uint8), np.array(names)


def write_sample(folder: Path) -> None:
    """Write months, declarations and the window."""
    path = folder / "s2_l2a_flanders_2018.nc"
    source = tn.open_source(path)
    assert source.bounds is not None
    cube = source.cube(source.bounds, year=2018).compute().transpose("month", "band", "y", "x")
    assert str(cube.rio.crs) == f"EPSG:{EPSG}"
    months = np.where(np.isnan(cube), MISSING, np.round(cube)).astype(np.int16)
    with xr.open_dataset(path) as file:
        land = np.vectorize(lambda c: LAND_COVERS.get(c, ""))(file["landcover_code"].values)
        fine = np.vectorize(lambda c: CROPS.get(c, ""))(file["crop_code"].values)
        fine = np.where((fine == "") & (land == "Artificial land"), "built-up area", fine)
        of_year = file.sel(time="2018").isel(
            y=slice(WINDOW[0], WINDOW[0] + SIDE), x=slice(WINDOW[1], WINDOW[1] + SIDE)
        )
        window = of_year[list(BANDS)].to_dataarray("band").transpose("time", "band", "y", "x").values
        scl, times = of_year["SCL"].values, of_year["time"].values
    land_cover, land_covers = codes(land)
    cover_type, cover_types = codes(fine)
    corner = np.array([float(cube.x[0]) - 5, float(cube.y[0]) + 5])
    np.savez_compressed(
        DATA / "flanders_2018.npz", months=months, corner=corner, land_cover=land_cover, land_covers=land_covers,
        cover_type=cover_type, cover_types=cover_types, window=window.astype(np.uint16),
        window_scl=scl.astype(np.uint8), window_at=np.array(WINDOW), times=times.astype("datetime64[s]"),
    )  # fmt: skip


def write_vectors() -> None:
    """Write the vectors of every pixel by the bundled model."""
    model = tn.load("pocket")
    source = tn.open_source("flanders")
    assert source.bounds is not None
    cube = source.cube(source.bounds)
    size = cube.sizes["y"]
    values = cube.transpose("y", "x", "month", "band").values.reshape(-1, 12, len(BANDS))
    vectors = pack(model.encode(values, exact=True), "int8").reshape(size, size, -1)
    weights = fingerprint(read_checkpoint(find_file("pocket")).weights)
    np.savez_compressed(DATA / "flanders_2018_vectors.npz", vectors=vectors, weights=np.array(weights))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="where s2_l2a_flanders_2018.nc is")
    parser.add_argument("--vectors", action="store_true", help="only the vectors")
    given = parser.parse_args()
    DATA.mkdir(exist_ok=True)
    if not given.vectors:
        write_sample(given.folder)
    write_vectors()
