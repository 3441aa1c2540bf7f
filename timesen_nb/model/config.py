"""What an encoder is: its bands, their statistics and its sizes. Saved inside every checkpoint; needs no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any

import numpy as np

from timesen_nb.bands import BANDS, OFFSET, SCALE

#: How sharply photos are recalled (cosines are multiplied by this), and how much they count beside the vector itself.
RECALL_SCALE, RECALL_SHARE = 24.0, 0.5

SIZES = ("patch", "width", "depth", "heads", "feedforward", "embedding")


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no truth value."""
    return (
        not isinstance(value, bool)
        and isinstance(value, int | float | np.number)
        and bool(np.isfinite(float(value)))
    )


@dataclass(frozen=True)
class EncoderConfig:
    """Everything the encoder needs to be built again; saved inside the checkpoint.

    The defaults are the published model: 8,169,472 parameters (Jain et al. 2026; ReLU and post-norm as in the released
    code, where the paper says GELU).

    Attributes:
        bands: C names, in the order of the input.
        offset: of each band, taken off reflectance x 10000.
        scale: of each band, what is left is divided by; then it is clamped to 0 to 1.
        patch: pixels a side (H = W).
        width: of the transformer.
        depth: layers of it.
        heads: of attention; they divide the width.
        feedforward: width between the two linear steps of a layer.
        embedding: numbers of a vector (D).
        dropout: share of numbers that are dropped in training.
        annual_position: position of a T = 1 composite: "mean" of the twelve, "january" as published last, or its "own",
            which is zero until annual composites were trained on.
        absent_bands: learn a vector for a band that is missing in a month that has others; without, such a month is
            missing.
        photos: how many photo vectors the encoder recalls at its end; 0 for none, as published.

    Raises:
        ValueError: a value that cannot be, by name.
    """

    bands: tuple[str, ...] = BANDS
    offset: tuple[float, ...] = OFFSET
    scale: tuple[float, ...] = SCALE
    patch: int = 1  # H = W
    width: int = 512
    depth: int = 6
    heads: int = 8
    feedforward: int = 256
    embedding: int = 512
    dropout: float = 0.2
    # position of a T = 1 composite: "mean" of the twelve, "january" as published last, or one learned for it, its "own"
    annual_position: str = "mean"
    # learn a vector for a band that is missing in a month that has others
    absent_bands: bool = False
    # photo vectors that are recalled at the end
    photos: int = 0

    def __post_init__(self) -> None:
        for name, least in (*((name, 1) for name in SIZES), ("photos", 0)):
            size = getattr(self, name)
            if isinstance(size, bool) or not isinstance(size, Integral) or int(size) < least:
                raise ValueError(f"{name} is {size!r}; expected a whole number from {least}.")
        for name in ("bands", "offset", "scale"):
            if not isinstance(getattr(self, name), tuple | list):
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected a list with one entry a band.")
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not self.bands or not all(isinstance(band, str) for band in self.bands):
            raise ValueError(f"bands are {self.bands!r}; expected names, such as 'B2'.")
        if twice := sorted({band for band in self.bands if self.bands.count(band) > 1}):
            raise ValueError(f"the bands hold {', '.join(twice)} more than once; expected each once.")
        for name, above in (("offset", -np.inf), ("scale", 0.0)):
            wrong = [v for v in getattr(self, name) if not is_number(v) or v <= above]
            if wrong:
                said = "positive and finite numbers" if name == "scale" else "finite numbers"
                raise ValueError(f"{name} holds {wrong[0]!r}; expected {said}.")
        if not is_number(self.dropout) or not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout!r}; expected a number from 0 to below 1.")
        if not isinstance(self.absent_bands, bool):
            raise ValueError(f"absent_bands is {self.absent_bands!r}; expected true or false.")
        if not len(self.bands) == len(self.offset) == len(self.scale):
            raise ValueError(
                f"{len(self.bands)} bands with {len(self.offset)} offsets and {len(self.scale)} scales; expected one "
                "each."
            )
        if self.width % self.heads:
            raise ValueError(
                f"width {self.width} is not divisible by {self.heads} heads; choose another number."
            )
        if self.annual_position not in ("mean", "january", "own"):
            raise ValueError(
                f"annual_position is {self.annual_position!r}; expected 'mean', 'january' or 'own'."
            )

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values, for JSON.

        Returns:
            Name -> value.
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> EncoderConfig:
        """The inverse of :meth:`as_dict`.

        Args:
            values: name -> value; lists will do for tuples.

        Returns:
            The configuration.

        Raises:
            ValueError: a size or a statistic is missing, a name is unknown, or a value cannot be.
        """
        if not isinstance(values, dict):
            raise ValueError(f"the configuration is {values!r}; expected names with their values.")
        missing = [name for name in (*SIZES, "bands", "offset", "scale") if name not in values]
        unknown = [name for name in values if name not in cls.__dataclass_fields__]
        for what, names in (("lacks", missing), ("has unknown", unknown)):
            if names:
                raise ValueError(
                    f"the configuration {what} {', '.join(names)}; expected what model.save writes."
                )
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**fields)
