"""Cubes as people have them: each gives the right values, or is refused in words, or says what is uncertain."""

import os
import pickle
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from affine import Affine
from dated_cube import LEFT, TOP, DatedCube, dated_cube
from pyproj import Transformer

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
FROM_CORNER = Affine(10, 0, LEFT, 0, -10, TOP)
FILLS = [-9999, -999, -32768, 65535, 1e20, 9.96921e36, np.finfo(np.float32).min, np.inf]


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return dated_cube(dates=20, height=4, width=6)


@pytest.fixture(scope="module")
def raised(world: DatedCube) -> xr.Dataset:
    """The cube as ESA stores it since 2022: 1000 added, 0 = no data."""
    return bands_of(world.dataset(), lambda v: v.where(v == 0, v + 1000))


def opened(data: Any, **options: Any) -> tuple[tn.Source, list[str]]:
    """The source, and what was warned of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        source = tn.open_source(data, **options)
    return source, [str(w.message) for w in said]


def months(source: tn.Source, year: int = 2018) -> np.ndarray:
    return source.cube(source.bounds, year).values


def bands_of(data: xr.Dataset, change: Callable[[xr.DataArray], Any]) -> xr.Dataset:
    """The dataset with something done to each band."""
    return data.assign({b: change(data[b]) for b in BANDS})


def monthly_stamps(lon: float, stamps: str) -> xr.Dataset:
    """Twelve composites 400, 500 ... 1500 near a longitude."""
    ends = {"firsts": "{:02d}-01", "firsts at night": "{:02d}-01T03:00", "middle": "{:02d}-15T12:00"}
    if stamps in ends:
        time = [f"2018-{ends[stamps].format(m)}" for m in range(1, 13)]
    else:
        last = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        time = [
            f"2018-{m:02d}-{d}{'T23:59:59' if stamps == 'last seconds' else ''}"
            for m, d in enumerate(last, 1)
        ]
    values = np.broadcast_to(np.arange(4, 16, dtype=np.float32)[:, None, None] * 100, (12, 2, 2)).copy()
    coords = {
        "time": np.array(time, dtype="datetime64[ns]"),
        "lat": [-10.0, -10.0001],
        "lon": [lon, lon + 1e-4],
    }
    return xr.Dataset(dict.fromkeys(BANDS, (("time", "lat", "lon"), values)), coords)


class TestTimeStamps:
    @pytest.mark.parametrize("stamps", ["firsts", "lasts", "last seconds", "middle"])
    @pytest.mark.parametrize("lon", [-179.0, -51.0, 0.0, 100.0, 178.0])
    def test_composites_stay_in_their_months(self, lon: float, stamps: str) -> None:
        source = tn.open_source(monthly_stamps(lon, stamps))
        assert list(source.years) == [2018]
        series = source.pixel(lon, -10.0)
        np.testing.assert_array_equal(series.values[:, 0], np.arange(400, 1600, 100))

    def test_midnight_of_a_time_zone_is_a_date(self) -> None:
        source = tn.open_source(monthly_stamps(-51.0, "firsts at night"))
        np.testing.assert_array_equal(source.pixel(-51.0, -10.0).values[:, 0], np.arange(400, 1600, 100))

    @pytest.mark.parametrize(
        ("zone", "lon"),
        [("Europe/Brussels", 4.0), ("Europe/London", -1.0), ("Asia/Kolkata", 80.0), ("Asia/Shanghai", 78.0),
         ("Australia/Sydney", 147.0), ("Pacific/Auckland", 177.0), ("America/Sao_Paulo", -51.0)],
    )  # fmt: skip
    @pytest.mark.parametrize("written", ["in UTC", "last seconds in UTC", "with its zone"])
    def test_midnights_of_a_time_zone_keep_the_date_there(self, zone: str, lon: float, written: str) -> None:
        firsts = pd.date_range("2018-01-01", periods=12, freq="MS", tz=zone)
        if written == "last seconds in UTC":
            firsts = (firsts.tz_localize(None) + pd.offsets.MonthBegin(1) - pd.Timedelta("1s")).tz_localize(
                zone
            )
        utc = firsts.tz_convert("UTC").tz_localize(None).to_numpy()
        time = [f.isoformat() for f in firsts] if written == "with its zone" else utc
        source, said = opened(monthly_stamps(lon, "firsts").assign_coords(time=time))
        assert (list(source.years), said) == ([2018], [])
        np.testing.assert_array_equal(source.pixel(lon, -10.0).values[:, 0], np.arange(400, 1600, 100))

    def test_dates_among_overpasses_stay(self) -> None:
        time = [f"2018-{m:02d}-{'01T00:00' if m in (3, 5) else '10T17:20'}" for m in range(1, 13)]
        data = monthly_stamps(-99.0, "firsts").assign_coords(time=np.array(time, dtype="datetime64[ns]"))
        values = tn.open_source(data).pixel(-99.0, -10.0).values
        np.testing.assert_array_equal(values[:, 0], np.arange(400, 1600, 100))

    def test_midnights_of_a_zone_far_away_are_said(self) -> None:
        utc = pd.date_range("2018-01-01", periods=12, freq="MS", tz="Europe/Brussels").tz_convert("UTC")
        data = monthly_stamps(-51.0, "firsts").assign_coords(time=utc.tz_localize(None).to_numpy())
        _, [said] = opened(data)
        assert "2017-12-31T23:00:00 are taken by their date in UTC" in said
        values = np.full((12, 10), 500.0)
        with pytest.warns(UserWarning, match=r"midnights of a time zone.*give dates without hours"):
            monthly_medians(values, utc, 2018)

    def test_one_date_alone_at_midnight_stays(self) -> None:
        source = tn.open_source(monthly_stamps(-51.0, "firsts").isel(time=0))
        assert np.flatnonzero(source.pixel(-51.0, -10.0).valid).tolist() == [0]

    def test_real_overpasses_keep_their_solar_day(self) -> None:
        data = monthly_stamps(178.0, "firsts").isel(time=[0, 1])
        data = data.assign_coords(
            time=np.array(["2018-01-31T22:40", "2018-03-31T22:40"], dtype="datetime64[ns]")
        )
        assert np.flatnonzero(tn.open_source(data).pixel(178.0, -10.0).valid).tolist() == [1, 3]

    def test_stated_periods_count_by_their_middle(self, tmp_path: Path) -> None:
        data = monthly_stamps(0.0, "firsts")
        starts = data["time"].values
        ends = np.append(starts[1:], np.datetime64("2019-01-01", "ns"))
        data = data.assign_coords(time=ends)
        data["time"].attrs["bounds"] = "time_bnds"
        data["time_bnds"] = (("time", "nv"), np.stack([starts, ends], axis=1))
        data["time"].encoding["units"] = "days since 2018-01-01"
        data.to_netcdf(tmp_path / "periods.nc")
        series = tn.open_source(tmp_path / "periods.nc").pixel(0.0, -10.0)
        np.testing.assert_array_equal(series.values[:, 0], np.arange(400, 1600, 100))

    @pytest.mark.parametrize("months", [12, 3])
    @pytest.mark.parametrize("alone", [True, False])
    def test_composites_of_more_than_a_month_are_refused(
        self, tmp_path: Path, months: int, alone: bool
    ) -> None:
        starts = pd.date_range("2018-01-01", periods=12 // months, freq=f"{months}MS")
        ends = starts + pd.DateOffset(months=months)
        data = monthly_stamps(0.0, "firsts").isel(time=slice(len(starts))).assign_coords(time=starts)
        data["time_bnds"] = (("time", "nv"), np.stack([starts, ends], axis=1))
        data["time"].attrs["bounds"] = "time_bnds"
        data = data.isel(time=0) if alone else data
        data["time"].encoding["units"] = "days since 2018-01-01"
        data.to_netcdf(tmp_path / "periods.nc")
        for given in (data, tmp_path / "periods.nc", tmp_path):
            with pytest.raises(
                ValueError,
                match=r"composite of 2018-0\d-01 to 201\d-\d\d-01.*a month is expected.*model.encode",
            ):
                tn.open_source(given)

    @pytest.mark.parametrize("texts", ["{:02d}-01", "{:02d}-01T10:30:00Z", "{:02d}-01T10:30:00+00:00"])
    def test_dates_as_texts(self, texts: str) -> None:
        data = monthly_stamps(0.0, "firsts")
        data = data.assign_coords(time=[f"2018-{texts.format(m)}" for m in range(1, 13)])
        series = tn.open_source(data).pixel(0.0, -10.0)
        np.testing.assert_array_equal(series.values[:, 0], np.arange(400, 1600, 100))
        data = data.assign_coords(time=[f"{m:02d}/03/2018" for m in range(1, 13)])
        with pytest.raises(ValueError, match="cannot be read as dates"):
            tn.open_source(data)

    @pytest.mark.parametrize(
        ("units", "calendar"), [("months since 2018-01-01", "standard"), ("days since 2018-01-01", "noleap"),
                                ("fortnights since spring", "standard")],
    )  # fmt: skip
    def test_time_that_cannot_be_read_is_told_by_its_units(
        self, tmp_path: Path, units: str, calendar: str
    ) -> None:
        data = monthly_stamps(0.0, "firsts").assign_coords(
            time=("time", np.arange(12), {"units": units, "calendar": calendar})
        )
        data.to_netcdf(tmp_path / "odd.nc")
        with pytest.raises(
            ValueError, match=f"time cannot be read: it is given as '{units}'.*days since 2018-01-01"
        ):
            tn.open_source(tmp_path / "odd.nc")


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


def source_place(source: Any, row: int, column: int) -> tuple[float, float]:
    """Longitude and latitude of a pixel's centre, by the cube's own coordinates."""
    cube = source.cube(source.bounds)
    to_degrees = Transformer.from_crs(cube.rio.crs, 4326, always_xy=True)
    return to_degrees.transform(float(cube.x[column]), float(cube.y[row]))


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


class TestNames:
    def test_bands_numbered_along_a_dimension_are_renamed_by_number(self, world: DatedCube) -> None:
        stack = world.dataset()[list(BANDS)].to_dataarray("band").assign_coords(band=np.arange(1, 11))
        source = tn.open_source(stack.assign_attrs(crs="EPSG:32631"), rename=dict(enumerate(BANDS, 1)))
        np.testing.assert_array_equal(source.pixel(*world.place(0, 0)).values.shape, (12, 10))
        with pytest.raises(ValueError, match="rename= has 11, which it does not hold"):
            tn.open_source(stack, rename={11: "B2"})

    @pytest.mark.parametrize("months", [False, True])
    def test_near_infrared_of_force(self, tmp_path: Path, months: bool) -> None:
        import rasterio

        names = [
            "BLUE",
            "GREEN",
            "RED",
            "REDEDGE1",
            "REDEDGE2",
            "REDEDGE3",
            "BROADNIR",
            "NIR",
            "SWIR1",
            "SWIR2",
        ]
        folder = tmp_path / "force"
        folder.mkdir()
        profile = {
            "driver": "GTiff", "width": 4, "height": 3, "dtype": "int16", "crs": "EPSG:32631",
            "transform": rasterio.transform.from_origin(600000, 5620000, 10, 10),
        }  # fmt: skip

        def write(path: Path, described: list[str]) -> None:
            values = np.arange(1, len(described) + 1, dtype=np.int16)[:, None, None] * 30 + np.zeros(
                (3, 4), np.int16
            )
            with rasterio.open(path, "w", count=len(described), **profile) as file:
                file.write(values + 270)
                file.descriptions = described

        path = folder / "20180705_LEVEL2_SEN2A_BOA.tif"
        write(path, [f"{n}_m07" for n in names] if months else names)
        series = tn.open_source(path if months else folder).pixel(*dated_cube(height=4, width=4).place(1, 1))
        np.testing.assert_array_equal(series.values[6], np.arange(300, 600, 30))
        write(path, names[:9])
        with pytest.raises(ValueError, match=r"bands given: BLUE, .*BROADNIR.*missing B12"):
            tn.open_source(folder)

    @pytest.mark.parametrize("style", ["S2-L2A-{}", "{}_{}m", "SR_{}", "s2_{}", "BOA {}", "{} ({}m"])
    def test_products_names_of_bands(self, world: DatedCube, style: str) -> None:
        names = {
            b: style.format(f"B{b[1:]:0>2}" if b != "B8A" else b, 20 if b in ("B5", "B8A") else 10)
            for b in BANDS
        }
        names["SCL"] = style.format("SCL", 20)
        if style == "{} ({}m":
            with pytest.raises(ValueError, match=r"missing B2|has no bands"):
                tn.open_source(world.dataset().rename(names))
            names = {b: b for b in names}
        source = tn.open_source(world.dataset().rename(names))
        assert "SCL" not in source.name
        np.testing.assert_array_equal(months(source), world.months(2018))

    @pytest.mark.parametrize("name", ["scl", "Scl", "SCL", "SCL_20m", "scene_classification"])
    @pytest.mark.parametrize("along", [True, False], ids=["band dimension", "variable"])
    def test_scene_classes_are_used_however_they_are_written(
        self, world: DatedCube, name: str, along: bool
    ) -> None:
        data = world.dataset().rename(SCL=name)
        if along:
            data = data.to_dataarray("band").to_dataset(name="s2").assign_attrs(crs="EPSG:32631")
        np.testing.assert_array_equal(months(tn.open_source(data)), world.months(2018))

    def test_the_finest_of_several_pixel_sizes_counts(self, world: DatedCube) -> None:
        data = world.dataset().rename(B2="B02_10m")
        data["B02_20m"] = data["B02_10m"] * 0 + 9
        np.testing.assert_array_equal(months(tn.open_source(data)), world.months(2018))

    def test_rename(self, world: DatedCube, tmp_path: Path) -> None:
        own = {f"refl_{i}": b for i, b in enumerate(BANDS)} | {"klassen": "SCL"}
        data = world.dataset().rename({b: n for n, b in own.items()})
        with pytest.raises(ValueError, match="rename="):
            tn.open_source(data)
        np.testing.assert_array_equal(months(tn.open_source(data, rename=own)), world.months(2018))
        stacked = data.to_dataarray("band").to_dataset(name="s2").assign_attrs(crs="EPSG:32631")
        np.testing.assert_array_equal(months(tn.open_source(stacked, rename=own)), world.months(2018))
        with pytest.raises(ValueError, match="rename= has nir, which it does not hold; it holds"):
            tn.open_source(data, rename={"nir": "B8"})

    def test_names_of_another_quantity_are_no_bands(self, world: DatedCube) -> None:
        data = world.dataset()
        data["std_B2"], data["count_B2"] = data["B2"] * 0 + 1, data["B2"] * 0 + 1
        np.testing.assert_array_equal(months(tn.open_source(data)), world.months(2018))
        with pytest.raises(ValueError, match="no bands"):
            tn.open_source(world.dataset().rename({b: f"S2-L1C-{b}" for b in BANDS}))

    @pytest.mark.parametrize("kind", ["each band", "the file"])
    def test_names_in_the_description_tag_of_a_geotiff(self, tmp_path: Path, kind: str) -> None:
        import rasterio

        names = [f"{b}_m{m:02d}" for b in BANDS for m in range(1, 13)]
        values = (
            np.arange(120, dtype=np.float32)[:, None, None] * 10 + 300 + np.zeros((120, 2, 3), np.float32)
        )
        transform = rasterio.transform.from_origin(600000, 5620000, 10, 10)
        with rasterio.open(
            tmp_path / "m.tif", "w", driver="GTiff", width=3, height=2, count=120, dtype="float32",
            crs="EPSG:32631", transform=transform,
        ) as file:  # fmt: skip
            file.write(values)
            for i, name in enumerate(names, 1):
                if kind == "each band":
                    file.update_tags(i, DESCRIPTION=name)
            if kind == "the file":
                file.update_tags(DESCRIPTION=", ".join(names))
        expected = values.reshape(10, 12, 2, 3).swapaxes(0, 1)
        np.testing.assert_array_equal(months(tn.open_source(tmp_path / "m.tif")), expected)


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


class TestOpening:
    def test_what_is_in_memory(self, world: DatedCube) -> None:
        data = world.dataset()
        np.testing.assert_array_equal(months(tn.open_source(data)), world.months(2018))
        array = data.drop_vars("SCL").to_dataarray("band").assign_attrs(crs="EPSG:32631")
        source = tn.open_source(array)
        assert "in memory" in source.name
        assert "no SCL" in source.name
        again = pickle.loads(pickle.dumps(source))
        np.testing.assert_array_equal(months(again), months(source))
        cube = tn.open_source(data).cube(tn.open_source(data).bounds)
        np.testing.assert_array_equal(months(tn.open_source(cube)), world.months(2018))
        with pytest.raises(ValueError, match="a dict; expected"):
            tn.open_source({})

    def test_a_path_from_home(
        self, world: DatedCube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        world.write(tmp_path / "cube.nc")
        np.testing.assert_array_equal(months(tn.open_source("~/cube.nc")), world.months(2018))

    @pytest.mark.parametrize("kind", ["dates", "months in names", "dates in names"])
    def test_a_folder_of_files(self, world: DatedCube, tmp_path: Path, kind: str) -> None:
        data = world.dataset()
        if kind == "dates":
            for m, part in data.groupby("time.month"):
                part.to_netcdf(tmp_path / f"part{12 - m}.nc")
        elif kind == "dates in names":
            for t, stamp in enumerate(data["time"].dt.strftime("%Y%m%d").values):
                data.isel(time=t, drop=True).to_netcdf(tmp_path / f"S2_{stamp}.nc")
        else:
            composites = tn.open_source(data).cube(tn.open_source(data).bounds).to_dataset("band")
            for m in range(1, 13):
                part = composites.sel(month=m, drop=True)
                part.attrs.clear()
                part.to_netcdf(tmp_path / f"median_2018-{m:02d}.nc")
        source = tn.open_source(tmp_path)
        assert list(source.years) == [2018]
        np.testing.assert_array_equal(months(source), world.months(2018))

    @pytest.mark.parametrize("dated", ["in the file", "by its name"])
    def test_a_folder_is_opened_once_read_in_parts_and_let_go_of(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dated: str
    ) -> None:
        world = dated_cube(dates=4, height=4, width=1200)
        world.scl[:] = 4
        data = world.dataset().isel(y=[1] * 400).assign_coords(y=5_620_000.0 - 10 * np.arange(400))
        for t, part in data.groupby("time"):
            part.squeeze("time", drop=dated == "by its name").to_netcdf(tmp_path / f"{str(t)[:10]}.nc")
        calls: list[str] = []
        open_dataset = xr.open_dataset
        monkeypatch.setattr(xr, "open_dataset", lambda *a, **k: calls.append("") or open_dataset(*a, **k))
        tracemalloc.start()
        source = tn.open_source(tmp_path)
        assert len(calls) == 4
        for column in (3, 130, 1130):
            np.testing.assert_array_equal(
                source.pixel(*world.place(200, column)).values, world.months(2018)[:, :, 1, column]
            )
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # a date is 10 MB, and a block of the year 2 MB
        assert most < 20e6
        assert len(calls) == 4
        assert not [fd for fd in Path("/proc/self/fd").iterdir() if str(tmp_path) in os.path.realpath(fd)]
        there = world.place(200, 3)
        np.testing.assert_array_equal(
            pickle.loads(pickle.dumps(source)).pixel(*there).values, source.pixel(*there).values
        )
        data.isel(time=[0]).to_netcdf(next(tmp_path.iterdir()))
        with pytest.raises(ValueError, match="written again or moved"):
            source.pixel(*world.place(399, 0))

    def test_a_folder_of_files_that_do_not_fit(self, world: DatedCube, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="folder without a cube"):
            tn.open_source(tmp_path)
        data = world.dataset()
        data.isel(time=[0]).to_netcdf(tmp_path / "a.nc")
        data.isel(time=[1], x=slice(1, None)).to_netcdf(tmp_path / "b.nc")
        with pytest.raises(ValueError, match="expected the same grid"):
            tn.open_source(tmp_path)
        data.isel(time=[1]).assign_attrs(crs="EPSG:32632").to_netcdf(tmp_path / "b.nc")
        with pytest.raises(ValueError, match="different coordinate systems"):
            tn.open_source(tmp_path)
        (tmp_path / "b.nc").write_text("<html>not here</html>")
        with pytest.raises(ValueError, match=r"b\.nc in it: it is a web page"):
            tn.open_source(tmp_path)

    def test_files_of_a_folder_have_their_own_baseline(self, world: DatedCube, tmp_path: Path) -> None:
        data = world.dataset()
        raised = bands_of(data, lambda v: v.where(v == 0, v + 1000))
        data.isel(time=slice(10)).assign_attrs(processing_baseline="02.07").to_netcdf(tmp_path / "a.nc")
        raised.isel(time=slice(10, None)).assign_attrs(processing_baseline="05.09").to_netcdf(
            tmp_path / "b.nc"
        )
        np.testing.assert_array_equal(months(tn.open_source(tmp_path)), world.months(2018))

    @pytest.mark.parametrize("ending", [".nc", ".zarr", "3.nc"])
    def test_a_file_may_be_written_again_while_it_is_open(
        self, world: DatedCube, tmp_path: Path, ending: str
    ) -> None:
        def write(values: np.ndarray) -> Path:
            path = tmp_path / f"cube{ending}"
            data = DatedCube(values, world.scl, world.times).dataset()
            if ending == ".zarr":
                data.to_zarr(path, consolidated=False, mode="w")
            elif ending == "3.nc":
                data.astype("int32").to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
            else:
                data.to_netcdf(path)
            return path

        source = tn.open_source(write(world.values))
        assert source.pixel(*world.place(0, 0)).valid.any()
        again = tn.open_source(write(np.where(world.values == 0, 0, world.values + 7)))
        with pytest.raises(ValueError, match=r"written again or moved since it was opened. Open it again"):
            source.pixel(*world.place(3, 3))
        np.testing.assert_array_equal(months(again), world.months(2018) + 7)

    def test_a_codec_that_is_not_installed(self, world: DatedCube, tmp_path: Path) -> None:
        path = world.write(tmp_path / "cube.zarr")
        for meta in path.rglob("zarr.json"):
            meta.write_text(meta.read_text().replace('"zstd"', '"pcodec_x"'))
        with pytest.raises(ValueError, match=r"needs a codec that is not installed.*pcodec_x"):
            tn.open_source(path)

    @pytest.mark.parametrize("ending", [".nc", ".zarr"])
    def test_groups_are_named(self, world: DatedCube, tmp_path: Path, ending: str) -> None:
        path, data = tmp_path / f"cube{ending}", world.dataset()
        for i, name in enumerate(("farm", "forest")):
            if ending == ".nc":
                data.to_netcdf(path, group=name, mode="a" if i else "w")
            else:
                data.to_zarr(path, group=name, consolidated=False, mode="a")
        with pytest.raises(ValueError, match=r"groups farm, forest.*group='farm'"):
            tn.open_source(path)
        with pytest.raises(ValueError, match=r"group='lake' was given; it has farm, forest"):
            tn.open_source(path, group="lake")
        np.testing.assert_array_equal(months(tn.open_source(path, group="forest")), world.months(2018))

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS pointer.*git lfs pull"),
            (b"\n<!DOCTYPE html><html>Sign in</html>", "a web page"),
            (b"<?xml version='1.0'?><Error/>", "XML"),
            (b"PK\x03\x04abc", "zip archive"),
            (b"\x1f\x8b\x08abc", "gzip"),
            (b'{"error": "no"}', "JSON"),
            (b"", "it is empty"),
        ],
    )
    @pytest.mark.parametrize("ending", [".nc", ".tif"])
    def test_what_lies_in_a_cubes_place_is_named(
        self, tmp_path: Path, ending: str, content: bytes, words: str
    ) -> None:
        (tmp_path / f"cube{ending}").write_bytes(content)
        with pytest.raises(ValueError, match=f"(?s){words}"):
            tn.open_source(tmp_path / f"cube{ending}")


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
