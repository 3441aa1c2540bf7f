"""One run under Lightning: start it or take it up again, and leave its log and plot behind."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import DDPStrategy
from torch import nn

from timesen_nb.pairs import Pairs
from timesen_nb.training.batches import Batches
from timesen_nb.training.learner import CrossViewLearner
from timesen_nb.training.watch import Watch, plot_metrics

PRECISIONS = {"32": "32-true", "bf16": "bf16-mixed"}


def run(
    learner: CrossViewLearner,
    pairs: Pairs,
    watch: Watch,
    *,
    batch_size: int,
    device: str = "auto",
    devices: int = 1,
    precision: str = "32",
    clip_gradient: float | None = 1.0,
) -> None:
    """Train ``learner`` to the end of its recipe, from the checkpoint in the watch's folder where there is one.

    Leaves the best weights in the learner where the watch kept them. Raises as :func:`timesen_nb.fit` says.
    """
    accelerator = find_accelerator(device, devices)
    with _folder_for(watch, devices):
        _resume(learner, watch)
        if int(learner.step) < learner.recipe.steps and not watch.stopped:
            learner.batches = Batches(
                pairs,
                batch_size,
                first=int(learner.step) * watch.accumulate,
                last=learner.recipe.steps * watch.accumulate,
                seed=learner.recipe.seed,
            )
            _train(learner, watch, accelerator, devices, PRECISIONS[precision], clip_gradient)
            if devices > 1:  # the weights were learned in processes that are gone
                _resume(learner, watch)
    if watch.best_weights:
        learner.encoder.load_state_dict(watch.best_weights)
    if watch.folder is not None:
        figure = plot_metrics(watch.folder).figure
        figure.savefig(watch.folder / "loss.png", dpi=120, bbox_inches="tight")
        _close(figure)


def _train(
    learner: CrossViewLearner,
    watch: Watch,
    accelerator: str,
    devices: int,
    precision: str,
    clip: float | None,
) -> None:
    handler = signal.getsignal(signal.SIGINT)
    with _quiet(), torch.random.fork_rng():
        trainer = pl.Trainer(
            accelerator=accelerator,
            devices=devices,
            strategy="auto" if devices == 1 else _strategy(),
            precision=precision,  # type: ignore[arg-type]
            max_epochs=1,  # Lightning's one epoch is the whole run; ours are counted by the watch
            accumulate_grad_batches=watch.accumulate,
            gradient_clip_val=clip,
            callbacks=[watch],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
        try:
            trainer.fit(learner)
        except SystemExit:  # what Lightning makes of Ctrl+C and a notebook's stop button
            signal.signal(signal.SIGINT, handler)
            kept = f"; the same call goes on from {watch.checkpoint}" if watch.checkpoint else ""
            raise KeyboardInterrupt(f"training was stopped at step {int(learner.step)}{kept}.") from None


def _strategy() -> DDPStrategy:
    """Processes of a launcher (torchrun, SLURM) where there are any, else forked, as notebooks need it."""
    launched = "LOCAL_RANK" in os.environ or "SLURM_PROCID" in os.environ
    return DDPStrategy(start_method="popen" if launched else "fork", broadcast_buffers=False)


def find_accelerator(device: str, devices: int) -> str:
    """Lightning's name of the device; ValueError where it, or that many of them, are not there."""
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device={device!r}; expected 'auto', 'cpu' or 'cuda'.")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        return "cpu"
    there = torch.cuda.device_count()
    if there < devices:
        raise ValueError(
            f"{devices} CUDA device{'s' * (devices > 1)} asked for; this machine has {there or 'none'}. "
            "Use device='cpu', fewer devices, or a runtime with a GPU (Colab: Runtime > Change runtime type)."
        )
    return "gpu"


def fingerprint(module: nn.Module, pairs: Pairs, rows: int = 1000) -> str:
    """Tells one start and one data set from another: checksum of the weights and of up to ``rows`` places."""
    some = torch.linspace(0, len(pairs) - 1, min(rows, len(pairs))).long()
    state = [v.cpu() for v in module.state_dict().values()]
    code = 0
    for tensor in [*state, pairs.series(some), pairs.photos(some)]:
        code = zlib.crc32(tensor.contiguous().numpy().tobytes(), code)
    return f"{code:08x}"


def _resume(learner: CrossViewLearner, watch: Watch) -> None:
    """Put the state of the checkpoint, if there is one, into learner and watch."""
    path = watch.checkpoint
    if path is None or not path.is_file():
        return
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        settings = state["settings"]
    except (RuntimeError, EOFError, KeyError, ValueError) as problem:
        raise ValueError(
            f"{path} is no checkpoint of a run ({problem}). Move it away to start anew."
        ) from problem
    other = [k for k in watch.settings if settings.get(k) != watch.settings[k]]
    if other:
        said = "; ".join(f"{k} was {settings.get(k)!r}, now {watch.settings[k]!r}" for k in other)
        raise ValueError(
            f"{path.parent} holds another run: {said}. Use the same settings to take it up, or another folder."
        )
    learner.load_state_dict(state["learner"])
    learner.optimizer_state = state["optimizer"]
    watch.restore(state["watch"])


@contextmanager
def _folder_for(watch: Watch, devices: int) -> Iterator[None]:
    """Several processes hand over their result in a folder: a passing one, where none was asked for."""
    if devices == 1 or watch.folder is not None:
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        watch.folder, watch.checkpoint_every = Path(folder), 10**12  # the last state only
        yield
    watch.folder = None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Lightning's notes on devices and workers; our own errors and bars say what matters."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _close(figure: Any) -> None:
    import matplotlib.pyplot as plt

    plt.close(figure)
