"""The P64 variant: a month is what a frozen image tower (SenCLIP, CLIP) says of its patch image, in place of its bands.

    values = patch_image_series(patches, ClipTower("ViT-B-32", "senclip.pt"))  # (N, 12, 512)
    encoder = patch_image_encoder(values, embedding=512)
    model = tn.fit(encoder, Pairs(values, photos), tower="clip:ViT-B-32:openai")

A tower's numbers from -1 to 1 are kept as (number + 1) x 10000, so that they go wherever reflectance goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from timesen_nb.bands import REFLECTANCE_SCALE
from timesen_nb.extras import needs
from timesen_nb.model.config import EncoderConfig
from timesen_nb.plots.true_colour import patch_images

if TYPE_CHECKING:
    from timesen_nb.model.encoder import SeriesEncoder
    from timesen_nb.model.towers import Tower

STEP = 256  # patches whose images are in memory at a time


def patch_image_series(patches: Any, tower: Tower) -> np.ndarray:
    """One vector a month.

    Args:
        patches: (N, T, 10, H, W) reflectance x 10000, NaN = missing.
        tower: its ``encode_photos`` sees each month in true colour.

    Returns:
        (N, T, E) float32 of (number + 1) x 10000; a month without any data is NaN.

    Raises:
        ValueError: patches too small for an image.
    """
    n, t = patches.shape[:2]
    out = np.full((n, t, tower.width), np.nan, dtype=np.float32)
    for start in range(0, n, STEP):
        part = np.asarray(patches[start : start + STEP], dtype=np.float32)
        for month in range(t):
            rows = np.flatnonzero(~np.isnan(part[:, month]).all(axis=(1, 2, 3)))
            if len(rows):
                vectors = tower.encode_photos(patch_images(part[rows, month : month + 1]))
                out[start + rows, month] = (vectors + 1.0) * REFLECTANCE_SCALE
    return out


def patch_image_encoder(values: Any, embedding: int, **config: Any) -> SeriesEncoder:
    """A new series encoder in torch that reads :func:`patch_image_series`, untrained.

    Args:
        values: (N, T, E), training places: the 1 % and 99 % quantiles of each number become its offset and scale.
        embedding: width of the space to learn.
        config: other fields of :class:`timesen_nb.model.config.EncoderConfig`.

    Returns:
        The encoder.

    Raises:
        ImportError: torch is not installed.
    """
    needs("torch", extra="train", what="an encoder of patch images")
    from timesen_nb.model.encoder import SeriesEncoder

    low, high = np.nanquantile(np.asarray(values), [0.01, 0.99], axis=(0, 1))
    names = tuple(f"E{i + 1}" for i in range(len(low)))
    offset, scale = tuple(low.tolist()), tuple(np.maximum(high - low, 1e-3).tolist())
    return SeriesEncoder(
        EncoderConfig(bands=names, offset=offset, scale=scale, embedding=embedding, **config)
    )
