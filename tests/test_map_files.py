"""What a map takes along into a GIS and onto a slide."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from shapely.geometry import box

import timesen_nb as tn
from timesen_nb import regions

Kept = Callable[[xr.Dataset, Path], xr.Dataset]
WORDS = ["maize", "a meadow", "potatoes"]


@pytest.fixture(scope="module")
def cube() -> xr.DataArray:
    source = tn.open_source("flanders")
    cube = source.cube(source.bounds)[:, :, :12, :14].copy()
    cube[:, :, 0, 0] = np.nan
    return cube


@pytest.fixture(scope="module")
def maps(cube: xr.DataArray) -> xr.Dataset:
    zs = tn.load("pocket").zero_shot(WORDS)
    return tn.map_region(
        zs, cube, every_class=True, applicability=True, set_size=True, exact=True, progress=False, keep="int8"
    )


def test_set_sizes_are_those_of_prediction_sets(maps: xr.Dataset, cube: xr.DataArray) -> None:
    series = cube.transpose("y", "x", "month", "band").values.reshape(-1, 12, 10)[1:]
    sets = tn.load("pocket").zero_shot(WORDS).prediction_sets(series)
    sizes = maps["set_size"].values.ravel()
    assert sizes[0] == -1
    assert len(set(sizes[1:])) > 1
    np.testing.assert_array_equal(sizes[1:], sets.sum(axis=1))


def test_every_layer_has_a_file_that_a_gis_reads(maps: xr.Dataset, tmp_path: Path) -> None:
    paths = regions.save_geotiff(maps, tmp_path / "new" / "map.tif")
    names = ["map", "map_probability", "map_probabilities", "map_dissimilarity", "map_set_size"]
    assert [p.name for p in paths] == [f"{name}.tif" for name in names]
    with rasterio.open(paths[2]) as file:
        assert file.descriptions == tuple(WORDS)
        assert file.crs == maps.rio.crs
        np.testing.assert_allclose(file.read(), maps["probabilities"].values, atol=1e-3)
        assert np.isnan(file.read()[:, 0, 0]).all()
    with rasterio.open(paths[3]) as file:
        np.testing.assert_array_equal(file.read(1), maps["dissimilarity"].values)
        assert "area of applicability" in file.descriptions[0]
    with rasterio.open(paths[4]) as file:
        assert file.nodata == -1
        np.testing.assert_array_equal(file.read(1), maps["set_size"].values)
        assert "nine times in ten" in file.descriptions[0]


@pytest.mark.parametrize("short_of", [1, 0.93, 0.9, 0.84, 0.3])
def test_files_that_are_cut_short_are_told(
    maps: xr.Dataset, tmp_path: Path, small_files: Callable[[int], None], short_of: float
) -> None:
    """GDAL says nothing of some files that it could not write to their end, as on a full disk."""
    rng, axis = np.random.default_rng(0), 10.0 * np.arange(700)
    maps = maps[["label", "probability"]].isel(y=rng.integers(0, 12, 700), x=rng.integers(0, 14, 700))
    maps = maps.assign_coords(x=axis, y=-axis)
    maps["probability"] += rng.random((700, 700), dtype=np.float32)
    small_files(10**9)
    whole = regions.save_geotiff(maps, tmp_path / "whole.tif")
    size = whole[1].stat().st_size
    small_files(int(size * short_of) - 1)
    with pytest.raises(OSError, match=r"map(_probability)?\.tif could not be written whole.*disk full"):
        regions.save_geotiff(maps, tmp_path / "map.tif")
    for file in tmp_path.glob("map*.tif"):
        name = file.name.replace("map", "whole")
        np.testing.assert_array_equal(rasterio.open(file).read(), rasterio.open(tmp_path / name).read())
    assert not (tmp_path / "map_probability.tif").exists()


FULL: dict[str, Callable[[xr.Dataset, Path], object]] = {
    **dict.fromkeys(
        ("a.csv", "a.geojson", "a.gpkg"), lambda maps, path: regions.save_points(many(maps), path)
    ),
    "a.png": lambda maps, path: regions.save_picture(maps, path),
    "a.onnx": lambda maps, path: tn.load("pocket").export(path),
    "a.safetensors": lambda maps, path: tn.load("pocket").save(path),
}


def many(maps: xr.Dataset) -> pd.DataFrame:
    points = regions.sample_points(maps, n=60)
    return pd.concat([points] * 20, ignore_index=True)


@pytest.mark.parametrize("name", FULL)
def test_a_full_disk_is_said_and_what_was_there_stays(
    maps: xr.Dataset, tmp_path: Path, small_files: object, name: str
) -> None:
    (tmp_path / name).write_text("what was there")
    with pytest.raises(OSError, match=rf"{name} could not be written whole.*disk full.*Make room"):
        FULL[name](maps, tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "what was there"
    with pytest.raises(OSError, match=rf"{name} could not be written whole.*another folder"):
        FULL[name](maps, tmp_path / name / name)


def test_an_older_map_leaves_no_file_beside_a_newer_one(maps: xr.Dataset, tmp_path: Path) -> None:
    older = regions.save_geotiff(maps, tmp_path / "map.tif")
    older[2].with_name("map_probabilities.tif.aux.xml").write_text("what a GIS noted")
    (tmp_path / "map_notes.tif").write_text("somebody's own")
    newer = regions.save_geotiff(maps[["label", "probability"]], tmp_path / "map.tif")
    assert newer == older[:2]
    left = {*(path.name for path in newer), "map.tif.aux.xml", "map_notes.tif"}
    assert {path.name for path in tmp_path.iterdir()} == left


def test_a_store_takes_set_sizes_up(maps: xr.Dataset, cube: xr.DataArray, tmp_path: Path) -> None:
    zs = tn.load("pocket").zero_shot(WORDS)
    options = {"store": tmp_path / "map.zarr", "set_size": True, "exact": True, "progress": False}
    for _ in range(2):
        np.testing.assert_array_equal(tn.map_region(zs, cube, **options)["set_size"], maps["set_size"])
    with pytest.raises(ValueError, match="other set_size"):
        tn.map_region(zs, cube, **options | {"set_size": False})


def test_sets_that_cannot_be_had_are_refused_before_the_work(maps: xr.Dataset, cube: xr.DataArray) -> None:
    zs = tn.load("pocket").zero_shot(WORDS)
    with pytest.raises(ValueError, match="set_size was asked for of kept vectors"):
        tn.map_region(zs, maps, set_size=True, progress=False)
    with pytest.raises(ValueError, match="this classifier was taught"):
        tn.map_region(zs.teach_vectors(zs.vectors, WORDS), cube, set_size=True, progress=False)


def test_a_picture_shows_classes_with_their_legend(maps: xr.Dataset, tmp_path: Path) -> None:
    path = regions.save_picture(maps, tmp_path / "new" / "map.png", title="$Flanders$")
    shown = (matplotlib.image.imread(path)[..., :3] * 255).round().astype(int).reshape(-1, 3)
    label = maps["label"]
    for k in np.unique(label.values[label.values >= 0]):
        colour = [int(label.attrs["colours"][k][i : i + 2], 16) for i in (1, 3, 5)]
        assert (shown == colour).all(axis=1).sum() > 200
    with pytest.raises(ValueError, match=r"ends in \.png"):
        regions.save_picture(maps, tmp_path / "map.jpg")


# Places like one, in a map on disk


def test_alike_pixels_are_found_in_a_map_on_disk(cube: xr.DataArray, tmp_path: Path) -> None:
    model = tn.load("pocket")
    zs, options = model.zero_shot(WORDS), {"exact": True, "progress": False, "chunk": 5, "keep": "int8"}
    disk = tn.map_region(zs, cube, store=tmp_path / "map.zarr", **options)
    assert disk["vectors"].chunks is not None
    query = model.encode(cube[:, :, 7, 9].values[None])[0]
    found = tn.similar(disk, query, 20)
    assert np.unravel_index(found.indices[0], (12, 14)) == (7, 9)
    memory = tn.similar(disk["vectors"].values, query, 20)
    np.testing.assert_array_equal(found.indices, memory.indices)
    np.testing.assert_allclose(found.cosines, memory.cosines, atol=1e-6)
    turned = tn.similar(disk["vectors"].transpose("feature", "y", "x"), query, 20)
    np.testing.assert_array_equal(turned.indices, found.indices)
    again = xr.open_zarr(tmp_path / "map.zarr", consolidated=False)
    np.testing.assert_array_equal(tn.similar(again, query, 20).indices, found.indices)


def test_alike_pixels_have_their_place(maps: xr.Dataset, cube: xr.DataArray) -> None:
    query = tn.load("pocket").encode(cube[:, :, 7, 9].values[None])[0]
    table = regions.similar_places(maps, query, 200)
    assert len(table) == 12 * 14 - 1  # one pixel has no data
    assert table.loc[0, ["row", "column"]].tolist() == [7, 9]
    assert table["cosine"].is_monotonic_decreasing
    series = tn.open_source("flanders").pixel(table["lon"][0], table["lat"][0])
    np.testing.assert_array_equal(series.values, cube[:, :, 7, 9].values)
    with pytest.raises(ValueError, match=r"expected its vectors.*keep="):
        regions.similar_places(maps.drop_vars("vectors"), query)


# Maps as people keep, mask and open them


@pytest.fixture(scope="module")
def unsure(maps: xr.Dataset) -> xr.Dataset:
    """The map without its less sure half: whole numbers, -1 for no data."""
    return maps.assign(label=maps["label"].where(maps["probability"] > maps["probability"].median(), -1))


def masked(maps: xr.Dataset, folder: Path) -> xr.Dataset:
    return maps.assign(label=maps["label"].where(maps["label"] >= 0))


def opened_plainly(maps: xr.Dataset, folder: Path) -> xr.Dataset:
    maps.to_netcdf(folder / "map.nc")
    return xr.open_dataset(folder / "map.nc")


def opened_plainly_from_zarr(maps: xr.Dataset, folder: Path) -> xr.Dataset:
    maps.drop_vars("class").to_zarr(folder / "map.zarr", consolidated=False)
    return xr.open_zarr(folder / "map.zarr", consolidated=False)


def in_bytes(maps: xr.Dataset, folder: Path) -> xr.Dataset:
    label = maps["label"].where(maps["label"] >= 0, 255).astype(np.uint8)
    return maps.assign(label=label.rio.write_nodata(255))


def in_wide_numbers(maps: xr.Dataset, folder: Path) -> xr.Dataset:
    return maps.assign(label=maps["label"].astype(np.int64))


@pytest.mark.parametrize(
    "kept",
    [masked, opened_plainly, opened_plainly_from_zarr, in_bytes, in_wide_numbers],
    ids=lambda f: f.__name__,
)
def test_a_map_is_the_same_however_it_was_kept(unsure: xr.Dataset, tmp_path: Path, kept: Kept) -> None:
    given = kept(unsure, tmp_path)
    known = unsure["label"].values
    assert regions.area_table(given)["pixels"].sum() == (known >= 0).sum() < known.size
    with rasterio.open(regions.save_geotiff(given, tmp_path / "alone.tif")[0]) as file:
        np.testing.assert_array_equal(file.read(1), np.where(known < 0, 255, known))
    pd.testing.assert_frame_equal(regions.area_table(given), regions.area_table(unsure))
    points = regions.sample_points(unsure, 60, at_least=2)
    pd.testing.assert_frame_equal(regions.sample_points(given, 60, at_least=2), points)
    points["true_class"] = points["map_class"]
    assert regions.estimate_areas(given, points).accuracy == (1.0, 0.0)
    field = gpd.GeoSeries([box(*unsure.rio.bounds())], crs=unsure.rio.crs)
    pd.testing.assert_frame_equal(regions.field_table(given, field), regions.field_table(unsure, field))
    files = [regions.save_geotiff(m, tmp_path / n / "map.tif") for m, n in ((given, "a"), (unsure, "b"))]
    for one, other in zip(*files, strict=True):
        with rasterio.open(one) as a, rasterio.open(other) as b:
            np.testing.assert_array_equal(a.read(), b.read())
            assert (a.crs, a.transform, a.dtypes) == (b.crs, b.transform, b.dtypes)
    pictures = [regions.save_picture(m, tmp_path / f"{n}.png") for n, m in enumerate((given, unsure))]
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    query = unsure["vectors"].values[5, 5]
    pd.testing.assert_frame_equal(regions.similar_places(given, query), regions.similar_places(unsure, query))


@pytest.mark.parametrize(
    ("change", "said"),
    [(lambda label: label.where(label >= 0, 255).astype(np.uint8), "holds 255, the number of none of its 3 classes"),
     (lambda label: label + 0.5, "expected whole numbers from 0 to 2, and -1 or NaN"),
     (lambda label: label.astype(np.float32).where(label != 1, np.inf), "holds inf"),
     (lambda label: label.astype(str), "the type <U"), (lambda label: label.isel(y=0), "the dimensions x and")],
)  # fmt: skip
def test_what_is_no_number_of_a_class_is_refused(
    unsure: xr.Dataset, tmp_path: Path, change: Callable[[xr.DataArray], xr.DataArray], said: str
) -> None:
    given = unsure.assign(label=change(unsure["label"]).assign_attrs(classes=WORDS))
    for read in (
        regions.area_table,
        lambda m: regions.save_geotiff(m, tmp_path / "map.tif"),
        regions.plot_map,
    ):
        with pytest.raises(ValueError, match=said):
            read(given)
    if given["label"].dtype == np.uint8:
        with pytest.raises(ValueError, match=said):
            regions.save_geotiff(given.chunk(x=5), tmp_path / "map.tif")
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kept", [opened_plainly, opened_plainly_from_zarr], ids=lambda f: f.__name__)
def test_other_words_are_mapped_over_vectors_that_were_opened_plainly(
    maps: xr.Dataset, tmp_path: Path, kept: Kept
) -> None:
    zs = tn.load("pocket").zero_shot(["a forest", "a field"])
    found = tn.map_region(zs, kept(maps, tmp_path), progress=False)
    xr.testing.assert_equal(found.load(), tn.map_region(zs, maps, progress=False))


def test_one_text_of_a_file_is_one_class(cube: xr.DataArray, tmp_path: Path) -> None:
    maps = tn.map_region(tn.load("pocket").zero_shot(["hay"]), cube, progress=False)
    given = opened_plainly(maps, tmp_path)
    assert given["label"].attrs["classes"] == "hay"
    assert regions.area_table(given).index.tolist() == ["hay"]
    field = regions.field_table(given, gpd.GeoSeries([box(*maps.rio.bounds())], crs=maps.rio.crs))
    assert [name for name in field if name.startswith("ha_")] == ["ha_hay"]
    with rasterio.open(regions.save_geotiff(given, tmp_path / "map.tif")[0]) as file:
        assert file.tags()["classes"] == '["hay"]'
    points = regions.sample_points(given, 30)
    assert set(points["map_class"]) == {"hay"}
    assert set(points["drawn_from"]) == set(regions.sample_points(maps, 30)["drawn_from"])
