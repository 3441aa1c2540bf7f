"""What a region is: a cube of composites, or vectors that were kept, on a grid with a coordinate system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import dask.array as da
import numpy as np
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr

from timesen_nb.arrays import check_not_bytes
from timesen_nb.bands import band_positions, check_months
from timesen_nb.model.named_arrays import check_steps, quarters_in_order
from timesen_nb.plots.map_label import with_place
from timesen_nb.regions.georeference import transform_of

COMPOSITES = ("month", "quarter", "year")
#: Pixels a side of a chunk: in small regions, so that every core has one, and in others. As float32, 8 and 31 MB.
SMALL_CHUNK, CHUNK = 128, 256
LARGEST_CHUNK = 1024
#: Blocks with data that tell one cube from another, and how many are read to find them.
SAMPLED, TRIED = 4, 12


#: Row and column of a chunk.
Chunk = tuple[int, int]


@dataclass(frozen=True)
class Chunks:
    """How pixels are cut: into squares, fewer pixels at the far edges.

    Attributes:
        pixels: along y and x.
        side: of a chunk, in pixels.
    """

    pixels: tuple[int, int]
    side: int

    @property
    def shape(self) -> tuple[int, int]:
        """Chunks along y and x."""
        height, width = self.pixels
        return -(-height // self.side), -(-width // self.side)

    def window(self, at: Chunk) -> tuple[slice, slice]:
        """The pixels (y, x) of a chunk."""
        top, left = (i * self.side for i in at)
        height, width = self.pixels
        return slice(top, min(top + self.side, height)), slice(left, min(left + self.side, width))


@dataclass(frozen=True)
class Region:
    """A region cut into square chunks.

    Attributes:
        data: lazy (composite, band, y, x) surface reflectance x 10000, or kept vectors (y, x, feature); whole along the
            other axes, chunks as :attr:`chunks` has them along y and x.
        encoded: the data are kept vectors.
        months: calendar month of each composite where the cube says it and they are not January to December.
        grid: an empty dataset with the coordinates x, y and spatial_ref.
        chunks: how it is cut.
        nodata: what means missing beside NaN, or None.
        about: what the cube says of itself: source and year, of kept vectors the weights that made them; "" = nothing.
        held: the data were not given lazily, in Dask.
    """

    data: da.Array
    encoded: bool
    months: tuple[int, ...] | None
    grid: xr.Dataset
    chunks: Chunks
    nodata: float | None
    about: dict[str, str]
    held: bool

    def blocks(self, which: np.ndarray) -> dict[Chunk, Any]:
        """The data of the chunks (y, x) that a mask says, as Dask's delayed."""
        delayed = self.data.to_delayed()
        return {(i, j): delayed[self._place((i, j))] for i, j in np.argwhere(which).tolist()}

    def block(self, at: Chunk) -> np.ndarray:
        """The data of a chunk, read now."""
        out: np.ndarray = self.data.blocks[self._place(at)].compute()
        return out

    def _place(self, at: Chunk) -> tuple[int, ...]:
        """Where a chunk stands among the blocks of ``data``."""
        return (*at, 0) if self.encoded else (0, 0, *at)

    def fingerprint(self) -> dict[str, str | float | None]:
        """What tells these data from others, as JSON can hold it.

        Blocks are read until :data:`SAMPLED` of them hold data or :data:`TRIED` were read: small regions whole, large
        ones in places all over; and all of them unless they are lazy, where each may have to be fetched.

        Returns:
            Source, year and type of the data, their number for no data, a hash of some blocks, and one of all, "" where
            they were not read.
        """
        rows, columns = self.chunks.shape
        order = np.random.default_rng(0).permutation(rows * columns).tolist()
        sample = self._hash(order[:TRIED], SAMPLED)
        whole = self._hash(order, len(order)) if self.held else ""
        data = {"dtype": str(self.data.dtype), "nodata": self.nodata, "sample": sample, "whole": whole}
        return {**self.about, **data}

    def _hash(self, order: Sequence[int], enough: int) -> str:
        """Of blocks by number, until so many were read that hold data."""
        digest, with_data = sha256(), 0
        columns = self.chunks.shape[1]
        for n in order:
            block = self.block(divmod(n, columns)).astype(np.float32)
            known = np.isfinite(block) & (block != (0 if self.nodata is None else self.nodata))
            digest.update(np.where(np.isnan(block), np.float32(-1e30), block).tobytes())
            with_data += bool(known.any())
            if with_data == enough:
                break
        return digest.hexdigest()


