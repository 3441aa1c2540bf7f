"""What stands for no data: the rule itself, and the same answer from whatever goes through it."""

import warnings
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import pytest
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr
from dated_cube import DatedCube, dated_cube
from synthetic import small_model

import timesen_nb as tn
from timesen_nb.bands import BANDS
from timesen_nb.composite import monthly_medians
from timesen_nb.datasets import Pairs
from timesen_nb.datasets.archives import cleaned
from timesen_nb.nodata import (
    CODES,
    HIGHEST,
    LOWEST,
    blank,
    clean,
    known_codes,
    other_unit,
    outside,
    said,
    without_codes,
)

ALL = [
    *CODES,
    -2147483648.0,
    2147483647.0,
    1e20,
    9.96921e36,
    float(np.finfo(np.float32).min),
    np.inf,
    -np.inf,
]

FINITE = [code for code in ALL if np.isfinite(code)]


def series(n: int = 2) -> np.ndarray:
    return np.random.default_rng(0).uniform(100, 6000, (n, 12, 10)).astype(np.float32)


# The rule


@pytest.mark.parametrize("code", ALL)
def test_each_code_is_known_wherever_it_stands(code: float) -> None:
    values = series()
    values[1, 4, 7] = code
    mask, met = known_codes(values)
    assert np.argwhere(mask).tolist() == [[1, 4, 7]]
    assert met == (float(np.float32(code)),)


@pytest.mark.parametrize("code", CODES)
def test_a_number_beside_a_code_is_none(code: float) -> None:
    for near in (code - 2, code + 2):
        mask, met = known_codes(np.array([near, 300.0], dtype=np.float32))
        assert mask is None
        assert met == ()


@pytest.mark.parametrize("code", CODES)
def test_a_code_that_was_divided_and_multiplied_again_is_known(code: float) -> None:
    there_and_back = np.float32(np.float32(code) / np.float32(10_000)) * np.float32(10_000)
    mask, met = known_codes(np.array([there_and_back, 300.0], dtype=np.float32))
    assert mask.tolist() == [True, False]
    assert met == (code,)


def test_values_without_a_code_cost_no_mask() -> None:
    values = series()
    values[0, 0, 0] = np.nan
    assert known_codes(values) == (None, ())
    assert blank(values, 2) == (None, ())
    assert outside(values) is None


def test_a_declared_code_is_known_and_no_news() -> None:
    values = series()
    values[0, 0, 0], values[0, 1, 0] = -5555, -9999
    found, news = without_codes(values.copy(), 2, also=[-5555, np.nan])
    assert np.isnan(found[0, :2, 0]).all()
    assert np.isnan(found).sum() == 2
    assert news == (-9999.0,)
    assert without_codes(values.copy(), 2, also=[-5555, -9999])[1] == ()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("number", [0.0, -1000.0, -0.5])
def test_the_same_number_in_all_bands_is_missing(axis: int, number: float) -> None:
    values = np.moveaxis(series(), 2, axis).copy()
    at = np.moveaxis(values, axis, -1)
    at[1, 3] = number
    at[0, 5, 2] = number
    found, news = without_codes(values, axis)
    found = np.moveaxis(found, axis, -1)
    assert np.isnan(found[1, 3]).all()
    assert found[0, 5, 2] == number, "in one band it is a value"
    assert np.isnan(found).sum() == 10
    assert news == ((number,) if number else ()), "0 is what products write, and no news"


def test_a_bright_surface_alike_in_all_bands_is_a_value() -> None:
    values = np.full((1, 1, 10), 700.0, dtype=np.float32)
    assert blank(values, 2) == (None, ())


def test_two_bands_may_be_below_zero_by_the_same_noise() -> None:
    assert blank(np.full((1, 2), -12.0, dtype=np.float32), 1) == (None, ())
    mask, _ = blank(np.zeros((1, 2), dtype=np.float32), 1)
    assert mask.tolist() == [True]


def test_what_can_be_reflectance_ends_where_it_is_said() -> None:
    values = np.array([LOWEST, LOWEST - 1, np.nan, HIGHEST, HIGHEST + 1, 12_000, -50], dtype=np.float32)
    assert outside(values).tolist() == [False, True, False, False, True, False, False]


def test_few_wrong_values_cost_their_composites_and_more_are_refused() -> None:
    values = series(200)
    values[7, 3, 2] = 30_000
    expected = values.copy()
    expected[7, 3] = np.nan
    with pytest.warns(UserWarning, match=r"the series given: B4 is 30000 at index 7, 3, 2, and 1 values"):
        np.testing.assert_array_equal(clean(values.copy(), BANDS, 2, "the series given"), expected)
    values[:3, 0, 0] = -3000
    with pytest.raises(
        ValueError, match=r"B2 is -3000 at index 0, 0, 0, and 4 values .* between -2000 and 20000"
    ):
        clean(values, BANDS, 2, "the series given")


def test_codes_in_words() -> None:
    assert said([-9999.0]) == "-9999"
    assert said([-9999.0, 9.96921e36]) == "-9999 and 9.96921e+36"


