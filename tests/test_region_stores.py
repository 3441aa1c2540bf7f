"""A region's store goes on with its own run alone: other data, other files and cut stores are told in words."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import torch
import xarray as xr
from zarr.storage import LocalStore

import timesen_nb as tn
from tests.synthetic import GridSource, small_model
from timesen_nb.evaluation import OpenZeroShot
from timesen_nb.regions import Cancelled
from timesen_nb.regions.region import TRIED

V01 = Path(__file__).parent / "data" / "v01"
CHUNKS = 9  # of 12 pixels a side


@pytest.fixture(scope="module")
def zs() -> tn.ZeroShot:
    return small_model().zero_shot(["a maize field", "open water", "a wood"])


@pytest.fixture
def cube() -> xr.DataArray:
    return GridSource().grid.assign_attrs(source="a grid", year=2018)


def make(zs: tn.ZeroShot, cube: xr.DataArray, store: Path, **options) -> xr.Dataset:
    return tn.map_region(zs, cube, store=store, **{"progress": False, "chunk": 12, "exact": True} | options)


def one_block(cube: xr.DataArray) -> xr.DataArray:
    """Other values in the first chunk alone."""
    return xr.concat([cube.isel(y=slice(0, 12)) + 900, cube.isel(y=slice(12, None))], "y").assign_attrs(
        cube.attrs
    )


OTHER_DATA: dict[str, tuple[Callable[[xr.DataArray], xr.DataArray], str]] = {
    "another year": (lambda c: (c + 40).assign_attrs(c.attrs, year=2019), r"year \(2018, not 2019\)"),
    "the same values of another year": (lambda c: c.assign_attrs(year=2019), r"year \(2018, not 2019\)"),
    "another source": (lambda c: c.assign_attrs(source="b"), r"source \(a grid, not b\)"),
    "other values": (lambda c: c + 40, "values"),
    "another band": (lambda c: c.where(c.band != "B12", c + 1), "values"),
    "a month masked": (lambda c: c.where(c.month != 5), "values"),
    "another number for no data": (lambda c: c.rio.write_nodata(77), r"nodata \(None, not 77\.0\)"),
    "another type": (lambda c: c.astype(np.float64), r"dtype \(float32, not float64\)"),
}


def test_a_store_on_a_full_disk_goes_on_where_it_was(zs, cube, tmp_path, small_files):
    small_files(4_000)
    with pytest.raises(
        OSError, match=r"m\.zarr could not be written whole.*disk full.*the same call goes on"
    ):
        make(zs, cube, tmp_path / "m.zarr", keep="float16")
    small_files(10**9)
    np.testing.assert_array_equal(
        make(zs, cube, tmp_path / "m.zarr", keep="float16").label, make(zs, cube, None).label
    )
    small_files(10)
    with pytest.raises(OSError, match=r"other\.zarr could not be written whole.*another folder"):
        make(zs, cube, tmp_path / "other.zarr")


def test_at_an_address_nothing_of_others_is_deleted(zs, cube):
    """A store in a bucket, here in memory, is held to what a folder is held to."""
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    files.pipe("/others/readme.txt", b"precious")
    for options in ({}, {"overwrite": True}):
        with pytest.raises(ValueError, match="holds something else than a map"):
            make(zs, cube, "memory://others", **options)
    assert files.cat("/others/readme.txt") == b"precious"
    kept = make(zs, cube, "memory://kept", keep="float16")
    with pytest.raises(ValueError, match="holds vectors, which those given may be read from"):
        tn.map_region(zs, kept, store="memory://kept", overwrite=True, progress=False)
    label = kept["label"].values
    np.testing.assert_array_equal(make(zs, cube, "memory://kept", overwrite=True)["label"], label)


def test_an_address_of_this_machine_is_a_folder(zs, cube, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "notes.txt").write_text("precious")
    with pytest.raises(ValueError, match="holds something else than a map"):
        make(zs, cube, f"file://{tmp_path}/own", overwrite=True)
    assert (tmp_path / "own" / "notes.txt").read_text() == "precious"
    make(zs, cube, f"file://{tmp_path}/m.zarr")
    assert (tmp_path / "m.zarr" / "finished").is_dir()


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "finished"])
@pytest.mark.parametrize("situation", OTHER_DATA)
def test_other_data_never_go_on_in_a_store(zs, cube, tmp_path, situation, stopped):
    change, said = OTHER_DATA[situation]
    store, shares = tmp_path / "map.zarr", []
    try:
        make(zs, cube, store, progress=shares.append, cancelled=lambda: stopped and shares[-1] > 0.3)
    except Cancelled:
        assert stopped
    with pytest.raises(
        ValueError, match=rf"a run with other data: {said}\. Choose another path, or overwrite"
    ):
        make(zs, change(cube).rio.write_crs("EPSG:32631"), store)
    xr.testing.assert_equal(make(zs, cube, store).load(), tn.map_region(zs, cube, progress=False, exact=True))
    other = make(zs, change(cube), store, overwrite=True).load()
    xr.testing.assert_equal(other, tn.map_region(zs, change(cube), progress=False, exact=True))


def test_the_same_data_from_numpy_and_dask_are_the_same(zs, cube, tmp_path):
    made = make(zs, cube, tmp_path / "map.zarr").load()
    xr.testing.assert_equal(make(zs, cube.chunk(y=7, x=9), tmp_path / "map.zarr").load(), made)


def test_of_a_large_cube_some_blocks_tell_what_it_is(zs, cube, tmp_path):
    """900 chunks, of which all but twelve would have to be read for the map alone."""
    side, read = 30 * 4, []

    def block(block_info=None) -> np.ndarray:
        where = block_info[None]["array-location"][2:]
        read.append(where)
        return np.full((12, 10, 4, 4), 100.0 + where[0][0], np.float32)

    data = da.map_blocks(
        block, chunks=((12,), (10,), (4,) * 30, (4,) * 30), dtype=np.float32, meta=np.zeros((0,) * 4, "f4")
    )
    axis = np.arange(side) * 10.0
    coords = {"month": range(1, 13), "band": list(tn.BANDS), "y": -axis, "x": axis}
    large = xr.DataArray(data, coords, cube.dims).rio.write_crs("EPSG:32631")
    with pytest.raises(Cancelled):
        make(zs, large, tmp_path / "map.zarr", chunk=4, cancelled=lambda: True)
    assert len(read) < TRIED + 40  # the others are those that threads had begun


def test_data_in_memory_are_compared_whole(zs, cube, tmp_path):
    """36 chunks, of which four are looked at where the data would have to be fetched."""
    store = tmp_path / "map.zarr"
    make(zs, cube, store, chunk=6)
    for y, x in ((0, 0), (12, 18), (30, 30)):
        masked = cube.copy()
        masked[:, :, y : y + 2, x : x + 2] = np.nan
        with pytest.raises(ValueError, match="a run with other data: values"):
            make(zs, masked, store, chunk=6)


def test_a_store_knows_the_margin_of_none_of_these(zs, cube, tmp_path):
    background = small_model().zero_shot(["a town"]).vectors
    strict, mild = (OpenZeroShot(zs, background, margin) for margin in (-1.0, 10.0))
    make(mild, cube, tmp_path / "map.zarr")
    with pytest.raises(ValueError, match="a run with other answers"):
        make(strict, cube, tmp_path / "map.zarr")


def test_vectors_know_which_weights_made_them(zs, cube, tmp_path):
    kept = make(zs, cube, tmp_path / "map.zarr", keep="int8")
    again = xr.open_zarr(tmp_path / "map.zarr", consolidated=False, decode_coords="all", mask_and_scale=False)
    here, there = (tn.map_region(zs, each, progress=False)["label"] for each in (kept, again))
    np.testing.assert_array_equal(here, there)
    other = small_model()
    with torch.no_grad():
        for weight in other.encoder.parameters():
            weight.mul_(1.1)
    with pytest.raises(ValueError, match="made by a model of other weights than the words"):
        tn.map_region(other.zero_shot(["open water"]), kept, progress=False)


def write_at(n: int) -> Callable[..., object]:
    """A Zarr store that fails at its n-th write, as one that is stopped there."""
    real, count = LocalStore.set, 0

    async def cut(self: LocalStore, key: str, value: object) -> None:
        nonlocal count
        count += 1
        if count > n:
            raise OSError("cut")
        await real(self, key, value)

    return cut


@pytest.mark.parametrize("n", range(16))
def test_a_store_cut_in_its_first_moments_is_taken_up(zs, cube, tmp_path, monkeypatch, n):
    store = tmp_path / "map.zarr"
    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "set", write_at(n))
        with pytest.raises(OSError, match="cut"):
            make(zs, cube, store)
    xr.testing.assert_equal(make(zs, cube, store).load(), tn.map_region(zs, cube, progress=False, exact=True))


def test_a_store_that_was_only_begun_may_become_another(zs, cube, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "set", write_at(6))
        with pytest.raises(OSError, match="cut"):
            make(zs, cube, tmp_path / "map.zarr")
    other = make(zs, cube + 40, tmp_path / "map.zarr").load()
    xr.testing.assert_equal(other, tn.map_region(zs, cube + 40, progress=False, exact=True))


def without_label(store: Path) -> None:
    shutil.rmtree(store / "label")


def cut_words(store: Path) -> None:
    whole = (store / "zarr.json").read_bytes()
    (store / "zarr.json").write_bytes(whole[: len(whole) // 2])


def cut_variable(store: Path) -> None:
    (store / "probability" / "zarr.json").write_bytes(b"{")


def own_files(store: Path) -> None:
    shutil.rmtree(store)
    store.mkdir()
    (store / "thesis.txt").write_text("years of work")


def own_cube(store: Path) -> None:
    shutil.rmtree(store)
    xr.Dataset({"mine": ("x", [1, 2])}).to_zarr(store, consolidated=False)


def own_file(store: Path) -> None:
    shutil.rmtree(store)
    store.write_text("years of work")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without_label, "a map that lost its label"),
        (cut_words, "what cannot be read as Zarr"),
        (cut_variable, "what cannot be read as Zarr|lost its probability"),
        (own_files, "something else than a map"),
        (own_cube, "something else than a map"),
        (own_file, "something else than a map"),
    ],
)
def test_what_is_no_whole_store_is_refused_in_words_and_left_alone(zs, cube, tmp_path, damage, said):
    store = tmp_path / "map.zarr"
    make(zs, cube, store)
    damage(store)
    before = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*"))
    # what is no map of a region is not deleted by one word
    for overwrite in (False, True) if damage in (own_files, own_file, own_cube) else (False,):
        with pytest.raises(ValueError, match=rf"the store .*map\.zarr holds ({said}).* Choose another path"):
            make(zs, cube, store, overwrite=overwrite)
        assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*")) == before
    if not overwrite:
        xr.testing.assert_equal(make(zs, cube, store, overwrite=True), make(zs, cube, tmp_path / "anew.zarr"))


def test_vectors_are_not_overwritten_by_the_map_that_is_made_of_them(zs, cube, tmp_path):
    store, other = tmp_path / "map.zarr", small_model().zero_shot(["a meadow", "a lake"])
    kept = make(zs, cube, store, keep="float16")
    for given in (kept, kept["vectors"] * 1):
        with pytest.raises(
            ValueError, match=r"read from the store .*map\.zarr, which overwrite=True would empty"
        ):
            make(other, given, store, overwrite=True)
    expected = make(other, kept, tmp_path / "other.zarr", keep="float16").load()
    assert (expected["label"] >= 0).mean() > 0.9
    xr.testing.assert_equal(
        make(other, kept, tmp_path / "other.zarr", overwrite=True, keep="float16"), expected
    )
    in_memory = kept.load()
    xr.testing.assert_equal(make(other, in_memory, store, overwrite=True, keep="float16"), expected)


@pytest.mark.parametrize(
    "lost", [["label/c/1/2"], ["probability/c/1/2"], ["label/c/1/2", "probability/c/1/2", "vectors/c/1/2/0"]]
)
def test_a_finished_chunk_that_lost_a_file_is_done_again(zs, cube, tmp_path, lost):
    store, shares = tmp_path / "map.zarr", []
    cube[:, :, :12, :12] = np.nan  # zarr writes no file of a chunk with nothing in it: none is lost
    whole = make(zs, cube, store, keep="int8").load()
    for file in lost:
        (store / file).unlink()
    xr.testing.assert_equal(make(zs, cube, store, keep="int8", progress=shares.append).load(), whole)
    assert shares == [pytest.approx(8 / 9), 1.0]
    shares.clear()
    make(zs, cube, store, keep="int8", progress=shares.append)
    assert shares == [1.0]


# What 0.1 wrote: it says nothing of its data, so that pixels are read again to tell


@pytest.fixture
def v01(tmp_path) -> Path:
    return shutil.copytree(V01 / "region.zarr", tmp_path / "region.zarr")


@pytest.fixture(scope="module")
def v01_cube() -> xr.DataArray:
    about = json.loads((V01 / "cube.json").read_text())
    coords = {"month": range(1, 13), "band": list(tn.BANDS), "y": about["y"], "x": about["x"]}
    cube = xr.DataArray(np.load(V01 / "cube.npy"), coords, ("month", "band", "y", "x"))
    return cube.rio.write_crs(about["crs"])


@pytest.fixture(scope="module")
def v01_model() -> tn.TimeSenCLIP:
    return tn.load(V01 / "pocket.safetensors")


@pytest.fixture(scope="module")
def v01_words(v01_model) -> tn.ZeroShot:
    return v01_model.zero_shot(["a forest", "a field", "a lake"])


def test_a_store_of_version_01_goes_on_with_its_own_data_alone(v01, v01_cube, v01_model, v01_words):
    options = {"store": v01, "keep": "int8", "every_class": True, "progress": False}
    with pytest.raises(
        ValueError, match=r"holds a map that 0\.1 made of other data or words: \d+% of the pixels"
    ):
        tn.map_region(v01_words, v01_cube + 300, **options)
    with pytest.raises(ValueError, match="other data or words"):
        tn.map_region(v01_model.zero_shot(["a forest", "a field", "a lake"], "names"), v01_cube, **options)
    before = xr.open_zarr(v01, consolidated=False)["label"].values
    np.testing.assert_array_equal(tn.map_region(v01_words, v01_cube, **options)["label"], before)
    with pytest.raises(ValueError, match="a run with other data"):  # from now on the store knows
        tn.map_region(v01_words, v01_cube + 1, **options)


def test_a_store_of_version_01_without_a_finished_chunk_has_nothing_to_mix(v01, v01_cube, v01_words):
    shutil.rmtree(v01 / "finished" / "c")
    options = {"keep": "int8", "every_class": True, "progress": False}
    maps = tn.map_region(v01_words, v01_cube + 300, store=v01, **options)
    xr.testing.assert_equal(maps.load(), tn.map_region(v01_words, v01_cube + 300, **options))
