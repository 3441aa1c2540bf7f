"""Text in CSV files: no spreadsheet runs it as a formula, and it comes back as it was."""

from __future__ import annotations

import re
from typing import TypeVar

T = TypeVar("T")

#: How a cell begins that spreadsheets take for a formula; after apostrophes too, so that one can be taken away again.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def escaped(cell: T) -> T | str:
    """A cell for a CSV file: text that would run as a formula gets an apostrophe before it, numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unescaped(text: str) -> str:
    """The text that :func:`escaped` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
