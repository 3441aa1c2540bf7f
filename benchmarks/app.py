"""What the click map promises, measured in a real kernel: ``python -m benchmarks.app [--clicks 5000]``.

Times are of the kernel, from the click's message to the last message to the page. Without the bundled model, name
another: ``TIMESEN_MODEL=model.safetensors python -m benchmarks.app``.
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import timesen_nb as tn

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "leafmap", "ee", "open_clip")


def row(what: str, measured: str, promised: str) -> None:
    """One line of the table."""
    print(f"{what:48s} {measured:>22s} {promised:>12s}", flush=True)


def megabytes(which: str = "VmRSS") -> float:
    """Memory of this process in MB: VmRSS now, VmHWM at most, RssAnon without files that are mapped (Linux)."""
    return int(re.search(rf"{which}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def bare_import() -> None:
    """Time of ``import timesen_nb`` in a fresh Python, median of 5, and what it loads."""
    code = (
        "import sys, time; t = time.perf_counter(); import timesen_nb; t = time.perf_counter() - t; "
        f"print(t, [m for m in {HEAVY} if m in sys.modules])"
    )
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(5)
    ]
    times = [float(line.split()[0]) for line in said]
    row("import timesen_nb", f"{np.median(times):.3f} s", "< 0.3 s")
    row("  loads of " + ", ".join(HEAVY), said[0].split(" ", 1)[1].strip(), "none: []")


def on_map(app: tn.ClickMap, lon: float, lat: float) -> None:
    """What the page sends when somebody clicks; the answer is drawn on return, however long it takes."""
    event = {"event": "interaction", "type": "click", "coordinates": [lat, lon]}
    app.map._handle_leaflet_event(None, event, [])
    app._jobs.settle()


def places(app: tn.ClickMap, n: int) -> np.ndarray:
    """(n, 2) longitudes and latitudes inside the sample."""
    west, south, east, north = app.session.source.bounds
    return np.random.default_rng(0).uniform((west, south), (east, north), (n, 2))


def inside(clicks: int) -> None:
    """Everything that a kernel can tell about itself with the app open."""
    import timesen_nb as tn

    started = time.perf_counter()
    app = tn.ClickMap(tn.load(os.environ.get("TIMESEN_MODEL", "pocket")), tn.open_source("sample"))
    app.still()  # waits for the landscape
    row("app made, its landscape drawn", f"{time.perf_counter() - started:.1f} s", "")
    on_map(app, *places(app, 1)[0])
    row("kernel memory with the app open, one click", f"{megabytes():.0f} MB", "< 1200 MB")
    row("  of it not mapped files", f"{megabytes('RssAnon'):.0f} MB", "")

    times = [1000 * seconds(lambda p=p: on_map(app, *p)) for p in places(app, 200)]
    share = np.percentile(times, (50, 95))
    row("click to drawn, median (95 of 100 under)", f"{share[0]:.0f} ms ({share[1]:.0f})", "< 150 ms")

    west, south, east, north = app.session.source.bounds
    quarter = (west, south, west + (east - west) / 4, south + (north - south) / 4)
    row("64 x 64 class map", f"{seconds(lambda: app.map_view(bbox=quarter)):.2f} s", "< 2 s")
    row("  pixels", f"{len(app.session.view.vectors):,}", "")
    row("whole scene embedded and mapped", f"{seconds(lambda: app.map_view()):.1f} s", "")
    row("  pixels", f"{len(app.session.view.vectors):,}", "")
    words = list(app.session.classes)

    def new_word(i: int) -> None:
        app.words.words.value = "\n".join([*words, f"a field of lupins {i}"])

    times = [1000 * seconds(lambda i=i: new_word(i)) for i in range(15)]
    row("a new word over the embedded scene, median", f"{np.median(times):.0f} ms", "< 100 ms")
    row("kernel memory with the whole scene mapped", f"{megabytes():.0f} MB", "")

    for lon, lat in places(app, 200):  # whatever is kept for good is made by now
        on_map(app, lon, lat)
    gc.collect()
    before, lost, started = megabytes(), 0, time.perf_counter()
    for lon, lat in places(app, clicks):
        on_map(app, lon, lat)
        lost += app.error is not None or (app.result.lon, app.result.lat) != (lon, lat)
    took = time.perf_counter() - started
    gc.collect()
    row(f"{clicks:,} clicks in a row: lost", f"{lost}", "0")
    row("  memory growth", f"{megabytes() - before:+.0f} MB", "< 50 MB")
    row("  clicks a second", f"{clicks / took:.0f}", "")
    row("most memory at any time", f"{megabytes('VmHWM'):.0f} MB", "")


def main() -> None:
    """Start a kernel as Voila does, run :func:`inside` there, and print what it says."""
    import nbformat
    from nbclient import NotebookClient

    parser = argparse.ArgumentParser(prog="python -m benchmarks.app", description=__doc__)
    parser.add_argument("--clicks", type=int, default=5000)
    clicks = parser.parse_args().clicks
    row("", "measured", "promised")
    bare_import()
    cell = nbformat.v4.new_code_cell(f"from benchmarks.app import inside\ninside({clicks})")
    notebook = nbformat.v4.new_notebook(cells=[cell])

    def heard(cell: object, cell_index: int, execute_reply: object) -> None:
        print("".join(o.text for o in notebook.cells[0].outputs if o.output_type == "stream"), end="")

    NotebookClient(
        notebook,
        timeout=3600,
        kernel_name="python3",
        resources={"metadata": {"path": str(ROOT)}},
        store_widget_state=False,
        on_cell_executed=heard,
    ).execute()


if __name__ == "__main__":
    main()
