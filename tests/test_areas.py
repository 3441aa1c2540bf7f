"""Areas of a map: a random sample, and error-adjusted areas from it."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from class_maps import CRS, LEFT, TOP, mapped, small_map

from timesen_nb import regions
from timesen_nb.regions.estimate import stratified_estimate
from timesen_nb.regions.sampling import allocate


@pytest.fixture
def maps() -> xr.Dataset:
    return small_map()


def test_pixels_of_degrees_count_by_what_they_cover() -> None:
    """Between 40 and 70 degrees north the southern half has 59 % of the ground."""
    maps = mapped(
        np.repeat([[0], [1]], 150, axis=0) + np.zeros((1, 80)), crs="EPSG:4326", left=0, top=70, step=0.1
    )
    ground = np.diff(np.sin(np.radians([40, 55, 70])))
    table = regions.area_table(maps)
    assert table["pixels"].tolist()[:2] == [12000, 12000]
    assert table["share"].tolist()[:2] == pytest.approx(ground[::-1] / ground.sum(), rel=0.005)
    points = regions.sample_points(maps, 60)
    said = regions.estimate_areas(maps, points.assign(true_class=points["map_class"])).note
    assert "cover 45% of what the largest do" in said
    # as in any map of a few kilometres, pixels are alike
    near = mapped(np.eye(20), crs="EPSG:4326", left=4, top=51, step=1e-4)
    assert regions.area_table(near)["share"].tolist() == [0.95, 0.05, 0]


# A random sample


def test_the_sample_lies_where_it_says(maps: xr.Dataset) -> None:
    points = regions.sample_points(maps, 100, at_least=20, seed=3)
    label, classes = maps["label"].values, maps["label"].attrs["classes"]
    assert [classes[label[r, c]] for r, c in zip(points["row"], points["column"], strict=True)] == points[
        "map_class"
    ].tolist()
    assert len(set(zip(points["row"], points["column"], strict=True))) == len(points) == 100
    assert points["map_class"].value_counts()["water"] == 10  # all there are
    back = gpd.points_from_xy(points["lon"], points["lat"], crs=4326).to_crs(CRS)
    np.testing.assert_allclose(back.x, LEFT + 10 * (points["column"] + 0.5), atol=1e-3)
    np.testing.assert_allclose(back.y, TOP - 10 * (points["row"] + 0.5), atol=1e-3)
    assert set(points["true_class"]) == {""}
    pd.testing.assert_frame_equal(points, regions.sample_points(maps, 100, at_least=20, seed=3))
    assert not points.equals(regions.sample_points(maps, 100, at_least=20, seed=4))


def test_every_pixel_of_a_class_is_drawn_alike(maps: xr.Dataset) -> None:
    times = np.zeros((20, 30))
    for seed in range(40):
        points = regions.sample_points(maps, 60, at_least=20, seed=seed)
        times[points["row"], points["column"]] += 1
    expected = 40 * (points["map_class"] == "maize").sum() / 200  # of maize: 200 pixels
    rows = times[:, :10].mean(axis=1)
    assert abs(times[:, :10].mean() - expected) < 0.5
    assert rows.min() > expected / 2
    assert rows.max() < expected * 2


def test_places_are_counted_in_whole_numbers(maps: xr.Dataset) -> None:
    for wrong in ({"n": 60.5}, {"n": "x"}, {"at_least": 20.5}):
        with pytest.raises(ValueError, match=r"given: .*expected a whole number of places"):
            regions.sample_points(maps, **wrong)


def test_rare_classes_get_their_own_and_the_rest_goes_by_area() -> None:
    assert allocate(np.array([900, 90, 10, 0]), 100, 10).tolist() == [74, 16, 10, 0]
    assert allocate(np.array([5, 3]), 100, 10).tolist() == [5, 3]
    assert allocate(np.array([1, 1, 1]) * 1000, 100, 10).sum() == 100
    for wrong, words_of_it in [((50, 20), "expected 60 or more"), ((100, 1), "at least two")]:
        with pytest.raises(ValueError, match=words_of_it):
            allocate(np.array([100, 100, 100]), *wrong)
    with pytest.raises(ValueError, match="no pixel with data"):
        allocate(np.zeros(3, int), 10, 2)


# Error-adjusted areas

#: Olofsson et al. 2014, table 8: deforestation, forest gain, stable forest, stable non-forest; pixels of 30 m.
COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
HECTARES = np.array([200_000, 150_000, 3_200_000, 6_450_000]) * 0.09
NAMES = ["deforestation", "forest gain", "stable forest", "stable non-forest"]


def test_areas_are_those_of_the_published_example() -> None:
    """Olofsson et al. 2014, section 5: areas and accuracies with 95 % intervals."""
    table, (accuracy, half) = stratified_estimate(COUNTS, HECTARES, NAMES)
    np.testing.assert_allclose(table["area"], [21_158, 11_686, 285_770, 581_386], atol=0.5)
    np.testing.assert_allclose(table["area"] - table["area_low"], [6_158, 3_756, 15_510, 16_282], atol=0.5)
    np.testing.assert_allclose(table["area_high"] - table["area"], [6_158, 3_756, 15_510, 16_282], atol=0.5)
    np.testing.assert_allclose(table["users"], [0.88, 0.73, 0.93, 0.96], atol=0.005)
    np.testing.assert_allclose(table["users_half"], [0.07, 0.10, 0.04, 0.02], atol=0.005)
    np.testing.assert_allclose(table["producers"], [0.75, 0.85, 0.93, 0.96], atol=0.005)
    assert table["producers_half"].iloc[0] == pytest.approx(0.21, abs=0.005)
    assert (accuracy, half) == pytest.approx((0.95, 0.02), abs=0.005)


def test_the_intervals_are_those_of_samples_drawn_again() -> None:
    """A parametric bootstrap: the spread of estimates from places drawn anew in each class of the map."""
    rng = np.random.default_rng(0)
    table, _ = stratified_estimate(COUNTS, HECTARES, NAMES)
    again = []
    for _ in range(300):
        counts = np.stack([rng.multinomial(row.sum(), row / row.sum()) for row in COUNTS])
        again.append(stratified_estimate(counts, HECTARES, NAMES)[0][["area", "producers"]].to_numpy())
    spread = 1.96 * np.std(again, axis=0)
    np.testing.assert_allclose(table["area_high"] - table["area"], spread[:, 0], rtol=0.15)
    np.testing.assert_allclose(table["producers_half"].iloc[[0, 2, 3]], spread[[0, 2, 3], 1], rtol=0.15)


def seen(maps: xr.Dataset, seed: int = 0, n: int = 120) -> pd.DataFrame:
    """A sample whose places were visited: a third of what the map calls maize is a wood, which the map has not."""
    points = regions.sample_points(maps, n, seed=seed)
    wood = (points["map_class"] == "maize") & (points["row"] % 3 == 0)
    return points.assign(true_class=points["map_class"].where(~wood, "wood"))


def test_a_class_that_the_map_has_not_is_estimated_too(maps: xr.Dataset) -> None:
    estimate = regions.estimate_areas(maps, seen(maps))
    table = estimate.table
    assert table["mapped"].tolist() == pytest.approx([2.0, 3.8, 0.1, 0.0])
    assert table["area"].sum() == pytest.approx(5.9)
    assert table.loc["wood", "area_low"] < 0.7 < table.loc["wood", "area_high"]
    assert table.loc["wood", "producers"] == 0
    assert np.isnan(table.loc["wood", "users"])
    wood = int(estimate.counts["wood"].sum())
    assert estimate.note.startswith(f"True classes that the map has not, each for itself: wood ({wood}).")
    assert "overall accuracy 0." in str(estimate)


def test_the_truth_is_in_the_interval_as_often_as_it_says(maps: xr.Dataset) -> None:
    true = 7 / 20 * 2.0  # rows 0, 3, ..., 18 of 20
    held = 0
    for seed in range(40):
        wood = regions.estimate_areas(maps, seen(maps, seed, 80)).table.loc["wood"]
        held += wood["area_low"] <= true <= wood["area_high"]
    assert held / 40 > 0.85


def test_places_that_were_chosen_have_no_interval(maps: xr.Dataset) -> None:
    points = seen(maps)
    chosen = points[["map_class", "true_class"]]
    estimate = regions.estimate_areas(maps, chosen)
    assert estimate.table is None
    assert estimate.note == "no interval: these were chosen, not drawn."
    assert estimate.counts.loc["maize", "wood"] == (chosen["true_class"] == "wood").sum()
    assert "no interval" in str(estimate)
    some = pd.concat([points, chosen.head(3)])
    assert "(3 of 123; without these there is one)" in regions.estimate_areas(maps, some).note


def test_what_a_reader_must_know_is_said(maps: xr.Dataset, tmp_path: Path) -> None:
    points = seen(maps)
    points.loc[:3, "true_class"] = " "
    assert "4 of 120 drawn places have no true class" in regions.estimate_areas(maps, points).note
    few = points[(points["map_class"] != "water") | (points.groupby("map_class").cumcount() == 0)]
    estimate = regions.estimate_areas(maps, few)
    if (few["map_class"] == "water").sum() == 1:
        assert "One place alone of water" in estimate.note
        assert np.isnan(estimate.table.loc["water", "area_high"])
    # through a file and back
    file = regions.save_points(points, tmp_path / "list.csv")
    back = pd.read_csv(file, keep_default_na=False)
    pd.testing.assert_frame_equal(
        regions.estimate_areas(maps, back).table, regions.estimate_areas(maps, points).table
    )


@pytest.mark.parametrize(
    "written", [str.upper, lambda name: f" {name[0]}{name[1:].upper()}  ", lambda name: name]
)
def test_a_true_class_is_the_maps_whatever_its_capitals_and_spaces(written: Callable[[str], str]) -> None:
    maps = mapped(np.repeat([[0] * 10 + [1] * 20], 20, axis=0), ("winter wheat", "meadow"))
    points = seen(maps)
    points["true_class"] = [
        name.replace(" ", "  ") if n % 2 else name for n, name in enumerate(points["true_class"])
    ]
    estimate = regions.estimate_areas(maps, points.assign(true_class=points["true_class"].map(written)))
    assert estimate.counts.shape == (2, 2)
    assert estimate.accuracy == (1.0, 0.0)
    as_category = points.astype({"map_class": "category", "true_class": "category"})
    assert regions.estimate_areas(maps, as_category).accuracy == (1.0, 0.0)


def test_true_classes_of_which_the_map_has_none_are_refused(maps: xr.Dataset) -> None:
    german = seen(maps)["true_class"].replace(
        {"maize": "Mais", "meadow": "Wiese", "water": "See", "wood": "Wald"}
    )
    with pytest.raises(
        ValueError, match=r"no true_class given is a class of this map: Mais, See, Wald, Wiese; expected"
    ):
        regions.estimate_areas(maps, seen(maps).assign(true_class=german))


def test_a_table_whose_columns_were_sorted_one_by_one_is_refused(maps: xr.Dataset) -> None:
    points = seen(maps)
    moved = points.assign(map_class=sorted(points["map_class"]))
    with pytest.raises(
        ValueError, match="points have another map_class than the map has at their row and column"
    ):
        regions.estimate_areas(maps, moved)
    assert regions.estimate_areas(maps, points.sort_values("map_class")).accuracy is not None


def test_a_table_that_was_added_twice_is_refused(maps: xr.Dataset) -> None:
    points = seen(maps)
    with pytest.raises(ValueError, match="120 of the 240 rows given are of points that stand there already"):
        regions.estimate_areas(maps, pd.concat([points, points.assign(true_class="")]))
    # two samples number their points alike, and lie elsewhere
    two = pd.concat([points, seen(maps, seed=1)]).drop_duplicates(["row", "column"])
    assert two["point"].duplicated().any()
    assert regions.estimate_areas(maps, two).counts.to_numpy().sum() == len(two)


def test_places_that_were_left_out_of_a_sample_are_noticed(maps: xr.Dataset) -> None:
    points = seen(maps)
    right = points[points["map_class"] == points["true_class"]]
    last = int(right["point"].max())
    estimate = regions.estimate_areas(maps, right)
    assert estimate.accuracy[0] == 1
    assert f"{last - len(right)} of the first {last} drawn places are no rows of the table" in estimate.note
    for whole in (
        points,
        points.sample(frac=1, random_state=0),
        points.astype({"point": float}),
        points.head(90),
    ):
        assert "no rows" not in regions.estimate_areas(maps, whole).note


def test_a_sample_needs_no_more_columns_than_its_classes_and_its_map(maps: xr.Dataset) -> None:
    points = seen(maps)
    estimate = regions.estimate_areas(maps, points[["map_class", "true_class", "drawn_from"]])
    pd.testing.assert_frame_equal(estimate.table, regions.estimate_areas(maps, points).table)
    assert "Without the column point nobody can tell whether drawn places were left out." in estimate.note


def test_a_sample_of_another_map_is_refused(maps: xr.Dataset) -> None:
    points = seen(maps)
    other = maps.copy(deep=True)
    other["label"][0, 0] = 1
    with pytest.raises(ValueError, match="drawn from another map"):
        regions.estimate_areas(other, points)
    with pytest.raises(ValueError, match="no column true_class"):
        regions.estimate_areas(maps, points.drop(columns="true_class"))
    with pytest.raises(ValueError, match="no point has a true_class"):
        regions.estimate_areas(maps, points.assign(true_class=""))
    with pytest.raises(ValueError, match="points of the class 'orchard'"):
        regions.estimate_areas(maps, points.replace({"map_class": {"maize": "orchard"}}))
    with pytest.raises(ValueError, match=r"maize: on the map, and no place"):
        regions.estimate_areas(maps, points[points["map_class"] != "maize"])


def test_certainty_from_a_few_places_is_said(maps: xr.Dataset) -> None:
    points = regions.sample_points(maps, 30, at_least=5)
    found = regions.estimate_areas(maps, points.assign(true_class=points["map_class"]))
    assert found.accuracy == (1.0, 0.0)
    assert "All places of maize, meadow, water have one true class" in found.note


def test_one_stray_pixel_takes_no_interval_away() -> None:
    label = np.repeat([[0] * 10 + [1] * 20], 20, axis=0)
    alone, label[3, 3] = mapped(label), 2
    stray = mapped(label)
    for maps in (alone, stray):
        points = regions.sample_points(maps, 100)
        estimate = regions.estimate_areas(
            maps, points.assign(true_class=points["map_class"].where(points["point"] % 7 > 0, "meadow"))
        )
        assert 0 < estimate.accuracy[1] < 0.1
        assert (estimate.table["area_low"] <= estimate.table["area"]).all()
        assert (estimate.table["area_high"] >= estimate.table["area"]).all()
        assert "One place alone" not in estimate.note
    # one of several tells nothing of the others
    few = points[(points["map_class"] != "maize") | (points["map_class"] == "maize").cumsum().eq(1)]
    estimate = regions.estimate_areas(stray, few.assign(true_class=few["map_class"]))
    assert "One place alone of maize: no interval can be given." in estimate.note
    assert np.isnan(estimate.accuracy[1])


def test_no_area_is_larger_than_the_map() -> None:
    table, _ = stratified_estimate(np.array([[57, 3], [20, 0]]), np.array([4066, 30]), ["maize", "meadow"])
    assert table.loc["maize", "area_high"] == 4096
    assert table.loc["maize", "area"] == pytest.approx(4066 * 57 / 60 + 30)


@pytest.mark.parametrize(("units", "known"), [(2, True), (3, False)])
def test_of_a_class_that_was_visited_whole_nothing_is_left_to_chance(units: int, known: bool) -> None:
    counts, pixels = np.array([[60, 0], [1, 1]]), np.array([400, units])
    table, (_, half) = stratified_estimate(counts, pixels, ["maize", "meadow"], pixels)
    assert (half == 0) == known
    assert (table.loc["meadow", "area_high"] == 1) == known


@pytest.mark.parametrize(
    ("crs", "unit"), [(CRS, "hectares"), ("EPSG:3857", "pixels"), ("EPSG:4326", "pixels")]
)
def test_areas_say_their_unit(crs: str, unit: str) -> None:
    maps = mapped(small_map()["label"].values, crs=None)
    if crs == "EPSG:4326":
        maps = maps.assign_coords(x=3 + 1e-4 * np.arange(30), y=50 - 1e-4 * np.arange(20))
    maps = maps.rio.write_crs(crs)
    estimate = regions.estimate_areas(maps, seen(maps))
    assert estimate.unit == unit
    assert estimate.table["area"].sum() == pytest.approx(5.9 if unit == "hectares" else 590)
    assert f"areas in {unit}:" in str(estimate)
    assert ("Areas are in pixels" in estimate.note) == (unit == "pixels")


def test_two_samples_count_a_pixel_once_and_empty_rows_count_nothing(maps: xr.Dataset) -> None:
    first, second = seen(maps, seed=1), seen(maps, seed=2)
    with pytest.raises(ValueError, match=r"of the 240 rows given are of points that stand there already"):
        regions.estimate_areas(maps, pd.concat([first, second]))
    for nothing in (None, ""):
        empty = pd.DataFrame([dict.fromkeys(first, nothing)])
        with_empty = regions.estimate_areas(maps, pd.concat([first, empty], ignore_index=True))
        pd.testing.assert_frame_equal(with_empty.table, regions.estimate_areas(maps, first).table)


@pytest.mark.parametrize("row", [9999, 20, -1, 3.5, "3 rd", np.nan])
def test_a_place_that_is_not_on_the_map_is_refused(maps: xr.Dataset, row: object) -> None:
    points = seen(maps).astype({"row": object})
    points.loc[5, "row"] = row
    with pytest.raises(ValueError, match=r"1 points have no row and column on the map of 20 x 30 pixels"):
        regions.estimate_areas(maps, points)


def test_a_class_that_a_spreadsheet_would_run_comes_back_from_its_file(tmp_path: Path) -> None:
    label = np.repeat([[0] * 10 + [1] * 20], 20, axis=0)
    maps = mapped(label, ("=maize", "-meadow"))
    path = regions.save_points(regions.sample_points(maps, 60, at_least=20), tmp_path / "sample.csv")
    table = pd.read_csv(path)
    assert (table["map_class"].str[0] == "'").all()
    found = regions.estimate_areas(maps, table.assign(true_class=table["map_class"]))
    assert found.accuracy[0] == 1
    assert found.table["area"].to_dict() == pytest.approx({"=maize": 2.0, "-meadow": 4.0})
