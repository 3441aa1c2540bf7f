"""Folders of files, and years that monthly cubes state: in the right month of the right year, or refused in words."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr

import timesen_nb as tn
from timesen_nb.bands import BANDS, month_columns

PLACE = (3.0 + 1e-7, 50.8 - 1e-7)
#: B2 from January to December.
MONTHS = np.arange(400, 1600, 100)


def month(m: int) -> xr.Dataset:
    """A composite of 2 x 3 pixels without a date, 400 in January, 500 in February ..."""
    values = np.full((2, 3), 300.0 + 100 * m, np.float32)
    coords = {"lat": 50.8 - 1e-4 * np.arange(2), "lon": 3 + 1e-4 * np.arange(3)}
    return xr.Dataset(dict.fromkeys(BANDS, (("lat", "lon"), values)), coords)


def write_tiff(path: Path, values: np.ndarray, names: list[str], **tags: str) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", width=3, height=2, count=len(names), dtype="float32", crs="EPSG:4326",
        transform=rasterio.transform.from_origin(3 - 5e-5, 50.8 + 5e-5, 1e-4, 1e-4),
    ) as file:  # fmt: skip
        file.write(values)
        file.descriptions = names
        file.update_tags(**tags)


def blue(source: tn.Source, year: int = 2018) -> np.ndarray:
    return source.pixel(*PLACE, year).values[:, 0]


class TestYear:
    @pytest.mark.parametrize(
        "state",
        [
            lambda d: d.assign_coords(year=2021),
            lambda d: d.expand_dims(year=[2021]),
            lambda d: d.assign_coords(year=("month", [2021] * 12)),
            lambda d: d.assign_attrs(YEAR="2021"),
            lambda d: d.assign_attrs(Year=2021.0),
        ],
        ids=["a coordinate", "a dimension", "along the months", "text", "number"],
    )
    def test_a_monthly_cube_answers_for_the_year_that_it_says(
        self, tmp_path: Path, state: Callable[[xr.Dataset], xr.Dataset]
    ) -> None:
        data = state(xr.concat([month(m) for m in range(1, 13)], pd.Index(range(1, 13), name="month")))
        data.to_netcdf(tmp_path / "cube.nc")
        for given in (data, tmp_path / "cube.nc"):
            source = tn.open_source(given)
            assert tuple(source.years) == (2021,)
            np.testing.assert_array_equal(blue(source, 2021), MONTHS)
            with pytest.raises(ValueError, match=r"2018.*has 2021"):
                blue(source, 2018)

    def test_a_tag_of_a_geotiff_says_it(self, tmp_path: Path) -> None:
        values = np.repeat(MONTHS, 10).astype(np.float32)[:, None, None] + np.zeros((120, 2, 3), np.float32)
        write_tiff(tmp_path / "cube.tif", values, list(month_columns()), YEAR="2021")
        assert tuple(tn.open_source(tmp_path / "cube.tif").years) == (2021,)

    @pytest.mark.parametrize("how", ["coordinate", "attribute"])
    def test_months_of_two_years_are_refused(self, tmp_path: Path, how: str) -> None:
        for m in range(1, 13):
            said = {"year" if how == "coordinate" else "YEAR": 2017 if m > 6 else 2018}
            data = month(m).expand_dims(month=[m])
            data = data.assign_coords(said) if how == "coordinate" else data.assign_attrs(said)
            data.to_netcdf(tmp_path / f"{m}.nc")
        with pytest.raises(ValueError, match=r"months of 2 years \(2017, 2018\)"):
            tn.open_source(tmp_path)


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "cube_2018-{:02d}",
            "2018{:02d}15",
            "export_20240115_S2_2018-{:02d}",
            "S2_2018_{:02d}_v20180401",
            "flanders_10m_2018_{:02d}",
            "flanders_2018_{:02d}_10m",
            "2018_{:02d}m",
            "S2_2018{0:02d}01_2018{0:02d}28_median",
            "S2A_MSIL2A_2018{0:02d}05T105031_N0500_R051_T31UES_2023{0:02d}14T142030",
            "2018{0:02d}27T105031_2019{0:02d}02T105026_T31UES",
            "SENTINEL2A_2018{:02d}05-105850-463_L2A_T31UES_D",
        ],
    )
    def test_what_differs_says_the_month(self, tmp_path: Path, name: str) -> None:
        for m in range(1, 13):
            month(m).to_netcdf(tmp_path / f"{name.format(m)}.nc")
        source = tn.open_source(tmp_path)
        assert list(source.years) == [2018]
        np.testing.assert_array_equal(blue(source), MONTHS)

    @pytest.mark.parametrize(
        ("names", "words"),
        [
            (["flanders_2018_10m"], "its name none either"),
            (["flanders_2018_10m_m01", "flanders_2018_10m_m02"], "its name none either"),
            (["export_20240115_S2_2018-01"], r"several dates \(2024-01-15 and 2018-01\).*Rename"),
            (["S2_20180305_tile_20180402", "S2_20180309_tile_20180407"], "several dates"),
            (["v20240101_a", "v20240101_b", "v20240101_c"], "2024-01-01, as those of all other files"),
            (["S2_20180101_20181231_median"], "composite of 2018-01-01 to 2018-12-31.*model.encode"),
            (["S2_20180101T000000_20181231T235959"], "composite of 2018-01-01 to 2018-12-31"),
            (["S2_201801-201803", "S2_201804-201806"], "composite of 2018-01-01 to 2018-03-31"),
        ],
    )
    def test_names_that_do_not_say_one_month_are_refused(
        self, tmp_path: Path, names: list[str], words: str
    ) -> None:
        for m, name in enumerate(names, 1):
            month(m).to_netcdf(tmp_path / f"{name}.nc")
        with pytest.raises(ValueError, match=words):
            tn.open_source(tmp_path)


class TestStatements:
    """Files that state different things."""

    @pytest.mark.parametrize("how", ["attribute", "coordinate"])
    @pytest.mark.parametrize("first", [True, False])
    def test_a_baseline_in_some_files_only(self, tmp_path: Path, how: str, first: bool) -> None:
        for m in range(1, 13):
            late = (m <= 6) == first
            data = month(m).expand_dims(time=[np.datetime64(f"2022-{m:02d}-10T10:50", "ns")]) + 1000 * late
            if late and how == "attribute":
                data.attrs["processing_baseline"] = "04.00"
            elif late:
                data = data.assign_coords(processing_baseline="04.00", orbit=("time", [51]))
            data.to_netcdf(tmp_path / f"{m:02d}.nc")
        source = tn.open_source(tmp_path)
        np.testing.assert_array_equal(blue(source, 2022), MONTHS)
        assert "some dates state no baseline" in source.pixel(*PLACE, 2022).provenance["offset"]["rule"]

    @pytest.mark.parametrize(
        ("said", "others", "words"),
        [
            ({"nodata": 15000}, {}, "different numbers for no data"),
            ({"nodata": 15000}, {"nodata": 12000}, "different numbers for no data"),
            ({"units": "1"}, {"units": "%"}, r"different units \(%; 1\)"),
            ({}, {"units": "%"}, "its units are unknown"),
            ({}, {"processing_level": "Level-1C"}, "top-of-atmosphere"),
        ],
    )
    def test_different_meanings_are_refused(
        self, tmp_path: Path, said: dict, others: dict, words: str
    ) -> None:
        for m in range(1, 13):
            month(m).assign_attrs(said if m < 7 else others).to_netcdf(tmp_path / f"2018-{m:02d}.nc")
        with pytest.raises(ValueError, match=words):
            tn.open_source(tmp_path)

    def test_packing_with_an_offset_in_some_files_only_is_refused(self, tmp_path: Path) -> None:
        for m in range(1, 13):
            packing = {
                "dtype": "int16",
                "scale_factor": 1e-4,
                "add_offset": -0.1 * (m > 6),
                "_FillValue": -32768,
            }
            (month(m) / 10_000).to_netcdf(
                tmp_path / f"2018-{m:02d}.nc", encoding=dict.fromkeys(BANDS, packing)
            )
        with pytest.raises(ValueError, match="different packing with an offset"):
            tn.open_source(tmp_path)

    @pytest.mark.parametrize("code", [-9999, 0])
    def test_a_known_number_for_no_data_may_be_stated_in_some(self, tmp_path: Path, code: int) -> None:
        for m in range(1, 13):
            data = month(m).assign_attrs({"nodata": code} if m > 6 else {})
            data.to_netcdf(tmp_path / f"2018-{m:02d}.nc")
        np.testing.assert_array_equal(blue(tn.open_source(tmp_path)), MONTHS)

    def test_texts_with_a_zone_are_each_files_own(self, tmp_path: Path) -> None:
        for m, first in enumerate(
            pd.date_range("2018-01-01", periods=12, freq="MS", tz="Europe/Brussels"), 1
        ):
            month(m).expand_dims(time=[first.isoformat()]).to_netcdf(tmp_path / f"{m}.nc")
        np.testing.assert_array_equal(blue(tn.open_source(tmp_path)), MONTHS)

    def test_quality_files_beside_the_cubes_are_told(self, tmp_path: Path) -> None:
        values = np.full((10, 2, 3), 400, np.float32)
        write_tiff(tmp_path / "20180105_LEVEL2_SEN2A_BOA.tif", values, list(BANDS))
        write_tiff(tmp_path / "20180105_LEVEL2_SEN2A_QAI.tif", values[:1], ["QAI"])
        with pytest.raises(
            ValueError, match=r"QAI.tif in it: .*a layer beside one; move such files elsewhere"
        ):
            tn.open_source(tmp_path)
