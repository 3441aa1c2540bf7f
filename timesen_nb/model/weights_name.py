"""What a model is called in files: models have no name but their weights."""

from __future__ import annotations

from functools import cache

from timesen_nb.model.checkpoint import read_checkpoint
from timesen_nb.model.fingerprint import fingerprint
from timesen_nb.model.hub import find_file


def weights_name(mark: str) -> str:
    """The name of a model by its weights.

    Args:
        mark: their :func:`timesen_nb.model.fingerprint.fingerprint`.

    Returns:
        "pocket" for the bundled model's, else "weights" and the first twelve digits.
    """
    return "pocket" if mark == _pocket() else f"weights {mark[:12]}"


@cache
def _pocket() -> str:
    return fingerprint(read_checkpoint(find_file("pocket")).weights)
