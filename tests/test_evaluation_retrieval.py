"""Retrieval, scenicness and the classifiers that learn from labels."""

import tracemalloc
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from synthetic import WordTower, small_model

import timesen_nb as tn
from timesen_nb.datasets import PlaceDataset
from timesen_nb.evaluation import (
    RatedPrompts,
    agreement,
    baselines,
    nearest,
    random_and_blocked,
    recall,
    recall_by_class,
    recall_table,
    scenicness,
    words_to_places,
)
from timesen_nb.evaluation import retrieval as module
from timesen_nb.evaluation.baselines import filled
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.kept_vectors import pack


def unit(x):
    x = np.asarray(x, dtype=np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


# Retrieval


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(1, 50), st.integers(1, 12), st.integers(0, 10**6))
def test_nearest_is_a_sort_of_all_cosines(n, m, k, seed):
    rng = np.random.default_rng(seed)
    queries, gallery = unit(rng.normal(size=(n, 5))), unit(rng.normal(size=(m, 5)))
    k = min(k, m)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "QUERIES", 7)
        patch.setattr(module, "GALLERY", 11)
        rows, cosines = nearest(queries, gallery, k)
    every = queries @ gallery.T
    np.testing.assert_allclose(cosines, -np.sort(-every, axis=1)[:, :k], atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(every, rows, axis=1), cosines, atol=1e-5)
    assert all(len(set(r)) == k for r in rows.tolist())


def test_recall_counted_by_hand():
    """Four places on a line of angles; photo 3 was taken where place 2 is."""
    gallery = unit([[np.cos(a), np.sin(a)] for a in (0.0, 0.2, 1.0, 1.3)])
    queries = gallery[[0, 1, 2, 2]]
    names = np.array(["a", "a", "b", "c"])
    table = recall(queries, gallery, {"land_cover": names}, ks=(1, 2))
    assert table.loc["place", ["R@1", "R@2"]].tolist() == [0.75, 1.0]
    # 0 and 1 find each other; 2 is the only b and 3 the only c: both are left out
    assert table.loc["land_cover", ["R@1", "R@2"]].tolist() == [1.0, 1.0]
    assert table["chance"].tolist() == pytest.approx([1 / 4, 1 / 3])
    assert recall(queries, gallery, {"country": np.array(["", "", "x", "y"])}).index.tolist() == ["place"]


def test_its_own_place_is_no_proof_of_its_class():
    vectors = unit(np.eye(6) + 0.01)
    names = np.array(list("aabbcc"))
    by_hand = recall(vectors, vectors, {"kind": names}, ks=(1,))
    assert by_hand.loc["place", "R@1"] == 1.0
    assert by_hand.loc["kind", "R@1"] < 1.0  # all others are equally far: found by the order at best


@settings(max_examples=20)
@given(st.integers(3, 60), st.integers(2, 4), st.integers(0, 10**6))
def test_recall_against_a_plain_loop(n, classes, seed):
    rng = np.random.default_rng(seed)
    queries, gallery = unit(rng.normal(size=(n, 6))), unit(rng.normal(size=(n, 6)))
    names = np.array(list("abcd"))[rng.integers(0, classes, n)]
    order = np.argsort(-(queries @ gallery.T), axis=1)
    place, same = [], []
    for i in range(n):
        place.append(i in order[i, :5])
        others = [j for j in order[i] if j != i][:5]
        if (names == names[i]).sum() > 1:
            same.append(names[i] in names[others])
    table = recall(queries, gallery, {"kind": names})
    assert table.loc["place", "R@5"] == pytest.approx(np.mean(place))
    if same:
        assert table.loc["kind", "R@5"] == pytest.approx(np.mean(same))
    both = recall_table(queries, gallery, {"kind": names})
    assert both.loc[("satellite to ground", "place"), "R@5"] == pytest.approx(np.mean(place))
    each = recall_by_class(queries, gallery, names)
    assert each["places"].iloc[:-1].to_dict() == {c: (names == c).sum() for c in sorted(set(names.tolist()))}


