"""The encoder of a model as its users need it: weights, and series -> vectors. Torch only for those who ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.extras import needs
from timesen_nb.model.checkpoint import Checkpoint, check_fit
from timesen_nb.model.confidence import Confidence, read_confidence
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.fingerprint import fingerprint
from timesen_nb.model.graph import shapes
from timesen_nb.model.inference import Inference
from timesen_nb.model.inputs import as_arrays, check_values, composite_positions
from timesen_nb.model.named_arrays import whole_year

if TYPE_CHECKING:
    from timesen_nb.model.encoder import SeriesEncoder


class EncoderWeights:
    """An encoder's weights, as arrays until its torch module is asked for; then the module's are what counts.

    It is pickled as arrays: a classifier that travels to workers brings no torch along.

    Args:
        config: of the encoder.
        arrays: name -> weight, named as in torch.
        name: of the encoder's class; the ablation has others than SeriesEncoder.

    Attributes:
        config: bands, statistics and sizes.
        name: of the encoder's class; with that of its module where it is none of this package.
    """

    def __init__(
        self, config: EncoderConfig, arrays: Mapping[str, np.ndarray], name: str = "SeriesEncoder"
    ) -> None:
        self.config, self.name = config, name
        self._arrays = {k: np.array(v) for k, v in arrays.items()}
        self._module: Any = None
        self._inference: Inference | None = None
        self._confidence: Confidence | None = None
        self._fingerprint: str | None = None

    @classmethod
    def of_module(cls, module: SeriesEncoder) -> EncoderWeights:
        """The weights of a torch encoder, which stays what counts; ValueError where its configuration is of another."""
        weights = cls(module.config, {}, _name_of(type(module)))
        if weights.name == "SeriesEncoder":
            there = {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}
            check_fit(there, shapes(module.config), weights.name, "the encoder given")
        weights._module = module.eval()
        return weights

    @classmethod
    def of_checkpoint(cls, checkpoint: Checkpoint, file: str) -> EncoderWeights:
        """What a file holds.

        Args:
            checkpoint: its content.
            file: its name, for messages.

        Returns:
            The encoder's weights.

        Raises:
            ValueError: weights that do not fit the configuration; every missing, unexpected or misshapen one is named.
            ImportError: an encoder of the ablation, and torch is not installed.
        """
        weights = cls(checkpoint.config, checkpoint.weights, checkpoint.encoder)
        if weights.name == "SeriesEncoder":
            check_fit(weights._arrays, shapes(checkpoint.config), weights.name, file)
        else:
            weights._module = weights._build(f"{file} (encoder {weights.name})", file)
        return weights

    @property
    def module(self) -> SeriesEncoder:
        """The encoder in torch, in evaluation mode when it is made."""
        if self._module is None:
            self._module = self._build("model.encoder")
        module: SeriesEncoder = self._module
        return module

    def _build(self, what: str, file: str = "the model") -> Any:
        needs("torch", extra="train", what=what)
        from timesen_nb.model.ablation import build_encoder

        return build_encoder(self.name, self.config, self._arrays, file)

    @property
    def own(self) -> bool:
        """Whether the encoder is of a class that is none of this package's: files hold its weights, not its code."""
        return "." in self.name

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Name -> weight, as it is now."""
        if self._module is None:
            return self._arrays
        return {k: v.detach().cpu().numpy() for k, v in self._module.state_dict().items()}

    @property
    def device(self) -> str:
        """Where it computes: "cpu", "cuda:0"."""
        return "cpu" if self._module is None else str(next(self._module.parameters()).device)

    def encode(
        self, values: Any, valid: Any = None, months: Sequence[int] | None = None, *,
        exact: bool | None = None, allow_empty: bool = False,
    ) -> Any:  # fmt: skip
        """Series -> unit vectors, as :meth:`timesen_nb.model.timesenclip.TimeSenCLIP.encode`."""
        given = values
        values, valid, months = as_arrays(values, valid, months, self.config.bands)
        x = check_values(values, valid, self.config)
        out = self.vectors(x, months, exact)
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

    def seen(
        self, values: Any, valid: Any = None, months: Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Series (N, T, C) as the encoder sees them, NaN = missing, and their vectors, NaN where there is no month."""
        values, valid, months = as_arrays(values, valid, months, self.config.bands)
        x = check_values(values, valid, self.config)
        composite_positions(x.shape[1], months)  # what are no months is said here
        x = whole_year(x, months)
        return x[..., 0, 0], self.vectors(x, None, None)

    def confidence(self, what: str = "measure of confidence") -> Confidence:
        """What was fitted for these weights.

        Args:
            what: that is asked for, for the message.

        Returns:
            Area of applicability, thresholds of sets, background and margin.

        Raises:
            ValueError: it was fitted for other weights.
        """
        now = self.fingerprint()
        if self._confidence is None or self._confidence.model != now:
            self._confidence = read_confidence(now, what)
        return self._confidence

    def known_confidence(self) -> Confidence | None:
        """:meth:`confidence`; None where nothing was fitted for these weights."""
        try:
            return self.confidence()
        except ValueError:
            return None

    def list_factor(self, words: np.ndarray) -> float:
        """By what the calibrated logit scale is multiplied for a list of words (K, D); 1 where nothing was fitted."""
        known = self.known_confidence()
        return known.scales.factor(words) if known else 1.0

    def fingerprint(self) -> str:
        """Which weights these are, as they are now: a module may have been trained since the last call."""
        if self._module is not None:
            return fingerprint(self.arrays)
        if self._fingerprint is None:
            self._fingerprint = fingerprint(self._arrays)
        return self._fingerprint

    def vectors(self, x: np.ndarray, months: Sequence[int] | None, exact: bool | None) -> np.ndarray:
        """(N, T, C, H, W) float32 -> (N, D) float32, NaN for a series without any composite to read."""
        if self._by_torch():
            from timesen_nb.model.torch_inference import encode

            return encode(self._module, x, months, exact)
        return self._current()(x, composite_positions(x.shape[1], months), exact is not False)

    def _by_torch(self) -> bool:
        """Whether the encoder is on a GPU, or has a forward of its own, of which there is no graph."""
        if self._module is None:
            return False
        from timesen_nb.model.encoder import SeriesEncoder

        return self.device != "cpu" or type(self._module) is not SeriesEncoder

    def _current(self) -> Inference:
        """What computes by the weights as they are now: a module may have been trained since the last call."""
        inference = self._inference
        if self._module is not None:
            now = self.arrays
            if inference is None or not all(
                np.array_equal(now[k], v, equal_nan=True) for k, v in inference.weights.items()
            ):
                inference = Inference(self.config, {k: v.copy() for k, v in now.items()})
        elif inference is None:
            inference = Inference(self.config, self._arrays)
        self._inference = inference
        return inference

    def __getstate__(self) -> dict[str, Any]:
        state = {
            "config": self.config,
            "name": self.name,
            "_inference": None,
            "_confidence": self._confidence,
            "_fingerprint": None,
        }
        if self._module is None or not self.own:
            return state | {"_arrays": {k: np.array(v) for k, v in self.arrays.items()}, "_module": None}
        return state | {"_arrays": {}, "_module": self._module}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._module is None and self.name != "SeriesEncoder":
            # of the ablation's encoders there is no graph
            self._module = self._build(f"encoder {self.name}")


def _name_of(kind: type) -> str:
    """One that no class of this package has where it is another's."""
    inside = kind.__module__.startswith("timesen_nb.")
    return kind.__name__ if inside else f"{kind.__module__}.{kind.__qualname__}"
