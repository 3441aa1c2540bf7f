"""Names of classes as people write them."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any


def tidy(text: str) -> str:
    """A name as one reads it: letters composed (NFC), nothing invisible, single spaces and none around it."""
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return " ".join(unicodedata.normalize("NFC", seen).split())


def check_several(given: Any, what: str) -> None:
    """Refuse one text or file where a list of them is read: each of its letters would be taken for one.

    Args:
        given: what was given.
        what: what it is to be, in words: "texts".

    Raises:
        ValueError: one text or path.
    """
    if isinstance(given, str | bytes | Path):
        raise ValueError(f"{what} given: {str(given)!r:.80}; expected a list of {what}. One alone is [it].")


def check_no_table(given: Any, what: str) -> None:
    """Refuse a table, of which a list would be the names of its columns.

    Args:
        given: what should be one text each.
        what: what these are, for the message.

    Raises:
        ValueError: a data frame (pandas).
    """
    if hasattr(given, "columns"):
        names = [str(name) for name in given.columns]
        raise ValueError(
            f"{what} given as a table with the columns {', '.join(names[:5]) or 'none'}; expected a list of texts. "
            "Take the column that holds them: table['name'].tolist()."
        )
