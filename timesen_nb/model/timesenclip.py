"""The model as users hold it: a series encoder, the tower whose space it shares, and the learned scale."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.model.applicability import Applicability
from timesen_nb.model.checkpoint import Checkpoint, write_checkpoint
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder_weights import EncoderWeights
from timesen_nb.model.exported import write_onnx
from timesen_nb.model.hub import find_file
from timesen_nb.model.open_set import OpenZeroShot
from timesen_nb.model.prompts import NONE_OF_THESE, PHOTO, check_classes, class_prompts, class_vectors
from timesen_nb.model.taught_file import read_taught
from timesen_nb.model.words import NegationLost, NeverTheAnswer, WordCheck, check_words
from timesen_nb.model.zeroshot import ZeroShot
from timesen_nb.tasks.names import check_no_table, check_several

if TYPE_CHECKING:
    import torch

    from timesen_nb.model.encoder import SeriesEncoder
    from timesen_nb.model.towers import Tower
    from timesen_nb.tasks import Task


class TimeSenCLIP:
    """A series encoder in the space of a text and photo tower. Made by ``timesen_nb.load``.

    Args:
        encoder: a torch encoder, or weights, which need no torch.
        tower: whose space it shares.
        logit_scale: what cosines were multiplied by in training.
        calibrated_logit_scale: the same for probabilities; None: the one before.
        probability_scale: what 0.1 called that.

    Attributes:
        weights: the :class:`timesen_nb.model.encoder_weights.EncoderWeights`: series -> vectors.
        tower: turns words (and photos) into vectors of one space.
        logit_scale: what cosines were multiplied by in training; one over the learned temperature.
        calibrated_logit_scale: the same, fitted on validation places so that probabilities mean what they say; it is
            what zero-shot classifiers use, the bundled model's times a factor of the list of words.
    """

    def __init__(
        self,
        encoder: SeriesEncoder | EncoderWeights | Checkpoint,
        tower: Tower,
        logit_scale: float = 1 / 0.07,
        calibrated_logit_scale: float | None = None,
        *,
        probability_scale: float | None = None,
    ) -> None:
        if isinstance(encoder, Checkpoint):
            encoder = EncoderWeights.of_checkpoint(encoder, "the checkpoint given")
        self.weights = encoder if isinstance(encoder, EncoderWeights) else EncoderWeights.of_module(encoder)
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
        return self.weights.config

    @property
    def encoder(self) -> SeriesEncoder:
        """The :class:`timesen_nb.model.encoder.SeriesEncoder` in torch, made when it is first asked for.

        From then on the model encodes by its weights as they are: train it in place, and ``encode`` follows.

        Raises:
            ImportError: torch is not installed.
            ValueError: the model came from an ONNX file, which holds no weights to train.
        """
        return self.weights.module

    @property
    def device(self) -> str:
        """Where the encoder computes: "cpu", "cuda:0"."""
        return self.weights.device

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
        """Unit vectors of series.

        Args:
            values: a :class:`timesen_nb.series.PixelSeries`, a list of them, or (N, T, 10[, H, W]) surface reflectance
                x 10000 by :data:`timesen_nb.BANDS`, NaN = missing. T = 12 months, 4 quarters, 1 annual composite, or
                any T with ``months``.
            valid: with arrays, (N, T) bool; False = that composite is missing, whatever it holds.
            months: calendar month (1 to 12) of each composite.
            exact: True for float32 throughout; False for narrower numbers where the machine gains by them and vectors
                keep a cosine of 0.999 to the exact ones: int8 on a processor, from a width of 256 on, and bfloat16 on a
                GPU. None: float32 on a processor, bfloat16 on a GPU. A series has the same vector whatever is encoded
                beside it.
            allow_empty: a series without any readable composite gives NaN instead of an error.

        Returns:
            (N, D) float32; a torch tensor for a torch tensor, else numpy.

        Raises:
            ValueError: another shape, reflectance from 0 to 1, infinite values, or a series that is empty.
        """
        return self.weights.encode(values, valid, months, exact=exact, allow_empty=allow_empty)

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors of sentences, in the space of the series.

        Args:
            texts: n sentences.

        Returns:
            (n, D) float32.

        Raises:
            ValueError: one text, whose letters would be read, or a table; or a text with nothing to read.
        """
        check_several(texts, "texts")
        check_no_table(texts, "texts")
        return self.tower.encode_text(texts)

    def check_words(self, classes: Sequence[str]) -> list[WordCheck]:
        """What is known of the words of each class, and what may have been meant.

        A tower makes a vector of anything, "forrest" and "qwertyuiop" too: what its tokens know proves nothing. A word
        is known that stands in the package's own list, English and the landscape's (no personal names).

        Args:
            classes: as for :meth:`zero_shot`: a list of your own strings.

        Returns:
            One :class:`timesen_nb.model.words.WordCheck` a class: its text, its unknown words, and a suggestion or
            None.

        Raises:
            ValueError: classes that are no list of texts; empty or repeated names.
        """
        return check_words(check_classes(classes))

    def applicability(
        self, values: Any, valid: Any = None, months: Sequence[int] | None = None
    ) -> Applicability:
        """How far series are from what this model was trained on: the area of applicability.

        Args:
            values: series as :meth:`encode` takes them, of monthly, quarterly or annual composites.
            valid: with arrays, (N, T) bool.
            months: calendar month (1 to 12) of each composite.

        Returns:
            An :class:`timesen_nb.model.applicability.Applicability`: dissimilarity (N,), 1 at the edge; inside (N,);
            density (N,), how many training series are near.

        Raises:
            ValueError: what was fitted does not belong to this model's weights; wrong series, as in :meth:`encode`.
        """
        return self.weights.confidence("area of applicability").space.measure(
            *self.weights.seen(values, valid, months)
        )

    def zero_shot(
        self, classes: Task | str | Sequence[str], prompts: str = "descriptions", *, open_set: bool = False
    ) -> ZeroShot:
        """A classifier from words.

        Words that stand in no list, or name nothing that land can be, have their probability but are never the answer
        (:meth:`check_words`), and a warning says which (``timesen_nb.model.words.NeverTheAnswer``); a class of a task
        is known by its name or a description. Another warns of words that say what is not there ("not cropland"),
        which the model reads as if it were (``NegationLost``).

        Args:
            classes: a task, the name of one ("land_cover"), or a list of your own strings.
            prompts: "names", "template" or "descriptions"; your own strings have no descriptions, an ensemble of
                templates stands in.
            open_set: one more class, "none of these", for places whose light fits none of the words, nor a kind of
                them. On average over lists of words 5 % of the places whose class is among them are turned away; by a
                single list it may be three times as many. Words that name all land turn nothing away.

        Returns:
            The classifier.

        Raises:
            ValueError: an unknown task or prompt style; empty, repeated or missing names; an open set, and
                nothing was fitted for this model.
        """
        if isinstance(classes, str):
            from timesen_nb.tasks import tasks

            classes = tasks[classes]
        names, sentences = class_prompts(classes, prompts)
        vectors = class_vectors(sentences, self.encode_text)
        checks = check_words(classes if hasattr(classes, "descriptions") else names)
        if lost := [str(check) for check in checks if not check.passes]:
            warnings.warn(
                f"{'; '.join(lost[:5])}. Such words have a probability beside the others, but are never the answer. "
                "Give English words for land.",
                NeverTheAnswer,
                stacklevel=2,
            )
        if lost := [repr(check.text) for check in checks if check.passes and check.negation]:
            warnings.warn(
                f"{', '.join(lost[:5])}: that something is not there is lost on the model, which reads the other words "
                "as if they stood alone. Name what stands there instead, such as 'grassland' for 'not cropland'; or "
                f'leave such words out and give open_set=True, which may answer "{NONE_OF_THESE}".',
                NegationLost,
                stacklevel=2,
            )
        passing = [check.passes for check in checks]
        # without the tower: a classifier travels to workers
        scale = self.calibrated_logit_scale * self.weights.list_factor(vectors)
        template = getattr(classes, "template", PHOTO)
        zs = ZeroShot(names, vectors, scale, self.weights.encode, passing=passing,
                      **self._made_by(prompts, template))  # fmt: skip
        if not open_set:
            return zs
        fitted = self.weights.confidence(f'margin for "{NONE_OF_THESE}"')
        return OpenZeroShot(zs, fitted.others(vectors), fitted.margin)

    def taught(self, path: str | Path) -> ZeroShot:
        """A classifier from a file that its ``save`` wrote: what ``tn.load(path)`` gives.

        Args:
            path: of the file.

        Returns:
            The classifier, with the same probabilities; it can be taught further.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is damaged, no classifier, or was taught by vectors of other weights than this model's.
        """
        file = read_taught(find_file(str(path)), self.weights.fingerprint())
        made_by = self._made_by(file.prompts, file.template)
        made_by["read_words"] = partial(file.read_words, made_by["read_words"])
        return ZeroShot(file.classes, file.vectors, file.scale, self.weights.encode, passing=file.passing,
                        lesson=file.lesson if len(file.lesson.labels) else None, **made_by)  # fmt: skip

    def _made_by(self, prompts: str, template: str | None) -> dict[str, Any]:
        """What classifiers of this model have of it."""
        return {"limits": self.weights.confidence, "list_factor": self.weights.list_factor, "prompts": prompts,
                "template": template, "read_words": partial(self._word_vectors, prompts, template or PHOTO),
                "fingerprint": self.weights.fingerprint}  # fmt: skip

    def _word_vectors(self, prompts: str, template: str, words: list[str]) -> np.ndarray:
        return class_vectors(class_prompts(words, prompts, template)[1], self.encode_text)

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file with the weights and everything needed to load it again.

        Of an encoder class of your own it holds the weights and not the code, so that ``timesen_nb.load`` cannot make
        it: a warning says so.

        Args:
            path: of the file; folders are made.

        Returns:
            The path.

        Raises:
            ValueError: the model came from an ONNX file, which holds no weights.
        """
        if self.weights.own:
            warnings.warn(
                f"the encoder is of a class of your own, {self.weights.name}: the file holds its weights and not its "
                "code, and tn.load cannot make it. Keep the class; timesen_nb.model.checkpoint.read_checkpoint(path) "
                "gives its config and weights back.",
                stacklevel=2,
            )
        return write_checkpoint(path, self._checkpoint())

    def export(self, path: str | Path) -> Path:
        """Write one ONNX file of the encoder, for ONNX Runtime anywhere and for ``timesen_nb.load``.

        Inputs: values (N, T, C) float32, reflectance x 10000 by the bands of ``config``, NaN = missing; positions (N,
        T) int64, 0 to 11 the months, 12 to 15 the quarters, 16 the year. Output: vectors (N, D) float32, unit length,
        NaN for a series without any composite to read. Its metadata hold what a checkpoint's do.

        Args:
            path: of the file, which ends in .onnx; folders are made.

        Returns:
            The path.

        Raises:
            ValueError: another name, an encoder of the ablation, one that reads patches, or a model that came from an
                ONNX file.
        """
        return write_onnx(path, self._checkpoint())

    def _checkpoint(self) -> Checkpoint:
        scales = self.logit_scale, self.calibrated_logit_scale
        return Checkpoint(self.config, self.weights.arrays, self.tower.name, *scales, self.weights.name)

    def to(self, device: str | torch.device) -> TimeSenCLIP:
        """Move the encoder to a device.

        Args:
            device: such as "cpu" or "cuda"; another one than "cpu" needs torch.

        Returns:
            The model itself.

        Raises:
            ImportError: torch is needed and not installed.
            ValueError: the model came from an ONNX file, which holds no weights.
        """
        if str(device) != self.device:
            self.encoder.to(device)
        return self
