"""Areas of a map: fields, a random sample, and error-adjusted areas from it."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rioxarray
import xarray as xr
from shapely.geometry import MultiPolygon, Point, Polygon, box, mapping
from shapely.ops import transform
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb import regions
from timesen_nb.bands import BANDS
from timesen_nb.datasets import Pairs
from timesen_nb.regions.estimate import stratified_estimate
from timesen_nb.regions.sampling import allocate
from timesen_nb.regions.vector_files import read_polygons

LEFT, TOP, CRS = 600_000.0, 5_600_000.0, "EPSG:32631"


def on_grid(data: xr.DataArray, crs: str | None = CRS, left: float = LEFT, top: float = TOP) -> xr.DataArray:
    height, width = data.sizes["y"], data.sizes["x"]
    data = data.assign_coords(x=left + 10 * (np.arange(width) + 0.5), y=top - 10 * (np.arange(height) + 0.5))
    return data.rio.write_crs(crs) if crs else data


def mapped(label: np.ndarray, classes: tuple[str, ...] = ("maize", "meadow", "water"), **grid) -> xr.Dataset:
    attrs = {"classes": list(classes), "colours": ["#ff0000", "#00ff00", "#0000ff"][: len(classes)]}
    data = on_grid(xr.DataArray(label.astype(np.int16), dims=("y", "x"), attrs=attrs), **grid)
    return data.to_dataset(name="label")


def rectangle(left: float, top: float, right: float, bottom: float) -> object:
    """A polygon by pixels from the upper left corner of the map."""
    return box(LEFT + 10 * left, TOP - 10 * bottom, LEFT + 10 * right, TOP - 10 * top)


@pytest.fixture
def maps() -> xr.Dataset:
    """20 x 30 pixels: 10 columns of maize, 19 of meadow, one of water, whose upper half has no data."""
    label = np.repeat([[0] * 10 + [1] * 19 + [2]], 20, axis=0)
    label[:10, 29] = -1
    return mapped(label)


def parcels(*shapes: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"owner": [f"farm {n}" for n in range(len(shapes))]}, geometry=list(shapes), crs=CRS
    )


def test_a_class_that_a_spreadsheet_would_run_comes_back_from_its_file(tmp_path: Path) -> None:
    label = np.repeat([[0] * 10 + [1] * 20], 20, axis=0)
    maps = mapped(label, ("=maize", "-meadow"))
    path = regions.save_points(regions.sample_points(maps, 60, at_least=20), tmp_path / "sample.csv")
    table = pd.read_csv(path)
    assert (table["map_class"].str[0] == "'").all()
    found = regions.estimate_areas(maps, table.assign(true_class=table["map_class"]))
    assert found.accuracy[0] == 1
    assert found.table["area"].to_dict() == pytest.approx({"=maize": 2.0, "-meadow": 4.0})


# Fields


def test_a_parcel_file_has_a_row_a_field(maps: xr.Dataset, tmp_path: Path) -> None:
    fields = parcels(rectangle(6, 0, 12, 10), rectangle(28, 0, 30, 20), rectangle(100, 0, 110, 10))
    fields.to_crs(4326).to_file(tmp_path / "parcels.geojson", driver="GeoJSON")
    fields.to_file(tmp_path / "parcels.gpkg", driver="GPKG")
    for given in (fields, str(tmp_path / "parcels.gpkg"), tmp_path / "parcels.geojson"):
        table = regions.field_table(maps, given)
        assert table["owner"].tolist() == ["farm 0", "farm 1", "farm 2"]
        assert table["pixels"].tolist() == [60, 30, 0]
        assert table["no_data"].tolist() == [0, 10, 0]
        assert table["majority"].tolist()[:2] == ["maize", "meadow"]
        assert table["majority"].isna().tolist() == [False, False, True]
        np.testing.assert_allclose(table["majority_share"], [40 / 60, 20 / 30, np.nan])
        np.testing.assert_allclose(table[["ha_maize", "ha_meadow", "ha_water"]],
                                   [[0.4, 0.2, 0], [0, 0.2, 0.1], [0, 0, 0]])  # fmt: skip
        np.testing.assert_allclose(table["hectares"], [0.6, 0.3, 0])
        assert table.crs == given.crs if isinstance(given, gpd.GeoDataFrame) else True


def test_a_pixel_belongs_to_the_field_of_its_centre(maps: xr.Dataset) -> None:
    table = regions.field_table(
        maps, parcels(rectangle(0.6, 0, 2.4, 1), rectangle(0.4, 0, 2.6, 1), rectangle(3.1, 3.1, 3.4, 3.4))
    )
    assert table["pixels"].tolist() == [1, 3, 0]


def test_fields_of_several_parts_and_beyond_the_edge(maps: xr.Dataset) -> None:
    two = MultiPolygon([rectangle(0, 0, 2, 2), rectangle(20, 0, 21, 3)])
    table = regions.field_table(maps, parcels(two, rectangle(-5, -5, 1, 1), rectangle(29, 19, 60, 60)))
    assert table["pixels"].tolist() == [7, 1, 1]


def test_shapely_and_geojson_are_in_degrees(maps: xr.Dataset) -> None:
    shape = parcels(rectangle(6, 0, 12, 10)).to_crs(4326).geometry[0]
    feature = {"type": "Feature", "geometry": mapping(shape), "properties": {"owner": "me"}}
    for given in (
        shape,
        [shape],
        mapping(shape),
        feature,
        {"type": "FeatureCollection", "features": [feature]},
    ):
        assert regions.field_table(maps, given)["pixels"].tolist() == [60]
    assert regions.field_table(maps, feature)["owner"].tolist() == ["me"]


def test_hectares_are_unknown_where_the_map_counts_in_degrees() -> None:
    label = mapped(np.zeros((4, 4)), crs=None)["label"].assign_coords(
        x=4 + 0.1 * np.arange(4), y=50 - 0.1 * np.arange(4)
    )
    maps = label.rio.write_crs(4326).to_dataset(name="label")
    table = regions.field_table(maps, box(3.9, 49, 4.16, 51))
    assert table["pixels"].tolist() == [8]
    assert table[["hectares", "ha_maize"]].isna().all(axis=None)


def test_hectares_are_unknown_where_a_metre_of_the_map_is_none_of_the_ground() -> None:
    """At 51 degrees north a pixel of Web Mercator has two fifths of its nominal area; UTM and equal-area keep it."""
    label = np.zeros((4, 4))
    for code, x, y, known in (
        ("EPSG:3857", 4e5, 6.6e6, False),
        ("EPSG:3857", 4e5, 0.0, True),
        ("EPSG:3395", 4e5, 6.6e6, False),
        ("EPSG:32631", 3e5, 5.65e6, True),
        ("EPSG:32631", 8e5, 5.65e6, True),
        ("EPSG:3035", 3.9e6, 3.1e6, True),
        ("EPSG:2154", 7e5, 6.6e6, True),
    ):
        data = mapped(label, crs=code, left=x, top=y)
        hectares = regions.area_table(data)["hectares"]
        assert hectares.notna().all() == known, code
        assert not known or hectares.sum() == pytest.approx(0.16)


def test_what_a_field_has_beyond_the_map_is_counted(maps: xr.Dataset) -> None:
    fields = parcels(
        rectangle(2, 2, 8, 8), rectangle(-20, 0, 10, 10), rectangle(25, 15, 35, 25), rectangle(50, 0, 60, 10)
    )
    table = regions.field_table(maps, fields)
    assert table["pixels"].tolist() == [36, 100, 25, 0]
    assert table["beyond"].tolist() == [0, 200, 75, 100]


@pytest.mark.parametrize("stored", [0, -9999, -32768, 7])
def test_numbers_for_no_data_are_no_part_of_a_mean_series(stored: int) -> None:
    values = np.full((12, 10, 2, 2), 3000, np.int16)
    values[..., 0, 0] = stored
    values[5, 2, 1, 1] = 0  # dark in one band is a value
    coords = {"month": np.arange(1, 13), "band": list(BANDS)}
    cube = on_grid(xr.DataArray(values, dims=("month", "band", "y", "x"), coords=coords))
    if stored == 7:
        cube = cube.rio.write_nodata(7)
    known = stored in (0, 7)
    with nullcontext() if known else pytest.warns(UserWarning, match=f"{stored} stands for no data"):
        found = regions.field_series(cube, parcels(rectangle(0, 0, 2, 2)))
    assert found["pixels"].values.reshape(-1).tolist() == [3] * 120
    assert found["mean"][0, 5, 2].item() == 2000
    assert found["mean"][0, 5, 3].item() == 3000


def test_a_field_has_a_mean_series_with_its_spread() -> None:
    values = np.zeros((12, 10, 2, 3), np.float32)
    values[..., 0, 0], values[..., 0, 1], values[..., 1, 0], values[..., 1, 1] = 1000, 2000, 3000, np.nan
    values[3, :, :, :2] = np.nan
    coords = {"month": np.arange(1, 13), "band": list(BANDS)[::-1]}
    values += 10 * np.arange(10)[None, ::-1, None, None]
    cube = on_grid(xr.DataArray(values, dims=("month", "band", "y", "x"), coords=coords))
    found = regions.field_series(cube, parcels(rectangle(0, 0, 2, 2), rectangle(50, 50, 60, 60)))
    assert found["mean"].dims == ("field", "month", "band")
    np.testing.assert_allclose(found["mean"][0, 0], 2000 + 10 * np.arange(10))
    np.testing.assert_allclose(found["spread"][0, 0], np.std([1000, 2000, 3000]), rtol=1e-6)
    assert found["pixels"][0, :, 0].values.tolist() == [3, 3, 3, 0, *[3] * 8]
    assert found["mean"][0, 3].isnull().all()
    assert found["mean"][1].isnull().all()


@pytest.mark.parametrize(
    ("given", "words_of_it"),
    [(Point(4, 50), "feature 1 is Point"), (gpd.GeoDataFrame(geometry=[]), "no coordinate system"),
     (gpd.GeoDataFrame(geometry=[], crs=4326), "there is no feature"), (7, "polygons given: int"),
     ({"type": "Polygon"}, "no GeoJSON of polygons"), ([box(0, 0, 1, 1), Point(4, 50)], "feature 2 is Point"),
     (box(0, 0, 0, 0).intersection(box(1, 1, 2, 2)), "feature 1 is nothing")],
)  # fmt: skip
def test_what_is_no_polygon_is_refused(given: object, words_of_it: str) -> None:
    with pytest.raises(ValueError, match=words_of_it):
        read_polygons(given)


def test_a_series_of_polygons_keeps_its_coordinate_system(maps: xr.Dataset) -> None:
    shapes = parcels(rectangle(6, 0, 12, 10)).geometry
    assert regions.field_table(maps, shapes)["pixels"].tolist() == [60]
    assert regions.field_table(maps, shapes.to_crs(4326))["pixels"].tolist() == [60]


def test_fields_that_all_lie_elsewhere_are_refused(maps: xr.Dataset) -> None:
    there = parcels(rectangle(6, 0, 12, 10), rectangle(0, 0, 3, 3))
    degrees = there.to_crs(4326)
    turned = degrees.geometry.map(lambda polygon: transform(lambda x, y: (y, x), polygon))
    for given, words_of_it in [
        (
            degrees.set_geometry(turned),
            "none of the 2 fields.*longitude 50.*Longitude stands before latitude",
        ),
        (
            degrees.set_crs(CRS, allow_override=True),
            "none of the 2 fields.*another coordinate system, say which",
        ),
        (
            there.set_crs(4326, allow_override=True),
            "field 1 lies at 600060, .*no place in the coordinate system given",
        ),
    ]:
        with pytest.raises(ValueError, match=words_of_it):
            regions.field_table(maps, given)
    assert regions.field_table(maps, parcels(rectangle(3.1, 3.1, 3.4, 3.4)))["pixels"].tolist() == [0]


def test_sides_that_cross_are_refused_by_their_field(maps: xr.Dataset, tmp_path: Path) -> None:
    corners = [(LEFT + 10 * x, TOP - 10 * y) for x, y in ((2, 2), (8, 8), (8, 2), (2, 8))]
    fields = parcels(rectangle(0, 0, 2, 2), Polygon(corners), rectangle(9, 9, 12, 12))
    fields.to_file(tmp_path / "fields.gpkg", driver="GPKG")
    bands = {"month": np.arange(1, 13), "band": list(BANDS)}
    cube = on_grid(xr.DataArray(np.full((12, 10, 20, 30), 900.0), bands, ("month", "band", "y", "x")))
    for read in (lambda f: regions.field_table(maps, f), lambda f: regions.field_series(cube, f)):
        for given in (fields, tmp_path / "fields.gpkg"):
            with pytest.raises(
                ValueError, match=r"sides of feature 2 cross .*make_valid\(\)\), or Fix geometries"
            ):
                read(given)
        read(fields.set_geometry(fields.make_valid()))
    assert regions.field_table(maps, fields.set_geometry(fields.make_valid()))["pixels"][1] in range(12, 25)


def test_files_that_hold_no_polygons_are_refused(maps: xr.Dataset, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*nothing\.gpkg"):
        regions.field_table(maps, tmp_path / "nothing.gpkg")
    (tmp_path / "a.geojson").write_text("{}")
    with pytest.raises(ValueError, match="cannot be read as polygons"):
        regions.field_table(maps, tmp_path / "a.geojson")
    with pytest.raises(ValueError, match="no coordinate system"):
        regions.field_table(mapped(np.zeros((4, 4)), crs=None), box(4, 50, 5, 51))


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


# Files of points


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {"lon": [4.123456, -70.0], "lat": [50.654321, -33.0], "words": ["=maize", "café"], "p_maize": [0.25, np.nan],
         "year": [2018, 2019], "row": [1, 2]}
    )  # fmt: skip


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_points_come_back_from_a_gis(table: pd.DataFrame, suffix: str, tmp_path: Path) -> None:
    path = regions.save_points(table, tmp_path / "new" / f"places{suffix}")
    there = gpd.read_file(regions.save_points(table, path))
    assert there.crs == "EPSG:4326"
    np.testing.assert_allclose(there.geometry.x, table["lon"])
    np.testing.assert_allclose(there.geometry.y, table["lat"])
    assert there["words"].tolist() == table["words"].tolist()
    assert there["year"].tolist() == [2018, 2019]
    np.testing.assert_allclose(there["p_maize"].astype(float), [0.25, np.nan])
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".csv"])
def test_places_are_blurred_or_left_out(table: pd.DataFrame, suffix: str, tmp_path: Path) -> None:
    blurred = regions.save_points(table, tmp_path / f"blurred{suffix}", places="blurred")
    without = regions.save_points(table, tmp_path / f"without{suffix}", places="left out")
    assert b"4.123" not in blurred.read_bytes() + without.read_bytes()
    if suffix == ".csv":
        assert pd.read_csv(blurred)[["lon", "lat"]].values.tolist() == [[4.12, 50.65], [-70.0, -33.0]]
        assert pd.read_csv(without).columns.tolist() == ["words", "p_maize", "year"]
        return
    there = gpd.read_file(blurred)
    assert [(p.x, p.y) for p in there.geometry] == [(4.12, 50.65), (-70.0, -33.0)]
    assert "row" not in there
    left = gpd.read_file(without)
    assert left["words"].tolist() == table["words"].tolist()
    assert "geometry" not in left or left["geometry"].isna().all()


def test_a_spreadsheet_runs_nothing_and_json_has_no_nan(table: pd.DataFrame, tmp_path: Path) -> None:
    assert "'=maize" in regions.save_points(table, tmp_path / "a.csv").read_text()
    said = json.loads(regions.save_points(table, tmp_path / "a.geojson").read_text())
    assert said["features"][1]["properties"]["p_maize"] is None
    assert said["features"][0]["properties"]["words"] == "=maize"


def test_json_has_days_in_words_and_no_place_where_none_is_known(table: pd.DataFrame, tmp_path: Path) -> None:
    days = pd.to_datetime(["2018-05-01 10:30", None])
    given = table.assign(lon=[4.1, np.nan], when=days, day=[days[0].date(), pd.NA], took=days - days[0])
    text = regions.save_points(given, tmp_path / "a.geojson").read_text()

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    first, second = json.loads(text, parse_constant=refuse)["features"]
    assert first["geometry"]["coordinates"] == [4.1, 50.654321]
    assert (first["properties"]["when"], first["properties"]["day"]) == ("2018-05-01T10:30:00", "2018-05-01")
    assert second["geometry"] is None
    assert [second["properties"][name] for name in ("when", "day", "took")] == [None] * 3
    assert gpd.read_file(tmp_path / "a.geojson")["when"].isna().tolist() == [False, True]


def test_what_is_no_table_of_places_is_refused(table: pd.DataFrame, tmp_path: Path) -> None:
    for given, name, words_of_it in [(table, "a.shp", "ends in .csv"), (table.head(0), "a.csv", "0 rows"),
                                     (table.drop(columns="lat"), "a.csv", "a row a place")]:  # fmt: skip
        with pytest.raises(ValueError, match=words_of_it):
            regions.save_points(given, tmp_path / name)
    with pytest.raises(ValueError, match="places='near'"):
        regions.save_points(table, tmp_path / "a.csv", places="near")


def test_a_tilde_is_the_home_folder(
    maps: xr.Dataset, table: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(elsewhere)
    regions.save_points(table, "~/places.csv")
    regions.save_geotiff(maps, "~/new/map.tif")
    regions.save_picture(maps, "~/map.png")
    parcels(rectangle(6, 0, 12, 10)).to_file(home / "fields.gpkg", driver="GPKG")
    assert regions.field_table(maps, "~/fields.gpkg")["pixels"].tolist() == [60]
    source = GridSource()
    words = small_model().zero_shot(["a maize field", "open water"])
    for _ in range(2):  # the second takes the first one up
        found = tn.map_region(words, source.grid, store="~/map.zarr", progress=False)
        assert found["label"].shape == (32, 32)
    Pairs(np.full((2, 12, 10), 500, np.float32), labels=["a", "b"]).save("~/pairs.safetensors")
    assert Pairs.load("~/pairs.safetensors").labels.tolist() == ["a", "b"]
    written = {"places.csv", "new", "map.png", "fields.gpkg", "map.zarr", "pairs.safetensors"}
    assert {path.name for path in home.glob("[!.]*")} == written  # matplotlib keeps fonts in hidden folders
    assert not list(elsewhere.iterdir())


# Next to other tables


def test_fields_keep_their_index(maps: xr.Dataset) -> None:
    fields = parcels(rectangle(0, 0, 10, 20), rectangle(10, 0, 29, 20), rectangle(12, 2, 20, 8))
    fields["majority_there"] = ["maize", "meadow", "meadow"]
    named = fields.set_index("owner")
    some = named.loc[["farm 2", "farm 0"]]
    table = regions.field_table(maps, some)
    assert table["majority"].to_dict() == {"farm 2": "meadow", "farm 0": "maize"}
    named["majority"] = table["majority"]
    assert named["majority"].isna().to_dict() == {"farm 0": False, "farm 1": True, "farm 2": False}
    cube = on_grid(xr.DataArray(np.full((12, 10, 20, 30), 500.0), dims=("month", "band", "y", "x")))
    cube = cube.assign_coords(month=np.arange(1, 13), band=list(BANDS))
    assert regions.field_series(cube, some).field.values.tolist() == ["farm 2", "farm 0"]
    assert regions.field_series(cube, fields).field.values.tolist() == [0, 1, 2]


def test_geojson_that_names_its_coordinate_system_lies_there(maps: xr.Dataset) -> None:
    fields = parcels(rectangle(2, 2, 9, 9)).to_crs(4230)  # ED50: 100 m from WGS 84
    text = fields.to_json(show_bbox=False, to_wgs84=False)
    given = json.loads(text) | {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4230"}}}
    assert read_polygons(given).crs.to_epsg() == 4230
    assert regions.field_table(maps, given)["pixels"].tolist() == [49]


def test_a_geotiff_comes_back_as_the_map_that_it_was(maps: xr.Dataset, tmp_path: Path) -> None:
    path, *_ = regions.save_geotiff(maps, tmp_path / "map.tif")
    again = rioxarray.open_rasterio(path).squeeze("band", drop=True).to_dataset(name="label")
    pd.testing.assert_frame_equal(regions.area_table(again), regions.area_table(maps))
    part = again.isel(x=slice(0, 10))
    assert regions.area_table(part)["pixels"].to_dict()["maize"] == 200


def test_certainty_from_a_few_places_is_said(maps: xr.Dataset) -> None:
    points = regions.sample_points(maps, 30, at_least=5)
    found = regions.estimate_areas(maps, points.assign(true_class=points["map_class"]))
    assert found.accuracy == (1.0, 0.0)
    assert "All places of maize, meadow, water have one true class" in found.note


def test_a_column_with_the_name_of_the_rows_is_said(tmp_path: Path) -> None:
    table = pd.DataFrame({"lon": [4.0, 4.0], "lat": [50.0, 50.0], "fid": [1, 1]})
    with pytest.raises(ValueError, match="'fid' has the name of a GeoPackage's own numbers"):
        regions.save_points(table, tmp_path / "a.gpkg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("crs", "looks"), [("EPSG:4326", "metres"), ("EPSG:32631", "degrees")])
def test_coordinates_of_another_system_make_no_map(crs: str, looks: str) -> None:
    cube = tn.open_source("flanders").cube((3.02, 50.81, 3.025, 50.815))[..., :4, :4]
    if looks == "degrees":
        cube = cube.assign_coords(x=np.linspace(3.02, 3.021, 4), y=np.linspace(50.82, 50.81, 4))
    with pytest.raises(ValueError, match=f"look like {looks}"):
        tn.map_region(
            tn.load("pocket").zero_shot(["a meadow", "a forest"]), cube.rio.write_crs(crs), progress=False
        )
