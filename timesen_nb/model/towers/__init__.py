"""Frozen towers: what turns words and ground photos into vectors of one space. One file a tower."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from timesen_nb.model.hub import weights_folder
from timesen_nb.model.towers.embed import embed_photos

__all__ = ["Tower", "embed_photos", "open_tower"]


class Tower(Protocol):
    """Words and photos -> unit vectors of one space.

    Towers are frozen, and load their weights when they are first asked for a vector.

    Attributes:
        name: what :func:`open_tower` opens it by; it is saved inside checkpoints.
    """

    name: str

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        ...

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of sentences.

        Args:
            texts: n sentences.

        Returns:
            (n, width) float32 unit vectors.
        """
        ...

    def encode_photos(self, photos: Any) -> np.ndarray:
        """Vectors of photos.

        Args:
            photos: (n, height, width, 3) uint8 RGB, or a sequence of such arrays or files.

        Returns:
            (n, width) float32 unit vectors.
        """
        ...


def open_tower(name: str) -> Tower:
    """A tower by name.

    Args:
        name: ``"pocket"`` (bundled, offline; ``"pocket:1"`` is that of version 0.1, for encoders in its space), or
            ``"clip:ARCHITECTURE:PRETRAINED"`` through open_clip, where PRETRAINED is a tag of open_clip or a weights
            file: ``"clip:ViT-B-32:openai"``, ``"clip:RN50:my/weights.pt"``.

    Returns:
        The tower.

    Raises:
        ValueError: any other name.
    """
    kind, _, rest = name.partition(":")
    if kind == "pocket" and rest in ("", "1", "2"):
        from timesen_nb.model.towers.pocket import PocketTower

        return PocketTower(weights_folder() / "pocket_1", name) if rest == "1" else PocketTower()
    if kind == "clip":
        from timesen_nb.model.towers.clip import ClipTower

        return ClipTower(*(rest.split(":", 1) if rest else ()))
    raise ValueError(f"tower given: {name!r}; expected 'pocket' or 'clip:ViT-B-32:openai'.")
