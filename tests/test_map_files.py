"""What a map takes along into a GIS and onto a slide."""

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import rasterio
import xarray as xr

import timesen_nb as tn
from timesen_nb import regions

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
