"""Points a second of reading Sen4Map, beside a plain loop over its groups: ``python -m benchmarks.datasets``.

The files are written for it: Sen4Map's layout with dated looks (64 x 64 pixels, 30 dates) and the layout with twelve
composites. The plain loop is the usual data set class: an item opens the file, reads every band of its group whole,
masks, takes monthly medians with torch and crops the middle. Both take turns, the best of three counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import torch

from timesen_nb.bands import BANDS
from timesen_nb.datasets import read_sen4map
from timesen_nb.datasets.lucas import grid_places

DATES = [
    f"2018{m:02d}{d:02d}T104021_2018{m:02d}{d:02d}T104018_T31UES" for m in range(1, 13) for d in (3, 13, 23)
][:30]

LABELS = ("lc1", "lu1", "nuts0", "Coordinates")


def write_dated(path: Path, n: int) -> None:
    """n points of 30 looks, as uint16 without compression."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for i in range(n):
            group = _group(file, i)
            for band in BANDS:
                group[band] = rng.integers(100, 5000, (len(DATES), 64, 64), dtype=np.uint16)
            group["SCL"] = rng.choice(np.array([4, 5, 9], np.uint8), (len(DATES), 64, 64))
            group.attrs["Image_ID"] = np.array(DATES, dtype=h5py.string_dtype())


def write_composed(path: Path, n: int, edge: int = 1) -> None:
    """n points of twelve composites of edge x edge pixels."""
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        for i in range(n):
            image = rng.uniform(100, 5000, (12, len(BANDS), edge, edge)).astype(np.float32)
            _group(file, i)["image"] = image


def _group(file: h5py.File, i: int) -> h5py.Group:
    number = f"{3800 + i // 100:04d}{3000 + i % 100:04d}"
    group = file.create_group(f"Lucas_Point_{number}")
    place = grid_places(np.array([number]))[0]
    group.attrs.update({"lc1": "B11", "lu1": "U111", "nuts0": "BE", "Coordinates": place})
    return group


def plain_point(path: Path, key: str) -> torch.Tensor:
    """The usual item of a data set, (12, 10, H, W): open the file, read all of a group; mask and medians of months."""
    with h5py.File(path, "r") as file:
        group = file[key]
        _ = [group.attrs[name] for name in LABELS]
        if "image" in group:
            return torch.from_numpy(group["image"][:])
        clear = group["SCL"][:] < 9
        looks = np.stack([np.where(clear, group[b][:], 0) for b in BANDS], axis=1)
        names = [str(name) for name in group.attrs["Image_ID"]]
    image = torch.from_numpy(looks.astype(np.float32))
    rows = [[i for i, name in enumerate(names) if f"2018{m:02d}" in name] for m in range(1, 13)]
    return torch.stack([image[r or slice(None)].median(dim=0).values for r in rows]) + 1


def plain_loop(path: Path) -> torch.Tensor:
    """Item by item, the middle pixel of each: (N, 12, 10)."""
    with h5py.File(path, "r") as file:
        keys = list(file)
    points = [plain_point(path, key) for key in keys]
    middle = points[0].shape[-1] // 2
    return torch.stack([point[..., middle, middle] for point in points])


def compare(name: str, n: int, plain: Callable[[], object], ours: Callable[[], object]) -> None:
    """Both in turns, best of three."""
    times: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(3):
        for which, call in (("plain", plain), ("ours", ours)):
            started = time.perf_counter()
            call()
            times[which].append(time.perf_counter() - started)
    a, b = (n / min(times[which]) for which in ("plain", "ours"))
    print(f"{name:<44}{a:>12.0f}{b:>12.0f}{b / a:>8.1f} x", flush=True)


def main() -> None:
    """Print the table. One thread each: torch's own threads do not help medians this small."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description="Points a second of reading Sen4Map.")
    parser.add_argument("--dated", type=int, default=30)
    parser.add_argument("--composed", type=int, default=2000)
    given = parser.parse_args()
    print(f"{'points a second':<44}{'plain loop':>12}{'ours':>12}")
    with tempfile.TemporaryDirectory() as folder:
        dated, composed = Path(folder) / "dated.h5", Path(folder) / "composed.h5"
        write_dated(dated, given.dated)
        write_composed(composed, given.composed)
        for composites in ("published", "clear"):
            compare(
                f"dated looks, centre pixel, {composites}", given.dated, lambda: plain_loop(dated),
                lambda rule=composites: read_sen4map(dated, composites=rule, progress=False),
            )  # fmt: skip
        same = torch.from_numpy(read_sen4map(dated, composites="published", progress=False).series())
        torch.testing.assert_close(same, plain_loop(dated))
        compare(
            "composites, one pixel", given.composed, lambda: plain_loop(composed),
            lambda: read_sen4map(composed, progress=False),
        )  # fmt: skip


if __name__ == "__main__":
    main()
