"""Places, years and arguments for Earth Engine: the sea, the poles, the date line, and what means nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dated_cube import dated_cube
from earth_engine_algorithms import Habits
from earth_engine_cube import CUBE, FAST, box_of, on_cube, same
from earth_engine_images import REFLECTANCE, catalog, scene, scenes_of
from earth_engine_server import EarthEngineServer

import timesen_nb as tn
from timesen_nb.composite import monthly_medians

pytestmark = pytest.mark.usefixtures("no_account")


class TestPlaces:
    @pytest.mark.parametrize(
        "given",
        [
            {"page": "5"}, {"page": True}, {"page": 2.5}, {"page": float("nan")}, {"page": -1}, {"threshold": "0.6"},
            {"threshold": True}, {"threshold": None}, {"threshold": float("nan")}, {"certain_median": "no"},
            {"page": 0}, {"page": 10**6}, {"attempts": True}, {"deadline": True}, {"cache": 3}, {"project": 3},
            {"url": 3},
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
