"""Benchmarks that the field knows, by words: words beside a forest and a transformer that learn from labels."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from timesen_nb.bands import check_count
from timesen_nb.datasets.breizhcrops import read_breizhcrops
from timesen_nb.datasets.cropharvest import OTHER, read_cropharvest
from timesen_nb.datasets.eurocropsml import read_eurocropsml
from timesen_nb.datasets.place_dataset import PlaceDataset
from timesen_nb.evaluation.baselines import labelled, predictions
from timesen_nb.evaluation.metrics import Tally, confusion
from timesen_nb.model.config import EncoderConfig
from timesen_nb.tasks import Task

if TYPE_CHECKING:
    from timesen_nb.model.timesenclip import TimeSenCLIP

#: The transformer that learns from nothing but the labels.
SMALL = EncoderConfig(width=64, depth=2, heads=4, feedforward=128, embedding=64, absent_bands=True)
#: What stands in the place of the class "other", where one crop is asked for.
NO_CROP = ("grassland", "a forest", "shrubs", "bare ground", "a village", "a lake", "a wetland")
OTHER_CROPS = ("wheat", "beans", "sorghum", "cassava", "sugar cane", "rice", "soya", "cotton")


@dataclass(frozen=True)
class CropBenchmark:
    """A benchmark: how it is read, its words, and what others published of it.

    Attributes:
        read: folder -> places to learn from and places to score on; the same twice where both are drawn from one set.
        words: class -> the words that stand for it; a class that is not there stands for itself.
        published: classifier -> F1, or accuracy where the source says so.
        source: of the published figures.
    """

    read: Callable[[Path], tuple[PlaceDataset, PlaceDataset]]
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    published: Mapping[str, float] = field(default_factory=dict)
    source: str = ""


def _eurocropsml(folder: Path) -> tuple[PlaceDataset, PlaceDataset]:
    names: dict[str, str] = {}
    for table in folder.rglob("*labels*.parquet"):
        codes = pd.read_parquet(table, columns=["EC_hcat_c", "EC_hcat_n"]).dropna().drop_duplicates()
        said = codes["EC_hcat_n"].str.replace("_", " ")
        names |= dict(zip(codes["EC_hcat_c"].astype("int64").astype(str), said, strict=True))
    if not names:
        raise FileNotFoundError(
            f"{folder} has no table of labels (*labels*.parquet), so its crops have codes and no words; expected the "
            "labels of EuroCropsML beside the fields."
        )
    places = read_eurocropsml(folder, "EE", names)
    return places, places


def _breizhcrops(folder: Path) -> tuple[PlaceDataset, PlaceDataset]:
    return read_breizhcrops(folder, "frh01"), read_breizhcrops(folder, "frh04")


_PRESTO = "Tseng et al. 2023, arXiv 2304.14065, F1 of the crop, all labels"
#: The benchmarks by name.
BENCHMARKS = {
    "cropharvest Kenya": CropBenchmark(
        partial(read_cropharvest, task="Kenya"), {OTHER: (*OTHER_CROPS, *NO_CROP)},
        {"random forest": 0.559, "Presto": 0.816}, _PRESTO,
    ),
    "cropharvest Brazil": CropBenchmark(
        partial(read_cropharvest, task="Brazil"),
        {"coffee": ("coffee plantation",), OTHER: ("maize", *OTHER_CROPS, *NO_CROP)},
        {"random forest": 0.0, "Presto": 0.891}, _PRESTO,
    ),
    "cropharvest Togo": CropBenchmark(
        partial(read_cropharvest, task="Togo"), {"crop": ("cropland", "maize", *OTHER_CROPS), OTHER: NO_CROP},
        {"random forest": 0.756, "Presto": 0.798}, _PRESTO,
    ),
    "eurocropsml Estonia": CropBenchmark(
        _eurocropsml, {}, {"transformer from scratch, 5 labels a class": 0.331},
        "Reuss et al. 2025, arXiv 2504.11022, accuracy",
    ),
    "breizhcrops": CropBenchmark(_breizhcrops),
}  # fmt: skip


def crop_benchmark(
    name: str,
    folder: str | Path,
    model: TimeSenCLIP,
    *,
    shots: int | None = None,
    epochs: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """Words beside classifiers that learn from labels, on a published benchmark of crops.

    Args:
        name: one of :data:`BENCHMARKS`.
        folder: where its files are, as its makers publish them: :mod:`timesen_nb.datasets.cropharvest`,
            ``eurocropsml``, ``breizhcrops``.
        model: whose words are asked; they see no label.
        shots: labels a class to learn from, drawn at random, a whole number from 1; None: all. Where a benchmark has
            one set of fields, the others are scored on, and it needs a number. A warning names classes that have fewer.
        epochs: of the transformer.
        seed: of the draw, the forest and the transformer.

    Returns:
        A row a classifier: "words", "random forest", "transformer from scratch", "majority class", and those that
        others published. Columns: labels (of the class that has fewest; 0 for words), accuracy, balanced (accuracy) and
        f1 (of the crop that is asked for, else macro), shares from 0 to 1; published says of a row where its figure is
        from, and it is f1, or accuracy, as that text says.

    Raises:
        FileNotFoundError: files are not there.
        ImportError: the transformer and HDF5 need the extra ``train``.
        ValueError: another benchmark, files that hold something else, other shots, or fewer than two classes to learn
            from or to score on.
    """
    if name not in BENCHMARKS:
        raise ValueError(f"name={name!r} given; expected one of {', '.join(map(repr, BENCHMARKS))}.")
    benchmark = BENCHMARKS[name]
    if shots is not None:
        shots = check_count("shots", shots, "labels of each class (None: all)")
    train, test = benchmark.read(Path(folder).expanduser())
    train, test = _few(train, test, shots, seed)
    for part, what in ((train, "learn from"), (test, "score on")):
        if len(found := np.unique(part.labels["crop"]).tolist()) < 2:
            raise ValueError(
                f"the fields to {what} are all {', '.join(map(repr, found)) or 'without a class'}; expected two "
                "classes or more, for of one alone every answer is right. Give all files of the benchmark."
            )
    classes = sorted(set(test.labels["crop"].tolist()) | set(train.labels["crop"].tolist()))
    if OTHER in classes:
        classes = [c for c in classes if c != OTHER] + [OTHER]
    words = [(w, k) for k, c in enumerate(classes) for w in benchmark.words.get(c, (c,))]
    task = Task("crop", tuple(classes), tuple(classes), {})
    truth, predicted = predictions(train, test, task, encoder=SMALL, epochs=epochs, seed=seed)
    _, _, series = labelled(test, task)
    probabilities = model.zero_shot([word for word, _ in words]).probabilities(series)
    predicted["words"] = np.array([k for _, k in words])[probabilities.argmax(axis=1)]
    rows = []
    labels = np.unique(train.labels["crop"], return_counts=True)[1].min()
    shown = {"words": "words", "random forest": "random forest",
             "supervised encoder": "transformer from scratch", "majority class": "majority class"}  # fmt: skip
    for said, title in shown.items():
        tally = Tally.of(confusion(truth, predicted[said], len(task)))
        f1 = float(np.nan_to_num(tally.f1[0])) if OTHER in classes else float(tally.macro_f1)
        rows.append(
            (title, 0 if said == "words" else labels, float(tally.accuracy), float(tally.balanced), f1, "")
        )
    for title, figure in benchmark.published.items():
        by_accuracy = benchmark.source.endswith("accuracy")
        rows.append((title, np.nan, figure if by_accuracy else np.nan, np.nan,
                     np.nan if by_accuracy else figure, benchmark.source))  # fmt: skip
    columns = ["classifier", "labels", "accuracy", "balanced", "f1", "published"]
    return pd.DataFrame(rows, columns=columns).set_index("classifier")


def _few(
    train: PlaceDataset, test: PlaceDataset, shots: int | None, seed: int
) -> tuple[PlaceDataset, PlaceDataset]:
    """So many places a class to learn from; of one set for both, classes that have more, and the rest to score on."""
    one = train is test
    if shots is None:
        if one:
            raise ValueError(
                "this benchmark has one set of fields; say how many labels a class to learn from: shots=5."
            )
        return train, test
    rng, names, learned, short = np.random.default_rng(seed), train.labels["crop"], [], []
    for name in np.unique(names):
        own = rng.permutation(np.flatnonzero(names == name))
        if len(own) < shots + one:
            short.append(f"{name} ({len(own)})")
        if len(own) > shots or not one:
            learned.append(own[:shots])
    if one and len(learned) < 2:
        raise ValueError(
            f"{len(learned)} classes have more than {shots} fields; expected two or more. Give a smaller number of "
            "shots."
        )
    if short:
        more = f" and {len(short) - 5} more" if len(short) > 5 else ""
        warnings.warn(
            f"{len(short)} of {len(np.unique(names))} classes have too few fields for shots={shots}: "
            f"{', '.join(short[:5])}{more}; {'they are left out' if one else 'all of theirs are learned from'}. Give a "
            "smaller number of shots for more of them.",
            stacklevel=3,
        )
    chosen = np.concatenate(learned)
    if one:
        kept = np.isin(names, names[chosen])
        kept[chosen] = False
        test = train.take(np.flatnonzero(kept))
    return train.take(chosen), test
