"""Exercises in notebooks: tell right from wrong, say what to look at again, never break the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def check(name: str, answer: Any, is_right: Callable[[Any], Any], hint: str = "") -> None:
    """Print whether an answer is right.

    Args:
        name: of the exercise, at the start of what is printed.
        answer: the learner's; ``...`` (or a list or tuple that holds one) means that nothing was filled in yet.
        is_right: called with the answer, true when it is right; what it raises counts as wrong and is said.
        hint: printed when the answer is wrong.
    """
    if answer is ... or (isinstance(answer, tuple | list) and any(part is ... for part in answer)):
        print(f"{name}: fill in the ... first.")
        return
    try:
        right, problem = bool(is_right(answer)), ""
    except Exception as error:  # noqa: BLE001 - a wrong answer may break the check in any way; it is said
        right, problem = False, f" ({type(error).__name__}: {error})"
    print(f"{name}: right." if right else f"{name}: not yet.{problem} {hint}".rstrip())
