"""The training loop, in one process or several; and how a run goes on as it was."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import distributed, nn
from torch.multiprocessing.spawn import ProcessRaisedException, start_processes
from torch.nn.parallel import DistributedDataParallel
from tqdm.auto import tqdm

from timesen_nb.datasets.pairs import Pairs
from timesen_nb.evaluation.validation import Validation
from timesen_nb.training.loss import Learner, derived_seed
from timesen_nb.training.options import TrainingOptions
from timesen_nb.training.run_folder import RunFolder


@dataclass
class Run:
    """One run; steps are updates of the weights, the last one of an epoch of fewer batches where they do not come out.

    targets: rows -> photos or class numbers. state: of a checkpoint.
    """

    learner: Learner
    pairs: Pairs
    targets: Callable[[np.ndarray], np.ndarray]
    options: TrainingOptions
    device: str
    validation: Validation | None = None
    folder: RunFolder | None = None
    state: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        warmup, self.epoch_batches = self.options.warmup_epochs, len(self.pairs) // self.options.batch_size
        self.epoch_steps = math.ceil(self.epoch_batches / self.options.accumulate)
        self.steps = self.options.epochs * self.epoch_steps
        self.warmup_steps = round(self.steps / 20 if warmup is None else warmup * self.epoch_steps)


def learning_rate(step: int, peak: float, warmup: int, steps: int) -> float:
    """Of one step: a linear warm-up, then a cosine to zero."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


@lru_cache(maxsize=1)
def order_of(epoch: int, n: int, seed: int) -> np.ndarray:
    """The rows in the order of one epoch, a function of the seed and its number alone: runs resume exactly."""
    generator = torch.Generator().manual_seed(derived_seed(seed, 0, epoch))
    return torch.randperm(n, generator=generator).numpy()


