"""How often Earth Engine is asked, in which pieces, and what is kept of it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dated_cube import dated_cube
from earth_engine_cube import CUBE, FAST, box_of, on_cube, same
from earth_engine_images import scenes_of
from earth_engine_server import EarthEngineServer

import timesen_nb as tn

pytestmark = pytest.mark.usefixtures("no_account")


class TestCounts:
    def test_one_request_a_click(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        assert (server.count, source.requests) == (0, 0)
        for n in (1, 2):
            source.pixel(*CUBE.place(n, 0), 2018)
            assert (server.count, source.requests) == (n, n)

    def test_two_requests_for_a_thousand_points(self, capfd: pytest.CaptureFixture[str]) -> None:
        cube = dated_cube(dates=2, height=50, width=20)
        cube.scl[:] = 4
        cube.values[cube.values == 0] = 7
        with EarthEngineServer(scenes_of(cube)) as server:
            server.initialize()
            source = tn.open_source("earthengine", **FAST)
            places = [(r, c) for r in range(50) for c in range(20)]
            found = source.pixels([cube.place(*p) for p in places], 2018)
            assert server.count == source.requests == 2
        months = cube.months(2018)
        assert all(same(s.values, months[:, :, r, c]) for s, (r, c) in zip(found, places, strict=True))
        assert "1000/1000" in capfd.readouterr().err

    def test_a_page_that_is_too_much_is_asked_for_in_halves(self, server: EarthEngineServer) -> None:
        server.refuse(400, "User memory limit exceeded.", times=1)
        server.refuse(400, "Computation timed out.", times=1)
        places = [CUBE.place(0, c) for c in range(4)]
        found = tn.open_source("earthengine", **FAST).pixels(places, 2018)
        assert server.count == 6, "four and two are refused, then it is one by one"
        assert [s.lon for s in found] == [p[0] for p in places]
        assert all(same(s.values, CUBE.months(2018)[:, :, 0, c]) for c, s in enumerate(found))

    def test_what_is_too_much_for_one_place_is_said(self, server: EarthEngineServer) -> None:
        server.refuse(400, "User memory limit exceeded.")
        with pytest.raises(ValueError, match=r"memory limit.*smaller area"):
            tn.open_source("earthengine", **FAST).pixel(*CUBE.place(0, 0), 2018)

    def test_a_large_cube_is_cut_below_the_size_limit(self, server: EarthEngineServer) -> None:
        west, south, east, north = box_of(CUBE)
        box = west, south - 0.03, east + 0.004, north
        source = tn.open_source("earthengine", **FAST)
        cube = source.cube(box, 2018)
        height, width = cube.shape[2:]
        assert height > 256 > width
        assert [max(c) for c in cube.chunks[2:]] <= [256, 256]
        found = on_cube(cube.compute(), CUBE)
        assert server.count == -(-height // 256)
        assert same(found.values, CUBE.months(2018))

    def test_a_block_that_is_too_much_is_asked_for_in_halves(self, server: EarthEngineServer) -> None:
        server.refuse(400, "Computation timed out.", times=2)
        found = tn.open_source("earthengine", **FAST).cube(box_of(CUBE), 2018).compute()
        assert server.count == 6, "whole, half, and then four quarters"
        assert same(on_cube(found, CUBE).values, CUBE.months(2018))


class TestCache:
    def test_a_place_is_asked_for_once_and_then_read_offline(self, tmp_path: Path) -> None:
        with EarthEngineServer(scenes_of(CUBE)) as server:
            server.initialize()
            source = tn.open_source("earthengine", cache=tmp_path)
            first = source.pixel(*CUBE.place(1, 1), 2018)
            again = source.pixel(*CUBE.place(1, 1), 2018)
            assert server.count == 1
            other = tn.open_source("earthengine", cache=tmp_path, clouds="cloud_score")
            with pytest.raises(ValueError, match="no month of 2018"):
                other.pixel(*CUBE.place(1, 1), 2018)
            assert server.count == 2, "another recipe has other values"
        assert same(first.values, again.values)
        assert same(source.pixel(*CUBE.place(1, 1), 2018).values, first.values), "the server is gone"

    def test_fifty_threads_make_one_request(self, server: EarthEngineServer) -> None:
        server.delay = 0.2
        source = tn.open_source("earthengine")
        with ThreadPoolExecutor(50) as pool:
            found = list(pool.map(lambda _: source.pixel(*CUBE.place(2, 2), 2018).values, range(50)))
        assert server.count == 1
        assert all(same(f, found[0]) for f in found)
