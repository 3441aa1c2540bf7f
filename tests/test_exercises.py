"""Exercises of the notebooks tell right from wrong, say what a wrong answer did, and never break the run."""

from typing import Any

import numpy as np
import pytest

from timesen_nb.exercises import check


def said(capsys: pytest.CaptureFixture[str], *args: Any, **options: Any) -> str:
    check("Exercise 1", *args, **options)
    return capsys.readouterr().out.rstrip()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (..., "Exercise 1: fill in the ... first."),
        ((1, ...), "Exercise 1: fill in the ... first."),
        (4, "Exercise 1: right."),
        (np.float32(4), "Exercise 1: right."),
        (3, "Exercise 1: not yet. You count from 0."),
        (-4, "Exercise 1: not yet. The sign is turned."),
        (5, "Exercise 1: not yet. Count the seasons."),
        ([4], "Exercise 1: not yet. Count the seasons."),
        ("four", "Exercise 1: not yet. Count the seasons."),
        (None, "Exercise 1: not yet. Count the seasons."),
    ],
)
def test_an_answer_is_judged_in_words(
    answer: object, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mistakes = {
        "You count from 0.": 3,
        "The sign is turned.": lambda a: a == -4,
        "Broken.": lambda a: a["no such"],
    }
    assert said(capsys, answer, 4, "Count the seasons.", mistakes=mistakes) == expected


def test_the_first_mistake_that_holds_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    mistakes = {"Too many.": lambda a: len(a) > 3, "Too long.": lambda a: len(a) > 1}
    assert (
        said(capsys, [1, 2, 3, 4], lambda a: len(a) == 1, mistakes=mistakes)
        == "Exercise 1: not yet. Too many."
    )


def test_what_a_check_raises_is_said_unless_the_mistake_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "four", lambda a: a - 4 == 0, "Count.").startswith(
        "Exercise 1: not yet. (TypeError: "
    )
    known = {"A word, not a number.": lambda a: isinstance(a, str)}
    assert (
        said(capsys, "four", lambda a: a - 4 == 0, mistakes=known)
        == "Exercise 1: not yet. A word, not a number."
    )


def test_arrays_are_right_when_shape_and_numbers_are(capsys: pytest.CaptureFixture[str]) -> None:
    right = np.array([0.5, np.nan])
    assert said(capsys, [0.5, float("nan")], right) == "Exercise 1: right."
    assert said(capsys, [[0.5, float("nan")]], right) == "Exercise 1: not yet."
    assert said(capsys, [0.5, 0.0], right) == "Exercise 1: not yet."
