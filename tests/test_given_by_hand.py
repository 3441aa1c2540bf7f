"""What people give by hand: masks in lists, names in another order, days without dashes, labels and places unknown."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from synthetic import small_model

import timesen_nb as tn
from timesen_nb.arrays import flags
from timesen_nb.bands import BANDS, band_positions
from timesen_nb.composite import annual, monthly_cube, monthly_medians, quarters
from timesen_nb.datasets import Pairs, PlaceDataset
from timesen_nb.evaluation import (
    bootstrap,
    calibrated,
    confusion,
    fit_logit_scale,
    marginal_sets,
    nearest,
    recall,
    reliability,
    words_to_places,
)
from timesen_nb.evaluation.retrieval import recall_by_class
from timesen_nb.simulate.places import simulate_places


def year(n: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(200, 5000, (n, 12, 10)).astype(np.float32)


def hidden(values: np.ndarray) -> tuple[np.ma.MaskedArray, np.ndarray]:
    """Series whose May is a cloud behind a mask, and the same with NaN there."""
    mask = np.zeros(values.shape, bool)
    mask[:, 4] = True
    return np.ma.array(np.where(mask, 9000, values), mask=mask), np.where(mask, np.nan, values)


def test_masks_in_a_list_hide_what_they_hide_in_an_array() -> None:
    masked, plain = hidden(year())
    listed = list(masked)
    model = small_model()
    np.testing.assert_array_equal(model.encode(listed), model.encode(plain))
    np.testing.assert_array_equal(Pairs(listed, labels=["a"] * 3).series()[..., 0, 0], plain)
    np.testing.assert_array_equal(annual(listed), annual(plain))
    np.testing.assert_array_equal(quarters(masked), quarters(plain))
    days = np.array(["2018-05-01", "2018-05-11", "2018-05-21"])
    looks = [
        np.ma.array(np.full(10, v), mask=cloud) for v, cloud in ((1000, False), (9000, True), (9500, True))
    ]
    assert monthly_medians(looks, days, 2018)[4, 0] == 1000
    assert flags([np.ma.array([True, True], mask=[False, True])]).tolist() == [[True, False]]


def test_a_data_set_keeps_what_a_mask_hides_hidden() -> None:
    masked, plain = hidden(year())
    places = PlaceDataset(masked, np.zeros((3, 2)), {}, ["a", "b", "c"])
    np.testing.assert_array_equal(places.series(), plain)


@pytest.mark.parametrize("days", [["20180503", "20180513"], np.array(["20180503", "20180513"])])
def test_days_without_dashes_are_no_years(days: object) -> None:
    with pytest.raises(ValueError, match=r"hold 20180503; expected dates with dashes, such as 2018-05-31"):
        monthly_medians(year(2)[:, 0], days, 2018)


def test_days_with_a_time_zone_are_those_of_its_calendar() -> None:
    """Midnight of the first of May in Sydney is still April in UTC."""
    looks = np.stack([np.full(10, 1000.0), np.full(10, 2000.0)])
    days = pd.DatetimeIndex(["2018-04-20", "2018-05-01"]).tz_localize("Australia/Sydney")
    for given in (days, days.to_series(), days.to_pydatetime().tolist()):
        months = monthly_medians(looks, given, 2018)
        assert months[3:5, 0].tolist() == [1000, 2000]


def test_a_mask_is_no_scene_class() -> None:
    values, days = year(2)[:, :2].reshape(4, 10), pd.date_range("2018-05-01", periods=4).to_numpy()
    with pytest.raises(ValueError, match=r"scene classes given are True and False; .* Is it a mask"):
        monthly_medians(values, days, 2018, np.ones(4, bool))
    cube = xr.DataArray(
        values[..., None, None], {"time": days, "band": list(BANDS)}, ("time", "band", "y", "x")
    )
    with pytest.raises(ValueError, match="Is it a mask"):
        monthly_cube(cube, 2018, cube[:, 0].drop_vars("band") > 0)


@pytest.mark.parametrize(
    "labels",
    [
        ["maize", np.nan, "rape", None],
        ["maize", pd.NA, "rape", pd.NaT],
        pd.Series(["maize", None, "rape", np.nan]),
        pd.Series(["maize", None, "rape", None], dtype="string"),
        np.array(["maize", None, "rape", np.nan], dtype=object),
    ],
)
def test_a_missing_label_is_no_class(labels: object) -> None:
    known = ["maize", "", "rape", ""]
    assert Pairs(year(4), labels=labels).labels.tolist() == known
    places = PlaceDataset(None, np.zeros((4, 2)), {"crop": labels}, ["a", "b", "c", "d"])
    assert places.labels["crop"].tolist() == known
    vectors = np.eye(4)
    assert recall_by_class(vectors, vectors, labels).index.tolist() == ["maize", "rape", "mean of classes"]
    assert recall(vectors, vectors, {"crop": labels}).index.tolist() == ["place"]


def test_codes_that_blanks_made_fractions_are_whole() -> None:
    assert Pairs(year(3), labels=pd.Series([211, np.nan, 212])).labels.tolist() == ["211", "", "212"]


def test_nobody_teaches_what_is_missing() -> None:
    zs = small_model().zero_shot(["meadow", "maize"])
    with pytest.raises(ValueError, match=r"labels of places \[1\] are empty"):
        zs.teach(year(2), np.array(["meadow", float("nan")]))


def test_of_one_band_in_two_sizes_the_finest_counts_and_two_of_one_are_refused() -> None:
    model, values = small_model(), year(2)
    named = xr.DataArray(values, {"month": range(1, 13), "band": list(BANDS)}, ("place", "month", "band"))
    coarse = xr.full_like(named.isel(band=[6]), 300.0)
    fine = named.assign_coords(band=["B08_10m" if b == "B8" else b for b in BANDS])
    both = xr.concat([coarse.assign_coords(band=["B08_20m"]), fine], "band")
    np.testing.assert_array_equal(model.encode(both), model.encode(values))
    with pytest.raises(ValueError, match="twice B8"):
        model.encode(xr.concat([coarse, named], "band"))


def test_names_in_another_order_are_not_read_by_position() -> None:
    values, valid = year(2), np.ones(12, bool)
    named = xr.DataArray(values, {"month": range(1, 13), "band": list(BANDS)}, ("place", "month", "band"))
    table = pd.DataFrame(values[0], index=range(1, 13), columns=list(BANDS))

    def one(given: object) -> tn.PixelSeries:
        return tn.PixelSeries(given, valid, 4.0, 50.0, 2018, "by hand")

    np.testing.assert_array_equal(one(table).values, values[0])
    np.testing.assert_array_equal(one(named[0]).values, values[0])
    np.testing.assert_array_equal(Pairs(named, labels=["a", "b"]).series()[..., 0, 0], values)
    for given in (table[sorted(BANDS)], table.iloc[::-1], named[0].T, named[0, ::-1]):
        with pytest.raises(ValueError, match=r"a PixelSeries have names that say another order"):
            one(given)
    for given in (
        named[:, :, ::-1],
        named[:, [1, 0, *range(2, 12)]],
        named.transpose("place", "band", "month"),
    ):
        with pytest.raises(ValueError, match="the series given have names that say another order"):
            Pairs(given, labels=["a", "b"])
        with pytest.raises(ValueError, match="expected place, month, band"):
            PlaceDataset(given, np.zeros((2, 2)), {}, ["a", "b"])


DATES = pd.date_range("2018-01-01", periods=12, freq="MS")


@pytest.mark.parametrize(
    "steps",
    [
        DATES[::-1],
        pd.date_range("2017-07-01", periods=12, freq="MS"),
        pd.period_range("2017-07", periods=12, freq="M"),
        pd.Index(sorted(DATES.month_name())),
        pd.Index(sorted(DATES.strftime("%b"))),
        pd.Index(DATES.strftime("%Y-%m")[::-1]),
        pd.Index([f"m{m:02d}" for m in range(12, 0, -1)]),
        pd.Index(np.arange(12.0, 0, -1)),
    ],
    ids=["newest first", "a year from July", "periods", "names", "short names", "texts", "m12", "floats"],
)
def test_months_in_another_order_are_not_read_by_position(steps: pd.Index) -> None:
    values, valid = year(2), np.ones(12, bool)
    table = pd.DataFrame(values[0], steps, list(BANDS))
    with pytest.raises(ValueError, match="a PixelSeries have names that say another order"):
        tn.PixelSeries(table, valid, 4.0, 50.0, 2018, "by hand")
    for axis in ("time", "month"):
        named = xr.DataArray(values, {axis: steps.to_numpy(), "band": list(BANDS)}, ("place", axis, "band"))
        with pytest.raises(ValueError, match="another order"):
            tn.PixelSeries(named[0], valid, 4.0, 50.0, 2018, "by hand")
        with pytest.raises(ValueError, match="the series given have names that say another order"):
            Pairs(named, labels=["a", "b"])


@pytest.mark.parametrize(
    "steps",
    [DATES, DATES + pd.offsets.MonthEnd(0), DATES.to_period("M"), DATES.month_name(), DATES.strftime("%b %Y"),
     DATES.strftime("%Y-%m-%d"), pd.RangeIndex(12), pd.Index([f"composite {i}" for i in "lkjihgfedcba"])],
    ids=["dates", "ends", "periods", "names", "short names", "texts", "counted", "other words"],
)  # fmt: skip
def test_months_in_order_are_read_however_they_are_named(steps: pd.Index) -> None:
    values = year(1)[0]
    given = pd.DataFrame(values, steps, list(BANDS))
    series = tn.PixelSeries(given, np.ones(12, bool), 4.0, 50.0, 2018, "by hand")
    np.testing.assert_array_equal(series.values, values)


LENGTHS = [490, 560, 665, 842, 705, 740, 783, 865, 1610, 2190]
AT = [0, 1, 2, 6, 3, 4, 5, 7, 8, 9]


@pytest.mark.parametrize(
    "labels",
    [LENGTHS, [float(n) for n in LENGTHS], [n / 1000 for n in LENGTHS], [f"{n} nm" for n in LENGTHS]],
    ids=["int", "float", "micrometres", "text"],
)
@pytest.mark.parametrize("axis", ["band", "wavelength"])
def test_bands_named_by_wavelength_are_read_by_it(labels: list[object], axis: str) -> None:
    model, values = small_model(), year(2)
    named = xr.DataArray(values[:, :, AT], {"month": range(1, 13), axis: labels}, ("place", "month", axis))
    np.testing.assert_array_equal(model.encode(named), model.encode(values))
    dated = named[0].rename(month="time").assign_coords(time=DATES)
    np.testing.assert_array_equal(monthly_medians(dated, DATES, 2018), values[0])
    cube = monthly_cube(dated.expand_dims(y=[0.0], x=[0.0]), 2018)
    np.testing.assert_array_equal(cube[..., 0, 0], values[0])
    valid = np.ones(12, bool)
    with pytest.raises(ValueError, match="another order"):
        tn.PixelSeries(named[0], valid, 4.0, 50.0, 2018, "by hand")
    with pytest.raises(ValueError, match="another order"):
        Pairs(named, labels=["a", "b"])
    right = named[0].isel({axis: np.argsort(AT)})
    np.testing.assert_array_equal(tn.PixelSeries(right, valid, 4.0, 50.0, 2018, "by hand").values, values[0])


@pytest.mark.parametrize("first", [0, 1])
def test_bands_that_are_only_counted_are_read_as_they_stand(first: int) -> None:
    values = year(2)
    for kind in (int, float):
        labels = [kind(n) for n in range(first, first + 10)]
        named = xr.DataArray(values, {"month": range(1, 13), "band": labels}, ("place", "month", "band"))
        np.testing.assert_array_equal(Pairs(named, labels=["a", "b"]).series()[..., 0, 0], values)
        dated = named[0].rename(month="time").assign_coords(time=DATES)
        np.testing.assert_array_equal(monthly_medians(dated, DATES, 2018), values[0])


def test_numbers_that_are_no_positions_and_no_wavelengths_are_refused() -> None:
    values = year(2)
    for labels in ([2, 3, 4, 5, 6, 7, 8, 9, 11, 12], [400, *LENGTHS[1:]]):
        named = xr.DataArray(values, {"month": range(1, 13), "band": labels}, ("place", "month", "band"))
        with pytest.raises(ValueError, match="missing B2"):
            small_model().encode(named)
        with pytest.raises(ValueError, match="missing B2"):
            monthly_medians(named[0].rename(month="time").assign_coords(time=DATES), DATES, 2018)
        with pytest.raises(ValueError, match="another order"):
            Pairs(named, labels=["a", "b"])


def test_the_dates_of_a_table_are_held_against_the_days() -> None:
    values = year(1)[0]
    for index in (DATES, DATES.tz_localize("UTC"), DATES.strftime("%Y-%m-%d")):
        table = pd.DataFrame(values, index, list(BANDS))
        np.testing.assert_array_equal(monthly_medians(table, DATES, 2018), values)
        np.testing.assert_array_equal(monthly_medians(table[::-1], DATES[::-1], 2018), values)
        with pytest.raises(ValueError, match="day 0 given is 2018-01-01, and observation 0 names 2018-12-01"):
            monthly_medians(table[::-1], DATES, 2018)
    with pytest.raises(ValueError, match=r"such as '01/01/2018', cannot be read as dates.*2018-05-31"):
        monthly_medians(values, DATES.strftime("%d/%m/%Y"), 2018)


def test_near_infrared_of_force_is_two_bands() -> None:
    """FORCE calls B8 BROADNIR, and B8A NIR."""
    force = ["BLUE", "GREEN", "RED", "REDEDGE1", "REDEDGE2", "REDEDGE3", "BROADNIR", "NIR", "SWIR1", "SWIR2"]
    assert band_positions(force) == list(range(10))
    assert band_positions([*force[:6], "NIR", "BROADNIR", *force[8:]]) == [*range(6), 7, 6, 8, 9]
    with pytest.raises(ValueError, match="missing B8A"):
        band_positions([*force[:7], *force[8:]])


def test_places_that_nobody_knows_are_in_no_block() -> None:
    places = PlaceDataset(year(4), np.full((4, 2), np.nan), {}, ["a", "b", "c", "d"])
    with pytest.raises(ValueError, match=r"4 of 4 places have no coordinates"):
        places.split((0.5, 0.5), block_km=50)
    assert [len(part) for part in places.split((0.5, 0.5))] == [2, 2]


def test_scores_leave_out_what_has_no_answer_and_refuse_what_is_no_class() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(3), 60)
    truth = p.argmax(axis=1)
    gaps = p.copy()
    gaps[::10] = np.nan
    there = ~np.isnan(gaps[:, 0])
    np.testing.assert_array_equal(marginal_sets(p, gaps, truth), marginal_sets(p, p[there], truth[there]))
    zs = small_model().zero_shot(["meadow", "maize", "lake"])
    vectors = rng.normal(size=(60, zs.vectors.shape[1]))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    lost = np.where(there[:, None], vectors, np.nan)
    assert fit_logit_scale(zs, lost, truth) == fit_logit_scale(zs, vectors[there], truth[there])
    for one, other in (([1, 2, 2], [-1, 2, 1]), ([0, 1, 2], [3, 1, 2])):
        with pytest.raises(ValueError, match="of 3 classes; expected 0 to 2"):
            confusion(one, other, 3)
        with pytest.raises(ValueError, match="of 3 classes; expected 0 to 2"):
            bootstrap(other, one, 3)


@pytest.mark.parametrize("factor", [1e-2, 1e-4])
def test_some_series_in_another_unit_are_seen_among_the_others(factor: float) -> None:
    model, values = small_model(), year(300)
    expected = model.encode(values)
    mixed = values.copy()
    mixed[:20] *= np.float32(factor)
    with pytest.raises(ValueError, match=r"largest value of series 0 is .* looks like reflectance"):
        model.encode(mixed)
    mixed = values.copy()
    mixed[7] *= np.float32(factor)
    with pytest.warns(UserWarning, match=r"series 7 .*1 such series are taken as missing"):
        found = model.encode(mixed, allow_empty=True)
    assert np.isnan(found[7]).all()
    np.testing.assert_array_equal(np.delete(found, 7, axis=0), np.delete(expected, 7, axis=0))
    with pytest.raises(ValueError, match=r"largest reflectance of place 7 is .* looks like reflectance"):
        Pairs(mixed, labels=["a"] * 300)


def test_bytes_and_whole_percents_are_no_reflectance() -> None:
    """Of a picture or in percent every place would be a lake."""
    zs = tn.load("pocket").zero_shot(["a lake", "a field"])
    with pytest.raises(ValueError, match=r"is of type uint8, which ends at 255: colours"):
        zs.predict((year() / 10_000 * 255).astype(np.uint8))
    with pytest.raises(ValueError, match="looks like reflectance in percent"):
        zs.predict((year() / 100).round())


@pytest.mark.parametrize("wrapped", [list, lambda v: xr.DataArray(v, dims=("place", "month", "band"))])
def test_bytes_are_seen_however_they_come(wrapped: Callable[[np.ndarray], object]) -> None:
    colours = (year() / 10_000 * 255).astype(np.uint8)
    for read in (small_model().encode, lambda v: Pairs(v, labels=["a"] * 3), annual):
        with pytest.raises(ValueError, match="is of type uint8, which ends at 255"):
            read(wrapped(colours))


@pytest.mark.parametrize(
    ("axis", "steps", "said"),
    [
        ("year", 4, "year given with 4 steps; expected 1. Of several years: take one"),
        ("year", 12, "year given with 12 steps; expected 1"),
        ("quarter", 12, "quarter given with 12 steps; expected 4"),
        ("month", 4, "month given with 4 steps; expected 12. Say which months"),
        ("time", 1, "time given with 1 steps; expected 12"),
    ],
)
def test_an_axis_has_the_steps_of_its_name(axis: str, steps: int, said: str) -> None:
    values = xr.DataArray(year()[:, :steps], dims=("place", axis, "band"), coords={"band": list(BANDS)})
    with pytest.raises(ValueError, match=said):
        tn.load("pocket").encode(values)


def test_seasons_are_no_quarters() -> None:
    """groupby("time.season") gives them by the alphabet, and December belongs to January."""
    values = xr.DataArray(
        year()[:, :4], dims=("place", "season", "band"),
        coords={"season": ["DJF", "JJA", "MAM", "SON"], "band": list(BANDS)},
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"'season': DJF, JJA, MAM, SON; expected month, quarter"):
        tn.load("pocket").encode(values)


def test_months_behind_a_mask_are_missing_to_prediction_sets_too() -> None:
    zs = tn.load("pocket").zero_shot(
        ["wheat", "maize", "potatoes", "sugar beet", "a meadow", "a forest", "a lake"]
    )
    plain = simulate_places(60, 9192).values
    plain[:, 3:] = np.nan
    plain = plain[np.isfinite(plain).any(axis=(1, 2))]
    masked = np.ma.array(np.where(np.isnan(plain), 3000, plain), mask=np.isnan(plain))
    coded = np.where(np.isnan(plain), 65535, plain)
    expected = zs.prediction_sets(plain)
    np.testing.assert_array_equal(zs.prediction_sets(masked), expected)
    with pytest.warns(UserWarning, match="65535 stands for no data"):
        np.testing.assert_array_equal(zs.prediction_sets(coded), expected)


def test_some_months_go_wherever_a_year_goes() -> None:
    model = tn.load("pocket")
    zs, months = model.zero_shot(["a lake", "a forest", "a meadow"]), [4, 5, 6, 7, 8, 9]
    some = year()[:, 3:9]
    whole = np.full((3, 12, 10), np.nan, np.float32)
    whole[:, 3:9] = some
    np.testing.assert_array_equal(zs.prediction_sets(some, months=months), zs.prediction_sets(whole))
    here, there = model.applicability(some, months=months), model.applicability(whole)
    np.testing.assert_array_equal(here.dissimilarity, there.dissimilarity)
    for wrong, said in (([13, *months[1:]], "months given: 13"), ([4, 5], "2 months for 6 composites")):
        for ask in (zs.prediction_sets, model.applicability):
            with pytest.raises(ValueError, match=said):
                ask(some, months=wrong)
    labels = ["a lake", "a forest", "a meadow"]
    taught = zs.teach(some, labels, months=months)
    np.testing.assert_allclose(taught.vectors, zs.teach(whole, labels).vectors, atol=1e-5)


@pytest.mark.filterwarnings("ignore::timesen_nb.model.words.NeverTheAnswer")
def test_a_calibrated_classifier_answers_by_the_same_words() -> None:
    model, values = tn.load("pocket"), simulate_places(60, 9193).values
    zs = model.zero_shot(["a meadow", "a forest", "qwertyuiop"])
    fitted = calibrated(zs, model.encode(values), np.arange(60) % 2)
    assert fitted.scale != zs.scale
    assert fitted.predict(values) == zs.predict(values)
    np.testing.assert_array_equal(fitted.prediction_sets(values), zs.prediction_sets(values))
    assert fitted.teach(values[:1], ["a vineyard"]).classes[-1] == "a vineyard"
    opened = model.zero_shot(["a meadow", "a forest"], open_set=True)
    fitted = calibrated(opened, model.encode(values), np.arange(60) % 2)
    assert fitted.probabilities(values).shape == (60, 3)


def test_sets_of_an_open_classifier_have_a_column_for_none_of_these() -> None:
    model, values = tn.load("pocket"), simulate_places(300, 9194).values
    words = ["a lake", "a town"]
    opened, closed = (model.zero_shot(words, open_set=o) for o in (True, False))
    sets, none = opened.prediction_sets(values), np.array(opened.predict(values)) == "none of these"
    assert sets.shape == (300, len(opened.classes))
    np.testing.assert_array_equal(sets[:, -1], none)
    np.testing.assert_array_equal(sets[:, :-1], closed.prediction_sets(values))
    assert none.any()


def test_classes_are_counted_in_the_narrow_integers_of_files() -> None:
    truth = np.arange(20, dtype=np.uint8).repeat(5)
    np.testing.assert_array_equal(confusion(truth, truth, 20), 5 * np.eye(20))
    np.testing.assert_array_equal(confusion(truth.astype(float), truth, 20), 5 * np.eye(20))
    assert bootstrap(truth, truth, 20).accuracy.min() == 1
    with pytest.raises(
        ValueError, match=r"truth holds float64, such as 0\.5; expected the numbers of classes"
    ):
        confusion(np.array([0.5]), np.array([0]), 2)


def test_places_without_a_vector_are_never_found() -> None:
    rng = np.random.default_rng(0)
    unit = rng.normal(size=(30, 8)).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    gaps = unit.copy()
    gaps[:12] = np.nan
    rows, cosines = nearest(unit, gaps, 18)
    assert rows.min() == 12
    assert np.isfinite(cosines).all()
    with pytest.raises(ValueError, match="k=19 for a gallery of 18 vectors without NaN"):
        nearest(unit, gaps, 19)
    with pytest.raises(ValueError, match="12 of 30 queries are NaN"):
        nearest(gaps, unit, 1)
    with pytest.warns(UserWarning, match="12 of 30 places have no vector; they are left out"):
        table = recall(unit, gaps, ks=(1, 5))
    assert table.loc["place"].tolist() == [1, 1, 1 / 18]
    names = np.array(["a", "b"] * 15)
    with pytest.warns(UserWarning, match="12 of 30"):
        assert words_to_places(unit[12:14], ["a", "b"], gaps, names, ks=(1,)).loc["a", "places"] == 9


def test_vectors_of_another_length_are_found_by_their_direction() -> None:
    rng = np.random.default_rng(0)
    unit = rng.normal(size=(40, 8)).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    near = unit + rng.normal(0, 0.3, unit.shape).astype(np.float32)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    long = near * np.geomspace(0.01, 100, 40, dtype=np.float32)[:, None]
    rows, cosines = nearest(unit, near, 5)
    for queries, gallery in ((unit, long), (unit * 7, near)):
        found, said = nearest(queries, gallery, 5)
        np.testing.assert_array_equal(found, rows)
        np.testing.assert_allclose(said, cosines, atol=1e-5)
    pd.testing.assert_frame_equal(recall(unit, long), recall(unit, near))


@pytest.mark.parametrize(
    ("names", "said"),
    [(["B16", "B11", "B16"], "no place is of one of the classes.*B11"), (["a"], "1 names for 3 places")],
)
def test_names_of_places_that_are_no_classes_make_no_empty_table(names: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        words_to_places(np.eye(3)[:2], ["a", "b"], np.eye(3), np.array(names), ks=(1,))


@pytest.mark.parametrize("code", [0, 65535])
def test_codes_that_nobody_declared_are_missing_to_every_layer_of_a_map(code: int) -> None:
    zs = tn.load("pocket").zero_shot(["wheat", "maize", "a meadow", "a forest", "a town"])
    gaps = tn.open_source("flanders").cube((3.0215, 50.8145, 3.0225, 50.8152), 2018)
    gaps[[0, 1, 10, 11]] = np.nan
    coded = gaps.fillna(code).astype("uint16").rio.write_nodata(None)
    options = {"applicability": True, "set_size": True, "progress": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that 65535 stands for no data
        xr.testing.assert_equal(tn.map_region(zs, coded, **options), tn.map_region(zs, gaps, **options))


@pytest.mark.parametrize("right", [[1.0, np.nan], ["True", "False"], [0.5, 1.0]])
def test_what_is_neither_true_nor_false_was_not_right(right: list[object]) -> None:
    with pytest.raises(ValueError, match="expected True and False, or 1 and 0"):
        reliability(np.array([0.4, 0.6]), right)
    assert reliability([0.4, 0.6], [1, 0])["accuracy"].tolist() == [1, 0]
