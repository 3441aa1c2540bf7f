"""When a cube was taken: stamps of overpasses, of composites, of time zones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from cube_files import opened, small_world
from dated_cube import DatedCube

import timesen_nb as tn
from timesen_nb.bands import BANDS
from timesen_nb.composite import monthly_medians


@pytest.fixture(scope="module")
def world() -> DatedCube:
    return small_world()


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
