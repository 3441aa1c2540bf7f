"""What is no data in a cube: codes that are declared or not, zeros, and values that cannot be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from cube_files import bands_of, months, opened, small_world, source_place, with_offset
from dated_cube import DatedCube, dated_cube

import timesen_nb as tn
from timesen_nb.bands import BANDS, month_columns
from timesen_nb.composite import monthly_medians

FILLS = [-9999, -999, -32768, 65535, 1e20, 9.96921e36, np.finfo(np.float32).min, np.inf]


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return small_world()


@pytest.fixture(scope="module")
def raised(world: DatedCube) -> xr.Dataset:
    return with_offset(world)


class TestNoData:
    @pytest.mark.parametrize("fill", FILLS)
    @pytest.mark.parametrize("bands", [slice(None), slice(3, 4)], ids=["all bands", "one band"])
    def test_codes_nobody_declared_are_missing_and_said(
        self, world: DatedCube, fill: float, bands: slice
    ) -> None:
        values = np.where(world.values == 0, np.nan, world.values).astype(np.float32)
        holes = np.random.default_rng(0).random(world.scl.shape) < 0.3
        expected = values.copy()
        expected[np.broadcast_to(holes[:, None], values.shape)] = np.nan
        given = values.copy()
        given[:, bands][np.broadcast_to(holes[:, None], given[:, bands].shape)] = fill
        source, said = opened(DatedCube(given, world.scl, world.times).dataset())
        assert len(said) == 1
        assert f"{fill:g} stands for no data" in said[0]
        want = DatedCube(np.nan_to_num(expected), world.scl, world.times).months(2018)
        np.testing.assert_array_equal(months(source), want)
        row, column = np.argwhere(np.isfinite(want[:, 0]).any(axis=0) & holes.any(axis=0))[0]
        series = source.pixel(*world.place(row, column))
        np.testing.assert_array_equal(series.values, want[:, :, row, column])
        assert any(f"{fill:g}" in left["why"] for left in series.provenance["left_out"])

    # CF knows _FillValue and missing_value of variables only
    @pytest.mark.parametrize(
        ("owner", "key"),
        [
            *(("variable", k) for k in ("nodata", "no_data_value", "NoData", "_FillValue", "missing_value")),
            *(("file", k) for k in ("nodata", "no_data_value", "NoData")),
        ],
    )
    def test_declared_ones_are_missing_without_a_word(
        self, world: DatedCube, tmp_path: Path, key: str, owner: str
    ) -> None:
        data = bands_of(world.dataset(), lambda v: v.astype(np.int16).where(v != 0, -1111).astype(np.int16))
        for b in BANDS if owner == "variable" else []:
            data[b].attrs[key] = np.int16(-1111)
        if owner == "file":
            data.attrs[key] = -1111
        data.to_netcdf(tmp_path / "cube.nc")
        source, said = opened(tmp_path / "cube.nc")
        assert not said
        np.testing.assert_array_equal(months(source), world.months(2018))

    def test_the_user_may_declare_one(self, world: DatedCube) -> None:
        data = bands_of(world.dataset(), lambda v: v.astype(float).where(v != 0, -5555))
        source, said = opened(data, nodata=-5555)
        assert not said
        np.testing.assert_array_equal(months(source), world.months(2018))

    def test_zero_in_one_band_is_a_value_and_in_all_bands_none(self, world: DatedCube) -> None:
        values, scl = world.values.copy(), np.full_like(world.scl, 4)
        values[4:, 9] = 0
        source = tn.open_source(DatedCube(values, scl, world.times).dataset())
        looks = np.where((values == 0).all(axis=1, keepdims=True), np.nan, values.astype(np.float32))
        expected = monthly_medians(looks, world.times.astype("datetime64[D]"), 2018, scl)
        assert (expected[:, 9] == 0).any()
        assert np.isnan(expected).any()
        np.testing.assert_array_equal(months(source), expected)

    def test_small_negative_reflectance_is_a_value(self, world: DatedCube) -> None:
        data = bands_of(world.dataset(), lambda v: v.astype(np.int16).where(v == 0, v.astype(np.int16) - 150))
        expected = DatedCube(world.values, world.scl, world.times).months(2018) - 150
        np.testing.assert_array_equal(months(tn.open_source(data)), expected)

    @pytest.mark.parametrize("packed", [False, True])
    def test_zero_of_a_scaled_geotiff_without_nodata(self, tmp_path: Path, packed: bool) -> None:
        import rasterio

        rng = np.random.default_rng(0)
        dn = rng.integers(1100, 5000, (120, 3, 4)).astype(np.uint16)
        dn[:10] = 0  # January
        dn[30:40, 1, 2] = 0  # a hole in April
        profile = {
            "driver": "GTiff", "width": 4, "height": 3, "count": 120, "dtype": "uint16", "crs": "EPSG:32631",
            "transform": rasterio.transform.from_origin(600000, 5620000, 10, 10),
        }  # fmt: skip
        with rasterio.open(tmp_path / "scaled.tif", "w", **profile) as file:
            file.write(dn)
            file.descriptions = month_columns()
            file.scales, file.offsets = [1e-4] * 120, [-0.1] * 120
        source, said = opened(tmp_path / "scaled.tif")
        assert not said
        expected = np.where(dn == 0, np.nan, dn.astype(np.float32) - 1000).reshape(12, 10, 3, 4)
        np.testing.assert_allclose(months(source), expected, atol=0.01)
        assert source.pixel(*source_place(source, 1, 2)).missing == ("January", "April")
        assert source.pixel(*source_place(source, 0, 0)).provenance["offset"]["applied"]

    @pytest.mark.parametrize("value", [30000.0, -5000.0, 20001.0])
    def test_other_values_are_refused_by_name_where_they_are_clear(
        self, world: DatedCube, value: float
    ) -> None:
        values, scl = world.values.astype(np.float32), np.full_like(world.scl, 4)
        values[values == 0] = np.nan
        t = int(np.flatnonzero(np.isfinite(values[:, 0, 0, 0]))[0])
        values[t, 6, 0, 0] = value
        source = tn.open_source(DatedCube(values, scl, world.times).dataset())
        with pytest.raises(ValueError, match=rf"B8 is {value:g} on {str(world.times[t])[:10]}.*nodata="):
            source.pixel(*world.place(0, 0))
        with pytest.raises(ValueError, match=rf"B8 is {value:g}"):
            months(source)
        assert source.pixel(*world.place(0, 1)).valid.any()
        kept = tn.open_source(DatedCube(values, scl, world.times).dataset(), out_of_range="missing")
        without = values.copy()
        without[t, :, 0, 0] = 0
        expected = DatedCube(np.nan_to_num(without), scl, world.times).months(2018)
        np.testing.assert_array_equal(months(kept), expected)
        assert "1 observations" in str(kept.pixel(*world.place(0, 0)).provenance["left_out"])
        clouds = np.where(np.arange(20)[:, None, None] == t, 9, scl)  # under a cloud it is no matter
        cloudy = tn.open_source(DatedCube(values, clouds, world.times).dataset())
        clouded = DatedCube(np.nan_to_num(without), clouds, world.times)
        np.testing.assert_array_equal(months(cloudy), clouded.months(2018))

    def test_a_lazy_cube_refuses_too(self) -> None:
        world = dated_cube(dates=2, height=300, width=300)
        values, scl = world.values.astype(np.float32), np.full_like(world.scl, 4)
        values[0, 4, 290, 290] = 29000
        source = tn.open_source(DatedCube(values, scl, world.times).dataset())
        cube = source.cube(source.bounds)
        assert cube.chunks is not None
        with pytest.raises(ValueError, match="B6 is 29000 on"):
            cube.compute()

    @pytest.mark.parametrize(
        "stated", [{"processing_baseline": "05.09"}, {"offset": -1000}, "packed", "shares"]
    )
    def test_zero_in_one_band_is_missing_where_1000_is_added(
        self, world: DatedCube, raised: xr.Dataset, tmp_path: Path, stated: Any
    ) -> None:
        """Dark water stays above it: a reflectance of -0.1 would be the edge of a swath."""
        hole = xr.zeros_like(raised["B5"], dtype=bool)
        hole[5:, 1, 2] = True
        data = raised.assign({b: raised[b].where(~hole, 0) for b in ("B5", "B11")})
        data = bands_of(data, lambda v: v.astype(np.uint16))
        if stated == "packed":
            for b in BANDS:
                data[b].attrs |= {"scale_factor": 1e-4, "add_offset": -0.1}
            data.to_netcdf(tmp_path / "packed.nc")
            source = tn.open_source(tmp_path / "packed.nc")
        elif stated == "shares":
            source = tn.open_source(
                bands_of(data, lambda v: v / 10_000.0).assign_attrs(processing_baseline="05.09")
            )
        else:
            source = tn.open_source(data.assign_attrs(stated))
        values = world.values.copy()
        values[np.broadcast_to(hole.values[:, None], values.shape)] = 0
        expected = DatedCube(values, world.scl, world.times).months(2018)
        assert np.isnan(expected).sum() > np.isnan(world.months(2018)).sum()
        np.testing.assert_allclose(months(source), expected, atol=0.01)

    @pytest.mark.parametrize(
        ("key", "code"), [("nodatavals", (0.0,)), ("missing_value", -1), ("nodata", 20000)]
    )
    def test_attributes_of_data_in_memory_declare_it(self, world: DatedCube, key: str, code: Any) -> None:
        """As rasterio and older xarray leave them there."""
        values = world.values.astype(np.float32)
        values[values == 0] = np.nan
        expected = DatedCube(values.copy(), world.scl, world.times)
        values[3:9, 4, 1, 2] = np.ravel(code)[0]
        expected.values[3:9, :, 1, 2] = 0
        data = DatedCube(values, world.scl, world.times).dataset()
        source, said = opened(bands_of(data, lambda v: v.assign_attrs({key: code})))
        assert not said
        np.testing.assert_array_equal(months(source), expected.months(2018))

    def test_a_packing_that_fills_all_integers_has_no_codes_but_its_own(self, tmp_path: Path) -> None:
        """-9999 and -999 are good values there."""
        world = dated_cube(dates=6, height=40, width=40)
        rng = np.random.default_rng(0)
        values = rng.uniform(50, 5000, world.values.shape).astype(np.float32)
        cube = DatedCube(values, np.full_like(world.scl, 4), world.times)
        packing = {"dtype": "int16", "scale_factor": 0.5 / 65_000, "add_offset": 0.25, "_FillValue": -32768}
        data = bands_of(cube.dataset(), lambda v: v / 10_000)
        data.to_netcdf(tmp_path / "full.nc", encoding=dict.fromkeys(BANDS, packing))
        source, said = opened(tmp_path / "full.nc")
        found = months(source)
        assert not said
        np.testing.assert_allclose(found, cube.months(2018), atol=0.1)

    def test_an_absent_band_written_as_zeros_is_refused(self, world: DatedCube) -> None:
        data = world.dataset()
        with pytest.raises(ValueError, match="B8A holds nothing but 0"):
            tn.open_source(data.assign(B8A=data["B8A"] * 0))
        with pytest.raises(ValueError, match="B8A holds no value"):
            tn.open_source(data.assign(B8A=data["B8A"] * np.nan))

    def test_codes_divided_along_with_the_rest(self, world: DatedCube) -> None:
        data = bands_of(world.dataset(), lambda v: v.astype(np.float32).where(v != 0, -9999) / 10_000)
        source, said = opened(data)
        assert "memory: -9999 stands for no data" in said[0]
        np.testing.assert_allclose(months(source), world.months(2018), rtol=1e-5)
