"""The model as users hold it: a series encoder, the tower whose space it shares, and the learned scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.model import inference
from timesen_nb.model.checkpoint import Checkpoint, is_safetensors, read_checkpoint, write_checkpoint
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.hub import find_file
from timesen_nb.model.inputs import as_arrays, check_values
from timesen_nb.model.towers import open_tower
from timesen_nb.model.zeroshot import ZeroShot, class_prompts, class_vectors

if TYPE_CHECKING:
    import torch

    from timesen_nb.model.encoder import SeriesEncoder
    from timesen_nb.model.towers import Tower
    from timesen_nb.tasks import Task


class TimeSenCLIP:
    """A series encoder in the space of a text and photo tower. Made by ``timesen_nb.load``.

    Attributes:
        encoder: the :class:`~timesen_nb.model.encoder.SeriesEncoder`, in torch.
        tower: turns words (and photos) into vectors of one space.
        logit_scale: what cosines were multiplied by in training; one over the learned temperature.
        calibrated_logit_scale: the same, fitted on validation places so that probabilities mean what they say; it is
            what zero-shot classifiers use.
    """

    def __init__(
        self,
        encoder: SeriesEncoder,
        tower: Tower,
        logit_scale: float = 1 / 0.07,
        calibrated_logit_scale: float | None = None,
        *,
        probability_scale: float | None = None,
    ) -> None:
        self.encoder = encoder.eval()
        self.tower = tower
        self.logit_scale = float(logit_scale)
        # probability_scale is what 0.1 called it
        calibrated = probability_scale if calibrated_logit_scale is None else calibrated_logit_scale
        self.calibrated_logit_scale = float(logit_scale if calibrated is None else calibrated)

    @property
    def probability_scale(self) -> float:
        """What 0.1 called :attr:`calibrated_logit_scale`."""
        return self.calibrated_logit_scale

    @probability_scale.setter
    def probability_scale(self, scale: float) -> None:
        self.calibrated_logit_scale = scale

    @property
    def config(self) -> EncoderConfig:
        """Bands, statistics and sizes of the encoder."""
        return self.encoder.config

    @property
    def device(self) -> torch.device:
        """Where the encoder computes."""
        return next(self.encoder.parameters()).device

    def __repr__(self) -> str:
        c = self.config
        size = "pixel" if c.patch == 1 else f"{c.patch} x {c.patch} pixels"
        return (
            f"<TimeSenCLIP: {len(c.bands)} bands of one {size}, {c.depth} layers of {c.width}, vectors of "
            f"{c.embedding} in the space of tower {self.tower.name!r}>"
        )

    def encode(
        self, values: Any, valid: Any = None, months: Sequence[int] | None = None, *,
        exact: bool | None = None, allow_empty: bool = False,
    ) -> Any:  # fmt: skip
        """Series -> unit vectors (N, D) float32; torch for torch, else numpy.

        Args:
            values: a :class:`~timesen_nb.series.PixelSeries`, a list of them, or (N, T, 10[, H, W]) surface reflectance
                x 10000 by :data:`timesen_nb.BANDS`, NaN = missing. T = 12 months, 4 quarters, 1 annual composite, or
                any T with ``months``.
            valid: with arrays, (N, T) bool; False = that composite is missing, whatever it holds.
            months: calendar month (1 to 12) of each composite.
            exact: True for float32 throughout. Otherwise thousands of series are encoded in narrower numbers where the
                machine gains by it and their vectors keep a cosine of 0.999 to the exact ones.
            allow_empty: a series without any readable composite gives NaN instead of an error.

        Raises:
            ValueError: another shape, reflectance from 0 to 1, infinite values, or a series that is empty.
        """
        values, valid = as_arrays(values, valid)
        return encode_series(self.encoder, values, valid, months, exact=exact, allow_empty=allow_empty)

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """Sentences -> unit vectors (n, D) in the space of the series."""
        return self.tower.encode_text(texts)

    def zero_shot(self, classes: Task | str | Sequence[str], prompts: str = "descriptions") -> ZeroShot:
        """A classifier from words.

        Args:
            classes: a task, the name of one ("land_cover"), or a list of your own strings.
            prompts: "names", "template" or "descriptions"; your own strings have no descriptions, an ensemble of
                templates stands in.

        Raises:
            ValueError: an unknown task; empty, repeated or missing names.
        """
        if isinstance(classes, str):
            from timesen_nb.tasks import tasks

            classes = tasks[classes]
        names, sentences = class_prompts(classes, prompts)
        vectors = class_vectors(sentences, self.encode_text)
        encode = partial(encode_series, self.encoder)  # without the tower: a classifier travels to workers
        return ZeroShot(names, vectors, self.calibrated_logit_scale, encode)

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file with the weights and everything needed to load it again; returns its path."""
        weights = {k: v.detach().cpu().numpy() for k, v in self.encoder.state_dict().items()}
        name = type(self.encoder).__name__
        scales = self.logit_scale, self.calibrated_logit_scale
        return write_checkpoint(path, Checkpoint(self.config, weights, self.tower.name, *scales, name))

    def to(self, device: str | torch.device) -> TimeSenCLIP:
        """Move the encoder; returns itself."""
        self.encoder.to(device)
        return self


