"""The model as users hold it: a series encoder, the tower whose space it shares, and the learned scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import torch
from torch import Tensor

from timesen_nb import fast
from timesen_nb.model import SeriesEncoder
from timesen_nb.zeroshot import ZeroShot, class_prompts, class_vectors

if TYPE_CHECKING:
    from timesen_nb.tasks import Task
    from timesen_nb.towers import Tower


class TimeSenCLIP:
    """A series encoder in the space of a text and photo tower. Made by ``timesen_nb.load``.

    encoder: the :class:`~timesen_nb.model.SeriesEncoder`. tower: turns words (and photos) into vectors of one space.
    logit_scale: what cosines were multiplied by in training. probability_scale: the same, calibrated on validation
    data so that probabilities mean what they say; it is what zero-shot classifiers use.
    """

    def __init__(
        self,
        encoder: SeriesEncoder,
        tower: Tower,
        logit_scale: float = 1 / 0.07,
        probability_scale: float | None = None,
    ) -> None:
        self.encoder = encoder.eval()
        self.tower = tower
        self.logit_scale = float(logit_scale)
        self.probability_scale = float(logit_scale if probability_scale is None else probability_scale)

    @property
    def device(self) -> torch.device:
        """Where the encoder computes."""
        return next(self.encoder.parameters()).device

    @overload
    def encode(
        self,
        values: Tensor,
        valid: Any = ...,
        months: Sequence[int] | None = ...,
        *,
        exact: bool | None = ...,
        allow_empty: bool = ...,
    ) -> Tensor: ...
    @overload
    def encode(
        self,
        values: Any,
        valid: Any = ...,
        months: Sequence[int] | None = ...,
        *,
        exact: bool | None = ...,
        allow_empty: bool = ...,
    ) -> np.ndarray: ...
    def encode(
        self, values: Any, valid: Any = None, months: Sequence[int] | None = None, *,
        exact: bool | None = None, allow_empty: bool = False,
    ) -> Any:  # fmt: skip
        """Series -> unit vectors (N, D) float32; numpy for numpy and torch for torch.

        values: (N, T, 10[, H, W]) surface reflectance x 10000 by :data:`timesen_nb.BANDS`, NaN = missing.
        T = 12 months, 4 quarters, 1 annual composite, or any T with ``months=`` (1 to 12).
        valid: optional (N, T) bool; False = that composite is missing, whatever it holds.
        exact=True: float32 throughout. Otherwise thousands of series are encoded in int8 or bfloat16 where the machine
        gains by it and a sample of their vectors keeps a cosine of 0.999 to the exact ones; see timesen_nb.fast.
        allow_empty=True: a series without any valid month gives NaN.
        Raises ValueError for other shapes, reflectance from 0 to 1, infinite values, and empty series if not allowed.
        """
        return encode_series(self.encoder, values, valid, months, exact=exact, allow_empty=allow_empty)

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """Sentences -> unit vectors (n, D) in the space of the series."""
        return self.tower.encode_text(texts)

    def zero_shot(self, classes: Task | str | Sequence[str], prompts: str = "descriptions") -> ZeroShot:
        """A classifier from words.

        classes: a task, the name of one ("land_cover"), or a list of your own strings.
        prompts: "names", "template" or "descriptions"; your own strings have no descriptions, an ensemble of
        templates stands in. Raises ValueError for an unknown task, and for empty, repeated or missing names.
        """
        if isinstance(classes, str):
            from timesen_nb.tasks import tasks

            classes = tasks[classes]
        names, sentences = class_prompts(classes, prompts)
        vectors = class_vectors(sentences, self.encode_text)
        encode = partial(encode_series, self.encoder)  # without the tower: a classifier travels to workers
        return ZeroShot(names, vectors, self.probability_scale, encode)

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file with the weights and everything needed to load it again."""
        from timesen_nb.checkpoint import save

        return save(self, path)

    def to(self, device: str | torch.device) -> TimeSenCLIP:
        """Move the encoder; returns itself."""
        self.encoder.to(device)
        return self


def encode_series(
    encoder: SeriesEncoder,
    values: Any,
    valid: Any = None,
    months: Sequence[int] | None = None,
    *,
    exact: bool | None = None,
    allow_empty: bool = False,
) -> Any:
    """What :meth:`TimeSenCLIP.encode` does, for an encoder alone."""
    x = check_values(values, valid, encoder.config.patch, len(encoder.config.bands))
    out = fast.encode(encoder, x, months, exact)
    lost = torch.isnan(out).any(dim=1)
    if lost.any() and not allow_empty:
        rows = torch.nonzero(lost)[:5, 0].tolist()
        raise ValueError(
            f"{int(lost.sum())} of {len(x)} series have no month this model can read (rows {rows}...); expected at "
            "least one month with every band. Leave those places out, or ask for another year."
        )
    return out if isinstance(values, Tensor) else out.numpy()


def check_values(values: Any, valid: Any, patch: int, channels: int) -> Tensor:
    """The series as float32 (N, T, C, H, W) with invalid composites NaN; ValueError that says what is wrong."""
    x = values if isinstance(values, Tensor) else torch.from_numpy(np.array(values, dtype=np.float32))
    x = x.to(torch.float32)
    given = tuple(x.shape)
    if x.ndim == 3:
        x = x[..., None, None]
    if x.ndim != 5 or not len(x) or x.shape[2] != channels or x.shape[3:] != (patch, patch):
        size = "" if patch == 1 else f", {patch}, {patch}"
        hint = " One series alone is values[None]." if len(given) == 2 else ""
        raise ValueError(
            f"values given have shape {given}; expected (N, T, {channels}{size}): pixels, composites, bands.{hint}"
        )
    if torch.isinf(x).any():
        raise ValueError(
            "values hold infinities; expected reflectance x 10000, with NaN where data are missing."
        )
    if valid is not None:
        keep = torch.as_tensor(np.array(valid), dtype=torch.bool)
        if keep.shape != x.shape[:2]:
            raise ValueError(
                f"valid has shape {tuple(keep.shape)} for values {given}; expected {tuple(x.shape[:2])}: one a "
                "composite."
            )
        x = torch.where(keep[:, :, None, None, None].to(x.device), x, torch.nan)
    largest = torch.nan_to_num(x, nan=-torch.inf).max()
    if 0 < largest <= 2.0:
        raise ValueError(
            f"the largest value is {largest:.3g}: this looks like reflectance from 0 to 1; expected reflectance "
            "x 10000. Multiply by 10000."
        )
    return x
