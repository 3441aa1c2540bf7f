"""What the served map promises, measured in the system's Chromium: ``python -m benchmarks.page_views [--people 10]``.

Memory is PSS: what processes share is counted once, in parts. The baseline is Voila's own pool as version 0.1 used it,
measured on a quiet machine (see benchmarks/README.md); with a busy machine read the kernel's processor seconds.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests
from websockets.sync.client import connect

from timesen_nb.widgets.server.memory import kernels_that_fit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from served_map import PATIENCE, ServedMap, chromium, served_map


def row(what: str, measured: str, promised: str = "") -> None:
    print(f"{what:58s} {measured:>24s} {promised:>12s}", flush=True)


def megabytes(server: ServedMap) -> tuple[float, float]:
    """PSS of the server alone, and with its kernels."""
    family = [server.process, *server.process.children(recursive=True)]
    sizes = [process.memory_full_info().pss / 1e6 for process in family if process.is_running()]
    return sizes[0], sum(sizes)


def view(page: Any, address: str) -> tuple[float, float]:
    """Seconds to the first bytes and to the map of a page that is opened, or opened again."""
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    first = time.perf_counter() - started
    page.wait_for_selector(".tn-app .leaflet-container")
    page.wait_for_selector(".leaflet-image-layer[src^='data:image/png']")
    return first, time.perf_counter() - started


def prepared(server: ServedMap, kernels: int) -> None:
    """Wait until so many kernels are there and have nothing more to do."""
    while len(server.kernels()) < kernels or any(k.cpu_percent(1.0) > 5 for k in server.kernels()):
        time.sleep(0.5)


def alone(source: str) -> None:
    with served_map(source) as server, chromium() as browser:
        prepared(server, 1)
        kernel = server.kernels()[0]
        busy = sum(kernel.cpu_times()[:2])
        row(
            "a kernel prepared: processor seconds, PSS",
            f"{busy:.1f} s, {kernel.memory_full_info().pss / 1e6:.0f} MB",
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE)
        for n in range(5):
            first, whole = view(page, server.address)
            row(f"page view {n + 1}: first bytes, map", f"{first:.2f} s, {whole:.1f} s", "0.3 s, 8 s")
        prepared(server, 2)
        own, everything = megabytes(server)
        row("then one page open and one kernel prepared: PSS", f"{everything:.0f} MB", "900 MB")
        row("  of it the server", f"{own:.0f} MB")


@contextmanager
def visitor(server: ServedMap, session: requests.Session) -> Iterator[bool]:
    """Somebody who keeps a page open, without a browser; False where the map is full."""
    answer = session.get(server.address, timeout=PATIENCE / 1000)
    if answer.status_code == 503:
        yield False
        return
    kernel = re.search(r'"kernelId": "([\w-]+)"', answer.text)[1]
    address = server.address.replace("http", "ws") + f"api/kernels/{kernel}/channels?session_id={kernel}"
    with connect(address, subprotocols=["v1.kernel.websocket.jupyter.org"], proxy=None):
        yield True


def crowd(source: str, people: int) -> None:
    for gigabytes in (2, 8):
        most = kernels_that_fit(1000 * gigabytes - 300)  # what the system leaves
        with (
            served_map(source, "--pages", str(most)) as server,
            ExitStack() as pages,
            requests.Session() as session,
        ):
            session.trust_env = False
            before = psutil.virtual_memory().available
            let_in = sum(pages.enter_context(visitor(server, session)) for _ in range(people))
            row(f"{gigabytes} GB, {people} people: let in", f"{let_in} (of {most} kernels)", "10 on 8 GB")
            taken = (before - psutil.virtual_memory().available) / 1e6
            row("  PSS of all, memory of the machine taken", f"{megabytes(server)[1]:.0f} MB, {taken:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_views", description=__doc__)
    parser.add_argument("--source", default="flanders")
    parser.add_argument("--people", type=int, default=0, help="also so many at once, as on 2 and on 8 GB")
    options = parser.parse_args()
    row("", "measured", "promised")
    alone(options.source)
    if options.people:
        crowd(options.source, options.people)


if __name__ == "__main__":
    main()
