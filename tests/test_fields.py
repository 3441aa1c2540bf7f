"""Fields in the click map: drawn by corners, typed or loaded; what covers them, and their mean year."""

import json

import geopandas as gpd
import numpy as np
import pytest
from rasterio.warp import transform_bounds
from shapely.geometry import Point, Polygon, box
from synthetic import GridSource

import timesen_nb as tn
from timesen_nb.regions import field_series, field_table
from timesen_nb.widgets.charts import percent
from timesen_nb.widgets.page import seen
from timesen_nb.widgets.take import view_maps


def corners(source: GridSource, *pixels: tuple[int, int]) -> list[tuple[float, float]]:
    """Longitude and latitude within pixels, by column and row: some 3 m east and north of their centres."""
    return [(lon + 4e-5, lat + 3e-5) for lon, lat in (source.place(*pixel) for pixel in pixels)]


def on_map(app: tn.ClickMap, lon: float, lat: float) -> None:
    app.map._handle_leaflet_event(
        None, {"event": "interaction", "type": "click", "coordinates": [lat, lon]}, []
    )
    app._jobs.settle()


def draw(app: tn.ClickMap, *places: tuple[float, float]) -> None:
    app.fields.draw.value = True
    for place in places:
        on_map(app, *place)
    app.fields.start.click()
    app.fields._jobs.settle()


def test_clicks_are_corners_while_a_field_is_drawn_and_places_again_when_it_was_read(
    app: tn.ClickMap, source: GridSource
) -> None:
    ring = corners(source, (4, 4), (14, 4), (14, 9), (4, 9))
    draw(app, *ring)
    assert app.result is None
    assert app.error is None
    known = field_table(
        view_maps(app.session, app.session.encode(app.session.fields.encoded.view)), Polygon(ring)
    )
    assert app.fields.table.loc[0, "majority"] == known.loc[0, "majority"]
    assert app.fields.table.loc[0, "pixels"] == known.loc[0, "pixels"] == 50
    assert app.fields.table.loc[0, "hectares"] == pytest.approx(0.5)
    assert not app.fields.drawing
    on_map(app, *source.place(5, 5))
    assert app.result is not None


def test_two_corners_are_a_box(app: tn.ClickMap, source: GridSource) -> None:
    a, b = corners(source, (3, 20), (9, 12))
    draw(app, a, b)
    alone = app.read_fields(box(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])))
    assert app.fields.table["pixels"].tolist() == alone["pixels"].tolist()
    assert len(app.map._fields.locations[0]) == 5


def test_the_mean_year_is_that_of_the_library_and_other_words_are_counted_at_once(
    app: tn.ClickMap, source: GridSource
) -> None:
    west, south, east, north = source.bounds
    field = box(west + 0.001, south + 0.001, east - 0.001, north - 0.001)
    app.read_fields(field)
    known = field_series(source.grid, field)
    np.testing.assert_allclose(app.session.fields.series["mean"], known["mean"], rtol=1e-5)
    assert "December" not in app.fields.text
    before = app.fields.table
    app.use(["a bog", "a car park"])
    assert set(app.fields.table["majority"]) <= {"a bog", "a car park"}
    assert app.fields.table["pixels"].tolist() == before["pixels"].tolist()
    shares = app.fields.table.loc[0, ["ha_a bog", "ha_a car park"]].sum()
    assert shares == pytest.approx(app.fields.table.loc[0, "hectares"])
    assert f"of {shares:.2f} ha" in app.fields.text


def test_a_field_has_no_share_where_an_answer_has_none(app: tn.ClickMap, source: GridSource) -> None:
    west, south, east, north = source.bounds
    app.read_fields(box(west + 0.001, south + 0.001, east - 0.001, north - 0.001))
    for words in (["qwxyz", "zzgrbl"], ["an elephant"]):
        app.use(words)
        assert app.fields.text.startswith("These words give no answer")
        assert "clear month" not in app.fields.text
        assert seen(app.fields._chart), "the year was read"
    for words in (["maize"], ["qwxyz", "maize"]):
        app.use(words)
        assert app.fields.text.startswith("maize: nothing to compare with")
        assert " ha. One word alone has no share" in app.fields.text
        assert "%" not in app.fields.text
    app.use(["maize", "a meadow"])
    assert "%" in app.fields.text.splitlines()[0]


