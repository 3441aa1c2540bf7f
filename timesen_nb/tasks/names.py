"""Names of classes as people write them."""

from __future__ import annotations

import unicodedata


def tidy(text: str) -> str:
    """A name as one reads it: letters composed (NFC), nothing invisible, single spaces and none around it."""
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return " ".join(unicodedata.normalize("NFC", seen).split())
