"""Whether probabilities mean what they say, and words that fit nothing: hand-made cases with known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import WordTower

import timesen_nb as tn
from timesen_nb.evaluation import (
    NONE_OF_THESE,
    OpenZeroShot,
    background_vectors,
    calibrated,
    calibration_error,
    fit_logit_scale,
    fit_margin,
    marginal_sets,
    reliability,
)


def unit(x):
    x = np.asarray(x, dtype=np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def no_encode(values, **_):
    raise AssertionError("nothing may be encoded here")


# Trust


def test_calibration_error_counted_by_hand():
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.65, 0.65])
    right = np.array([1, 1, 1, 0, 1, 0], dtype=bool)
    table = reliability(confidence, right, bins=10)
    assert table["places"].tolist() == [2, 4]
    assert table["low"].tolist() == [0.6, 0.9]
    np.testing.assert_allclose(table["accuracy"], [0.5, 0.75])
    assert calibration_error(confidence, right) == pytest.approx((2 * 0.15 + 4 * 0.20) / 6)
    assert calibration_error(np.ones(5), np.ones(5, dtype=bool)) == 0
    assert np.isnan(calibration_error(np.empty(0), np.empty(0, dtype=bool)))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50), st.integers(1, 20))
def test_reliability_counts_every_place_once(rows, bins):
    confidence, right = np.array([c for c, _ in rows]), np.array([r for _, r in rows])
    table = reliability(confidence, right, bins)
    assert table["places"].sum() == len(rows)
    assert (table["confidence"] >= table["low"] - 1e-9).all()
    assert (table["confidence"] <= table["high"] + 1e-9).all()
    assert (table["accuracy"] * table["places"]).sum() == pytest.approx(right.sum())
    assert 0 <= calibration_error(confidence, right, bins) <= 1


@pytest.mark.parametrize("bins", [0, -1, 2.5, "10", None, True])
def test_bins_are_counted(bins):
    for measure in (reliability, calibration_error):
        with pytest.raises(ValueError, match="expected a whole number of bins from 1"):
            measure(np.array([0.4, 0.6]), np.array([True, False]), bins)


@pytest.mark.parametrize("confidence", [[70.0, 80.0], [-0.1, 0.5], [0.5]])
def test_reliability_refuses_what_is_no_probability(confidence):
    with pytest.raises(ValueError, match="expected"):
        reliability(np.array(confidence), np.array([True, False]))


def places_of(scale, n=20_000, k=5, seed=6):
    """Vectors, and classes drawn from the softmax of their cosines times scale: the scale is the true one."""
    rng = np.random.default_rng(seed)
    words, vectors = unit(rng.normal(size=(k, 12))), unit(rng.normal(size=(n, 12)))
    zs = tn.ZeroShot([f"class {i}" for i in range(k)], words, scale, no_encode)
    p = zs.of_vectors(vectors)
    truth = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return words, vectors, truth


@pytest.mark.parametrize("scale", [3.0, 14.0])
def test_the_true_scale_is_found_and_makes_probabilities_true(scale):
    words, vectors, truth = places_of(scale)
    boastful = tn.ZeroShot([f"class {i}" for i in range(5)], words, 8 * scale, no_encode)
    assert fit_logit_scale(boastful, vectors, truth) == pytest.approx(scale, rel=0.05)
    modest = calibrated(boastful, vectors, truth)

    def error(zs):
        p = zs.of_vectors(vectors)
        return calibration_error(p.max(axis=1), p.argmax(axis=1) == truth)

    assert error(modest) < 0.015 < error(boastful)
    assert (modest.of_vectors(vectors).argmax(1) == boastful.of_vectors(vectors).argmax(1)).all()


def test_unlabelled_places_do_not_count_for_the_scale():
    words, vectors, truth = places_of(5.0, n=3000)
    zs = tn.ZeroShot([f"class {i}" for i in range(5)], words, 1.0, no_encode)
    some = np.where(np.arange(3000) % 3 == 0, -1, truth)
    assert fit_logit_scale(zs, vectors, some) == pytest.approx(
        fit_logit_scale(zs, vectors[some >= 0], truth[some >= 0])
    )
    with pytest.raises(ValueError, match="no labelled place"):
        fit_logit_scale(zs, vectors, np.full(3000, -1))


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        ([0, 1], r"truth \(2,\) was given for 3 places; expected \(3,\)"),
        ([[0], [1], [1]], r"truth \(3, 1\) was given for 3 places"),
        ([0, 1, 2], "class number 2, and there are 2 classes; expected 0 to 1, and -1"),
        ([0, 1, -9999], "class number -9999"),
        (["a", "b", "a"], "such as 'a'; expected 0 to 1.*classes.index"),
        ([0, 0.5, 1], "such as 0.5"),
        ([0, np.nan, 1], "such as nan"),
        (None, r"truth \(\) was given"),
    ],
)
def test_whatever_is_fitted_by_labelled_places_asks_for_a_class_number_of_each(truth, words):
    zs = tn.ZeroShot("ab", np.eye(2), 1.0, no_encode)
    vectors = np.array([[1, 0], [0, 1], [1, 0]], dtype=float)
    for fit in (
        lambda: fit_logit_scale(zs, vectors, truth),
        lambda: calibrated(zs, vectors, truth),
        lambda: fit_margin(zs, np.eye(2), vectors, truth),
        lambda: marginal_sets(vectors, vectors, truth),
    ):
        with pytest.raises(ValueError, match=words):
            fit()


def test_class_numbers_may_be_whole_floats():
    """As a table with gaps holds them."""
    words, vectors, truth = places_of(5.0, n=300)
    zs = tn.ZeroShot([f"class {i}" for i in range(5)], words, 1.0, no_encode)
    for fit in (fit_logit_scale, lambda *given: fit_margin(zs, np.eye(12), *given[1:])):
        assert fit(zs, vectors, truth.astype(float)) == fit(zs, vectors, truth)


@pytest.mark.parametrize("refused", [5, 1, -0.1, np.nan, "0.05", None])
def test_a_share_that_is_turned_away_is_a_share(refused):
    zs = tn.ZeroShot("ab", np.eye(2), 1.0, no_encode)
    with pytest.raises(ValueError, match=r"refused=.*; expected a share of places from 0 to below 1"):
        fit_margin(zs, np.eye(2), np.eye(2), np.array([0, 1]), refused)


def test_a_background_has_vectors_of_the_same_space():
    zs = tn.ZeroShot("ab", np.eye(2), 1.0, no_encode)
    asked, truth = np.array([[0.8, 0.6], [0.6, 0.8]]), np.array([0, 1])
    # of which the direction counts, as it does where the margin is used
    assert fit_margin(zs, np.eye(2) * 9, asked, truth) == fit_margin(zs, np.eye(2), asked, truth)
    for background, words in (
        (np.eye(3), r"expected \(\.\.\., 2\)"),
        (np.empty((0, 2)), "background given is empty"),
    ):
        with pytest.raises(ValueError, match=words):
            fit_margin(zs, background, np.eye(2), np.array([0, 1]))


@pytest.mark.parametrize(
    ("background", "margin", "words"),
    [(np.eye(3), 0.1, "expected .* as the model makes them"), (np.eye(2), np.nan, "margin=nan; expected a difference"),
     (np.eye(2), "0.1", "margin='0.1'")],
)  # fmt: skip
def test_an_open_set_has_a_background_of_its_space_and_a_margin(background, margin, words):
    with pytest.raises(ValueError, match=words):
        OpenZeroShot(tn.ZeroShot("ab", np.eye(2), 1.0, no_encode), background, margin)


# Unlike all of these


def test_words_that_do_not_fit_are_refused_and_those_that_do_are_kept():
    rng = np.random.default_rng(7)
    centres = np.linalg.qr(rng.normal(size=(10, 10)))[0][:6].astype(np.float32)
    kind = rng.integers(0, 6, 4000)
    vectors = unit(centres[kind] + 0.35 * rng.normal(size=(4000, 10)))
    fit, test = slice(0, 2000), slice(2000, None)
    names = [f"class {i}" for i in range(3)]
    zs = tn.ZeroShot(names, centres[:3], 12.0, no_encode)
    truth = np.where(kind < 3, kind, -1)
    open_ = OpenZeroShot(zs, centres, fit_margin(zs, centres, vectors[fit], truth[fit], refused=0.05))
    assert open_.classes == [*names, NONE_OF_THESE]
    p = open_.of_vectors(vectors[test])
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    refused = p.argmax(axis=1) == 3
    known = kind[test] < 3
    assert refused[known].mean() < 0.06
    alone = OpenZeroShot(tn.ZeroShot(names[:1], centres[:1], 12.0, no_encode), centres, open_.margin)
    refused_alone = alone.of_vectors(vectors[test]).argmax(axis=1) == 1
    assert refused_alone[kind[test] == 0].mean() == pytest.approx(0.05, abs=0.03)
    assert refused[~known].mean() > 0.7
    kept = known & ~refused
    assert (p.argmax(axis=1) == zs.of_vectors(vectors[test]).argmax(axis=1))[kept].all()


@settings(max_examples=30)
@given(st.integers(1, 60), st.floats(0.01, 0.6), st.integers(0, 10**6))
def test_no_more_fitted_places_are_refused_than_asked_for(n, refused, seed):
    rng = np.random.default_rng(seed)
    vectors, words, other = (unit(rng.normal(size=(m, 6))) for m in (n, 3, 5))
    truth = rng.integers(0, 3, n)
    zs = tn.ZeroShot("abc", words, 10.0, no_encode)
    open_ = OpenZeroShot(zs, other, fit_margin(zs, other, vectors, truth, refused))
    share = (open_.of_vectors(vectors).argmax(axis=1) == 3).mean()
    assert share <= refused + 1e-9 or share * n < 1 + 1e-9


def test_no_margin_without_labels():
    zs = tn.ZeroShot("ab", np.eye(2), 1.0, no_encode)
    with pytest.raises(ValueError, match="no labelled place"):
        fit_margin(zs, np.eye(2), np.eye(2), np.array([-1, -1]))


def test_the_background_is_what_land_is_called():
    vectors = background_vectors(WordTower().encode_text, ("land_cover", "bioregion"))
    assert vectors.shape == (16, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
