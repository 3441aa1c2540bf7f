"""Processes that train one encoder side by side, a thread each: each has places of its own, and gradients are shared.

On two cores two of them take twice as many series a second as one process with two threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.multiprocessing.spawn import spawn


def place() -> tuple[int, int]:
    """Which of the processes this one is, from 0, and of how many."""
    if not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def average_gradients(weights: Sequence[nn.Parameter]) -> None:
    """Give each weight the mean of what the processes found; alone, nothing happens."""
    if (processes := place()[1]) == 1:
        return
    gradients = [w.grad for w in weights if w.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    distributed.all_reduce(flat)
    for gradient, mean in zip(
        gradients, (flat / processes).split([g.numel() for g in gradients]), strict=True
    ):
        gradient.copy_(mean.view_as(gradient))


def side_by_side(
    work: Callable[..., dict[str, Tensor]], processes: int, *given: Any
) -> list[dict[str, Tensor]]:
    """What ``work(*given)`` makes in each of so many processes; in one, here.

    Args:
        work: a function that other processes can import.
        processes: how many.
        given: what it is given.

    Returns:
        What each process made.
    """
    if processes == 1:
        return [work(*given)]
    with TemporaryDirectory() as folder:
        spawn(_one, (processes, folder, work, given), nprocs=processes)
        return [torch.load(Path(folder) / f"{i}.pt", weights_only=True) for i in range(processes)]


def _one(
    rank: int, processes: int, folder: str, work: Callable[..., dict[str, Tensor]], given: tuple[Any, ...]
) -> None:
    """The work of one process."""
    torch.set_num_threads(1)
    meeting = (Path(folder) / "meeting").as_uri()
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
    try:
        torch.save(work(*given), Path(folder) / f"{rank}.pt")
    finally:
        distributed.destroy_process_group()
