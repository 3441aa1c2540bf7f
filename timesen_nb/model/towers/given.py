"""What towers are given: several texts or photos at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def check_several(given: Any, what: str) -> None:
    """Refuse one text or file where a list of them is read: each of its letters would be taken for one.

    Args:
        given: what a tower was called with.
        what: what it is to be, in words: "texts".

    Raises:
        ValueError: one text or path.
    """
    if isinstance(given, str | bytes | Path):
        raise ValueError(f"{what} given: {str(given)!r:.80}; expected a list of them. One alone is [it].")
