"""Which words of a class are known, and what is suggested for others."""

import random
import string

import numpy as np
import pytest
from synthetic import WordTower
from test_model import MODEL

import timesen_nb as tn
from timesen_nb.model.words import NegationLost, NeverTheAnswer, check_words, distance, words_of


@pytest.mark.parametrize(
    ("text", "unknown", "suggestion"),
    [
        ("forrest", ("forrest",), "forest"),
        ("forrest road", ("forrest",), "forest road"),
        ("qwertyuiop", ("qwertyuiop",), None),
        ("winterwheat", ("winterwheat",), "winter wheat"),
        ("barely", (), "barley"),  # English, and no word for land
        ("ein See", ("ein",), "lake"),
        ("Weizenfeld", ("weizenfeld",), "wheat field"),
        ("Zuckerrüben", ("zuckerruben",), "sugar beet"),
        ("champ de blé", ("de", "ble"), "field wheat"),
        ("trigo de invierno", ("trigo", "de", "invierno"), "winter wheat"),
        ("a herd of elephants", (), None),  # words that are known; whether they are land is another question
        ("森林", ("森林",), None),
        ("123", ("123",), None),
    ],
)
def test_words(text: str, unknown: tuple[str, ...], suggestion: str | None) -> None:
    said = tn.load("pocket").check_words([text])[0]
    assert (said.text, said.unknown, said.suggestion) == (text, unknown, suggestion)


def test_right_words_pass_as_they_are() -> None:
    names = [name for task in tn.tasks.values() for name in task.classes]
    names += [
        "lucerne",
        "sorghum",
        "solar park",
        "rice terrace",
        "salt pan",
        "teff",
        "olive groves",
        "an oasis",
    ]
    assert [c for c in check_words(names) if c.unknown or c.suggestion or not c.meaningful] == []


@pytest.mark.parametrize(
    ("text", "meaningful"),
    [("qwertyuiop", False), ("the qwertyuiop", False), ("la", False), ("forrest road", True), ("!?", False)],
)
def test_a_line_without_one_known_word_means_nothing(text: str, meaningful: bool) -> None:
    assert check_words([text])[0].meaningful is meaningful


def test_any_tower_is_checked_by_the_same_list() -> None:
    assert isinstance(MODEL.tower, WordTower)
    assert [c.suggestion for c in MODEL.check_words(["forrest", "maize"])] == ["forest", None]
    with pytest.raises(ValueError, match="twice"):
        MODEL.check_words(["maize", "Maize"])


def test_words_that_are_never_the_answer_are_said_at_once() -> None:
    model = tn.load("pocket")
    with pytest.warns(NeverTheAnswer, match="'Maisfeld': maisfeld not known") as said:
        zs = model.zero_shot(["Maisfeld", "forrest", "a herd of elephants", "a meadow"])
    assert "'forrest': forrest not known; 'forest' may have been meant" in str(said[0].message)
    assert "'a herd of elephants': nothing that land can be" in str(said[0].message)
    assert "meadow" not in str(said[0].message)
    assert said[0].filename == __file__
    assert zs.passing.tolist() == [False, False, False, True]
    model.zero_shot("land_cover")


@pytest.mark.parametrize(
    "text",
    [
        "not cropland",
        "non-cropland",
        "No cropland",
        "land without crops",
        "never cropland",
        "neither maize nor wheat",
        "land except cropland",
    ],
)
def test_what_is_said_not_to_be_there_is_lost_and_the_warning_says_so(text: str) -> None:
    """Beside "cropland" such words are little better than a coin, and nobody would see it."""
    model = tn.load("pocket")
    with pytest.warns(NegationLost, match=f"'{text}': that something is not there is lost") as said:
        zs = model.zero_shot(["cropland", text])
    assert {one.filename for one in said if one.category is NegationLost} == {__file__}
    assert zs.passing.all()
    assert "is lost" in str(model.check_words([text])[0])
    model.zero_shot(["cropland", "a knot of canals", "a nook of forest"])
    model.zero_shot("habitat")  # its names are the nomenclature's, and descriptions stand beside them


@pytest.mark.parametrize("text", ["ｍａｉｚｅ", "maïze", "MAIZE", "\u200bmaize "])
def test_a_word_is_read_as_it_is_checked(text: str) -> None:
    model = tn.load("pocket")
    assert model.check_words([text])[0].passes
    one, other = (model.zero_shot([word]).vectors for word in (text, "maize"))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_words_of_which_none_can_be_the_answer_make_no_map() -> None:
    source = tn.open_source("flanders")
    with pytest.warns(NeverTheAnswer):
        zs = tn.load("pocket").zero_shot(["Maisfeld", "Wiese"])
    with pytest.raises(ValueError, match="none of the words given can be the answer"):
        tn.map_region(zs, source.cube(source.bounds)[..., :4, :4], progress=False)


def misspelt(word: str, rng: random.Random) -> str:
    i, letter = rng.randrange(len(word)), rng.choice(string.ascii_lowercase)
    swapped = word[:i] + word[i + 1 : i + 2] + word[i] + word[i + 2 :]
    edits = word[:i] + word[i + 1 :], word[:i] + letter + word[i:], word[:i] + letter + word[i + 1 :], swapped
    out = rng.choice(edits)
    return out if out != word else misspelt(word, rng)


def test_one_mistake_is_put_right_nine_times_in_ten() -> None:
    rng = random.Random(17)
    names = [name for key in ("land_cover", "crops") for name in tn.tasks[key].classes]
    words = sorted({w for name in names for w in words_of(name) if len(w) > 3 and w not in ("other", "type")})
    cases = [(word, misspelt(word, rng)) for word in (rng.choice(words) for _ in range(200))]
    right = [check_words([given])[0].suggestion == word for word, given in cases]
    assert sum(right) / len(right) >= 0.9


@pytest.mark.parametrize(
    ("a", "b", "mistakes"),
    [("maize", "maize", 0), ("maze", "maize", 1), ("mazie", "maize", 1), ("oat", "wheat", 3)],
)
def test_distance_counts_swapped_letters_as_one_mistake(a: str, b: str, mistakes: int) -> None:
    assert distance(a, b) == mistakes


def test_the_letters_of_a_text_are_no_classes() -> None:
    with pytest.raises(ValueError, match="classes given: 'maize'; expected a list of classes"):
        check_words("maize")
