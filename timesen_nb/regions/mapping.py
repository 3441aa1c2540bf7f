"""map_region: words and a cube in, a map out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from timesen_nb.bands import BANDS
from timesen_nb.model.fingerprint import weights_name
from timesen_nb.model.zeroshot import ZeroShot
from timesen_nb.regions.chunk import ChunkWork
from timesen_nb.regions.map_layers import ORIGIN, layers_of
from timesen_nb.regions.region import Region, read_region
from timesen_nb.regions.run import run_chunks, shown
from timesen_nb.regions.store import MemoryStore, ZarrStore

KEPT = ("float16", "int8")


def map_region(
    zs: ZeroShot,
    cube: xr.DataArray | xr.Dataset,
    *,
    store: str | Path | None = None,
    keep: str | None = None,
    every_class: bool = False,
    applicability: bool = False,
    set_size: bool = False,
    exact: bool = False,
    chunk: int | None = None,
    overwrite: bool = False,
    progress: bool | Callable[[float], None] = True,
    cancelled: Callable[[], bool] = lambda: False,
) -> xr.Dataset:
    """The map of a region in the words of a classifier, with the cube's coordinate system.

    Runs on the threads of this machine, or on a cluster where a ``distributed.Client`` is there.

    Args:
        zs: the classifier, such as ``model.zero_shot(...)``.
        cube: (month, band, y, x) surface reflectance x 10000, NaN = missing, bands and months by name, as
            ``source.cube(bbox)`` gives; quarter or year may stand for month. Missing months are left out pixel by
            pixel. It may be lazy and larger than memory, in numpy or Dask. Or a map made with ``keep``: then nothing is
            encoded, and new words cost one matrix product.
        store: a Zarr path (or address) for the result, chunk by chunk. The same call again takes a stopped run up where
            it was; another cube is told by its source, year, grid, type and data (of a lazy one a sample of its
            blocks), and refused. None: the result is in memory.
        keep: "float16" or "int8" to have the pixels' vectors in the result too.
        every_class: also the probability of every class.
        applicability: also how unlike the model's training series each pixel is, 1 = the edge of what it may be asked
            (Meyer and Pebesma 2021); needs the cube, not kept vectors.
        set_size: also how many classes the set has that holds the true one nine times in ten
            (``zs.prediction_sets``); needs the cube and words that were not taught.
        exact: encode in float32, never in narrower numbers.
        chunk: pixels a side of what is done at once; None: chosen.
        overwrite: lose the map that the store holds; what is no map of a region is never deleted.
        progress: a bar, none, or a function that is told the share done, 0 to 1.
        cancelled: asked from time to time; the run stops when it says True.

    Returns:
        label (y, x) int16, numbers of ``label.classes``, -1 = no data; probability (y, x) float32 of that label, NaN =
        no data; and, where asked for, vectors (y, x, feature), probabilities (class, y, x), dissimilarity (y, x) and
        set_size (y, x) int16, -1 = no data.
        Attributes say source and year, as far as the cube does, the model, and how many labels taught the words, if any
        did (``labels_taught``).
        The label is the most probable of the words that pass ``model.check_words``; for "none of these" where no word
        fits, give ``model.zero_shot(words, open_set=True)``.

    Raises:
        ValueError: a cube of another kind or without a CRS, vectors of another model than the words, words of which
            none may be the answer, or a store that holds something else, or, to be overwritten, the vectors given.
        OSError: the store cannot be written, as where the disk is full; chunks that were finished stay in it.
        Cancelled: it was cancelled; chunks that were finished stay in the store.
    """
    if keep is not None and keep not in KEPT:
        raise ValueError(
            f"keep={keep!r}; expected one of {', '.join(map(repr, KEPT))}, or None to keep no vectors."
        )
    if not hasattr(zs, "of_vectors"):
        raise ValueError(
            f"the classifier given is {zs!r:.80}; expected words that a model has read. Make it with "
            "model.zero_shot(['maize field', 'meadow'])."
        )
    if not zs.passing.any():
        raise ValueError(
            f"none of the words given can be the answer ({', '.join(zs.classes[:5])}): they are not known, or nothing "
            "that land can be, so that every pixel would be left empty. Ask model.check_words(words) why, and give "
            "English words for land."
        )
    region = read_region(cube, chunk)
    features = zs.vectors.shape[1]
    if region.encoded and region.data.shape[2] != features:
        raise ValueError(
            f"the vectors given have {region.data.shape[2]} numbers and the words {features}; expected those of one "
            "model. Make the classifier by the model that made the map."
        )
    weights = zs.fingerprint() if zs.fingerprint is not None else ""
    region.grid.attrs.update(_origin(cube, weights, zs))
    if weights and region.about["weights"] not in ("", weights):
        raise ValueError(
            "the vectors given were made by a model of other weights than the words; expected those of one model. Make "
            "the classifier by the model that made the map, or map the cube anew."
        )
    if applicability:
        if zs.limits is None or region.encoded or region.months is not None:
            raise ValueError(
                "applicability was asked for of kept vectors, of chosen months, or of a classifier made by hand; "
                "expected a whole cube and model.zero_shot(words). Leave it out, or map the cube itself."
            )
        zs.limits("area of applicability")  # in words now, not in a worker
    if set_size:
        if region.encoded or region.months is not None:
            raise ValueError(
                "set_size was asked for of kept vectors, or of chosen months; expected a whole cube. Leave it out, or "
                "map the cube itself."
            )
        zs.sets_of_vectors(zs.vectors[:1], [12])  # what it lacks is said now, not in a worker
    asked_for = keep, every_class, applicability, set_size
    layers = layers_of(
        region.chunks.pixels, zs.classes, features, *asked_for, region.about["weights"] or weights
    )
    alone = region.chunks.shape == (1, 1)
    work = ChunkWork(zs, layers, region.encoded, region.months, region.nodata, exact, alone)
    # also tells now, not in a worker, when the model cannot read such a cube
    asked = _asked(region, work)
    place: MemoryStore | ZarrStore = MemoryStore(region, layers)
    if store is not None:
        place = ZarrStore(store, region, layers)
        lazy = region.fingerprint if region.encoded and not region.held else None
        asked["data"] = region.fingerprint()
        place.prepare(asked, overwrite, lambda at: work(region.block(at)), lazy)
    with shown(progress) as tell:
        run_chunks(region, work, place, tell, cancelled)
    # a store of an earlier version does not say it
    maps = place.open().assign_attrs(region.grid.attrs)
    return maps.assign_coords({"class": zs.classes}) if every_class else maps


def _origin(cube: xr.DataArray | xr.Dataset, weights: str, zs: ZeroShot) -> dict[str, str]:
    """What the attributes of a map say of the cube, of the model, and of labels that taught the words."""
    about = {key: str(cube.attrs[key]) for key in ORIGIN if cube.attrs.get(key)}
    # a map that is mapped again by its vectors says what taught the words of before
    about.pop("labels_taught", None)
    if weights:
        about["model"] = weights_name(weights)
    if zs.lesson is not None:
        about["labels_taught"] = str(len(zs.lesson.labels))
    return about


def _asked(region: Region, work: ChunkWork) -> dict[str, Any]:
    """What a run is, as JSON: a store takes up only the same."""
    zs, probe = work.words, list[float]()
    if not region.encoded:
        series = np.linspace(500.0, 3000.0, region.data.shape[0] * len(BANDS), dtype=np.float32)
        vector = zs.encode(series.reshape(1, -1, len(BANDS)), months=work.months, exact=True)
        probe = [float(v) for v in np.round(vector[0], 4)]
    # a number a class, for two machines do not give the same last bits of a vector
    words = zs.vectors @ np.linspace(-1.0, 1.0, zs.vectors.shape[1])
    return {
        "classes": zs.classes,
        "words": [float(w) for w in np.round(words, 4)],
        "scale": [float(zs.scale)],
        "classifier": type(zs).__name__,
        # how probable each class is where the light is that of each word: what else decides, such as a margin
        "answers": [float(p) for p in np.round(zs.of_vectors(zs.vectors).mean(axis=0), 4)],
        "model": probe,
        "grid": [
            str(region.grid.rio.crs),
            *map(str, region.grid.rio.transform()),
            *map(str, region.chunks.pixels),
        ],
        "months": None if work.months is None else list(work.months),
        "chunk": region.chunks.side,
        "exact": work.exact,
        "keep": work.layers["vectors"].dtype if "vectors" in work.layers else "",
        "every_class": "probabilities" in work.layers,
        "passing": [bool(p) for p in zs.passing],
        "applicability": "dissimilarity" in work.layers,
        "set_size": "set_size" in work.layers,
    }
