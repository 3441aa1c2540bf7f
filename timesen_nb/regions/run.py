"""All chunks of a region by Dask: on threads of this machine, or on the cluster of the client that is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import dask
import numpy as np

from timesen_nb.model.zeroshot import ZeroShot
from timesen_nb.regions.chunk import ChunkWork, do_chunk
from timesen_nb.regions.region import Region
from timesen_nb.regions.store import MemoryStore, ZarrStore

Progress = Callable[[float], None]
Chunk = tuple[int, int]


class Cancelled(Exception):
    """The work was stopped because somebody asked for that."""


def run_chunks(
    region: Region, words: ZeroShot, work: ChunkWork, store: MemoryStore | ZarrStore,
    progress: Progress, cancelled: Callable[[], bool],
) -> None:  # fmt: skip
    """Do every chunk that the store does not have yet.

    Args:
        region: the data.
        words: the classifier.
        work: what to make of every chunk.
        store: where they go.
        progress: told the share of chunks that are done, 0 to 1.
        cancelled: asked from time to time.

    Raises:
        Cancelled: ``cancelled()`` said True; chunks that were finished stay in the store.
    """
    finished = store.finished()
    left: list[Chunk] = [(int(i), int(j)) for i, j in np.argwhere(~finished)]
    done = int(finished.sum())
    progress(done / finished.size)

    def tick() -> None:
        nonlocal done
        done += 1
        progress(done / finished.size)

    def stop() -> None:
        if cancelled():
            raise Cancelled(f"{done} of {finished.size} chunks are finished.")

    if left:
        client = _client()
        if client is None:
            _on_threads(region, words, work, store, left, tick, stop)
        else:
            _on_cluster(client, region, words, work, store, left, tick, stop)


def _client() -> Any:
    """The distributed client of this session, or None."""
    try:
        from distributed import default_client

        return default_client()
    except (ImportError, ValueError):
        return None


def _on_threads(
    region: Region, words: ZeroShot, work: ChunkWork, store: MemoryStore | ZarrStore, left: list[Chunk],
    tick: Callable[[], None], stop: Callable[[], None],
) -> None:  # fmt: skip
    lock = Lock()

    def task(block: np.ndarray, at: Chunk) -> None:
        store.write(at, do_chunk(block, words, work, stop))
        with lock:
            tick()

    blocks = region.data.to_delayed()
    tasks = [dask.delayed(task, traverse=False)(blocks[region.place(at)], at) for at in left]
    one_by_one = dask.config.get("scheduler", None) in ("synchronous", "single-threaded", "sync")
    dask.compute(*tasks, scheduler="synchronous" if one_by_one else "threads")


def _on_cluster(
    client: Any, region: Region, words: ZeroShot, work: ChunkWork, store: MemoryStore | ZarrStore, left: list[Chunk],
    tick: Callable[[], None], stop: Callable[[], None],
) -> None:  # fmt: skip
    from distributed import as_completed

    blocks = region.data.to_delayed()
    shared = dask.delayed(words, traverse=False)  # one copy a worker
    there = dask.delayed(store, traverse=False) if isinstance(store, ZarrStore) else None
    tasks = [
        dask.delayed(_write)(do, at, there) if there is not None else do
        for at in left
        for do in [dask.delayed(do_chunk)(blocks[region.place(at)], shared, work)]
    ]
    futures = client.compute(tasks)
    where = dict(zip(futures, left, strict=True))
    try:
        waiting = as_completed(futures)
        while waiting.count():
            for future in waiting.next_batch(block=False):
                parts = future.result()
                if parts is not None:
                    store.write(where[future], parts)
                future.release()
                tick()
            stop()
            time.sleep(0.05)
    finally:
        client.cancel(futures)


def _write(parts: dict[str, np.ndarray], at: Chunk, store: ZarrStore) -> None:
    store.write(at, parts)


@contextmanager
def shown(progress: bool | Progress) -> Iterator[Progress]:
    """A progress function: the one given, a bar, or none."""
    if callable(progress):
        yield progress
    elif not progress:
        yield lambda share: None
    else:
        from tqdm.auto import tqdm

        form = "{l_bar}{bar}| {elapsed}<{remaining}"
        with tqdm(total=1.0, desc="mapping", bar_format=form) as bar:
            yield lambda share: bar.update(share - bar.n) and None
