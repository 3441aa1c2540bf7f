"""All chunks of a region by Dask: on threads of this machine, or on the cluster of the client that is there."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import dask
import numpy as np

from timesen_nb.regions.chunk import ChunkWork
from timesen_nb.regions.region import Chunk, Region
from timesen_nb.regions.store import MemoryStore, ZarrStore

Progress = Callable[[float], None]


class Cancelled(Exception):
    """The work was stopped because somebody asked for that."""


def run_chunks(
    region: Region, work: ChunkWork, store: MemoryStore | ZarrStore, progress: Progress, cancelled: Callable[[], bool]
) -> None:  # fmt: skip
    """Do every chunk that the store does not have yet.

    Args:
        region: the data.
        work: what to make of every chunk.
        store: where they go.
        progress: told the share of chunks that are done, 0 to 1.
        cancelled: asked from time to time.

    Raises:
        Cancelled: ``cancelled()`` said True; chunks that were finished stay in the store.
    """
    finished = store.finished()
    left = region.blocks(~finished)
    done = finished.size - len(left)
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
            _on_threads(left, work, store, tick, stop)
        else:
            _on_cluster(client, left, work, store, tick, stop)


def _client() -> Any:
    """The distributed client of this session, or None."""
    try:
        from distributed import default_client

        return default_client()
    except (ImportError, ValueError):
        return None


def _on_threads(
    left: dict[Chunk, Any], work: ChunkWork, store: MemoryStore | ZarrStore, tick: Callable[[], None],
    stop: Callable[[], None],
) -> None:  # fmt: skip
    lock = Lock()

    def task(block: np.ndarray, at: Chunk) -> None:
        store.write(at, work(block, stop))
        with lock:
            tick()

    tasks = [dask.delayed(task, traverse=False)(block, at) for at, block in left.items()]
    one_by_one = dask.config.get("scheduler", None) in ("synchronous", "single-threaded", "sync")
    dask.compute(*tasks, scheduler="synchronous" if one_by_one else "threads")


def _on_cluster(
    client: Any, left: dict[Chunk, Any], work: ChunkWork, store: MemoryStore | ZarrStore, tick: Callable[[], None],
    stop: Callable[[], None],
) -> None:  # fmt: skip
    from distributed import as_completed

    shared = dask.delayed(work, traverse=False)  # one copy a worker
    tasks = {at: dask.delayed(operator.call)(shared, block) for at, block in left.items()}
    if isinstance(store, ZarrStore):
        # workers write by themselves
        there = dask.delayed(store, traverse=False)
        tasks = {at: there.write(at, parts) for at, parts in tasks.items()}
    futures = client.compute(list(tasks.values()))
    where = dict(zip(futures, tasks, strict=True))
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
