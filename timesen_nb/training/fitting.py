"""The call: whether what was asked for can be done, then the run, then the model."""

from __future__ import annotations

import copy
import os
import zlib
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.evaluation.validation import LabelledClasses, Validation
from timesen_nb.model.config import EncoderConfig
from timesen_nb.model.encoder import SeriesEncoder
from timesen_nb.model.inputs import known_bands, readable
from timesen_nb.model.timesenclip import TimeSenCLIP
from timesen_nb.model.towers import Tower, open_tower
from timesen_nb.training.loop import Run, train_on
from timesen_nb.training.loss import Learner
from timesen_nb.training.options import TrainingOptions
from timesen_nb.training.run_folder import RunFolder

#: Options that may change when a run goes on. The others decide how it ends: its checkpoint holds them. With patience
#: what the run is judged by, and how often, decides it too.
FREE = {"classes", "tower", "warmup_epochs", "validation", "validate_every", "device", "folder", "checkpoint_every",
        "overwrite", "progress"}  # fmt: skip


def fit(
    model: TimeSenCLIP | SeriesEncoder, pairs: Pairs, options: TrainingOptions | None = None, **changes: Any
) -> TimeSenCLIP:
    """Train a copy of a model so that series land where their photos do, or the words for them.

    Args:
        model: a model, to train it further (fine-tuning); or an encoder, with ``tower=`` whose space it is to learn.
        pairs: series with photo vectors, or with class names.
        options: :class:`TrainingOptions`; None: the defaults.
        changes: options by name, in place of those: ``tn.fit(model, pairs, epochs=20)``.

    Returns:
        The trained model. A run that was taken up (``folder=``) ends, on a CPU with as many threads, with the same
        weights as one left alone.

    Raises:
        ValueError: what does not fit or is not there, a folder of another run or that cannot be written to.
        RuntimeError: another run is training in the folder; or what one of several processes raised.
        FloatingPointError: the loss is no number any more.
        OSError: the disk is full.
    """
    options = _options(options, changes)
    start = _with_tower(model, options.tower)
    judges = pairs if options.validation is None else options.validation
    for name, given in {"pairs": pairs, "validation": judges}.items():
        if not isinstance(given, Pairs):
            said = f"{name} given: a {type(given).__name__}; expected Pairs(values, embeddings, labels)"
            raise ValueError(f"{said}, or what places.pairs(embeddings) makes of a data set.")
        given.check_fits(start.config, start.tower, name)
    device = _find_device(options.device, options.devices)

    targets: Callable[[np.ndarray], np.ndarray] = pairs.photos
    words, validation = None, None
    if options.targets == "words" or (options.targets is None and pairs.embeddings is None):
        classes = LabelledClasses(pairs, options.classes, start.tower)
        pairs = pairs.take(classes.numbers(pairs) >= 0)
        words, targets = torch.from_numpy(classes.vectors), classes.numbers(pairs).__getitem__
        options = replace(options, memory_bank=0)
    if options.validation is not None:
        if words is None:
            classes = LabelledClasses(options.validation, options.classes, start.tower)
        validation = Validation(options.validation, classes)
        _check_readable(validation.pairs, start.config, "validation")
    _check_readable(pairs, start.config, "pairs")
    _check_batches(len(pairs), options)
    learner = Learner(copy.deepcopy(start.encoder), start.logit_scale, options, words)
    run = Run(learner, pairs, targets, options, device, validation)

    if options.folder is not None:
        settings = {name: value for name, value in vars(options).items() if name not in FREE} | {
            "pairs": len(pairs), "targets": "photos" if words is None else "words",
            "warmup_steps": run.warmup_steps, "start and data": _checksum(run),
        }  # fmt: skip
        if validation is not None and options.patience is not None:
            judged = _code(
                [validation.pairs.series(_some(validation.pairs)), validation.numbers, validation.words]
            )
            settings |= {"validation and classes": judged, "validate_every": options.validate_every}
        settings |= {f"encoder {name}": value for name, value in start.config.as_dict().items()}
        settings["every place"] = _every_place(run)
        run.folder = RunFolder(options.folder, settings)
    # torchrun calls this in every process: the first one keeps the folder
    first = options.devices == 1 or os.environ.get("RANK", "0") == "0"
    with run.folder.held() if run.folder and first else nullcontext():
        if run.folder and not options.overwrite:
            run.state = run.folder.load()
        ended = run.state and (run.state["watch"]["stopped"] or run.state["learner"]["step"] == run.steps)
        try:
            train_on(run, 1 if ended else options.devices)
        except KeyboardInterrupt:
            later = f"the same call goes on from {options.folder}" if run.folder else "give folder= to go on"
            raise KeyboardInterrupt(f"training was stopped; {later}.") from None
        if run.folder and first:
            run.folder.plot()
    learned = learner.log_scale.exp().item()
    calibrated = learned * start.calibrated_logit_scale / start.logit_scale
    return TimeSenCLIP(learner.encoder.cpu(), start.tower, learned, calibrated)


