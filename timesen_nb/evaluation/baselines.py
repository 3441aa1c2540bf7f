"""What else could be done with the same data: CLIP on pictures, and classifiers that learn from labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from timesen_nb.bands import BANDS
from timesen_nb.evaluation.encoding import Encodes, Labelled, encode_places, read_series
from timesen_nb.evaluation.metrics import Tally, confusion
from timesen_nb.plots.true_colour import patch_images
from timesen_nb.tasks import Task, tasks

if TYPE_CHECKING:
    from timesen_nb.datasets import PlaceDataset
    from timesen_nb.model.config import EncoderConfig
    from timesen_nb.model.towers import Tower


class ImageBaseline:
    """A CLIP-family model that looks at the true-colour picture of a place: use it where a model goes in a report.

    Args:
        tower: such as ``ClipTower("ViT-B-32", "openai")``, or with weights of RemoteCLIP, GeoRSCLIP or SenCLIP in a
            local file.
        calibrated_logit_scale: what cosines are multiplied by before the softmax; 100 is CLIP's own.
    """

    def __init__(self, tower: Tower, calibrated_logit_scale: float = 100.0) -> None:
        self.tower = tower
        self.calibrated_logit_scale = calibrated_logit_scale

    def encode(self, values: Any) -> np.ndarray:
        """Vectors of pictures: of each place the median of its composites, as :func:`patch_images` draws it.

        Args:
            values: (n, T, 10, H, W) reflectance x 10000, NaN = missing; H and W from 8 on.

        Returns:
            (n, D) float32 unit vectors.

        Raises:
            ValueError: smaller patches.
        """
        return self.tower.encode_photos(patch_images(values))

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of sentences, in the space of the pictures.

        Args:
            texts: n sentences.

        Returns:
            (n, D) float32 unit vectors.
        """
        return self.tower.encode_text(texts)


def filled(values: np.ndarray) -> np.ndarray:
    """Series without gaps, for learners that cannot read them: interpolated around the year.

    Args:
        values: (n, 12, 10), NaN = missing. A missing B8A is B8; a band that no month has is 0.

    Returns:
        (n, 12 x 10) float32.
    """
    out = np.array(values, dtype=np.float32)
    a, b = BANDS.index("B8A"), BANDS.index("B8")
    out[..., a] = np.where(np.isnan(out[..., a]), out[..., b], out[..., a])
    months = np.arange(out.shape[1])
    for i, j in np.argwhere(np.isnan(out).any(axis=1)):
        known = np.flatnonzero(~np.isnan(out[i, :, j]))
        out[i, :, j] = np.interp(months, known, out[i, known, j], period=12) if len(known) else 0.0
    return out.reshape(len(out), -1)


def baselines(
    train: Labelled,
    test: Labelled,
    task: Task | str,
    model: Encodes | None = None,
    *,
    encoder: EncoderConfig | None = None,
    epochs: int = 20,
    trees: int = 300,
    seed: int = 0,
) -> pd.DataFrame:
    """Classifiers that learn from labels, scored on other places.

    The majority class; 15 nearest neighbours and a random forest on the raw series (gaps interpolated); with ``model``
    a linear probe on its vectors, and its zero-shot answer by descriptions, which saw no label; with ``encoder`` a
    series encoder trained from nothing on the labels. For an honest figure split by place: ``train, test =
    dataset.split((0.8, 0.2), block_km=50)``.

    Args:
        train: places to learn from.
        test: places to score on.
        task: whose labels; those without one, or without any whole month, are left out.
        model: whose vectors are probed; None leaves that out.
        encoder: sizes of an encoder to train; None leaves that out, and needs no torch.
        epochs: of that training.
        trees: of the forest.
        seed: of the forest, and of that training.

    Returns:
        A row a classifier: top1, balanced (accuracy) and f1 (macro), shares from 0 to 1.

    Raises:
        ValueError: a part has no labelled place, or values that can be no reflectance x 10000.
    """
    task = task if isinstance(task, Task) else tasks[task]
    truth, predicted = predictions(
        train, test, task, model, encoder=encoder, epochs=epochs, trees=trees, seed=seed
    )
    table = {}
    for name, answer in predicted.items():
        tally = Tally.of(confusion(truth, answer, len(task)))
        table[name] = [float(tally.accuracy), float(tally.balanced), float(tally.macro_f1)]
    return pd.DataFrame.from_dict(table, orient="index", columns=["top1", "balanced", "f1"])


