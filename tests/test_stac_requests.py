"""Requests to a catalog: waits, deadlines, cancelling, cubes that are read elsewhere, and keys that stay secret."""

import json
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from dated_cube import DatedCube, dated_cube
from stac_catalog import CatalogWriter
from stac_server import Api, served

from timesen_nb.sources.stac import StacSource

PLACE = dated_cube(dates=1).place(2, 2)


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return dated_cube(dates=6, height=8, width=8)


@pytest.fixture(scope="module")
def folder(world: DatedCube, tmp_path_factory: pytest.TempPathFactory) -> Path:
    writer = CatalogWriter(tmp_path_factory.mktemp("world"))
    for i, when in enumerate(world.times):
        writer.add(f"S2A_A_{i:03d}", when, world.values[i], world.scl[i])
    writer.write()
    return writer.folder


@pytest.fixture
def api(folder: Path):
    with served(folder) as api:
        yield api


BOX = (PLACE[0] - 2e-4, PLACE[1] - 2e-4, PLACE[0] + 2e-4, PLACE[1] + 2e-4)


@pytest.mark.parametrize("seconds", ["1", "2"])
def test_a_busy_catalog_is_asked_again_when_it_says(world: DatedCube, api: Api, seconds: str) -> None:
    api.set(answers=[429], retry_after=seconds)
    series = StacSource(api.address, cache=False).pixel(*world.place(0, 0), 2018)
    np.testing.assert_array_equal(series.values, world.months(2018)[:, :, 0, 0])
    first, second = api.times
    assert second - first >= float(seconds)


def test_a_wait_that_is_too_long_is_said(api: Api) -> None:
    api.set(answers=[429], retry_after="7200")
    with pytest.raises(ValueError, match=r"429.*asks to wait 7200 seconds"):
        StacSource(api.address, cache=False).pixel(*PLACE, 2018)
    assert len(api.searches) == 1


def test_one_layer_repeats_a_search(api: Api) -> None:
    api.set(answers=[503] * 9)
    source = StacSource(api.address, cache=False, attempts=2)
    with pytest.raises(ValueError, match=r"503.*asked 2 times"):
        source.pixel(*PLACE, 2018)
    assert len(api.searches) == 2
    assert source.requests == 3  # with the landing page


def test_a_lazy_cube_ends_at_its_deadline(api: Api) -> None:
    cube = StacSource(api.address, cache=False, deadline=1.5).cube(BOX, 2018)
    api.set(files_wait=300)
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"no answer within 1\.5 seconds"):
        cube.compute()
    assert time.monotonic() - started < 120


def test_a_lazy_cube_can_be_cancelled(api: Api) -> None:
    source = StacSource(api.address, cache=False)
    cube = source.cube(BOX, 2018)
    api.set(files_wait=300)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(cube.compute)
        while not source.state:
            time.sleep(0.01)
        source.cancel()
        with pytest.raises(ValueError, match="the request was cancelled"):
            asked.result(timeout=120)


def test_a_cube_goes_to_workers(world: DatedCube, folder: Path) -> None:
    cube = StacSource(folder).cube(BOX, 2018)
    there = pickle.loads(pickle.dumps(cube)).compute(scheduler="synchronous")
    np.testing.assert_array_equal(there.values, cube.compute(scheduler="synchronous").values)
    assert np.isfinite(there.values).any()


@pytest.mark.parametrize("how", ["cancel", "deadline"])
def test_a_search_that_is_left_sends_on_no_more(api: Api, how: str) -> None:
    api.set(endless=True, wait=0.02)
    source = StacSource(api.address, cache=False, deadline=1.0 if how == "deadline" else 60.0)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(source.pixel, *PLACE, 2018)
        while len(api.searches) < 3:
            time.sleep(0.01)
        if how == "cancel":
            source.cancel()
        with pytest.raises(ValueError, match=r"cancelled|no answer within"):
            asked.result(timeout=120)
    time.sleep(0.3)  # the one that was under way arrives
    before = len(api.searches)
    time.sleep(0.5)
    assert len(api.searches) == before


# Secrets


def test_a_key_in_an_address_goes_to_its_server_and_nowhere_else(
    world: DatedCube, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with served(folder) as api:
        api.set(page=2)
        given = api.address.replace("//", "//someone:topsecret@") + "/?key=topsecret2&x=1"
        source = StacSource(given, cache=tmp_path)
        series = source.pixel(*world.place(0, 0), 2018)
        assert len(api.keys) > 2
        for query, authorization in api.keys:
            assert query == "key=topsecret2&x=1"
            assert authorization.startswith("Basic ")
        api.set(answers=[403])
        with pytest.raises(ValueError, match="403") as refused:
            StacSource(given, cache=False).pixel(*world.place(0, 0), 2018)
    with pytest.raises(ValueError, match="cannot be reached") as unreachable:
        StacSource(given, cache=False).pixel(*world.place(0, 0), 2018)
    shown = [source.name, repr(source), series.source, series.title, json.dumps(series.provenance)]
    shown += [str(refused.value), str(unreachable.value), source.state]
    shown += [file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file()]
    shown += [str(file) for file in tmp_path.rglob("*")]
    assert not [text for text in shown if "topsecret" in text]
    assert pickle.loads(pickle.dumps(source))._catalog._server.password == "topsecret"


def test_a_key_is_no_part_of_what_the_cache_knows_a_catalog_by(tmp_path: Path) -> None:
    one = StacSource("https://example.org/stac?key=one", cache=tmp_path)
    two = StacSource("https://me:word@example.org/stac?key=two", cache=tmp_path)
    assert one._cache.folder == two._cache.folder
    assert one.name == "Sentinel-2 L2A (https://example.org/stac)"
