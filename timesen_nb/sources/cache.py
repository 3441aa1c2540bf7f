"""A cache on disk for remote sources: a place is fetched once, and read without the network ever after.

    cache = SeriesCache("stac", recipe={"catalog": "earth-search", "masked": [0, 1, 3]}, folder=None)
    months = cache.months(pixels, 2018, fetch)  # fetch(pixels that are not here) -> one array each

One entry is one place and year of one source and recipe, in one ``.npz`` file: ``np.load(file)["months"]``.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS

if TYPE_CHECKING:
    from timesen_nb.sources.grid import Grid, Pixel

    Place = Pixel | Grid
    Fetch = Callable[[list[Place]], Sequence[np.ndarray]]

#: Environment variable that names the folder of the cache.
CACHE_VARIABLE = "TIMESEN_CACHE"

#: Entries that a thread of this process is fetching: others that want one wait for it.
_UNDER_WAY: dict[Path, Future[np.ndarray]] = {}
_LOCK = threading.Lock()


def cache_folder() -> Path:
    """Where entries are kept: ``TIMESEN_CACHE``, or the user's cache folder of the system."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("timesen_nb", appauthor=False)


class SeriesCache:
    """The months of places, on disk; safe with many threads and several kernels.

    source: a short name. recipe: whatever else decides the values (JSON), so that another recipe has other
    entries. folder: None for :func:`cache_folder`, a path, or False to keep nothing on disk (places that are
    asked for at the same time are fetched once all the same).

    Entries are written whole or not at all. A damaged one is fetched again; a folder that cannot be written is
    said in a warning, and the answer is given.
    """

    def __init__(
        self, source: str, recipe: Mapping[str, Any], folder: str | Path | bool | None = None
    ) -> None:
        text = json.dumps(dict(recipe), sort_keys=True, default=str)
        name = f"{source}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        self.keeps = folder is not False
        root = cache_folder() if folder is None or isinstance(folder, bool) else Path(folder).expanduser()
        self.folder = root / name
        self._recipe = text

    def months(self, places: Sequence[Place], year: int, fetch: Fetch) -> list[np.ndarray]:
        """The months of places, in order: from disk where they are, by one call of ``fetch`` where not.

        fetch: called with the places that are neither on disk nor under way in another thread, each once;
        returns an array (12, 10) for a pixel and (12, 10, height, width) for a grid, NaN = missing, for each.
        What it raises comes back to everyone who waits, and nothing is kept.
        """
        paths = [self.path(place, year) for place in places]
        mine: dict[Path, Place] = {}
        futures: dict[Path, Future[np.ndarray]] = {}
        with _LOCK:
            for path, place in zip(paths, places, strict=True):
                if path not in futures and path not in _UNDER_WAY:
                    mine[path] = place
                    _UNDER_WAY[path] = Future()
                futures[path] = _UNDER_WAY[path]
        try:
            for path, found in self._get(mine, fetch).items():
                futures[path].set_result(found)
        except BaseException as problem:
            for path in mine:
                if not futures[path].done():
                    futures[path].set_exception(problem)
            raise
        finally:
            with _LOCK:
                for path in mine:
                    del _UNDER_WAY[path]
        return [futures[path].result() for path in paths]

    def path(self, place: Place, year: int) -> Path:
        """The file of an entry, there or not."""
        return self.folder / str(year) / f"{place.key}.npz"

    def _get(self, wanted: Mapping[Path, Place], fetch: Fetch) -> dict[Path, np.ndarray]:
        found = {
            path: months for path, place in wanted.items() if (months := self._read(path, place)) is not None
        }
        lacking = [path for path in wanted if path not in found]
        if lacking:
            fetched = fetch([wanted[path] for path in lacking])
            for path, given in zip(lacking, fetched, strict=True):
                months = np.asarray(given, dtype=np.float32)
                if months.shape != _shape(wanted[path]):
                    raise ValueError(
                        f"fetch gave months of shape {months.shape} for {wanted[path]}; expected "
                        f"{_shape(wanted[path])}: months, bands, and rows and columns of a grid."
                    )
                self._write(path, months)
                found[path] = months
        for months in found.values():
            months.flags.writeable = False  # several threads may hold the same one
        return found

    def _read(self, path: Path, place: Place) -> np.ndarray | None:
        if not self.keeps:
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as entry:
                months = entry["months"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None  # damaged: the archive's checksum fails, so it is fetched again and written anew
        return months if months.dtype == np.float32 and months.shape == _shape(place) else None

    def _write(self, path: Path, months: np.ndarray) -> None:
        """Write beside, then rename: whoever reads at the same time sees the old entry or the new one."""
        if not self.keeps:
            return
        beside = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            recipe = self.folder / "recipe.json"
            if not recipe.exists():
                recipe.write_text(self._recipe)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
                beside = Path(file.name)
                np.savez(file, months=months)
            beside.replace(path)
        except OSError as problem:
            if beside is not None:
                beside.unlink(missing_ok=True)
            warnings.warn(
                f"the cache cannot be written ({problem}), so places are fetched each time. Set {CACHE_VARIABLE} "
                "to a folder that can be written, or open the source with cache=False.",
                stacklevel=2,
            )


def _shape(place: Place) -> tuple[int, ...]:
    return (12, len(BANDS), *place.shape)
