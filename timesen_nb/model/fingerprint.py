"""Whether two models are the same: vectors made by one are of no use to another."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import numpy as np


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