def _options(given: Any, changes: dict[str, Any]) -> TrainingOptions:
    """Options with those given by name in their place; ValueError for what is none, TypeError for an unknown name."""
    if not isinstance(given, TrainingOptions | None):
        raise ValueError(
            f"options given: {given!r:.80}; expected TrainingOptions(...), or options by name: tn.fit(model, pairs, "
            "epochs=20)."
        )
    names = [f.name for f in fields(TrainingOptions)]
    if unknown := sorted(set(changes) - set(names)):
        raise TypeError(f"options given: {', '.join(unknown)}; expected some of {', '.join(names)}.")
    return replace(given or TrainingOptions(), **changes)


def _with_tower(model: TimeSenCLIP | SeriesEncoder, tower: Tower | str | None) -> TimeSenCLIP:
    """What training starts from: the model, or the encoder in the space of the tower."""
    if not isinstance(getattr(model, "config", None), EncoderConfig):
        said = f"model given: {model!r:.80}; expected a model, such as tn.load('pocket'), to train further"
        raise ValueError(f"{said}, or an encoder, such as tn.SeriesEncoder(tn.EncoderConfig(embedding=128)).")
    tower = tower or getattr(model, "tower", None)
    if tower is None:
        said = "an encoder was given without a tower; say whose space it is to learn"
        raise ValueError(f"{said}: tower='pocket'.")
    tower = open_tower(tower) if isinstance(tower, str) else tower
    if isinstance(model, TimeSenCLIP):
        return TimeSenCLIP(model.encoder, tower, model.logit_scale, model.calibrated_logit_scale)
    return TimeSenCLIP(model, tower)


def _find_device(device: str, devices: int) -> str:
    """The type of device; ValueError where it, or that many of them, are not there."""
    there, started = torch.cuda.device_count(), int(os.environ.get("WORLD_SIZE", devices))
    if devices not in (1, started):
        raise ValueError(f"devices={devices} given, but torchrun started {started}; expected the same.")
    if device == "cpu" or (device == "auto" and not there):
        return "cpu"
    if there < int(os.environ.get("LOCAL_WORLD_SIZE", devices)):
        said = f"{devices} CUDA device{'s' * (devices > 1)} asked for; this machine has {there or 'none'}. Use fewer, "
        raise ValueError(f"{said}device='cpu', or a GPU runtime (Colab: Runtime > Change runtime type).")
    return "cuda"


def _check_readable(pairs: Pairs, config: EncoderConfig, name: str) -> None:
    """ValueError where places have no vector: they would teach nothing, and be judged as the first class."""
    lost: list[int] = []
    absent = np.zeros(len(config.bands), dtype=int)
    for begin in range(0, len(pairs), 4096):
        series = pairs.series(slice(begin, begin + 4096))
        dark = ~readable(series, config).any(axis=1)
        lost += (begin + np.flatnonzero(dark)).tolist()
        absent += (dark[:, None] & ~known_bands(series).any(axis=1)).sum(axis=0)
    if lost:
        bands = [f"{band} all year in {n}" for band, n in zip(config.bands, absent, strict=True) if n]
        missing = f"they lack {', '.join(bands)}" if bands else "each month lacks some band"
        raise ValueError(
            f"{len(lost)} of {len(pairs)} places of {name} have no month that this encoder reads: {missing} (rows "
            f"{', '.join(map(str, lost[:5]))}, ...). Train an encoder of bands that are there, or one with "
            "EncoderConfig(absent_bands=True), or leave the places out: pairs.take(timesen_nb.model.inputs.readable("
            "pairs.series(), model.config).any(axis=1))."
        )


def _check_batches(n: int, options: TrainingOptions) -> None:
    """There are pairs for a whole update, and batches go into the bank and over the devices without a rest."""
    size, parts, bank = options.batch_size, options.accumulate, options.memory_bank
    if n < size * parts:
        said = f"{n} pairs for updates of {parts} x {size}; expected at least one whole update"
        raise ValueError(f"{said}. Use a smaller batch, such as batch_size={max(1, n // 8 // parts)}.")
    if bank % size:
        fits = max(1, round(bank / size)) * size
        raise ValueError(f"memory_bank={bank} is no multiple of batch_size={size}. Use {fits}, or 0.")
    if size % options.devices:
        raise ValueError(f"batch_size={size} cannot be shared evenly by {options.devices} devices.")


def _checksum(run: Run) -> str:
    """Tells one start and one data set from another: of the weights, and of up to 1000 places."""
    some = _some(run.pairs)
    weights = [v.numpy() for v in run.learner.state_dict().values()]
    return _code([*weights, run.pairs.series(some), run.targets(some)])


def _some(pairs: Pairs) -> np.ndarray:
    """Up to 1000 rows, evenly from all."""
    n = len(pairs)
    rows: np.ndarray = torch.linspace(0, n - 1, min(1000, n)).long().numpy()
    return rows


def _every_place(run: Run) -> str:
    """Tells data sets from each other that differ in one place: what is learned from, and with patience judged by."""
    parts = [(run.pairs, run.targets)]
    if run.validation is not None and run.options.patience is not None:
        parts.append((run.validation.pairs, run.validation.numbers.__getitem__))
    spans = ((p, t, np.arange(i, min(i + 4096, len(p)))) for p, t in parts for i in range(0, len(p), 4096))
    return _code(array for p, t, rows in spans for array in (p.series(rows), t(rows)))


def _code(arrays: Iterable[np.ndarray]) -> str:
    code = 0
    for array in arrays:
        code = zlib.crc32(array.tobytes(), code)
    return f"{code:08x}"
