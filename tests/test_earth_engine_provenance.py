"""What a source of Earth Engine says that its months were made of."""

import json
from pathlib import Path

import numpy as np
import pytest
from dated_cube import DatedCube, dated_cube
from earth_engine_cube import CUBE, FAST, box_of
from earth_engine_images import REFLECTANCE, catalog, scene
from earth_engine_server import EarthEngineServer

import timesen_nb as tn

pytestmark = pytest.mark.usefixtures("no_account")


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
