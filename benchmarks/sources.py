"""How long a source takes to answer what it has already: ``python -m benchmarks.sources``.

Wall-clock time, and the processor's own time beside it, which a busy machine does not stretch. No network is used:
the cache is filled with simulated months, as a source fills it after its first answer.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

import timesen_nb as tn
from timesen_nb.sources.cache import SeriesCache
from timesen_nb.sources.grid import pixel_at
from timesen_nb.sources.stac import StacSource

REAL = Path(__file__).resolve().parents[1].parent / "shared" / "real" / "s2_l2a_flanders_2018.nc"


def spent(work: Callable[[], object], times: int = 200) -> str:
    """Median, 99th percentile and processor time of a run, in words."""
    walls, busy = [], process_time()
    for _ in range(times):
        start = perf_counter()
        work()
        walls.append(1000 * (perf_counter() - start))
    busy = 1000 * (process_time() - busy) / times
    median, late = np.percentile(walls, [50, 99])
    return f"median {median:.2f} ms, 99 % under {late:.1f} ms, processor {busy:.2f} ms"


def cached_clicks(folder: str) -> None:
    """A place that a remote source has read before."""
    source = StacSource("earth-search", cache=folder)
    rng = np.random.default_rng(0)
    places = [(4 + 0.01 * (n % 100), 50 + 0.01 * (n // 100)) for n in range(1000)]
    source._cache.months(
        [pixel_at(*place) for place in places],
        2018,
        lambda lacking: [rng.uniform(100, 5000, (12, len(tn.BANDS))) for _ in lacking],
    )
    turn = iter(range(1000))
    print("cached click:", spent(lambda: source.pixel(*places[next(turn)], year=2018), 500))
    print("1,000 cached places:", spent(lambda: source.pixels(places, year=2018, progress=False), 1))
    size = sum(file.stat().st_size for file in source._cache.folder.rglob("*.npz"))
    print(f"on disk: {size / 1000:.0f} bytes a place and year")


def damaged_entry(folder: str) -> None:
    """What a damaged entry costs before it is fetched again."""
    cache = SeriesCache("bench", {}, folder)
    pixel = pixel_at(4.0, 50.0)

    def fetch(_: object) -> list[np.ndarray]:
        return [np.ones((12, len(tn.BANDS)))]

    def once() -> None:
        cache.months([pixel], 2018, fetch)
        cache.path(pixel, 2018).write_bytes(b"damaged")

    print("damaged entry, noticed and written anew:", spent(once))


def file_clicks() -> None:
    """The real cube: the first click in a block of 64 x 64 pixels reads it, the others do not."""
    start = perf_counter()
    source = tn.open_source(REAL)
    opened = perf_counter()
    west, south, east, north = source.bounds
    rng = np.random.default_rng(0)

    def click() -> None:
        across, up = rng.uniform(0.02, 0.98, 2)
        source.pixel(west + across * (east - west), south + up * (north - south), year=2018)

    click()
    first = perf_counter()
    opening, clicking = 1000 * (opened - start), 1000 * (first - opened)
    print(f"{REAL.name}: opened in {opening:.0f} ms, first click {clicking:.0f} ms")
    print("  clicks after it:", spent(click))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        cached_clicks(folder)
        damaged_entry(folder)
    if REAL.exists():
        file_clicks()
