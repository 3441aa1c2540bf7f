"""Exercises in notebooks: tell right from wrong, say what a wrong answer did, never break the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def check(
    name: str, answer: Any, right: Any, hint: str = "", *, mistakes: Mapping[str, Any] | None = None
) -> None:
    """Print whether an answer is right and, when it is not, what it did.

    Args:
        name: of the exercise, at the start of what is printed.
        answer: the learner's; ``...`` (or a list or tuple that holds one) means that nothing was filled in yet.
        right: the right answer, a number or an array; or a function of the answer that is true when it is right.
            What a function raises counts as wrong and is said.
        hint: printed when the answer is wrong in a way that nobody foresaw.
        mistakes: the usual wrong answers: what is said of each, and the answer or a function as in ``right``. The first
            that holds is said.
    """
    if answer is ... or (isinstance(answer, tuple | list) and any(part is ... for part in answer)):
        print(f"{name}: fill in the ... first.")
        return
    try:
        if _holds(right, answer):
            print(f"{name}: right.")
            return
        problem = ""
    except Exception as error:  # noqa: BLE001 - a wrong answer may break the check in any way; it is said
        problem = f" ({type(error).__name__}: {error})"
    made = next((said for said, wrong in (mistakes or {}).items() if _made(wrong, answer)), None)
    print(f"{name}: not yet. {made}" if made else f"{name}: not yet.{problem} {hint}".rstrip())


def _holds(expected: Any, answer: Any) -> bool:
    """Whether an answer is what is expected: by the function, or the same numbers in the same shape."""
    if callable(expected):
        return bool(expected(answer))
    given, wanted = (np.asarray(v.detach() if hasattr(v, "detach") else v) for v in (answer, expected))
    if given.shape != wanted.shape or given.dtype.kind not in "iuf":
        return False
    return bool(np.allclose(given, wanted, rtol=1e-4, atol=1e-6, equal_nan=True))


def _made(wrong: Any, answer: Any) -> bool:
    """Whether an answer is this mistake; what cannot be told is not."""
    try:
        return _holds(wrong, answer)
    except Exception:  # noqa: BLE001 - an answer of quite another kind is another mistake
        return False
