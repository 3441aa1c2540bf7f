"""What an encoder is: its bands, their statistics and its sizes. Saved inside every checkpoint; needs no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from timesen_nb.bands import BANDS, OFFSET, SCALE


@dataclass(frozen=True)
class EncoderConfig:
    """Everything the encoder needs to be built again; saved inside the checkpoint.

    The defaults are the published model: 8,169,472 parameters (Jain et al. 2026; ReLU and post-norm as in the released
    code, where the paper says GELU).
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
    # position of a T = 1 composite: "mean" of the twelve, or "january" as published last
    annual_position: str = "mean"
    # learn a vector for a band that is missing in a month that has others
    absent_bands: bool = False

    def __post_init__(self) -> None:
        if not len(self.bands) == len(self.offset) == len(self.scale):
            raise ValueError(
                f"{len(self.bands)} bands with {len(self.offset)} offsets and {len(self.scale)} scales; expected one "
                "each."
            )
        if self.width % self.heads:
            raise ValueError(
                f"width {self.width} is not divisible by {self.heads} heads; choose another number."
            )
        if self.annual_position not in ("mean", "january"):
            raise ValueError(f"annual_position is {self.annual_position!r}; expected 'mean' or 'january'.")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> EncoderConfig:
        """The inverse of :meth:`as_dict`."""
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**fields)