def predictions(
    train: Labelled,
    test: Labelled,
    task: Task,
    model: Encodes | None = None,
    *,
    encoder: EncoderConfig | None = None,
    epochs: int = 20,
    trees: int = 300,
    seed: int = 0,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What the classifiers of :func:`baselines` say, before it is scored.

    Args:
        train: places to learn from.
        test: places to score on.
        task: whose labels.
        model: as there.
        encoder: as there.
        epochs: as there.
        trees: as there.
        seed: as there.

    Returns:
        Class numbers of the places of ``test`` that count, the true ones and those that each classifier gives.

    Raises:
        ValueError: a part has no labelled place, or values that can be no reflectance x 10000.
    """
    rows, y, series = labelled(train, task)
    rows_test, y_test, series_test = labelled(test, task)
    x, x_test = filled(series), filled(series_test)
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    predicted: dict[str, np.ndarray] = {"majority class": np.full(len(y_test), np.bincount(y).argmax())}
    neighbours = make_pipeline(StandardScaler(), KNeighborsClassifier(min(15, len(y)), weights="distance"))
    predicted["15 nearest neighbours"] = neighbours.fit(x, y).predict(x_test)
    forest = RandomForestClassifier(trees, min_samples_leaf=2, random_state=seed, n_jobs=-1)
    predicted["random forest"] = forest.fit(x, y).predict(x_test)
    if encoder is not None:
        predicted["supervised encoder"] = _supervised(series, y, series_test, task, encoder, epochs, seed)
    if model is not None:
        from timesen_nb.evaluation.scoring import encode_words

        vectors, vectors_test = (
            encode_places(model, *part)[12] for part in ((train, rows), (test, rows_test))
        )
        predicted["linear probe"] = _probe(vectors, y, vectors_test)
        words = encode_words([task], ["descriptions"], model.encode_text)[task.name, "descriptions"]
        predicted["zero-shot by descriptions"] = (vectors_test @ words.T).argmax(axis=1)
    return y_test, predicted


def random_and_blocked(
    dataset: PlaceDataset,
    make: Callable[[Any, Any], pd.DataFrame],
    share: float = 0.8,
    block_km: float = 50,
    seed: int = 0,
) -> pd.DataFrame:
    """A table for a random split beside one for a split by blocks: the difference is what neighbours give away.

    Args:
        dataset: the places to split.
        make: (train, test) -> table, such as ``lambda a, b: baselines(a, b, "land_cover")``.
        share: of the places that are learned from.
        block_km: edge of the blocks that stay together.
        seed: another one draws other parts.

    Returns:
        Both tables side by side, under "random" and "blocks of ... km".

    Raises:
        ValueError: a part is empty: blocks are too large.
    """
    shares = (share, 1 - share)
    return pd.concat(
        {
            "random": make(*dataset.split(shares, seed)),
            f"blocks of {block_km:g} km": make(*dataset.split(shares, seed, block_km)),
        },
        axis=1,
        names=["split"],
    )


def labelled(dataset: Labelled, task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The places that classifiers learn from or are scored on: those with a label and a month with all bands.

    Args:
        dataset: places.
        task: whose labels.

    Returns:
        Rows (n,), class numbers (n,) and series (n, 12, 10) as encoders read them, NaN = missing.

    Raises:
        ValueError: there is none, or values that can be no reflectance x 10000.
    """
    y = task.index(dataset.labels.get(task.name, []))
    rows = np.flatnonzero(y >= 0)
    series = read_series(dataset, rows, 1) if len(rows) else np.empty((0, 12, len(BANDS)), np.float32)
    whole = np.any(~np.isnan(series).any(axis=2), axis=1)
    if not whole.any():
        raise ValueError(f"no place with a label for {task.name!r} and a month of data; give more places.")
    return rows[whole], y[rows[whole]], series[whole]


def _probe(vectors: np.ndarray, y: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Answers of a logistic regression; of the only class where there is one."""
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(y)) < 2:
        return np.full(len(test), y[0])
    answer: np.ndarray = LogisticRegression(C=10.0, max_iter=1000).fit(vectors, y).predict(test)
    return answer


def _supervised(
    series: np.ndarray,
    y: np.ndarray,
    test: np.ndarray,
    task: Task,
    config: EncoderConfig,
    epochs: int,
    seed: int,
) -> np.ndarray:
    """Answers of a series encoder trained on the labels: cross-entropy over a learned vector a class."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    from timesen_nb.model.encoder import SeriesEncoder

    torch.manual_seed(seed)
    encoder = SeriesEncoder(config)
    words = nn.Parameter(F.normalize(torch.randn(len(task), config.embedding), dim=1))
    x, target = torch.from_numpy(series), torch.from_numpy(y)
    size = min(max(len(x) // 16, 8), 256, len(x))  # at least 16 steps an epoch where there are few places
    steps = epochs * (len(x) // size)
    optimizer = torch.optim.AdamW([*encoder.parameters(), words], 1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=steps)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=generator)[: steps // epochs * size].split(size):
            cosines = encoder(x[rows]) @ F.normalize(words, dim=1).T
            loss = F.cross_entropy(cosines / 0.07, target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    encoder.eval()
    with torch.inference_mode():
        parts = [encoder(part) @ F.normalize(words, dim=1).T for part in torch.from_numpy(test).split(1024)]
    answer: np.ndarray = torch.cat(parts).argmax(dim=1).numpy()
    return answer
