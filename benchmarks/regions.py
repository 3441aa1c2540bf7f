"""Maps of growing regions: time, peak memory and how busy the cores are, with the pocket model.

    python -m benchmarks.regions                     # 512, 1024 and 2048 pixels square, each in a process of its own
    python -m benchmarks.regions --sides 512 1024

The cube is lazy: the simulated sample landscape, laid out again and again, made chunk by chunk; the map goes to Zarr.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dask.array as da
import numpy as np
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr

import timesen_nb as tn


def lazy_cube(side: int, chunk: int = 256) -> xr.DataArray:
    """(month, band, y, x) of side x side pixels that exists a chunk at a time."""
    source = tn.open_source("sample")
    tile = np.asarray(source.cube(source.bounds).values, dtype=np.float32)[..., :240, :240]

    def read(block_info: dict | None = None) -> np.ndarray:
        (top, bottom), (left, right) = block_info[None]["array-location"][2:]  # type: ignore[index]
        rows, columns = np.arange(top, bottom) % tile.shape[2], np.arange(left, right) % tile.shape[3]
        return tile[:, :, rows[:, None], columns]

    sizes = tuple(min(chunk, side - start) for start in range(0, side, chunk))
    blocks = da.map_blocks(
        read, chunks=((12,), (10,), sizes, sizes), dtype=np.float32, meta=np.zeros((0,) * 4, np.float32)
    )
    centres = (np.arange(side) + 0.5) * 10.0
    coords = {"month": range(1, 13), "band": list(tn.BANDS), "y": 6_000_000 - centres, "x": 500_000 + centres}
    return xr.DataArray(blocks, coords, ("month", "band", "y", "x")).rio.write_crs("EPSG:32632")


def one(side: int, exact: bool) -> None:
    """Map one region in this process and print its figures as numbers."""
    zs = tn.load("pocket").zero_shot("land_cover")
    cube = lazy_cube(side)
    tn.map_region(
        zs, cube[..., :256, :256], progress=False
    )  # everything is loaded, as in a session that is under way
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        wall, busy = time.perf_counter(), time.process_time()
        tn.map_region(zs, cube, store=Path(folder) / "map.zarr", progress=False, exact=exact)
        wall, busy = time.perf_counter() - wall, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(side, wall, busy, before, peak)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sides", type=int, nargs="+", default=[512, 1024, 2048])
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given.one, given.exact)
        return
    import os

    cores = len(os.sched_getaffinity(0))
    print(
        f"{cores} cores; busy = processor time / (cores x wall clock), only honest on a machine that does nothing else"
    )
    heads = (("pixels", 12), ("seconds", 9), ("CPU s", 8), ("pixels/s", 10), ("busy", 7), ("peak MB", 9))
    print("".join(f"{head:>{width}s}" for head, width in heads) + "   times: wall    CPU")
    last = None
    for side in given.sides:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.regions", "--one", str(side)]
        said = subprocess.run(
            command + ["--exact"] * given.exact, check=True, capture_output=True, text=True
        ).stdout
        _, wall, busy, _, peak = map(float, said.split())
        times = f"{wall / last[0]:14.2f}{busy / last[1]:7.2f}" if last else ""
        print(
            f"{side:6d}^2    {wall:9.1f}{busy:8.1f}{side**2 / wall:10,.0f}{busy / cores / wall:7.0%}{peak:9.0f}{times}",
            flush=True,
        )
        last = wall, busy


if __name__ == "__main__":
    main()
