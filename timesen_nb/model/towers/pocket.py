"""The bundled towers: static word vectors, and a small network that looks at ground views. Offline, a few megabytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from timesen_nb.model.hub import weights_folder
from timesen_nb.model.towers.photos import open_photo

WIDTH = 128
PHOTO_SIZE = (48, 64)  # height, width


class PhotoNet(nn.Module):
    """Four strided convolutions over a 48 x 64 view, their mean and maximum, one linear layer.

    (n, 3, 48, 64) in 0 to 1 -> (n, D) unit vectors.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        sizes = (3, 24, 48, 96, 128)
        layers: list[nn.Module] = []
        for a, b in pairwise(sizes):
            layers += [nn.Conv2d(a, b, 3, stride=2, padding=1), nn.BatchNorm2d(b), nn.GELU()]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(2 * sizes[-1], width)

    def forward(self, views: Tensor) -> Tensor:
        """Views to unit vectors."""
        x = self.features(views - 0.5)  # (n, 128, 3, 4)
        x = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        return F.normalize(self.head(x), dim=-1)


class PocketTower:
    """The bundled tower: small enough to come with the package.

    Text: a sentence encoder distilled into static token vectors (model2vec; teacher all-MiniLM-L6-v2), centred and
    partly whitened on words for landscapes. Photos: :class:`PhotoNet`, trained to put drawn views where their
    description is. Vectors have 128 numbers. Good at nouns of the countryside; word order and negation are lost on it.
    """

    name = "pocket"
    width = WIDTH

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or weights_folder()

    @cached_property
    def _text(self) -> Any:
        from model2vec import StaticModel

        return StaticModel.from_pretrained(self.folder / "text")

    @cached_property
    def _photo(self) -> PhotoNet:
        from safetensors.torch import load_file

        net = PhotoNet()
        net.load_state_dict({k: v.float() for k, v in load_file(self.folder / "photo.safetensors").items()})
        return net.eval()

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """Sentences -> (n, 128) unit vectors. Raises ValueError for a text without any known word."""
        vectors = np.asarray(self._text.encode(list(texts)), dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not lengths.all():
            lost = [t for t, length in zip(texts, lengths[:, 0], strict=True) if not length]
            raise ValueError(f"no known word in {lost[:3]!r}; expected English words. Say it in other words.")
        out: np.ndarray = vectors / lengths
        return out

    def encode_photos(self, photos: Any) -> np.ndarray:
        """Photos (n, height, width, 3) uint8, or a sequence of such arrays or image files -> (n, 128) unit vectors."""
        out = [np.zeros((0, WIDTH), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(photos), 512):
                out.append(self._photo(_as_views(photos[start : start + 512])).numpy())
        return np.concatenate(out)


def _as_views(photos: Any) -> Tensor:
    """Photos as (n, 3, 48, 64) in 0 to 1."""
    if not isinstance(photos, np.ndarray):
        return torch.cat([_as_views(np.array(open_photo(p))[None]) for p in photos])
    if photos.ndim != 4 or photos.shape[3] != 3 or photos.dtype != np.uint8:
        raise ValueError(
            f"photos given are {photos.dtype} {photos.shape}; expected uint8 (n, height, width, 3)."
        )
    x = torch.from_numpy(np.ascontiguousarray(photos)).permute(0, 3, 1, 2).float() / 255
    return x if tuple(x.shape[2:]) == PHOTO_SIZE else F.interpolate(x, PHOTO_SIZE, mode="area")
