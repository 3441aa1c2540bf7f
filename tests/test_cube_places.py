"""Where a cube lies: coordinate systems, transforms and grids."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from affine import Affine
from cube_files import bands_of, months, small_world
from dated_cube import LEFT, TOP, DatedCube, dated_cube
from pyproj import Transformer

import timesen_nb as tn

FROM_CORNER = Affine(10, 0, LEFT, 0, -10, TOP)


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return small_world()


class TestCrs:
    def test_the_mapping_that_the_bands_name_wins(self, world: DatedCube, tmp_path: Path) -> None:
        data = world.dataset()
        del data.attrs["crs"]
        from pyproj import CRS

        for name, code in (("other", 32655), ("utm", 32631)):
            data[name] = xr.DataArray(0, attrs=CRS.from_epsg(code).to_cf())
        data["other"] = data["other"].assign_attrs(note="comes first")
        data = bands_of(data, lambda v: v.assign_attrs(grid_mapping="utm"))
        data.to_netcdf(tmp_path / "two.nc")
        source = tn.open_source(tmp_path / "two.nc")
        np.testing.assert_array_equal(source.pixel(*world.place(1, 2)).values, world.months(2018)[:, :, 1, 2])
        plain = bands_of(data, lambda v: v.drop_attrs())
        with pytest.raises(ValueError, match=r"several coordinate systems .*zone 31N.*crs="):
            tn.open_source(plain)
        np.testing.assert_array_equal(months(tn.open_source(plain, crs=32631)), world.months(2018))

    @pytest.mark.parametrize(
        ("change", "crs", "words"),
        [

            ({}, "EPSG:4326", "no degrees .*EPSG:4326.*They look like metres"),
            ({"x": 4 + 1e-4 * np.arange(6), "y": 50 - 1e-4 * np.arange(4)}, "EPSG:32631", "look like degrees"),
            ({"x": 600 + 0.01 * np.arange(6), "y": 5620 - 0.01 * np.arange(4)}, "EPSG:32631", "pixels measure 0.01 m"),
            ({"x": 5620000 + 10.0 * np.arange(6), "y": 600000 - 10.0 * np.arange(4)}, "EPSG:32631", "x and y swapped"),
            ({"x": 4 + 1e-4 * np.arange(6), "y": 150 - 1e-4 * np.arange(4)}, "EPSG:4326", "no degrees"),
        ],
    )  # fmt: skip
    def test_coordinates_are_held_against_it(
        self, world: DatedCube, change: dict, crs: str, words: str
    ) -> None:
        data = world.dataset().assign_coords(change).assign_attrs(crs=crs)
        with pytest.raises(ValueError, match=words):
            tn.open_source(data)

    def test_coordinates_that_say_they_are_the_other_axis_are_refused(self, world: DatedCube) -> None:
        data = world.dataset().assign_attrs(crs="EPSG:4326")
        data = data.assign_coords(x=50 - 1e-4 * np.arange(6), y=3 + 1e-4 * np.arange(4))
        for axis, said in (
            ("x", {"standard_name": "latitude"}),
            ("x", {"units": "degrees_north"}),
            ("y", {"standard_name": "projection_x_coordinate"}),
            ("y", {"units": "degrees_east"}),
        ):
            given = data.assign_coords({axis: data[axis].assign_attrs(said)})
            with pytest.raises(ValueError, match=f"its {axis} says that it is {next(iter(said.values()))}"):
                tn.open_source(given)
        named = data.rename(x="lon", y="lat")
        named["lon"].attrs["standard_name"] = "latitude"
        with pytest.raises(ValueError, match="its x says that it is latitude"):
            tn.open_source(named)

    def test_numbers_of_pixels_are_no_degrees(self, world: DatedCube) -> None:
        lon, lat = np.meshgrid(3 + 1e-4 * np.arange(6), 50 - 1e-4 * np.arange(4))
        data = world.dataset().assign_coords(x=np.arange(6), y=np.arange(4)).assign_attrs(crs="EPSG:4326")
        for given in (data, data.assign_coords(lon=(("y", "x"), lon), lat=(("y", "x"), lat))):
            with pytest.raises(ValueError, match=r"pixels measure 1 degrees .*numbers of pixels"):
                tn.open_source(given)

    def test_it_may_be_said(self, world: DatedCube) -> None:
        data = world.dataset().assign_attrs(crs="EPSG:4326")
        np.testing.assert_array_equal(months(tn.open_source(data, crs="EPSG:32631")), world.months(2018))
        with pytest.raises(ValueError, match="no coordinate system"):
            tn.open_source(data, crs="Lambert somewhere")


def corners(data: xr.Dataset) -> xr.Dataset:
    """The same pixels by their upper left corners, as stackstac names them."""
    return data.assign_coords(x=data["x"] - 5, y=data["y"] + 5)


def with_transform(data: xr.Dataset) -> xr.Dataset:
    return data.drop_attrs(deep=False).rio.write_crs(32631).rio.write_transform(FROM_CORNER)


class TestTransforms:
    @pytest.mark.parametrize("written", ["grid mapping", "attribute"])
    def test_corners_that_a_transform_names_become_centres(
        self, world: DatedCube, tmp_path: Path, written: str
    ) -> None:
        data = corners(world.dataset())
        if written == "attribute":
            data = data.assign_attrs(transform=FROM_CORNER)
            source = tn.open_source(data)
        else:
            with_transform(data).to_netcdf(tmp_path / "cube.nc")
            source = tn.open_source(tmp_path / "cube.nc")
        assert source.bounds == pytest.approx(tn.open_source(world.dataset()).bounds)
        expected = world.months(2018)
        row, column = np.argwhere(np.isfinite(expected[:, 0]).any(axis=0))[0]
        series = source.pixel(*world.place(row, column))
        np.testing.assert_array_equal(series.values, expected[:, :, row, column])

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d,
            lambda d: d.isel(x=slice(1, None), y=slice(2, None)),
            lambda d: d.isel(y=slice(None, None, -1)),
            lambda d: d.isel(x=slice(0, None, 2)),
            lambda d: d.isel(x=[2], y=[1]),
            lambda d: d.coarsen(x=2, y=2).max(),
        ],
        ids=["whole", "cut", "upside down", "thinned", "one pixel", "coarser"],
    )
    def test_centres_stay_whatever_became_of_the_transform(
        self, world: DatedCube, change: Callable[[xr.Dataset], xr.Dataset]
    ) -> None:
        plain, stated = (
            tn.open_source(change(d)) for d in (world.dataset(), with_transform(world.dataset()))
        )
        assert stated.bounds == pytest.approx(plain.bounds)
        np.testing.assert_array_equal(months(stated), months(plain))

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: corners(d).isel(x=slice(1, None), y=slice(2, None)),
            lambda d: corners(d).isel(y=slice(None, None, -1)),
            lambda d: d.assign_coords(x=d["x"] - 5),
        ],
        ids=["cut", "upside down", "along x only"],
    )
    def test_what_fits_neither_way_is_refused(
        self, world: DatedCube, change: Callable[[xr.Dataset], xr.Dataset]
    ) -> None:
        with pytest.raises(
            ValueError, match=r"coordinates begin at .* and its transform .*write the transform anew"
        ):
            tn.open_source(change(with_transform(world.dataset())))


class TestGrids:
    @pytest.mark.parametrize("lon", [4.0, 100.0, 179.5, -179.9])
    @pytest.mark.parametrize("size", [50, 300])
    def test_degrees_as_32_bit_numbers(self, lon: float, size: int) -> None:
        world = dated_cube(dates=3, height=4, width=size)
        data = world.dataset().rename(y="lat", x="lon").drop_attrs()
        x = lon + 9e-5 * np.arange(size)
        data = data.assign_coords(lon=x.astype(np.float32), lat=(50 - 9e-5 * np.arange(4)).astype(np.float32))
        source = tn.open_source(data)
        for column in (0, 1, size // 2, size - 1):
            valid = np.isfinite(world.months(2018)[:, 0, 2, column])
            if valid.any():
                series = source.pixel(float(x[column]), 50 - 2 * 9e-5)
                np.testing.assert_array_equal(series.values, world.months(2018)[:, :, 2, column])

    def test_coordinates_too_coarse_for_pixels_are_refused(self) -> None:
        data = dated_cube(dates=2, height=4, width=20).dataset().rename(y="lat", x="lon").drop_attrs()
        x = (179 + 1e-5 * np.arange(20)).astype(np.float32)
        with pytest.raises(ValueError, match=r"too coarse|not evenly spaced"):
            tn.open_source(data.assign_coords(lon=x, lat=50 - 1e-5 * np.arange(4)))

    @pytest.mark.parametrize("epsg", [32660, 32601, 4326, 3832])
    def test_a_cube_over_the_date_line(self, epsg: int) -> None:
        world = dated_cube(dates=6, height=4, width=20)
        world.scl[:] = 4
        values = np.where(world.values == 0, 700, world.values)
        data = DatedCube(values, world.scl, world.times).dataset().assign_attrs(crs=f"EPSG:{epsg}")
        to_degrees = Transformer.from_crs(epsg, 4326, always_xy=True)
        if epsg == 4326:
            x, y = 180 + 1e-4 * (np.arange(20) - 10.3), -17 - 1e-4 * np.arange(4)
        else:
            middle, top = Transformer.from_crs(4326, epsg, always_xy=True).transform(180.0, -17.0)
            x, y = middle + 10 * (np.arange(20) - 10.3), top - 10 * np.arange(4)
        source = tn.open_source(data.assign_coords(x=x, y=y))
        west, _, east, _ = source.bounds
        assert -180 <= west < 180 < east < 181
        for column in (0, 9, 11, 19):
            lon, lat = to_degrees.transform(x[column], y[1])
            lon = (lon + 180) % 360 - 180
            series = source.pixel(lon, lat)
            assert series.valid.any()
            assert np.isin(series.values[series.valid], values[:, :, 1, column]).any()
        whole = source.cube(source.bounds)
        assert whole.shape == (12, 10, 4, 20)
        rfc = (west, source.bounds[1], east - 360, source.bounds[3])
        np.testing.assert_array_equal(source.cube(rfc).values, whole.values)
        half = source.cube((-180.0, source.bounds[1], east - 360, source.bounds[3]))
        np.testing.assert_array_equal(half.values, whole.values[..., -half.sizes["x"] :])
        assert 8 <= half.sizes["x"] <= 10

    @pytest.mark.parametrize("lon", [315.0, 190.0, 3.0])
    def test_0_to_360_degrees(self, lon: float) -> None:
        world = dated_cube(dates=6, height=4, width=6)
        data = world.dataset().rename(y="lat", x="lon").drop_attrs()
        data = data.assign_coords(lon=lon + 1e-4 * np.arange(6), lat=-10 - 1e-4 * np.arange(4))
        data = data.assign_coords(time=data["time"].dt.floor("D"))
        source = tn.open_source(data)
        plain = lon - 360 if lon > 180 else lon
        assert source.bounds[0] == pytest.approx(plain - 5e-5)
        np.testing.assert_array_equal(months(source), world.months(2018))
        row, column = np.argwhere(np.isfinite(world.months(2018)[:, 0]).any(axis=0))[0]
        series = source.pixel(plain + 1e-4 * column, -10 - 1e-4 * row)
        np.testing.assert_array_equal(series.values, world.months(2018)[:, :, row, column])
