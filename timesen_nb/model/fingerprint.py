"""Which weights a model has: vectors made by one are of no use to another, and files name models by them alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256

import numpy as np

from timesen_nb.model.checkpoint import read_checkpoint
from timesen_nb.model.hub import find_file


def fingerprint(weights: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of an encoder's weights, whatever file they came from.

    Args:
        weights: name -> array, as in :class:`timesen_nb.model.checkpoint.Checkpoint`.

    Returns:
        Hexadecimal digits.
    """
    digest = sha256()
    for name in sorted(weights):
        array = np.asarray(weights[name])
        digest.update(f"{name} {array.dtype} {array.shape};".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def weights_name(mark: str) -> str:
    """What a model is called in files: models have no name but their weights.

    Args:
        mark: their :func:`fingerprint`.

    Returns:
        "pocket" for the bundled model's, else "weights" and the first twelve digits.
    """
    return "pocket" if mark == _pocket() else f"weights {mark[:12]}"


@cache
def _pocket() -> str:
    return fingerprint(read_checkpoint(find_file("pocket")).weights)