def find_dtype(precision: str, device: torch.device) -> torch.dtype:
    """What the encoder computes in. ValueError for bf16 on a GPU that only imitates it, slowly."""
    bf16 = device.type == "cpu" or torch.cuda.is_bf16_supported(including_emulation=False)
    if precision == "bf16" and not bf16:
        raise ValueError("precision='bf16' given, which this GPU has not; expected 'fp16', '32' or 'auto'.")
    best = "32" if device.type == "cpu" else "bf16" if bf16 else "fp16"
    known = {"32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    return known[best if precision == "auto" else precision]


def train(run: Run, rank: int = 0, ranks: int = 1) -> None:
    """Train the run's learner to its end, from its state where there is one; it is left with the best weights."""
    options, learner, folder = run.options, run.learner, run.folder if rank == 0 else None
    device = torch.device(run.device, int(os.environ.get("LOCAL_RANK", rank)) if run.device == "cuda" else 0)
    learner.to(device).train()
    learner.rank, learner.ranks, learner.computes_in = rank, ranks, find_dtype(options.precision, device)
    learned = [p for p in learner.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, options.learning_rate, weight_decay=options.weight_decay)
    # fp16 knows few small numbers: the loss is scaled up, the gradient down again
    scaler = torch.amp.GradScaler(device.type, enabled=learner.computes_in == torch.float16)
    past = SimpleNamespace(rows=[], losses=[], best=-1.0, best_step=0, best_weights={}, stopped=False)
    if run.state is not None:
        learner.load_state_dict(run.state["learner"])
        optimizer.load_state_dict(run.state["optimizer"])
        scaler.load_state_dict(run.state.get("scaler", {}))
        past = SimpleNamespace(**run.state["watch"])
    model: Any = DistributedDataParallel(learner) if ranks > 1 else learner
    step, parts, every = int(learner.step), options.accumulate, options.checkpoint_every or run.epoch_steps
    size, n, batches = options.batch_size, len(run.pairs), run.epoch_batches
    bar = tqdm(total=run.steps, initial=step, desc="training", unit="step", dynamic_ncols=True,
               disable=not options.progress or rank > 0)  # fmt: skip
    with bar, torch.random.fork_rng([device] if run.device == "cuda" else []):
        while step < run.steps and not past.stopped:
            rate = learning_rate(step, options.learning_rate, run.warmup_steps, run.steps)
            optimizer.param_groups[0]["lr"] = rate
            losses, (epoch, update) = [], divmod(step, run.epoch_steps)
            places = range(update * parts, min((update + 1) * parts, batches))
            for place in places:
                number = epoch * batches + place
                rows = order_of(epoch, n, options.seed)[place * size : (place + 1) * size]
                arrays = rows, run.pairs.series(rows[rank::ranks]), run.targets(rows)
                # ranks add up their gradients once an update
                with model.no_sync() if ranks > 1 and place != places[-1] else nullcontext():
                    loss = model(number, *(torch.from_numpy(array).to(device) for array in arrays))
                    scaler.scale(loss / len(places)).backward()
                losses.append(loss.detach())
            scaler.unscale_(optimizer)
            if options.clip_gradient is not None:
                nn.utils.clip_grad_norm_(learned, options.clip_gradient)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            # the temperature stays between 1 and 0.01, as in CLIP
            learner.log_scale.data.clamp_(0.0, math.log(100.0))
            past.losses += torch.stack(losses).tolist()
            if not math.isfinite(sum(past.losses[-len(places) :])):
                said = f"the loss is {past.losses[-1]} at step {step}"
                raise FloatingPointError(f"{said}. Try a lower learning_rate, or precision='32'.")
            step += 1
            learner.step += 1
            bar.update()
            if step % run.epoch_steps == 0:
                bar.set_postfix(_end_epoch(run, past, step, rate))
            if folder and (step == run.steps or past.stopped or step % every == 0):
                # "watch" is the name that the first version gave it, whose runs go on here
                folder.save(learner=learner.state_dict(), optimizer=optimizer.state_dict(),
                            scaler=scaler.state_dict(), watch=vars(past))  # fmt: skip
    if ranks > 1:
        # the others wait here for the first rank's last checkpoint: what they do next may read it
        distributed.broadcast_object_list([None], device=device)
    learner.load_state_dict(past.best_weights, strict=False)


def _end_epoch(run: Run, past: SimpleNamespace, step: int, rate: float) -> dict[str, Any]:
    """Measure on the validation pairs, log, and decide whether it is time to stop; returns what the bar shows."""
    options, learner, epoch = run.options, run.learner, step // run.epoch_steps
    loss, past.losses = sum(past.losses) / len(past.losses), []
    said, accuracy, recall = {"epoch": epoch, "loss": f"{loss:.3f}"}, math.nan, math.nan
    if run.validation and (epoch % options.validate_every == 0 or step == run.steps):
        device = learner.log_scale.device
        measured: list[Any] = [run.validation(learner.encoder, device) if learner.rank == 0 else None]
        if learner.ranks > 1:
            # the first rank measures, all of them stop together
            distributed.broadcast_object_list(measured, device=device)
        accuracy, recall = measured[0]
        said["zero-shot"] = f"{accuracy:.1%}"
        if accuracy > past.best:
            past.best, past.best_step = accuracy, step
            if options.patience is not None:
                state = learner.state_dict().items()
                past.best_weights = {k: v.clone() for k, v in state if k.startswith(("encoder.", "log_s"))}
        elif options.patience is not None:
            past.stopped = step - past.best_step >= options.patience * run.epoch_steps
    past.rows.append([step, epoch, loss, rate, learner.log_scale.exp().item(), accuracy, recall])
    if run.folder and learner.rank == 0:
        run.folder.log(past.rows)
    return said


def train_on(run: Run, ranks: int) -> None:
    """Train in so many processes: this one, those that torchrun started, or forked ones, as notebooks need them."""

    def one_rank(rank: int, meeting: str) -> None:
        backend = "nccl" if run.device == "cuda" else "gloo"
        distributed.init_process_group(backend, meeting, rank=rank, world_size=ranks)
        try:
            train(run, rank, ranks)
        finally:
            distributed.destroy_process_group()

    def forked(rank: int, folder: str) -> None:
        # threads do not survive a fork: one a process, as with torchrun
        torch.set_num_threads(1)
        one_rank(rank, f"file://{folder}/meeting")
        if rank == 0:
            torch.save(run.learner.cpu().state_dict(), f"{folder}/learned")

    if ranks == 1:
        return train(run)
    if "RANK" in os.environ:
        return one_rank(int(os.environ["RANK"]), "env://")
    if torch.cuda.is_initialized():
        said = "the GPU is in use here, and processes that are forked now could not use it"
        raise RuntimeError(f"{said}. Restart the kernel and call tn.fit before all else, or use torchrun.")
    with tempfile.TemporaryDirectory() as folder:
        group = start_processes(forked, (folder,), ranks, join=False, start_method="fork")
        try:
            while not group.join():
                pass
        except ProcessRaisedException as problem:
            raise RuntimeError(str(problem).strip().splitlines()[-1]) from problem
        finally:
            for process in group.processes:
                process.terminate()
        run.learner.load_state_dict(torch.load(f"{folder}/learned", weights_only=True))
