"""Scales and scene classes of a cube, and where its months came from."""

from pathlib import Path

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from cube_files import months, small_world
from dated_cube import DatedCube, dated_cube

import timesen_nb as tn


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return small_world()


class TestScales:
    @pytest.mark.parametrize("base", [1.0, 1e-4], ids=["x 10000", "0 to 1"])
    @pytest.mark.parametrize("part", ["one band", "one date", "one band on one date"])
    def test_mixed_scales_are_refused_by_name(self, world: DatedCube, base: float, part: str) -> None:
        values = world.values.astype(np.float32) * np.float32(base)
        other = np.float32(1e-4 if base == 1 else 1e4)
        t, b = (slice(None) if part == "one band" else 3), (slice(None) if part == "one date" else 6)
        values[t, b] *= other
        with pytest.raises(ValueError, match=r"scales are mixed: .* on \d+ of 20 dates .* hold values"):
            tn.open_source(DatedCube(values, world.scl, world.times).dataset())

    def test_a_date_that_the_sample_does_not_see_is_refused_when_it_is_read(self) -> None:
        world = dated_cube(dates=4, height=40, width=40)
        values, scl = world.values.astype(np.float32), np.full_like(world.scl, 4)
        values[2, :, 12:28, 12:28] = 0
        values[2] *= np.float32(1e-4)
        source = tn.open_source(DatedCube(values, scl, world.times).dataset())
        place = next((r, 0) for r in range(40) if values[2, 0, r, 0] > 0)
        with pytest.raises(ValueError, match="reflectance from 0 to 1 among dates x 10000"):
            source.pixel(*world.place(*place))

    def test_dark_water_clipped_to_whole_numbers_is_good(self, world: DatedCube) -> None:
        values, scl = world.values.copy(), np.full_like(world.scl, 6)
        values[values == 0] = 1
        values[:, 8:, :2] = 1
        values[5, :, :2] = 1
        data = DatedCube(values, scl, world.times)
        np.testing.assert_array_equal(months(tn.open_source(data.dataset())), data.months(2018))

    def test_averaged_scene_classes_are_refused(self, world: DatedCube) -> None:
        data = world.dataset().assign(SCL=world.dataset()["SCL"] + np.float32(0.5))
        with pytest.raises(ValueError, match=r"SCL holds \d+\.5 .*take the nearest pixel"):
            tn.open_source(data)
        with pytest.raises(ValueError, match="SCL holds 1024"):
            tn.open_source(world.dataset().assign(SCL=world.dataset()["SCL"].astype(int) * 0 + 1024))

    def test_an_unknown_class_is_not_clear(self, world: DatedCube) -> None:
        scl = world.scl.copy()
        scl[::3] = 255
        source = tn.open_source(DatedCube(world.values, scl, world.times).dataset())
        masked = DatedCube(world.values, np.where(scl == 255, 9, scl), world.times)
        np.testing.assert_array_equal(months(source), masked.months(2018))


class TestProvenance:
    def test_it_says_what_months_were_made_of(self, world: DatedCube, tmp_path: Path) -> None:
        source = tn.open_source(world.write(tmp_path / "cube.nc"))
        series = source.pixel(*world.place(2, 3))
        made_of = series.provenance
        clear = np.isin(world.scl[:, 2, 3], [2, 4, 5, 6, 7]) & (world.values[:, 0, 2, 3] > 0)
        assert made_of["dates"] == [str(d)[:10] for d in world.times[clear]]
        assert sum(made_of["acquisitions"]) == clear.sum()
        assert [n > 0 for n in made_of["acquisitions"]] == series.valid.tolist()
        assert made_of["mask"].startswith("scene classes (SCL) kept: 2, 4, 5, 6, 7")
        assert made_of["offset"] == {"applied": False, "rule": "none is stated, and none was taken off"}

    def test_of_two_observations_of_a_day_one_counts(self, world: DatedCube) -> None:
        data = world.dataset()
        twice = xr.concat([data, data.assign_coords(time=data["time"] + np.timedelta64(60, "s"))], "time")
        one, two = (tn.open_source(d).pixel(*world.place(2, 3)) for d in (data, twice))
        np.testing.assert_array_equal(one.values, two.values)
        assert one.provenance["acquisitions"] == two.provenance["acquisitions"]
