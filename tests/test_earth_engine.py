"""Earth Engine as a source: the real client against a server on 127.0.0.1 that computes what it is asked."""

import io
import json
import logging
import os
import pickle
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from types import ModuleType
from typing import Any

import ee
import numpy as np
import pytest
from dated_cube import DatedCube, dated_cube
from earth_engine_algorithms import Habits
from earth_engine_server import REFLECTANCE, EarthEngineServer, catalog, scene, scenes_of
from google.auth.credentials import AnonymousCredentials

import timesen_nb as tn
from timesen_nb.composite import monthly_medians
from timesen_nb.sources import Source
from timesen_nb.sources.earth_engine import EarthEngineSource
from timesen_nb.sources.earth_engine.errors import explain, without_secrets

CUBE = dated_cube()
FAST = {"cache": False, "first_wait": 0.01}


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody is signed in, and nothing is set."""
    for name in (
        "EE_PROJECT",
        "GOOGLE_CLOUD_PROJECT",
        "EE_SERVICE_ACCOUNT_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("TIMESEN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server() -> Iterator[EarthEngineServer]:
    with EarthEngineServer(scenes_of(CUBE)) as running:
        running.initialize()
        yield running


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)


def box_of(cube: DatedCube) -> tuple[float, float, float, float]:
    """A box inside the cube's outer pixels, so that its window is the cube or a little more."""
    height, width = cube.scl.shape[1:]
    (west, south), (east, north) = cube.place(height - 1, 0), cube.place(0, width - 1)
    return west, south, east, north


def on_cube(found: Any, cube: DatedCube) -> Any:
    """The pixels of a window that lie on the cube."""
    height, width = cube.scl.shape[1:]
    x = cube.left + 10 * np.arange(width) + 5
    return found.sel(x=x, y=cube.top - 10 * np.arange(height) - 5)


