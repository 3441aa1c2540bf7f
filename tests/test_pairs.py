"""Training pairs: checks, one file, splits that keep neighbours together."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs_world import CLASSES, TOWER, make_pairs, small_encoder

import timesen_nb as tn
from timesen_nb.datasets.pair_arrays import MISSING
from timesen_nb.datasets.pairs import Pairs
from timesen_nb.datasets.place_dataset import PlaceDataset
from timesen_nb.datasets.splits import blocks, split_rows
from timesen_nb.evaluation.validation import LabelledClasses

VALUES = np.full((3, 12, 10), 1000, np.float32)
PHOTOS = np.ones((3, 4), np.float32)


def test_series_and_photos_come_out_as_float_with_missing_months_missing():
    values = np.full((2, 12, 10), 500, np.int16)
    values[0, 3] = MISSING
    pairs = Pairs(values, np.ones((2, 4, 8), np.float16))
    series = pairs.series([0, 1])
    assert series.shape == (2, 12, 10, 1, 1)
    assert series.dtype == np.float32
    assert np.isnan(series[0, 3]).all()
    assert np.isnan(series).sum() == 10
    assert pairs.photos([1]).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32])
def test_zero_in_all_bands_is_a_month_without_data_as_it_is_where_models_answer(dtype):
    values = np.full((3, 12, 10), 500).astype(dtype)
    values[0, [0, 11]] = 0
    values[1, 5, :3] = 0  # dark water that was clipped
    values[2] = 0
    with pytest.raises(ValueError, match=r"no month with data \(rows 2"):
        Pairs(values, labels=["a", "b", "c"])
    series = Pairs(values[:2], labels=["a", "b"]).series()
    assert np.isnan(series[0]).all(axis=(1, 2, 3)).nonzero()[0].tolist() == [0, 11]
    assert np.isnan(series).sum() == 20
    places = PlaceDataset(values, [[4, 50]] * 3, {"kind": ["a", "b", "c"]}, [1, 2, 3])
    # a pixel of a patch is a composite of its own
    patches = np.repeat(np.repeat(values[:2, ..., None, None], 3, axis=3), 4, axis=4)
    patches[1, 7, :, 2, 3] = 0
    patches[1, 8, 4] = 0
    expected = np.isnan(np.stack([places.series(row) for row in (0, 1)]))[..., None, None] * np.ones((3, 4))
    expected[1, 7, :, 2, 3] = True
    for read in (Pairs(patches, labels=["a", "b"]), PlaceDataset(patches, [[4, 50]] * 2, {}, [1, 2])):
        np.testing.assert_array_equal(np.isnan(read.series([0, 1])), expected)
    assert np.isnan(places.series(0)).all(axis=1).sum() == 2
    with pytest.warns(UserWarning, match="1 of 3 places are left out: 1 without any month"):
        assert len(places.pairs(task="kind")) == 2


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_a_file_gives_back_what_was_saved(tmp_path, dtype):
    values = np.full((3, 12, 10), 700).astype(dtype)
    values[1, 0] = MISSING if dtype is np.int16 else np.nan
    pairs = Pairs(values, np.ones((3, 2, 8), np.float16), ["a", "", "b"], [[1, 2], [3, 4], [5, 6]], "made up")
    back = Pairs.load(pairs.save(tmp_path / "deep" / "x.pairs"))
    assert back.values.dtype == pairs.values.dtype
    assert back.embeddings.dtype == np.float16
    np.testing.assert_array_equal(back.series([0, 1, 2]), pairs.series([0, 1, 2]))
    assert back.labels.tolist() == ["a", "", "b"]
    assert back.lonlats.tolist() == pairs.lonlats.tolist()
    assert back.tower == "made up"
    assert [f.name for f in (tmp_path / "deep").iterdir()] == ["x.pairs"]


def test_labels_alone_make_pairs_and_a_file(tmp_path):
    back = Pairs.load(Pairs(VALUES, labels=["a", "b", "b"]).save(tmp_path / "x"))
    assert back.embeddings is None
    assert back.labels.tolist() == ["a", "b", "b"]
    with pytest.raises(ValueError, match="no photos"):
        back.photos([0])


def test_a_file_that_is_cut_off_or_of_others_is_refused(tmp_path):
    path = make_pairs(20).save(tmp_path / "x")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        Pairs.load(path)
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(1)}, path)
    with pytest.raises(ValueError, match="holds no pairs"):
        Pairs.load(path)
    with pytest.raises(FileNotFoundError):
        Pairs.load(tmp_path / "absent")


def test_large_files_stay_on_disk_until_rows_are_asked_for(tmp_path):
    back = Pairs.load(Pairs(VALUES, PHOTOS, tower="made up").save(tmp_path / "x"))
    for array in (back.values, back.embeddings):
        base = array
        while not isinstance(base, np.memmap):
            base = base.base  # fails with AttributeError where nothing is mapped
    back.series([0])[:] = 0  # what was asked for is one's own
    assert (back.series([0]) == 1000).all()


def test_pairs_and_their_files_need_no_torch(tmp_path):
    path = make_pairs(20).save(tmp_path / "x")
    code = (
        "import sys; from timesen_nb.datasets import Pairs; p = Pairs.load(sys.argv[1]);"
        "p.split((0.5, 0.5))[0].series([0]); p.photos([1]); p.with_bands(['B4']).save(sys.argv[1] + 'y');"
        "print('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == "False"


def with_change(change):
    values = VALUES.copy()
    change(values)
    return values


@pytest.mark.parametrize(
    ("values", "photos", "more", "said"),
    [
        (with_change(lambda v: v.__setitem__((0, 0, 0), -5)), PHOTOS, {}, "not negative"),
        (with_change(lambda v: v.__setitem__((0, 0, 0), np.inf)), PHOTOS, {}, "finite"),
        (VALUES / 10000, PHOTOS, {}, "Multiply by 10000"),
        (with_change(lambda v: v.__setitem__(1, np.nan)), PHOTOS, {}, r"no month with data \(rows 1"),
        (VALUES, PHOTOS * [[1], [np.nan], [1]], {}, r"no photo embedding \(rows 1"),
        (VALUES, PHOTOS * [[1], [0], [1]], {}, r"infinite or zero \(rows 1"),
        (VALUES, PHOTOS * [[1], [1], [np.inf]], {}, r"infinite or zero \(rows 2"),
        (VALUES, PHOTOS, {"lonlats": np.zeros((3, 3))}, r"lonlats \(3, 3\) .*longitude before latitude"),
        (VALUES, PHOTOS, {"lonlats": [[4, 50], [4, 95], [4, 50]]}, "to 95 were given"),
        (VALUES, PHOTOS[:2], {}, "2 embeddings"),
        (VALUES, PHOTOS, {"labels": ["a"]}, "1 labels"),
        (VALUES, None, {}, "neither"),
        (VALUES[0], PHOTOS, {}, "expected"),
        (VALUES[:0], PHOTOS[:0], {}, "at least one place"),
    ],
)
def test_what_is_wrong_is_said(values, photos, more, said):
    with pytest.raises(ValueError, match=said):
        Pairs(values, photos, **more)


def test_labels_as_tables_have_them_and_parts_by_slice():
    pairs = Pairs(VALUES, PHOTOS, ["a", None, float("nan")])
    assert pairs.labels.tolist() == ["a", "", ""]
    assert pairs.take([True, False, True]).labels.tolist() == ["a", ""]
    assert pairs.take(slice(1, None)).labels.tolist() == ["", ""]


def test_arrays_mapped_read_only_are_taken_as_they_are(tmp_path):
    np.save(tmp_path / "v.npy", VALUES.astype(np.int16))
    mapped = np.load(tmp_path / "v.npy", mmap_mode="r")
    assert Pairs(mapped, PHOTOS).values.dtype == np.int16


@given(st.integers(20, 200), st.integers(0, 9), st.sampled_from([(0.8, 0.2), (0.6, 0.2, 0.2)]))
def test_parts_are_disjoint_whole_and_of_about_their_share(n, seed, shares):
    parts = split_rows(np.arange(n), shares, seed)
    assert sorted(np.concatenate(parts)) == list(range(n))
    for part, share in zip(parts, shares, strict=True):
        assert abs(len(part) - share * n) <= 1


@given(st.integers(0, 9), st.sampled_from([25.0, 60.0]))
def test_no_block_stands_on_both_sides(seed, edge):
    pairs = make_pairs(120, seed)
    one, other = pairs.split((0.7, 0.3), seed=seed, block_km=edge)
    assert len(one) + len(other) == 120
    both = blocks(np.concatenate([one.lonlats, other.lonlats]), edge)
    assert not set(both[: len(one)]) & set(both[len(one) :])


def test_blocks_have_the_edge_that_was_asked_for():
    east = 10 / (111.32 * np.cos(np.radians(50.0)))  # 10 km in degrees of longitude
    line = np.stack([4 + east * np.arange(100), np.full(100, 50.0)], axis=1)  # 1000 km to the east
    _, size = np.unique(blocks(line, 50), return_counts=True)
    assert set(size[1:-1]) <= {4, 5, 6}
    assert np.unique(blocks(np.array([[4.0, 50.0], [4.0, 53.0]]), 50)).size == 2


@pytest.mark.parametrize("known", [True, False], ids=["coordinates", "series alone"])
def test_one_place_never_stands_on_both_sides(known):
    """Places that stand there twice are the same, whether their coordinates say so or their series."""
    rng = np.random.default_rng(0)
    values, lonlats = rng.uniform(100, 5000, (60, 12, 10)).astype(np.float32), rng.uniform(0, 10, (60, 2))
    labels, again = np.array(["a", "b"] * 60), np.tile(np.arange(60), 2)
    if known:  # other years of one place
        values, lonlats = np.concatenate([values, values + 300]), lonlats[again]
    else:
        values, lonlats = values[again], np.full((120, 2), np.nan)
    ids = np.arange(120).astype(str)
    places = PlaceDataset(values, lonlats, {"land_cover": labels}, ids).split((0.5, 0.5))
    pairs = Pairs(values, None, labels, lonlats if known else None).split((0.5, 0.5))
    for one, other in (places, pairs):
        rows = [
            {int(np.argmin(np.abs(values - v).sum((1, 2)))) % 60 for v in part.values}
            for part in (one, other)
        ]
        assert not rows[0] & rows[1]
        assert len(one) + len(other) == 120
    # what has no series at all is not one place
    nothing = PlaceDataset(values * np.nan, lonlats * np.nan, {}, ids).split((0.5, 0.5))
    assert [len(part) for part in nothing] == [60, 60]


def test_a_split_that_cannot_be_is_refused():
    pairs = make_pairs(30)
    with pytest.raises(ValueError, match="sum to 1"):
        pairs.split((0.8, 0.8))
    with pytest.raises(ValueError, match="smaller blocks"):
        pairs.split((0.5, 0.5), block_km=5000)
    for none in (0, -1, np.nan, "x"):  # each place was a block of its own
        with pytest.raises(ValueError, match=r"block_km=.*expected the edge of a block in kilometres"):
            pairs.split((0.5, 0.5), block_km=none)
    with pytest.raises(ValueError, match="lonlats"):
        Pairs(VALUES, PHOTOS).split((0.5, 0.5), block_km=10)


# Who made the photo vectors -------------------------------------------------------------------------------------------


def test_pairs_and_their_parts_say_whose_vectors_they_are(tmp_path):
    pairs = make_pairs(40)
    parts = (pairs, *pairs.split((0.5, 0.5)), pairs.take([1]), pairs.with_bands(["B4"]))
    assert {part.tower for part in parts} == {TOWER.name}
    assert Pairs.load(pairs.save(tmp_path / "x")).tower == TOWER.name
    assert "photos (2, 16) by words" in repr(pairs)
    places = PlaceDataset(VALUES, np.zeros((3, 2)), {}, np.arange(3))
    assert places.pairs(PHOTOS, task=None, tower=TOWER).tower == TOWER.name
    with pytest.raises(ValueError, match="tower given: a int; expected the tower, or its name"):
        Pairs(VALUES, PHOTOS, tower=2)


def test_vectors_of_another_tower_are_refused_and_of_an_unknown_one_said(tmp_path):
    pairs = make_pairs(40)
    other = Pairs(pairs.values, pairs.embeddings, pairs.labels, tower="of the same width")
    fits = {"epochs": 1, "batch_size": 8, "memory_bank": 0, "device": "cpu", "progress": False}
    said = "photo vectors of {} were made by tower 'of the same width'; expected 'words'"
    with pytest.raises(ValueError, match=said.format("pairs")):
        tn.fit(small_encoder(), other, tower=TOWER, **fits)
    with pytest.raises(ValueError, match=said.format("validation")):
        tn.fit(small_encoder(), pairs, tower=TOWER, validation=other, **fits)
    with pytest.raises(ValueError, match=said.format("pairs")):
        LabelledClasses(other, CLASSES, TOWER)
    path = Pairs(pairs.values, pairs.embeddings, pairs.labels).save(tmp_path / "old.pairs")
    with pytest.warns(UserWarning, match=r"photo vectors in old\.pairs were made by an unknown tower"):
        unknown = Pairs.load(path)
    tn.fit(small_encoder(), unknown, tower=TOWER, **fits)
    known = replace(unknown, tower=TOWER).save(tmp_path / "new.pairs")
    assert Pairs.load(known).tower == TOWER.name
    # labels alone are of no tower
    assert Pairs.load(Pairs(pairs.values, labels=pairs.labels).save(tmp_path / "labels")).tower is None


# Which bands they have ------------------------------------------------------------------------------------------------


def test_pairs_know_their_bands_and_other_ones_are_refused(tmp_path):
    """As many bands under other names fit every shape."""
    pairs = make_pairs(40)
    rgb, infrared = pairs.with_bands(("B4", "B3", "B2")), pairs.with_bands(("B8", "B11", "B12"))
    parts = (*rgb.split((0.5, 0.5)), rgb.take([1]), Pairs.load(rgb.save(tmp_path / "rgb")))
    assert {part.bands for part in parts} == {("B4", "B3", "B2")}
    np.testing.assert_array_equal(rgb.with_bands(["B2"]).series(), pairs.with_bands(["B2"]).series())
    fits = {
        "epochs": 1,
        "batch_size": 8,
        "memory_bank": 0,
        "device": "cpu",
        "progress": False,
        "tower": TOWER,
    }
    ours = {"bands": ("B2", "B3", "B4"), "offset": (0.0,) * 3, "scale": (5000.0,) * 3}
    with pytest.raises(
        ValueError, match=r"pairs have the bands B4, B3, B2; this encoder reads B2, B3, B4, in .*with_b"
    ):
        tn.fit(small_encoder(**ours), rgb, **fits)
    right = rgb.with_bands(("B2", "B3", "B4"))
    with pytest.raises(ValueError, match=r"validation have the bands B8, B11, B12; .* in that order\.$"):
        tn.fit(small_encoder(**ours), right, validation=infrared, **fits)
    tn.fit(small_encoder(**ours), right, **fits)


def test_bands_of_other_sensors_have_the_names_that_are_given():
    values = make_pairs(8).values
    named = Pairs(values[:, :, :3], labels=["a"] * 8, bands=["red", "green", "blue"])
    assert named.with_bands(["blue"]).bands == ("blue",)
    unknown = Pairs(values[:, :, :3], labels=["a"] * 8)
    assert unknown.bands is None
    with pytest.raises(ValueError, match=r"names are not known; expected Pairs\(\.\.\., bands="):
        unknown.with_bands(["B4"])
    with pytest.raises(
        ValueError, match="bands given: B2, B2, for series of 3; expected the name of each, once"
    ):
        Pairs(values[:, :, :3], labels=["a"] * 8, bands=["B2", "B2"])


def test_places_of_a_table_are_read_by_the_names_of_its_columns():
    lonlats = np.array([[3.0, 50.8], [4.0, 51.0], [27.5, -29.5], [9.0, 45.0]])
    series, names = np.full((4, 12, 10), 1000, dtype=np.float32), list("abcd")
    tables = [
        pd.DataFrame(lonlats[:, ::-1], columns=["Latitude", "Longitude"]),
        pd.DataFrame(lonlats, columns=["lon", "lat"]).assign(name=names)[["name", "lat", "lon"]],
        pd.DataFrame(lonlats),
    ]
    for table in tables:
        np.testing.assert_array_equal(Pairs(series, labels=names, lonlats=table).lonlats, lonlats)
        np.testing.assert_array_equal(PlaceDataset(None, table, {}, names).lonlats, lonlats)
    with pytest.raises(ValueError, match=r"lonlats \(2, 4\) were given; expected \(N, 2\)"):
        PlaceDataset(None, lonlats.T, {}, names)
    hidden = np.ma.masked_array(lonlats, [[False, False]] * 3 + [[True, True]])
    assert np.isnan(PlaceDataset(None, hidden, {}, names).lonlats[3]).all()
    with pytest.raises(ValueError, match="1 of 4 places have no longitude or latitude"):
        Pairs(series, labels=names, lonlats=hidden)
