"""Where finished chunks go: arrays in memory, or a Zarr group that a stopped run takes up again."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from timesen_nb.regions.map_layers import NOTHING, Layer
from timesen_nb.regions.region import Chunk, Region
from timesen_nb.tensor_file import explained

#: Does a chunk of a run.
Again = Callable[[Chunk], dict[str, np.ndarray]]

_RUN = "timesen_nb_run"  # the attribute that says what the run was asked for
_DATA = "data"  # what the run reads
_ELSE = "something else than a map of a region"
_LATER = (
    _DATA,
    "answers",
    "words",
    "scale",
    "classifier",
    "passing",
    "applicability",
    "set_size",
)  # what 0.1 did not say, or not so
#: (chunks along y, chunks along x): 0 = not written, else 1 and how many layers have nothing there, hence no file.
_FINISHED = "finished"


class MemoryStore:
    """The maps as numpy arrays."""

    def __init__(self, region: Region, layers: dict[str, Layer]) -> None:
        self.grid, self.chunks, self.layers = region.grid, region.chunks, layers
        self.arrays = {name: layer.empty() for name, layer in layers.items()}

    def finished(self) -> np.ndarray:
        """Chunks (y, x) that need not be done again: none."""
        return np.zeros(self.chunks.shape, dtype=bool)

    def write(self, at: Chunk, parts: dict[str, np.ndarray]) -> None:
        """Put a chunk in its place."""
        for name, part in parts.items():
            self.arrays[name][self.layers[name].at(self.chunks.window(at))] = part

    def open(self) -> xr.Dataset:
        """The maps."""
        return self.grid.assign({n: (v.dims, self.arrays[n], v.attrs) for n, v in self.layers.items()})


class ZarrStore:
    """The maps as a Zarr group on disk (or wherever a Zarr address leads), a file a chunk and variable.

    A chunk counts as finished once every variable of it is written, so a run may be stopped, or killed, at any time.
    One that lost a file since is done again.
    """

    def __init__(self, path: str | Path, region: Region, layers: dict[str, Layer]) -> None:
        # an address such as s3://... stays as it is, and one of this machine is a path
        path = re.sub("^(file|local)://", "", str(path))
        self.path, self.grid = os.path.expanduser(path), region.grid
        self.chunks, self.layers = region.chunks, layers

    def prepare(
        self, asked: dict[str, Any], overwrite: bool, again: Again, vectors: Callable[[], Any] | None = None
    ) -> None:
        """Begin the group, or take up the run in it.

        Args:
            asked: what the run is, as JSON can hold it; a group is taken up only by the same.
            overwrite: begin anew, whatever map of a region is there.
            again: does a chunk (y, x) of this run, to see whether a group of 0.1, which did not keep what data it read,
                holds the same.
            vectors: reads the fingerprint of the data again, where they are kept vectors that may lie in this group.

        Raises:
            ValueError: the group holds something else, or is damaged, or is to be begun anew and the data lie in it.
            OSError: it cannot be written.
        """
        if self._takes_up(asked, again, overwrite):
            return
        if overwrite and vectors is not None:
            self._check_apart(asked[_DATA], vectors)
        with explained(self.path):
            self._begin(asked)

    def _begin(self, asked: dict[str, Any]) -> None:
        import zarr

        # first what the run is and last which chunks are finished: a group cut in between has lost nothing
        about: dict[str, Any] = {_RUN: json.dumps(asked)}
        zarr.open_group(self.path, mode="w", attributes=about)
        self.grid.assign_attrs(about).to_zarr(self.path, mode="a", consolidated=False)
        group = zarr.open_group(self.path, mode="r+")
        for name, layer in self.layers.items():
            chunks = [
                self.chunks.side if d in ("y", "x") else n
                for d, n in zip(layer.dims, layer.shape, strict=True)
            ]
            group.create_array(
                name, shape=layer.shape, chunks=tuple(min(c, n) for c, n in zip(chunks, layer.shape, strict=True)),
                dtype=layer.dtype, fill_value=layer.nothing, dimension_names=layer.dims,
                attributes={**layer.attrs, "grid_mapping": "spatial_ref"},
            )  # fmt: skip
        group.create_array(
            _FINISHED, shape=self.chunks.shape, chunks=(1, 1), dtype="uint8", fill_value=0,
            dimension_names=("chunk_y", "chunk_x"),
        )  # fmt: skip

    def _takes_up(self, asked: dict[str, Any], again: Again, overwrite: bool) -> bool:
        """Whether the group holds this run; False where nothing is lost by beginning anew, ValueError else."""
        import zarr

        if Path(self.path).is_file():
            raise self._refused(_ELSE)
        try:
            group = zarr.open_group(self.path, mode="r")
            there, about = set(group.keys()), dict(group.attrs)
            said = json.loads(str(about.get(_RUN, "null")))
        except FileNotFoundError as problem:
            if self._holds_files():
                raise self._refused(_ELSE) from problem
            return False
        except ImportError as problem:
            raise ValueError(f"the store {self.path} cannot be reached: {problem}.") from problem
        except Exception as problem:
            if overwrite:
                return False
            raise self._refused(f"what cannot be read as Zarr ({problem})") from problem
        if said is None and there | set(about):
            raise self._refused(_ELSE)
        if overwrite:
            return False
        if _FINISHED not in there:  # cut before any chunk was done
            return False
        # 0.1 said the words by a hash that no other machine gives, and nothing of the data: pixels tell both
        told = [key for key in asked if _DATA in said or key not in _LATER]
        different = [_difference(key, said.get(key), asked[key]) for key in told]
        if any(different):
            raise self._refused(f"a run with other {', '.join(filter(None, different))}")
        if lost := sorted(set(self.layers) - there):
            raise self._refused(f"a map that lost its {', '.join(lost)}")
        if _DATA not in said:
            self._compare(group, again)
            zarr.open_group(self.path, mode="r+").attrs[_RUN] = json.dumps(asked)
        return True

    def _holds_files(self, inside: str = "") -> bool:
        """Whether anything lies there, on this machine or at an address."""
        from fsspec.core import url_to_fs

        files, there = url_to_fs(f"{self.path}{inside}")
        files.invalidate_cache()
        return bool(files.exists(there) and files.ls(there, detail=False))

    def _compare(self, group: Any, again: Again) -> None:
        """ValueError unless chunks that are finished come out the same again: that tells what the run read."""
        finished = np.argwhere(group[_FINISHED][:] > 0)
        for i in sorted({0, len(finished) // 2, len(finished) - 1} & set(range(len(finished)))):
            at = (int(finished[i][0]), int(finished[i][1]))
            window = self.chunks.window(at)
            label, probability = group["label"][window], group["probability"][window]
            now = again(at)
            same = (now["label"] == label) & (
                (label == NOTHING) | np.isclose(now["probability"], probability, atol=0.02)
            )
            if same.mean() < 0.98:
                raise self._refused(
                    "a map that 0.1 made of other data or words: "
                    f"{1 - same.mean():.0%} of the pixels that were read again differ"
                )

    def _check_apart(self, data: Any, vectors: Callable[[], Any]) -> None:
        """ValueError where the data are read from the group: what they are is asked while its vectors are away."""
        there = Path(self.path, "vectors")
        if "://" in self.path and self._holds_files("/vectors"):
            raise ValueError(
                f"the store {self.path} holds vectors, which those given may be read from, and overwrite=True would "
                "empty it before they are. Choose another path for the new map, or have them in memory first: "
                "maps.load()."
            )
        if not there.is_dir():
            return
        away = there.rename(there.with_name("vectors.away"))
        try:
            apart = vectors() == data
        finally:
            away.rename(there)
        if not apart:
            raise ValueError(
                f"the vectors given are read from the store {self.path}, which overwrite=True would empty before they "
                "are. Choose another path for the new map, or have them in memory first: maps.load()."
            )

    def _refused(self, what: str) -> ValueError:
        # whole folders of other people's work are not deleted by one word
        way = "remove it yourself" if what == _ELSE else "overwrite=True to lose what is there"
        return ValueError(f"the store {self.path} holds {what}. Choose another path, or {way}.")

    def finished(self) -> np.ndarray:
        """Chunks (y, x) that need not be done again: those that are finished and still have every file."""
        import zarr

        group: Any = zarr.open_group(self.path, mode="r")
        said = np.asarray(group[_FINISHED][:]).astype(int)
        files = sum(self._files(group[name], layer) for name, layer in self.layers.items())
        # 0.1 and others say 1 of chunks with nothing in them, too: these are looked at once more
        return (said > 0) & (files + said > len(self.layers))

    def _files(self, array: Any, layer: Layer) -> np.ndarray:
        """(chunks along y, chunks along x) bool: whether a layer has a file there."""
        from zarr.core.sync import collect_aiterator

        there = set(collect_aiterator(array.store.list_prefix(f"{array.path}/")))
        out = np.zeros(self.chunks.shape, dtype=bool)
        for at in np.ndindex(out.shape):
            where = dict(zip(("y", "x"), at, strict=True))
            key = array.metadata.encode_chunk_key(tuple(where.get(d, 0) for d in layer.dims))
            out[at] = f"{array.path}/{key}" in there
        return out

    def write(self, at: Chunk, parts: dict[str, np.ndarray]) -> None:
        """Write a chunk, then that it is finished."""
        import zarr

        group: Any = zarr.open_group(self.path, mode="r+")
        empty = 0
        with explained(
            self.path, cure="Make room there; the same call goes on with the chunks that are left."
        ):
            for name, part in parts.items():
                layer = self.layers[name]
                group[name][layer.at(self.chunks.window(at))] = part
                # zarr writes no file of these
                empty += bool((np.isnan(part) if np.isnan(layer.nothing) else part == layer.nothing).all())
            group[_FINISHED][at] = 1 + empty

    def open(self) -> xr.Dataset:
        """The maps, lazily."""
        data = xr.open_zarr(
            self.path, consolidated=False, mask_and_scale=False, decode_coords="all", chunks={}
        )
        data.attrs.pop(_RUN, None)
        return data[[*self.layers]]


def _difference(key: str, there: Any, asked: Any) -> str:
    """In what two descriptions of a run differ, in words; empty where they agree. Numbers may differ by rounding."""
    if isinstance(asked, dict) and isinstance(there, dict):
        # what was read whole on one side alone says nothing
        other = [k for k, v in asked.items() if there.get(k) != v and (k != "whole" or (v and there.get(k)))]
        inner = [f"{k} ({there.get(k)}, not {asked[k]})" for k in other if k not in ("sample", "whole")]
        return f"{key}: {', '.join(inner) or 'values'}" if other else ""
    if isinstance(asked, list) and asked and isinstance(asked[0], float):
        same = isinstance(there, list) and len(there) == len(asked) and np.allclose(there, asked, atol=2e-3)
        return "" if same else key
    return "" if there == asked else key
