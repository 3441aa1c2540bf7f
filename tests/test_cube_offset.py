"""The radiometric offset and packing of a cube: what is stated, what is off already, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from cube_files import bands_of, months, opened, small_world, with_offset
from dated_cube import DatedCube

import timesen_nb as tn
from timesen_nb.bands import BANDS

STATED = {
    "a baseline": {"processing_baseline": "05.09"},
    "as a number": {"s2:processing_baseline": 4.0},
    "of a product": {"product_uri": "S2A_MSIL2A_20220611T103631_N0400_R008_T31UES_20220611.SAFE"},
    "an offset": {"offset": -1000},
    "in reflectance": {"offset": -0.1},
    "by ESA's name": {"BOA_ADD_OFFSET": np.full(13, -1000)},
}


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return small_world()


@pytest.fixture(scope="module")
def raised(world: DatedCube) -> xr.Dataset:
    return with_offset(world)


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
