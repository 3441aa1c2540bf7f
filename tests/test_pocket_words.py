"""The words of the bundled model: several wordings of a class mean one thing, though none of these was learned from."""

import numpy as np
import pytest

from recipes.words import read_concepts
from timesen_nb.model.prompts import class_prompts, class_vectors
from timesen_nb.model.towers.pocket import PocketTower

COVERS = {
    "cropland": ("fields that farmers till", "land sown with crops", "farm land with crops growing"),
    "grassland": ("a grassy meadow", "grassy plains", "pastures and meadows"),
    "shrubland": ("a shrubby hillside", "many bushes", "shrubs and brush"),
    "forest": ("tall trees in a forest", "wooded hills", "a stand of trees"),
    "bare ground": ("a bare field of soil", "stony bare ground", "sand and gravel"),
    "built-up area": ("towns", "houses and roads", "residential houses"),
    "water": ("lakes", "rivers and lakes", "a wide river"),
    "wetland": ("marshes", "swamps", "reeds in a marsh"),
}
CROPS = {
    "maize": ("corn plants in rows", "sweet corn"),
    "rice": ("rice fields", "rice paddies"),
    "cotton": ("cotton bushes", "a cotton farm"),
    "lucerne": ("alfalfa plants", "a farm of alfalfa"),
    "potatoes": ("potato crops", "a farm of potatoes"),
    "orchard": ("fruit orchards", "apple trees in rows"),
}


@pytest.fixture(scope="module")
def tower() -> PocketTower:
    return PocketTower()


def vectors(tower: PocketTower, words: list[str]) -> np.ndarray:
    return class_vectors(class_prompts(words, "descriptions")[1], tower.encode_text)


@pytest.mark.parametrize("classes", [COVERS, CROPS], ids=["covers", "crops"])
def test_an_unseen_wording_is_taken_for_its_class(
    tower: PocketTower, classes: dict[str, tuple[str, ...]]
) -> None:
    said = [(k, p) for k, phrases in enumerate(classes.values()) for p in phrases]
    learned = {p for concept in read_concepts() for p in concept.phrases}
    assert learned.isdisjoint(p for _, p in said)
    near = vectors(tower, [p for _, p in said]) @ vectors(tower, list(classes)).T
    wrong = [p for (k, p), top in zip(said, near.argmax(axis=1), strict=True) if k != top]
    assert len(wrong) <= len(said) // 12, wrong


def test_one_and_many_are_alike(tower: PocketTower) -> None:
    one = ["vineyard", "maize field", "olive grove", "meadow", "lake"]
    many = ["vineyards", "maize fields", "olive groves", "meadows", "lakes"]
    near = vectors(tower, one) @ vectors(tower, many).T
    assert near.argmax(axis=1).tolist() == list(range(len(one)))
    assert np.diag(near).mean() > 0.75


def test_negation_is_lost_as_the_model_card_says(tower: PocketTower) -> None:
    """The tower adds words up; when it learns better, the card has to say so."""
    near = vectors(tower, ["a place without trees"]) @ vectors(tower, ["trees", "bare ground"]).T
    assert near[0, 0] > near[0, 1]
