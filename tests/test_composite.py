"""Monthly medians: answers worked out by hand, and what must hold for any looks."""

from contextlib import nullcontext

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from timesen_nb.bands import BANDS
from timesen_nb.composite import (
    MASKED,
    annual,
    clear,
    medians_by_month,
    monthly_cube,
    monthly_medians,
    quarters,
    solar_days,
)


def looks(*values: float) -> np.ndarray:
    """(t, 10): one reflectance a look, the same in every band."""
    return np.repeat(np.array(values, dtype=np.float32)[:, None], len(BANDS), axis=1)


def days(*given: str) -> np.ndarray:
    return np.array(given, dtype="datetime64[D]")


def test_a_month_is_the_median_of_its_clear_looks() -> None:
    values = looks(100, 300, 200, 9000, 700, 500)
    when = days("2018-03-02", "2018-03-12", "2018-03-22", "2018-03-27", "2018-05-01", "2018-05-31")
    scl = np.array([4, 5, 7, 9, 4, 4])
    months = monthly_medians(values, when, 2018, scl)
    assert months[2].tolist() == [200] * 10
    assert months[4].tolist() == [600] * 10
    assert np.isnan(np.delete(months, [2, 4], axis=0)).all()


@pytest.mark.parametrize("scene_class", range(12))
def test_every_scene_class_is_kept_or_left_out_as_listed(scene_class: int) -> None:
    months = monthly_medians(looks(100), days("2018-01-05"), 2018, np.array([scene_class]))
    assert np.isnan(months[0]).all() == (scene_class in MASKED)


def test_cloud_shadow_and_snow_are_left_out_and_water_is_kept() -> None:
    assert clear(np.array([3, 8, 9, 10, 11, 0, 1])).tolist() == [False] * 7
    assert clear(np.array([2, 4, 5, 6, 7])).tolist() == [True] * 5
    assert not clear(np.array([np.nan]))[0]


def test_looks_of_one_day_count_once() -> None:
    values = looks(100, 100, 100, 700, 900)
    when = days("2018-06-01", "2018-06-01", "2018-06-01", "2018-06-11", "2018-06-21")
    assert monthly_medians(values, when, 2018, np.full(5, 4))[5, 0] == 700


def test_the_second_tile_of_a_day_shows_where_the_first_has_no_data() -> None:
    values = np.stack([looks(np.nan, 300), looks(500, 400)], axis=-1)  # two pixels
    when = days("2018-06-01", "2018-06-01")
    months = monthly_medians(values, when, 2018, np.full((2, 2), 4))
    assert months[5, 0].tolist() == [300, 500]


def test_the_class_goes_with_the_look_that_shows() -> None:
    values = looks(np.nan, 300)
    when = days("2018-06-01", "2018-06-01")
    assert monthly_medians(values, when, 2018, np.array([4, 9]))[5, 0] != 300
    assert monthly_medians(values, when, 2018, np.array([9, 4]))[5, 0] == 300


def test_a_look_without_one_band_is_no_look() -> None:
    values = looks(100, 900)
    values[0, 7] = np.nan
    months = monthly_medians(values, days("2018-02-01", "2018-02-03"), 2018)
    assert months[1].tolist() == [900] * 10


def test_other_years_are_left_out() -> None:
    when = days("2017-12-31", "2018-01-01", "2018-12-31", "2019-01-01")
    months = monthly_medians(looks(1, 2, 3, 4), when, 2018)
    assert months[0, 0] == 2
    assert months[11, 0] == 3
    assert np.isnan(months[1:11]).all()


def test_a_year_without_any_look_has_twelve_missing_months() -> None:
    assert np.isnan(monthly_medians(looks(1), days("2017-05-05"), 2018)).all()
    assert monthly_medians(np.empty((0, 10, 2, 3)), days(), 2018).shape == (12, 10, 2, 3)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3, 9\).*expected \(dates, 10, \.\.\.\)"):
        monthly_medians(np.zeros((3, 9)), days("2018-01-01", "2018-01-02", "2018-01-03"), 2018)


