"""Classes and series of fields on a map."""

import json
from contextlib import nullcontext
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr
from class_maps import CRS, LEFT, TOP, mapped, on_grid, parcels, rectangle, small_map
from shapely.geometry import MultiPolygon, Point, Polygon, box, mapping
from shapely.ops import transform

from timesen_nb import regions
from timesen_nb.bands import BANDS
from timesen_nb.regions.vector_files import read_polygons


@pytest.fixture
def maps() -> xr.Dataset:
    return small_map()


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
        np.testing.assert_allclose(table[["share_maize", "share_meadow", "share_water"]],
                                   [[2 / 3, 1 / 3, 0], [0, 2 / 3, 1 / 3], [np.nan] * 3])  # fmt: skip
        np.testing.assert_allclose(table["hectares"], [0.6, 0.3, 0])
        assert table.crs == given.crs if isinstance(given, gpd.GeoDataFrame) else True


def test_a_pixel_belongs_to_the_field_of_its_centre(maps: xr.Dataset) -> None:
    table = regions.field_table(
        maps, parcels(rectangle(0.6, 0, 2.4, 1), rectangle(0.4, 0, 2.6, 1), rectangle(3.1, 3.1, 3.4, 3.4),
                      rectangle(5.49, 3.49, 5.51, 3.51))
    )  # fmt: skip
    assert table["pixels"].tolist() == [1, 3, 0, 1]


@pytest.mark.parametrize("turn", [slice(None), slice(None, None, -1)], ids=["south", "north"])
def test_a_centre_on_a_border_is_of_one_field(turn: slice) -> None:
    maps = mapped(np.zeros((12, 12))).isel(y=turn)
    squares = [rectangle(x, y, x + 4, y + 4) for x in (0.5, 4.5) for y in (0.5, 4.5)]
    halves = [
        Polygon([(LEFT, TOP), (LEFT + 120, TOP - 120), (LEFT + x, TOP - y)]) for x, y in ((120, 0), (0, 120))
    ]
    table = regions.field_table(maps, parcels(*squares, *halves))
    assert table["pixels"].tolist()[:4] == [16, 16, 16, 16]
    assert table["pixels"][4:].sum() == 144


@pytest.mark.parametrize("west", [179.9985, -180.0015])
def test_fields_lie_on_a_grid_of_degrees_over_the_date_line(west: float) -> None:
    label = mapped(np.zeros((20, 30)), crs=None)["label"]
    maps = label.assign_coords(x=west + 1e-4 * (np.arange(30) + 0.5), y=-17 - 1e-4 * (np.arange(20) + 0.5))
    maps = maps.rio.write_crs(4326).to_dataset(name="label")
    before, after = box(179.999, -17.001, 180, -17), box(-180, -17.001, -179.998, -17)
    table = regions.field_table(
        maps, [before, after, MultiPolygon([before, after]), box(179.999, -17.001, 180.002, -17)]
    )
    assert table["pixels"].tolist() == [100, 150, 250, 250]
    assert table["beyond"].tolist() == [0, 50, 50, 50]
    with pytest.raises(ValueError, match=r"field 1 lies at 1e.12, .*no place in the coordinate system given"):
        regions.field_table(maps, gpd.GeoSeries([box(1e12, 0, 2e12, 1)], crs=CRS))
    points = regions.sample_points(maps, 600)
    assert points["lon"].between(179.9985, 180).sum() == points["lon"].between(-180, -179.9985).sum() == 300


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
    assert table[["share_maize", "share_meadow"]].iloc[0].tolist() == [1, 0], "shares are of pixels"


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
