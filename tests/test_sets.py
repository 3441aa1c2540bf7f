"""Prediction sets, and the words that may be an answer."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from test_model import MODEL

import timesen_nb as tn
from timesen_nb.evaluation import NONE_OF_THESE, conformal_quantile, marginal_sets
from timesen_nb.model.sets import Thresholds
from timesen_nb.simulate.places import simulate_places


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose features are its probabilities."""

    def fit(self, p: np.ndarray, truth: np.ndarray) -> "Given":
        self.classes_ = np.arange(p.shape[1])
        return self

    def predict_proba(self, p: np.ndarray) -> np.ndarray:
        return p

    def predict(self, p: np.ndarray) -> np.ndarray:
        return p.argmax(axis=1)


def drawn(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    p = rng.dirichlet([0.6] * 5, n)
    return p, (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_marginal_sets_are_those_of_mapie(coverage: float) -> None:
    from mapie.classification import SplitConformalClassifier

    rng = np.random.default_rng(0)
    (labelled, truth), (p, _) = drawn(300, rng), drawn(200, rng)
    theirs = SplitConformalClassifier(Given().fit(labelled, truth), confidence_level=coverage, prefit=True)
    _, sets = theirs.conformalize(labelled, truth).predict_set(p)
    np.testing.assert_array_equal(marginal_sets(p, labelled, truth, coverage), sets[:, :, 0])


def test_the_quantile_counts_the_next_place_too() -> None:
    scores = np.arange(1, 10) / 10  # nine places: 0.9 of ten is the ninth
    assert conformal_quantile(scores, 0.9) == 0.9
    assert conformal_quantile(scores, 0.8) == 0.8
    assert conformal_quantile(scores, 0.95) == np.inf
    with pytest.raises(ValueError, match="no labelled place"):
        conformal_quantile(np.zeros(0), 0.9)


@pytest.mark.parametrize("coverage", [90, 0, 1, -0.1, np.nan, "0.9", None])
def test_a_coverage_is_a_share(coverage: object) -> None:
    p = np.full((4, 2), 0.5)
    with pytest.raises(ValueError, match=r"expected a share of places between 0 and 1, for example 0\.9"):
        marginal_sets(p, p, np.zeros(4, int), coverage)


@pytest.mark.parametrize("coverage", [0, 1.1, np.nan, "0.9"])
def test_a_quantile_is_of_a_share(coverage: object) -> None:
    with pytest.raises(ValueError, match="expected a share of places above 0, at most 1"):
        conformal_quantile(np.arange(4.0), coverage)


@pytest.mark.parametrize("labelled", [np.full((4, 3), 1 / 3), np.full(4, 0.5), [["a", "b"]] * 4])
def test_labelled_places_have_probabilities_of_the_same_classes(labelled: object) -> None:
    with pytest.raises(ValueError, match=r"expected .* probabilities of the same K classes"):
        marginal_sets(np.full((5, 2), 0.5), labelled, np.zeros(4, int))


def thresholds(*lists: tuple[list[int], float]) -> Thresholds:
    """Ranks are scores; nine places in ten need 0.4, but those of one class, from months alone, 0.8.

    Lists are of numbers of words, and what nine places in ten need there, of months.
    """
    line, words = np.linspace(0, 1, 101), np.eye(3)
    known = [(words[2], [0.6, 0.8], 0)]
    known += [(words[k], [level / 2, level], n) for n, (own, level) in enumerate(lists, 1) for k in own]
    vectors, levels, list_of = (np.array(column) for column in zip(*known, strict=True))
    return Thresholds(
        ranks=line, scores=np.tile(line, (4, 6, 1)), coverages=np.array([0.5, 0.9]), pooled=np.array([0.2, 0.4]),
        known=vectors, annual=np.zeros(len(known), bool), levels=levels, list_of=list_of, near=np.array(0.9),
        alike=np.array([0.95, 0.02]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("p", "months", "coverage", "members"),
    [
        ([0.65, 0.20, 0.15], 12, 0.9, [0]),
        ([0.40, 0.35, 0.25], 12, 0.9, [0, 2]),  # the third is close to the known class
        ([0.40, 0.35, 0.25], 0, 0.9, [0]),  # of which annual composites say nothing
        ([0.30, 0.36, 0.34], 12, 0.5, [1]),  # the most probable always is
    ],
)
def test_a_set_holds_the_classes_below_the_threshold(
    p: list[float], months: int, coverage: float, members: list[int]
) -> None:
    found = thresholds().sets(np.array([p]), np.eye(3), np.array([months]), coverage)[0]
    assert np.flatnonzero(found).tolist() == members


@pytest.mark.parametrize(
    ("lists", "months", "members"),
    [
        ([([0, 1, 2], 0.5)], 12, [0]),  # in such a list the known class needs less
        ([([0, 1, 2], 0.5), ([2, 1, 0], 0.78)], 12, [0, 2]),  # two lists alike: what both need
        ([([0, 1, 2], 0.95)], 12, [0, 2]),  # a list asks for no more than is needed anywhere
        ([([0, 1], 0.5)], 12, [0, 2]),  # another list
        ([([0, 1, 2], 0.3)], 0, [0]),  # annual composites are another matter: 0.4
    ],
)
def test_a_list_like_one_that_is_known_needs_no_more_than_was_needed_there(
    lists: list[tuple[list[int], float]], months: int, members: list[int]
) -> None:
    found = thresholds(*lists).sets(np.array([[0.40, 0.35, 0.25]]), np.eye(3), np.array([months]), 0.9)[0]
    assert np.flatnonzero(found).tolist() == members


def test_ranks_are_looked_up_by_months_and_words() -> None:
    t = thresholds()
    scores = t.scores.copy()
    scores[0] **= 2
    t = replace(t, scores=scores)
    np.testing.assert_allclose(t.rank(np.array([0.25, 0.25]), np.array([0, 5]), 3), [0.5, 0.25], atol=0.01)


def test_sets_of_the_bundled_model() -> None:
    zs = tn.load("pocket").zero_shot(["a lake", "a forest", "a maize field", "a vineyard"])
    values = simulate_places(300, 9191).values
    narrow, wide = (zs.prediction_sets(values, coverage=c) for c in (0.6, 0.95))
    assert narrow.shape == (300, 4)
    assert narrow[np.arange(300), zs.probabilities(values).argmax(axis=1)].all()
    assert (wide >= narrow).all()
    assert wide.sum() > narrow.sum()
    year = np.nanmedian(values[:5], axis=1, keepdims=True)
    assert zs.prediction_sets(year).any(axis=1).all()
    with pytest.raises(ValueError, match=r"coverage=1.5; expected a share"):
        zs.prediction_sets(values, coverage=1.5)


def test_other_weights_have_no_sets() -> None:
    values = np.full((1, 12, 10), 1000.0)
    with pytest.raises(ValueError, match="no prediction sets for this model"):
        MODEL.zero_shot(["forest", "lake"]).prediction_sets(values)
    with pytest.raises(ValueError, match="no margin"):
        MODEL.zero_shot(["forest", "lake"], open_set=True)
    with pytest.raises(ValueError, match=r"make it by model.zero_shot"):
        tn.ZeroShot("ab", np.eye(2), 1.0, lambda v, **k: np.eye(2)).sets_of_vectors(
            np.eye(2), np.array([12, 12])
        )


# Which words may be an answer


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("a field of maize", True), ("a herd of elephants", False), ("elephants", False), ("a chess tournament", False),
        ("solar park", True), ("rice terrace", True), ("salt pan", True), ("a rock concert", False),
        ("trees over grass", True), ("winter cereals: wheat, barley, rye", True), ("a school of dolphins", False),
        ("a meadow with a herd of elephants", True), ("forrest", False),
        ("natural grassland with scattered trees", True),
    ],
)  # fmt: skip
def test_words_for_land_pass(text: str, passes: bool) -> None:
    assert tn.load("pocket").check_words([text])[0].passes is passes


def test_an_elephant_is_never_the_answer_and_keeps_its_probability() -> None:
    vectors = np.eye(2, dtype=np.float32)[[1, 0]]
    zs = tn.ZeroShot(["lake", "elephants"], np.eye(2), 10.0, lambda v, **k: vectors, passing=[True, False])
    assert zs.probabilities(vectors)[0, 1] > 0.99
    assert zs.predict(vectors) == ["lake", "lake"]
    none = tn.ZeroShot(["elephants"], np.eye(2)[:1], 10.0, lambda v, **k: vectors, passing=[False])
    assert none.predict(vectors) == [NONE_OF_THESE, NONE_OF_THESE]


def test_places_that_fit_no_word_are_none_of_these() -> None:
    model = tn.load("pocket")
    lakes = simulate_places(200, 9292, cover_types=["lake"]).values
    fields = model.zero_shot(["meadow", "a maize field"], open_set=True).predict(lakes)
    water = model.zero_shot(["a lake", "meadow", "a maize field"], open_set=True).predict(lakes)
    assert fields.count(NONE_OF_THESE) > 100
    assert water.count(NONE_OF_THESE) < 20


def test_a_kind_of_one_of_the_words_does_not_speak_against_it() -> None:
    """A vineyard is called vineyard before it is called cropland, and is cropland none the less; no lake is."""
    model = tn.load("pocket")
    vines, lakes = (simulate_places(200, 9292, cover_types=[name]).values for name in ("vineyard", "lake"))
    land = model.zero_shot(["cropland", "woodland"], open_set=True)
    assert land.predict(vines).count(NONE_OF_THESE) < 10
    assert land.predict(lakes).count(NONE_OF_THESE) > 150
    others = model.weights.confidence().others(model.zero_shot(["cropland"]).vectors)
    assert 20 < len(others) < len(model.weights.confidence().background) - 20


def test_words_that_name_all_land_turn_nothing_away() -> None:
    covers = tn.load("pocket").zero_shot("land_cover", open_set=True)
    values = simulate_places(60, 9494).values
    assert (covers.probabilities(values)[:, -1] == 0).all()


def test_sets_do_not_change_with_the_scale_of_probabilities() -> None:
    model, values = tn.load("pocket"), simulate_places(50, 9393).values
    words = ["a lake", "a forest", "a maize field", "a vineyard"]
    before = model.zero_shot(words).prediction_sets(values)
    model.calibrated_logit_scale *= 3
    np.testing.assert_array_equal(model.zero_shot(words).prediction_sets(values), before)