def read_region(cube: Any, chunk: int | None = None) -> Region:
    """Check a cube, and cut it.

    Args:
        cube: (composite, band, y, x), or vectors kept by :func:`timesen_nb.map_region`.
        chunk: pixels a side; None: chosen.

    Returns:
        The region.

    Raises:
        ValueError: anything else, bands or months that are not named, no coordinate system, or no coordinates in it.
    """
    if isinstance(cube, xr.Dataset) and "vectors" in cube:
        cube = with_place(cube)["vectors"]
    if not isinstance(cube, xr.DataArray):
        raise ValueError(
            f"the cube given is {_kind(cube)}; expected an xarray.DataArray (month, band, y, x), as source.cube(bbox) "
            "gives, or a map made with keep='float16' or 'int8'."
        )
    months: tuple[int, ...] | None = None
    encoded = set(cube.dims) == {"y", "x", "feature"}
    if encoded:
        cube = cube.transpose("y", "x", "feature")
    else:
        check_not_bytes(cube, "the cube given")
        cube, months = _composites(cube)
    if cube.rio.crs is None:
        raise ValueError(
            "the cube given has no coordinate system (CRS), so its map would lie nowhere. Say which it is: "
            "cube.rio.write_crs('EPSG:32631'); its coordinates x and y are metres or degrees of that."
        )
    _check_degrees(cube)
    if cube.sizes["y"] < 2 or cube.sizes["x"] < 2:
        raise ValueError(
            f"the cube given has {cube.sizes['y']} x {cube.sizes['x']} pixels; a map needs two along y and along x. "
            "Ask for a larger box."
        )
    size = _chunk(cube, chunk)
    chunked = cube.chunk({d: size if d in ("y", "x") else -1 for d in cube.dims})
    nodata = None if encoded else cube.rio.nodata
    grid = xr.Dataset(coords={c: cube.coords[c] for c in ("y", "x") if c in cube.coords})
    grid = grid.rio.write_crs(cube.rio.crs).rio.write_transform(transform_of(cube))
    missing = None if nodata is None or np.isnan(nodata) else float(nodata)
    about = {key: str(cube.attrs.get(key, "")) for key in ("source", "year", "weights")}
    chunks = Chunks((cube.sizes["y"], cube.sizes["x"]), size)
    return Region(chunked.data, encoded, months, grid, chunks, missing, about, cube.chunks is None)


def _check_degrees(cube: xr.DataArray) -> None:
    """ValueError for metres that are said to be degrees, and the other way round."""
    if not {"x", "y"} <= set(cube.coords):
        return
    x, y = cube["x"].values, cube["y"].values
    degrees = np.abs(y).max() <= 90 and np.abs(x).max() <= 540
    # a metre or less is no map
    if not degrees if cube.rio.crs.is_geographic else degrees and max(np.ptp(x), np.ptp(y)) < 1:
        raise ValueError(
            f"the cube given has x from {x.min():.6g} to {x.max():.6g} and y from {y.min():.6g} to {y.max():.6g}, "
            f"which look like {'degrees' if degrees else 'metres'}, but its coordinate system is "
            f"{cube.rio.crs.to_string()}. Say the right one: cube.rio.write_crs('EPSG:32631')."
        )


def _composites(cube: xr.DataArray) -> tuple[xr.DataArray, tuple[int, ...] | None]:
    """The cube as (composite, band, y, x) with bands in order, and its months where they are a choice of the year."""
    along = [d for d in cube.dims if d in COMPOSITES]
    if len(along) != 1 or set(cube.dims) != {along[0], "band", "y", "x"}:
        dated = "time" in cube.dims
        raise ValueError(
            f"the cube given has the dimensions {', '.join(map(str, cube.dims))}; expected month (or quarter, or "
            "year), band, y and x. "
            + (
                "timesen_nb.composite.monthly_cube makes months of dates."
                if dated
                else "Rename them, or select."
            )
        )
    if "band" not in cube.coords:
        raise ValueError(
            "the bands of the cube given have no names; name them: cube.assign_coords(band=tn.BANDS)."
        )
    cube = cube.transpose(along[0], "band", "y", "x").isel(
        band=band_positions([str(b) for b in cube["band"].values])
    )
    check_steps(cube, str(along[0]))
    if along[0] == "quarter":
        cube = quarters_in_order(cube)
    if along[0] != "month" or "month" not in cube.coords:
        return cube, None
    months = check_months(cube["month"].values.tolist(), "months of the cube given")
    return cube, None if months == tuple(range(1, 13)) else months


def _chunk(cube: xr.DataArray, given: int | None) -> int:
    """Pixels a side of a chunk: as given, or those of the cube where they are of a good size, or some of them."""
    if given is not None:
        if given < 1:
            raise ValueError(f"chunk={given}; expected the pixels a side of a chunk, for example 256.")
        return int(given)
    good = SMALL_CHUNK if cube.sizes["y"] * cube.sizes["x"] <= 1024**2 else CHUNK
    own = {sizes[0] for d, sizes in cube.chunksizes.items() if d in ("y", "x")}
    if len(own) != 1 or not 0 < (size := own.pop()) <= LARGEST_CHUNK:
        return good
    return size if size >= good else size * round(good / size)


def _kind(given: Any) -> str:
    if isinstance(given, xr.Dataset):
        return f"a Dataset of {', '.join(map(str, given.data_vars)) or 'nothing'}"
    return f"a {type(given).__name__}"