def test_a_class_of_one_place_has_no_part_in_the_mean():
    """It has no other place to find, which is no failure to find it."""
    vectors = unit([[1, 0.1], [1, 0.2], [0.1, 1]])
    table = recall_by_class(vectors, vectors, np.array(["lake", "lake", "moor"]), ks=(1,))
    assert table["R@1"].tolist() == pytest.approx([1, np.nan, 1], nan_ok=True)
    assert table["places"].tolist() == [2, 1, 3]


def test_words_find_the_places_of_their_class():
    gallery = unit([[1, 0.1], [1, 0.2], [0.1, 1], [1, 0.3]])
    names = np.array(["lake", "lake", "moor", ""])
    table = words_to_places(np.eye(2), ["lake", "moor"], gallery, names, ks=(1, 3))
    assert table.loc["lake"].tolist() == pytest.approx([2, 1, 2 / 3, 0.5])
    assert table.loc["moor"].tolist() == pytest.approx([1, 1, 1 / 3, 0.25])
    assert words_to_places(np.eye(2), ["lake", "sea"], gallery, names, ks=(1,)).index.tolist() == ["lake"]


def test_a_precision_at_more_places_than_there_are_is_said():
    gallery, names = unit([[1, 0.1], [1, 0.2], [0.1, 1]]), ["lake", "lake", "moor"]
    with pytest.warns(
        UserWarning, match=r"P@5, P@10: there are 3 places, .* share of the class among all"
    ) as said:
        table = words_to_places(np.eye(2), ["lake", "moor"], gallery, names)
    assert said[0].filename == __file__
    assert table["P@10"].tolist() == pytest.approx([2 / 3, 1 / 3])
    gallery[2] = np.nan  # what has no vector is no place
    with pytest.warns(match="have no vector"), pytest.warns(match="P@3: there are 2 places"):
        words_to_places(np.eye(2), ["lake", "moor"], gallery, names, ks=(3,))


def test_a_place_without_a_vector_takes_its_name_with_it():
    rng, names = np.random.default_rng(0), np.array(list("aabbccab"))
    queries, gallery = unit(rng.normal(size=(8, 5))), unit(rng.normal(size=(8, 5)))
    gallery[0] = np.nan
    for measure in (
        lambda q, g, n: recall(q, g, {"kind": n}, ks=(1, 2)),
        lambda q, g, n: recall_by_class(q, g, n, ks=(1, 2)),
        lambda q, g, n: words_to_places(np.eye(3, 5), list("abc"), g, n, ks=(1, 2)),
    ):
        with pytest.warns(UserWarning, match="have no vector"):
            found = measure(queries, gallery, names)
        pd.testing.assert_frame_equal(found, measure(queries[1:], gallery[1:], names[1:]))


@pytest.mark.parametrize("ks", [5, (), (0, 1), (2.5,), ("1",), (True,)])
def test_ks_are_counts(ks):
    x, names = np.eye(4), ["a", "a", "b", "b"]
    for measure in (
        lambda: recall(x, x, ks=ks),
        lambda: recall_by_class(x, x, names, ks),
        lambda: words_to_places(x[:2], ["a", "b"], x, names, ks),
    ):
        with pytest.raises(ValueError, match="expected whole numbers from 1"):
            measure()


def test_every_place_has_one_name():
    x, names = np.eye(4), ["a", "a", "b"]
    for measure in (
        lambda: recall(x, x, {"kind": names}, ks=(1,)),
        lambda: recall_by_class(x, x, names, ks=(1,)),
        lambda: words_to_places(x[:2], ["a", "b"], x, names, ks=(1,)),
    ):
        with pytest.raises(ValueError, match="3 names for 4 places were given; expected one each"):
            measure()
    with pytest.raises(ValueError, match="4 queries and 3 places in the gallery; expected pairs"):
        recall_by_class(x, x[:3], names, ks=(1,))


