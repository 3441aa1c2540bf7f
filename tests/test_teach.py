"""Words taught by labelled places, and places like this one."""

import pickle

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf

import timesen_nb as tn
from timesen_nb.model.kept_vectors import pack
from timesen_nb.model.sets import softmax
from timesen_nb.model.teach import FREEDOMS, fitted, freedom
from timesen_nb.model.words import NeverTheAnswer
from timesen_nb.model.zeroshot import ZeroShot

SCALE, D = 20.0, 16


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def words(k: int = 3, seed: int = 0) -> ZeroShot:
    vectors = unit(np.random.default_rng(seed).normal(size=(k, D)))

    def read(new: list[str]) -> np.ndarray:
        return unit(np.random.default_rng(99).normal(size=(len(new), D)))

    return ZeroShot([f"class {n}" for n in range(k)], vectors, SCALE, lambda x, **_: x, read_words=read)


def places(direction: np.ndarray, n: int, seed: int = 1) -> np.ndarray:
    return unit(direction + 0.1 * np.random.default_rng(seed).normal(size=(n, D)))


@pytest.fixture(scope="module")
def real() -> tuple[tn.TimeSenCLIP, np.ndarray]:
    source = tn.open_source("flanders")
    values = source.cube(source.bounds).values
    return tn.load("pocket"), np.moveaxis(values.reshape(12, 10, -1), -1, 0)


def test_labels_beat_words_that_are_wrong() -> None:
    zs = words()
    x = np.concatenate([places(zs.vectors[k], 30, seed=k) for k in range(3)])
    wrong = [f"class {(k + 1) % 3}" for k in range(3) for _ in range(30)]
    assert zs.predict(x) != wrong
    taught = zs.teach(x, wrong)
    assert taught.predict(x) == wrong


def test_a_label_moves_its_class_towards_its_light() -> None:
    zs = words()
    light = places(unit(zs.vectors[0] + zs.vectors[1]), 1)
    before = zs.of_vectors(light)[0, 2]
    after = zs.teach(light, ["class 2"]).of_vectors(light)[0, 2]
    assert before < after < 1


@settings(max_examples=20)
@example(2, 4, 2)  # so few that their covariance is shrunk by one over their number
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 5))
def test_the_fit_is_the_most_probable_one(seed: int, n: int, k: int) -> None:
    """Where it stands, what labels pull and what words hold are equal; words hold more along what varies in a class."""
    rng = np.random.default_rng(seed)
    zs, x, labels = words(k, seed), unit(rng.normal(size=(n, D))), rng.integers(0, k, n)
    found = fitted(zs.vectors, SCALE, x, labels).astype(np.float64)
    counts = np.bincount(labels, minlength=k)
    pulls = np.eye(k)[labels] - softmax(SCALE * x @ found.T)
    weight = n / (counts > 0).sum() / counts[labels]
    pull = (pulls * weight[:, None]).T @ x
    free = freedom(zs.vectors, SCALE, x, labels)
    apart = x - np.stack([x[labels == label].mean(axis=0) for label in labels])
    spread = np.eye(D)
    if n - len(set(labels)) > 1:
        shrunk = max(LedoitWolf(assume_centered=True).fit(apart).shrinkage_, 1 / n)
        spread = apart.T @ apart / n
        spread = (1 - shrunk) * spread + shrunk * np.trace(spread) / D * np.eye(D)
        spread *= np.mean(np.sum(x @ np.linalg.inv(spread) * x, axis=1))
    hold = SCALE * (found - zs.vectors) @ spread / (free * SCALE) ** 2
    np.testing.assert_allclose(pull, hold, atol=2e-3 * n)


def test_labels_that_tell_nothing_move_little_and_words_that_are_wrong_let_go() -> None:
    zs = words()
    x = np.concatenate([places(zs.vectors[k], 6, seed=k) for k in range(3)])
    right = np.repeat(np.arange(3), 6)
    assert freedom(zs.vectors, SCALE, x, (right + 1) % 3) == max(FREEDOMS)
    # labels by chance tell nothing of light
    rng = np.random.default_rng(3)
    assert freedom(zs.vectors, SCALE, unit(rng.normal(size=(40, D))), rng.integers(0, 3, 40)) == min(FREEDOMS)
    # too few to judge by are taken at their word
    assert freedom(zs.vectors, SCALE, x[:1], right[:1]) == max(FREEDOMS)