class TestValues:
    def test_a_pixel_is_what_the_rules_of_composite_give(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        assert isinstance(source, Source)
        months = CUBE.months(2018)
        for row, column in ((0, 0), (3, 4), (11, 9)):
            series = source.pixel(*CUBE.place(row, column), year=2018)
            assert same(series.values, months[:, :, row, column])
            assert series.year == 2018
            assert "November" in series.missing, "a month of clouds is missing"

    @pytest.mark.parametrize("even", ["mean", "lower", "upper"])
    @pytest.mark.parametrize("empty", [True, False])
    def test_a_certain_median_is_exact_whatever_the_service_does_with_even_numbers(
        self, even: str, empty: bool
    ) -> None:
        with EarthEngineServer(scenes_of(CUBE), Habits(even, empty)) as server:
            server.initialize()
            source = tn.open_source("earthengine", certain_median=True, **FAST)
            found = source.cube(box_of(CUBE), 2018).compute()
        assert same(on_cube(found, CUBE).values, CUBE.months(2018))

    @pytest.mark.parametrize("empty", [True, False])
    def test_one_pass_is_exact_where_the_service_takes_the_mean_of_the_middle_two(self, empty: bool) -> None:
        with EarthEngineServer(scenes_of(CUBE), Habits("mean", empty)) as server:
            server.initialize()
            found = tn.open_source("earthengine", **FAST).cube(box_of(CUBE), 2018).compute()
        assert same(on_cube(found, CUBE).values, CUBE.months(2018))

    @pytest.mark.parametrize("even", ["lower", "upper"])
    def test_one_pass_is_never_further_off_than_half_a_gap(self, even: str) -> None:
        """The certain value lies between what a lower and what an upper median would give."""
        with EarthEngineServer(scenes_of(CUBE), Habits(even)) as server:
            server.initialize()
            found = on_cube(
                tn.open_source("earthengine", **FAST).cube(box_of(CUBE), 2018).compute(), CUBE
            ).values
        certain = CUBE.months(2018)
        assert same(np.isnan(found), np.isnan(certain))
        with np.errstate(invalid="ignore"):
            below = found <= certain if even == "lower" else found >= certain
        assert below[~np.isnan(certain)].all()
        assert (found != certain)[~np.isnan(certain)].any(), "this cube has months with an even number"

    def test_one_pass_asks_for_half_of_the_reductions(self) -> None:
        """Of a click: what is paid for is the stacks of a month that are read and sorted."""
        counts = {}
        for certain in (False, True):
            with EarthEngineServer(scenes_of(CUBE)) as server:
                server.initialize()
                tn.open_source("earthengine", certain_median=certain, **FAST).pixel(*CUBE.place(0, 0), 2018)
                counts[certain] = server.operations
        assert counts[False]["ImageCollection.reduce"] == 12
        assert counts[True]["ImageCollection.reduce"] == 24
        assert (counts[False]["reduce.count"], counts[True]["reduce.count"]) == (1, 13)
        assert counts[False].total() < counts[True].total()

    def test_a_cube_equals_its_pixels(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        found = on_cube(source.cube(box_of(CUBE), 2018), CUBE)
        assert found.dims == ("month", "band", "y", "x")
        assert found.rio.crs.to_epsg() == 32631
        assert found.chunks is not None
        assert server.count == 0, "nothing is fetched before it is read"
        found = found.compute()
        places = [(r, c) for r in range(0, 12, 4) for c in range(0, 10, 3)]
        for (r, c), series in zip(places, source.pixels([CUBE.place(*p) for p in places], 2018), strict=True):
            assert same(found.values[:, :, r, c], series.values)
        assert found.attrs["units"] == "surface reflectance x 10000"

    def test_every_place_within_a_pixel_has_its_value(self, server: EarthEngineServer) -> None:
        from pyproj import Transformer

        source = tn.open_source("earthengine", **FAST)
        to_degrees = Transformer.from_crs(32631, 4326, always_xy=True)
        x, y = CUBE.left + 30, CUBE.top - 40
        corners = [to_degrees.transform(x + dx, y - dy) for dx in (0.2, 9.8) for dy in (0.2, 9.8)]
        for series in source.pixels(corners, 2018):
            assert same(series.values, CUBE.months(2018)[:, :, 4, 3])

    def test_bands_of_20_m_give_the_pixel_that_holds_the_place(self) -> None:
        image, _ = scene(np.full((10, 4, 4), 500), np.full((4, 4), 4), np.datetime64("2018-05-05T10:50:00"))
        from earth_engine_algorithms import asset

        fine = np.arange(16.0).reshape(4, 4) + 100
        coarse = np.array([[1000.0, 2000.0], [3000.0, 4000.0]])
        arrays = {
            n: coarse if n in ("B5", "B6", "B7", "B8A", "B11", "B12", "SCL") else fine for n in image.names
        }
        arrays["SCL"] = np.full((2, 2), 4.0)
        image = asset(arrays, "EPSG:32631", CUBE.left, CUBE.top, **image.properties)
        with EarthEngineServer({REFLECTANCE: [image]}) as server:
            server.initialize()
            for row, column in ((0, 1), (1, 2), (3, 3)):
                may = tn.open_source("earthengine", **FAST).pixel(*CUBE.place(row, column), 2018).values[4]
                assert may[tn.BANDS.index("B4")] == fine[row, column]
                assert may[tn.BANDS.index("B11")] == coarse[row // 2, column // 2]

    def test_one_look_a_day_the_first_with_data(self) -> None:
        """Overlapping tiles and duplicates: same day, half without data, clouds that must not be replaced."""
        rng = np.random.default_rng(5)
        looks, classes, times = [], [], []
        for day in (3, 3, 3, 9, 9, 20):
            values = rng.integers(100, 5000, (10, 4, 4))
            values[:, rng.random((4, 4)) < 0.4] = 0
            values[3, rng.random((4, 4)) < 0.2] = 0  # one band alone is missing: then all are
            looks.append(values)
            classes.append(rng.choice([4, 9, 3, 5], (4, 4)))
            times.append(np.datetime64(f"2018-07-{day:02d}T10:50:{len(times):02d}"))
        pairs = [
            scene(v, s, t, tile=f"31U{letter}S")
            for v, s, t, letter in zip(looks, classes, times, "FEDFEF", strict=True)
        ]
        with EarthEngineServer(catalog(pairs)) as server:
            server.initialize()
            source = tn.open_source("earthengine", **FAST)
            found = source.cube(
                box_of(DatedCube(np.array(looks), np.array(classes), np.array(times))), 2018
            ).compute()
        measured = np.where(np.array(looks) == 0, np.nan, np.array(looks, dtype=np.float32))
        days = np.array(times).astype("datetime64[D]")
        expected = monthly_medians(measured, days, 2018, np.array(classes))
        found = on_cube(found, DatedCube(np.array(looks), np.array(classes), np.array(times)))
        assert same(found.values, expected)
        assert 0 < np.isfinite(expected[6]).mean() < 1

    @pytest.mark.parametrize("clouds", ["scl", "cloud_score"])
    def test_a_look_of_unknown_class_hides_the_others_of_its_day(self, clouds: str) -> None:
        known, unknown = np.full((4, 4), 4.0), np.full((4, 4), np.nan)
        pairs = [
            scene(
                np.full((10, 4, 4), 100 * (n + 1)), scl, np.datetime64(time), tile=tile,
                cs_cdf=scl / 4,
            )
            for n, (scl, time, tile) in enumerate(
                (
                    (unknown, "2018-07-03T10:50:00", "31UFS"), (known, "2018-07-03T10:50:09", "31UES"),
                    (known, "2018-08-03T10:50:00", "31UFS"), (unknown, "2018-08-03T10:50:09", "31UES"),
                )
            )
        ]  # fmt: skip
        with EarthEngineServer(catalog(pairs)) as server:
            server.initialize()
            series = tn.open_source("earthengine", clouds=clouds, **FAST).pixel(*CUBE.place(1, 1), 2018)
        assert series.values[7, 0] == 300
        assert series.valid.sum() == 1

    def test_images_of_another_zone_are_left_out(self) -> None:
        """Near 6 degrees east tiles of zones 31 and 32 overlap; a place of zone 31 has pixels of zone 31."""
        from pyproj import Transformer

        lon, lat = 5.98, 50.7
        pairs = []
        for n, (zone, value) in enumerate(((32, 900), (31, 400))):
            x, y = Transformer.from_crs(4326, 32600 + zone, always_xy=True).transform(lon, lat)
            left, top = 20 * round(x / 20) - 100, 20 * round(y / 20) + 100
            pairs.append(
                scene(
                    np.full((10, 20, 20), value), np.full((20, 20), 4), np.datetime64(f"2018-05-05T10:50:0{n}"),
                    tile=f"{zone}ULB", epsg=32600 + zone, left=left, top=top,
                )
            )  # fmt: skip
        with EarthEngineServer(catalog(pairs)) as server:
            server.initialize()
            assert tn.open_source("earthengine", **FAST).pixel(lon, lat, 2018).values[4, 0] == 400

    def test_solar_days_decide_day_and_month(self) -> None:
        """East of 150 degrees the overpass at 10:30 local time is of the day before in UTC."""
        from pyproj import Transformer

        lon, lat = 175.3, -38.0
        x, y = Transformer.from_crs(4326, 32760, always_xy=True).transform(lon, lat)
        left, top = 10 * (x // 10) - 20, 10 * (y // 10) + 30
        times = ["2018-02-28T22:30:00", "2017-12-31T22:30:00", "2018-12-31T22:30:00"]
        pairs = [
            scene(np.full((10, 5, 5), 100 * (n + 1)), np.full((5, 5), 4), np.datetime64(t),
                  tile="60HWD", epsg=32760, left=left, top=top)
            for n, t in enumerate(times)
        ]  # fmt: skip
        with EarthEngineServer(catalog(pairs)) as server:
            server.initialize()
            series = tn.open_source("earthengine", **FAST).pixel(lon, lat, 2018)
        assert series.values[2, 0] == 100
        assert series.values[0, 0] == 200
        assert series.valid.sum() == 2

    def test_the_solar_day_on_the_date_line(self) -> None:
        """180 degrees is in zone 60, although the pixel's centre may lie beyond the line."""
        from pyproj import Transformer

        x, y = Transformer.from_crs(4326, 32760, always_xy=True).transform(180.0, -16.8)
        left, top = 20 * (x // 20) - 60, 20 * (y // 20) + 60
        image = scene(
            np.full((10, 12, 12), 700), np.full((12, 12), 4), np.datetime64("2018-02-28T22:30:00"),
            tile="60KZF", epsg=32760, left=left, top=top,
        )  # fmt: skip
        with EarthEngineServer(catalog([image])) as server:
            server.initialize()
            source = tn.open_source("earthengine", **FAST)
            series = source.pixel(180.0, -16.8, 2018)
            cube = source.cube((179.9998, -16.8001, 180.0, -16.8), 2018).compute()
        assert series.values[2, 0] == 700
        assert series.valid.sum() == 1
        assert np.isfinite(cube[2, 0]).all()
        assert not np.isfinite(cube[1]).any()

    @pytest.mark.parametrize("threshold", [0.3, 0.6])
    def test_cloud_score(self, threshold: float) -> None:
        rng = np.random.default_rng(3)
        cube = dated_cube(seed=4, dates=14, height=6, width=4, blank=12)
        scores = rng.random((14, 6, 4))
        scores[rng.random((14, 6, 4)) < 0.1] = np.nan
        scores[2] = np.nan  # no Cloud Score+ at all for this image
        pairs = [
            scene(v, s, t, product=f"{n:08d}T000000", cs_cdf=None if n == 2 else c)
            for n, (v, s, t, c) in enumerate(zip(cube.values, cube.scl, cube.times, scores, strict=True))
        ]
        with EarthEngineServer(catalog(pairs)) as server:
            server.initialize()
            source = tn.open_source("earthengine", clouds="cloud_score", threshold=threshold, **FAST)
            found = on_cube(source.cube(box_of(cube), 2018).compute(), cube)
        clear = (scores >= threshold) & ~np.isin(cube.scl, [0, 1, 11])
        looks = np.where((cube.values == 0) | ~clear[:, None], np.nan, cube.values.astype(np.float32))
        assert same(found.values, monthly_medians(looks, cube.times.astype("datetime64[D]"), 2018))
        assert "Cloud Score+" in source.name

    @pytest.mark.parametrize(
        "wrong", [{"clouds": "qa60"}, {"threshold": 0.0}, {"page": 1001}, {"attempts": 0}]
    )
    def test_options_that_mean_nothing(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"given.*expected"):
            tn.open_source("earthengine", **wrong)


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


class TestProvenance:
    """What a click was made of comes with its values, in the same request."""

    def used(self, cube: DatedCube, row: int, column: int) -> list[str]:
        clear = np.isin(cube.scl[:, row, column], (4, 5, 6, 7, 2)) & (cube.values[:, 0, row, column] != 0)
        return sorted(np.unique(cube.times[clear].astype("datetime64[D]").astype(str)).tolist())

    def test_a_pixel_says_what_it_was_made_of(self, tmp_path: Path) -> None:
        cube = dated_cube(3, dates=16)
        half = np.datetime64("2018-07-01")
        scenes = [
            scene(
                v,
                s,
                t,
                satellite="Sentinel-2B" if t > half else "Sentinel-2A",
                baseline="05.00" if t > half else "02.06",
            )
            for v, s, t in zip(cube.values, cube.scl, cube.times, strict=True)
        ]
        with EarthEngineServer(catalog(scenes)) as server:
            server.initialize()
            source = tn.open_source("earthengine", cache=tmp_path, first_wait=0.01)
            places = [cube.place(0, 0), cube.place(7, 6)]
            found = source.pixels(places, 2018)
            assert server.count == 1
            for series, (row, column) in zip(found, ((0, 0), (7, 6)), strict=True):
                told, dates = series.provenance, self.used(cube, row, column)
                assert told["dates"] == dates
                assert told["acquisitions"] == [sum(int(d[5:7]) == m for d in dates) for m in range(1, 13)]
                late = [d > "2018-07-01" for d in dates]
                assert told["satellites"] == ["S2A"] * (not all(late)) + ["S2B"] * any(late)
                assert told["baselines"] == ["02.06"] * (not all(late)) + ["05.00"] * any(late)
                assert told["offset"]["applied"] is any(late)
                assert told["collections"] == [REFLECTANCE]
                assert "3 (cloud shadow)" in told["mask"]
            again = tn.open_source("earthengine", cache=tmp_path, first_wait=0.01).pixel(*places[1], 2018)
            assert server.count == 1
            assert again.provenance == found[1].provenance

    def test_what_the_collection_does_not_tell_is_not_made_up(self) -> None:
        scenes = [
            scene(v, s, t, satellite=None, baseline=None)
            for v, s, t in zip(CUBE.values, CUBE.scl, CUBE.times, strict=True)
        ]
        with EarthEngineServer(catalog(scenes)) as server:
            server.initialize()
            told = tn.open_source("earthengine", **FAST).pixel(*CUBE.place(0, 0), 2018).provenance
        assert (told["satellites"], told["baselines"], told["offset"]["applied"]) == ([], [], False)
        assert told["dates"] == self.used(CUBE, 0, 0)

    def test_cloud_score_is_the_mask_where_it_is_one(self, server: EarthEngineServer) -> None:
        cube = tn.open_source("earthengine", clouds="cloud_score", **FAST).cube(box_of(CUBE), 2018)
        told = json.loads(cube.attrs["provenance"])
        assert told["mask"].startswith("Cloud Score+ at least 0.6; scene classes left out: 0 ")
        assert len(told["collections"]) == 2


class TestFaults:
    def test_too_many_requests_then_an_answer(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        server.refuse(429, "Too Many Requests: rate limit.", times=2)
        assert same(source.pixel(*CUBE.place(0, 0), 2018).values, CUBE.months(2018)[:, :, 0, 0])
        assert server.count == source.requests == 3

    def test_a_limit_a_minute_passes_whatever_it_counts(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        server.refuse(429, "Quota exceeded for quota metric 'EECU-seconds' and limit 'EECU per minute'.")
        assert source.pixel(*CUBE.place(0, 0), 2018).valid.any()

    def test_the_waits_grow_and_the_state_tells_them(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, first_wait=0.1, attempts=4)
        server.refuse(503, "Service unavailable", times=3)
        states: list[str] = []
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.005):
                states.append(source.state)

        watcher = threading.Thread(target=watch)
        watcher.start()
        began = time.monotonic()
        source.pixel(*CUBE.place(0, 0), 2018)
        waited = time.monotonic() - began
        done.set()
        watcher.join()
        assert waited >= 0.5 * (0.1 + 0.2 + 0.4)
        assert any("waiting" in s and "503" in s for s in states)
        assert "asking (attempt 2 of 4)" in states
        assert source.state == ""

    def test_the_server_may_say_how_long_to_wait(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, first_wait=200.0, deadline=100.0)
        server.refuse(429, "slow down", Retry_After="0.05")
        source.pixel(*CUBE.place(0, 0), 2018)
        assert server.count == 2

    def test_attempts_end(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", attempts=3, **FAST)
        server.refuse(503, "Service unavailable", times=9)
        with pytest.raises(ValueError, match="asked 3 times"):
            source.pixel(*CUBE.place(0, 0), 2018)
        assert server.count == 3

    @pytest.mark.parametrize(
        ("status", "message", "reason", "cure"),
        [
            (403, "Caller does not have required permission to use project test-project.", "USER_PROJECT_DENIED",
             "project's ID"),
            (403, "Google Earth Engine API has not been used in project 1 before or it is disabled.",
             "SERVICE_DISABLED", "Turn it on at https"),
            (403, "Project test-project is not registered to use Earth Engine.", "", "Register it"),
            (403, "Permission denied.", "", "Authenticate"),
            (401, "Request had invalid authentication credentials.", "", "ee.Authenticate()"),
            (404, "Project 'nowhere' not found or deleted.", "", "project's ID"),
            (400, "Image.select: no such band", "", "please report"),
            (429, "Quota exceeded for quota metric 'EECU time' and limit 'EECU time per month'.", "", "quota.*stac"),
        ],
    )  # fmt: skip
    def test_what_does_not_pass_fails_at_once_with_the_cure(
        self, server: EarthEngineServer, status: int, message: str, reason: str, cure: str
    ) -> None:
        source = tn.open_source("earthengine", **FAST)
        server.refuse(status, message, times=9, reason=reason)
        with pytest.raises(ValueError, match=cure):
            source.pixel(*CUBE.place(0, 0), 2018)
        assert server.count == 1

    def test_a_hung_server_gives_an_error_within_the_deadline(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, deadline=0.3)
        server.refuse(0)
        began = time.monotonic()
        with pytest.raises(ValueError, match=r"within 0\.3 seconds.*later"):
            source.pixel(*CUBE.place(0, 0), 2018)
        assert time.monotonic() - began < 60
        source = tn.open_source("earthengine", cache=False)
        assert source.pixel(*CUBE.place(0, 0), 2018).valid.any(), "and the next request works"

    def test_the_server_may_say_until_when_to_wait(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, first_wait=200.0, deadline=100.0)
        server.refuse(429, "slow down", Retry_After=formatdate(time.time() + 1, usegmt=True))
        assert source.pixel(*CUBE.place(0, 0), 2018).valid.any()
        assert source.requests == 2
        server.refuse(503, "busy", times=2, Retry_After=formatdate(time.time() + 7200, usegmt=True))
        with pytest.raises(ValueError, match=r"It asks to wait 7\d\d\d seconds"):
            source.pixel(*CUBE.place(0, 0), 2018)

    @pytest.mark.parametrize(
        "answer",
        [None, [], "a text", {"type": "Feature"}, {"features": []}, {"features": [{"properties": {"n": 0}}]},
         {"features": [{"properties": {"n": 0, "values": [1.0] * 9, "clear": {}, "told": []}}]},
         {"features": [{"properties": {"n": 0, "values": [None] * 121, "clear": {}, "told": []}}]},
         {"features": [{"properties": {"n": 0, "values": [1.0] * 121, "clear": [1], "told": [3]}}]}],
    )  # fmt: skip
    def test_an_answer_of_another_kind_is_said(
        self, server: EarthEngineServer, monkeypatch: pytest.MonkeyPatch, answer: Any
    ) -> None:
        monkeypatch.setattr(server, "_compute", lambda path, given: {"result": answer})
        with pytest.raises(
            ValueError, match=r"of another kind than was asked for: expected .* It was asked 2 times"
        ):
            tn.open_source("earthengine", attempts=2, **FAST).pixel(*CUBE.place(0, 0), 2018)

    @pytest.mark.parametrize("how", ["a page", "cut", "another size", "a band lost", "no number"])
    def test_pixels_of_another_kind_are_said(
        self, server: EarthEngineServer, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        whole = server._pixels

        def odd(path: str, given: Any) -> bytes:
            raw = whole(path, given)
            if how in ("a page", "cut"):
                return b"<html>sign in</html>" if how == "a page" else raw[: len(raw) // 2]
            array = np.load(io.BytesIO(raw))
            array = array[:, :-1] if how == "another size" else array
            array = array[list(array.dtype.names[1:])] if how == "a band lost" else array
            if how == "no number":
                array["B4_m03"][0, 0] = np.nan
            out = io.BytesIO()
            np.save(out, array)
            return out.getvalue()

        monkeypatch.setattr(server, "_pixels", odd)
        with pytest.raises(ValueError, match=r"of another kind than was asked for: expected"):
            tn.open_source("earthengine", attempts=1, **FAST).cube(box_of(CUBE), 2018).compute()

    def test_a_wait_that_ends_after_the_deadline_is_not_begun(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, deadline=50.0)
        server.refuse(429, "slow down", times=2, Retry_After="100")
        with pytest.raises(ValueError, match=r"too often.*asked once and the deadline"):
            source.pixel(*CUBE.place(0, 0), 2018)

    def test_a_connection_that_breaks_off_is_tried_again(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        server.refuse(-1)
        assert source.pixel(*CUBE.place(0, 0), 2018).valid.any()
        assert server.count == 2

    def test_no_network(self) -> None:
        with EarthEngineServer(scenes_of(CUBE)) as server:
            server.initialize()
            source = tn.open_source("earthengine", **FAST)
            server.stop()
            with pytest.raises(ValueError, match=r"cannot be reached.*sample"):
                source.pixel(*CUBE.place(0, 0), 2018)

    def test_cancel(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False)
        server.refuse(0, times=2)
        with ThreadPoolExecutor(2) as pool:
            clicks = [pool.submit(source.pixel, *CUBE.place(0, c)) for c in range(2)]
            while server.count < 2:
                time.sleep(0.01)
            assert source.state == "asking"
            source.cancel()
            for click in clicks:
                with pytest.raises(ValueError, match="cancelled"):
                    click.result(timeout=60)
        assert source.pixel(*CUBE.place(0, 0), 2018).valid.any(), "later requests are not touched"

    def test_the_client_keeps_its_own_settings(self, server: EarthEngineServer) -> None:
        ee.data.setMaxRetries(3)
        ee.data.setWorkloadTag("my-lesson")
        tn.open_source("earthengine", **FAST).pixel(*CUBE.place(0, 0), 2018)
        assert ee.data._get_state().max_retries == 3
        assert server.requests[-1]["workloadTag"] == "my-lesson"

    def test_who_is_cancelled_while_he_waits_for_another_asks_for_nothing(
        self, server: EarthEngineServer
    ) -> None:
        source = tn.open_source("earthengine", cache=False)
        server.refuse(0)
        with ThreadPoolExecutor(2) as pool:
            clicks = [pool.submit(source.pixel, *CUBE.place(0, 0), 2018) for _ in range(2)]
            while server.count < 1:
                time.sleep(0.01)
            time.sleep(0.2)
            source.cancel()
            for click in clicks:
                with pytest.raises(ValueError, match="cancelled"):
                    click.result(timeout=60)
        assert server.count == 1

    def test_who_waits_for_another_that_is_cancelled_asks_himself(self, server: EarthEngineServer) -> None:
        one, other = (tn.open_source("earthengine", cache=False) for _ in range(2))
        server.refuse(0)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(one.pixel, *CUBE.place(0, 0), 2018)
            while server.count < 1:
                time.sleep(0.01)
            second = pool.submit(other.pixel, *CUBE.place(0, 0), 2018)
            time.sleep(0.2)
            one.cancel()
            with pytest.raises(ValueError, match="cancelled"):
                first.result(timeout=60)
            assert second.result(timeout=60).valid.any()

    def test_a_session_that_was_closed(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        ee.Reset()
        with pytest.raises(ValueError, match=r"session was closed. Open it again"):
            source.pixel(*CUBE.place(0, 0), 2018)


class TestPlaces:
    @pytest.mark.parametrize(
        "given",
        [
            {"page": "5"}, {"page": True}, {"page": 2.5}, {"page": float("nan")}, {"page": -1}, {"threshold": "0.6"},
            {"threshold": True}, {"threshold": None}, {"threshold": float("nan")}, {"certain_median": "no"},
            {"attempts": True}, {"deadline": True}, {"cache": 3}, {"project": 3}, {"url": 3},
        ],
    )  # fmt: skip
    def test_an_argument_of_another_kind_is_said_by_its_name(
        self, server: EarthEngineServer, given: dict[str, Any]
    ) -> None:
        ((name, value),) = given.items()
        with pytest.raises(ValueError, match=rf"{name}( given: |=){value!r}.*expected"):
            tn.open_source("earthengine", **given)
        source = tn.open_source("earthengine", page=np.int64(5), threshold=1, **FAST)
        for export in ({"name": 3}, {"name": " "}, {"folder": 3}, {"bucket": 3}):
            with pytest.raises(ValueError, match=rf"{next(iter(export))} given: .*expected text"):
                source.export_points([CUBE.place(0, 0)], 2018, **export)

    def test_a_cube_of_the_whole_earth_is_refused_before_anything_is_asked(
        self, server: EarthEngineServer
    ) -> None:
        source = tn.open_source("earthengine", **FAST)
        with pytest.raises(ValueError, match=r"GB a year; expected at most .* Give a smaller box"):
            source.cube((-180, -80, 180, 84), 2018)
        assert server.count == 0

    @pytest.mark.parametrize("empty", [True, False])
    def test_the_open_sea(self, empty: bool) -> None:
        with EarthEngineServer(scenes_of(CUBE), Habits(empty_count=empty)) as server:
            server.initialize()
            with pytest.raises(ValueError, match=r"no Sentinel-2 image of 2020.*Choose a place on land"):
                tn.open_source("earthengine", **FAST).pixel(-30.0, 40.0, 2020)
            assert server.count == 1

    def test_a_year_without_an_image_yet_is_asked_for_again(
        self, server: EarthEngineServer, tmp_path: Path
    ) -> None:
        for asked in (1, 2):
            source = tn.open_source("earthengine", cache=tmp_path)
            with pytest.raises(ValueError, match="no Sentinel-2 image of 2020"):
                source.pixel(-30.0, 40.0, 2020)
            assert server.count == asked
        assert not list(tmp_path.rglob("*.npz"))

    def test_before_the_collection_was_global_nobody_is_sent_ashore(self, server: EarthEngineServer) -> None:
        with pytest.raises(ValueError, match=r"not yet global before 2019. Choose 2019 or later"):
            tn.open_source("earthengine", **FAST).pixel(-47.9, -15.8, 2018)

    def test_a_year_of_clouds(self) -> None:
        cube = dated_cube(dates=3)
        cube.scl[:] = 9
        with EarthEngineServer(scenes_of(cube)) as server:
            server.initialize()
            with pytest.raises(ValueError, match=r"no month of 2018 has a clear observation.*another year"):
                tn.open_source("earthengine", **FAST).pixel(*cube.place(1, 1), 2018)

    @pytest.mark.parametrize(
        ("lon", "lat", "words"), [(0, 89, "pole"), (10, -85, "pole"), (200, 0, "longitude")]
    )
    def test_no_place_for_the_satellite(
        self, server: EarthEngineServer, lon: float, lat: float, words: str
    ) -> None:
        with pytest.raises(ValueError, match=words):
            tn.open_source("earthengine", **FAST).pixel(lon, lat)
        assert server.count == 0

    def test_the_date_line(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        for lon in (180.0, -180.0):
            with pytest.raises(ValueError, match="land"):
                source.pixel(lon, -17.0)

    def test_a_cube_over_the_date_line(self) -> None:
        from pyproj import Transformer

        cube = dated_cube(dates=6, height=40, width=40)
        middle, top = Transformer.from_crs(4326, 32760, always_xy=True).transform(179.9999, -17.0)
        place = {
            "epsg": 32760,
            "left": 20 * (middle // 20) - 200,
            "top": 20 * (top // 20) + 200,
            "tile": "60KXX",
        }
        scenes = [scene(v, s, t, **place) for v, s, t in zip(cube.values, cube.scl, cube.times, strict=True)]
        days = cube.times + np.timedelta64(12, "h")
        seen = np.where(cube.values == 0, np.nan, cube.values.astype(np.float32))
        expected = monthly_medians(seen, days.astype("datetime64[D]"), 2018, cube.scl)
        with EarthEngineServer(catalog(scenes)) as server:
            server.initialize()
            found = (
                tn.open_source("earthengine", **FAST)
                .cube((179.9991, -17.001, -179.9993, -17.0), 2018)
                .compute()
            )
        assert found.rio.crs.to_epsg() == 32760
        columns = ((found.x.values - place["left"]) // 10).astype(int)
        rows = ((place["top"] - found.y.values) // 10).astype(int)
        assert same(found.values, expected[:, :, rows][..., columns])

    @pytest.mark.parametrize("year", [2016, 2099, "last"])
    def test_years(self, server: EarthEngineServer, year: Any) -> None:
        source = tn.open_source("earthengine", **FAST)
        assert source.years[0] == 2017
        for ask in (
            lambda: source.pixel(*CUBE.place(0, 0), year=year),
            lambda: source.cube(box_of(CUBE), year=year),
            lambda: source.export_points([CUBE.place(0, 0)], year=year),
        ):
            with pytest.raises(ValueError, match="year given"):
                ask()
        assert server.count == 0

    def test_two_years_are_two_answers(self) -> None:
        cubes = [dated_cube(seed=n, dates=6, year=2018 + n) for n in (0, 1)]
        both = {REFLECTANCE: scenes_of(cubes[0])[REFLECTANCE] + scenes_of(cubes[1])[REFLECTANCE]}
        with EarthEngineServer(both) as server:
            server.initialize()
            source = tn.open_source("earthengine", **FAST)
            for cube, year in zip(cubes, (2018, 2019), strict=True):
                found = on_cube(source.cube(box_of(cube), year).compute(), cube)
                assert same(found.values, cube.months(year))


class TestClickMap:
    def test_a_click_is_one_request_and_faults_are_shown_in_the_panel(
        self, server: EarthEngineServer
    ) -> None:
        from synthetic import small_model

        source = tn.open_source("earthengine", cache=False)
        shown = tn.ClickMap(small_model(), source, task=["a meadow", "a lake"], year=2018)
        assert server.count == 0, "opening the map asks for nothing"
        assert shown.click(*CUBE.place(0, 0)) is not None
        assert server.count == 1
        server.refuse(0)
        shown.open_source(tn.open_source("earthengine", cache=False, deadline=0.3))
        assert shown.click(*CUBE.place(5, 5)) is None
        assert "no answer within" in str(shown.error)
        shown.open_source(source)
        assert shown.result is None, "an answer goes with the data that it was read from"
        good = shown.click(*CUBE.place(0, 0))
        assert good is not None
        server.refuse(403, "Project p is not registered to use Earth Engine.")
        assert shown.click(*CUBE.place(5, 5)) is None
        assert "Register it" in str(shown.error)
        assert shown.result is good, "the last good answer stays"
        assert shown.click(*CUBE.place(5, 5)) is not None
        assert shown.error is None


class TestExport:
    def test_points_are_exported_as_a_table(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        places = [CUBE.place(r, 2) for r in range(5)]
        export = source.export_points(places, 2018, name="my_places", folder="timesen")
        assert (export.state, server.count) == ("PENDING", 1)
        seen: list[float] = []
        done = export.follow(every=0.0, told=lambda e: seen.append(e.progress))
        assert done.state == "SUCCEEDED"
        assert done.files
        assert seen == sorted(seen)
        assert len(set(seen)) > 2
        (job,) = server.exports.values()
        drive = job["given"]["fileExportOptions"]["driveDestination"]
        assert (drive["folder"], drive["filenamePrefix"]) == ("timesen", "my_places")
        columns = job["given"]["selectors"]
        assert columns[:4] == ["n", "lon", "lat", "year"]
        assert columns[4:] == [f"{band}_m{month:02d}" for month in range(1, 13) for band in tn.BANDS]
        for row, (lon, lat) in zip(job["rows"], places, strict=True):
            assert (row["lon"], row["lat"], row["year"]) == (lon, lat, 2018)
            found = np.array([row.get(c, np.nan) for c in columns[4:]], dtype=np.float32).reshape(12, 10)
            assert same(found, CUBE.months(2018)[:, :, row["n"], 2])

    def test_a_repeated_request_starts_one_job(self, server: EarthEngineServer) -> None:
        server.refuse(503, "Service unavailable", at="export")
        tn.open_source("earthengine", **FAST).export_points([CUBE.place(0, 0)], 2018, bucket="my-bucket")
        assert len(server.exports) == 1
        (job,) = server.exports.values()
        assert job["given"]["fileExportOptions"]["cloudStorageDestination"]["bucket"] == "my-bucket"

    def test_a_job_that_fails_says_why(self, server: EarthEngineServer) -> None:
        export = tn.open_source("earthengine", **FAST).export_points([CUBE.place(0, 0)], 2018)
        (job,) = server.exports.values()
        job.update(ends="FAILED", error="Execution failed; out of memory.")
        with pytest.raises(ValueError, match=r"failed: Execution failed; out of memory.*fewer places"):
            export.follow(every=0.0)

    def test_cancel(self, server: EarthEngineServer) -> None:
        export = tn.open_source("earthengine", **FAST).export_points([CUBE.place(0, 0)], 2018)
        assert export.cancel().state == "CANCELLED"
        with pytest.raises(ValueError, match="cancelled"):
            export.follow(every=0.0)

    def test_nothing_to_export_and_two_targets(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", **FAST)
        with pytest.raises(ValueError, match="no places"):
            source.export_points([])
        with pytest.raises(ValueError, match="one of them"):
            source.export_points([CUBE.place(0, 0)], folder="a", bucket="b")


def service_account(url: str) -> dict[str, str]:
    """A key as Google Cloud makes them, for the server of the tests."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": "project-of-the-key",
        "private_key_id": "1",
        "private_key": private.decode(),
        "client_email": "reader@project-of-the-key.iam.gserviceaccount.com",
        "token_uri": f"{url}/token",
    }


class TestSession:
    @pytest.fixture
    def fresh(self) -> Iterator[EarthEngineServer]:
        """A server, and a client that nobody has initialised."""
        with EarthEngineServer(scenes_of(CUBE)) as running:
            yield running

    def test_a_session_is_used_as_it_is(
        self, fresh: EarthEngineServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fresh.initialize(project="their-project")
        monkeypatch.setenv("EE_PROJECT", "another-project")
        before = fresh.seen.copy()
        source = tn.open_source("earthengine", **FAST)
        assert source.project == "their-project"
        assert fresh.seen == before
        assert tn.open_source("earthengine", project="their-project").project == "their-project"
        with pytest.raises(ValueError, match=r"'mine'.*'their-project'.*ee\.Reset"):
            tn.open_source("earthengine", project="mine")
        with pytest.raises(ValueError, match="key was given"):
            tn.open_source("earthengine", key={})

    def test_where_the_project_comes_from(
        self, fresh: EarthEngineServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        key = service_account(fresh.url)

        def project(**given: Any) -> str:
            ee.Reset()
            return tn.open_source("earthengine", key=key, url=fresh.url, **given).project

        assert project() == "project-of-the-key"
        secrets = {"EE_PROJECT": "of-colab"}
        monkeypatch.setitem(__import__("sys").modules, "google.colab", colab(secrets))
        assert project() == "of-colab"
        secrets.clear()
        assert project() == "project-of-the-key"
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "of-the-cloud")
        assert project() == "of-the-cloud"
        monkeypatch.setenv("EE_PROJECT", "of-the-environment")
        assert project() == "of-the-environment"
        assert project(project="given") == "given"
        assert fresh.headers["X-Goog-User-Project"] == "given"

    @pytest.mark.parametrize("form", ["path", "json", "dict", "environment"])
    def test_service_accounts(
        self, fresh: EarthEngineServer, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = service_account(fresh.url)
        path = tmp_path / "key.json"
        path.write_text(json.dumps(key))
        given: Any = {"path": path, "json": json.dumps(key), "dict": key, "environment": None}[form]
        if form == "environment":
            monkeypatch.setenv("EE_SERVICE_ACCOUNT_KEY", str(path))
        source = tn.open_source("earthengine", key=given, url=fresh.url, **FAST)
        assert same(source.pixel(*CUBE.place(0, 0), 2018).values, CUBE.months(2018)[:, :, 0, 0])
        assert fresh.seen["token"] >= 1
        assert fresh.headers["authorization"] == "Bearer ya29.of-a-service-account"

    @pytest.mark.parametrize(
        "key", ["no/such/file.json", "sk-secret-123", '{"private_key": "sk-secret-123"', '{"a": "sk-secret-123"}',
                '["sk-secret-123"]', '{"client_email": "a", "token_uri": "b", "private_key": "sk-secret-123"}']
    )  # fmt: skip
    def test_keys_that_are_none_are_not_shown(self, key: str) -> None:
        with pytest.raises(ValueError, match="service account's key") as caught:
            tn.open_source("earthengine", key=key, project="p")
        assert "secret-123" not in shown(caught.value)

    def test_nobody_signed_in(self) -> None:
        with pytest.raises(ValueError, match=r"ee\.Authenticate\(\).*stac"):
            tn.open_source("earthengine", project="my-project")
        assert not ee.data.is_initialized()

    def test_no_project(self, fresh: EarthEngineServer) -> None:
        key = service_account(fresh.url)
        del key["project_id"]
        with pytest.raises(ValueError, match=r"project=.*EE_PROJECT.*register"):
            tn.open_source("earthengine", key=key, url=fresh.url)
        assert not fresh.seen, "nothing was sent"

    def test_the_client_finds_no_project(self, fresh: EarthEngineServer) -> None:
        with pytest.raises(ee.EEException) as caught:
            ee.Initialize(AnonymousCredentials(), url=fresh.url)
        assert "EE_PROJECT" in explain(caught.value).words

    def test_a_project_that_is_refused(self, fresh: EarthEngineServer) -> None:
        key = service_account(fresh.url)
        fresh.refuse(403, "Caller does not have required permission to use project p.", at="algorithms")
        with pytest.raises(ValueError, match="may not use this project"):
            tn.open_source("earthengine", key=key, project="p", url=fresh.url)
        assert not ee.data.is_initialized(), "so that another project can be tried"
        assert tn.open_source("earthengine", key=key, project="q", url=fresh.url).project == "q"

    def test_credentials_that_were_withdrawn(self, fresh: EarthEngineServer) -> None:
        fresh.refuse(400, "invalid_grant", times=20, at="token")
        with pytest.raises(ValueError, match=r"ee\.Authenticate"):
            tn.open_source("earthengine", key=service_account(fresh.url), url=fresh.url)

    def test_a_server_that_hangs_at_the_start(self, fresh: EarthEngineServer) -> None:
        fresh.refuse(0, at="discovery")
        with pytest.raises(ValueError, match="no answer within"):
            tn.open_source("earthengine", key=service_account(fresh.url), url=fresh.url, deadline=0.3)

    def test_an_endpoint_beside_a_session_is_not_passed_over(self, server: EarthEngineServer) -> None:
        with pytest.raises(
            ValueError, match=rf"url given: 'https://else\.example'.*asks {server.url}.*ee\.Reset"
        ):
            tn.open_source("earthengine", url="https://else.example")
        assert tn.open_source("earthengine", url=server.url + "/", **FAST).project

    def test_a_worker_opens_it_anew(self, server: EarthEngineServer) -> None:
        source = tn.open_source("earthengine", cache=False, page=7)
        raw = pickle.dumps(source)
        copy = pickle.loads(raw)
        assert isinstance(copy, EarthEngineSource)
        assert same(copy.pixel(*CUBE.place(0, 0), 2018).values, source.pixel(*CUBE.place(0, 0), 2018).values)


class TestSecrets:
    def test_nothing_secret_is_ever_shown(
        self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with EarthEngineServer(scenes_of(CUBE)) as server:
            key = service_account(server.url)
            secrets = [key["private_key"].splitlines()[3], "ya29.of-a-service-account"]
            source = tn.open_source("earthengine", key=key, url=server.url, **FAST)
            told = [repr(source), str(vars(source)), pickle.dumps(source).decode("latin1")]
            for status in (400, 401, 403, 404, 429, 500):
                server.refuse(
                    status, f"Bearer {secrets[1]} and key={secrets[0]} and {key['private_key']}", times=5
                )
                with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words are looked at below
                    source.pixel(*CUBE.place(0, 0), 2018)
                told.append(shown(caught.value))
                server.forgive()
            out, err = capfd.readouterr()
        ours = [r.getMessage() for r in caplog.records if r.name.startswith("timesen_nb")]
        for text in [*told, out, err, *ours, *os.listdir(os.environ["HOME"])]:
            assert not [s for s in secrets if s in text], text

    @pytest.mark.parametrize(
        "text",
        ["ya29.a0AfH6SM-x_y", "Bearer abc.def", "https://x/?key=SECRETKEY&a=1", "AIzaSyA-0123456789abcdef",
         "1//0gabcdefghijkl",         "-----BEGIN PRIVATE KEY-----\nSECRETKEY\n-----END PRIVATE KEY-----",
         "eyJhbGciOi.eyJpc3Mi.c2lnbmF0dXJl"],
    )  # fmt: skip
    def test_words_are_cleaned(self, text: str) -> None:
        clean = without_secrets(f"Invalid {text} given")
        assert "(secret)" in clean
        assert clean.startswith("Invalid ")
        assert not any(part in clean for part in ("SECRETKEY", "a0AfH6", "abc.def", "SyA-", "0gabc", "c2lnb"))


def shown(problem: BaseException) -> str:
    """All that a notebook prints of an exception."""
    import traceback

    return "".join(traceback.format_exception(problem))


def colab(secrets: dict[str, str]) -> ModuleType:
    """Colab's module, as far as secrets go."""

    class SecretNotFoundError(Exception):
        pass

    class NotebookAccessError(Exception):
        pass

    def get(name: str) -> str:
        if name not in secrets:
            raise SecretNotFoundError(name)
        return secrets[name]

    module, userdata = ModuleType("google.colab"), ModuleType("google.colab.userdata")
    for thing in (get, SecretNotFoundError, NotebookAccessError):
        setattr(userdata, thing.__name__, thing)
    module.userdata = userdata  # type: ignore[attr-defined]
    return module
