"""Text in CSV files: no spreadsheet runs it as a formula, and it comes back as it was."""

from __future__ import annotations

import re
from typing import TypeVar

T = TypeVar("T")

#: How a cell begins that spreadsheets take for a formula; after apostrophes too, so that one can be taken away again.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def escaped(cell: T) -> T | str:
    """A cell for a CSV file: text that would run as a formula gets an apostrophe before it.

    Args:
        cell: text, or anything else, which stays as it is.

    Returns:
        The cell.
    """
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unescaped(text: str) -> str:
    """The text that :func:`escaped` was given.

    Args:
        text: of a cell.

    Returns:
        The text without the apostrophe that keeps it from running.
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