# Through it


@pytest.mark.parametrize(
    ("code", "bands"), [(0.0, slice(None)), *((c, b) for c in FINITE for b in (slice(None), slice(4, 5)))]
)
def test_a_model_encodes_a_month_of_a_code_as_a_missing_one(code: float, bands: slice) -> None:
    model, values = small_model(), series()
    without = values.copy()
    without[0, 5] = np.nan
    values[0, 5, bands] = code
    said_so = pytest.warns(UserWarning, match="stands for no data") if code else nullcontext()
    with said_so:
        found = model.encode(values)
    np.testing.assert_array_equal(found, model.encode(without))


def test_a_model_takes_0_in_one_band_as_a_value() -> None:
    model, values = small_model(), series()
    values[0, 5, 4] = 0
    without = values.copy()
    without[0, 5] = np.nan
    assert np.abs(model.encode(values) - model.encode(without)).max() > 1e-4


def test_what_a_masked_array_hides_is_missing_wherever_it_goes() -> None:
    """As rasterio and netCDF4 read files; numpy itself would take what lies under the mask."""
    model, values = small_model(), series()
    hidden = np.ma.masked_array(values, np.zeros(values.shape, bool))
    hidden[0, 5], hidden[1, 2, 3] = np.ma.masked, np.ma.masked
    plain = values.copy()
    plain[0, 5], plain[1, 2, 3] = np.nan, np.nan
    np.testing.assert_array_equal(model.encode(hidden), model.encode(plain))
    year = tn.PixelSeries(hidden[0], np.arange(12) != 5, 4.35, 50.85, 2018, "made up")
    np.testing.assert_array_equal(year.values, plain[0])
    days = np.array([f"2018-{m:02d}-15" for m in range(1, 13)], dtype="datetime64[D]")
    np.testing.assert_array_equal(
        monthly_medians(hidden[0], days, 2018), monthly_medians(plain[0], days, 2018)
    )
    pairs = Pairs(np.ma.masked_array(values, values < 1000), np.ones((2, 4), np.float32))
    np.testing.assert_array_equal(np.isnan(pairs.values), values < 1000)


@pytest.mark.parametrize("code", [65535.0, 32767.0, -9999.0])
def test_codes_in_pairs_are_refused(code: float) -> None:
    values = series()
    values[1, 4, 7] = code
    with pytest.raises(ValueError, match=r"not negative and up to 20000. Set no-data codes to NaN"):
        Pairs(values, np.ones((2, 4), np.float32))


@pytest.mark.parametrize(
    "wrong", [[["a"]], np.ones((1, 12, 10), complex), np.zeros((1, 12, 10), "M8[s]"), [{}], None]
)
def test_what_is_no_array_of_numbers_is_refused_in_words(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"no array of numbers|values given have shape"):
        small_model().encode(wrong)


def test_names_of_an_array_put_it_in_order() -> None:
    """Reversed bands are another place, and a transposed array too, whatever shape it has."""
    model, values = small_model(), series()
    named = xr.DataArray(values, {"month": range(1, 13), "band": list(BANDS)}, ("place", "month", "band"))
    expected = model.encode(values)
    for given in (
        named.isel(band=slice(None, None, -1)),
        named.transpose("place", "band", "month"),
        named.isel(month=[3, 1, 2, *range(4, 12), 0]),
        named.assign_coords(band=[f"{b[0]}{int(b[1:]):02d}" if b[1:].isdigit() else b for b in BANDS]),
        xr.concat([named, named.assign_coords(band=[f"x{b}" for b in BANDS])], "band").isel(
            band=[*range(9, -1, -1), 15]
        ),
    ):
        np.testing.assert_array_equal(model.encode(given), expected)
    with pytest.raises(ValueError, match=r"expected each of B2, .*missing B12"):
        model.encode(named.isel(band=slice(0, 9)))


