"""Words for simulated places: what the photo tower learns to see in a drawn ground view."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from timesen_nb.model.zeroshot import TEMPLATES
from timesen_nb.simulate.cover_types import COVER_TYPES, CoverType

#: What a person would call each LUCAS land cover.
COVER_WORDS: dict[str, tuple[str, ...]] = {
    "A": ("artificial land", "built-up area"),
    "B": ("cropland", "arable land", "crops"),
    "C": ("woodland", "forest", "trees"),
    "D": ("shrubland", "shrubs"),
    "E": ("grassland", "grass"),
    "F": ("bareland", "bare ground"),
    "G": ("water", "open water"),
    "H": ("wetlands", "wetland"),
}


def captions(words: Sequence[str]) -> list[str]:
    """Every word in every template."""
    return [template.replace("{}", word) for word in words for template in TEMPLATES]


def all_captions() -> list[str]:
    """Every caption of every cover type and land cover, sorted: the corpus that the text tower is centred on."""
    words = {w for cover_type in COVER_TYPES for w in cover_type.words} | {
        w for group in COVER_WORDS.values() for w in group
    }
    return sorted(captions(sorted(words)))


def cover_type_vector(
    cover_type: CoverType, encode_text: Callable[[Sequence[str]], np.ndarray]
) -> np.ndarray:
    """(D,) unit vector: half what the cover type is called, half what its land cover is called."""
    parts = []
    for words in (cover_type.words, COVER_WORDS[cover_type.land_cover]):
        mean = encode_text(captions(words)).mean(axis=0)
        parts.append(mean / np.linalg.norm(mean))
    total: np.ndarray = parts[0] + parts[1]
    return (total / np.linalg.norm(total)).astype(np.float32)
