"""Text of users in a drawing: as they wrote it."""

from __future__ import annotations


def plain(words: object) -> str:
    """Words that matplotlib writes letter by letter, wherever it takes text.

    Between two ``$`` it would typeset mathematics, and refuse to draw what is none; from a legend it would leave out
    what begins with ``_``.

    Args:
        words: a class name, a title, or anything that has one as its text.

    Returns:
        What to hand to matplotlib; it is drawn as ``words``.
    """
    escaped = str(words).replace("$", r"\$")
    return f" {escaped}" if escaped.startswith("_") else escaped