def test_the_months_of_an_array_are_those_it_names() -> None:
    """Four months are no quarters, one is no year, and a year that begins in October is read from January."""
    model, values = small_model(), series()
    named = xr.DataArray(values, {"month": range(1, 13), "band": list(BANDS)}, ("place", "month", "band"))
    dates = np.array([f"2018-{m:02d}-15" for m in range(1, 13)], dtype="datetime64[ns]")
    dated = named.rename(month="time").assign_coords(time=dates)
    summer = model.encode(values[:, 4:8], months=[5, 6, 7, 8])
    for given, expected in (
        (named.sel(month=slice(5, 8)), summer),
        (named.sel(month=[8, 6, 7, 5]), summer),
        (named.sel(month=[7]), model.encode(values[:, 6:7], months=[7])),
        (dated.isel(time=slice(None, None, -1)), model.encode(values)),
        (named.roll(month=3, roll_coords=True).rename(month="Months", band="bands"), model.encode(values)),
        (named.isel(month=[0, 1, 2, 3], drop=True).drop_vars("month").rename(month="quarter"),
         model.encode(values[:, :4])),
    ):  # fmt: skip
        np.testing.assert_allclose(model.encode(given), expected, atol=1e-6)
    there = xr.ones_like(named.isel(band=0), dtype=bool).where(named.month < 10, False)
    expected = model.encode(values, valid=there.values)
    for order in (named.month[::-1], named.month):
        np.testing.assert_array_equal(model.encode(named, valid=there.sel(month=order)), expected)
    zs = model.zero_shot(["a meadow", "a lake"])
    sideways = named.isel(month=slice(None, None, -1)).transpose("band", "month", "place")
    np.testing.assert_array_equal(zs.probabilities(sideways), zs.probabilities(values))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: x.assign_coords(month=range(12)), r"'month' the months: 0, 1"),
        (lambda x: x.isel(month=[0, 0, 1, 2]), r"each once"),
        (lambda x: x.rename(month="time").isel(time=[0]).assign_coords(time=np.array(["2018-07-01"], "M8[ns]")),
         r"1 dates along 'time'.*Name the dimension 'quarter'"),
        (lambda x: [x[0].isel(band=slice(None, None, -1)), x[1]], r"a list of DataArray.*xr\.concat"),
        (lambda x: [x[0].to_pandas()[list(BANDS)[::-1]], x[1].to_pandas()], r"a list of DataFrame.*tn\.BANDS"),
    ],
)  # fmt: skip
def test_names_that_cannot_be_read_are_refused(change: Callable[[xr.DataArray], object], said: str) -> None:
    named = xr.DataArray(series(), {"month": range(1, 13), "band": list(BANDS)}, ("place", "month", "band"))
    with pytest.raises(ValueError, match=said):
        small_model().encode(change(named))
    with pytest.raises(ValueError, match=r"name theirs: 1, 2.*Leave out months="):
        small_model().encode(named, months=range(12, 0, -1))


@pytest.mark.parametrize("code", FINITE)
@pytest.mark.parametrize("scale", ["x 10000", "0 to 1", "0 to 1, code and all"])
def test_a_code_in_one_of_three_dates_leaves_the_median_of_two(code: float, scale: str) -> None:
    world = dated_cube(dates=3, height=4, width=4)
    times = np.array(
        ["2018-07-03T10:50:31", "2018-07-13T10:50:31", "2018-07-23T10:50:31"], dtype="datetime64[s]"
    )
    clear = DatedCube(np.where(world.values == 0, 700, world.values), np.full_like(world.scl, 4), times)
    data = clear.dataset()
    if (code, scale) == (2147483647.0, "0 to 1, code and all"):
        code = -code  # 214748.3647 among values from 0 to 1 is refused in words: it may be another unit
    for i, b in enumerate(BANDS):
        stored = clear.values[:, i].astype(np.float64) / (1 if scale == "x 10000" else 10_000)
        stored[1, 2, 2] = code / 10_000 if scale.endswith("all") else code
        data[b] = data[b].dims, stored.astype(np.float32)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = tn.open_source(data).pixel(*clear.place(2, 2))
    assert any("no data" in str(w.message) for w in told)
    np.testing.assert_allclose(found.values[6], clear.values[[0, 2], :, 2, 2].mean(axis=0), rtol=1e-5)
    assert found.provenance["acquisitions"][6] == 2


# Another unit


@pytest.mark.parametrize(
    ("factor", "said"), [(1e-4, "from 0 to 1.*by 10000"), (1e-2, "in percent.*by 100[.]")]
)
def test_another_unit_is_refused_and_named(factor: float, said: str) -> None:
    model, values = small_model(), series() * np.float32(factor)
    for read in (
        model.encode,
        lambda v: model.encode(v[:1, 6:7], months=[7]),
        lambda v: Pairs(v, labels=["a", "b"]),
        lambda v: cleaned(v, "a benchmark"),
        lambda v: tn.map_region(model.zero_shot(["a lake"]), as_cube(v), progress=False),
    ):
        with pytest.raises(ValueError, match=said):
            read(values)


def as_cube(values: np.ndarray) -> xr.DataArray:
    """Two rows of two pixels."""
    coords = {"month": range(1, 13), "band": list(BANDS), "y": [5e6, 5e6 - 10], "x": [6e5, 6e5 + 10]}
    pixels = np.repeat(values.transpose(1, 2, 0)[:, :, None], 2, axis=2)
    cube = xr.DataArray(pixels, coords, ("month", "band", "y", "x"))
    return cube.rio.write_crs("EPSG:32631")


def test_dark_water_is_no_other_unit() -> None:
    """Counts, and their medians, are whole numbers or halves."""
    dark = np.random.default_rng(0).integers(2, 200, (3, 12, 10)).astype(np.float32) / 2
    dark[2, 0, 0] = 310  # somewhere in a year something is brighter
    assert np.isfinite(small_model().encode(dark)).all()
    assert len(Pairs(dark, labels=["a", "b", "c"])) == 3
    assert other_unit(dark[0, 0]) == ""
    assert other_unit(np.full(3, np.nan, np.float32)) == ""
