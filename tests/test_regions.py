"""Maps of regions: what every pixel gets, whatever the cube is made of and whatever happens on the way."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import dask
import dask.array as da
import numpy as np
import pytest
import rasterio
import xarray as xr

import timesen_nb as tn
from tests.synthetic import GridSource, small_model
from timesen_nb.regions import Cancelled, area_table, plot_map, save_geotiff

WORDS = ["a maize field", "open water", "<b>a wood</b>", "bare rock"]


@pytest.fixture(scope="module")
def model() -> tn.TimeSenCLIP:
    return small_model()


@pytest.fixture(scope="module")
def zs(model: tn.TimeSenCLIP) -> tn.ZeroShot:
    """Words that differ in what series differ in: without what all series of an untrained encoder share."""
    words = model.zero_shot(WORDS)
    shared = model.encode(series_of(GridSource().grid)[:900]).mean(axis=0)
    shared /= np.linalg.norm(shared)
    apart = words.vectors - np.outer(words.vectors @ shared, shared)
    apart /= np.linalg.norm(apart, axis=1, keepdims=True)
    return tn.ZeroShot(WORDS, apart, 40.0, words.encode)


@pytest.fixture
def cube() -> xr.DataArray:
    """(12, 10, 32, 32): December is missing everywhere, the south-west pixel has nothing, some months are missing."""
    cube = GridSource().grid.copy()
    gaps = np.random.default_rng(1).random((12, 32, 32)) < 0.3
    gaps[3] = False
    return cube.where(xr.DataArray(~gaps, dims=("month", "y", "x"))).rio.write_crs("EPSG:32631")


def make(zs: tn.ZeroShot, cube: xr.DataArray | xr.Dataset, **options) -> xr.Dataset:
    return tn.map_region(zs, cube, **{"progress": False, "chunk": 12, "exact": True} | options)


def series_of(cube: xr.DataArray) -> np.ndarray:
    """(pixels, month, band)."""
    return cube.transpose("y", "x", "month", "band").values.reshape(-1, cube.sizes["month"], 10)


class Counted:
    """An encoder that counts what it is given; as ``words`` it makes a classifier of it."""

    def __init__(self, zs: tn.ZeroShot) -> None:
        self.zs, self.pixels, self.lock = zs, 0, threading.Lock()

    def __call__(self, values: np.ndarray, **how) -> np.ndarray:
        with self.lock:
            self.pixels += len(values)
        return self.zs.encode(values, **how)

    @property
    def words(self) -> tn.ZeroShot:
        return tn.ZeroShot(self.zs.classes, self.zs.vectors, self.zs.scale, self)


class Never:
    """An encoder that must not be asked."""

    def __call__(self, *args, **how):
        raise AssertionError("vectors were kept: nothing is to be encoded")


# What a pixel gets ------------------------------------------------------------------------------------------------


def test_every_pixel_gets_its_most_probable_class(zs, cube):
    maps = make(zs, cube)
    x = series_of(cube)
    there = ~np.isnan(x).any(axis=2).all(axis=1)
    p = zs.probabilities(x[there])
    assert there.sum() == 32 * 32 - 1
    np.testing.assert_array_equal(maps.label.values.ravel()[there], p.argmax(axis=1))
    np.testing.assert_allclose(maps.probability.values.ravel()[there], p.max(axis=1), atol=1e-5)
    assert maps.label.values.ravel()[~there] == -1
    assert np.isnan(maps.probability.values.ravel()[~there]).all()
    assert maps.label.attrs["classes"] == WORDS
    assert maps.rio.crs == cube.rio.crs
    assert maps.rio.transform() == cube.rio.transform()
    assert (maps.label.rio.nodata, maps.label.dtype) == (-1, np.int16)
    assert len(np.unique(maps.label)) > 2  # else this test could not fail


def test_a_month_that_is_missing_in_one_pixel_changes_that_pixel_alone(zs, cube):
    before = make(zs, cube)
    cube[3, :, 20, 21] = np.nan
    after = make(zs, cube)
    changed = np.argwhere((before.probability != after.probability).values & (before.label >= 0).values)
    assert changed.tolist() == [[20, 21]]


def test_months_are_those_that_the_cube_says(model, zs, cube):
    summer = cube.sel(month=[9, 4, 6])
    there = ~np.isnan(series_of(summer)).any(axis=2).all(axis=1)
    expected = zs.probabilities(series_of(summer)[there], months=[9, 4, 6]).max(axis=1)
    maps = make(zs, summer)
    np.testing.assert_allclose(maps.probability.values.ravel()[there], expected, atol=1e-5)
    assert (maps.label.values.ravel()[~there] == -1).all()


def test_quarters_and_years_are_read_as_such(zs, cube):
    quarters = cube.isel(month=slice(0, 4)).drop_vars("month").rename(month="quarter")
    x = quarters.transpose("y", "x", "quarter", "band").values.reshape(-1, 4, 10)
    there = ~np.isnan(x).any(axis=2).all(axis=1)
    expected = zs.probabilities(x[there]).max(axis=1)
    np.testing.assert_allclose(make(zs, quarters).probability.values.ravel()[there], expected, atol=1e-5)


def test_bands_are_matched_by_name_and_axes_by_theirs(zs, cube):
    shuffled = cube.isel(band=[3, 1, 0, 2, 9, 8, 7, 6, 5, 4]).transpose("x", "band", "y", "month")
    xr.testing.assert_equal(make(zs, shuffled), make(zs, cube))


def test_a_number_may_mean_no_data(zs, cube):
    whole = cube.round().fillna(-999).astype(np.int16).rio.write_nodata(-999)
    maps = make(zs, whole)
    np.testing.assert_array_equal(maps.label, make(zs, cube.round().where(cube.notnull())).label)


def test_every_class_has_a_probability(zs, cube):
    maps = make(zs, cube, every_class=True)
    assert maps.probabilities.dims == ("class", "y", "x")
    assert maps["class"].values.tolist() == WORDS
    there = maps.label >= 0
    np.testing.assert_allclose(maps.probabilities.sum("class").where(there, 1), 1, atol=4e-3)
    np.testing.assert_array_equal(maps.probabilities.isnull().all("class"), ~there)
    best = maps.probabilities.sel({"class": WORDS[0]}).where(maps.label == 0)
    np.testing.assert_allclose(best, maps.probability.where(maps.label == 0), atol=1e-3)


# Vectors that are kept ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", ["float16", "int8"])
def test_new_words_over_kept_vectors_encode_nothing(model, zs, cube, tmp_path, keep):
    kept = make(zs, cube, keep=keep, store=tmp_path / "kept.zarr")
    assert kept.vectors.dtype == keep
    x = series_of(cube)
    there = ~np.isnan(x).any(axis=2).all(axis=1)
    vectors = kept.vectors.values.reshape(len(x), -1).astype(np.float32)
    unit = vectors[there] / np.linalg.norm(vectors[there], axis=1, keepdims=True)
    assert (unit * model.encode(x[there])).sum(axis=1).min() > 0.9995
    new = model.zero_shot(["a glacier", "a road", "an orchard"])
    over_kept = make(tn.ZeroShot(new.classes, new.vectors, new.scale, Never()), kept)
    again = make(new, cube)
    assert (over_kept.label == again.label).mean() > 0.98
    np.testing.assert_allclose(over_kept.probability, again.probability, atol=0.02)
    np.testing.assert_array_equal(over_kept.label == -1, again.label == -1)
    assert over_kept.rio.crs == cube.rio.crs
    xr.testing.assert_equal(make(new, kept.vectors), over_kept)


# Memory, disk, threads, cluster ---------------------------------------------------------------------------------------


def test_a_store_holds_the_same_map(zs, cube, tmp_path):
    in_memory = make(zs, cube, every_class=True, keep="float16")
    stored = make(zs, cube, every_class=True, keep="float16", store=tmp_path / "map.zarr")
    assert dask.is_dask_collection(stored)  # opened lazily
    xr.testing.assert_equal(stored.load(), in_memory)
    assert stored.label.attrs == in_memory.label.attrs
    assert stored.rio.crs == in_memory.rio.crs


def test_chunks_do_not_show(zs, cube):
    whole = make(zs, cube, chunk=None)
    for chunk in (7, 32, 100):
        xr.testing.assert_allclose(make(zs, cube, chunk=chunk), whole, atol=1e-5)


def test_progress_runs_from_nothing_to_all(zs, cube):
    said: list[float] = []
    make(zs, cube, progress=said.append)
    assert said == sorted(said)
    assert said[0] == 0
    assert said[-1] == 1
    assert len(said) == 1 + 9  # nine chunks


def test_a_run_that_was_stopped_goes_on_where_it_was(zs, cube, tmp_path):
    counted, said = Counted(zs), []
    options = {"store": tmp_path / "map.zarr", "progress": said.append}
    with dask.config.set(num_workers=1), pytest.raises(Cancelled, match="4 of 9 chunks"):
        make(counted.words, cube, **options, cancelled=lambda: bool(said) and said[-1] > 0.4)
    first = counted.pixels
    # any four chunks of 12 or 8 pixels a side, one pixel without data, one series that asks what model this is
    assert 1 + 8 * 8 + 3 * 8 * 12 - 1 <= first <= 1 + 4 * 12 * 12
    counted.pixels = 0
    maps = make(counted.words, cube, **options)
    assert first + counted.pixels == 2 + 32 * 32 - 1  # no pixel twice, none left out; one has no data
    counted.pixels = 0
    again = make(counted.words, cube, **options)
    assert counted.pixels == 1
    xr.testing.assert_equal(maps.load(), make(zs, cube))
    xr.testing.assert_equal(again.load(), maps)


def test_a_chunk_that_fails_loses_no_other(zs, cube, tmp_path):
    broken = tmp_path / "broken"
    broken.touch()

    def read(block: np.ndarray) -> np.ndarray:  # chunks come in any order: the first after one is done fails
        if block.size and counted.pixels > 1 and broken.exists():
            raise OSError("the disk is gone")
        return block

    counted = Counted(zs)
    lazy = cube.chunk(y=12, x=12)
    lazy = lazy.copy(data=lazy.data.map_blocks(read, dtype=np.float32, meta=lazy.data._meta))
    with dask.config.set(num_workers=1), pytest.raises(OSError, match="the disk is gone"):
        make(counted.words, lazy, store=tmp_path / "map.zarr")
    assert counted.pixels > 1
    broken.unlink()
    maps = make(counted.words, lazy, store=tmp_path / "map.zarr")
    assert counted.pixels == 2 + 32 * 32 - 1
    xr.testing.assert_equal(maps.load(), make(zs, cube))


def test_a_cube_larger_than_memory_is_never_held_whole(zs, cube):
    held = most = 0
    lock = threading.Lock()

    class Block(np.ndarray):
        def __del__(self):
            nonlocal held
            if self.base is None:
                with lock:
                    held -= 1

    def read(block_info=None) -> np.ndarray:
        nonlocal held, most
        rows, columns = block_info[None]["array-location"][2:]
        out = cube.values[:, :, slice(*rows), slice(*columns)].copy().view(Block).copy()
        with lock:
            held += 1
            most = max(most, held)
        return out

    blocks = da.map_blocks(
        read, chunks=((12,), (10,), (4,) * 8, (4,) * 8), dtype=np.float32, meta=np.zeros((0,) * 4, np.float32)
    )
    maps = make(zs, cube.copy(data=blocks), chunk=4)
    xr.testing.assert_equal(maps, make(zs, cube, chunk=4))
    assert 0 < most <= 3 * (os.cpu_count() or 1) + 2 < 64


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1",
                      scheduler_kwargs={"dashboard": False}) as cluster:  # fmt: skip
        yield cluster


def kill_once(block: np.ndarray, flag: str, block_info=None) -> np.ndarray:
    """The block as it is; the first worker that reads the fifth chunk dies of it."""
    if block_info[0]["chunk-location"][2:] == (1, 1):
        try:
            os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return block
        os.kill(os.getpid(), signal.SIGKILL)
    return block


def test_the_same_map_from_numpy_threads_and_a_cluster(cluster, zs, cube, tmp_path):
    from distributed import Client

    by_numpy = make(zs, cube)
    lazy = cube.chunk(y=12, x=12)
    xr.testing.assert_equal(make(zs, lazy), by_numpy)
    with dask.config.set(scheduler="synchronous"):
        xr.testing.assert_equal(make(zs, lazy), by_numpy)
    with Client(cluster):
        said: list[float] = []
        xr.testing.assert_equal(make(zs, lazy, progress=said.append), by_numpy)
        assert said[-1] == 1
        xr.testing.assert_equal(make(zs, lazy, store=tmp_path / "map.zarr").load(), by_numpy)
        with pytest.raises(Cancelled):
            make(zs, lazy, cancelled=lambda: True)


def test_a_worker_that_is_killed_costs_no_pixel(cluster, zs, cube, tmp_path):
    from distributed import Client

    lazy = cube.chunk(y=12, x=12)
    flag = tmp_path / "killed"
    deadly = lazy.data.map_blocks(kill_once, flag=str(flag), dtype=np.float32, meta=lazy.data._meta)
    with Client(cluster):
        maps = make(zs, lazy.copy(data=deadly), store=tmp_path / "map.zarr", keep="int8")
    assert flag.exists()
    xr.testing.assert_equal(maps.load(), make(zs, cube, keep="int8"))


# Files ----------------------------------------------------------------------------------------------------------------


def test_geotiffs_carry_names_and_colours(zs, cube, tmp_path):
    maps = make(zs, cube, store=tmp_path / "map.zarr")
    label, probability = save_geotiff(maps, tmp_path / "out" / "map.tif")
    with rasterio.open(label) as file:
        read = file.read(1)
        assert (file.crs, file.transform, file.dtypes) == (cube.rio.crs, cube.rio.transform(), ("uint8",))
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert json.loads(file.tags()["classes"]) == WORDS
        palette = ["#{:02X}{:02X}{:02X}".format(*file.colormap(1)[k][:3]) for k in range(len(WORDS))]
        assert palette == maps.label.attrs["colours"]
        assert file.colormap(1)[255][3] == 0
    np.testing.assert_array_equal(np.where(read == 255, -1, read.astype(int)), maps.label)
    with rasterio.open(probability) as file:
        np.testing.assert_array_equal(file.read(1), maps.probability)
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    beside = ElementTree.parse(label.with_name("map.tif.aux.xml"))
    assert [c.text for c in beside.iter("Category")] == WORDS
    assert [row[1].text for row in beside.iter("Row")] == WORDS
    assert sorted(p.name for p in label.parent.iterdir()) == [
        "map.tif",
        "map.tif.aux.xml",
        "map_probability.tif",
    ]


def test_a_map_and_its_files_say_what_they_were_made_of(tmp_path):
    """A map of the simulated landscape is called so wherever it goes, with new words too."""
    model, source = tn.load("pocket"), tn.open_source("sample")
    cube = source.cube(source.bounds)[..., :16, :16].assign_attrs(year=2018)
    words = model.zero_shot(["maize field", "forest"])
    maps = make(words, cube, keep="int8", store=tmp_path / "map.zarr")
    said = {"source": "simulated landscape", "year": "2018", "model": "pocket"}
    assert maps.attrs == said == make(words, cube).attrs == make(words, maps).attrs
    assert xr.open_zarr(tmp_path / "map.zarr", consolidated=False).attrs.items() >= said.items()
    for path in save_geotiff(maps, tmp_path / "map.tif"):
        with rasterio.open(path) as file:
            assert file.tags().items() >= said.items()


def test_large_geotiffs_have_overviews_and_many_classes_a_wider_type(model, tmp_path):
    size, k = 600, 300
    rng = np.random.default_rng(0)
    centres = np.arange(size) * 10.0
    vectors = xr.DataArray(
        rng.normal(size=(size, size, 16)).astype(np.float16),
        {"y": -centres, "x": centres},
        ("y", "x", "feature"),
    )
    words = tn.ZeroShot([f"class {n}" for n in range(k)], rng.normal(size=(k, 16)), 3.0, Never())
    maps = make(words, vectors.rio.write_crs("EPSG:3035"), chunk=500)
    assert len(set(maps.label.attrs["colours"])) > 250
    label, probability = save_geotiff(maps, tmp_path / "map.tif")
    with rasterio.open(label) as file:
        assert file.overviews(1)
        assert (file.dtypes, file.nodata) == (("uint16",), 65535)
        np.testing.assert_array_equal(file.read(1), maps.label)
        small = file.read(1, out_shape=(size // 2, size // 2))
    assert set(np.unique(small)) <= set(range(k))  # labels are never averaged
    with rasterio.open(probability) as file:
        small = file.read(1, out_shape=(size // 2, size // 2))
    four = maps.probability.values.reshape(size // 2, 2, size // 2, 2)
    np.testing.assert_allclose(small, four.mean(axis=(1, 3)), rtol=1e-5)  # probabilities are


def test_areas_and_picture(zs, cube):
    maps = make(zs, cube)
    table = area_table(maps)
    assert table.pixels.sum() == 32 * 32 - 1
    assert table.hectares.sum() == pytest.approx((32 * 32 - 1) / 100)  # pixels of 10 m
    assert table.share.sum() == pytest.approx(1)
    for name, row in table.iterrows():
        assert row.pixels == (maps.label == WORDS.index(name)).sum()
    assert table.pixels.is_monotonic_decreasing
    axes = plot_map(maps)
    occurring = [name for name in table.index if table.pixels[name]]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == [*occurring, "no data"]
    axes.figure.canvas.draw()


# Bad input ------------------------------------------------------------------------------------------------------------


def test_what_is_no_cube_is_refused(zs, cube):
    for wrong, message in (
        (cube.values, "a ndarray; expected an xarray.DataArray"),
        (cube.to_dataset(name="reflectance"), "a Dataset of reflectance"),
        (cube.rename(month="time"), "monthly_cube makes months of dates"),
        (cube.isel(month=0), "has the dimensions band, y, x; expected month"),
        (cube.drop_vars("band"), "have no names"),
        (cube.isel(band=slice(0, 9)), "missing B12"),
        (cube.assign_coords(month=range(12)), "months of the cube given: 0, 1"),
        (cube.drop_vars("spatial_ref"), "no coordinate system"),
        (cube.isel(y=slice(0, 1)), "1 x 32 pixels"),
        (cube / 10_000, "looks like reflectance from 0 to 1"),
        (cube.isel(month=slice(0, 5)).drop_vars("month"), "month given with 5 steps; expected 12"),
    ):
        with pytest.raises(ValueError, match=message):
            make(zs, wrong)
    for options, message in (
        ({"keep": "float8"}, "keep='float8'; expected"),
        ({"chunk": 0}, "chunk=0; expected"),
    ):
        with pytest.raises(ValueError, match=message):
            make(zs, cube, **options)


def test_a_store_that_holds_something_else_is_left_alone(model, zs, cube, tmp_path):
    path = tmp_path / "map.zarr"
    make(zs, cube, store=path)
    for other, options, what in (
        (model.zero_shot(WORDS[:2]), {}, "classes, words"),
        (model.zero_shot(WORDS, "names"), {}, "words"),
        (zs, {"chunk": 16}, "chunk"),
        (zs, {"keep": "int8"}, "keep"),
    ):
        with pytest.raises(ValueError, match=f"a run with other {what}"):
            make(other, cube, store=path, **options)
    with pytest.raises(ValueError, match="a run with other grid"):
        make(zs, cube.isel(x=slice(0, 30)), store=path)
    stranger = small_model()
    stranger.encoder.mlp_head[1].weight.data.mul_(-1)
    with pytest.raises(ValueError, match="a run with other model"):
        make(tn.ZeroShot(WORDS, zs.vectors, zs.scale, stranger.encode), cube, store=path)
    assert make(zs, cube, store=path).label.shape == (32, 32)
    assert make(zs, cube, store=path, keep="int8", overwrite=True).vectors.dtype == np.int8
    xr.Dataset({"mine": ("x", [1, 2])}).to_zarr(tmp_path / "mine.zarr", consolidated=False)
    with pytest.raises(ValueError, match="holds something else than a map"):
        make(zs, cube, store=tmp_path / "mine.zarr")


def test_vectors_of_another_model_are_refused(zs, cube):
    kept = make(zs, cube, keep="int8")
    other = tn.ZeroShot(["a", "b"], np.eye(2, 8), 1.0, Never())
    with pytest.raises(ValueError, match="16 numbers and the words 8"):
        make(other, kept)


def test_what_is_no_map_is_refused(zs, cube, tmp_path):
    with pytest.raises(ValueError, match="expected what timesen_nb"):
        area_table(cube.to_dataset(name="reflectance"))
    with pytest.raises(ValueError, match=r"ends in \.tif"):
        save_geotiff(make(zs, cube), Path(tmp_path) / "map.png")
