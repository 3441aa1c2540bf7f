"""Frozen towers: what turns words and ground photos into vectors of one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np


class Tower(Protocol):
    """Words and photos -> unit vectors (n, width) float32 of one space."""

    name: str
    width: int

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """Sentences -> (n, width) unit vectors."""
        ...

    def encode_photos(self, photos: Any) -> np.ndarray:
        """Photos (n, height, width, 3) uint8, or a sequence of such arrays or files -> (n, width) unit vectors."""
        ...
