"""The cache of remote sources: fetched once, whole or not at all, and read without the network."""

import datetime
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from timesen_nb.sources.cache import Entry, SeriesCache, cache_folder
from timesen_nb.sources.checks import whole_years
from timesen_nb.sources.grid import Grid, Pixel, pixel_at
from timesen_nb.sources.retry_policy import RequestCancelled

PLACE = pixel_at(4.36, 50.85)
OTHER = pixel_at(4.37, 50.85)


class Fetcher:
    """Counts what it is asked for; months that say which place they are of."""

    def __init__(self, fail: Exception | None = None, seconds: float = 0) -> None:
        self.calls: list[list] = []
        self.fail, self.seconds = fail, seconds

    def __call__(self, places: list) -> list[np.ndarray]:
        self.calls.append(places)
        time.sleep(self.seconds)
        if self.fail is not None:
            raise self.fail
        return [months_of(place) for place in places]


def months_of(place: Pixel | Grid) -> np.ndarray:
    at = place if isinstance(place, Pixel) else place.corner
    months = np.full((12, 10, *place.shape), at.column % 5000, dtype=np.float32)
    months[at.row % 12] = np.nan
    return months


@pytest.fixture
def cache(tmp_path: Path) -> SeriesCache:
    return SeriesCache("test", {"masked": [1, 2]}, tmp_path)


def test_a_place_is_fetched_once(cache: SeriesCache) -> None:
    fetch = Fetcher()
    first = cache.months([PLACE, OTHER, PLACE], 2018, fetch)
    assert fetch.calls == [[PLACE, OTHER]]
    again = cache.months([OTHER, PLACE], 2018, Fetcher(fail=OSError("no network")))
    for got, place in [
        (first[0], PLACE),
        (first[1], OTHER),
        (first[2], PLACE),
        (again[0], OTHER),
        (again[1], PLACE),
    ]:
        np.testing.assert_array_equal(got, months_of(place))
    assert cache.months([], 2018, fetch) == []


def test_only_what_is_not_there_is_fetched(cache: SeriesCache) -> None:
    cache.months([PLACE], 2018, Fetcher())
    fetch = Fetcher()
    cache.months([PLACE, OTHER], 2018, fetch)
    assert fetch.calls == [[OTHER]]


def test_year_source_and_recipe_have_entries_of_their_own(cache: SeriesCache, tmp_path: Path) -> None:
    cache.months([PLACE], 2018, Fetcher())
    others = [
        (cache, 2019),
        (SeriesCache("other", {"masked": [1, 2]}, tmp_path), 2018),
        (SeriesCache("test", {"masked": [1]}, tmp_path), 2018),
    ]
    for other, year in others:
        fetch = Fetcher()
        other.months([PLACE], year, fetch)
        assert fetch.calls == [[PLACE]]
    kept = Fetcher()
    SeriesCache("test", {"masked": [1, 2]}, tmp_path).months([PLACE], 2018, kept)
    assert kept.calls == []


def test_a_grid_is_kept_too(cache: SeriesCache) -> None:
    grid = Grid(PLACE, 3, 2)
    cache.months([grid], 2018, Fetcher())
    (kept,) = cache.months([grid], 2018, Fetcher(fail=OSError()))
    np.testing.assert_array_equal(kept, months_of(grid))
    assert kept.shape == (12, 10, 2, 3)


def test_what_months_were_made_of_is_kept_with_them(cache: SeriesCache) -> None:
    made_of = {"acquisitions": [2] * 12, "left_out": [{"what": "S2A_Größe", "why": "it has no date"}]}
    cache.entries([PLACE], 2018, lambda places: [Entry(months_of(PLACE), made_of)])
    (kept,) = cache.entries([PLACE], 2018, Fetcher(fail=OSError()))
    np.testing.assert_array_equal(kept.months, months_of(PLACE))
    assert kept.provenance == made_of
    cache.months([OTHER], 2018, Fetcher())
    assert cache.entries([OTHER], 2018, Fetcher(fail=OSError()))[0].provenance == {}


def test_entries_of_version_0_1_are_read(cache: SeriesCache) -> None:
    path = cache.path(PLACE, 2018)
    path.parent.mkdir(parents=True)
    np.savez(path, months=months_of(PLACE))
    (kept,) = cache.entries([PLACE], 2018, Fetcher(fail=OSError()))
    np.testing.assert_array_equal(kept.months, months_of(PLACE))
    assert kept.provenance == {}


def test_what_may_be_more_complete_another_time_is_not_kept(cache: SeriesCache) -> None:
    def fetch(places: list) -> list[Entry]:
        return [Entry(months_of(place), {"left_out": [{}]}, lasting=False) for place in places]

    (entry,) = cache.entries([PLACE], 2018, fetch)
    assert entry.provenance
    again = Fetcher()
    cache.months([PLACE], 2018, again)
    assert again.calls == [[PLACE]]


