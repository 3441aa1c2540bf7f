"""The bundled towers: static word vectors, and a small network that looks at ground views. Offline, a few megabytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from timesen_nb.model.hub import weights_folder
from timesen_nb.model.inference import GraphSession
from timesen_nb.model.onnx_file import Graph
from timesen_nb.model.towers.photos import open_photo
from timesen_nb.tasks.names import check_several

WIDTH = 128
PHOTO_SIZE = (48, 64)  # height, width
PHOTOS_AT_ONCE = 64
EPSILON = 1e-5  # torch's, of batch norms


class PocketTower:
    """The bundled tower: small enough to come with the package.

    Text: a sentence encoder distilled into static token vectors (model2vec; teacher all-MiniLM-L6-v2), learned anew
    from wordings that mean one thing. Photos: four strided convolutions, trained to put drawn views where their
    description is (``recipes/photo_net.py``). Vectors have 128 numbers. Good at nouns of the countryside; word order
    and negation are lost on it.

    Args:
        folder: with the weights; None: those in the package.
        name: files of encoders bear it, for each edition has a space of its own; "pocket:1" is that of 0.1.
    """

    width = WIDTH

    def __init__(self, folder: Path | None = None, name: str = "pocket:2") -> None:
        self.folder, self.name = folder or weights_folder(), name

    @cached_property
    def _text(self) -> StaticWords:
        return StaticWords(self.folder / "text")

    @cached_property
    def _photo(self) -> GraphSession:
        from safetensors.numpy import load_file

        return GraphSession(photo_graph(load_file(self.folder / "photo.safetensors")))

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """Sentences -> unit vectors.

        A text of nothing but signs that it does not know (an emoji) has a vector too, which means nothing, as that of
        "qwxyz" does: ``timesen_nb.model.words.check_words`` tells them.

        Args:
            texts: sentences or words.

        Returns:
            (n, 128) float32.

        Raises:
            ValueError: a text with nothing to read, or one text in place of a list.
        """
        check_several(texts, "texts")
        vectors = self._text.means(texts)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not lengths.all():
            lost = [t for t, length in zip(texts, lengths[:, 0], strict=True) if not length]
            raise ValueError(
                f"there is nothing to read in {', '.join(map(repr, lost[:3]))}; expected English words. Say it in "
                "other words."
            )
        out: np.ndarray = vectors / lengths
        return out

    def encode_photos(self, photos: Any) -> np.ndarray:
        """Photos (n, height, width, 3) uint8, or a sequence of such arrays or image files -> (n, 128) unit vectors."""
        check_several(photos, "photos")
        out = [np.zeros((0, WIDTH), np.float32)]
        for start in range(0, len(photos), PHOTOS_AT_ONCE):
            out += self._photo.all(views=as_views(photos[start : start + PHOTOS_AT_ONCE]))
        return np.concatenate(out)


class StaticWords:
    """Token vectors as model2vec saves them: a text is the mean of its tokens.

    Args:
        folder: with tokenizer.json and model.safetensors.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        self.vectors = load_file(folder / "model.safetensors")["embeddings"]  # (tokens, D) int8
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.unknown = self.tokenizer.token_to_id("[UNK]")

    def means(self, texts: Sequence[str]) -> np.ndarray:
        """(n, D) float32; of unknown tokens alone the vector of these, 0 for a text without any token."""
        out = np.zeros((len(texts), self.vectors.shape[1]), np.float32)
        for row, cut in zip(
            out, self.tokenizer.encode_batch(list(texts), add_special_tokens=False), strict=True
        ):
            if cut.ids:
                known = [token for token in cut.ids if token != self.unknown]
                row[:] = self.vectors[known or cut.ids].mean(axis=0, dtype=np.float64)
        return out


def photo_graph(weights: Mapping[str, np.ndarray]) -> bytes:
    """The photo network as a graph: views (n, 3, 48, 64) in 0 to 1 -> vectors (n, D), unit length.

    Args:
        weights: of ``PhotoNet`` (``recipes/photo_net.py``), named as in torch. Batch norms go into convolutions.

    Returns:
        The content of an ONNX file.
    """
    w = {k: v.astype(np.float32) for k, v in weights.items()}
    graph = Graph()
    x = graph("Sub", "views", 0.5)
    for i in range(0, 12, 3):
        norm = {k: w[f"features.{i + 1}.{k}"] for k in ("weight", "bias", "running_mean", "running_var")}
        scale = norm["weight"] / np.sqrt(norm["running_var"] + EPSILON)
        bias = (w[f"features.{i}.bias"] - norm["running_mean"]) * scale + norm["bias"]
        kernel = w[f"features.{i}.weight"] * scale[:, None, None, None]
        x = graph("Gelu", graph("Conv", x, kernel, bias, strides=(2, 2), pads=(1, 1, 1, 1)))
    over = np.array([2, 3])
    x = graph("Concat", *(graph(f"Reduce{how}", x, over, keepdims=0) for how in ("Mean", "Max")), axis=1)
    x = graph("Gemm", x, w["head.weight"], w["head.bias"], transB=1)
    out = graph("Div", x, graph("Max", graph("ReduceL2", x, np.array([1]), keepdims=1), 1e-12))
    return graph.model(
        {"views": ("float32", ["N", 3, *PHOTO_SIZE])},
        {graph.rename(out, "vectors"): ("float32", ["N", WIDTH])},
    )


def as_views(photos: Any) -> np.ndarray:
    """Photos as the network sees them: (n, 3, 48, 64) float32 in 0 to 1."""
    if not isinstance(photos, np.ndarray):
        views = [as_views(np.array(open_photo(photo))[None]) for photo in photos]
        return np.concatenate([np.zeros((0, 3, *PHOTO_SIZE), np.float32), *views])
    if photos.ndim != 4 or photos.shape[3] != 3 or photos.dtype != np.uint8:
        raise ValueError(
            f"photos given are {photos.dtype} {photos.shape}; expected uint8 (n, height, width, 3)."
        )
    x = photos.transpose(0, 3, 1, 2).astype(np.float32) / 255
    for axis, size in ((2, PHOTO_SIZE[0]), (3, PHOTO_SIZE[1])):
        if x.shape[axis] != size:
            x = np.moveaxis(np.moveaxis(x, axis, -1) @ area_means(x.shape[axis], size), -1, axis)
    return np.ascontiguousarray(x, dtype=np.float32)


def area_means(given: int, wanted: int) -> np.ndarray:
    """The matrix by which a row of pixels becomes the means of the pixels that each wanted one covers.

    A wanted pixel covers from floor(i given / wanted) to ceil((i + 1) given / wanted), as torch's area interpolation.

    Args:
        given: pixels of the row.
        wanted: pixels that it becomes.

    Returns:
        (given, wanted).
    """
    out = np.zeros((given, wanted), np.float32)
    for i in range(wanted):
        first, end = i * given // wanted, -(-(i + 1) * given // wanted)
        out[first:end, i] = 1 / (end - first)
    return out
