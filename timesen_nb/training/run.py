"""One run under Lightning: start it or take it up again, and leave its log and plot behind."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import DDPStrategy
from matplotlib.figure import Figure
from torch import Tensor, nn

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.training.batches import Batches
from timesen_nb.training.checks import PRECISIONS
from timesen_nb.training.learner import Learner
from timesen_nb.training.watch import Watch, plot_metrics


def run(
    learner: Learner,
    pairs: Pairs,
    targets: Callable[[Tensor], Tensor],
    watch: Watch,
    *,
    batch_size: int,
    accelerator: str,
    devices: int,
    precision: str,
    clip_gradient: float | None,
) -> None:
    """Train ``learner`` to the end of its recipe, from the checkpoint in the watch's folder where there is one.

    targets: what is right for some rows of the pairs. Leaves the best weights in the learner where the watch kept them.
    Raises as :func:`timesen_nb.fit` says.
    """
    with _folder_for(watch, devices):
        _resume(learner, watch)
        if int(learner.step) < learner.recipe.steps and not watch.stopped:
            learner.batches = Batches(
                pairs,
                targets,
                batch_size,
                first=int(learner.step) * watch.accumulate,
                last=learner.recipe.steps * watch.accumulate,
                seed=learner.recipe.seed,
            )
            _train(learner, watch, accelerator, devices, PRECISIONS[precision], clip_gradient)
            if devices > 1:  # the weights were learned in processes that are gone
                _resume(learner, watch)
    if watch.best_weights:
        learner.load_state_dict(watch.best_weights, strict=False)
    if watch.folder is not None:
        figure = Figure(figsize=(7, 3.2), layout="constrained")
        plot_metrics(watch.folder, figure.add_subplot())
        figure.savefig(watch.folder / "loss.png", dpi=120)


def _train(
    learner: Learner,
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


def fingerprint(
    module: nn.Module, pairs: Pairs, targets: Callable[[Tensor], Tensor], rows: int = 1000
) -> str:
    """Tells one start and one data set from another: checksum of the weights and of up to ``rows`` places."""
    some = torch.linspace(0, len(pairs) - 1, min(rows, len(pairs))).long()
    state = [v.cpu() for v in module.state_dict().values()]
    code = 0
    for tensor in [*state, pairs.series(some), targets(some)]:
        code = zlib.crc32(tensor.contiguous().numpy().tobytes(), code)
    return f"{code:08x}"


def _resume(learner: Learner, watch: Watch) -> None:
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
    """The folder asked for is there; several processes, which hand over their result in one, have a passing one."""
    if watch.folder is not None:
        try:  # now, not after an hour
            watch.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise ValueError(
                f"folder={str(watch.folder)!r} cannot be made ({problem}); expected one that can be written to."
            ) from problem
    if devices == 1 or watch.folder is not None:
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        watch.folder = Path(folder)
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