def test_teaching_in_steps_is_teaching_at_once() -> None:
    zs = words()
    x, labels = places(zs.vectors[1], 8), ["class 1"] * 3 + ["Class  2"] * 3 + ["a hop garden"] * 2
    at_once = zs.teach(x, labels)
    in_steps = zs.teach(x[:5], labels[:5]).teach(x[5:], labels[5:])
    assert at_once.classes == in_steps.classes == [*zs.classes, "a hop garden"]
    np.testing.assert_allclose(at_once.vectors, in_steps.vectors, atol=1e-4)
    np.testing.assert_array_equal(in_steps.lesson.labels, [1, 1, 1, 2, 2, 2, 3, 3])


def test_a_wrong_label_is_the_most_doubtful() -> None:
    zs = words()
    x = np.concatenate([places(zs.vectors[k], 10, seed=k) for k in range(3)])
    labels = [f"class {k}" for k in range(3) for _ in range(10)]
    labels[4] = "class 2"
    doubts = zs.teach(x, labels).lesson.doubts()
    assert doubts.argmax() == 4
    assert doubts[4] > 0.9
    assert np.delete(doubts, 4).max() < 0.5


@pytest.mark.parametrize("order", [lambda x: x + x, lambda x: [each for each in x for _ in "12"]])
def test_a_label_that_stands_there_twice_is_not_judged_by_itself(order) -> None:
    zs = words()
    x = np.concatenate([places(zs.vectors[k], 10, seed=k) for k in range(3)])
    labels = [f"class {k}" for k in range(3) for _ in range(10)]
    labels[4] = "class 2"
    doubts = zs.teach(np.stack(order(list(x))), order(labels)).lesson.doubts()
    wrong = np.array(order(list(range(30)))) == 4
    assert doubts[wrong].min() > 0.9
    assert doubts[~wrong].max() < 0.5


def test_what_somebody_labelled_may_be_the_answer() -> None:
    zs = words()
    zs.passing[0] = False
    light = places(zs.vectors[0], 5)
    assert zs.predict(light)[0] != "class 0"
    assert zs.teach(light, ["class 0"] * 5).predict(light) == ["class 0"] * 5


@pytest.mark.parametrize("folds", [0, 1, 2.5, "10", True])
def test_labels_are_judged_by_other_parts(folds: object) -> None:
    zs = words()
    lesson = zs.teach_vectors(places(zs.vectors[0], 5), ["class 0"] * 5).lesson
    assert lesson.doubts(2).shape == (5,)
    with pytest.raises(ValueError, match="expected a whole number of parts from 2"):
        lesson.doubts(folds)


@pytest.mark.parametrize("label", ["grasland", "Grünland"])
def test_a_label_that_may_be_a_class_misspelt_is_said(label: str) -> None:
    """It would take half of the class's places for itself."""
    model, source = tn.load("pocket"), tn.open_source("flanders")
    series = [source.pixel(3.02548, 50.81754), source.pixel(3.0238, 50.8159)]
    zs = model.zero_shot(["maize", "grassland"])
    with pytest.warns(
        UserWarning, match=f"'{label}' is now a class beside 'grassland', which may have been"
    ) as said:
        taught = zs.teach(series, ["maize", label])
    assert said[0].filename == __file__
    assert taught.classes == ["maize", "grassland", label]
    with pytest.warns(UserWarning, match=f"'{label}' is now a class beside 'grassland'") as said:
        zs.teach_vectors(model.encode(series), ["maize", label])
    assert said[0].filename == __file__
    zs.teach_vectors(model.encode(series), ["maize", label], quiet=True)
    zs.teach(series, ["maize", "reed"])
    # a class that was there before is no label
    with pytest.warns(NeverTheAnswer):
        zs = model.zero_shot(["maize", "grassland", "grasland"])
    zs.teach(series, ["maize", "grassland"])


