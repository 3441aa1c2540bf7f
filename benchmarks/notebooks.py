"""Time and memory of every notebook and of the served click map: ``python -m benchmarks.notebooks [00 05 ...]``.

Each notebook runs from a fresh kernel on one core, as on Binder, its exercises left open. Memory is what the kernel
and its children, or the server and its kernels, have resident together, sampled, shared pages counted once; the most
counts.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import nbformat
import psutil
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
#: At most: seconds and megabytes of a notebook, of one that trains, and of the served map with a kernel prepared.
READS, TRAINS, SERVES = (60, 600), (90, 900), (60, 900)
TRAINING = ("03_", "07_", "10_")
EVERY = 0.2  # seconds between two samples


class Peak:
    """The most resident memory, in MB, of all processes below this one while the block runs."""

    def __enter__(self) -> Peak:
        self.megabytes, self._done = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(EVERY):
            total = 0
            for child in psutil.Process().children(recursive=True):
                with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    memory = child.memory_full_info()
                    total += getattr(
                        memory, "pss", memory.uss
                    )  # processes that share pages share their count
            self.megabytes = max(self.megabytes, total / 2**20)


def row(name: str, seconds: float, megabytes: float, limit: tuple[int, int]) -> bool:
    """Print one line; whether it is within the limits."""
    good = seconds < limit[0] and megabytes < limit[1]
    over = "" if good else "over the limit"
    print(
        f"{name:28s}{seconds:8.1f}{megabytes:10.0f}{limit[0]:8d}{limit[1]:6d}   {over}".rstrip(), flush=True
    )
    return good


def run(path: Path) -> bool:
    """One notebook from top to bottom."""
    notebook = nbformat.read(path, as_version=4)
    started = time.perf_counter()
    with Peak() as peak, tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": folder}}
        ).execute()
    limit = TRAINS if path.name.startswith(TRAINING) else READS
    return row(path.stem, time.perf_counter() - started, peak.megabytes, limit)


def serve() -> bool:
    """The click map by Voila: the kernel of its page, and the one that is then made ready for the next page."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "timesen_nb.widgets.serve", "--port", "8870"]
    with Peak() as peak, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            said = iter(server.stdout or ())
            address = next(m for line in said if (m := re.search(r"http://127\.0\.0\.1:\d+/", line)))
            with urllib.request.urlopen(address.group(), timeout=300) as page:
                page.read()
            seconds = time.perf_counter() - started
            time.sleep(70)  # by now a kernel for the next page is ready, too
        finally:
            server.terminate()
    return row("click map, served by Voila", seconds, peak.megabytes, SERVES)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notebooks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="what names begin with, or 'app' for the click map; all if none"
    )
    parser.add_argument("--cores", type=int, default=1, help="how many the notebooks may use")
    given = parser.parse_args()
    names = tuple(given.names)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.cores])
    print(f"{len(os.sched_getaffinity(0))} core(s)")
    print(f"{'':28s}{'seconds':>8s}{'peak MB':>10s}{'at most':>14s}")
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    good = [run(path) for path in paths if not names or path.name.startswith(names)]
    if not names or "app" in names:
        good.append(serve())
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