def test_an_entry_of_another_place_is_not_taken_for_this_one(cache: SeriesCache) -> None:
    cache.months([OTHER], 2018, Fetcher())
    path = cache.path(PLACE, 2018)
    cache.path(OTHER, 2018).rename(path)
    fetch = Fetcher()
    (months,) = cache.months([PLACE], 2018, fetch)
    assert fetch.calls == [[PLACE]]
    np.testing.assert_array_equal(months, months_of(PLACE))


@pytest.mark.parametrize(("version", "flips"), [("now", 1000), ("0.1", 300)])
def test_a_flipped_byte_never_gives_another_value(cache: SeriesCache, version: str, flips: int) -> None:
    made_of = {"baselines": ["02.12"], "acquisitions": [1] * 12}
    cache.entries([PLACE], 2018, lambda places: [Entry(months_of(PLACE), made_of)])
    path = cache.path(PLACE, 2018)
    if version == "0.1":
        np.savez(path, months=months_of(PLACE))
        made_of = {}
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    at = rng.choice(len(whole), flips, replace=False)
    noticed = 0
    for position in at:
        flipped = bytearray(whole)
        flipped[position] ^= int(rng.integers(1, 256))
        path.write_bytes(flipped)
        fetched = Entry(np.full((12, 10), 7, dtype=np.float32), {"fetched": True}, lasting=False)
        (entry,) = cache.entries([PLACE], 2018, lambda places, entry=fetched: [entry])
        if entry.provenance == fetched.provenance:
            noticed += 1
        else:
            np.testing.assert_array_equal(entry.months, months_of(PLACE))
            assert entry.provenance == made_of
    assert noticed > len(at) / 2


@pytest.mark.parametrize("error", [MemoryError, NotImplementedError, RuntimeError])
def test_whatever_a_damaged_entry_raises_it_is_fetched_again(
    cache: SeriesCache, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    cache.months([PLACE], 2018, Fetcher())
    whole = cache.path(PLACE, 2018).read_bytes()
    flag = whole.rindex(b"PK\x01\x02") + (10 if error is NotImplementedError else 8)
    if error is MemoryError:  # a header that claims more than there is memory for

        def load(*args: object, **kwargs: object) -> None:
            raise MemoryError

        monkeypatch.setattr(np, "load", load)
    else:
        cache.path(PLACE, 2018).write_bytes(whole[:flag] + b"\x61" + whole[flag + 1 :])
    fetch = Fetcher()
    cache.months([PLACE], 2018, fetch)
    assert fetch.calls == [[PLACE]]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other", "folder"])
def test_a_damaged_entry_is_fetched_again(cache: SeriesCache, damage: str) -> None:
    cache.months([PLACE], 2018, Fetcher())
    path = cache.path(PLACE, 2018)
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        middle = whole.index(months_of(PLACE)[0].tobytes()[:8]) + 40
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "other":
        np.savez(path, months=np.zeros((4, 10), dtype=np.float32))
    else:
        np.savez(path, something=np.zeros(3))
    fetch = Fetcher()
    (months,) = cache.months([PLACE], 2018, fetch)
    assert fetch.calls == [[PLACE]]
    np.testing.assert_array_equal(months, months_of(PLACE))
    cache.months([PLACE], 2018, Fetcher(fail=OSError("written anew?")))


def test_a_failure_is_handed_on_and_not_kept(cache: SeriesCache) -> None:
    with pytest.raises(OSError, match="no network"):
        cache.months([PLACE], 2018, Fetcher(fail=OSError("no network")))
    fetch = Fetcher()
    cache.months([PLACE], 2018, fetch)
    assert fetch.calls == [[PLACE]]


def test_wrong_shapes_are_refused(cache: SeriesCache) -> None:
    with pytest.raises(ValueError, match=r"shape \(10, 12\).*expected \(12, 10\)"):
        cache.months([PLACE], 2018, lambda places: [np.zeros((10, 12))])
    assert not cache.path(PLACE, 2018).exists()


@pytest.mark.parametrize("folder", ["disk", False])
def test_fifty_threads_make_one_request(tmp_path: Path, folder: str | bool) -> None:
    cache = SeriesCache("test", {}, tmp_path if folder else False)
    fetch, together = Fetcher(seconds=0.3), threading.Barrier(50)

    def ask(n: int) -> np.ndarray:
        together.wait()
        return cache.months([PLACE], 2018, fetch)[0]

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    assert fetch.calls == [[PLACE]]
    for months in answers:
        np.testing.assert_array_equal(months, months_of(PLACE))


def test_fifty_threads_hear_of_one_failure_and_the_next_click_asks_again(cache: SeriesCache) -> None:
    fetch, together = Fetcher(fail=OSError("no network"), seconds=0.3), threading.Barrier(50)

    def ask(n: int) -> str:
        together.wait()
        with pytest.raises(OSError, match="no network") as caught:
            cache.months([PLACE], 2018, fetch)
        return str(caught.value)

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(ask, range(50))) == ["no network"] * 50
    assert len(fetch.calls) == 1
    fetch.fail = None
    cache.months([PLACE], 2018, fetch)
    assert len(fetch.calls) == 2


