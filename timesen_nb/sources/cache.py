"""A cache on disk for remote sources: a place is fetched once, and read without the network ever after.

    cache = SeriesCache("stac", recipe={"catalog": "earth-search", "masked": [0, 1, 3]}, folder=None)
    entries = cache.entries(pixels, 2018, fetch)  # fetch(pixels that are not here) -> one Entry each
    entries[0].months, entries[0].provenance

One entry is one place and year of one source and recipe, in one ``.npz`` file: ``np.load(file)["months"]``, and beside
it what the months were made of and a checksum of both. Entries of version 0.1 have their months only, and are read.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import BANDS
from timesen_nb.sources.retry_policy import RequestCancelled

if TYPE_CHECKING:
    from timesen_nb.sources.grid import Grid, Pixel

    Place = Pixel | Grid
    Fetch = Callable[[list[Place]], Sequence["Entry | np.ndarray"]]

#: Environment variable that names the folder of the cache.
CACHE_VARIABLE = "TIMESEN_CACHE"

#: Entries that a thread of this process is fetching: others that want one wait for it.
_UNDER_WAY: dict[Path, Future[Entry]] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Entry:
    """What is kept of a place and year.

    Attributes:
        months: (12, 10) for a pixel, (12, 10, height, width) for a grid; float32, NaN = missing.
        provenance: What they were made of, as JSON has it (:attr:`timesen_nb.PixelSeries.provenance`).
        lasting: False for what may be more complete when it is asked for again: it is given out, but not kept.
    """

    months: np.ndarray
    provenance: Mapping[str, Any] = field(default_factory=dict)
    lasting: bool = True


def cache_folder() -> Path:
    """Where entries are kept: ``TIMESEN_CACHE``, or the user's cache folder of the system."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("timesen_nb", appauthor=False)


