"""Maps and cubes that somebody thinned, cut or turned after they were written: they lie where their coordinates say."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401 - adds .rio
import xarray as xr
from class_maps import mapped
from matplotlib.figure import Figure
from pyproj import Transformer
from shapely.geometry import box

import timesen_nb as tn
from timesen_nb import regions
from timesen_nb.plots.maps import plot_map
from timesen_nb.regions.georeference import transform_of

TURNED = {
    "thinned": lambda data: data.isel(x=slice(0, None, 2), y=slice(0, None, 2)),
    "turned upside down": lambda data: data.isel(y=slice(None, None, -1)),
    "mirrored": lambda data: data.isel(x=slice(None, None, -1)),
    "cut": lambda data: data.isel(x=slice(5, 25), y=slice(3, 18)),
    "transposed": lambda data: data.transpose("x", "y", ...),
}
Turn = Callable[[xr.Dataset], xr.Dataset]
turned = pytest.mark.parametrize("turn", TURNED.values(), ids=TURNED)


@pytest.fixture
def maps() -> xr.Dataset:
    """20 x 30 pixels of three classes by chance, with a transform that was written."""
    label = np.random.default_rng(0).integers(0, 3, (20, 30))
    maps = mapped(label)
    return maps.rio.write_crs(maps["label"].rio.crs).rio.write_transform(
        maps["label"].rio.transform(recalc=True)
    )


def there(maps: xr.Dataset, x: float, y: float) -> int:
    return int(maps["label"].sel(x=x, y=y, method="nearest"))


@turned
def test_sample_places_lie_on_their_class(maps: xr.Dataset, turn: Turn) -> None:
    given = turn(maps)
    places = regions.sample_points(given, 60, seed=1)
    x, y = Transformer.from_crs(4326, maps["label"].rio.crs, always_xy=True).transform(places.lon, places.lat)
    classes = maps["label"].attrs["classes"]
    assert [classes[there(maps, *at)] for at in zip(x, y, strict=True)] == list(places.map_class)


@turned
def test_areas_are_those_of_the_pixels(maps: xr.Dataset, turn: Turn) -> None:
    given = turn(maps)
    apart = abs(float(given.x[1] - given.x[0]))
    table = regions.area_table(given)
    assert table["hectares"].sum() == pytest.approx(given["label"].size * apart**2 / 10_000)


@turned
def test_fields_find_their_pixels(maps: xr.Dataset, turn: Turn) -> None:
    given = turn(maps)
    x, y = (np.sort(given[axis].values) for axis in ("x", "y"))
    apart = x[1] - x[0]
    field = box(x[2] - apart / 2, y[1] - apart / 2, x[5] + apart / 2, y[3] + apart / 2)
    table = regions.field_table(given, gpd.GeoDataFrame(geometry=[field], crs=maps["label"].rio.crs))
    truth = given["label"].sel(x=x[2:6], y=y[1:4]).values
    assert table["pixels"].tolist() == [truth.size]
    classes = given["label"].attrs["classes"]
    most = np.bincount(truth.ravel(), minlength=3)
    assert most[classes.index(table["majority"][0])] == most.max()


@turned
def test_files_have_each_pixel_where_it_lies(maps: xr.Dataset, turn: Turn, tmp_path: Path) -> None:
    given = turn(maps.assign(probability=maps["label"] / 4))
    for path in regions.save_geotiff(given, tmp_path / "map.tif"):
        with rasterio.open(path) as file:
            places = [(float(x), float(y)) for x in given.x.values for y in given.y.values]
            found = [value[0] for value in file.sample(places)]
        share = 4 if "probability" in path.name else 1
        assert np.array(found) * share == pytest.approx([there(maps, *at) for at in places])


@turned
def test_pictures_show_each_pixel_where_it_lies(maps: xr.Dataset, turn: Turn) -> None:
    given = turn(maps)
    [picture] = plot_map(given, Figure().add_subplot()).images
    west, east, south, north = picture.get_extent()
    shown = np.asarray(picture.get_array())
    rows, columns = shown.shape[:2]
    colours = {"#ff0000": 0, "#00ff00": 1, "#0000ff": 2}
    for x in given.x.values:
        for y in given.y.values:
            pixel = shown[
                int((north - y) / (north - south) * rows), int((x - west) / (east - west) * columns)
            ]
            assert colours["#" + "".join(f"{round(255 * c):02x}" for c in pixel[:3])] == there(maps, x, y)


@turned
def test_a_cube_is_mapped_where_it_lies(turn: Turn) -> None:
    source = tn.open_source("flanders")
    cube = source.cube(source.bounds).isel(y=slice(0, 20), x=slice(0, 30))
    cube = cube.rio.write_transform(cube.rio.transform(recalc=True))
    given = turn(cube.to_dataset(name="cube"))["cube"]
    maps = tn.map_region(tn.load("pocket").zero_shot(["maize field", "meadow"]), given, progress=False)
    column, row = 3, 2
    x, y = transform_of(given.transpose(..., "y", "x")) @ (column + 0.5, row + 0.5)
    assert (x, y) == pytest.approx((given.x.values[column], given.y.values[row]))
    written = maps.rio.transform() @ (column + 0.5, row + 0.5)
    assert written == pytest.approx((maps.x.values[column], maps.y.values[row]))


def test_what_was_written_stays_where_it_is_right(maps: xr.Dataset) -> None:
    assert transform_of(maps["label"]) == maps.rio.transform()


def test_steps_a_little_longer_than_written_are_not_lost(maps: xr.Dataset) -> None:
    stretched = maps.assign_coords(x=float(maps.x[0]) + 10.05 * np.arange(maps.sizes["x"]))
    points = regions.sample_points(stretched, 60)
    at = gpd.points_from_xy(points["lon"], points["lat"], crs=4326).to_crs(maps.rio.crs)
    np.testing.assert_allclose(at.x, stretched.x.values[points["column"]], atol=1e-3)


def test_gaps_between_rows_are_refused(maps: xr.Dataset) -> None:
    with pytest.raises(ValueError, match="rows that are not evenly apart"):
        regions.area_table(maps.isel(y=[0, 1, 5]))


def test_a_coordinate_system_without_coordinates_is_no_place(maps: xr.Dataset, tmp_path: Path) -> None:
    source = tn.open_source("flanders")
    cube = source.cube(source.bounds).isel(y=slice(0, 6), x=slice(0, 8))
    words = tn.load("pocket").zero_shot(["maize field", "meadow"])
    bare = xr.DataArray(cube.values, {"month": cube.month, "band": cube.band}, cube.dims)
    with pytest.raises(
        ValueError, match=r"write_crs\('EPSG:32631'\); its coordinates x and y are metres or degrees"
    ):
        tn.map_region(words, bare, progress=False)
    for lost, said in ((["x", "y"], "along x and y, so"), (["x"], "along x, so")):
        nowhere = bare.assign_coords(x=cube.x, y=cube.y).rio.write_crs(cube.rio.crs).drop_vars(lost)
        with pytest.raises(ValueError, match=f"no coordinates {said} it would lie nowhere"):
            tn.map_region(words, nowhere, progress=False)
    unplaced = mapped(np.zeros((4, 4))).drop_vars(["x", "y"])
    with pytest.raises(ValueError, match="would lie nowhere"):
        regions.save_geotiff(unplaced, tmp_path / "map.tif")
    with pytest.raises(ValueError, match="no picture can say where it lies"):
        regions.save_picture(unplaced, tmp_path / "map.png")
    written = bare.rio.write_crs(cube.rio.crs).rio.write_transform(cube.rio.transform(recalc=True))
    assert tn.map_region(words, written, progress=False).rio.bounds() == pytest.approx(
        cube.rio.bounds(recalc=True)
    )


@pytest.mark.parametrize(("crs", "looks"), [("EPSG:4326", "metres"), ("EPSG:32631", "degrees")])
def test_coordinates_of_another_system_make_no_map(crs: str, looks: str) -> None:
    cube = tn.open_source("flanders").cube((3.02, 50.81, 3.025, 50.815))[..., :4, :4]
    if looks == "degrees":
        cube = cube.assign_coords(x=np.linspace(3.02, 3.021, 4), y=np.linspace(50.82, 50.81, 4))
    with pytest.raises(ValueError, match=f"look like {looks}"):
        tn.map_region(
            tn.load("pocket").zero_shot(["a meadow", "a forest"]), cube.rio.write_crs(crs), progress=False
        )