def test_memory_is_bounded_by_a_block_not_by_all_cosines():
    """12,000 x 12,000 cosines are 576 MB; the search stays far below."""
    rng = np.random.default_rng(0)
    vectors = unit(rng.normal(size=(12_000, 8)))
    tracemalloc.start()
    nearest(vectors, vectors, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64e6
    assert module.QUERIES * module.GALLERY * 4 <= 64e6


@pytest.mark.parametrize(
    ("queries", "gallery", "k", "reason"),
    [
        (np.ones((2, 3)), np.ones((2, 4)), 1, "of one space"),
        (np.ones((2, 3)), np.ones((2, 3)), 3, "k=3 for a gallery of 2"),
        (np.ones(3), np.ones((2, 3)), 1, "expected"),
    ],
)
def test_what_cannot_be_searched_is_refused(queries, gallery, k, reason):
    with pytest.raises(ValueError, match=reason):
        nearest(queries, gallery, k)
    with pytest.raises(ValueError, match="expected pairs"):
        recall(np.ones((3, 2)), np.ones((2, 2)))


# Scenicness


def test_scenicness_counted_by_hand():
    words = {"lake": [1, 0], "factory": [0, 1], "moor": [1, 0]}

    def encode(texts):
        return np.array([words[t] for t in texts], dtype=np.float32)

    prompts = RatedPrompts(["x", "x", "y", "z"], ["lake", "factory", "moor", "factory"], [10, 2, 8, 2])
    place = np.array([[1.0, 0.0]])
    e = np.e
    early = scenicness(place, prompts, encode, 1.0, "early")
    assert early == pytest.approx([(10 * e + 2 + 8 * e + 2) / (2 * e + 2)])
    late = scenicness(place, prompts, encode, 1.0, "late")
    assert late == pytest.approx([((10 * e + 2) / (e + 1) + 8 + 2) / 3])
    assert scenicness(place, prompts, encode, 1e3, "early") == pytest.approx([9.0])


@settings(max_examples=25)
@given(st.integers(1, 12), st.floats(0, 40), st.integers(0, 10**6))
def test_early_is_late_for_one_voter_and_both_stay_within_the_ratings(p, scale, seed):
    rng = np.random.default_rng(seed)
    texts, ratings = [f"place {i}" for i in range(p)], rng.uniform(1, 10, p)
    places, encode = unit(rng.normal(size=(20, 16))), WordTower().encode_text
    one = RatedPrompts(["v"] * p, texts, ratings)
    early, late = (scenicness(places, one, encode, scale, how) for how in ("early", "late"))
    np.testing.assert_allclose(early, late, rtol=1e-5)
    many = RatedPrompts([f"v{i % 3}" for i in range(p)], texts, ratings)
    for how in ("early", "late"):
        found = scenicness(places, many, encode, scale, how)
        assert ((found >= ratings.min() - 1e-4) & (found <= ratings.max() + 1e-4)).all()


def test_scenicness_goes_by_direction_however_vectors_are_kept():
    """A map keeps int8 in steps of its own: as numbers they would be sure of one description."""
    rng = np.random.default_rng(0)
    places = unit(rng.normal(size=(20, 128))).astype(np.float32)
    prompts = RatedPrompts(["v"] * 4, ["lake", "moor", "road", "wood"], [9, 7, 1, 8])

    def encode(texts):
        return unit(np.random.default_rng(1).normal(size=(len(texts), 128)))

    as_they_are = scenicness(places, prompts, encode, 12.0)
    assert np.ptp(as_they_are) > 1
    np.testing.assert_allclose(
        scenicness(pack(places, "int8"), prompts, encode, 12.0), as_they_are, atol=0.05
    )
    np.testing.assert_allclose(scenicness(5 * places, prompts, encode, 12.0), as_they_are, rtol=1e-5)
    assert np.isnan(scenicness(0 * places, prompts, encode, 12.0)).all()
    with pytest.raises(ValueError, match="as the model makes them"):
        scenicness(places[:, :5], prompts, encode, 12.0)
    for scale in (-1, np.nan):
        with pytest.raises(ValueError, match=f"scale={scale}; expected 0 or more"):
            scenicness(places, prompts, encode, scale)


def test_agreement_is_scipy_s():
    rng = np.random.default_rng(1)
    a = rng.normal(size=200)
    b = a + rng.normal(size=200)
    found = agreement(a, b)
    assert found["pearson"] == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert found["kendall"] == pytest.approx(stats.kendalltau(a, b).statistic)
    assert agreement([1, 2, 3], [10, 20, 30]) == pytest.approx({"pearson": 1, "kendall": 1})
    with pytest.raises(ValueError, match="at least two places"):
        agreement([1], [2])


def test_rated_prompts_from_a_file(tmp_path):
    bundled = RatedPrompts.bundled()
    assert len(bundled) == 20
    assert bundled.ratings.min() == 1
    assert bundled.ratings.max() == 10
    path = tmp_path / "own.csv"
    path.write_text("voter,description,rating\n1,a lake,9\n1,a road,none\n")
    with pytest.raises(ValueError, match=r"rows \[1\] have no rating"):
        RatedPrompts.read(path)
    for row, what in ((",a road,2", "voter"), ("adam, ,2", "description")):
        path.write_text(f"voter,description,rating\nann,a lake,9\n{row}\nalice,None,3\n")
        with pytest.raises(ValueError, match=rf"rows \[1\] have no {what}"):
            RatedPrompts.read(path)
    path.write_text("voter,description,rating\nann,a lake,9\nNA,None,3\n")
    assert RatedPrompts.read(path).voters.tolist() == ["ann", "NA"]
    path.write_text("voter,text,rating\n1,a lake,9\n")
    with pytest.raises(ValueError, match="no column description"):
        RatedPrompts.read(path)
    with pytest.raises(ValueError, match="ensemble='middle'"):
        scenicness(np.ones((1, 16)), bundled, WordTower().encode_text, 1.0, "middle")


# Learning from labels


def fields(n=240, seed=0):
    """Three covers whose spectra differ a little, in twelve villages each with a spectrum's shift of its own."""
    rng = np.random.default_rng(seed)
    k, village = rng.integers(0, 3, n), rng.integers(0, 12, n)
    spectra = np.random.default_rng(5).uniform(600, 2500, (3, 12, 10))
    shift = np.random.default_rng(6).normal(0, 150, (12, 12, 10))
    values = (spectra[k] + shift[village] + rng.normal(0, 100, (n, 12, 10))).clip(1).astype(np.float32)
    values[rng.random((n, 12)) < 0.15] = np.nan
    lonlats = np.stack([village * 2.0 + rng.normal(0, 0.01, n), np.full(n, 48.0)], axis=1)
    names = np.array(["Cropland", "Woodland", "Water"])[k]
    return PlaceDataset(values, lonlats, {"land_cover": names}, np.arange(n))


def test_learners_learn_and_the_untrained_does_not():
    train, test = fields().split((0.7, 0.3))
    config = EncoderConfig(width=32, depth=1, heads=2, embedding=16, dropout=0.0)
    table = baselines(train, test, "land_cover", small_model(), encoder=config, epochs=30, trees=50)
    assert table.index.tolist() == [
        "majority class", "15 nearest neighbours", "random forest", "supervised encoder", "linear probe",
        "zero-shot by descriptions",
    ]  # fmt: skip
    assert (table.loc[["15 nearest neighbours", "random forest", "supervised encoder"], "top1"] > 0.9).all()
    assert table.loc["linear probe", "top1"] > table.loc["majority class", "top1"] + 0.2
    assert table.loc["majority class", "balanced"] == pytest.approx(1 / 3)
    assert table.loc["zero-shot by descriptions", "top1"] < 0.7


@pytest.mark.parametrize("code", [0, -9999, 65535])
def test_learners_are_given_no_code_and_no_other_unit(code):
    """They read what the model beside them reads."""
    gappy = fields().split((0.7, 0.3))
    coded = [part.with_values(np.nan_to_num(part.series(), nan=code)) for part in gappy]
    asked = {"task": "land_cover", "model": small_model(), "trees": 10}
    with pytest.warns(UserWarning, match=f"{code}") if code else nullcontext():
        found = baselines(*coded, **asked)
    pd.testing.assert_frame_equal(found, baselines(*gappy, **asked))
    train, test = gappy
    with pytest.raises(ValueError, match="from 0 to 1; expected reflectance x 10000"):
        baselines(train, test.with_values(test.series() / 10_000), "land_cover", trees=5)


def test_places_without_a_label_or_a_month_of_all_bands_have_no_part():
    parts = fields(90).split((0.7, 0.3))
    lacking = []
    for part in parts:
        values, names = part.series(), part.labels["land_cover"].copy()
        values[0, :, 3], names[2] = np.nan, ""
        lacking.append(PlaceDataset(values, part.lonlats, {"land_cover": names}, part.ids))
    rest = [part.take(np.delete(np.arange(len(part)), [0, 2])) for part in parts]
    found, expected = (baselines(*given, "land_cover", trees=5) for given in (lacking, rest))
    pd.testing.assert_frame_equal(found, expected)


def test_random_and_blocked_splits_stand_side_by_side():
    places = fields()
    seen = []

    def make(train, test):
        seen.append((set(train.ids), set(test.ids), np.unique(test.lonlats[:, 0].round())))
        return baselines(train, test, "land_cover", trees=10)

    table = random_and_blocked(places, make, block_km=60)
    assert table.columns.get_level_values("split").unique().tolist() == ["random", "blocks of 60 km"]
    assert all(not train & test and len(train | test) == 240 for train, test, _ in seen)
    assert len(seen[0][2]) > len(seen[1][2])  # blocks hold whole villages


def test_one_class_alone_is_learned_too():
    places = fields().take(np.flatnonzero(fields().labels["land_cover"] == "Water"))
    table = baselines(places, places, "land_cover", small_model(), trees=5)
    assert (table["top1"].drop("zero-shot by descriptions") == 1).all()
    with pytest.raises(ValueError, match="no place with a label for 'crops'"):
        baselines(places, places, "crops")


def test_gaps_are_filled_around_the_year_for_those_who_cannot_read_them():
    values = np.tile(np.arange(12, dtype=np.float32)[:, None] * 100, (1, 1, 10)).reshape(1, 12, 10)
    gappy = values.copy()
    gappy[0, 5] = np.nan
    np.testing.assert_allclose(filled(gappy), values.reshape(1, -1))
    gappy = values.copy()
    gappy[0, 11] = np.nan  # between November and January
    assert filled(gappy).reshape(12, 10)[11].tolist() == pytest.approx([500.0] * 10)
    gappy = values.copy()
    gappy[..., tn.BANDS.index("B8A")] = np.nan
    gappy[..., tn.BANDS.index("B2")] = np.nan
    out = filled(gappy).reshape(12, 10)
    assert out[:, tn.BANDS.index("B8A")].tolist() == values[0, :, 0].tolist()
    assert not out[:, 0].any()
    assert not np.isnan(out).any()


def test_what_has_no_vector_is_never_found_however_that_is_kept():
    """Zeros in a kept map, what a mask hides, and NaN are one thing; infinite numbers are none."""
    rng = np.random.default_rng(0)
    vectors, names = unit(rng.normal(size=(30, 6))), np.array(list("abc") * 10)
    lost = np.arange(30) % 7 == 0
    kinds = {
        "nan": np.where(lost[:, None], np.nan, vectors),
        "zeros": np.where(lost[:, None], 0, vectors),
        "masked": np.ma.masked_array(vectors, np.repeat(lost[:, None], 6, axis=1)),
        "int8": pack(np.where(lost[:, None], np.nan, vectors), "int8"),
    }
    words = unit(rng.normal(size=(3, 6)))
    found = {}
    for kind, kept in kinds.items():
        with pytest.warns(UserWarning, match="5 of 30 places have no vector"):
            tables = recall(vectors, kept, {"x": names}), words_to_places(words, list("abc"), kept, names)
        assert tables[0].loc["place", "chance"] == 1 / 25
        assert not set(nearest(words, kept, 25)[0].ravel().tolist()) & set(np.flatnonzero(lost).tolist())
        assert not set(tn.similar(kept, words, 25).indices.tolist()) & set(np.flatnonzero(lost).tolist())
        found[kind] = tables[1]
    for kind in ("zeros", "masked"):
        pd.testing.assert_frame_equal(found[kind], found["nan"])
    with pytest.raises(ValueError, match="infinite"):
        recall(vectors, np.where(lost[:, None], np.inf, vectors))
    with pytest.raises(ValueError, match="none of the 0 places"):
        recall(vectors[:0], vectors[:0])
