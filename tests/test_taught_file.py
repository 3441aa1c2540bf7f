"""Taught classifiers in files: the same answers after loading, and no answers by other weights."""

import pickle
from pathlib import Path

import numpy as np
import pytest

import timesen_nb as tn
from timesen_nb.model.checkpoint import read_checkpoint, write_checkpoint
from timesen_nb.model.hub import find_file
from timesen_nb.model.prompts import PHOTO
from timesen_nb.model.words import NeverTheAnswer
from timesen_nb.tensor_file import read_tensors, write_tensors

KEY = "timesen_nb.taught"


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    source = tn.open_source("flanders")
    cube = source.cube(source.bounds).values
    return np.moveaxis(cube.reshape(12, 10, -1), -1, 0)[::200]


@pytest.fixture(scope="module")
def taught(values: np.ndarray) -> tn.ZeroShot:
    with pytest.warns(NeverTheAnswer):
        zs = tn.load("pocket").zero_shot(["maize", "a meadow", "qwertyuiop"], prompts="template")
    return zs.teach(values[:6], ["maize"] * 3 + ["a hop garden"] * 3)


@pytest.fixture
def file(taught: tn.ZeroShot, tmp_path: Path) -> Path:
    return taught.save(tmp_path / "new folder" / "hops.safetensors")


def test_it_answers_as_before(taught: tn.ZeroShot, file: Path, values: np.ndarray) -> None:
    there = tn.load(file)
    assert there.classes == taught.classes == ["maize", "a meadow", "qwertyuiop", "a hop garden"]
    np.testing.assert_array_equal(there.probabilities(values), taught.probabilities(values))
    assert there.predict(values) == taught.predict(values)
    np.testing.assert_array_equal(there.lesson.doubts(), taught.lesson.doubts())
    assert pickle.loads(pickle.dumps(there)).predict(values) == taught.predict(values)


def test_it_is_taught_further_by_old_and_new_words(
    taught: tn.ZeroShot, file: Path, values: np.ndarray
) -> None:
    more = values[6:9], ["a meadow", "maize", "an orchard"]
    np.testing.assert_array_equal(
        tn.load(file).teach(*more).probabilities(values), taught.teach(*more).probabilities(values)
    )
    with pytest.raises(ValueError, match="this classifier was taught"):
        tn.load(file).prediction_sets(values)


def test_words_alone_may_be_kept_as_well(values: np.ndarray, tmp_path: Path) -> None:
    zs = tn.load("pocket").zero_shot("crops")
    there = tn.load(zs.save(tmp_path / "crops.safetensors"))
    np.testing.assert_array_equal(there.probabilities(values), zs.probabilities(values))
    np.testing.assert_array_equal(there.prediction_sets(values), zs.prediction_sets(values))
    assert there.lesson is None


def test_other_weights_are_refused(
    taught: tn.ZeroShot, file: Path, values: np.ndarray, tmp_path: Path
) -> None:
    checkpoint = read_checkpoint(find_file("pocket"))
    name = next(iter(checkpoint.weights))
    weights = {**checkpoint.weights, name: checkpoint.weights[name] + np.float32(1e-3)}
    other = tn.load(
        write_checkpoint(tmp_path / "other.safetensors", type(checkpoint)(**vars(checkpoint) | {"weights": weights}))
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"taught by vectors of weights .* model=tn\.load"):
        tn.load(file, model=other)
    its_own = other.zero_shot(["maize"]).teach(values[:1], ["maize"]).save(tmp_path / "its own.safetensors")
    with pytest.raises(ValueError, match=r"its own.safetensors was taught by vectors of weights"):
        tn.load(its_own)
    assert tn.load(its_own, model=other).classes == ["maize"]
    assert tn.load(file, model=tn.load("pocket")).classes == taught.classes


def test_where_the_places_lie_is_not_in_the_file(file: Path) -> None:
    tensors, about = read_tensors(file, KEY, "")
    assert set(tensors) == {"vectors", "words", "places", "labels"}
    assert set(about) == {
        "version",
        "classes",
        "passing",
        "scale",
        "lesson_scale",
        "prompts",
        "template",
        "model",
    }


