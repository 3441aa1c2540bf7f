"""Words and labels as they are given to the map, typed or from Python: taken, or refused in words."""

import pytest
from clicks import WORDS
from synthetic import GridSource, small_model

import timesen_nb as tn
from timesen_nb.widgets.page import seen


@pytest.fixture
def app() -> tn.ClickMap:
    """One place read and kept."""
    source = GridSource()
    app = tn.ClickMap(small_model(), source, WORDS)
    app.click(*source.place(5, 7))
    app.keep()
    return app


def test_a_task_is_taken_as_it_is() -> None:
    app = tn.ClickMap(tn.load("pocket"), GridSource(), WORDS)
    app.use(tn.tasks["crops"])
    assert app.error is None
    assert app.session.task == "crops"
    assert app.session.classes == list(tn.tasks["crops"].classes)


def test_words_that_can_be_read_once_are_words() -> None:
    assert small_model().zero_shot(iter(WORDS)).classes == WORDS


@pytest.mark.parametrize("given", [[1, 2], ["maize", "a\nb"], ["maize", " "], 5, []])
def test_what_is_no_list_of_words_is_said(app: tn.ClickMap, given: object) -> None:
    app.use(given)  # type: ignore[arg-type]
    assert "expected" in str(app.error)
    assert "fault of the program" not in str(app.error)
    assert app.session.classes == WORDS


@pytest.mark.parametrize(
    ("number", "label", "said"),
    [
        ("1", "a lake", "place '1' is not kept"),
        (1, None, "the label given is None"),
        (1, 7, "is 7; expected words"),
    ],
)
def test_what_is_no_label_is_said(app: tn.ClickMap, number: object, label: object, said: str) -> None:
    app.label(number, label)  # type: ignore[arg-type]
    assert said in str(app.error)
    assert not app.session.lesson.labels


def test_the_page_says_which_word_is_lost_until_somebody_has_seen_it_there(app: tn.ClickMap) -> None:
    app.use(["forest", "no forest"])
    lost = "'no forest': 'no' is lost on the model, which reads the other words alone. Say what stands there instead."
    assert app.error is None
    assert lost in app.result.notes
    app.label(1, "no forest")
    assert lost not in app.result.notes


def test_words_with_commas_are_one_class_and_the_page_says_so(app: tn.ClickMap) -> None:
    app.words.words.value = "orchard, bog, car park"
    assert app.session.classes == ["orchard, bog, car park"]
    note = app.words.commas
    assert seen(note)
    assert note.value == "“orchard, bog, car park” is one class. Several go one a line."
    app.words.words.value = "orchard\nbog"
    assert not seen(note)
    app.use("land_cover")
    assert not seen(note)


def test_a_list_that_takes_long_is_read_when_the_box_is_left_and_the_page_says_so(
    app: tn.ClickMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = app.words.later
    assert not seen(note)
    monkeypatch.setattr("timesen_nb.widgets.actions.QUICK", -1.0)
    app.words.words.value = "a lake\na wood"
    assert seen(note)
    assert not app.words.words.continuous_update
    monkeypatch.setattr("timesen_nb.widgets.actions.QUICK", 100.0)
    app.words.words.value = "a lake\na meadow"
    assert not seen(note)
    assert app.words.words.continuous_update
