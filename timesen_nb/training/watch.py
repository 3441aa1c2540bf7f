"""What goes on beside the steps: progress, log, zero-shot accuracy, early stopping, checkpoints to resume from."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import torch
from tqdm.auto import tqdm

from timesen_nb.training.learner import Learner
from timesen_nb.training.validation import Validation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ("step", "epoch", "loss", "learning_rate", "scale", "accuracy", "recall_at_1")


class Watch(pl.Callback):
    """Follows one run. Everything it knows is in its checkpoints, so that a run that was killed goes on as it was.

    settings: what the run was asked for. validation: what is measured every ``validate_every`` epochs, or None.
    patience: epochs without a better accuracy after which training stops; the best weights are kept. folder: where
    metrics.csv and last.ckpt go, or None. checkpoint_every: in steps, or None.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        steps_per_epoch: int,
        *,
        accumulate: int = 1,
        validation: Validation | None = None,
        validate_every: int = 1,
        patience: int | None = None,
        folder: Path | None = None,
        checkpoint_every: int | None = None,
        progress: bool = True,
    ) -> None:
        self.settings, self.steps_per_epoch, self.accumulate = settings, steps_per_epoch, accumulate
        self.validation, self.validate_every, self.patience = validation, validate_every, patience
        self.folder, self.checkpoint_every, self.progress = folder, checkpoint_every, progress
        self.rows: list[list[float]] = []
        self.losses: list[float] = []
        self.best = -1.0
        self.best_step = 0
        self.best_weights: dict[str, torch.Tensor] = {}
        self.stopped = False
        self._bar: Any = None
        self._batches = 0

    @property
    def checkpoint(self) -> Path | None:
        """Where the run can be taken up."""
        return None if self.folder is None else self.folder / "last.ckpt"

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the bar where the run is."""
        learner: Any = pl_module
        self._bar = tqdm(
            total=learner.recipe.steps,
            initial=int(learner.step),
            desc="training",
            unit="step",
            disable=not self.progress or not trainer.is_global_zero,
            dynamic_ncols=True,
        )

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count, log, validate, save: at updates of the weights, not at every batch that is accumulated."""
        learner: Any = pl_module
        self.losses.append(learner.loss)
        self._batches += 1
        if self._batches % self.accumulate:
            return
        learner.step += 1
        step = int(learner.step)
        self._bar.update()
        if step % self.steps_per_epoch == 0:
            self._epoch_ends(trainer, learner, step)
        if self.checkpoint_every and step % self.checkpoint_every == 0:
            self.save(trainer, learner)

    def _epoch_ends(self, trainer: pl.Trainer, learner: Learner, step: int) -> None:
        epoch = step // self.steps_per_epoch
        loss = sum(self.losses) / len(self.losses)
        accuracy = recall = float("nan")
        last = step == learner.recipe.steps
        if self.validation is not None and (epoch % self.validate_every == 0 or last):
            measured = self.validation(learner.encoder, learner.device)
            accuracy, recall = trainer.strategy.broadcast(measured)  # all processes stop together
            self._judge(trainer, learner, accuracy, step)
        self.losses = []
        self.rows.append([step, epoch, loss, learner.recipe.rate(step - 1), learner.scale, accuracy, recall])
        said = {"epoch": str(epoch), "loss": f"{loss:.3f}"}
        if accuracy == accuracy:
            said["zero-shot"] = f"{accuracy:.1%}"
        self._bar.set_postfix(said)
        if trainer.is_global_zero:
            self._write()

    def _judge(self, trainer: pl.Trainer, learner: Learner, accuracy: float, step: int) -> None:
        if accuracy > self.best:
            self.best, self.best_step = accuracy, step
            if self.patience is not None:
                state = learner.state_dict()
                kept = [k for k in state if k.startswith(("encoder.", "log_scale"))]
                self.best_weights = {k: state[k].detach().cpu().clone() for k in kept}
        elif self.patience is not None and step - self.best_step >= self.patience * self.steps_per_epoch:
            self.stopped = trainer.should_stop = True

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the bar; leave the last state behind."""
        self._bar.close()
        self.save(trainer, pl_module)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Close the bar; last.ckpt stays as it was."""
        if self._bar is not None:
            self._bar.close()

    def save(self, trainer: pl.Trainer, learner: Any) -> None:
        """Write last.ckpt; a kill at any moment leaves the old one or the new one, whole."""
        if self.checkpoint is None or not trainer.is_global_zero:
            return
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        partial = self.checkpoint.with_suffix(".part")
        state = {
            "settings": self.settings,
            "learner": learner.state_dict(),
            "optimizer": trainer.optimizers[0].state_dict(),
            "watch": {k: getattr(self, k) for k in self._KEPT},
        }
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    _KEPT = ("rows", "losses", "best", "best_step", "best_weights", "stopped")

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what a checkpoint knew."""
        for name in self._KEPT:
            setattr(self, name, state[name])
        self._write()

    def _write(self) -> None:
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "metrics.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows([int(r[0]), int(r[1]), *(f"{x:.6g}" for x in r[2:])] for r in self.rows)


def plot_metrics(folder: str | Path, ax: Axes | None = None) -> Axes:
    """Loss of a run in ``folder`` over its epochs, and what was measured on the validation pairs (right axis).

    Raises FileNotFoundError when no run has left its metrics.csv there.
    """
    import pandas as pd

    path = Path(folder) / "metrics.csv"
    if not path.is_file():
        raise FileNotFoundError(f"no metrics.csv in {folder}; expected the folder= of a run of fit.")
    table = pd.read_csv(path)
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.figure(figsize=(7, 3.2), layout="constrained").add_subplot()
    ax.plot(table["epoch"], table["loss"], color="#222222", label="InfoNCE loss")
    ax.set(xlabel="epoch", ylabel="loss")
    right = ax.twinx()
    lines = (
        ("accuracy", "zero-shot accuracy", "#0072B2", "o"),
        ("recall_at_1", "Recall@1 by class", "#D55E00", "s"),
    )
    for column, words, colour, marker in lines:
        measured = table.dropna(subset=[column])
        if len(measured):
            right.plot(
                measured["epoch"],
                100 * measured[column],
                color=colour,
                marker=marker,
                markersize=4,
                label=words,
            )
    if right.lines:
        right.set(ylabel="validation, %", ylim=(0, 100))
    else:
        right.set_axis_off()
    handles = [h for axis in (ax, right) for h in axis.get_legend_handles_labels()[0]]
    ax.legend(
        handles=handles, fontsize="small", ncols=3, loc="lower left", bbox_to_anchor=(0, 1), frameon=False
    )
    return ax