@pytest.mark.parametrize("labels", ["aaaa", "abba", "aabb", "aaaaa", "abbac"])
def test_places_that_stand_there_twice_say_no_more_than_once(labels: str) -> None:
    """Two places of one class, each twice, mirror each other: no spread is known of them, and none is made up."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(6, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    zs = ZeroShot(["a", "b", "c"], vectors[:3], 10.0, lambda *_, **__: None)
    rows = [3, 4, 3, 4, 5][: len(labels)]
    taught = zs.teach_vectors(vectors[rows], list(labels))
    p = taught.of_vectors(vectors)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    if labels == "aaaa":
        assert (p[3:5].argmax(axis=1) == 0).all()


def test_it_goes_to_workers() -> None:
    zs = words()
    light = places(zs.vectors[0], 3)
    taught = ZeroShot(zs.classes, zs.vectors, SCALE, np.asarray).teach_vectors(light, ["class 1"] * 3)
    there = pickle.loads(pickle.dumps(taught))
    np.testing.assert_array_equal(there.of_vectors(light), taught.of_vectors(light))
    with pytest.raises(ValueError, match=r"a moor: no class of this classifier.*zero_shot"):
        there.teach_vectors(light, ["a moor"] * 3)


@pytest.mark.parametrize(
    ("labels", "words_of_it"),
    [(["class 1"], "1 labels given for 2 places"), (["class 1", " "], r"places \[1\] are empty"),
     (["class 1", None], r"places \[1\] are empty"), ([], "0 labels given")],
)  # fmt: skip
def test_labels_that_are_none_are_refused(labels: list, words_of_it: str) -> None:
    zs = words()
    with pytest.raises(ValueError, match=words_of_it):
        zs.teach(places(zs.vectors[0], 2), labels)


def test_sets_are_refused_for_they_were_fitted_for_words() -> None:
    zs = words()
    with pytest.raises(ValueError, match="marginal_sets"):
        zs.teach_vectors(places(zs.vectors[0], 2), ["class 0"] * 2).sets_of_vectors(
            zs.vectors, np.full(3, 12)
        )


def test_real_places_teach_a_new_word(real: tuple[tn.TimeSenCLIP, np.ndarray]) -> None:
    model, values = real
    zs = model.zero_shot(["maize", "a meadow"])
    taught = zs.teach(values[:6], ["maize"] * 3 + ["a hop garden"] * 3)
    assert taught.classes == ["maize", "a meadow", "a hop garden"]
    np.testing.assert_allclose(taught.lesson.words, model.zero_shot(taught.classes).vectors, atol=1e-6)
    assert taught.probabilities(values[:9]).sum(axis=1) == pytest.approx(1, abs=1e-5)
    dark = np.full_like(values[:1], np.nan)
    with pytest.raises(ValueError, match="no month that can be read"):
        zs.teach(dark, ["maize"])


# Places like this one


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 50))
def test_the_most_alike_are_those_of_a_full_sort(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, query = unit(rng.normal(size=(n, D))), rng.normal(size=D)
    cosines = vectors @ unit(query)
    found = tn.similar(vectors, query, k)
    order = np.argsort(-cosines)[:k]
    np.testing.assert_allclose(found.cosines, cosines[order], atol=1e-6)
    np.testing.assert_allclose(cosines[found.indices], cosines[order], atol=1e-6)


def test_int8_finds_what_float_finds(real: tuple[tn.TimeSenCLIP, np.ndarray]) -> None:
    model, values = real
    vectors = model.encode(values)
    small = pack(vectors, "int8")
    recall = []
    for place in vectors[::400]:
        exact, near = (set(tn.similar(v, place, 100).indices.tolist()) for v in (vectors, small))
        recall.append(len(exact & near) / 100)
    assert np.mean(recall) >= 0.98


def test_words_find_places_and_several_queries_the_nearest_of_any(
    real: tuple[tn.TimeSenCLIP, np.ndarray],
) -> None:
    model, values = real
    vectors = model.encode(values[:200]).reshape(20, 10, -1)
    query = model.encode_text(["maize", "a meadow"])
    both, each = tn.similar(vectors, query, 5), [tn.similar(vectors, q, 200) for q in query]
    assert both.cosines[0] == pytest.approx(max(e.cosines[0] for e in each))
    row, column = np.unravel_index(both.indices[0], (20, 10))
    assert (vectors[row, column] @ query.T).max() == pytest.approx(both.cosines[0], abs=1e-5)


def test_places_without_light_are_alike_nothing() -> None:
    vectors = unit(np.eye(4, D))
    vectors[1], vectors[2] = np.nan, 0
    found = tn.similar(vectors, np.eye(1, D)[0], 10)
    assert found.indices.tolist() == [0, 3]
    assert tn.similar(pack(vectors, "int8"), np.eye(1, D)[0], 10).indices.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("query", "k", "words_of_it"),
    [(np.zeros(D), 5, "no direction"), (np.full(D, np.nan), 5, "no direction"), (np.ones(3), 5, "of one model"),
     (np.ones(D), 0, "k given: 0")],
)  # fmt: skip
def test_a_query_that_is_none_is_refused(query: np.ndarray, k: int, words_of_it: str) -> None:
    with pytest.raises(ValueError, match=words_of_it):
        tn.similar(np.eye(4, D), query, k)
