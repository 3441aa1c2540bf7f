"""Composites of Earth Engine: medians, days and cloud rules are those of composite."""

from typing import Any

import numpy as np
import pytest
from dated_cube import DatedCube, dated_cube
from earth_engine_algorithms import Habits
from earth_engine_cube import CUBE, FAST, box_of, on_cube, same
from earth_engine_images import REFLECTANCE, asset, catalog, scene, scenes_of
from earth_engine_server import EarthEngineServer

import timesen_nb as tn
from timesen_nb.composite import monthly_medians
from timesen_nb.sources import Source

pytestmark = pytest.mark.usefixtures("no_account")


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