class SeriesCache:
    """The months of places, on disk; safe with many threads and several kernels.

    Entries are written whole or not at all. A damaged one is fetched again; a folder that cannot be written is
    said in a warning, and the answer is given.

    Args:
        source: A short name.
        recipe: Whatever else decides the values (JSON), so that another recipe has other entries. It stands beside the
            entries in plain text: nothing secret belongs here.
        folder: None for :func:`cache_folder`, a path, or False to keep nothing on disk (places that are asked for at
            the same time are fetched once all the same).

    Raises:
        ValueError: The folder given is none of these.
    """

    def __init__(
        self, source: str, recipe: Mapping[str, Any], folder: str | Path | bool | None = None
    ) -> None:
        text = json.dumps(dict(recipe), sort_keys=True, default=str)
        name = f"{source}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        if folder is not None and not isinstance(folder, (bool, str, os.PathLike)):
            raise ValueError(
                f"cache given: {folder!r}; expected a folder, True or None for the usual one, or False."
            )
        self.keeps = folder is not False
        root = cache_folder() if folder is None or isinstance(folder, bool) else Path(folder).expanduser()
        self.folder = root / name
        self._recipe = text

    def months(self, places: Sequence[Place], year: int, fetch: Fetch) -> list[np.ndarray]:
        """The months of :meth:`entries`."""
        return [entry.months for entry in self.entries(places, year, fetch)]

    def entries(self, places: Sequence[Place], year: int, fetch: Fetch) -> list[Entry]:
        """What is kept of places, in order: from disk where they are, by one call of ``fetch`` where not.

        Args:
            places: Pixels or grids.
            year: Calendar year.
            fetch: Called with the places that are neither on disk nor under way in another thread, each once; returns
                an :class:`Entry`, or its months alone, for each. What it raises comes back to everyone who waits, and
                nothing is kept; where another was cancelled or interrupted, who waited for it fetches himself.

        Returns:
            One entry for each place.
        """
        wanted = {self.path(place, year): place for place in places}
        found: dict[Path, Entry] = {}
        while len(found) < len(wanted):
            lacking = {path: place for path, place in wanted.items() if path not in found}
            found.update(self._together(lacking, fetch))
        return [found[self.path(place, year)] for place in places]

    def _together(self, wanted: Mapping[Path, Place], fetch: Fetch) -> dict[Path, Entry]:
        """What is found, here or by another thread that is at it; without what that one was kept from finding."""
        with _LOCK:
            theirs = {path: _UNDER_WAY[path] for path in wanted if path in _UNDER_WAY}
            mine: dict[Path, Future[Entry]] = {path: Future() for path in wanted if path not in theirs}
            _UNDER_WAY.update(mine)
        try:
            found = self._get({path: wanted[path] for path in mine}, fetch)
            for path, entry in found.items():
                mine[path].set_result(entry)
        except BaseException as problem:
            for future in mine.values():
                if not future.done():
                    future.set_exception(problem)
            raise
        finally:
            with _LOCK:
                for path in mine:
                    del _UNDER_WAY[path]
        for path, future in theirs.items():
            fault = future.exception()
            if fault is None:
                found[path] = future.result()
            # a cancel and Ctrl-C are meant for whoever was at it
            elif isinstance(fault, Exception) and not isinstance(fault, RequestCancelled):
                raise fault
        return found

    def in_groups(
        self, groups: Sequence[Sequence[Pixel]], year: int, fetch: Fetch, name: str, progress: bool | None
    ) -> dict[Pixel, Entry]:
        """What is kept of many pixels, a group at a time: what was read stays, whatever becomes of the next group.

        Args:
            groups: Pixels that are fetched together.
            year: Calendar year.
            fetch: As in :meth:`entries`.
            name: What the bar is called.
            progress: Show a bar; None for where there is more than one group.

        Returns:
            Pixel -> entry.
        """
        from tqdm.auto import tqdm

        found: dict[Pixel, Entry] = {}
        silent = len(groups) < 2 if progress is None else not progress
        with tqdm(total=sum(map(len, groups)), desc=name, unit="place", disable=silent) as bar:
            for group in groups:
                found.update(zip(group, self.entries(group, year, fetch), strict=True))
                bar.update(len(group))
        return found

    def path(self, place: Place, year: int) -> Path:
        """The file of an entry, there or not."""
        return self.folder / str(year) / f"{place.key}.npz"

    def _get(self, wanted: Mapping[Path, Place], fetch: Fetch) -> dict[Path, Entry]:
        found = {
            path: kept for path, place in wanted.items() if (kept := self._read(path, place)) is not None
        }
        lacking = [path for path in wanted if path not in found]
        if lacking:
            fetched = fetch([wanted[path] for path in lacking])
            for path, given in zip(lacking, fetched, strict=True):
                entry = given if isinstance(given, Entry) else Entry(given)
                months = np.asarray(entry.months, dtype=np.float32)
                if months.shape != _shape(wanted[path]):
                    raise ValueError(
                        f"fetch gave months of shape {months.shape} for {wanted[path]}; expected "
                        f"{_shape(wanted[path])}: months, bands, and rows and columns of a grid."
                    )
                found[path] = Entry(months, entry.provenance, entry.lasting)
                if entry.lasting:
                    self._write(path, found[path])
        for entry in found.values():
            entry.months.flags.writeable = False  # several threads may hold the same one
        return found

    def _read(self, path: Path, place: Place) -> Entry | None:
        if not self.keeps:
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                parts = {name: stored[name] for name in stored.files}
            months, about = parts["months"], parts.get("provenance")
            if about is None:
                # of version 0.1: the archive's own checksum has been compared
                intact, provenance = set(parts) == {"months"}, {}
            else:
                intact = parts["checksum"].tobytes() == _checksum(path, months, about.tobytes())
                provenance = json.loads(about.tobytes())
        except FileNotFoundError:
            return None
        except Exception:  # noqa: BLE001 - whatever a damaged file makes the readers raise
            return None
        whole = intact and months.dtype == np.float32 and months.shape == _shape(place)
        return Entry(months, provenance) if whole else None

    def _write(self, path: Path, entry: Entry) -> None:
        """Write beside, then rename: whoever reads at the same time sees the old entry or the new one."""
        if not self.keeps:
            return
        about = json.dumps(dict(entry.provenance)).encode()
        checksum = _checksum(path, entry.months, about)
        beside = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            recipe = self.folder / "recipe.json"
            if not recipe.exists():
                recipe.write_text(self._recipe)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
                beside = Path(file.name)
                np.savez(
                    file,
                    months=entry.months,
                    provenance=np.frombuffer(about, np.uint8),
                    checksum=np.frombuffer(checksum, np.uint8),
                )
            beside.replace(path)
        except OSError as problem:
            if beside is not None:
                beside.unlink(missing_ok=True)
            warnings.warn(
                f"the cache cannot be written ({problem}), so places are fetched each time. Set {CACHE_VARIABLE} "
                "to a folder that can be written, or open the source with cache=False.",
                stacklevel=2,
            )


def _checksum(path: Path, months: np.ndarray, about: bytes) -> bytes:
    """Of the values, of what they were made of, and of the place and year: an entry that was moved is none."""
    where = "/".join(path.parts[-4:])
    return hashlib.sha256(where.encode() + np.ascontiguousarray(months).tobytes() + about).digest()


def _shape(place: Place) -> tuple[int, ...]:
    return (12, len(BANDS), *place.shape)
