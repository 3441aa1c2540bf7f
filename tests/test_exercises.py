"""Exercises of the notebooks tell right from wrong and never break the run."""

import pytest

from timesen_nb.exercises import check


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (..., "Exercise 1: fill in the ... first."),
        ((1, ...), "Exercise 1: fill in the ... first."),
        (4, "Exercise 1: right."),
        (5, "Exercise 1: not yet. Count the seasons."),
        ("four", "Exercise 1: not yet. (TypeError: "),
    ],
)
def test_an_answer_is_judged_in_words(answer: object, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    check("Exercise 1", answer, lambda a: a - 4 == 0, hint="Count the seasons.")
    assert capsys.readouterr().out.startswith(said)
