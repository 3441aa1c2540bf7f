"""Where finished chunks go: arrays in memory, or a Zarr group that a stopped run takes up again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from timesen_nb.regions.chunk import NOTHING
from timesen_nb.regions.region import Region

_RUN = "timesen_nb_run"  # the attribute that says what the run was asked for
_FINISHED = "finished"  # (chunks along y, chunks along x): 1 = all of it is written


@dataclass(frozen=True)
class Layer:
    """One variable of the maps: its dimensions, sizes, type, and what stands where there is nothing."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    nothing: float
    attrs: dict[str, Any]

    def at(self, window: tuple[slice, slice]) -> tuple[slice, ...]:
        """The index of a window (y, x)."""
        where = dict(zip(("y", "x"), window, strict=True))
        return tuple(where.get(d, slice(None)) for d in self.dims)


def layers_of(
    region: Region, classes: list[str], colours: list[str], features: int, keep: str | None, every: bool
) -> dict[str, Layer]:
    """The variables that a map of the region will have."""
    y, x = region.shape
    about: dict[str, Any] = {"classes": classes, "colours": colours}
    layers = {
        "label": Layer(
            ("y", "x"), (y, x), "int16", NOTHING, {"long_name": "class", "_FillValue": NOTHING, **about}
        ),
        "probability": Layer(
            ("y", "x"), (y, x), "float32", np.nan, {"long_name": "probability of the class"}
        ),
    }
    if every:
        layers["probabilities"] = Layer(("class", "y", "x"), (len(classes), y, x), "float16", np.nan, {})
    if keep:
        nothing = 0 if keep == "int8" else np.nan
        about = {"long_name": "unit vectors of the series, up to their length"}
        layers["vectors"] = Layer(("y", "x", "feature"), (y, x, features), keep, nothing, about)
    return layers


class MemoryStore:
    """The maps as numpy arrays."""

    def __init__(self, region: Region, layers: dict[str, Layer]) -> None:
        self.region, self.layers = region, layers
        self.arrays = {n: np.full(v.shape, v.nothing, dtype=v.dtype) for n, v in layers.items()}

    def finished(self) -> np.ndarray:
        """Chunks (y, x) that need not be done again: none."""
        return np.zeros(self.region.chunks, dtype=bool)

    def write(self, at: tuple[int, int], parts: dict[str, np.ndarray]) -> None:
        """Put a chunk in its place."""
        for name, part in parts.items():
            self.arrays[name][self.layers[name].at(self.region.window(*at))] = part

    def open(self) -> xr.Dataset:
        """The maps."""
        return self.region.grid.assign({n: (v.dims, self.arrays[n], v.attrs) for n, v in self.layers.items()})


class ZarrStore:
    """The maps as a Zarr group on disk (or wherever a Zarr address leads), a file a chunk and variable.

    A chunk counts as finished once every variable of it is written, so a run may be stopped, or killed, at any time.
    """

    def __init__(self, path: str | Path, region: Region, layers: dict[str, Layer]) -> None:
        self.path, self.grid, self.layers, self.chunk = str(path), region.grid, layers, region.chunk
        self._chunks, self._windows = (
            region.chunks,
            {(i, j): region.window(i, j) for i in range(region.chunks[0]) for j in range(region.chunks[1])},
        )

    def prepare(self, asked: dict[str, Any], overwrite: bool) -> None:
        """Begin the group, or take up the run in it; ValueError when it holds something else."""
        import zarr

        if not overwrite and self._exists():
            self._check(asked)
            return
        self.grid.assign_attrs({_RUN: json.dumps(asked)}).to_zarr(self.path, mode="w", consolidated=False)
        group = zarr.open_group(self.path, mode="r+")
        for name, layer in self.layers.items():
            chunks = [
                self.chunk if d in ("y", "x") else n for d, n in zip(layer.dims, layer.shape, strict=True)
            ]
            group.create_array(
                name, shape=layer.shape, chunks=tuple(min(c, n) for c, n in zip(chunks, layer.shape, strict=True)),
                dtype=layer.dtype, fill_value=layer.nothing, dimension_names=layer.dims,
                attributes={**layer.attrs, "grid_mapping": "spatial_ref"},
            )  # fmt: skip
        group.create_array(
            _FINISHED, shape=self._chunks, chunks=(1, 1), dtype="uint8", fill_value=0,
            dimension_names=("chunk_y", "chunk_x"),
        )  # fmt: skip

    def _exists(self) -> bool:
        import zarr

        try:
            return bool(list(zarr.open_group(self.path, mode="r").array_keys()))
        except FileNotFoundError:
            return False

    def _check(self, asked: dict[str, Any]) -> None:
        """ValueError that says in what the run in the group differs from the one asked for."""
        import zarr

        group = zarr.open_group(self.path, mode="r")
        said = json.loads(str(group.attrs.get(_RUN, "{}")))
        different = [key for key in asked if not _same(said.get(key), asked[key])]
        if different or _FINISHED not in group:
            what = (
                f"a run with other {', '.join(different)}"
                if said
                else "something else than a map of a region"
            )
            raise ValueError(
                f"the store {self.path} holds {what}. Choose another path, or overwrite=True to lose what is there."
            )

    def finished(self) -> np.ndarray:
        """Chunks (y, x) that need not be done again."""
        import zarr

        return np.asarray(zarr.open_group(self.path, mode="r")[_FINISHED][:]) == 1  # type: ignore[index]

    def write(self, at: tuple[int, int], parts: dict[str, np.ndarray]) -> None:
        """Write a chunk, then that it is finished."""
        import zarr

        group: Any = zarr.open_group(self.path, mode="r+")
        for name, part in parts.items():
            group[name][self.layers[name].at(self._windows[at])] = part
        group[_FINISHED][at] = 1

    def open(self) -> xr.Dataset:
        """The maps, lazily."""
        data = xr.open_zarr(
            self.path, consolidated=False, mask_and_scale=False, decode_coords="all", chunks={}
        )
        data.attrs.pop(_RUN, None)
        return data[[*self.layers]]


def _same(a: Any, b: Any) -> bool:
    """Whether two values of a run's description agree; numbers may differ by rounding."""
    if isinstance(b, list) and b and isinstance(b[0], float):
        return isinstance(a, list) and len(a) == len(b) and bool(np.allclose(a, b, atol=2e-3))
    return bool(a == b)