def test_two_threads_that_want_each_others_places_both_get_them(cache: SeriesCache) -> None:
    together = threading.Barrier(2)

    def ask(places: list[Pixel]) -> list[np.ndarray]:
        together.wait()
        return cache.months(places, 2018, Fetcher(seconds=0.05))

    third = pixel_at(4.38, 50.85)
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(ask, [[PLACE, OTHER], [OTHER, third, PLACE]])
    np.testing.assert_array_equal(one[1], two[0])
    np.testing.assert_array_equal(one[0], two[2])


def test_several_programs_write_the_same_entries_at_once(tmp_path: Path) -> None:
    code = """
import sys, numpy as np
from timesen_nb.sources.cache import SeriesCache
from timesen_nb.sources.grid import pixel_at
places = [pixel_at(4 + n / 100, 50) for n in range(40)]
for turn in range(3):
    for place in places:
        cache = SeriesCache("test", {"turn": turn}, sys.argv[1])
        (months,) = cache.months([place], 2018, lambda p: [np.full((12, 10), place.column, dtype="float32")])
        assert (months == place.column).all()
"""
    programs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [program.wait(60) for program in programs] == [0, 0, 0]
    assert len(list(tmp_path.rglob("*.npz"))) == 120
    assert list(tmp_path.rglob("*.part")) == []


def test_nothing_is_written_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMESEN_CACHE", str(tmp_path / "kept"))
    cache = SeriesCache("test", {}, False)
    fetch = Fetcher()
    cache.months([PLACE], 2018, fetch)
    cache.months([PLACE], 2018, fetch)
    assert len(fetch.calls) == 2
    assert not (tmp_path / "kept").exists()


def test_the_folder_is_chosen_by_argument_variable_or_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMESEN_CACHE", str(tmp_path / "by variable"))
    SeriesCache("test", {}).months([PLACE], 2018, Fetcher())
    assert len(list((tmp_path / "by variable").rglob("*.npz"))) == 1
    SeriesCache("test", {}, tmp_path / "by argument").months([PLACE], 2018, Fetcher())
    assert len(list((tmp_path / "by argument").rglob("*.npz"))) == 1
    monkeypatch.delenv("TIMESEN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "system"))
    if sys.platform == "linux":
        assert cache_folder() == tmp_path / "system" / "timesen_nb"


def test_a_folder_that_cannot_be_written_is_said_and_the_answer_given(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = SeriesCache("test", {}, tmp_path / "file" / "cache")
    with pytest.warns(UserWarning, match="the cache cannot be written .*TIMESEN_CACHE"):
        (months,) = cache.months([PLACE], 2018, Fetcher())
    np.testing.assert_array_equal(months, months_of(PLACE))


def test_kept_values_cannot_be_changed_by_who_reads_them(cache: SeriesCache) -> None:
    (months,) = cache.months([PLACE], 2018, Fetcher())
    with pytest.raises(ValueError, match="read-only"):
        months[0] = 5


def test_years_end_with_the_last_that_is_over() -> None:
    assert list(whole_years(datetime.date(2020, 1, 5))) == [2017, 2018]
    assert list(whole_years(datetime.date(2020, 1, 20))) == [2017, 2018, 2019]
    assert os.fspath(cache_folder())


@pytest.mark.parametrize("end", [RequestCancelled("the request was cancelled."), KeyboardInterrupt()])
def test_who_waits_for_a_request_that_another_cancelled_makes_it_himself(
    cache: SeriesCache, end: BaseException
) -> None:
    begun, stop = threading.Event(), threading.Event()

    def cancelled(places: list) -> list[np.ndarray]:
        begun.set()
        stop.wait(30)
        raise end

    fetch = Fetcher()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.months, [PLACE], 2018, cancelled)
        begun.wait(30)
        second = pool.submit(cache.months, [OTHER, PLACE], 2018, fetch)
        while not fetch.calls:
            time.sleep(0.01)
        stop.set()
        np.testing.assert_array_equal(second.result(30)[1], months_of(PLACE))
        assert first.exception(30) is end
    assert fetch.calls == [[OTHER], [PLACE]], "what it has found already is not asked for again"