def load(
    which: str | Path,
    *,
    tower: Tower | str | None = None,
    device: str | torch.device = "cpu",
    **config: Any,
) -> TimeSenCLIP:
    """A model by name or file.

    Args:
        which: "pocket" (bundled, offline), a file written by ``model.save``, a published Lightning .ckpt, or
            "hf:OWNER/REPO/FILE" for either from the Hugging Face hub.
        tower: instead of the one the file names; none is opened before words or photos are given.
        device: where the encoder computes: "cpu", "cuda".
        config: what a published .ckpt does not say: heads, bands, offset, scale, annual_position as in
            :class:`~timesen_nb.model.config.EncoderConfig`.

    Raises:
        FileNotFoundError: there is no such file.
        ConnectionError: the hub cannot be reached.
        ValueError: the file is no checkpoint of these kinds, or its keys and sizes do not fit.
    """
    path = find_file(str(which))
    if is_safetensors(path):
        if config:
            raise ValueError(
                f"options given: {', '.join(config)}; but {path.name} says its own configuration. "
                "Load it without them; only tower= and device= may be given."
            )
        checkpoint = read_checkpoint(path)
    else:
        from timesen_nb.model.published import read_published

        checkpoint = read_published(path, config)
    held = (
        tower if tower is not None and not isinstance(tower, str) else open_tower(tower or checkpoint.tower)
    )
    if tower is not None and held.width != checkpoint.config.embedding:
        raise ValueError(
            f"the tower given, {held.name}, has vectors of {held.width} numbers; {path.name} puts series among vectors "
            f"of {checkpoint.config.embedding}. Give the tower it was trained with; the file says "
            f"{checkpoint.tower!r}."
        )
    from timesen_nb.model.ablation import encoder_of

    encoder = encoder_of(checkpoint, path.name)
    return TimeSenCLIP(encoder, held, checkpoint.logit_scale, checkpoint.calibrated_logit_scale).to(device)


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
    given = values
    if hasattr(values, "detach"):  # a torch tensor, without importing torch to see it
        values = values.detach().cpu().numpy()
    values, valid = as_arrays(values, valid)
    x = check_values(values, valid, encoder.config)
    out = inference.encode(encoder, x, months, exact)
    lost = np.isnan(out).any(axis=1)
    if lost.any() and not allow_empty:
        rows = np.flatnonzero(lost)[:5].tolist()
        raise ValueError(
            f"{int(lost.sum())} of {len(x)} series have no month this model can read (rows {rows}...); expected at "
            "least one month with every band. Leave those places out, or ask for another year."
        )
    if hasattr(given, "detach"):
        import torch

        return torch.from_numpy(out)
    return out
