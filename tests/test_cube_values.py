"""What a cube's numbers mean: no data, the radiometric offset, scales, and where they came from."""

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

STATED = {
    "a baseline": {"processing_baseline": "05.09"},
    "as a number": {"s2:processing_baseline": 4.0},
    "of a product": {"product_uri": "S2A_MSIL2A_20220611T103631_N0400_R008_T31UES_20220611.SAFE"},
    "an offset": {"offset": -1000},
    "in reflectance": {"offset": -0.1},
    "by ESA's name": {"BOA_ADD_OFFSET": np.full(13, -1000)},
}
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


class TestOffset:
    @pytest.mark.parametrize("stated", STATED.values(), ids=STATED)
    @pytest.mark.parametrize("where", ["file", "bands", "coordinate"])
    def test_what_is_stated_is_applied(
        self, world: DatedCube, raised: xr.Dataset, tmp_path: Path, stated: dict, where: str
    ) -> None:
        data = raised.copy()
        if where == "file":
            data = data.assign_attrs(stated)
        elif where == "bands":
            data = bands_of(data, lambda v: v.assign_attrs(stated))
        else:
            key, value = next(iter(stated.items()))
            data = data.assign_coords({key: ("time", np.full(data.sizes["time"], np.ravel(value)[0]))})
        data.to_netcdf(tmp_path / "cube.nc")
        source, said = opened(tmp_path / "cube.nc")
        assert not said
        np.testing.assert_array_equal(months(source), world.months(2018))
        assert source.pixel(*world.place(0, 0)).provenance["offset"]["applied"] is True

    def test_each_date_has_its_own_baseline(self, world: DatedCube, raised: xr.Dataset) -> None:
        late = np.arange(raised.sizes["time"]) % 2 == 1
        mixed = raised.where(xr.DataArray(late, dims="time"), world.dataset()).assign(SCL=raised["SCL"])
        data = mixed.assign_coords(baseline=("time", np.where(late, "05.09", "02.07")))
        source = tn.open_source(data)
        np.testing.assert_array_equal(months(source), world.months(2018))
        assert source.pixel(*world.place(0, 0)).provenance["baselines"] == ["02.07", "05.09"]

    @pytest.mark.parametrize("applied", [True, "true", "True", 1])
    def test_what_is_off_already_is_not_taken_off_twice(self, world: DatedCube, applied: object) -> None:
        data = world.dataset().assign_coords(
            {"s2:processing_baseline": "05.09", "earthsearch:boa_offset_applied": ("time", [applied] * 20)}
        )
        np.testing.assert_array_equal(months(tn.open_source(data)), world.months(2018))

    def test_a_baseline_that_values_contradict_takes_nothing_off_and_says_so(self, world: DatedCube) -> None:
        source = tn.open_source(world.dataset().assign_attrs(processing_baseline="05.09"))
        np.testing.assert_array_equal(months(source), world.months(2018))
        offset = source.pixel(*world.place(0, 0)).provenance["offset"]
        assert not offset["applied"]
        assert "off already" in offset["rule"]

    def test_packing_has_taken_it_off(self, world: DatedCube, raised: xr.Dataset, tmp_path: Path) -> None:
        data = bands_of(raised, lambda v: v.astype(np.uint16))
        for b in BANDS:
            data[b].attrs |= {"scale_factor": 1e-4, "add_offset": -0.1, "processing_baseline": "05.09"}
        data.to_netcdf(tmp_path / "packed.nc")
        source, said = opened(tmp_path / "packed.nc")
        assert not said
        np.testing.assert_allclose(months(source), world.months(2018), atol=0.01)

    def test_packing_that_fills_all_integers_takes_nothing_off(
        self, world: DatedCube, raised: xr.Dataset, tmp_path: Path
    ) -> None:
        """As files are made small: between the lowest and the highest value, whatever they mean."""
        shares = bands_of(raised, lambda v: v.where(v != 0) / 10_000.0)
        packing = {"dtype": "int16", "scale_factor": 0.7 / 65_000, "add_offset": 0.35, "_FillValue": -32768}
        for stated, rest in (({"processing_baseline": "05.09"}, 0), ({}, 1000)):
            shares.assign_attrs(stated).to_netcdf(tmp_path / "c.nc", encoding=dict.fromkeys(BANDS, packing))
            source, said = opened(tmp_path / "c.nc")
            assert [("may still be on" in text) for text in said] == [True] * (rest > 0)
            np.testing.assert_allclose(months(source), world.months(2018) + rest, atol=0.1)
            assert source.pixel(*world.place(0, 0)).provenance["offset"]["applied"] is (rest == 0)

    def test_packing_of_some_bands_is_not_taken_for_all(self, raised: xr.Dataset, tmp_path: Path) -> None:
        data = bands_of(raised, lambda v: v.astype(np.uint16))
        for b in BANDS:
            data[b].attrs |= {"scale_factor": 1e-4, "add_offset": -0.1 if b != "B5" else 0.0}
        data.to_netcdf(tmp_path / "packed.nc")
        with pytest.raises(ValueError, match=r"takes the radiometric offset off in B2, B3, B4, B6.* alone"):
            tn.open_source(tmp_path / "packed.nc")

    def test_an_offset_that_is_off_already_is_not_taken_off_twice(self, world: DatedCube) -> None:
        """Attributes stay where values were converted."""
        shares = bands_of(world.dataset(), lambda v: v / 10_000.0)
        bright = bands_of(world.dataset(), lambda v: (v + 500.0).where(v != 0) / 10_000)
        for data, stated, said in (
            (shares, {"offset": -0.1}, "states the radiometric offset offset -1000, but"),
            (bright, {"scale": 1e-4, "offset": -0.1}, "scale 0.0001 and offset, which may have been applied"),
        ):
            with pytest.raises(ValueError, match=said):
                tn.open_source(bands_of(data, lambda v, stated=stated: v.assign_attrs(stated)))
            read = tn.open_source(data.assign_attrs(stated), offset=0)
            np.testing.assert_allclose(months(read), months(tn.open_source(data)))

    @pytest.mark.parametrize(
        "stated",
        [{"units": "1e-3"}, {"units": "0.001"}, {"units": "reflectance x 1000"}, {"units": "10^-3"}, {"scale": 0.001},
         {"quantification_value": 1000}, {"BOA_QUANTIFICATION_VALUE": "1000"}],
        ids=str,
    )  # fmt: skip
    def test_values_times_1000_are_refused(self, world: DatedCube, stated: dict[str, Any]) -> None:
        data = bands_of(world.dataset(), lambda v: (v / 10).astype(np.int16))
        for given in (data.assign_attrs(stated), bands_of(data, lambda v: v.assign_attrs(stated))):
            with pytest.raises(ValueError, match=r"1e-3|0\.001|1000|10\^-3"):
                tn.open_source(given)

    @pytest.mark.parametrize(
        "stated",
        [{"units": "1e-4"}, {"units": "0.0001"}, {"units": "reflectance x 10000"}, {"units": "10^4"}, {"units": "1"},
         {"quantification_value": "10000"}, {"scale": 1e-4}, {"scale": 10}],
        ids=str,
    )  # fmt: skip
    def test_scales_that_say_what_is_there_are_read(self, world: DatedCube, stated: dict[str, Any]) -> None:
        np.testing.assert_array_equal(
            months(tn.open_source(world.dataset().assign_attrs(stated))), world.months(2018)
        )

    def test_packing_that_was_not_applied_is_refused(self, world: DatedCube, raised: xr.Dataset) -> None:
        """As rioxarray opens a GeoTIFF, and xarray without mask_and_scale."""
        for packing in ({"scale_factor": 1e-4, "add_offset": -0.1}, {"scale_factor": 5e-5}):
            with pytest.raises(ValueError, match="as attributes, which are not applied"):
                tn.open_source(raised.assign_attrs(packing))
            data = raised.copy()
            data["B8"].attrs |= packing
            with pytest.raises(ValueError, match="B8 has scale_factor"):
                tn.open_source(data)
        same = tn.open_source(world.dataset().assign_attrs(scale_factor=1e-4, add_offset=0.0))
        np.testing.assert_array_equal(months(same), world.months(2018))

    def test_baselines_in_a_list_are_of_nobodys_dates(self, raised: xr.Dataset) -> None:
        of_dates = ["02.12"] * 10 + ["05.09"] * 10
        with pytest.raises(ValueError, match=r"processing_baseline \['02.12', .* a coordinate along time"):
            tn.open_source(raised.assign_attrs(processing_baseline=of_dates))

    def test_where_nothing_is_stated_it_is_said_and_nothing_is_taken_off(
        self, world: DatedCube, raised: xr.Dataset
    ) -> None:
        data = raised.assign_coords(time=raised["time"] + np.timedelta64(365 * 5 + 1, "D"))
        source, said = opened(data)
        assert len(said) == 1
        assert "offset=-1000" in said[0]
        assert "perhaps still on" in source.name
        year = source.years[-1]
        place = world.place(0, 0)
        assert "may still be on" in source.pixel(*place, year=year).provenance["offset"]["rule"]
        off, silent = opened(data, offset=-1000)
        assert not silent
        assert "perhaps" not in off.name
        np.testing.assert_array_equal(months(source, year) - 1000, months(off, year))
        kept, silent = opened(data, offset=0)
        assert not silent
        np.testing.assert_array_equal(months(source, year), months(kept, year))

    @pytest.mark.parametrize("offset", [1000, 0.1, -5000, "much"])
    def test_offsets_that_are_none_are_refused(self, raised: xr.Dataset, offset: Any) -> None:
        with pytest.raises(ValueError, match=r"radiometric offset is given as offset= .*offset=-1000"):
            tn.open_source(raised, offset=offset)
        with pytest.raises(ValueError, match="radiometric offset is given as offset"):
            tn.open_source(raised.assign_attrs(offset=offset))

    def test_level_1c_is_refused(self, world: DatedCube) -> None:
        with pytest.raises(ValueError, match="top-of-atmosphere"):
            tn.open_source(world.dataset().assign_attrs(processing_level="Level-1C"))


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
