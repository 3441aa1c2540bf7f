"""Many photos -> vectors: in batches, with progress, and a cache on disk that a stopped run goes on from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.model.towers.photos import open_photo

if TYPE_CHECKING:
    from timesen_nb.model.towers import Tower


def embed_photos(
    tower: Tower,
    photos: Any,
    *,
    cache: str | Path | None = None,
    batch_size: int = 32,
    progress: bool = True,
) -> tuple[np.ndarray, dict[str, str]]:
    """Vectors of photo files: in batches, with progress, and a cache on disk that a stopped run goes on from.

    Args:
        tower: whose vectors.
        photos: (N,) files, or (N, V) files of V views a place; "", None or NaN = no photo.
        cache: a file that keeps every vector as soon as it is made; the same call takes up a run that was stopped, and
            a photo that changed is embedded again. None keeps nothing.
        batch_size: photos at once; twice as many are in memory (6 MB each at 1600 x 1200 pixels).
        progress: show a bar.

    Returns:
        (N, D) or (N, V, D) float32 unit vectors, NaN where there is no photo or none that can be read; and a dictionary
        of the files left out, each with the reason.

    Raises:
        ValueError: ``cache`` is no cache of this kind, or the photos are no files: pictures, a folder, rows of other
            lengths.
    """
    from tqdm.auto import tqdm

    files = _files(photos)
    flat = files.reshape(-1)
    out = np.full((len(flat), tower.width), np.nan, dtype=np.float32)
    skipped: dict[str, str] = {}
    rows = np.flatnonzero(flat != "")
    with (
        closing(_Cache(cache, tower)) as known,
        ThreadPoolExecutor(4) as pool,
        tqdm(total=len(rows), desc="photos", unit="photo", disable=not progress, mininterval=1) as bar,
    ):
        parts = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
        for part, reading in _ahead(pool, known, flat, parts):
            keys, images = {}, {}
            for row, (key, vector, image) in zip(part, reading, strict=True):
                try:
                    if vector is None and image is not None:
                        images[row] = image.result()
                        keys[row] = key
                    elif vector is not None:
                        out[row] = vector
                    else:
                        raise FileNotFoundError(
                            f"no photo {flat[row]}; check the path, or download it again."
                        )
                except (FileNotFoundError, ValueError) as problem:
                    skipped[str(flat[row])] = str(problem)
            if images:
                vectors = tower.encode_photos(list(images.values()))
                out[list(images)] = vectors
                known.add(list(keys.values()), vectors)
            bar.update(len(part))
            bar.set_postfix(skipped=len(skipped), refresh=False)
    return out.reshape(*files.shape, -1), skipped


def _files(photos: Any) -> np.ndarray:
    """(N,) or (N, V) names of files as text, "" = no photo."""
    import pandas as pd

    given = np.asarray(photos, dtype=object)
    there = given[~pd.isna(given)].tolist() if given.ndim else []
    other = next((p for p in there if not isinstance(p, str | Path)), None)
    if given.ndim not in (1, 2) or other is not None:
        found = photos if other is None else other
        raise ValueError(
            f"photos given: {type(found).__name__} {str(found)!r:.60}; expected a list of files, or as many for each "
            "place, '' where there is none. Of a folder: sorted(Path(folder).glob('*.jpg')); pictures themselves go "
            "to tower.encode_photos."
        )
    return np.where(pd.isna(given), "", given).astype(str)


#: A photo on its way: its key, its vector when it is known, else the picture being read; neither for a missing file.
_Reading = tuple[str, np.ndarray | None, "Future[Any] | None"]


def _ahead(
    pool: ThreadPoolExecutor, known: _Cache, files: np.ndarray, parts: Sequence[np.ndarray]
) -> Iterator[tuple[np.ndarray, list[_Reading]]]:
    """Batches of photos; while one is embedded the next is read."""

    def read(part: np.ndarray) -> list[_Reading]:
        keys = [_key(files[row]) for row in part]
        found = known.get([k for k in keys if k])
        return [
            (k, found.get(k), pool.submit(_pixels, str(files[row])) if k and k not in found else None)
            for k, row in zip(keys, part, strict=True)
        ]

    waiting = read(parts[0]) if parts else []
    for i, part in enumerate(parts):
        reading, waiting = waiting, read(parts[i + 1]) if i + 1 < len(parts) else []
        yield part, reading


def _pixels(file: str) -> np.ndarray:
    return np.array(open_photo(file))


def _key(file: str) -> str:
    """What tells a photo from its later versions; "" when it is not there."""
    try:
        path = Path(file).resolve()
        about = path.stat()
    except OSError:
        return ""
    return f"{path}|{about.st_size}|{about.st_mtime_ns}"


class _Cache:
    """Vectors by tower and photo in one SQLite file; what was added stays, whatever stops the run."""

    def __init__(self, path: str | Path | None, tower: Tower) -> None:
        self.tower, self.width = tower.name, tower.width
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self.file = sqlite3.connect(":memory:" if path is None else path, timeout=60)
            # "vectors" is the table of 0.1, which did not turn photos upright
            self.file.execute(
                "CREATE TABLE IF NOT EXISTS upright (tower TEXT, photo TEXT, vector BLOB, PRIMARY KEY (tower, photo))"
            )
        except sqlite3.DatabaseError as problem:
            raise ValueError(
                f"the cache {path} cannot be used ({problem}); expected a new file, or one written by embed_photos. "
                "Give another path, or delete it."
            ) from problem
        self.kept = path is not None

    def get(self, photos: list[str]) -> dict[str, np.ndarray]:
        """The vectors that are there."""
        if not self.kept or not photos:
            return {}
        marks = ",".join("?" * len(photos))
        found = self.file.execute(
            f"SELECT photo, vector FROM upright WHERE tower = ? AND photo IN ({marks})",  # noqa: S608 - marks only
            [self.tower, *photos],
        )
        return {photo: np.frombuffer(vector, dtype="<f4") for photo, vector in found}

    def add(self, photos: list[str], vectors: np.ndarray) -> None:
        """Keep some more."""
        if self.kept:
            rows = [(self.tower, k, v.astype("<f4").tobytes()) for k, v in zip(photos, vectors, strict=True)]
            with self.file:
                self.file.executemany("INSERT OR REPLACE INTO upright VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Let the file go."""
        self.file.close()