def test_a_file_of_fields_has_a_row_each_and_each_can_be_looked_at(
    app: tn.ClickMap, source: GridSource, tmp_path
) -> None:
    west, south, east, north = source.bounds
    middle = (west + east) / 2
    halves = [
        box(west, south, middle, north),
        box(middle, south, east, north),
        box(east + 0.01, south, east + 0.02, north),
    ]
    gpd.GeoDataFrame(geometry=halves[:2], crs=4326).to_crs(32631).to_file(tmp_path / "two.gpkg")
    table = app.read_fields(tmp_path / "two.gpkg")
    assert len(table) == 2
    assert list(app.fields.choice.options) == ["1 of 2", "2 of 2"]
    first = app.fields.text
    app.fields.choice.index = 1
    assert app.fields.text != first
    assert (
        app.read_fields(gpd.GeoDataFrame(geometry=[halves[0], halves[2]], crs=4326))["pixels"].tolist()[1]
        == 0
    )
    app.fields.choice.index = 1
    assert "outside the data" in app.fields.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "no corner is marked"),
        ("3.0, 50.55", "one corner is marked"),
        ("3.0, 50.55; Vilvoorde", "'Vilvoorde' is no corner"),
        ("3.000, 50.550; 3.002, 50.552; 3.002, 50.550; 3.000, 50.552", "cross each other"),
        ("9.0, 48.0; 9.001, 48.001", "outside the data"),
        ("3.0, 50.0; 4.0, 51.0", "at most 100,000"),
    ],
)
def test_what_is_no_field_is_said_in_words_and_numbers_stay_with_their_outline(
    app: tn.ClickMap, source: GridSource, typed: str, said: str
) -> None:
    west, south, east, north = source.bounds
    app.read_fields(box(west, south, east, north))
    before, outlined = app.fields.text, app.map._fields.locations
    app.fields.corners.value = typed
    app.fields.start.click()
    app.fields._jobs.settle()
    assert said in app.error
    moved = app.map._fields.locations != outlined
    assert app.fields.text == ("" if moved else before)
    assert moved == ("Vilvoorde" not in typed and typed != "")
    app.use(["a bog", "a car park"])
    assert bool(app.fields.text) != moved, "they do not come back with other words"


def test_a_field_of_a_file_that_crosses_itself_is_named_and_words_go_on(
    app: tn.ClickMap, source: GridSource, tmp_path
) -> None:
    west, south, east, north = source.bounds
    whole, bow = (
        box(west, south, east, north),
        Polygon([(west, south), (east, north), (east, south), (west, north)]),
    )
    app.read_fields(whole)
    app.click(*source.place(5, 7))
    app.map_view(bbox=source.bounds)
    gpd.GeoDataFrame(geometry=[whole, bow], crs=4326).to_file(tmp_path / "bow.geojson")
    before, outlined = app.fields.text, app.map._fields.locations
    assert app.read_fields(tmp_path / "bow.geojson") is None
    assert "the sides of feature 2 cross" in app.error
    assert "Fix geometries in QGIS" in app.text
    assert "frame." not in app.text
    assert (app.fields.text, app.map._fields.locations) == (before, outlined)
    app.use(["a bog", "a car park"])
    assert app.error is None
    assert app.result.classes == ("a bog", "a car park")


