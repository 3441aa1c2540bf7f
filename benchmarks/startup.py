"""Start-up: time and memory of the import, of the first click and of the app: ``python -m benchmarks.startup``.

Each line is a fresh Python; the best of some runs counts, with the processor's own time beside the wall clock. Memory
is the peak of the process.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

MEASURE = """
import resource, sys, time
wall, busy = time.perf_counter(), time.process_time()
{code}
wall, busy = time.perf_counter() - wall, time.process_time() - busy
heavy = [m for m in ("torch", "leafmap", "ee", "open_clip", "sklearn", "rasterio", "matplotlib") if m in sys.modules]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("@", wall, busy, peak, ",".join(heavy) or "none")
"""

GIVEN = (
    "import numpy as np, timesen_nb as tn; "
    "tn.load('pocket').zero_shot('land_cover').predict(np.full((1, 12, 10), 1000.0))"
)
PIXEL = (
    "import timesen_nb as tn; s = tn.open_source({source!r}).pixel({lon}, {lat}); "
    "tn.load('pocket').zero_shot('land_cover').predict(s)"
)
CLICK = (
    "import timesen_nb as tn; app = tn.ClickMap(tn.load('pocket'), tn.open_source({source!r})); "
    "app.click({lon}, {lat}); "
    "assert app.result is not None"
)
LABEL = CLICK + "; app.keep(); app.label(1, 'maize'); assert app.error is None"
REAL, SIMULATED = (
    {"source": "flanders", "lon": 3.0238, "lat": 50.816},
    {"source": "sample", "lon": 9.0, "lat": 50.0},
)
#: What is run, and the seconds and megabytes that it may take.
STEPS = {
    "python alone": ("pass", ""),
    "import timesen_nb": ("import timesen_nb", ""),
    "load the pocket model": ("import timesen_nb as tn; tn.load('pocket')", ""),
    "a given series, to its answer in words": (GIVEN, "0.6 s, 160 MB"),
    "a pixel of the real sample, to its answer": (PIXEL.format(**REAL), "1.5 s, 250 MB"),
    "a pixel of the simulated sample, to its answer": (PIXEL.format(**SIMULATED), ""),
    "the app with a click on the real sample": (CLICK.format(**REAL), "4 s, 400 MB"),
    "the same, and the place labelled": (LABEL.format(**REAL), ""),
    "the app with a click on the simulated one": (CLICK.format(**SIMULATED), ""),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    print(f"{'':48s}{'wall s':>8s}{'CPU s':>8s}{'peak MB':>9s}   {'at most':16s}loaded")
    for name, (code, limit) in STEPS.items():
        runs = []
        for _ in range(given.times):
            command = [sys.executable, "-W", "ignore", "-c", MEASURE.format(code=code)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            line = next(text for text in said.splitlines() if text.startswith("@"))
            _, wall, busy, peak, heavy = line.split()
            runs.append((float(wall), float(busy), float(peak), heavy))
        wall, busy, peak = (min(r[i] for r in runs) for i in range(3))
        print(f"{name:48s}{wall:8.2f}{busy:8.2f}{peak:9.0f}   {limit:16s}{runs[0][3]}", flush=True)


if __name__ == "__main__":
    main()
