"""CLIP and its relatives through open_clip, frozen: the space of the full model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.extras import needs
from timesen_nb.model.towers.photos import open_photo
from timesen_nb.tasks.names import check_several

if TYPE_CHECKING:
    import torch
    from torch import Tensor

TEXTS_AT_ONCE, PHOTOS_AT_ONCE = 256, 64


class ClipTower:
    """A model of open_clip, frozen. Its weights are loaded, once downloaded, when the first vector is asked for.

    Tags that were trained with QuickGELU get it; a file says nothing of it, so for OpenAI's weights in a file name the
    architecture with it: "ViT-B-32-quickgelu".

    Args:
        architecture: "ViT-B-32", "RN50", or any of ``open_clip.list_models()``.
        pretrained: one of its tags ("openai"; ``open_clip.list_pretrained()`` has them all) or a file of weights (.pt,
            .bin, .safetensors).
        device: where it computes; None takes a GPU where there is one.

    Raises:
        ValueError: an architecture or tag that open_clip does not know, a file that does not fit, or no GPU.
        ImportError: when first used, torch or open_clip is not installed.
        ConnectionError: when first used, the weights are neither here nor to be had.
    """

    def __init__(
        self,
        architecture: str = "ViT-B-32",
        pretrained: str | Path = "openai",
        device: str | torch.device | None = None,
    ) -> None:
        self.architecture, self.pretrained = architecture, str(pretrained)
        self.name = f"clip:{architecture}:{pretrained}"
        self._asked = device
        if device is not None:
            _ = self.device

    @cached_property
    def device(self) -> torch.device:
        """Where it computes."""
        library = needs("torch", extra="train", what=f"the tower {self.name}")
        gpu = library.cuda.is_available()
        device: torch.device = library.device(self._asked or ("cuda" if gpu else "cpu"))
        if device.type == "cuda" and not gpu:
            raise ValueError(
                f"device={self._asked!r} was asked for, and torch sees no GPU. Leave it out, or take 'cpu'."
            )
        return device

    @property
    def width(self) -> int:
        """Numbers in a vector: 512 for ViT-B-32, 1024 for RN50. Known without the weights."""
        return int(self._config["embed_dim"])

    @property
    def _open_clip(self) -> Any:
        return needs("open_clip", extra="train", what=f"the tower {self.name}")

    @cached_property
    def _config(self) -> dict[str, Any]:
        open_clip = self._open_clip
        config = open_clip.get_model_config(self.architecture)
        if config is None:
            near = get_close_matches(self.architecture, open_clip.list_models(), n=4)
            raise ValueError(
                f"open_clip has no architecture {self.architecture!r}; expected one of open_clip.list_models(), "
                f"for example {', '.join(near or ('ViT-B-32', 'RN50'))}."
            )
        return dict(config)

    @property
    def quick_gelu(self) -> bool:
        """Whether the model is built with the activation that OpenAI's weights were trained with."""
        tag = self._open_clip.get_pretrained_cfg(self.architecture, self.pretrained) or {}
        return bool(self._config.get("quick_gelu") or tag.get("quick_gelu"))

    @cached_property
    def _loaded(self) -> tuple[Any, Callable[[Any], Tensor], Callable[[list[str]], Tensor]]:
        """Model, what prepares a photo, and what cuts text into tokens."""
        open_clip, _ = self._open_clip, self._config
        given = f"{self.architecture} with weights {self.pretrained!r}"
        tags = open_clip.list_pretrained_tags_by_model(self.architecture)
        is_file = Path(self.pretrained).expanduser().is_file()
        if not is_file and self.pretrained not in tags:
            raise ValueError(
                f"the CLIP tower asked for is {given}: there is no such file, and open_clip has no such tag for it; "
                f"expected {', '.join(tags) or 'a file of weights'}. Check the path, or take a tag."
            )
        where = str(Path(self.pretrained).expanduser()) if is_file else self.pretrained
        try:
            with _quiet():
                model, prepare = open_clip.create_model_from_pretrained(
                    self.architecture, where, force_quick_gelu=self.quick_gelu
                )
                tokenize = open_clip.get_tokenizer(self.architecture)
        except Exception as problem:
            if is_file:
                raise ValueError(
                    f"{Path(where).name} does not hold weights of {self.architecture} ({_short(problem)}). Name the "
                    "architecture that it was trained with, or copy the file again."
                ) from problem
            raise ConnectionError(
                f"the CLIP tower {given} needs a download (once, 0.2 to 4 GB) that cannot be had now "
                f"({_short(problem)}). Connect to the internet once; or download the weights elsewhere and open "
                f"ClipTower({self.architecture!r}, 'path/to/weights'); the tower 'pocket' needs no network."
            ) from problem
        return model.eval().requires_grad_(False).to(self.device), prepare, tokenize

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """Sentences -> (n, width) unit vectors float32. What is longer than CLIP's 77 tokens is cut off."""
        check_several(texts, "texts")
        model, _, tokenize = self._loaded
        out = [np.zeros((0, self.width), np.float32)]
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            tokens = tokenize(list(texts[start : start + TEXTS_AT_ONCE]))
            out.append(self._unit(model.encode_text, tokens))
        return np.concatenate(out)

    def encode_photos(self, photos: Any) -> np.ndarray:
        """Vectors of photos, in batches.

        Args:
            photos: (n, height, width, 3) uint8 RGB, or a sequence of such arrays, of PIL images or of files.

        Returns:
            (n, width) float32 unit vectors.

        Raises:
            ValueError: a photo that cannot be read, by name; :func:`timesen_nb.model.towers.embed_photos` leaves those
                out.
        """
        import torch

        check_several(photos, "photos")
        model, prepare, _ = self._loaded
        out = [np.zeros((0, self.width), np.float32)]
        with ThreadPoolExecutor(4) as pool:  # decoding and scaling, which release the interpreter
            for start in range(0, len(photos), PHOTOS_AT_ONCE):
                part = photos[start : start + PHOTOS_AT_ONCE]
                views = torch.stack(list(pool.map(lambda photo: prepare(open_photo(photo)), part)))
                out.append(self._unit(model.encode_image, views))
        return np.concatenate(out)

    def _unit(self, encode: Callable[[Tensor], Tensor], batch: Tensor) -> np.ndarray:
        import torch

        with torch.inference_mode():
            vectors = encode(batch.to(self.device)).float()
            out: np.ndarray = torch.nn.functional.normalize(vectors, dim=-1).cpu().numpy()
        return out


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the libraries log at every attempt to download: the error at the end says it once."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def _short(problem: BaseException) -> str:
    """What went wrong in one line."""
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:300]
