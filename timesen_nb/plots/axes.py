"""What every drawing has: axes of its own where none are given, and text of users as they wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def new_axes(wide: float, high: float) -> Axes:
    """Axes of a new figure of so many inches."""
    import matplotlib.pyplot as plt

    return plt.figure(figsize=(wide, high), layout="constrained").add_subplot()


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
