"""Scores and answers: hand-made cases with known answers, and scikit-learn where it has the metric."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from synthetic import WordTower

import timesen_nb as tn
from timesen_nb.evaluation import (
    Tally,
    agreement,
    bootstrap,
    calibration_error,
    conformal_quantile,
    confusion,
    encode_words,
    interval,
    marginal_sets,
    nearest,
    reliability,
    score,
)
from timesen_nb.tasks import Task


def unit(x):
    x = np.asarray(x, dtype=np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def no_encode(values, **_):
    raise AssertionError("nothing may be encoded here")


# Metrics


def test_scores_of_a_table_counted_by_hand():
    truth, said = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 0])
    table = confusion(truth, said, 4)
    assert table.tolist() == [[2, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    tally = Tally.of(table)
    assert tally.accuracy == pytest.approx(3 / 6)
    np.testing.assert_allclose(tally.recall, [2 / 3, 1 / 2, 0, np.nan])
    np.testing.assert_allclose(tally.precision, [2 / 4, 1 / 2, np.nan, np.nan])
    np.testing.assert_allclose(tally.f1, [4 / 7, 1 / 2, 0, np.nan])
    assert tally.balanced == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert tally.macro_f1 == pytest.approx((4 / 7 + 1 / 2 + 0) / 3)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_scores_are_scikit_learn_s(pairs):
    truth, said = np.array(pairs).T
    tally = Tally.of(confusion(truth, said, 5))
    assert (confusion(truth, said, 5) == sk.confusion_matrix(truth, said, labels=range(5))).all()
    assert tally.accuracy == pytest.approx(sk.accuracy_score(truth, said))
    assert tally.macro_f1 == pytest.approx(sk.f1_score(truth, said, average="macro"))
    recall = sk.recall_score(truth, said, labels=np.unique(truth), average="macro", zero_division=0)
    assert tally.balanced == pytest.approx(recall)


def test_bootstrap_is_as_wide_as_theory_says():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 400)
    said = np.where(rng.random(400) < 0.8, truth, (truth + 1) % 3)
    spread = bootstrap(truth, said, 3, resamples=4000).accuracy
    rate = (truth == said).mean()
    assert spread.mean() == pytest.approx(rate, abs=0.003)
    assert spread.std() == pytest.approx(np.sqrt(rate * (1 - rate) / 400), rel=0.06)
    low, high = interval(spread)
    assert ((spread >= low) & (spread <= high)).mean() == pytest.approx(0.95, abs=0.01)


def test_places_that_are_alike_within_blocks_count_as_one():
    """Twenty blocks of twenty copies: the interval is that of twenty places, not of four hundred."""
    right = np.random.default_rng(2).random(20) < 0.5
    truth = np.zeros(400, dtype=int)
    said = np.repeat(np.where(right, 0, 1), 20)
    place = bootstrap(truth, said, 2, resamples=2000).accuracy.std()
    block = bootstrap(truth, said, 2, np.repeat(np.arange(20), 20), resamples=2000).accuracy.std()
    assert block / place == pytest.approx(np.sqrt(20), rel=0.1)


@settings(max_examples=20)
@given(st.integers(1, 200), st.integers(0, 10**6))
def test_every_resample_has_as_many_places(n, seed):
    rng = np.random.default_rng(seed)
    truth, said = rng.integers(0, 4, (2, n))
    for groups in (None, np.arange(n))[: 2 if n > 1 else 1]:
        spread = bootstrap(truth, said, 4, groups, resamples=7, seed=seed)
        assert (spread.true.sum(axis=1) == n).all()
        assert (spread.predicted.sum(axis=1) == n).all()
        assert (spread.right <= np.minimum(spread.true, spread.predicted)).all()


# Scoring


@pytest.fixture
def task():
    return Task("own", ("a", "b", "c"), ("1", "2", "3"), {k: (f"the {k}", f"one {k}") for k in "abc"})


def test_answers_of_three_places_counted_by_hand(task):
    words = {("own", "names"): np.eye(3, dtype=np.float32)}
    vectors = unit([[1, 0.2, 0], [0.6, 0.8, 0], [0.1, 0.2, 1], [1, 1, 1]])
    truth = {"own": np.array([0, 0, 2, -1])}
    found = score(vectors, words, truth, {"own": task.classes}, dict.fromkeys(words, 2.0))["own", "names"]
    assert found.rows.tolist() == [0, 1, 2]
    assert found.predicted.tolist() == [0, 1, 2]
    assert found.right.tolist() == [True, False, True]
    assert found.in_five.all()  # there are but three classes
    assert found.confidence[1] == pytest.approx(np.exp(1.6) / (np.exp(1.2) + np.exp(1.6) + 1))


def test_top_five_and_probabilities_are_scikit_learn_s_and_the_model_s():
    rng = np.random.default_rng(3)
    vectors, words = unit(rng.normal(size=(300, 16))), unit(rng.normal(size=(40, 16)))
    truth = rng.integers(0, 40, 300)
    key = ("crops", "names")
    found = score(vectors, {key: words}, {"crops": truth}, {"crops": tn.tasks["crops"].classes}, {key: 9.0})[
        key
    ]
    zs = tn.ZeroShot(tn.tasks["crops"].classes, words, 9.0, no_encode)
    p = zs.of_vectors(vectors)
    assert (found.predicted == p.argmax(axis=1)).all()
    np.testing.assert_allclose(found.confidence, p.max(axis=1), rtol=1e-5)
    top5 = sk.top_k_accuracy_score(truth, p, k=5, labels=range(40))
    assert found.in_five.mean() == pytest.approx(top5)


def test_the_transductive_answer_divides_by_the_mean_over_all_places():
    rng = np.random.default_rng(4)
    vectors, words = unit(rng.normal(size=(50, 8)) + 0.7), unit(rng.normal(size=(5, 8)))
    truth = rng.integers(0, 5, 50)
    found = score(
        vectors, {("own", "names"): words}, {"own": truth}, {"own": tuple("abcde")}, {("own", "names"): 1.0}
    )
    scores = (vectors @ words.T) / 2 + 1  # as in the released code
    expected = (scores / scores.mean(axis=0)).argmax(axis=1)
    assert (found["own", "names"].transductive == expected).all()
    assert (expected != found["own", "names"].predicted).any()


def test_batches_do_not_change_the_answers(monkeypatch, task):
    rng = np.random.default_rng(5)
    vectors, truth = unit(rng.normal(size=(100, 3))), {"own": rng.integers(-1, 3, 100)}
    words = {("own", s): unit(rng.normal(size=(3, 3))) for s in ("names", "template")}
    whole = score(vectors, words, truth, {"own": task.classes}, dict.fromkeys(words, 5.0))
    monkeypatch.setattr("timesen_nb.evaluation.scoring.BATCH", 7)
    parts = score(vectors, words, truth, {"own": task.classes}, dict.fromkeys(words, 5.0))
    for key in words:
        assert (whole[key].predicted == parts[key].predicted).all()
        np.testing.assert_allclose(whole[key].confidence, parts[key].confidence, rtol=1e-6)


def test_every_sentence_is_encoded_once_and_as_zero_shot_does():
    asked = []

    def encode(texts):
        asked.extend(texts)
        return WordTower().encode_text(texts)

    chosen = [tn.tasks["land_cover"], tn.tasks["crops"]]
    words = encode_words(chosen, ("names", "template", "descriptions"), encode)
    from timesen_nb.model.prompts import PROMPT_STYLES, class_prompts

    needed = {
        s for t in chosen for style in PROMPT_STYLES for group in class_prompts(t, style)[1] for s in group
    }
    assert sorted(asked) == sorted(needed)
    from timesen_nb.model.prompts import class_vectors

    for (name, style), vectors in words.items():
        expected = class_vectors(class_prompts(tn.tasks[name], style)[1], WordTower().encode_text)
        np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_descriptions_alone_are_the_mean_of_their_sentences():
    task, encode = tn.tasks["land_cover"], WordTower().encode_text
    alone = encode_words([task], ("descriptions",), encode, names_beside=False)["land_cover", "descriptions"]
    for name, vector in zip(task.classes, alone, strict=True):
        mean = encode(task.descriptions[name]).mean(axis=0)
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-6)


def test_pictures_hold_what_they_are_made_of():
    import matplotlib.pyplot as plt

    from timesen_nb.evaluation import plot_confusion, plot_reliability

    table = pd.DataFrame([[3, 1], [0, 0]], index=["a", "b"], columns=["a", "b"])
    ax = plot_confusion(table)
    assert [t.get_text() for t in ax.texts] == ["3", "1"]
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.75, 0.25], [0, 0]])
    ax = plot_reliability(reliability(np.array([0.9, 0.8]), np.array([True, False])), label="first")
    plot_reliability(reliability(np.array([0.3, 0.8]), np.array([True, False])), ax, label="second")
    assert [line.get_label() for line in ax.lines] == ["true probabilities", "first", "second"]
    plt.close("all")


def test_one_group_alone_tells_no_spread():
    """Drawn again and again it is itself."""
    truth = np.arange(40) % 2
    tally = bootstrap(truth, np.zeros(40, int), 2, np.zeros(40), resamples=9)
    assert np.isnan([tally.accuracy, tally.balanced, tally.macro_f1]).all()
    assert np.isnan(interval(tally.accuracy)).all()


def test_numbers_that_are_none_of_the_kind_are_refused():
    truth = np.arange(40) % 2
    for resamples in (0, -1, 2.5, "x"):
        with pytest.raises(ValueError, match=r"resamples given: .*expected a whole number"):
            bootstrap(truth, truth, 2, resamples=resamples)
    for coverage in (95, 0, -1, np.nan, "x"):  # -1 gave the ends the other way round
        with pytest.raises(ValueError, match=r"coverage=.*expected a share"):
            interval(np.linspace(0, 1, 9), coverage)
    for k in (0, 2.5, "x"):
        with pytest.raises(ValueError, match=r"k given: .*expected a whole number"):
            nearest(np.eye(5), np.eye(5), k)


def test_lengths_that_differ_are_refused():
    for truth, said in (([0, 1, 2], [1]), ([1], [0, 1, 2]), ([[0, 1]], [[0, 1]])):
        for scored in (confusion, bootstrap):
            with pytest.raises(ValueError, match=r"were given; expected \(N,\) each"):
                scored(np.array(truth), np.array(said), 3)
    with pytest.raises(ValueError, match="2 groups and 3 places were given"):
        bootstrap(np.arange(3), np.arange(3), 3, np.arange(2))


def test_places_whose_group_nobody_knows_are_left_out():
    truth, said = np.random.default_rng(0).integers(0, 2, (2, 40))
    group = np.arange(40.0) // 4
    lost, there = np.where(group == 3, np.nan, group), group != 3
    expected = bootstrap(truth[there], said[there], 2, group[there], resamples=9)
    np.testing.assert_array_equal(bootstrap(truth, said, 2, lost, resamples=9).accuracy, expected.accuracy)
    assert np.isnan(bootstrap(truth, said, 2, lost * np.nan, resamples=9).accuracy).all()


@pytest.mark.parametrize(
    "measure",
    [
        lambda x: confusion(x, [0, 1, 0], 2),
        lambda x: confusion([0, 1, 0], x, 2),
        lambda x: bootstrap(x, [0, 1, 0], 2),
        lambda x: reliability([0.5, 0.5, 0.5], x),
        lambda x: calibration_error(x, [True, True, False]),
        lambda x: agreement(x, [1, 2, 3]),
        lambda x: marginal_sets(np.eye(2), np.eye(2)[[0, 1, 0]], x),
        lambda x: conformal_quantile(x, 0.5),
    ],
)
def test_what_a_mask_hides_is_not_counted(measure):
    measure(np.ma.masked_array([0, 1, 1]))
    with pytest.raises(ValueError, match=r"hides 1 of 3 values behind a mask.*Leave these places out"):
        measure(np.ma.masked_array([0, 1, 1], [False, False, True]))


def test_masked_probabilities_are_no_answer():
    p, truth = np.random.default_rng(0).dirichlet(np.ones(3), 20), np.arange(20) % 3
    hidden = np.ma.masked_array(p, np.repeat(np.arange(20)[:, None] < 4, 3, axis=1))
    np.testing.assert_array_equal(marginal_sets(p, hidden, truth), marginal_sets(p, p[4:], truth[4:]))