@pytest.mark.parametrize(
    ("utc", "lon", "day"),
    [
        ("2018-06-01T23:50", 178.0, "2018-06-02"),  # Fiji: morning there, evening in Greenwich
        ("2018-06-01T00:10", -178.0, "2018-05-31"),
        ("2018-06-01T10:53", 3.0, "2018-06-01"),
    ],
)
def test_a_day_is_the_day_at_the_place(utc: str, lon: float, day: str) -> None:
    assert solar_days(np.array([utc], dtype="datetime64[s]"), lon) == days(day)


some = arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.just(10)),
    elements=st.one_of(st.just(np.nan), st.floats(1, 12000, width=32)),
)


@given(some, st.randoms(use_true_random=False))
def test_the_order_of_looks_on_different_days_does_not_matter(values: np.ndarray, random) -> None:
    when = np.datetime64("2018-04-01") + np.arange(len(values)) * 3
    shuffled = list(range(len(values)))
    random.shuffle(shuffled)
    np.testing.assert_array_equal(
        monthly_medians(values, when, 2018), monthly_medians(values[shuffled], when[shuffled], 2018)
    )


@given(some)
def test_medians_agree_with_numpy_and_months_have_ten_bands_or_none(values: np.ndarray) -> None:
    when = np.datetime64("2018-04-01") + np.arange(len(values)) * 3
    months = monthly_medians(values, when, 2018)
    whole = values[np.isfinite(values).all(axis=1)]
    if len(whole):
        np.testing.assert_allclose(months[3], np.median(whole.astype(float), axis=0), rtol=1e-6)
    gaps = np.isnan(months)
    assert (gaps.all(axis=1) == gaps.any(axis=1)).all()


def test_a_lazy_cube_gives_what_its_pixels_give() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(100, 5000, (30, 10, 6, 5)).astype(np.float32)
    values[:, 3][rng.random((30, 6, 5)) < 0.2] = np.nan
    scl = rng.integers(0, 12, (30, 6, 5))
    when = np.datetime64("2018-01-01") + np.sort(rng.integers(0, 365, 30))
    coords = {"time": when.astype("datetime64[ns]"), "band": list(BANDS)}
    cube = xr.DataArray(values, coords, ("time", "band", "y", "x"))
    classes = xr.DataArray(scl, {"time": coords["time"]}, ("time", "y", "x"))
    lazy = monthly_cube(cube.chunk(time=7, y=4, x=2), 2018, classes.chunk(y=3))
    assert lazy.chunks is not None
    assert lazy.dims == ("month", "band", "y", "x")
    assert lazy["month"].values.tolist() == list(range(1, 13))
    assert lazy["band"].values.tolist() == list(BANDS)
    np.testing.assert_array_equal(lazy.values, monthly_cube(cube, 2018, classes).values)
    for y, x in [(0, 0), (5, 4), (2, 3)]:
        pixel = monthly_medians(values[:, :, y, x], when, 2018, scl[:, y, x])
        np.testing.assert_array_equal(lazy.values[:, :, y, x], pixel)


def test_a_cube_is_read_by_the_names_of_its_bands_and_the_places_of_its_classes() -> None:
    rng = np.random.default_rng(0)
    when = np.datetime64("2018-01-05", "ns") + np.arange(20) * np.timedelta64(17, "D")
    coords = {"time": when, "band": list(BANDS), "y": [5e6, 5e6 - 10, 5e6 - 20], "x": [6e5, 6e5 + 10]}
    cube = xr.DataArray(rng.uniform(100, 5000, (20, 10, 3, 2)), coords, ("time", "band", "y", "x"))
    classes = cube[:, 0].drop_vars("band").copy(data=rng.choice([4, 9], (20, 3, 2)))
    known = monthly_cube(cube, 2018, classes)
    xr.testing.assert_equal(known, monthly_cube(cube[:, ::-1], 2018, classes))
    xr.testing.assert_equal(known, monthly_cube(cube[::-1], 2018, classes[::-1]))
    more = xr.concat([cube[:, :1].assign_coords(band=["B1"]), cube], "band")
    xr.testing.assert_equal(known, monthly_cube(more, 2018, classes.assign_coords(x=classes.x + 1e-6)))
    for other, axis in [(classes[::-1], "time"), (classes[:, ::-1], "y"), (classes[..., :1], "x")]:
        with pytest.raises(ValueError, match=f"another {axis} than the observations.*reindex_like"):
            monthly_cube(cube, 2018, other)
        xr.testing.assert_equal(known[..., :1], monthly_cube(cube, 2018, other.reindex_like(cube))[..., :1])
    with pytest.raises(ValueError, match="missing B2"):
        monthly_cube(cube[:, 1:], 2018, classes)