def test_what_fails_beside_the_words_keeps_the_others_from_nothing(
    app: tn.ClickMap, source: GridSource
) -> None:
    app.read_fields(box(*source.bounds))
    app.click(*source.place(5, 7))
    app.map_view(bbox=source.bounds)
    polygons = app.session.fields.polygons
    west, south, east, north = source.bounds
    polygons.geometry = [Polygon([(west, south), (east, north), (east, south), (west, north)])]
    app.use(["a bog", "a car park"])
    assert app.error is not None
    assert app.result.classes == ("a bog", "a car park")
    assert "a bog" in app.text
    assert set(app._layer.drawn.classes) <= {"a bog", "a car park"}
    assert "word=a+bog" in app._actions._screen.link.value
    assert app.fields.text == "", "what was counted by other words does not stay"


def test_fields_the_other_way_round_are_told_so(app: tn.ClickMap, source: GridSource, tmp_path) -> None:
    west, south, east, north = source.bounds
    turned = gpd.GeoDataFrame(geometry=[box(south, west, north, east)], crs=4326)
    turned.to_file(tmp_path / "turned.geojson")
    app.read_fields(tmp_path / "turned.geojson")
    assert "They fit the other way round: swap longitude and latitude" in app.error
    far = gpd.GeoDataFrame(geometry=[box(9, 48, 9.001, 48.001)], crs=4326)
    app.read_fields(far)
    assert "outside the data" in app.error
    assert "other way round" not in app.error


def test_metres_that_are_taken_for_degrees_are_told_so(app: tn.ClickMap, tmp_path) -> None:
    metres = box(500_000, 5_600_000, 500_300, 5_600_300).__geo_interface__
    said_nowhere = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": metres}],
    }
    (tmp_path / "metres.geojson").write_text(json.dumps(said_nowhere))
    for given in (tmp_path / "metres.geojson", said_nowhere):
        app.read_fields(given)
        assert "are no degrees: they go from 500,000, 5,600,000 to 500,300, 5,600,300" in app.error
        assert "pixels" not in app.error


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ([None], "feature 1 is nothing; expected"),
        ([Point(3, 50), None], "feature 1 is Point, and 1 more is none either; expected"),
        ([], "there is no feature; expected"),
    ],
)
def test_what_is_no_polygon_is_counted(app: tn.ClickMap, features: list, said: str) -> None:
    app.read_fields(gpd.GeoDataFrame(geometry=features, crs=4326))
    assert said in app.error


def test_other_data_have_no_fields(app: tn.ClickMap, source: GridSource) -> None:
    app.read_fields(box(*source.bounds))
    app.use(year=2019)
    assert app.fields.table is None
    assert app.map._fields.locations == []
    assert app.fields.text == ""


@pytest.mark.parametrize("code", [4326, 3857])
def test_without_hectares_shares_are_those_of_pixels_and_it_is_said_why(code: int) -> None:
    flanders = tn.open_source("flanders")
    west, south, east, north = flanders.bounds
    cube = flanders.cube(flanders.bounds)
    left, bottom, right, top = transform_bounds(4326, code, west, south, east, north)
    x, y = np.linspace(left, right, cube.sizes["x"]), np.linspace(top, bottom, cube.sizes["y"])
    source = tn.open_source(cube.assign_coords(x=x, y=y).rio.write_crs(code))
    app = tn.ClickMap(tn.load("pocket"), source, ["maize", "meadow"])
    row = app.read_fields(box(west + 0.001, south + 0.001, east - 0.001, north - 0.001)).iloc[0]
    assert app.error is None
    headline, shares = app.fields.text.splitlines()
    assert row["majority_share"] < 1, "both classes are there"
    assert headline == f"{row['majority']}: {percent(row['majority_share'])} of {row['pixels']} pixels"
    for name in ("maize", "meadow"):
        assert f"{name} {percent(row[f'share_{name}'])}" in shares
    assert shares.endswith("No hectares: the coordinate system of these data does not keep areas.")
    app.use(["maize"])
    assert app.fields.text.endswith(" areas. One word alone has no share: add another.")
    assert "nan" not in app.fields.text