def test_new_words_are_read_in_the_template_of_the_task(values: np.ndarray, tmp_path: Path) -> None:
    model, task = tn.load("pocket"), tn.tasks["land_use"]
    zs = model.zero_shot(task, prompts="template")
    assert zs.template == task.template != PHOTO
    expected = model.encode_text([task.template.replace("{}", "a hop garden")])[0]
    there = tn.load(zs.save(tmp_path / "land use.safetensors"))
    for each in (zs, there, there.only(task.classes[:3]), pickle.loads(pickle.dumps(there))):
        assert each.template == task.template
    for each in (zs, there, there.only(task.classes[:3])):
        word = each.teach(values[:2], ["a hop garden"] * 2).lesson.words[-1]
        np.testing.assert_allclose(word, expected, atol=1e-5)


def test_a_file_that_says_no_template_is_asked_by_its_words(
    taught: tn.ZeroShot, file: Path, values: np.ndarray, tmp_path: Path
) -> None:
    """As versions before wrote them."""

    def of_before(path: Path) -> tn.ZeroShot:
        tensors, about = read_tensors(path, KEY, "")
        del about["template"]
        write_tensors(path, {k: np.array(v) for k, v in tensors.items()}, KEY, about)
        return tn.load(path)

    more = values[6:8], ["a meadow", "an orchard"]
    own = of_before(file)
    np.testing.assert_array_equal(
        own.teach(*more).probabilities(values), taught.teach(*more).probabilities(values)
    )
    assert tn.load(own.save(tmp_path / "again.safetensors")).template is None
    zs = tn.load("pocket").zero_shot("land_use", prompts="template")
    there = of_before(zs.save(tmp_path / "land use.safetensors"))
    np.testing.assert_array_equal(there.probabilities(values), zs.probabilities(values))
    known = there.teach(values[:1], [zs.classes[1]])
    np.testing.assert_array_equal(known.vectors, zs.teach(values[:1], [zs.classes[1]]).vectors)
    with pytest.raises(
        ValueError, match=r"a hop garden: no class .* saved before files said in which template"
    ):
        there.teach(values[:1], ["a hop garden"])


@pytest.mark.parametrize(
    ("wrong", "words_of_it"),
    [({"template": "a photo"}, "parts do not fit"), ({"template": {}}, "parts do not fit"),
     ({"version": 2}, "format version 2; .*Upgrade"), ({"classes": ["maize"]}, "parts do not fit"),
     ({"scale": float("nan")}, "parts do not fit"), ({"model": None}, "parts do not fit")],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(file: Path, wrong: dict, words_of_it: str) -> None:
    tensors, about = read_tensors(file, KEY, "")
    write_tensors(file, {k: np.array(v) for k, v in tensors.items()}, KEY, about | wrong)
    with pytest.raises(ValueError, match=words_of_it):
        tn.load(file)


def test_labels_of_no_class_are_refused(file: Path) -> None:
    tensors, about = read_tensors(file, KEY, "")
    write_tensors(file, {k: np.array(v) + 4 * (k == "labels") for k, v in tensors.items()}, KEY, about)
    with pytest.raises(ValueError, match="parts do not fit"):
        tn.load(file)


def test_what_cannot_be_kept_says_why(taught: tn.ZeroShot, file: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in \.safetensors"):
        taught.save(tmp_path / "hops.json")
    with pytest.raises(ValueError, match="which model it belongs to"):
        tn.ZeroShot("ab", np.eye(2), 1.0, np.asarray).save(tmp_path / "a.safetensors")
    model = tn.load("pocket")
    open_set = model.zero_shot(["maize"], open_set=True)
    with pytest.raises(ValueError, match="cannot be saved"):
        open_set.save(tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="cannot be taught"):
        open_set.teach_vectors(open_set.vectors, ["maize"])
    with pytest.raises(ValueError, match="options given: heads"):
        tn.load(file, heads=2)
    with pytest.raises(ValueError, match="which is a model itself"):
        tn.load("pocket", model=model)
    with pytest.raises(ValueError, match="holds no classifier"):
        model.taught(find_file("pocket"))