@pytest.mark.parametrize("numbers", [[20180531], [151], [1527724800], [5.0]])
def test_days_that_are_numbers_are_refused(numbers: list[float]) -> None:
    with pytest.raises(ValueError, match="the days given are numbers"):
        monthly_medians(looks(1), numbers, 2018)
    assert monthly_medians(looks(1), ["2018-05-31"], 2018)[4, 0] == 1


def test_quarters_and_years_are_medians_of_the_months_that_are_there() -> None:
    months = np.full((12, 10), np.nan, dtype=np.float32)
    months[[0, 1, 2, 5]] = np.array([100, 300, 200, 900])[:, None]
    assert quarters(months)[:, 0].tolist()[:2] == [200, 900]
    assert np.isnan(quarters(months)[2:]).all()
    assert annual(months)[:, 0].tolist() == [250]
    with pytest.raises(ValueError, match="expected 12 months"):
        quarters(months[:11])


# What is given by hand ------------------------------------------------------------------------------------------------


def a_year() -> tuple[xr.DataArray, xr.DataArray, np.ndarray]:
    """Three observations a month at 2 x 3 pixels, their scene classes, and their days."""
    rng = np.random.default_rng(3)
    when = np.datetime64("2018-01-03T10:30", "ns") + np.arange(36) * np.timedelta64(10, "D")
    coords = {"time": when, "band": list(BANDS), "y": [5e6, 5e6 - 10], "x": [6e5, 6e5 + 10, 6e5 + 20]}
    cube = xr.DataArray(rng.uniform(100, 5000, (36, 10, 2, 3)), coords, ("time", "band", "y", "x"))
    scl = cube[:, 0].drop_vars("band").copy(data=rng.choice([4, 9], (36, 2, 3)))
    return cube, scl, when.astype("datetime64[D]")


@pytest.mark.parametrize("code", [-9999, -999, -32768, 65535, 0, -1000, np.inf])
def test_what_stands_for_no_data_is_no_value(code: float) -> None:
    """With one true look beside it, -999 and 0 would make a median that nobody could tell from a field."""
    cube, scl, when = a_year()
    plain = cube.copy(deep=True)
    plain[4:9], cube[4:9] = np.nan, code
    expected = monthly_medians(plain.values, when, 2018, scl.values)
    assert np.isnan(expected).any()
    said = nullcontext() if code == 0 else pytest.warns(UserWarning, match=f"{code:g} stands for no data")
    kept = cube.values.copy()
    with said:
        np.testing.assert_array_equal(monthly_medians(cube.values, when, 2018, scl.values), expected)
    with said:
        np.testing.assert_array_equal(monthly_cube(cube, 2018, scl).values, expected)
    with said:
        lazy = monthly_cube(cube.chunk(y=1), 2018, scl.chunk(y=1)).values
    np.testing.assert_array_equal(lazy, expected)
    np.testing.assert_array_equal(cube.values, kept)  # what was given stays as it was


def test_a_reader_that_knows_its_file_keeps_every_number() -> None:
    values = looks(500, 700)
    values[0, 3] = -999  # 1 as stored, less the offset
    when = days("2018-05-05", "2018-05-15")
    assert medians_by_month(values, when, None, 2018)[4, 3] == (700 - 999) / 2
    with pytest.warns(UserWarning, match="-999 stands for no data"):
        assert monthly_medians(values, when, 2018)[4, 3] == 700


def test_what_is_no_reflectance_is_refused_where_it_counts() -> None:
    values, when = looks(500, 700, 900), days("2018-05-05", "2018-05-15", "2017-05-15")
    values[1, 4] = 30_000
    with pytest.raises(
        ValueError, match=r"B6 is 30000 on 2018-05-15, and 1 values .* between -2000 and 20000"
    ):
        monthly_medians(values, when, 2018)
    assert monthly_medians(values, when, 2018, np.array([4, 9, 4]))[4, 4] == 500  # a cloud
    assert monthly_medians(values, when, 2017)[4, 4] == 900
    cube = xr.DataArray(
        values[..., None, None], {"time": when, "band": list(BANDS)}, ("time", "band", "y", "x")
    )
    with pytest.raises(ValueError, match="B6 is 30000 on 2018-05-15"):
        monthly_cube(cube, 2018)
    lazy = monthly_cube(cube.chunk(y=1), 2018)
    with pytest.raises(ValueError, match="B6 is 30000 on 2018-05-15"):
        lazy.compute()
    cloud = cube[:, 0].drop_vars("band").copy(data=np.array([4, 9, 4])[:, None, None])
    assert monthly_cube(cube, 2018, cloud)[4, 4].item() == 500


