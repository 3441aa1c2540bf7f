"""Pairs with a known answer: four classes of place, each with a spectrum of its own and photos near its word."""

import numpy as np
import torch
from synthetic import WordTower

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.prompts import class_prompts, class_vectors

CLASSES = ("heath", "marsh", "orchard", "quarry")
TOWER = WordTower()
SMALL = EncoderConfig(width=16, depth=2, heads=2, feedforward=16, embedding=TOWER.width, dropout=0.1)


def small_encoder(**changes: object) -> SeriesEncoder:
    """An untrained encoder, the same every time."""
    torch.manual_seed(0)
    return SeriesEncoder(EncoderConfig(**{**SMALL.as_dict(), **changes}))


def make_pairs(n: int = 128, seed: int = 0, missing: float = 0.1, views: int = 2) -> Pairs:
    """n places; the class is in the mean of every month, the photos are the word's vector with noise."""
    rng = np.random.default_rng(seed)
    cover = rng.integers(0, len(CLASSES), n)
    spectra = np.random.default_rng(99).uniform(300, 4000, (len(CLASSES), 12, 10))
    values = (spectra[cover] + rng.normal(0, 60, (n, 12, 10))).clip(0).astype(np.float32)
    values[rng.random((n, 12)) < missing] = np.nan
    values[:, 6] = spectra[cover, 6]  # July is always there
    words = class_vectors(class_prompts(CLASSES, "descriptions")[1], TOWER.encode_text)
    photos = words[cover][:, None] + rng.normal(0, 0.1, (n, views, TOWER.width))
    labels = np.array(CLASSES)[cover]
    lonlats = np.stack([rng.uniform(2, 8, n), rng.uniform(49, 52, n)], axis=1)
    return Pairs(values, photos.astype(np.float32), labels, lonlats, TOWER)
