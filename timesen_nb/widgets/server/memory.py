"""How many kernels fit into memory."""

from __future__ import annotations

import os
from pathlib import Path

#: Megabytes that a page's kernel may come to need, with a view mapped; see benchmarks/README.md.
A_KERNEL = 600
#: Megabytes for the server itself.
SERVER = 250
_GROUP = Path("/sys/fs/cgroup")


def available() -> float:
    """Megabytes that this process and its children may still take: the machine's, or what the container leaves."""
    import psutil

    free = [float(psutil.virtual_memory().available)]
    if limit := os.environ.get("MEM_LIMIT"):  # JupyterHub and Binder say it here
        free.append(float(limit))
    for limit_file, used_file in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            free.append(float((_GROUP / limit_file).read_text()) - float((_GROUP / used_file).read_text()))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return max(min(free), 0.0) / 1e6


def kernels_that_fit(megabytes: float | None = None) -> int:
    """How many kernels may run at once.

    Args:
        megabytes: memory to share; None for what is available now.

    Returns:
        At least one.
    """
    return max(1, int(((available() if megabytes is None else megabytes) - SERVER) // A_KERNEL))