def test_an_array_with_names_is_read_by_them() -> None:
    cube, scl, when = a_year()
    expected = monthly_medians(cube.values, when, 2018, scl.values)
    aliased = cube.assign_coords(
        band=["B02", "green", "red", "B05", "B06", "B07", "nir", "B8A", "B11", "B12"]
    )
    classes = scl.transpose("x", "y", "time")
    for named, named_classes in (
        (cube[:, ::-1], scl),
        (cube.transpose("y", "x", "band", "time"), classes),
        (
            aliased.rename(time="t", band="bands")[:, [3, 1, 2, 0, *range(9, 3, -1)]],
            classes.rename(time="date"),
        ),
        (xr.concat([cube[:, :1].assign_coords(band=["B1"]), cube], "band"), scl.values),
        (cube.drop_vars(["band", "time"]).transpose("band", ...), scl.values),
    ):
        np.testing.assert_array_equal(monthly_medians(named, when, 2018, named_classes), expected)
    xr.testing.assert_equal(
        monthly_cube(cube, 2018, scl), monthly_cube(aliased.rename(time="t", band="bands"), 2018, scl)
    )
    pixel = cube[:, :, 1, 2]
    table = pixel.to_pandas()[list(BANDS)[::-1]]
    np.testing.assert_array_equal(
        monthly_medians(table, table.index, 2018, scl[:, 1, 2].values), expected[:, :, 1, 2]
    )
    np.testing.assert_array_equal(monthly_medians(pixel, cube.time, 2018, scl[:, 1, 2]), expected[:, :, 1, 2])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c, s, d: (c, d[::-1], s), r"day 0 given is 2018-12-19, and observation 0 names 2018-01-03"),
        (lambda c, s, d: (c, d + np.timedelta64(2, "D"), s), r"day 0 given is 2018-01-05"),
        (lambda c, s, d: (c[:, 1:], d, s), "missing B2"),
        (lambda c, s, d: (c.rename(time="scene"), d, None), "scene, band, y, x; expected time"),
        (lambda c, s, d: (list(c), d, None), r"a list of DataArray.*xr\.concat"),
        (lambda c, s, d: ([x.to_pandas() for x in c[..., 0]], d, None), "a list of DataFrame"),
        (lambda c, s, d: (c, d, s[::-1]), "another time than the observations"),
        (lambda c, s, d: (c, d, s[:, ::-1]), "another y than the observations"),
        (lambda c, s, d: (c, d, s[:, 0]), "scene classes have the dimensions time, x; expected time, y, x"),
        (lambda c, s, d: (c, d, s.values[:, 0, 0]), r"scene classes \(36,\) .* expected \(36, 2, 3\)"),
        (lambda c, s, d: (c[..., 0, 0].to_pandas().rename(columns={"B2": "ndvi"}), d, None), "missing B2"),
    ],
)
def test_what_does_not_belong_together_is_refused(change, said: str) -> None:
    cube, scl, when = a_year()
    values, given, classes = change(cube, scl, when)
    with pytest.raises(ValueError, match=said):
        monthly_medians(values, given, 2018, classes)


def test_a_solar_day_may_be_the_day_after_that_of_the_time() -> None:
    cube, scl, when = a_year()
    later = when + np.timedelta64(1, "D")
    np.testing.assert_array_equal(
        monthly_medians(cube, later, 2018, scl), monthly_medians(cube.values, later, 2018, scl.values)
    )


def test_masked_scene_classes_are_not_clear() -> None:
    values, when = looks(500, 700), days("2018-05-05", "2018-05-15")
    scl = np.ma.masked_array([4, 4], [False, True])
    assert monthly_medians(values, when, 2018, scl)[4, 0] == 500
