"""How sure a list of words may be, and lists cut from longer ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import timesen_nb as tn
from timesen_nb.evaluation import calibration_error
from timesen_nb.model.confidence import read_confidence, write_confidence
from timesen_nb.model.list_scales import ListScales, likeness
from timesen_nb.simulate.places import simulate_places

FACTORS = np.array([0.5, 1.0, 2.0])
THREE = ["Cropland", "Grassland", "Woodland"]


def scales(*best: float) -> ListScales:
    """Lists of two words in planes of their own; the loss of each is least at one of the factors."""
    words = np.eye(2 * len(best))
    losses = np.stack([np.log(FACTORS / b) ** 2 for b in best])
    return ListScales(
        FACTORS, losses, words, np.repeat(np.arange(len(best)), 2), np.array(0.05), np.array(0.1)
    )


def test_a_known_list_has_its_own_scale_in_any_order_and_a_new_one_that_of_all() -> None:
    known, every = scales(0.5, 2.0, 2.0, 2.0), np.eye(9)
    assert known.factor(every[[0, 1], :8]) == known.factor(every[[1, 0], :8]) == 0.5
    assert known.factor(every[[2, 3], :8]) == 2.0
    assert scales(0.5, 1.0, 2.0).factor(np.zeros((3, 6))) == 1.0, "like none of them: what suits all"


def test_what_is_left_of_a_list_is_another_list() -> None:
    known, every = scales(0.5, 2.0, 2.0, 2.0, 2.0), np.eye(10)
    assert known.factor(every[[0]]) == known.factor(every[[0, 1, 4]]) == 2.0


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
def test_likeness_is_mutual_and_whole_for_the_same_words_alone(n: int, m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (rng.normal(size=(k, 5)) for k in (n, m)))
    assert likeness(a @ b.T) == pytest.approx(likeness(b @ a.T))
    assert likeness(a @ a.T) == pytest.approx(1.0)
    assert likeness(a @ b.T) < 1


def test_a_file_keeps_them(tmp_path: Path) -> None:
    fitted, known = tn.load("pocket").weights.confidence(), scales(0.5, 2.0)
    path = write_confidence(tmp_path / "confidence.safetensors", replace(fitted, scales=known))
    again = read_confidence(fitted.model, "scale", path)
    assert again.scales.factor(np.eye(4)[:2]) == known.factor(np.eye(4)[:2])
    for part in ("space", "thresholds"):
        for name, array in vars(getattr(fitted, part)).items():
            np.testing.assert_array_equal(getattr(getattr(again, part), name), array)
    assert (again.margin, again.kin) == (fitted.margin, fitted.kin)


def test_three_covers_are_less_sure_than_eight_and_answers_stay() -> None:
    model, values = tn.load("pocket"), simulate_places(60, 8181).values
    eight = model.zero_shot("land_cover")
    three = eight.only(THREE)
    # as measured on real places: fitted on these three words, in Europe and in Lesotho
    assert three.scale < 0.7 * model.calibrated_logit_scale < eight.scale
    cosines = model.encode(values) @ three.vectors.T
    np.testing.assert_array_equal(three.probabilities(values).argmax(axis=1), cosines.argmax(axis=1))
    odds = np.exp(three.scale * cosines)
    np.testing.assert_allclose(three.probabilities(values), odds / odds.sum(axis=1, keepdims=True), rtol=1e-4)


def test_the_calibrated_scale_of_a_model_counts_for_all_lists() -> None:
    model = tn.load("pocket")
    before = model.zero_shot(THREE).scale
    model.calibrated_logit_scale *= 2
    assert model.zero_shot(THREE).scale == pytest.approx(2 * before)


def test_other_weights_have_one_scale() -> None:
    model = tn.load("pocket")
    with torch.no_grad():
        model.encoder.class_token.add_(0.1)
    scales = {model.zero_shot(words).scale for words in (THREE, ["maize", "wheat"], "land_cover")}
    assert scales == {model.calibrated_logit_scale}


def test_an_exported_model_is_as_sure_and_knows_as_much_of_its_limits(tmp_path: Path) -> None:
    model, values = tn.load("pocket"), simulate_places(40, 8282).values
    again = tn.load(model.export(tmp_path / "a.onnx"))
    here, there = (m.zero_shot(THREE) for m in (model, again))
    assert there.scale == here.scale
    np.testing.assert_allclose(there.probabilities(values), here.probabilities(values), atol=1e-4)
    np.testing.assert_array_equal(there.prediction_sets(values), here.prediction_sets(values))
    near = [m.applicability(values).dissimilarity for m in (model, again)]
    np.testing.assert_allclose(*near, atol=1e-2)


class TestOnly:
    """Some of the classes of a classifier."""

    @pytest.mark.filterwarnings("ignore::timesen_nb.model.words.NeverTheAnswer")
    def test_it_is_the_list_of_these_words(self) -> None:
        model, kept = tn.load("pocket"), ["a forest", "qwertyuiop"]
        some = model.zero_shot(["a lake", "a forest", "a vineyard", "qwertyuiop"]).only(kept)
        asked = model.zero_shot(kept)
        assert some.classes == asked.classes
        assert some.passing.tolist() == asked.passing.tolist() == [True, False]
        assert some.scale == pytest.approx(asked.scale)
        np.testing.assert_allclose(some.vectors, asked.vectors)

    def test_capitals_do_not_matter_and_the_order_is_the_one_given(self) -> None:
        zs = tn.load("pocket").zero_shot("land_cover")
        assert zs.only(["woodland", "CROPLAND"]).classes == ["Woodland", "Cropland"]

    def test_what_was_taught_of_others_is_forgotten(self) -> None:
        model = tn.load("pocket")
        places = simulate_places(60, 8383)
        kinds = np.array(["ABCDEFGH".index(c) for c in places.land_cover])
        zs = model.zero_shot("land_cover")
        taught = zs.teach(places.values, [zs.classes[k] for k in kinds])
        kept = ["Woodland", "Cropland"]
        there = np.isin(kinds, [zs.classes.index(name) for name in kept])
        alone = zs.only(kept).teach(places.values[there], [zs.classes[k] for k in kinds[there]])
        np.testing.assert_allclose(taught.only(kept).vectors, alone.vectors, atol=1e-5)
        lakes = [k for k, name in enumerate(zs.classes) if (kinds == k).sum() == 0]
        assert not lakes or taught.only([zs.classes[k] for k in lakes]).lesson is None

    @pytest.mark.parametrize(("names", "said"), [
        (["Cropland", "Lava"], "no classes of this classifier; it has"), ([], "class"),
        (["Cropland", "cropland"], "Cropland"), ("Cropland", "list"), (None, "expected a list of names"),
    ])  # fmt: skip
    def test_what_it_has_not_is_said(self, names: list[str] | str | None, said: str) -> None:
        with pytest.raises(ValueError, match=said):
            tn.load("pocket").zero_shot("land_cover").only(names)

    def test_an_open_one_is_not_cut(self) -> None:
        with pytest.raises(ValueError, match="cannot be cut"):
            tn.load("pocket").zero_shot(["a lake"], open_set=True).only(["a lake"])


def test_new_words_of_a_lesson_are_a_longer_list() -> None:
    model, values = tn.load("pocket"), simulate_places(4, 8484).values
    labels = ["Cropland", "Grassland", "Vineyard", "Vineyard"]
    grown = model.zero_shot(THREE).teach(values, labels)
    asked = model.zero_shot([*THREE, "Vineyard"]).teach(values, labels)
    assert grown.scale == pytest.approx(asked.scale)
    np.testing.assert_allclose(grown.vectors, asked.vectors, atol=1e-5)


def test_a_report_is_as_sure_as_the_classifier() -> None:
    model, places = tn.load("pocket"), tn.datasets.simulated_dataset(120)
    found = tn.report(model, places, tasks=["land_cover"], prompts=["names"], composites=(12,))
    zs = model.zero_shot("land_cover", "names")
    assert zs.scale != model.calibrated_logit_scale
    p = zs.probabilities(places.series())
    right = (
        np.array(zs.classes)[p.argmax(axis=1)]
        == np.array(zs.classes)[tn.tasks["land_cover"].index(places.labels["land_cover"])]
    )
    assert found.scores["calibration_error"].item() == pytest.approx(
        calibration_error(p.max(axis=1), right), abs=1e-4
    )
